// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";

/// @notice Money set aside for the leaves of one Merkle tree.
struct Distribution {
    /// The token. Zero when there is no such distribution.
    address asset;
    /// The last second in which claims are paid, unix seconds.
    uint64 expiresAt;
    /// Whether the rest went to the income pool.
    bool closed;
    /// Root over the leaves; see `IRewards`.
    bytes32 root;
    /// What was set aside, in the token's smallest units.
    uint128 total;
    /// What claims have been paid.
    uint128 claimed;
}

/// @notice A leaf, and the proof that it is one.
struct Claim {
    uint256 distribution;
    /// The leaf's number in the tree. Each is paid once.
    uint256 index;
    /// Who is paid.
    address account;
    /// In the token's smallest units.
    uint256 amount;
    /// Siblings from the leaf up to the root.
    bytes32[] proof;
}

/// @notice What an archive group gives the members of its chains for one day of work.
/// @dev EIP-712 type: Reward(address asset,uint64 period,bytes32 root,uint256 total,uint32 group,uint64 epoch).
struct Reward {
    /// The token.
    address asset;
    /// The day: unix seconds / 86400, rounded down. It must be over.
    uint64 period;
    /// Root over the leaves; see `IRewards`.
    bytes32 root;
    /// What all leaves add up to.
    uint256 total;
}

/// @title IRewards
/// @notice The income pool, and distributions that their receivers pull with a Merkle proof.
/// @dev Leaves are keccak256(bytes.concat(keccak256(abi.encode(distribution, index, account, amount)))), the types
///      being (uint256, uint256, address, uint256). An inner node is keccak256 of its two children, the smaller first;
///      a lone node moves up unchanged. `test/vectors/merkle.json` has an example.
///
///      A distribution's id is known before its root is made, because the leaves name it:
///      `distributionOf(source, salt)`. Sources are accounts that pay for themselves (`distribute`: the caller), the
///      timelock (`allocate`) and this contract (`reward`; its salt is `rewardSalt`). Nobody can take another's ids.
///
///      Every asset is counted on its own, and any ERC-20 is one, except those that take a fee on transfer or change
///      balances by themselves. For each: balance >= pool + Σ over open distributions (total - claimed). A wrong
///      root can give away its own total, and nothing else.
///
///      Income comes from slashing and from what cheats had staked (white paper, *Penalize cheating nodes*), from fees
///      of names and from gifts. It is spent as mining rewards, on certificates of archive groups and within coded
///      rates, and by governance. Nobody can change these rates.
///
///      EIP-712 domain: name "CoNET Rewards", version "1", the chain's id, this contract.
interface IRewards {
    /// @notice Tokens joined the income pool.
    /// @param asset The token.
    /// @param from Who paid: this contract for the rest of a distribution, zero for tokens found by `sync`.
    /// @param amount In the token's smallest units.
    event Funded(address indexed asset, address indexed from, uint256 amount);

    /// @notice A distribution is open for claims.
    /// @param distribution Its id.
    /// @param asset The token.
    /// @param source Who paid: the caller of `distribute`, the timelock, or this contract for a reward.
    /// @param salt What makes the id unique among those of its source.
    /// @param root The Merkle root.
    /// @param total What was set aside.
    /// @param expiresAt The last second in which claims are paid.
    event Distributed(
        uint256 indexed distribution,
        address indexed asset,
        address indexed source,
        bytes32 salt,
        bytes32 root,
        uint256 total,
        uint64 expiresAt
    );

    /// @notice An archive group rewarded one day's work. The distribution is announced by `Distributed`.
    event Rewarded(
        uint256 indexed distribution,
        uint32 indexed group,
        address indexed asset,
        uint64 period,
        uint64 epoch,
        uint256 total
    );

    /// @notice A leaf was paid.
    event Claimed(
        uint256 indexed distribution, uint256 indexed index, address indexed account, uint256 amount
    );

    /// @notice An expired distribution's rest joined the income pool.
    event Closed(uint256 indexed distribution, uint256 rest);

    /// @notice Only the timelock allocates.
    error NotTimelock(address caller, address timelock);

    /// @notice Nothing was given.
    error AmountMissing();

    /// @notice A distribution needs a root.
    error RootMissing();

    /// @notice The token did not deliver what was sent: it takes a fee on transfer, or lies.
    error TransferMismatch(address asset, uint256 expected, uint256 received);

    /// @notice The pool holds less than asked for.
    error PoolExceeded(address asset, uint256 asked, uint256 pool);

    /// @notice The source has used this salt.
    error DistributionExists(uint256 distribution);

    /// @notice There is no such distribution.
    error DistributionUnknown(uint256 distribution);

    /// @notice The distribution takes no more claims.
    error DistributionExpired(uint256 distribution, uint64 expiresAt);

    /// @notice The distribution still takes claims.
    error DistributionOpen(uint256 distribution, uint64 expiresAt);

    /// @notice The rest has joined the pool.
    error DistributionClosed(uint256 distribution);

    /// @notice A distribution must be open for `MIN_LIFETIME` to `MAX_LIFETIME`.
    error ExpiryOutOfBounds(uint64 expiresAt, uint256 earliest, uint256 latest);

    /// @notice The leaf was paid.
    error AlreadyClaimed(uint256 distribution, uint256 index);

    /// @notice The proof does not lead from the leaf to the distribution's root.
    error ProofInvalid(uint256 distribution, uint256 index);

    /// @notice The leaves add up to more than was set aside.
    error TotalExceeded(uint256 distribution, uint256 amount, uint256 left);

    /// @notice More claims than `MAX_CLAIMS` in one call.
    error TooManyClaims(uint256 given, uint256 most);

