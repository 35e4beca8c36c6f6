// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWalletSigned} from "../interfaces/IWalletSigned.sol";
import {KeySets} from "../libraries/KeySets.sol";
import {Pages} from "../libraries/Pages.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title WalletSigned
/// @notice Signatures that count once, until a deadline. See `IWalletSigned`.
abstract contract WalletSigned is IWalletSigned, EIP712 {
    /// @inheritdoc IWalletSigned
    uint256 public constant MAX_CERTIFICATE_BYTES = KeySets.MAX_CERTIFICATE_BYTES;

    /// @inheritdoc IWalletSigned
    uint256 public constant MAX_LIFETIME = 400 days;

    /// @inheritdoc IWalletSigned
    uint256 public constant MAX_PAGE = Pages.MAX_PAGE;

    /// @inheritdoc IWalletSigned
    mapping(address wallet => uint256 nonce) public nonces;

    /// @inheritdoc IWalletSigned
    function cancelNonce() external {
        emit NonceCancelled(msg.sender, _useNonce(msg.sender));
    }

    /// @dev Consumes `wallet`'s current nonce and returns it.
    function _useNonce(address wallet) internal returns (uint256 nonce) {
        nonce = nonces[wallet]++;
    }

    /// @dev Reverts unless `signature` is `wallet`'s over `structHash` and `deadline` is near enough. The caller
    ///      put the current nonce into the hash and consumes it.
    function _checkSignature(address wallet, bytes32 structHash, uint256 deadline, bytes calldata signature)
        internal
        view
    {
        if (deadline < block.timestamp) revert DeadlinePassed(deadline);
        uint256 latest = block.timestamp + MAX_LIFETIME;
        if (deadline > latest) revert DeadlineTooFar(deadline, latest);
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signature);
        if (problem != ECDSA.RecoverError.NoError || signer != wallet) revert WalletSignatureInvalid(wallet);
    }
}
