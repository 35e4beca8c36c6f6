// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParameters, ParametersGenesis, ParametersSnapshot} from "../interfaces/IParameters.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Caip19} from "../libraries/Caip19.sol";
import {Pages} from "../libraries/Pages.sol";
import {ChainClass} from "../types/Chains.sol";
import {Contracts} from "../types/Contracts.sol";
import {
    AGENT,
    ARCHIVE,
    COMPUTE,
    CREATOR,
    RELAY,
    ROLE_COUNT,
    Roles,
    VALIDATOR,
    WITNESS
} from "../types/Roles.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {LibCall} from "solady/utils/LibCall.sol";

/// @title Parameters
/// @notice What governance decides. See `IParameters`.
contract Parameters is IParameters {
    using EnumerableSet for EnumerableSet.AddressSet;
    using EnumerableSet for EnumerableSet.Bytes32Set;
    using LibCall for address;

    /// @inheritdoc IParameters
    uint32 public constant MAX_TRANSFER_FEE_RATE = 500;
    /// @inheritdoc IParameters
    uint32 public constant MAX_EXIT_FEE_RATE = 1000;
    /// @inheritdoc IParameters
    uint64 public constant MAX_DLE_GAS_PRICE = 10_000;
    /// @inheritdoc IParameters
    uint256 public constant MIN_STAKE = 1e18;
    /// @inheritdoc IParameters
    uint256 public constant MAX_STAKE = 5_000_000e18;
    /// @inheritdoc IParameters
    uint64 public constant MAX_RENT_PER_DAY = 10_000;
    /// @inheritdoc IParameters
    uint256 public constant MIN_NAME_FEE = 0.01e18;
    /// @inheritdoc IParameters
    uint256 public constant MAX_NAME_FEE = 100_000e18;
    /// @inheritdoc IParameters
    uint256 public constant NAME_CLASSES = 5;
    /// @inheritdoc IParameters
    uint256 public constant MAX_STABLECOINS = 32;
    /// @inheritdoc IParameters
    uint256 public constant MAX_LISTED_ASSETS = 1000;

    /// @dev Gas that a probe of a stablecoin may use.
    uint64 private constant DECIMALS_GAS = 100_000;
    /// @dev Gas that a probe of a price feed may use: more than a feed spends on a source that eats all it gets.
    uint64 private constant PRICE_GAS = 2_000_000;

    /// @inheritdoc IParameters
    address public immutable TIMELOCK;

    /// @inheritdoc IParameters
    uint32 public transferFeeRate = 50;
    /// @inheritdoc IParameters
    uint32 public exitFeeRate = 200;
    /// @inheritdoc IParameters
    uint64 public dleGasPrice = 1;
    /// @inheritdoc IParameters
    bool public mintingPaused;
    /// @inheritdoc IParameters
    bool public nameFeesBurned;
    /// @inheritdoc IParameters
    address public guardian;
    /// @inheritdoc IParameters
    IPriceFeed public priceFeed;
    /// @inheritdoc IParameters
    mapping(ChainClass class => uint64) public rentPerDay;
    /// @inheritdoc IParameters
    mapping(address stablecoin => uint256) public stablecoinScale;
    /// @inheritdoc IParameters
    mapping(bytes32 id => string) public assetType;

    /// @dev Zero exactly for what is not one role.
    mapping(Roles role => uint256) private _minimumStake;
    /// @dev By name class minus one.
    uint256[NAME_CLASSES] private _nameFees;
    EnumerableSet.AddressSet private _stablecoins;
    EnumerableSet.Bytes32Set private _listedAssets;

    modifier onlyTimelock() {
        _checkTimelock();
        _;
    }

    constructor(Contracts memory contracts, ParametersGenesis memory genesis) {
        TIMELOCK = contracts.timelock;
        _setGuardian(genesis.guardian);
        _setPriceFeed(genesis.priceFeed);
        for (uint256 i = 0; i < genesis.stablecoins.length; ++i) {
            _approveStablecoin(genesis.stablecoins[i]);
        }
        _setDefaults();
    }

    /// @inheritdoc IParameters
    function setTransferFeeRate(uint32 rate) external onlyTimelock {
        _checkBounds(0, MAX_TRANSFER_FEE_RATE, rate);
        emit TransferFeeRateSet(transferFeeRate, rate);
        transferFeeRate = rate;
    }

    /// @inheritdoc IParameters
    function setExitFeeRate(uint32 rate) external onlyTimelock {
        _checkBounds(0, MAX_EXIT_FEE_RATE, rate);
        emit ExitFeeRateSet(exitFeeRate, rate);
        exitFeeRate = rate;
    }

    /// @inheritdoc IParameters
    function setDleGasPrice(uint64 picoDollars) external onlyTimelock {
        _checkBounds(0, MAX_DLE_GAS_PRICE, picoDollars);
        emit DleGasPriceSet(dleGasPrice, picoDollars);
        dleGasPrice = picoDollars;
    }

    /// @inheritdoc IParameters
    function setMinimumStake(Roles role, uint256 stake) external onlyTimelock {
        if (!role.isSingle()) revert NotOneRole(role);
        _setMinimumStake(role, stake);
    }

    /// @inheritdoc IParameters
    function setRentPerDay(ChainClass class, uint64 microDollars) external onlyTimelock {
        _setRentPerDay(class, microDollars);
    }

    /// @inheritdoc IParameters
    function setNameFee(uint256 length, uint256 fee) external onlyTimelock {
        _setNameFee(length, fee);
    }

    /// @inheritdoc IParameters
    function setNameFeesBurned(bool burned) external onlyTimelock {
        emit NameFeesBurnedSet(nameFeesBurned, burned);
        nameFeesBurned = burned;
    }

    /// @inheritdoc IParameters
    function approveStablecoin(address stablecoin) external onlyTimelock {
        _approveStablecoin(stablecoin);
    }

    /// @inheritdoc IParameters
    function removeStablecoin(address stablecoin) external onlyTimelock {
        if (!_stablecoins.remove(stablecoin)) revert NotApproved(stablecoin);
        delete stablecoinScale[stablecoin];
        emit StablecoinRemoved(stablecoin);
    }

    /// @inheritdoc IParameters
    function setPriceFeed(IPriceFeed feed) external onlyTimelock {
        _setPriceFeed(feed);
    }

    /// @inheritdoc IParameters
    function setGuardian(address guardian_) external onlyTimelock {
        _setGuardian(guardian_);
    }

    /// @inheritdoc IParameters
    function listAsset(string calldata assetType_) external onlyTimelock returns (bytes32 id) {
        if (!Caip19.isValid(assetType_)) revert NotAnAssetType(assetType_);
        if (_listedAssets.length() == MAX_LISTED_ASSETS) revert ListFull(MAX_LISTED_ASSETS);
        id = keccak256(bytes(assetType_));
        if (!_listedAssets.add(id)) revert AlreadyListed(id);
        assetType[id] = assetType_;
        emit AssetListed(id, assetType_);
    }

    /// @inheritdoc IParameters
    function delistAsset(bytes32 id) external onlyTimelock {
        if (!_listedAssets.remove(id)) revert NotListed(id);
        emit AssetDelisted(id, assetType[id]);
        delete assetType[id];
    }

    /// @inheritdoc IParameters
    function pauseMinting() external {
        if (msg.sender != guardian && msg.sender != TIMELOCK) revert NotGuardian(msg.sender);
        if (mintingPaused) return;
        mintingPaused = true;
        emit MintingPaused(msg.sender);
    }

    /// @inheritdoc IParameters
    function unpauseMinting() external onlyTimelock {
        if (!mintingPaused) revert NotPaused();
        mintingPaused = false;
        emit MintingUnpaused();
    }

    /// @inheritdoc IParameters
    function listedAssets(uint256 offset, uint256 limit) external view returns (bytes32[] memory) {
        return _listedAssets.values(offset, Pages.end(offset, limit));
    }

    /// @inheritdoc IParameters
    function snapshot() external view returns (ParametersSnapshot memory all) {
        all.guardian = guardian;
        all.priceFeed = priceFeed;
        all.mintingPaused = mintingPaused;
        all.nameFeesBurned = nameFeesBurned;
        all.transferFeeRate = transferFeeRate;
        all.exitFeeRate = exitFeeRate;
        all.dleGasPrice = dleGasPrice;
        all.rentPerDay = [rentPerDay[ChainClass.Asset], rentPerDay[ChainClass.Storage]];
        for (uint256 i = 0; i < ROLE_COUNT; ++i) {
            // The shift makes role bit i, which fits.
            // forge-lint: disable-next-line(incorrect-shift, unsafe-typecast)
            all.minimumStake[i] = _minimumStake[Roles.wrap(uint16(1 << i))];
        }
        all.nameFee = _nameFees;
        all.stablecoins = _stablecoins.values();
        all.listedAssetCount = _listedAssets.length();
    }

    /// @inheritdoc IParameters
    function minimumStake(Roles role) external view returns (uint256 stake) {
        stake = _minimumStake[role];
        if (stake == 0) revert NotOneRole(role);
    }

    /// @inheritdoc IParameters
    function nameFee(uint256 length) external view returns (uint256) {
        if (length == 0) revert UnknownNameLength(length);
        return _nameFees[Math.min(length, NAME_CLASSES) - 1];
    }

    /// @inheritdoc IParameters
    function stablecoins() external view returns (address[] memory) {
        return _stablecoins.values();
    }

    /// @inheritdoc IParameters
    function listedAssetCount() external view returns (uint256) {
        return _listedAssets.length();
    }

    /// @dev At $0.10 for one CoNET, a creator's seat is worth two full notes, and a witness's or validator's one: who
    ///      signs for a note has at least as much to lose as the note holds. An archive seat answers for thousands of
    ///      notes, hence the most. Rent is about 100 times what the disks of ten archive nodes cost.
    function _setDefaults() private {
        _setMinimumStake(RELAY, 10_000e18);
        _setMinimumStake(AGENT, 10_000e18);
        _setMinimumStake(ARCHIVE, 100_000e18);
        _setMinimumStake(WITNESS, 1000e18);
        _setMinimumStake(VALIDATOR, 1000e18);
        _setMinimumStake(CREATOR, 2000e18);
        _setMinimumStake(COMPUTE, 10_000e18);
        _setRentPerDay(ChainClass.Asset, 30);
        _setRentPerDay(ChainClass.Storage, 100);
        _setNameFee(1, 10_000e18);
        _setNameFee(2, 10_000e18);
        _setNameFee(3, 1000e18);
        _setNameFee(4, 100e18);
        _setNameFee(5, 10e18);
    }

    function _setMinimumStake(Roles role, uint256 stake) private {
        _checkBounds(MIN_STAKE, MAX_STAKE, stake);
        emit MinimumStakeSet(role, _minimumStake[role], stake);
        _minimumStake[role] = stake;
    }

    function _setRentPerDay(ChainClass class, uint64 microDollars) private {
        _checkBounds(0, MAX_RENT_PER_DAY, microDollars);
        emit RentPerDaySet(class, rentPerDay[class], microDollars);
        rentPerDay[class] = microDollars;
    }

    function _setNameFee(uint256 length, uint256 fee) private {
        if (length == 0 || length > NAME_CLASSES) revert UnknownNameLength(length);
        _checkBounds(MIN_NAME_FEE, MAX_NAME_FEE, fee);
        emit NameFeeSet(length, _nameFees[length - 1], fee);
        _nameFees[length - 1] = fee;
    }

    function _setGuardian(address guardian_) private {
        emit GuardianSet(guardian, guardian_);
        guardian = guardian_;
    }

    function _setPriceFeed(IPriceFeed feed) private {
        (bool success,, bytes memory answer) =
            address(feed).tryStaticCall(PRICE_GAS, 64, abi.encodeCall(IPriceFeed.price, ()));
        // The first word is a bool.
        if (!success || answer.length != 64 || abi.decode(answer, (uint256)) > 1) {
            revert NotAPriceFeed(address(feed));
        }
        emit PriceFeedSet(priceFeed, feed);
        priceFeed = feed;
    }

    function _approveStablecoin(address stablecoin) private {
        if (_stablecoins.length() == MAX_STABLECOINS) revert ListFull(MAX_STABLECOINS);
        (bool success,, bytes memory answer) =
            stablecoin.tryStaticCall(DECIMALS_GAS, 32, abi.encodeCall(IERC20Metadata.decimals, ()));
        if (!success || answer.length != 32) revert NotAStablecoin(stablecoin);
        uint256 decimals = abi.decode(answer, (uint256));
        if (decimals > type(uint8).max) revert NotAStablecoin(stablecoin);
        _checkBounds(6, 18, decimals);
        if (!_stablecoins.add(stablecoin)) revert AlreadyApproved(stablecoin);
        stablecoinScale[stablecoin] = 10 ** (decimals - 6);
        // The cast fits: at most 18.
        // forge-lint: disable-next-line(unsafe-typecast)
        emit StablecoinApproved(stablecoin, uint8(decimals));
    }

    function _checkTimelock() private view {
        if (msg.sender != TIMELOCK) revert NotTimelock(msg.sender);
    }

    function _checkBounds(uint256 least, uint256 most, uint256 found) private pure {
        if (found < least || found > most) revert OutOfBounds(least, most, found);
    }
}
