// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title IRewards
/// @notice The income pool, and distributions that their receivers pull with a Merkle proof.
interface IRewards {
    /// @notice Adds the caller's tokens to the income pool. Needs an allowance. (Plain transfers of approved tokens
    ///         join the pool with `sync`.)
    function fund(address asset, uint256 amount) external;

    /// @notice Opens a distribution that the caller pays for, of tokens that it has approved.
    /// @param asset The token.
    /// @param root Merkle root over keccak256(bytes.concat(keccak256(abi.encode(distribution, index, account, amount)))).
    /// @param total What all leaves add up to. Claims cannot exceed it.
    /// @param expiresAt After this second the rest joins the income pool.
    function distribute(address asset, bytes32 root, uint256 total, uint64 expiresAt)
        external
        returns (uint256 distribution);
}
