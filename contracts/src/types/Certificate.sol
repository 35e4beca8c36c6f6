// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice Signatures of more than two thirds of an archive group's seats over one EIP-712 digest.
/// @dev The digest is that of the contract which acts on it (its name, version 1, chain id, address). Every certified
///      struct ends in `uint32 group,uint64 epoch`, so that a certificate is worth nothing for another group, another
///      epoch, another contract or another chain id.
struct Certificate {
    /// The archive group that signed.
    uint32 group;
    /// Its epoch: the current one, or the previous one for 24 hours.
    uint64 epoch;
    /// Who signed: bit i is seat i of that epoch.
    uint32 seats;
    /// One 64-byte signature (r, then s with v in its top bit: ERC-2098) for each bit set, lowest bit first.
    bytes signatures;
}