    /// @notice The day is not over, or over for more than `MAX_PERIODS_LATE` days.
    error PeriodOutOfBounds(uint64 period, uint256 earliest, uint256 latest);

    /// @notice One group may give away only so much of the pool for one day.
    error GroupLimitExceeded(uint256 asked, uint256 limit);

    /// @notice All groups together may give away only so much of the pool on one day. Tomorrow is another.
    error DayLimitExceeded(uint256 asked, uint256 left);

    /// @notice What one group may give for one day's work, of what the pool held when the day of the call had its
    ///         first reward: 1000, in units of 0.001% (1%).
    function GROUP_RATE() external view returns (uint256);

    /// @notice What all groups may give on one day, of the same: 10000, in units of 0.001% (10%).
    function DAY_RATE() external view returns (uint256);

    /// @notice How many days after a day its reward may still be submitted. 7.
    function MAX_PERIODS_LATE() external view returns (uint64);

    /// @notice How long a reward can be claimed, in seconds. 180 days.
    function REWARD_LIFETIME() external view returns (uint64);

    /// @notice The shortest time that a distribution is open, in seconds. 7 days.
    function MIN_LIFETIME() external view returns (uint64);

    /// @notice The longest time that a distribution is open, in seconds. 1461 days.
    function MAX_LIFETIME() external view returns (uint64);

    /// @notice The most claims in one call. 50.
    function MAX_CLAIMS() external view returns (uint256);

    /// @notice Adds the caller's tokens to the income pool, for good. Needs an allowance. Anyone may call.
    /// @dev Emits `Funded`. Reverts with `AmountMissing`, `TransferMismatch`.
    function fund(address asset, uint256 amount) external;

    /// @notice Adds to the pool what was transferred here without a call. Anyone may call; nothing found is no error.
    /// @return found How much.
    function sync(address asset) external returns (uint256 found);

    /// @notice Opens a distribution that the caller pays for, of tokens that it has approved. Anyone may call.
    /// @dev Emits `Distributed`. Reverts with `RootMissing`, `AmountMissing`, `ExpiryOutOfBounds`,
    ///      `DistributionExists`, `TransferMismatch`.
    /// @param salt Of the caller's choice, once: the id is `distributionOf(caller, salt)`.
    /// @param asset The token.
    /// @param root Merkle root.
    /// @param total What all leaves add up to, below 2^128. Claims cannot exceed it.
    /// @param expiresAt After this second the rest joins the income pool.
    function distribute(bytes32 salt, address asset, bytes32 root, uint256 total, uint64 expiresAt)
        external
        returns (uint256 distribution);

    /// @notice Opens a distribution out of the income pool. Only the timelock.
    /// @dev As `distribute`; also `NotTimelock` and `PoolExceeded`. The id is `distributionOf(timelock, salt)`.
    function allocate(bytes32 salt, address asset, bytes32 root, uint256 total, uint64 expiresAt)
        external
        returns (uint256 distribution);

    /// @notice Opens a distribution out of the income pool on an archive group's certificate over `Reward`: once for
    ///         each asset, day and group. Anyone may submit it.
    /// @dev Emits `Distributed` and `Rewarded`. Reverts with `PeriodOutOfBounds`, `GroupLimitExceeded`,
    ///      `DayLimitExceeded`, `PoolExceeded`, those of `distribute`, or those of `IArchiveGroups.verify`.
    function reward(Reward calldata reward_, Certificate calldata certificate)
        external
        returns (uint256 distribution);

    /// @notice Pays a leaf to its account. Anyone may submit it.
    /// @dev Emits `Claimed`. Reverts with `DistributionUnknown`, `DistributionExpired`, `AlreadyClaimed`,
    ///      `ProofInvalid`, `TotalExceeded`.
    function claim(Claim calldata claim_) external;

    /// @notice Pays several leaves, of any distributions. Those paid before are skipped, so that nobody can spoil a
    ///         batch by submitting a part of it first; anything else wrong reverts.
    /// @dev As `claim`, and `TooManyClaims`.
    /// @return paid How many were paid now.
    function claimMany(Claim[] calldata claims) external returns (uint256 paid);

    /// @notice Moves an expired distribution's rest into the income pool. Anyone may call.
    /// @dev Emits `Closed` and `Funded`. Reverts with `DistributionUnknown`, `DistributionOpen`,
    ///      `DistributionClosed`.
    function close(uint256 distribution) external;

    /// @notice A distribution; `asset` is zero when there is none.
    function distributionAt(uint256 distribution) external view returns (Distribution memory);

    /// @notice The id of a source's distribution under a salt, opened or not.
    function distributionOf(address source, bytes32 salt) external view returns (uint256 distribution);

    /// @notice The salt of a reward: keccak256(abi.encode(asset, period, group)). Its source is this contract.
    function rewardSalt(address asset, uint64 period, uint32 group) external view returns (bytes32);

    /// @notice The EIP-712 digest that the archive group signs.
    function rewardDigest(Reward calldata reward_, uint32 group, uint64 epoch) external view returns (bytes32);

    /// @notice What may be given as rewards now.
    /// @return perGroup The most for one group and period.
    /// @return left The most for all groups until the day ends.
    function rewardLimits(address asset) external view returns (uint256 perGroup, uint256 left);

    /// @notice Whether a leaf was paid.
    function isClaimed(uint256 distribution, uint256 index) external view returns (bool);

    /// @notice What the income pool holds of an asset.
    function pool(address asset) external view returns (uint256);

    /// @notice What open distributions hold of an asset and have not paid.
    function unclaimed(address asset) external view returns (uint256);
}
