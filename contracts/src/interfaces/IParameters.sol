// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ChainClass} from "../types/Chains.sol";
import {Roles} from "../types/Roles.sol";
import {IPriceFeed} from "./IPriceFeed.sol";

/// @notice What the parameters start with, besides what the contract itself names as defaults.
struct ParametersGenesis {
    /// Who may pause minting. Zero for nobody.
    address guardian;
    /// The first price feed. Must be deployed already.
    IPriceFeed priceFeed;
    /// The stablecoins approved from the start.
    address[] stablecoins;
}

/// @notice Every parameter at one time, for who is to vote.
struct ParametersSnapshot {
    address guardian;
    IPriceFeed priceFeed;
    bool mintingPaused;
    bool nameFeesBurned;
    uint32 transferFeeRate;
    uint32 exitFeeRate;
    uint64 dleGasPrice;
    /// By `ChainClass`.
    uint64[2] rentPerDay;
    /// By the role's bit: RELAY, AGENT, ARCHIVE, WITNESS, VALIDATOR, CREATOR, COMPUTE.
    uint256[7] minimumStake;
    /// For names of 1, 2, 3, 4, and of 5 or more characters.
    uint256[5] nameFee;
    address[] stablecoins;
    /// The listed assets are read page by page: see `listedAssets`.
    uint256 listedAssetCount;
}

/// @title IParameters
/// @notice Everything that governance decides, in one place, each value within bounds that are coded here.
/// @dev Only the timelock sets, and who the timelock is cannot be changed. White paper, *Governance*: transfer fee, DLE
///      gas price, stablecoins, oDEX listing. A change holds from its block on; what was fixed earlier (a note's scale, a
///      series' exit fee) stays as it was.
interface IParameters {
    /// @notice The transfer fee was set.
    event TransferFeeRateSet(uint32 previous, uint32 current);

    /// @notice The exit fee was set.
    event ExitFeeRateSet(uint32 previous, uint32 current);

    /// @notice The gas price on DLE chains was set.
    event DleGasPriceSet(uint64 previous, uint64 current);

    /// @notice The stake for a seat in `role` was set.
    event MinimumStakeSet(Roles indexed role, uint256 previous, uint256 current);

    /// @notice The rent of chains of `class` was set.
    event RentPerDaySet(ChainClass indexed class, uint64 previous, uint64 current);

    /// @notice The fee of names with `length` characters (and more, for the longest class) was set.
    event NameFeeSet(uint256 indexed length, uint256 previous, uint256 current);

    /// @notice Where name fees go was set.
    event NameFeesBurnedSet(bool previous, bool current);

    /// @notice Notes may be minted with `stablecoin`.
    event StablecoinApproved(address indexed stablecoin, uint8 decimals);

    /// @notice No more notes may be minted with `stablecoin`. Those that exist stay as they are.
    event StablecoinRemoved(address indexed stablecoin);

    /// @notice The price is taken from another feed.
    event PriceFeedSet(IPriceFeed indexed previous, IPriceFeed indexed current);

    /// @notice Another guardian was named.
    event GuardianSet(address indexed previous, address indexed current);

    /// @notice Minting was stopped, by the guardian or the timelock.
    event MintingPaused(address indexed by);

    /// @notice Minting goes on.
    event MintingUnpaused();

    /// @notice oDEX may list an asset.
    /// @param id keccak256 of `assetType`.
    /// @param assetType Its CAIP-19 name.
    event AssetListed(bytes32 indexed id, string assetType);

    /// @notice oDEX no longer lists an asset.
    event AssetDelisted(bytes32 indexed id, string assetType);

    /// @notice Only the timelock may do this.
    error NotTimelock(address caller);

    /// @notice Only the guardian or the timelock may do this.
    error NotGuardian(address caller);

    /// @notice A value is outside its bounds.
    error OutOfBounds(uint256 least, uint256 most, uint256 found);

    /// @notice Exactly one role was expected.
    error NotOneRole(Roles found);

    /// @notice Names have at least one character, and name classes end at `NAME_CLASSES`.
    error UnknownNameLength(uint256 length);

    /// @notice An address does not answer `decimals()` as an ERC-20 does.
    error NotAStablecoin(address found);

    /// @notice The stablecoin is approved already.
    error AlreadyApproved(address stablecoin);

    /// @notice The stablecoin is not approved.
    error NotApproved(address stablecoin);

    /// @notice A list has no room for one more.
    error ListFull(uint256 most);

    /// @notice An address does not answer `price()` as a feed does.
    error NotAPriceFeed(address found);

    /// @notice Not a CAIP-19 asset type or asset id.
    error NotAnAssetType(string found);

    /// @notice The asset is listed already.
    error AlreadyListed(bytes32 id);

    /// @notice The asset is not listed.
    error NotListed(bytes32 id);

    /// @notice Minting is not paused.
    error NotPaused();

    // --- bounds ---

    /// @notice Highest transfer fee: 500, 0.5%.
    function MAX_TRANSFER_FEE_RATE() external view returns (uint32);

    /// @notice Highest exit fee: 1000, 1%.
    function MAX_EXIT_FEE_RATE() external view returns (uint32);

    /// @notice Highest DLE gas price: 10,000 pico-dollars, so that a call of 50,000 gas stays at or below $0.0005.
    function MAX_DLE_GAS_PRICE() external view returns (uint64);

    /// @notice Lowest stake for a seat: 1 CoNET.
    function MIN_STAKE() external view returns (uint256);

    /// @notice Highest stake for a seat: 5,000,000 CoNET, 1% of the supply, so that no vote closes a role to all.
    function MAX_STAKE() external view returns (uint256);

