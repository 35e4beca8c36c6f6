// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title IAggregatorV3
/// @notice The interface of Chainlink's price aggregators, as most oracles speak it.
interface IAggregatorV3 {
    /// @notice How many decimals `answer` has.
    function decimals() external view returns (uint8);

    /// @notice What is measured, such as "CoNET / USD".
    function description() external view returns (string memory);

    /// @notice The version of the aggregator's type.
    function version() external view returns (uint256);

    /// @notice A past round. Reverts when there is no such round.
    function getRoundData(uint80 roundId_)
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice The newest round. Reverts when there is none.
    /// @return roundId Its number.
    /// @return answer The value, with `decimals` decimals.
    /// @return startedAt When the round began, in seconds.
    /// @return updatedAt When the answer was computed, in seconds.
    /// @return answeredInRound The round that the answer is of. Less than `roundId`: an old one, carried over.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
