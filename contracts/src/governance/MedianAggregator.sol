// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IMedianAggregator, PriceReport} from "../interfaces/IMedianAggregator.sol";
import {Contracts} from "../types/Contracts.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {LibSort} from "solady/utils/LibSort.sol";

/// @title MedianAggregator
/// @notice The median of what reporters say. See `IMedianAggregator`.
contract MedianAggregator is IMedianAggregator {
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeCast for uint256;

    /// @inheritdoc IMedianAggregator
    uint256 public constant MAX_REPORTERS = 31;
    /// @inheritdoc IMedianAggregator
    uint256 public constant MAX_PRICE = 1_000_000e8;
    /// @inheritdoc IAggregatorV3
    uint8 public constant decimals = 8;
    /// @inheritdoc IAggregatorV3
    string public constant description = "CoNET / USD";
    /// @inheritdoc IAggregatorV3
    uint256 public constant version = 1;

    /// @inheritdoc IMedianAggregator
    uint64 public immutable MAX_REPORT_AGE;
    address private immutable _TIMELOCK;

    /// @inheritdoc IMedianAggregator
    uint256 public minReports;

    uint80 private _round;
    EnumerableSet.AddressSet private _reporters;

    struct Report {
        uint128 price;
        uint64 time;
    }

    mapping(address reporter => Report) private _reports;

    modifier onlyTimelock() {
        _checkTimelock();
        _;
    }

    /// @param maxReportAge Seconds for which a report counts: 1 minute to 3 days.
    /// @param minReports_ How many fresh reports an answer takes.
    /// @param reporters The first reporters.
    constructor(
        Contracts memory contracts,
        uint64 maxReportAge,
        uint256 minReports_,
        address[] memory reporters
    ) {
        _checkBounds(1 minutes, 3 days, maxReportAge);
        _TIMELOCK = contracts.timelock;
        MAX_REPORT_AGE = maxReportAge;
        for (uint256 i = 0; i < reporters.length; ++i) {
            _addReporter(reporters[i]);
        }
        _setMinReports(minReports_);
    }

    /// @inheritdoc IMedianAggregator
    function report(uint128 price) external {
        if (!_reporters.contains(msg.sender)) revert NotReporter(msg.sender);
        _checkBounds(1, MAX_PRICE, price);
        _reports[msg.sender] = Report(price, block.timestamp.toUint64());
        emit Reported(msg.sender, ++_round, price);
    }

    /// @inheritdoc IMedianAggregator
    function addReporter(address reporter) external onlyTimelock {
        _addReporter(reporter);
    }

    /// @inheritdoc IMedianAggregator
    function removeReporter(address reporter) external onlyTimelock {
        if (!_reporters.remove(reporter)) revert NotReporter(reporter);
        _checkBounds(minReports, MAX_REPORTERS, _reporters.length());
        delete _reports[reporter];
        emit ReporterRemoved(reporter);
    }

    /// @inheritdoc IMedianAggregator
    function setMinReports(uint256 count) external onlyTimelock {
        _setMinReports(count);
    }

    /// @inheritdoc IMedianAggregator
    function reports() external view returns (PriceReport[] memory all) {
        uint256 count = _reporters.length();
        all = new PriceReport[](count);
        for (uint256 i = 0; i < count; ++i) {
            address reporter = _reporters.at(i);
            all[i] = PriceReport(reporter, _reports[reporter].price, _reports[reporter].time);
        }
    }

    /// @inheritdoc IAggregatorV3
    function getRoundData(uint80 roundId_) external view returns (uint80, int256, uint256, uint256, uint80) {
        if (roundId_ != _round) revert NoSuchRound(_round, roundId_);
        return latestRoundData();
    }

    /// @inheritdoc IAggregatorV3
    function latestRoundData()
        public
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (uint256[] memory prices, uint256 oldest) = _fresh();
        if (prices.length < minReports) revert NotEnoughReports(minReports, prices.length);
        return (_round, SafeCast.toInt256(_median(prices)), oldest, oldest, _round);
    }

    /// @dev The prices that are young enough, and the time of the oldest of them.
    function _fresh() private view returns (uint256[] memory prices, uint256 oldest) {
        uint256 count = _reporters.length();
        prices = new uint256[](count);
        oldest = block.timestamp;
        uint256 found = 0;
        for (uint256 i = 0; i < count; ++i) {
            Report memory last = _reports[_reporters.at(i)];
            // Zero is what was never written.
            // slither-disable-next-line incorrect-equality
            if (last.price == 0 || block.timestamp - last.time > MAX_REPORT_AGE) continue;
            prices[found++] = last.price;
            oldest = Math.min(oldest, last.time);
        }
        assembly ("memory-safe") {
            mstore(prices, found) // shortens the array
        }
    }

    function _addReporter(address reporter) private {
        _checkBounds(0, MAX_REPORTERS - 1, _reporters.length());
        if (reporter == address(0) || !_reporters.add(reporter)) revert NotANewReporter(reporter);
        emit ReporterAdded(reporter);
    }

    function _setMinReports(uint256 count) private {
        _checkBounds(1, _reporters.length(), count);
        emit MinReportsSet(minReports, count);
        minReports = count;
    }

    function _checkTimelock() private view {
        if (msg.sender != _TIMELOCK) revert NotTimelock(msg.sender);
    }

    /// @dev Of an even number, the mean of the two in the middle. There is at least one.
    function _median(uint256[] memory prices) private pure returns (uint256) {
        LibSort.insertionSort(prices);
        uint256 middle = prices.length / 2;
        // Parity, not chance.
        // slither-disable-next-line weak-prng,incorrect-equality
        if (prices.length % 2 == 1) return prices[middle];
        return (prices[middle - 1] + prices[middle]) / 2;
    }

    function _checkBounds(uint256 least, uint256 most, uint256 found) private pure {
        if (found < least || found > most) revert OutOfBounds(least, most, found);
    }
}
