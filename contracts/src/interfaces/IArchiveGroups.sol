// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";

/// @notice A seed that an archive group's log made after a main-chain block was final.
struct Seed {
    /// The random value.
    bytes32 value;
    /// The newest main-chain block that the log had seen as final before this seed was made.
    uint64 afterBlock;
    /// When the main chain accepted it, unix seconds.
    uint64 acceptedAt;
}

/// @notice Where a node stands with the archive groups.
struct Place {
    /// The block of its first join. The first seed after it decides for good where the node falls.
    uint64 drawnAfter;
    /// The group it has a seat in, or zero.
    uint32 group;
    /// It asked to join and has no seat yet.
    bool waiting;
    /// It has a seat and asked to leave.
    bool leaving;
}

/// @dev The group that `bootstrap` forms, and that all others descend from.
uint32 constant ROOT_GROUP = 1;

/// @title IArchiveGroups
/// @notice The archive groups: who sits in them, their epochs, the chains they keep, their certificates and seeds.
/// @dev White paper, *The Archive Node Cluster Group* and *Verifiable Roulette*.
///
///      Groups form a binary tree. Group 1 is its root; a group that has grown to `2 * minSeats()` nodes splits into
///      two and only the leaves work. Chains and joiners fall down this tree by a hash of 256 bits: at depth d, bit d
///      (the most significant is bit 0) says left (0) or right (1). A chain's hash is its id. A joiner's is
///      keccak256(abi.encode(seed, node id)), with the first seed of the root's line after the block of its *first*
///      join: who leaves and joins again falls to the same place, so nobody can draw until it likes the group.
///
///      A node has one seat at most. Seats are numbered by ascending node id; the signer of a seat is the node's
///      wallet. Nobody gets a seat without having asked, and only a certificate of the group gives and takes seats.
///
///      EIP-712 domain: name "CoNET ArchiveGroups", version "1", the chain's id, this contract. Types:
///
///      Handover(uint256[] nodes,bytes32 stateHash,uint32 group,uint64 epoch)
///      Split(uint256[] nodes,uint64 seedIndex,bytes32 stateHash,uint32 group,uint64 epoch)
///      Seed(uint64 index,bytes32 value,uint64 afterBlock,uint32 group,uint64 epoch)
///
///      `group` and `epoch` are those of the certificate.
interface IArchiveGroups {
    /// @notice A node's owner asked for a seat.
    /// @param node The node.
    /// @param drawnAfter The block after which the seed is drawn that places it.
    event JoinAsked(uint256 indexed node, uint64 drawnAfter);

    /// @notice A node that waited does not want a seat any more.
    event JoinWithdrawn(uint256 indexed node);

    /// @notice A node with a seat asked to be left out of the next epoch.
    event ResignationAsked(uint256 indexed node, uint32 indexed group);

    /// @notice A group began an epoch.
    /// @param group The group.
    /// @param epoch The epoch. 1 is a group's first.
    /// @param stateHash What the epoch before said that it handed over; zero for the root's first.
    /// @param nodes The nodes, by seat.
    /// @param signers Their wallets, by seat.
    event EpochStarted(
        uint32 indexed group, uint64 indexed epoch, bytes32 stateHash, uint256[] nodes, address[] signers
    );

    /// @notice A group split. Follows its children's `EpochStarted`.
    /// @param group The group, which does not work any more.
    /// @param left Keeps the chains whose next bit is 0.
    /// @param right Keeps the chains whose next bit is 1.
    /// @param seedIndex The group's seed that divided the nodes.
    event GroupSplit(uint32 indexed group, uint32 left, uint32 right, uint64 seedIndex);

    /// @notice The timelock gave a group that had fallen silent new members. Precedes its `EpochStarted`.
    event GroupRescued(uint32 indexed group, uint64 indexed epoch);

    /// @notice A group's log made a seed.
    event SeedPosted(uint32 indexed group, uint64 indexed index, bytes32 value, uint64 afterBlock);

    /// @notice `minSeats` is out of bounds.
    error MinSeatsInvalid(uint256 given, uint256 least, uint256 most);

    /// @notice Only the founder bootstraps.
    error NotFounder(address caller, address founder);

    /// @notice The root group exists.
    error AlreadyBootstrapped();

    /// @notice The caller does not own the node.
    error NotNodeOwner(uint256 node, address caller, address owner);

    /// @notice The node's registry entry does not offer the role ARCHIVE.
    error NotArchiveNode(uint256 node);

    /// @notice The node's stake carries no seat, or it is barred.
    error NoCapacity(uint256 node, uint256 capacity);

    /// @notice The node waits already, or has a seat.
    error AlreadyAsked(uint256 node, uint32 group);

    /// @notice The node has not asked for a seat, or has none to leave.
    error NotAsked(uint256 node);

    /// @notice The node waits to be placed in another group (zero: no seed has placed it yet).
    error PlacedElsewhere(uint256 node, uint32 placed, uint32 group);

    /// @notice There is no such group.
    error UnknownGroup(uint32 group);

    /// @notice The group split, and does not work any more.
    error GroupIsSplit(uint32 group);

