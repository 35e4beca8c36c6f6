// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title ITimelock
/// @notice What CoNET's timelock adds to OpenZeppelin's `TimelockController`: its delay has bounds.
interface ITimelock {
    /// @notice The delay is outside its bounds.
    error DelayOutOfBounds(uint256 least, uint256 most, uint256 found);

    /// @notice Shortest delay that a vote can set: the first one, or 2 days if that was longer.
    function MIN_DELAY() external view returns (uint256);

    /// @notice Longest delay: 30 days.
    function MAX_DELAY() external view returns (uint256);
}
