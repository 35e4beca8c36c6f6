// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title IPriceFeed
/// @notice The price of one CoNET that contracts may act on. Minting needs it; exits never do.
interface IPriceFeed {
    /// @notice The price, or that there is none: never reverts. Who calls with too little gas for the source to answer is told
    ///         that there is none.
    /// @return valid Whether the source is fresh, within the deviation bounds, positive and not paused.
    /// @return price US dollars for one CoNET (10^18 units), times 10^8. Zero when not valid.
    function price() external view returns (bool valid, uint256 price);
}
