// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Roles} from "../types/Roles.sol";

/// @title IStaking
/// @notice CoNET that nodes stake, per node and role, and the seats that it carries.
/// @dev A position belongs to the node (the NFT): its owner stakes, unbonds and withdraws, and who buys the node buys
///      the position. A seat is one duty at a time: a place in an archive group, a witness's or creator's place in one
///      chain. `seats <= capacity` whenever one is taken; `backedSeats` is what counts, and never exceeds the stake.
///      Unbonding takes 21 days, longer than every window in which misbehaviour can be proven, and stays slashable.
interface IStaking {
    /// @notice Tokens were staked.
    event Staked(uint256 indexed node, Roles indexed role, uint256 amount, uint256 bonded);

    /// @notice Tokens began to unbond.
    event Unbonding(uint256 indexed node, Roles indexed role, uint256 amount, uint256 withdrawableAt);

    /// @notice Unbonded tokens were paid out.
    event Withdrawn(uint256 indexed node, Roles indexed role, address indexed to, uint256 amount);

    /// @notice A seat was taken.
    event SeatTaken(uint256 indexed node, Roles indexed role, uint256 seats);

    /// @notice A seat was given up.
    event SeatReleased(uint256 indexed node, Roles indexed role, uint256 seats);

    /// @notice Stake was taken away.
    event Slashed(uint256 indexed node, Roles indexed role, uint256 amount);

    /// @notice A node was proven to cheat and never returns, under any role; nor does its wallet under another node.
    event Barred(uint256 indexed node, address indexed wallet);

    /// @notice Stakes for a node of the caller. Needs an allowance (or `stakeWithPermit`).
    /// @param node The node. The caller must own it; it must offer `role` and not be barred.
    /// @param role Exactly one role.
    /// @param amount 10^-18 CoNET.
    function stake(uint256 node, Roles role, uint256 amount) external;

    /// @notice Starts to unbond. What remains must carry the seats that the node holds.
    function unbond(uint256 node, Roles role, uint256 amount) external;

    /// @notice Pays out everything of a position whose 21 days are over, to the node's owner.
    function withdraw(uint256 node, Roles role) external returns (uint256 amount);

    /// @notice Staked and not unbonding.
    function bonded(uint256 node, Roles role) external view returns (uint256);

    /// @notice How many seats the stake carries at today's minimum: zero when barred.
    function capacity(uint256 node, Roles role) external view returns (uint256);

    /// @notice How many seats the node holds.
    function seats(uint256 node, Roles role) external view returns (uint256);

    /// @notice Seats that count: the smaller of `seats` and `capacity`.
    function backedSeats(uint256 node, Roles role) external view returns (uint256);

    /// @notice Whether any token of the node is staked or unbonding. Such a node cannot be retired.
    function hasStake(uint256 node) external view returns (bool);

    /// @notice Whether a node was proven to cheat.
    function isBarred(uint256 node) external view returns (bool);

    /// @notice Takes a seat. Only `archiveGroups` (role ARCHIVE) and `chainAnchor` (the others).
    function takeSeat(uint256 node, Roles role) external;

    /// @notice Gives a seat back. Only who may take it.
    function releaseSeat(uint256 node, Roles role) external;

    /// @notice Moves up to `amount` of a position, bonded first and then unbonding, to the slasher, which asks.
    /// @return slashed What there was to take.
    function slash(uint256 node, Roles role, uint256 amount) external returns (uint256 slashed);

    /// @notice Bars a node and its wallet for good. Only the slasher.
    function bar(uint256 node) external;
}
