// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IAggregatorV3} from "./IAggregatorV3.sol";
import {IPriceFeed} from "./IPriceFeed.sol";

/// @notice Why there is a price, or none.
enum PriceStatus {
    /// There is one.
    Valid,
    /// The guardian or the timelock paused the feed.
    Paused,
    /// The source reverts, runs out of gas or answers with too little.
    NoAnswer,
    /// The round is zero, from the future, older than one that was accepted, or carries an old answer over.
    BadRound,
    /// The price is zero or less, too small to express, or above `MAX_PRICE`.
    BadPrice,
    /// The answer is older than `MAX_AGE`.
    Stale,
    /// The price is further from the accepted one than the band allows.
    OutsideBand
}

/// @notice How a price feed guards its source.
struct PriceGuard {
    /// Seconds after which an answer is stale. 1 minute to 3 days.
    uint64 maxAge;
    /// How far a price may be from the accepted one at once, in units of 0.001%. 1,000 to 50,000 (1% to 50%).
    uint32 step;
    /// Seconds in which the band widens by one more step, and the least between two updates. 1 minute to 1 day.
    uint64 interval;
    /// The first accepted price, in US dollars times 10^8.
    uint256 initialPrice;
}

/// @title IGuardedPriceFeed
/// @notice Guards an aggregator: no single answer of a broken or bought source moves the price far.
/// @dev A price is valid within a band around the *accepted* price. The band is one `STEP` wide on either side (a factor
///      of 1 + step up, and the same factor down), and one step wider for each `INTERVAL` since the last update, at most
///      `MAX_STEPS` steps. `update`, which anyone may call once per interval, accepts the source's price, or, when that
///      is outside, the edge of the band towards it. So a real move of any size is accepted, within hours and step by
///      step, without a vote; until then there is no price and minting waits; and the guardian has that time to pause a
///      false one. With steps of 10% an hour, a price that doubles at once is accepted after four updates.
///
///      The source, the bounds and the timelock are fixed. To change them, governance deploys another feed and points
///      `Parameters` at it.
interface IGuardedPriceFeed is IPriceFeed {
    /// @notice Another price was accepted.
    /// @param previous What was accepted before.
    /// @param current What is accepted now.
    /// @param reported What the source said. Differs from `current` when that was outside the band.
    event PriceAccepted(uint256 previous, uint256 current, uint256 reported);

    /// @notice The feed was paused, by the guardian or the timelock.
    event FeedPaused(address indexed by);

    /// @notice The feed goes on.
    event FeedUnpaused();

    /// @notice Only the timelock may do this.
    error NotTimelock(address caller);

    /// @notice Only the guardian or the timelock may do this.
    error NotGuardian(address caller);

    /// @notice A setting is outside its bounds.
    error OutOfBounds(uint256 least, uint256 most, uint256 found);

    /// @notice Nothing is accepted before this second.
    error TooEarly(uint256 earliest);

    /// @notice The source has no price that could be accepted.
    error NoUsablePrice(PriceStatus found);

    /// @notice Highest price, in US dollars times 10^8: a million dollars.
    function MAX_PRICE() external view returns (uint256);

    /// @notice How many steps the band has at its widest: 5.
    function MAX_STEPS() external view returns (uint256);

    /// @notice Where prices come from.
    function SOURCE() external view returns (IAggregatorV3);

    /// @notice See `PriceGuard.maxAge`.
    function MAX_AGE() external view returns (uint64);

    /// @notice See `PriceGuard.step`.
    function STEP() external view returns (uint32);

    /// @notice See `PriceGuard.interval`.
    function INTERVAL() external view returns (uint64);

    /// @notice The accepted price and when it was accepted.
    function accepted() external view returns (uint256 price, uint64 time);

    /// @notice Whether the feed is paused.
    function paused() external view returns (bool);

    /// @notice Lowest and highest price that are valid now.
    function band() external view returns (uint256 lowest, uint256 highest);

    /// @notice As `price`, with the reason: never reverts.
    /// @return status Why there is a price, or none.
    /// @return reported What the source says, in US dollars times 10^8; zero when it says nothing usable.
    /// @return updatedAt When the source says that it was so.
    function check() external view returns (PriceStatus status, uint256 reported, uint64 updatedAt);

    /// @notice Accepts the source's price, or the edge of the band. Anyone may call, once per interval, also while the
    ///         feed is paused, so that a pause does not end with an old price. Reverts with `TooEarly` and `NoUsablePrice`.
    function update() external;

    /// @notice Stops the price. The guardian or the timelock.
    function pause() external;

    /// @notice Lets the price go on. The timelock.
    function unpause() external;
}