    /// @notice The epoch is neither current nor, where that counts, the previous one within 24 hours.
    error EpochNotCurrent(uint32 group, uint64 epoch, uint64 current);

    /// @notice Only the timelock rescues.
    error NotTimelock(address caller, address timelock);

    /// @notice The group has given a sign of life less than `SILENCE` ago.
    /// @param from When it may be rescued if it gives none until then.
    error GroupAlive(uint32 group, uint256 from);

    /// @notice The group does not keep the chain, and, where that counts, did not.
    error NotKeeper(bytes32 chain, uint32 group, uint32 keeper);

    /// @notice The bitmap names a seat that the epoch does not have.
    error SeatUnknown(uint256 bitmap, uint256 seats);

    /// @notice Too few seats signed.
    error QuorumMissing(uint256 signers, uint256 needed);

    /// @notice There must be exactly 64 bytes for each seat that signed.
    error SignaturesLengthInvalid(uint256 length, uint256 expected);

    /// @notice The signature for a seat is not that of its signer, or its s is high.
    error SignatureInvalid(uint256 seat);

    /// @notice Too few or too many nodes.
    error NodeCountInvalid(uint256 given, uint256 least, uint256 most);

    /// @notice Node ids must ascend, each once.
    error NodesNotAscending(uint256 node, uint256 next);

    /// @notice Groups cannot split deeper.
    error TooDeep(uint32 group, uint256 depth);

    /// @notice The seed is not the next one.
    error SeedIndexInvalid(uint64 given, uint64 expected);

    /// @notice A seed's block lies in the future, or before that of the seed before.
    error SeedBlockInvalid(uint64 given, uint64 least, uint64 most);

    /// @notice The seed was made before the last of the new nodes had asked.
    error SeedTooOld(uint64 index, uint64 askedAt);

    /// @notice A seed is never zero.
    error SeedZero();

    /// @notice Seconds for which an epoch's certificates count after the next one began, or the group split.
    function GRACE() external view returns (uint256);

    /// @notice Seconds for which `verifyLateFor` counts an epoch's certificates after it ended: 14 days. A week before
    ///         stake that left at the end of the epoch can be withdrawn.
    function LATE_GRACE() external view returns (uint256);

    /// @notice Seconds without a sign of life after which a group may be rescued: 30 days.
    function SILENCE() external view returns (uint256);

    /// @notice How often groups can split one below the other.
    function MAX_DEPTH() external view returns (uint256);

    /// @notice The fewest seats of a group. 10 in production.
    function minSeats() external view returns (uint256);

    /// @notice The most seats of a group: `2 * minSeats() - 1`.
    function maxSeats() external view returns (uint256);

    /// @notice How many groups there are, those that split included. Ids run from 1.
    function groupCount() external view returns (uint32);

    // --- certificates ---

    /// @notice Reverts unless `certificate` holds valid signatures of more than two thirds of the seats of a current
    ///         or, for 24 hours, previous epoch over `digest`. A group that split counts for as long.
    /// @dev Low s is enforced: each signature has one form. Costs about 7,200 gas, and 3,400 for each signer besides
    ///      the 1,024 that its 64 bytes of calldata cost.
    /// @param digest The EIP-712 digest of the contract that asks. It must cover `certificate.group` and `.epoch`.
    function verify(bytes32 digest, Certificate calldata certificate) external view;

    /// @notice As `verify`, and reverts unless the certificate's group keeps `chain`, or did until it split less than
    ///         24 hours ago.
    /// @param chain The chain's id.
    /// @param home The group that the chain was given to: it, or the descendant that the chain fell to in splits,
    ///             must have signed.
    function verifyFor(bytes32 chain, uint32 home, bytes32 digest, Certificate calldata certificate)
        external
        view;

    /// @notice As `verifyFor`, and counts every epoch that ended less than `LATE_GRACE` ago, of every group that kept
    ///         `chain` since it was given to `home`. For forced exits alone: there the word of an older epoch stands
    ///         only as long as no newer one speaks.
    /// @return rank Grows with every epoch and split of the chain's line: depth << 40 | epoch.
    function verifyLateFor(bytes32 chain, uint32 home, bytes32 digest, Certificate calldata certificate)
        external
        view
        returns (uint64 rank);

    // --- who keeps what ---

    /// @notice The group that a new chain falls to; zero before the root group is formed.
    function groupOf(bytes32 chain) external view returns (uint32 group);

    /// @notice The group that keeps a chain which was once given to `home`.
    function keeperOf(bytes32 chain, uint32 home) external view returns (uint32 group);

    /// @notice The group that `group` was split from; zero for the root.
    function parentOf(uint32 group) external view returns (uint32);

    /// @notice The groups that `group` split into; zero when it has not.
    function childrenOf(uint32 group) external view returns (uint32 left, uint32 right);

    /// @notice The seed that divided the nodes of `group` when it split; zero when it has not.
    function splitSeedOf(uint32 group) external view returns (bytes32 value);

    /// @notice The nodes of a group's current epoch, by seat; none when it split.
    function members(uint32 group) external view returns (uint256[] memory nodes);

