// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../interfaces/IArchiveGroups.sol";
import {Claim, Distribution, IRewards, Reward} from "../interfaces/IRewards.sol";
import {Certificate} from "../types/Certificate.sol";
import {Contracts} from "../types/Contracts.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title Rewards
/// @notice The income pool and what is pulled from it. See `IRewards`.
/// @dev Whatever calls into a token while the books are open is guarded: a token that calls back must not have its
///      transfer counted twice, by `sync` and by the call that it is in.
contract Rewards is IRewards, EIP712, ReentrancyGuardTransient {
    using BitMaps for BitMaps.BitMap;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev What an asset's pool held at the day's first reward, and what rewards took since.
    struct Day {
        uint64 number;
        uint256 opening;
        uint256 spent;
    }

    bytes32 internal constant REWARD_TYPEHASH =
        keccak256("Reward(address asset,uint64 period,bytes32 root,uint256 total,uint32 group,uint64 epoch)");

    /// @dev 100%, in units of 0.001%.
    uint256 internal constant WHOLE = 100_000;

    /// @inheritdoc IRewards
    uint256 public constant GROUP_RATE = 1000;

    /// @inheritdoc IRewards
    uint256 public constant DAY_RATE = 10_000;

    /// @inheritdoc IRewards
    uint64 public constant MAX_PERIODS_LATE = 7;

    /// @inheritdoc IRewards
    uint64 public constant REWARD_LIFETIME = 180 days;

    /// @inheritdoc IRewards
    uint64 public constant MIN_LIFETIME = 7 days;

    /// @inheritdoc IRewards
    uint64 public constant MAX_LIFETIME = 1461 days;

    /// @inheritdoc IRewards
    uint256 public constant MAX_CLAIMS = 50;

    /// @dev Governance.
    address private immutable _TIMELOCK;

    /// @dev Who checks certificates.
    IArchiveGroups private immutable _GROUPS;

    /// @inheritdoc IRewards
    mapping(address asset => uint256 amount) public pool;

    /// @inheritdoc IRewards
    mapping(address asset => uint256 amount) public unclaimed;

    mapping(address asset => Day) private _days;

    mapping(uint256 distribution => Distribution) private _distributions;

    mapping(uint256 distribution => BitMaps.BitMap) private _claims;

    constructor(Contracts memory all) EIP712("CoNET Rewards", "1") {
        _TIMELOCK = all.timelock;
        _GROUPS = IArchiveGroups(all.archiveGroups);
    }

    /// @inheritdoc IRewards
    function fund(address asset, uint256 amount) external nonReentrant {
        if (amount == 0) revert AmountMissing();
        pool[asset] += amount;
        emit Funded(asset, msg.sender, amount);
        _pull(asset, amount);
    }

    /// @inheritdoc IRewards
    function sync(address asset) external nonReentrant returns (uint256 found) {
        uint256 counted = pool[asset] + unclaimed[asset];
        found = Math.saturatingSub(IERC20(asset).balanceOf(address(this)), counted);
        if (found == 0) return 0;
        pool[asset] += found;
        emit Funded(asset, address(0), found);
    }

    /// @inheritdoc IRewards
    function distribute(bytes32 salt, address asset, bytes32 root, uint256 total, uint64 expiresAt)
        external
        nonReentrant
        returns (uint256 distribution)
    {
        _checkExpiry(expiresAt);
        distribution = _open(msg.sender, salt, asset, root, total, expiresAt);
        _pull(asset, total);
    }

    /// @inheritdoc IRewards
    function allocate(bytes32 salt, address asset, bytes32 root, uint256 total, uint64 expiresAt)
        external
        nonReentrant
        returns (uint256 distribution)
    {
        if (msg.sender != _TIMELOCK) revert NotTimelock(msg.sender, _TIMELOCK);
        _checkExpiry(expiresAt);
        _takeFromPool(asset, total);
        distribution = _open(_TIMELOCK, salt, asset, root, total, expiresAt);
    }

    /// @inheritdoc IRewards
    function reward(Reward calldata reward_, Certificate calldata certificate)
        external
        nonReentrant
        returns (uint256 distribution)
    {
        _GROUPS.verify(rewardDigest(reward_, certificate.group, certificate.epoch), certificate);
        _checkPeriod(reward_.period);
        _spendDay(reward_.asset, reward_.total);
        _takeFromPool(reward_.asset, reward_.total);
        distribution = _open(
            address(this),
            rewardSalt(reward_.asset, reward_.period, certificate.group),
            reward_.asset,
            reward_.root,
            reward_.total,
            block.timestamp.toUint64() + REWARD_LIFETIME
        );
        emit Rewarded(
            distribution, certificate.group, reward_.asset, reward_.period, certificate.epoch, reward_.total
        );
    }

    /// @inheritdoc IRewards
    function claim(Claim calldata claim_) external nonReentrant {
        if (!_pay(claim_)) revert AlreadyClaimed(claim_.distribution, claim_.index);
    }

    /// @inheritdoc IRewards
    function claimMany(Claim[] calldata claims) external nonReentrant returns (uint256 paid) {
        if (claims.length > MAX_CLAIMS) revert TooManyClaims(claims.length, MAX_CLAIMS);
        for (uint256 i = 0; i < claims.length; ++i) {
            if (_pay(claims[i])) ++paid;
        }
    }

    /// @inheritdoc IRewards
    function close(uint256 distribution) external nonReentrant {
        Distribution storage stored = _known(distribution);
        if (stored.closed) revert DistributionClosed(distribution);
        if (block.timestamp <= stored.expiresAt) revert DistributionOpen(distribution, stored.expiresAt);

        address asset = stored.asset;
        uint256 rest = stored.total - stored.claimed;
        stored.closed = true;
        unclaimed[asset] -= rest;
        pool[asset] += rest;

        emit Closed(distribution, rest);
        emit Funded(asset, address(this), rest);
    }

    /// @inheritdoc IRewards
    function distributionAt(uint256 distribution) external view returns (Distribution memory) {
        return _distributions[distribution];
    }

    /// @inheritdoc IRewards
    function isClaimed(uint256 distribution, uint256 index) external view returns (bool) {
        return _claims[distribution].get(index);
    }

    /// @inheritdoc IRewards
    function rewardLimits(address asset) external view returns (uint256 perGroup, uint256 left) {
        Day memory day = _today(asset);
        perGroup = _share(day.opening, GROUP_RATE);
        left = Math.min(Math.saturatingSub(_share(day.opening, DAY_RATE), day.spent), pool[asset]);
    }

    /// @inheritdoc IRewards
    function rewardDigest(Reward calldata reward_, uint32 group, uint64 epoch) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    REWARD_TYPEHASH, reward_.asset, reward_.period, reward_.root, reward_.total, group, epoch
                )
            )
        );
    }

    /// @inheritdoc IRewards
    function distributionOf(address source, bytes32 salt) public pure returns (uint256) {
        return uint256(keccak256(abi.encode(source, salt)));
    }

    /// @inheritdoc IRewards
    function rewardSalt(address asset, uint64 period, uint32 group) public pure returns (bytes32) {
        return keccak256(abi.encode(asset, period, group));
    }

    /// @dev Transfers from the caller, exactly.
    function _pull(address asset, uint256 amount) private {
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(asset).balanceOf(address(this)) - before;
        if (received != amount) revert TransferMismatch(asset, amount, received);
    }

    function _takeFromPool(address asset, uint256 amount) private {
        uint256 available = pool[asset];
        if (amount > available) revert PoolExceeded(asset, amount, available);
        pool[asset] = available - amount;
    }

    /// @dev Counts a reward against the group's and the day's share.
    function _spendDay(address asset, uint256 total) private {
        Day memory day = _today(asset);
        uint256 limit = _share(day.opening, GROUP_RATE);
        if (total > limit) revert GroupLimitExceeded(total, limit);
        uint256 left = _share(day.opening, DAY_RATE) - day.spent;
        if (total > left) revert DayLimitExceeded(total, left);
        day.spent += total;
        _days[asset] = day;
    }

    function _open(address source, bytes32 salt, address asset, bytes32 root, uint256 total, uint64 expiresAt)
        private
        returns (uint256 distribution)
    {
        if (root == bytes32(0)) revert RootMissing();
        if (total == 0) revert AmountMissing();
        distribution = distributionOf(source, salt);
        Distribution storage stored = _distributions[distribution];
        if (stored.expiresAt != 0) revert DistributionExists(distribution);

        (stored.asset, stored.expiresAt) = (asset, expiresAt);
        stored.root = root;
        stored.total = total.toUint128();
        unclaimed[asset] += total;

        emit Distributed(distribution, asset, source, salt, root, total, expiresAt);
    }

    /// @dev Pays a leaf, unless it was paid before.
    function _pay(Claim calldata claim_) private returns (bool) {
        uint256 distribution = claim_.distribution;
        Distribution storage stored = _known(distribution);
        BitMaps.BitMap storage paid = _claims[distribution];
        if (paid.get(claim_.index)) return false;
        if (block.timestamp > stored.expiresAt) revert DistributionExpired(distribution, stored.expiresAt);
        if (!MerkleProof.verifyCalldata(claim_.proof, stored.root, _leaf(claim_))) {
            revert ProofInvalid(distribution, claim_.index);
        }
        uint256 left = stored.total - stored.claimed;
        if (claim_.amount > left) revert TotalExceeded(distribution, claim_.amount, left);

        address asset = stored.asset;
        paid.set(claim_.index);
        stored.claimed += claim_.amount.toUint128();
        unclaimed[asset] -= claim_.amount;

        emit Claimed(distribution, claim_.index, claim_.account, claim_.amount);
        IERC20(asset).safeTransfer(claim_.account, claim_.amount);
        return true;
    }

    function _known(uint256 distribution) private view returns (Distribution storage stored) {
        stored = _distributions[distribution];
        if (stored.expiresAt == 0) revert DistributionUnknown(distribution);
    }

    /// @dev The asset's day of rewards: a new one, with today's pool, when there was no reward yet today.
    function _today(address asset) private view returns (Day memory day) {
        uint64 number = _dayNumber();
        day = _days[asset];
        if (day.number != number) day = Day({number: number, opening: pool[asset], spent: 0});
    }

    function _checkExpiry(uint64 expiresAt) private view {
        (uint256 earliest, uint256 latest) = (block.timestamp + MIN_LIFETIME, block.timestamp + MAX_LIFETIME);
        if (expiresAt < earliest || expiresAt > latest) {
            revert ExpiryOutOfBounds(expiresAt, earliest, latest);
        }
    }

    function _checkPeriod(uint64 period) private view {
        uint256 latest = _dayNumber() - 1;
        uint256 earliest = latest + 1 - MAX_PERIODS_LATE;
        if (period < earliest || period > latest) revert PeriodOutOfBounds(period, earliest, latest);
    }

    function _dayNumber() private view returns (uint64) {
        return (block.timestamp / 1 days).toUint64();
    }

    function _leaf(Claim calldata claim_) private pure returns (bytes32) {
        return keccak256(
            bytes.concat(
                keccak256(abi.encode(claim_.distribution, claim_.index, claim_.account, claim_.amount))
            )
        );
    }

    function _share(uint256 amount, uint256 rate) private pure returns (uint256) {
        return Math.mulDiv(amount, rate, WHOLE);
    }
}
