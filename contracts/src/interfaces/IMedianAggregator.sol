// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IAggregatorV3} from "./IAggregatorV3.sol";

/// @notice One reporter's last word.
struct PriceReport {
    /// Who reported.
    address reporter;
    /// US dollars for one CoNET times 10^8. Zero when there is no report yet.
    uint128 price;
    /// When it was reported, in seconds.
    uint64 time;
}

/// @title IMedianAggregator
/// @notice A price source for a chain without an oracle: reporters, named by the timelock, each post what they see; the
///         answer is the median of the fresh reports. With n fresh reports, fewer than n / 2 liars cannot move the answer
///         out of what honest reporters say.
/// @dev Conforms to `IAggregatorV3`, with two limits. Only the newest round is kept: `getRoundData` reverts for others. And
///      a round's answer may change when a report in it grows too old, without a new round. `latestRoundData` reverts
///      with `NotEnoughReports` (the convention's "no data present") when there are too few. `updatedAt` is the age of the
///      oldest report in the median: it never falls.
interface IMedianAggregator is IAggregatorV3 {
    /// @notice A reporter posted a price.
    event Reported(address indexed reporter, uint80 indexed round, uint128 price);

    /// @notice A reporter was named.
    event ReporterAdded(address indexed reporter);

    /// @notice A reporter was dismissed, and its report with it.
    event ReporterRemoved(address indexed reporter);

    /// @notice How many fresh reports an answer takes was set.
    event MinReportsSet(uint256 previous, uint256 current);

    /// @notice Only the timelock may do this.
    error NotTimelock(address caller);

    /// @notice Only a reporter may do this.
    error NotReporter(address caller);

    /// @notice The address is a reporter already, or is zero.
    error NotANewReporter(address reporter);

    /// @notice A value is outside its bounds.
    error OutOfBounds(uint256 least, uint256 most, uint256 found);

    /// @notice There are too few fresh reports for an answer.
    error NotEnoughReports(uint256 needed, uint256 found);

    /// @notice Only the newest round is kept.
    error NoSuchRound(uint80 newest, uint80 asked);

    /// @notice Most reporters: 31.
    function MAX_REPORTERS() external view returns (uint256);

    /// @notice Highest price: a million dollars, times 10^8.
    function MAX_PRICE() external view returns (uint256);

    /// @notice Seconds for which a report counts.
    function MAX_REPORT_AGE() external view returns (uint64);

    /// @notice How many fresh reports an answer takes.
    function minReports() external view returns (uint256);

    /// @notice All reporters with their last report, in no particular order.
    function reports() external view returns (PriceReport[] memory);

    /// @notice Posts the price that the caller sees. Only reporters.
    /// @param price US dollars for one CoNET times 10^8, 1 to `MAX_PRICE`.
    function report(uint128 price) external;

    /// @notice Names a reporter. Only the timelock.
    function addReporter(address reporter) external;

    /// @notice Dismisses a reporter. Only the timelock. At least `minReports` must stay.
    function removeReporter(address reporter) external;

    /// @notice Sets how many fresh reports an answer takes: 1 to the number of reporters. Only the timelock.
    function setMinReports(uint256 count) external;
}