    /// @notice The wallets that sign for a group's current epoch, by seat; none when it split.
    function signersOf(uint32 group) external view returns (address[] memory signers);

    /// @notice A group's current epoch, its last one when it split. Zero when there is no such group.
    function epochOf(uint32 group) external view returns (uint64);

    /// @notice Where a node stands.
    function placeOf(uint256 node) external view returns (Place memory);

    /// @notice The group that the roulette placed a node in that waits; zero when no seed has yet.
    function drawnFor(uint256 node) external view returns (uint32 group);

    /// @notice Half of what the group's seven smallest bonded stakes are together, in 10^-18 CoNET; of all of them when
    ///         the group has fewer. Live face in the group must stay below what this is worth.
    function exposureStake(uint32 group) external view returns (uint256);

    // --- seats ---

    /// @notice Asks for a seat. The node's owner calls; the node must offer ARCHIVE and have stake for the seat.
    function join(uint256 node) external;

    /// @notice Stops waiting, or asks to be left out of the next epoch. The node's owner calls.
    function resign(uint256 node) external;

    /// @notice Forms the root group, once. Only the founder. All of `nodes` must have asked to join.
    function bootstrap(uint256[] calldata nodes) external;

    /// @notice Begins a group's next epoch, by a certificate of its current one. Anyone may submit it.
    /// @param nodes All nodes of the next epoch, ascending. Who is new must have asked and been placed in this group;
    ///              who is missing gives up its seat, whether it asked, was barred or fell silent: the group says.
    ///              One new node that is not fit any more makes all fail: the group certifies a list without it.
    /// @param stateHash What the group says that it handed over: the next epoch's nodes hold it.
    function handover(uint256[] calldata nodes, bytes32 stateHash, Certificate calldata certificate) external;

    /// @notice Gives a group new members that has lost a third of its seats or more, and so can certify nothing, not
    ///         even a handover. Only the timelock, and only after `SILENCE`: any group that works stops it by posting
    ///         a seed.
    /// @dev Emits `GroupRescued` and `EpochStarted`. Reverts with `NotTimelock`, `UnknownGroup`, `GroupIsSplit`,
    ///      `GroupAlive`, `NoCapacity`, or as `handover` does. Those who are left out give up their seats.
    /// @param nodes All nodes of the next epoch, ascending: each has stake for a seat, and sits in this group or waits,
    ///              wherever the roulette placed it.
    /// @param stateHash What they are to begin with: those who kept the chains' last final blocks say.
    function rescue(uint32 group, uint256[] calldata nodes, bytes32 stateHash) external;

    /// @notice When the main chain last accepted an epoch or a seed of the group, unix seconds.
    function lastSignOfLife(uint32 group) external view returns (uint256);

    /// @notice Splits a group in two, by a certificate of its current epoch. Anyone may submit it.
    /// @dev The nodes are sorted by keccak256(abi.encode(seed, node id)), compared by its first 24 bytes and then by
    ///      id. The lower half (rounded down) becomes the left child, the rest the right one: as random as a bit of
    ///      the hash each, and both are always large enough.
    /// @param nodes All nodes of both halves, `2 * minSeats()` at least; new ones as in `handover`.
    /// @param seedIndex A seed of this group, made after the join of every new node.
    /// @param stateHash As in `handover`.
    function split(
        uint256[] calldata nodes,
        uint64 seedIndex,
        bytes32 stateHash,
        Certificate calldata certificate
    ) external;

    /// @notice What seats sign for `handover`.
    function handoverDigest(uint256[] calldata nodes, bytes32 stateHash, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);

    /// @notice What seats sign for `split`.
    function splitDigest(
        uint256[] calldata nodes,
        uint64 seedIndex,
        bytes32 stateHash,
        uint32 group,
        uint64 epoch
    ) external view returns (bytes32);

    // --- seeds ---

    /// @notice Posts a group's next seed. Anyone may submit it. A group that split posts no more.
    /// @param index `seedCount` of the certificate's group.
    /// @param value The seed. Not zero.
    /// @param afterBlock The newest main-chain block that the log knew as final before. Never decreases.
    function postSeed(uint64 index, bytes32 value, uint64 afterBlock, Certificate calldata certificate)
        external;

    /// @notice What seats sign for `postSeed`.
    function seedDigest(uint64 index, bytes32 value, uint64 afterBlock, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);

    /// @notice How many seeds a group's log has posted. Their indices have no gaps, so nobody can leave one out. A
    ///         child's begin at 0; its first is not older than its parent's last.
    function seedCount(uint32 group) external view returns (uint64);

    /// @notice A group's seed, by index from 0. All zero when not posted yet.
    function seed(uint32 group, uint64 index) external view returns (Seed memory);

    /// @notice The first seed made after main-chain block `blockNumber`. When the group split before it made one, its
    ///         left child's counts (and so on), so that what waits for a seed gets one, and only one.
    /// @return found Whether there is one yet. Once there is, it never changes.
    /// @return first The seed.
    function firstSeedAfter(uint32 group, uint64 blockNumber)
        external
        view
        returns (bool found, Seed memory first);
}
