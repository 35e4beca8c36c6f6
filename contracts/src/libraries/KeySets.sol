// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IWalletSigned} from "../interfaces/IWalletSigned.sol";
import {KeySet} from "../types/KeySet.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title KeySets
/// @notice Checks key sets and keeps them: handles in storage, certificates in the code of data contracts.
library KeySets {
    /// @dev The longest certificate accepted, in bytes.
    uint256 internal constant MAX_CERTIFICATE_BYTES = 4096;

    /// @notice A key set as it lies in storage. An absent v4 half costs nothing.
    struct Stored {
        bytes32 handle;
        address certificate;
        bytes20 handleV4;
        address certificateV4;
    }

    /// @notice Reverts unless `keys` has the form that `KeySet` describes.
    function check(KeySet calldata keys) internal pure {
        if (keys.certificate.length == 0) revert IWalletSigned.CertificateMissing();
        if (keys.certificate.length > MAX_CERTIFICATE_BYTES) {
            revert IWalletSigned.CertificateTooLong(keys.certificate.length);
        }
        if (keys.certificateV4.length > MAX_CERTIFICATE_BYTES) {
            revert IWalletSigned.CertificateTooLong(keys.certificateV4.length);
        }
        if (keys.handle == bytes32(0)) revert IWalletSigned.HandleMissing();
        if ((keys.certificateV4.length == 0) != (keys.handleV4 == bytes20(0))) {
            revert IWalletSigned.HandleV4Mismatch();
        }
    }

    /// @notice Replaces what `self` holds. A certificate that did not change is not written again.
    function store(Stored storage self, KeySet calldata keys) internal {
        self.handle = keys.handle;
        self.handleV4 = keys.handleV4;
        self.certificate = _write(self.certificate, keys.certificate);
        self.certificateV4 = _write(self.certificateV4, keys.certificateV4);
    }

    /// @notice The key set that `self` holds; empty when it holds none.
    function load(Stored storage self) internal view returns (KeySet memory) {
        return KeySet({
            certificate: _read(self.certificate),
            certificateV4: _read(self.certificateV4),
            handle: self.handle,
            handleV4: self.handleV4
        });
    }

    /// @dev A data contract's code is a STOP opcode, then the data: its code hash tells whether it is the same.
    function _write(address pointer, bytes calldata data) private returns (address) {
        if (data.length == 0) return address(0);
        if (pointer != address(0) && pointer.codehash == keccak256(abi.encodePacked(hex"00", data))) {
            return pointer;
        }
        return SSTORE2.write(data);
    }

    function _read(address pointer) private view returns (bytes memory) {
        return pointer == address(0) ? bytes("") : SSTORE2.read(pointer);
    }
}
