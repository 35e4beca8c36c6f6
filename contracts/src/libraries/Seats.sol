// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IArchiveGroups} from "../interfaces/IArchiveGroups.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {LibBit} from "solady/utils/LibBit.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title Seats
/// @notice The seats of one epoch in the code of a data contract, and what they signed.
/// @dev The data are all signers, 20 bytes each, then all node ids, 8 bytes each: ids count from 1, and a certificate
///      reads the signers alone.
library Seats {
    using SafeCast for uint256;

    /// @dev n/2 of secp256k1: an s above has a twin below, and only that one counts.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Writes seats down.
    function write(uint256[] memory nodes, address[] memory signers) internal returns (address pointer) {
        bytes memory data;
        for (uint256 i = 0; i < signers.length; ++i) {
            data = abi.encodePacked(data, signers[i]);
        }
        for (uint256 i = 0; i < nodes.length; ++i) {
            data = abi.encodePacked(data, nodes[i].toUint64());
        }
        return SSTORE2.write(data);
    }

    /// @notice The nodes, by seat.
    function readNodes(address pointer, uint256 seats) internal view returns (uint256[] memory nodes) {
        bytes memory data = SSTORE2.read(pointer, seats * 20);
        nodes = new uint256[](seats);
        for (uint256 i = 0; i < seats; ++i) {
            assembly ("memory-safe") {
                mstore(add(add(nodes, 32), mul(i, 32)), shr(192, mload(add(add(data, 32), mul(i, 8)))))
            }
        }
    }

    /// @notice The signers, by seat.
    function readSigners(address pointer, uint256 seats) internal view returns (address[] memory signers) {
        bytes memory data = SSTORE2.read(pointer, 0, seats * 20);
        signers = new address[](seats);
        for (uint256 i = 0; i < seats; ++i) {
            assembly ("memory-safe") {
                mstore(add(add(signers, 32), mul(i, 32)), shr(96, mload(add(add(data, 32), mul(i, 20)))))
            }
        }
    }

    /// @notice Reverts unless more than two thirds of `seats` signed `digest`.
    /// @param bitmap Who signed: bit i is seat i.
    /// @param signatures 64 bytes for each bit set, lowest first.
    function check(address pointer, uint256 seats, bytes32 digest, uint256 bitmap, bytes calldata signatures)
        internal
        view
    {
        if (bitmap >> seats != 0) revert IArchiveGroups.SeatUnknown(bitmap, seats);
        uint256 count = LibBit.popCount(bitmap);
        if (3 * count <= 2 * seats) revert IArchiveGroups.QuorumMissing(count, 2 * seats / 3 + 1);
        if (signatures.length != 64 * count) {
            revert IArchiveGroups.SignaturesLengthInvalid(signatures.length, 64 * count);
        }
        uint256 invalid = _firstInvalid(pointer, seats, digest, bitmap, signatures);
        if (invalid != seats) revert IArchiveGroups.SignatureInvalid(invalid);
    }

    /// @dev The first seat whose signature does not hold, or `seats`. Works beyond the free memory pointer: the input
    ///      of ecrecover, then the signers. A failed ecrecover returns nothing, and leaves the zero written before it.
    function _firstInvalid(
        address pointer,
        uint256 seats,
        bytes32 digest,
        uint256 bitmap,
        bytes calldata signatures
    ) private view returns (uint256 seat) {
        assembly ("memory-safe") {
            let input := mload(0x40)
            let signer := add(input, 0x80)
            let signature := signatures.offset
            mstore(input, digest)
            extcodecopy(pointer, signer, 1, mul(seats, 20))
            for {} bitmap {
                bitmap := shr(1, bitmap)
                signer := add(signer, 20)
                seat := add(seat, 1)
            } {
                if iszero(and(bitmap, 1)) { continue }
                let vs := calldataload(add(signature, 0x20))
                let s := shr(1, shl(1, vs))
                mstore(add(input, 0x20), add(27, shr(255, vs)))
                calldatacopy(add(input, 0x40), signature, 0x20)
                mstore(add(input, 0x60), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, input, 0x80, 0x00, 0x20))
                let recovered := mload(0x00)
                if or(or(iszero(recovered), gt(s, HALF_ORDER)), xor(recovered, shr(96, mload(signer)))) {
                    break
                }
                signature := add(signature, 0x40)
            }
            // All held: `bitmap` is used up, and `seat` is one beyond the last that signed.
            if iszero(bitmap) { seat := seats }
        }
    }
}
