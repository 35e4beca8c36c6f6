// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice The OpenPGP keys that a wallet says are its own.
/// @dev The contracts check the wallet's EIP-712 signature over these fields. They cannot check the other half
///      of the claim: that the certificates parse, that their self-signed User ID is the wallet's address, and
///      that the handles are the fingerprints of their encryption subkeys. Every reader must, and must treat a
///      claim that fails as if it did not exist: anybody can put anybody's handle on chain under a wallet of
///      their own.
struct KeySet {
    /// Binary (not armored) OpenPGP v6 certificate. 1 to 4096 bytes.
    bytes certificate;
    /// Binary OpenPGP v4 certificate for tools that know no v6. At most 4096 bytes; empty when there is none.
    bytes certificateV4;
    /// Fingerprint of the v6 certificate's one live encryption subkey. Never zero.
    bytes32 handle;
    /// Fingerprint of the v4 certificate's encryption subkey; zero exactly when `certificateV4` is empty.
    bytes20 handleV4;
}
