// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IGuardedPriceFeed, PriceGuard, PriceStatus} from "../interfaces/IGuardedPriceFeed.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Contracts} from "../types/Contracts.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {LibCall} from "solady/utils/LibCall.sol";

/// @title PriceFeed
/// @notice The price of CoNET from an aggregator that is not trusted blindly. See `IGuardedPriceFeed`.
contract PriceFeed is IGuardedPriceFeed {
    using LibCall for address;
    using Math for uint256;
    using SafeCast for uint256;

    /// @inheritdoc IGuardedPriceFeed
    uint256 public constant MAX_PRICE = 1_000_000e8;
    /// @inheritdoc IGuardedPriceFeed
    uint256 public constant MAX_STEPS = 5;

    /// @dev 100% in units of 0.001%.
    uint256 private constant WHOLE = 100_000;
    uint256 private constant DECIMALS = 8;
    uint256 private constant MAX_SOURCE_DECIMALS = 24;
    /// @dev The median of 31 reporters takes a fifth of it.
    uint64 private constant SOURCE_GAS = 500_000;
    /// @dev `latestRoundData` answers with five words. More is not looked at.
    uint16 private constant ROUND_BYTES = 160;

    /// @inheritdoc IGuardedPriceFeed
    IAggregatorV3 public immutable SOURCE;
    /// @inheritdoc IGuardedPriceFeed
    uint64 public immutable MAX_AGE;
    /// @inheritdoc IGuardedPriceFeed
    uint32 public immutable STEP;
    /// @inheritdoc IGuardedPriceFeed
    uint64 public immutable INTERVAL;

    address private immutable _TIMELOCK;
    IParameters private immutable _PARAMETERS;
    /// @dev Read once: a source that changes its decimals later must not move the price by powers of ten.
    uint256 private immutable _SOURCE_DECIMALS;

    uint128 private _accepted;
    uint48 private _acceptedAt;
    /// @dev When the source says that the accepted price was so.
    uint48 private _readingAt;
    /// @inheritdoc IGuardedPriceFeed
    bool public paused;

    constructor(Contracts memory contracts, IAggregatorV3 source, PriceGuard memory guard) {
        _checkBounds(1 minutes, 3 days, guard.maxAge);
        _checkBounds(WHOLE / 100, WHOLE / 2, guard.step);
        _checkBounds(1 minutes, 1 days, guard.interval);
        _checkBounds(1, MAX_PRICE, guard.initialPrice);
        uint256 sourceDecimals = source.decimals();
        _checkBounds(0, MAX_SOURCE_DECIMALS, sourceDecimals);

        _TIMELOCK = contracts.timelock;
        _PARAMETERS = IParameters(contracts.parameters);
        SOURCE = source;
        _SOURCE_DECIMALS = sourceDecimals;
        MAX_AGE = guard.maxAge;
        STEP = guard.step;
        INTERVAL = guard.interval;
        _accepted = guard.initialPrice.toUint128();
        _acceptedAt = block.timestamp.toUint48();
        emit PriceAccepted(0, guard.initialPrice, guard.initialPrice);
    }

    /// @inheritdoc IGuardedPriceFeed
    function update() external {
        uint256 earliest = uint256(_acceptedAt) + INTERVAL;
        if (block.timestamp < earliest) revert TooEarly(earliest);
        (PriceStatus status, uint256 reported, uint64 updatedAt) = _read();
        if (status != PriceStatus.Valid) revert NoUsablePrice(status);

        (uint256 lowest, uint256 highest) = band();
        uint256 current = reported.max(lowest).min(highest);
        emit PriceAccepted(_accepted, current, reported);
        _accepted = current.toUint128();
        _acceptedAt = block.timestamp.toUint48();
        _readingAt = uint256(updatedAt).toUint48();
    }

    /// @inheritdoc IGuardedPriceFeed
    function pause() external {
        if (msg.sender != _TIMELOCK && msg.sender != _PARAMETERS.guardian()) revert NotGuardian(msg.sender);
        if (paused) return;
        paused = true;
        emit FeedPaused(msg.sender);
    }

    /// @inheritdoc IGuardedPriceFeed
    function unpause() external {
        if (msg.sender != _TIMELOCK) revert NotTimelock(msg.sender);
        if (!paused) return;
        paused = false;
        emit FeedUnpaused();
    }

    /// @inheritdoc IPriceFeed
    function price() external view returns (bool valid, uint256 price_) {
        (PriceStatus status, uint256 reported,) = check();
        valid = status == PriceStatus.Valid;
        if (valid) price_ = reported;
    }

    /// @inheritdoc IGuardedPriceFeed
    function accepted() external view returns (uint256 price_, uint64 time) {
        return (_accepted, _acceptedAt);
    }

    /// @inheritdoc IGuardedPriceFeed
    function check() public view returns (PriceStatus status, uint256 reported, uint64 updatedAt) {
        (status, reported, updatedAt) = _read();
        if (paused) return (PriceStatus.Paused, reported, updatedAt);
        if (status != PriceStatus.Valid) return (status, reported, updatedAt);
        (uint256 lowest, uint256 highest) = band();
        if (reported < lowest || reported > highest) status = PriceStatus.OutsideBand;
    }

    /// @inheritdoc IGuardedPriceFeed
    function band() public view returns (uint256 lowest, uint256 highest) {
        uint256 steps = MAX_STEPS - 1; // in units of 1 / INTERVAL, beyond the first
        uint256 widened = (block.timestamp - _acceptedAt).min(steps * INTERVAL);
        // WHOLE + step * (1 + elapsed / interval), at most WHOLE + step * MAX_STEPS.
        uint256 factor = WHOLE + STEP + STEP * widened / INTERVAL;
        lowest = (_accepted * WHOLE).ceilDiv(factor);
        // At least one unit: else a price of a few units could never rise.
        highest = (_accepted * factor / WHOLE).max(uint256(_accepted) + 1).min(MAX_PRICE);
    }

    /// @dev What the source says, checked for itself alone. Never reverts.
    function _read() private view returns (PriceStatus status, uint256 reported, uint64 updatedAt) {
        (bool success,, bytes memory answer) = address(SOURCE)
            .tryStaticCall(SOURCE_GAS, ROUND_BYTES, abi.encodeCall(IAggregatorV3.latestRoundData, ()));
        if (!success || answer.length != ROUND_BYTES) return (PriceStatus.NoAnswer, 0, 0);
        // As words: a decoder would revert on a value out of its type's range.
        (uint256 round, int256 value,, uint256 time, uint256 answeredIn) =
            abi.decode(answer, (uint256, int256, uint256, uint256, uint256));
        if (round == 0 || answeredIn < round || time > block.timestamp || time < _readingAt) {
            return (PriceStatus.BadRound, 0, 0);
        }
        reported = _normalize(value);
        if (reported == 0) return (PriceStatus.BadPrice, 0, 0);
        // The cast fits: not later than now.
        // forge-lint: disable-next-line(unsafe-typecast)
        updatedAt = uint64(time);
        status = block.timestamp - time > MAX_AGE ? PriceStatus.Stale : PriceStatus.Valid;
    }

    /// @dev The value with 8 decimals; zero when it is nothing usable.
    function _normalize(int256 value) private view returns (uint256 normalized) {
        if (value <= 0) return 0;
        // The cast fits: it is positive.
        // forge-lint: disable-next-line(unsafe-typecast)
        normalized = uint256(value);
        if (_SOURCE_DECIMALS >= DECIMALS) {
            normalized /= 10 ** (_SOURCE_DECIMALS - DECIMALS);
        } else {
            normalized = normalized.saturatingMul(10 ** (DECIMALS - _SOURCE_DECIMALS));
        }
        if (normalized > MAX_PRICE) return 0;
    }

    function _checkBounds(uint256 least, uint256 most, uint256 found) private pure {
        if (found < least || found > most) revert OutOfBounds(least, most, found);
    }
}
