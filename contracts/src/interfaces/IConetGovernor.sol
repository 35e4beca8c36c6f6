// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice How votes go. Times in seconds.
struct VotingSettings {
    /// From a proposal to its vote: who holds how many votes is looked up at its end.
    uint48 votingDelay;
    /// How long the vote lasts.
    uint32 votingPeriod;
    /// For how long the vote goes on at least after the quorum is reached, so that nobody decides in the last second.
    uint48 lateQuorumExtension;
    /// How many votes it takes to propose, in 10^-18 CoNET.
    uint256 proposalThreshold;
    /// How many percent of all CoNET must vote yes or abstain.
    uint256 quorumPercent;
}

/// @title IConetGovernor
/// @notice What CoNET's governor adds to OpenZeppelin's: bounds within which votes can change how votes go, so that no
///         vote can end voting or make it a formality.
/// @dev Lower bounds follow from what the governor was deployed with, so that a development network can vote in seconds
///      while a deployment with days can never come down to seconds.
interface IConetGovernor {
    /// @notice A setting is outside its bounds.
    error SettingOutOfBounds(uint256 least, uint256 most, uint256 found);

    /// @notice The governor acts through one timelock, for good.
    error TimelockIsFixed();

    /// @notice Shortest voting delay: the first one, or 1 day if that was longer.
    function MIN_VOTING_DELAY() external view returns (uint256);

    /// @notice Longest voting delay: 14 days.
    function MAX_VOTING_DELAY() external view returns (uint256);

    /// @notice Shortest voting period: the first one, or 3 days if that was longer.
    function MIN_VOTING_PERIOD() external view returns (uint256);

    /// @notice Longest voting period: 30 days.
    function MAX_VOTING_PERIOD() external view returns (uint256);

    /// @notice Highest proposal threshold: 5,000,000 CoNET, 1% of the genesis supply.
    function MAX_PROPOSAL_THRESHOLD() external view returns (uint256);

    /// @notice Lowest quorum: 1%.
    function MIN_QUORUM_PERCENT() external view returns (uint256);

    /// @notice Highest quorum: 20%.
    function MAX_QUORUM_PERCENT() external view returns (uint256);
}
