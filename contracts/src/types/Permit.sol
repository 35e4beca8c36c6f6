// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice An ERC-2612 permit: an allowance by signature. Owner, spender and token are known from where it is used.
struct Permit {
    /// The allowance signed for, in the token's smallest units.
    uint256 value;
    /// The last second in which it counts.
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}
