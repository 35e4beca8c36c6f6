// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title IWalletSigned
/// @notice What every registry of keys here shares: a claim about a wallet's keys counts only with that
///         wallet's own EIP-712 signature, and each signature counts once.
/// @dev The nonce of a signature is not an argument: it is always the wallet's current one. A signature made
///      for another nonce, contract or chain therefore fails as `WalletSignatureInvalid`.
///
///      Nonces are consumed by an accepted claim and by `cancelNonce`, and only ever grow by one. All times are
///      unix seconds of the block's timestamp.
interface IWalletSigned {
    /// @notice A wallet made its unsubmitted signatures worthless.
    /// @param wallet The wallet.
    /// @param nonce The nonce that was consumed.
    event NonceCancelled(address indexed wallet, uint256 nonce);

    /// @notice The signature is not `wallet`'s over these fields with its current nonce.
    /// @param wallet The wallet that had to sign.
    error WalletSignatureInvalid(address wallet);

    /// @notice The signature's deadline has passed.
    /// @param deadline The last second in which it counted.
    error DeadlinePassed(uint256 deadline);

    /// @notice The signature's deadline is further away than `MAX_LIFETIME`.
    /// @param deadline The deadline asked for.
    /// @param latest The latest one accepted now.
    error DeadlineTooFar(uint256 deadline, uint256 latest);

    /// @notice A key set needs a v6 certificate.
    error CertificateMissing();

    /// @notice A certificate is longer than `MAX_CERTIFICATE_BYTES`.
    /// @param length Its length in bytes.
    error CertificateTooLong(uint256 length);

    /// @notice A key set needs the fingerprint of the v6 encryption subkey.
    error HandleMissing();

    /// @notice There is a v4 certificate without its handle, or a v4 handle without its certificate.
    error HandleV4Mismatch();

    /// @notice A page of more than `MAX_PAGE` entries was asked for.
    /// @param limit The number asked for.
    error PageTooLarge(uint256 limit);

    /// @notice The longest certificate accepted, in bytes.
    function MAX_CERTIFICATE_BYTES() external view returns (uint256);

    /// @notice How far ahead a deadline or an expiry may be, in seconds.
    function MAX_LIFETIME() external view returns (uint256);

    /// @notice The most entries that one call returns.
    function MAX_PAGE() external view returns (uint256);

    /// @notice The nonce that `wallet`'s next signature must carry. It starts at 0.
    function nonces(address wallet) external view returns (uint256);

    /// @notice Consumes the caller's current nonce, so that a signature it handed out can no longer be used.
    /// @dev Emits `NonceCancelled`. What is already on chain stays as it is.
    function cancelNonce() external;
}
