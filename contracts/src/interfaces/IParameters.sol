// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ChainClass} from "../types/Chains.sol";
import {Roles} from "../types/Roles.sol";
import {IPriceFeed} from "./IPriceFeed.sol";

/// @title IParameters
/// @notice Everything that governance decides, in one place, each value within bounds that are coded here.
/// @dev The owner is the timelock. White paper, *Governance*: transfer fee, DLE gas price, stablecoins, oDEX listing.
interface IParameters {
    /// @notice What a transfer or a claim on a note costs its payer, in units of 0.001%. 50 at genesis (0.05%).
    function transferFeeRate() external view returns (uint32);

    /// @notice What leaving a note costs, inside the amount, in units of 0.001%. 200 at genesis (0.2%).
    function exitFeeRate() external view returns (uint32);

    /// @notice Pico-dollars (10^-12 USD) for one unit of gas on a DLE chain.
    function dleGasPrice() external view returns (uint64);

    /// @notice What one seat in `role` (exactly one role) takes, in 10^-18 CoNET. Never zero.
    function minimumStake(Roles role) external view returns (uint256);

    /// @notice Micro-dollars that one day of a chain's storage costs.
    function rentPerDay(ChainClass class) external view returns (uint64);

    /// @notice The stablecoin's smallest units in one micro-dollar, 10^(decimals - 6); zero when it is not approved
    ///         for new notes.
    function stablecoinScale(address stablecoin) external view returns (uint256);

    /// @notice Where minting takes the price of CoNET from.
    function priceFeed() external view returns (IPriceFeed);

    /// @notice Whether the guardian or governance stopped new notes. Exits have no such switch.
    function mintingPaused() external view returns (bool);

    /// @notice Yearly fee of a name with so many characters, in 10^-18 CoNET.
    function nameFee(uint256 length) external view returns (uint256);

    /// @notice Whether name fees are burned; else they go to the income pool.
    function nameFeesBurned() external view returns (bool);
}