    /// @notice Highest rent: 10,000 micro-dollars a day, $3.65 a year.
    function MAX_RENT_PER_DAY() external view returns (uint64);

    /// @notice Lowest yearly fee of a name, 0.01 CoNET: free names are taken by the million.
    function MIN_NAME_FEE() external view returns (uint256);

    /// @notice Highest yearly fee of a name: 100,000 CoNET.
    function MAX_NAME_FEE() external view returns (uint256);

    /// @notice How many classes of names there are, by length; the last is for all longer ones. 5.
    function NAME_CLASSES() external view returns (uint256);

    /// @notice Most stablecoins approved at once: 32.
    function MAX_STABLECOINS() external view returns (uint256);

    /// @notice Most assets listed at once: 1000.
    function MAX_LISTED_ASSETS() external view returns (uint256);

    // --- values ---

    /// @notice Who sets everything.
    function TIMELOCK() external view returns (address);

    /// @notice Who may pause minting and the price feed, and nothing else. Zero when there is nobody.
    function guardian() external view returns (address);

    /// @notice What a transfer or a claim on a note costs its payer, in units of 0.001%. 50 at genesis (0.05%).
    function transferFeeRate() external view returns (uint32);

    /// @notice What leaving a note costs, inside the amount, in units of 0.001%. 200 at genesis (0.2%).
    function exitFeeRate() external view returns (uint32);

    /// @notice Pico-dollars (10^-12 USD) for one unit of gas on a DLE chain. 1 at genesis.
    function dleGasPrice() external view returns (uint64);

    /// @notice What one seat in `role` (exactly one role) takes, in 10^-18 CoNET. Never zero. Reverts with `NotOneRole`.
    function minimumStake(Roles role) external view returns (uint256);

    /// @notice Micro-dollars that one day of a chain's storage costs.
    function rentPerDay(ChainClass class) external view returns (uint64);

    /// @notice The stablecoin's smallest units in one micro-dollar, 10^(decimals - 6); zero when it is not approved
    ///         for new notes.
    function stablecoinScale(address stablecoin) external view returns (uint256);

    /// @notice All approved stablecoins, in no particular order.
    function stablecoins() external view returns (address[] memory);

    /// @notice Where minting takes the price of CoNET from.
    function priceFeed() external view returns (IPriceFeed);

    /// @notice Whether the guardian or governance stopped new notes. Exits have no such switch.
    function mintingPaused() external view returns (bool);

    /// @notice Yearly fee of a name with so many characters, in 10^-18 CoNET. Reverts for 0.
    function nameFee(uint256 length) external view returns (uint256);

    /// @notice Whether name fees are burned; else they go to the income pool. Not burned at genesis.
    function nameFeesBurned() external view returns (bool);

    /// @notice How many assets oDEX may list.
    function listedAssetCount() external view returns (uint256);

    /// @notice Ids of listed assets, at most 100, in no particular order.
    function listedAssets(uint256 offset, uint256 limit) external view returns (bytes32[] memory);

    /// @notice The CAIP-19 name of a listed asset. Empty when it is not listed.
    function assetType(bytes32 id) external view returns (string memory);

    /// @notice Everything at once.
    function snapshot() external view returns (ParametersSnapshot memory);

    // --- for the timelock ---

    /// @notice Sets the transfer fee, 0 to `MAX_TRANSFER_FEE_RATE`.
    function setTransferFeeRate(uint32 rate) external;

    /// @notice Sets the exit fee, 0 to `MAX_EXIT_FEE_RATE`. Holds for series that open from now on.
    function setExitFeeRate(uint32 rate) external;

    /// @notice Sets the gas price, 0 to `MAX_DLE_GAS_PRICE`.
    function setDleGasPrice(uint64 picoDollars) external;

    /// @notice Sets the stake for one seat in exactly one role, `MIN_STAKE` to `MAX_STAKE`.
    function setMinimumStake(Roles role, uint256 stake) external;

    /// @notice Sets the rent, 0 to `MAX_RENT_PER_DAY`.
    function setRentPerDay(ChainClass class, uint64 microDollars) external;

    /// @notice Sets the yearly fee of names with `length` characters, 1 to `NAME_CLASSES` (which stands for all longer
    ///         ones too), `MIN_NAME_FEE` to `MAX_NAME_FEE`.
    function setNameFee(uint256 length, uint256 fee) external;

    /// @notice Sets whether name fees are burned.
    function setNameFeesBurned(bool burned) external;

    /// @notice Lets notes be minted with `stablecoin`. It must have 6 to 18 decimals.
    function approveStablecoin(address stablecoin) external;

    /// @notice Stops new notes with `stablecoin`. Notes that exist keep theirs, and every exit from them.
    function removeStablecoin(address stablecoin) external;

    /// @notice Takes the price from another feed. It must answer, if only that there is no price now.
    function setPriceFeed(IPriceFeed feed) external;

    /// @notice Names the guardian. Zero for nobody.
    function setGuardian(address guardian_) external;

    /// @notice Lets oDEX list an asset. One asset can have several CAIP-19 names (checksummed or not): it is for the
    ///         voters to list it once.
    /// @param assetType_ CAIP-19 asset type, or asset id.
    function listAsset(string calldata assetType_) external returns (bytes32 id);

    /// @notice Takes an asset off the list.
    function delistAsset(bytes32 id) external;

    /// @notice Lets minting go on.
    function unpauseMinting() external;

    // --- for the guardian or the timelock ---

    /// @notice Stops new notes. No effect on anything that exists; no effect when paused already.
    function pauseMinting() external;
}
