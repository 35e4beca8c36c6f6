// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP, Seed} from "../interfaces/IArchiveGroups.sol";
import {CertifiedData} from "../libraries/CertifiedData.sol";
import {Seats} from "../libraries/Seats.sol";
import {Certificate} from "../types/Certificate.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title ArchiveTree
/// @notice The tree of archive groups, what they certify and the seeds they make: all of `IArchiveGroups` that asks who
///         sits in a group, and nothing that decides it.
abstract contract ArchiveTree is IArchiveGroups, EIP712 {
    /// @dev One word, so that a certificate costs one read of storage. `split` is set in the last epoch of a group
    ///      that works no more. `since` is when the epoch began; of one that is over, or split, when it ended.
    struct Epoch {
        uint40 number;
        uint40 since;
        address pointer;
        uint8 seats;
        bool split;
    }

    /// @dev `seedFloor` is the parent's last seed's `afterBlock`; `splitSeed` the index of the seed of its own split.
    struct Group {
        Epoch current;
        uint32 parent;
        uint32 left;
        uint32 right;
        uint8 depth;
        uint64 seedFloor;
        uint64 splitSeed;
    }

    /// @inheritdoc IArchiveGroups
    uint256 public constant GRACE = 24 hours;

    /// @inheritdoc IArchiveGroups
    uint256 public constant LATE_GRACE = 14 days;

    /// @inheritdoc IArchiveGroups
    uint256 public constant MAX_DEPTH = 32;

    /// @inheritdoc IArchiveGroups
    uint32 public groupCount;

    mapping(uint32 group => Group) internal _groups;
    mapping(uint32 group => Seed[]) internal _seeds;

    /// @dev Epochs that are over.
    mapping(uint32 group => mapping(uint256 number => Epoch)) internal _past;

    // --- certificates ---

    /// @inheritdoc IArchiveGroups
    function verify(bytes32 digest, Certificate calldata certificate) public view {
        Group storage group = _groups[certificate.group];
        Epoch memory epoch = group.current;
        if (epoch.number == 0) revert UnknownGroup(certificate.group);
        uint256 current = epoch.number;
        bool graceful = block.timestamp < epoch.since + GRACE;
        if (certificate.epoch != current || (epoch.split && !graceful)) {
            // Before the first epoch there was none; after a split, the last epoch is the previous one.
            if (certificate.epoch != current - 1 || current == 1 || !graceful || epoch.split) {
                revert EpochNotCurrent(certificate.group, certificate.epoch, epoch.number);
            }
            epoch = _past[certificate.group][certificate.epoch];
        }
        Seats.check(epoch.pointer, epoch.seats, digest, certificate.seats, certificate.signatures);
    }

    /// @inheritdoc IArchiveGroups
    function verifyFor(bytes32 chain, uint32 home, bytes32 digest, Certificate calldata certificate)
        external
        view
    {
        (uint32 keeper, uint32 before) = _fall(home, chain);
        // What a group signed before it split stays good for as long as what it signed in a previous epoch.
        if (certificate.group != keeper && certificate.group != before) {
            revert NotKeeper(chain, certificate.group, keeper);
        }
        verify(digest, certificate);
    }

    /// @inheritdoc IArchiveGroups
    function verifyLateFor(bytes32 chain, uint32 home, bytes32 digest, Certificate calldata certificate)
        external
        view
        returns (uint64 rank)
    {
        uint32 signer = certificate.group;
        Epoch memory epoch = _groups[signer].current;
        uint256 depth = _groups[signer].depth;
        // Every group on the way from the home down kept the chain once.
        if (epoch.number == 0 || depth < _groups[home].depth || _fallTo(home, chain, depth) != signer) {
            (uint32 keeper,) = _fall(home, chain);
            revert NotKeeper(chain, signer, keeper);
        }
        bool over = epoch.split || certificate.epoch != epoch.number;
        if (certificate.epoch != epoch.number) epoch = _past[signer][certificate.epoch];
        if (epoch.number == 0 || (over && block.timestamp >= epoch.since + LATE_GRACE)) {
            revert EpochNotCurrent(signer, certificate.epoch, _groups[signer].current.number);
        }
        Seats.check(epoch.pointer, epoch.seats, digest, certificate.seats, certificate.signatures);
        // An epoch's number has 40 bits, a depth of at most 32 has six.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(depth << 40 | epoch.number);
    }

    // --- seeds ---

    /// @inheritdoc IArchiveGroups
    function postSeed(uint64 index, bytes32 value, uint64 afterBlock, Certificate calldata certificate)
        external
    {
        uint32 group = certificate.group;
        if (_groups[group].current.split) revert GroupIsSplit(group);
        if (index != seedCount(group)) revert SeedIndexInvalid(index, seedCount(group));
        uint64 least = _lastSeedBlock(group);
        if (afterBlock < least || afterBlock >= block.number) {
            revert SeedBlockInvalid(afterBlock, least, uint64(block.number - 1));
        }
        if (value == bytes32(0)) revert SeedZero();
        verify(seedDigest(index, value, afterBlock, group, certificate.epoch), certificate);

        _seeds[group].push(Seed(value, afterBlock, uint64(block.timestamp)));

        emit SeedPosted(group, index, value, afterBlock);
    }

    /// @inheritdoc IArchiveGroups
    function firstSeedAfter(uint32 group, uint64 blockNumber)
        public
        view
        returns (bool found, Seed memory first)
    {
        for (;;) {
            Seed[] storage seeds = _seeds[group];
            uint256 high = seeds.length;
            if (high != 0 && seeds[high - 1].afterBlock >= blockNumber) {
                uint256 low = 0;
                --high;
                // The answer is in [low, high]: at most 64 rounds.
                while (low < high) {
                    uint256 middle = (low + high) / 2;
                    if (seeds[middle].afterBlock >= blockNumber) high = middle;
                    else low = middle + 1;
                }
                return (true, seeds[low]);
            }
            // At most `MAX_DEPTH` rounds.
            group = _groups[group].left;
            if (group == 0) return (false, first);
        }
    }

    // --- views ---

    /// @inheritdoc IArchiveGroups
    function groupOf(bytes32 chain) external view returns (uint32 group) {
        if (groupCount != 0) (group,) = _fall(ROOT_GROUP, chain);
    }

    /// @inheritdoc IArchiveGroups
    function keeperOf(bytes32 chain, uint32 home) external view returns (uint32 group) {
        if (_groups[home].current.number == 0) revert UnknownGroup(home);
        (group,) = _fall(home, chain);
    }

    /// @inheritdoc IArchiveGroups
    function parentOf(uint32 group) external view returns (uint32) {
        return _groups[group].parent;
    }

    /// @inheritdoc IArchiveGroups
    function childrenOf(uint32 group) external view returns (uint32 left, uint32 right) {
        return (_groups[group].left, _groups[group].right);
    }

    /// @inheritdoc IArchiveGroups
    function splitSeedOf(uint32 group) external view returns (bytes32 value) {
        if (_groups[group].current.split) value = _seeds[group][_groups[group].splitSeed].value;
    }

    /// @inheritdoc IArchiveGroups
    function members(uint32 group) public view returns (uint256[] memory nodes) {
        Epoch memory epoch = _groups[group].current;
        if (epoch.number != 0 && !epoch.split) nodes = Seats.readNodes(epoch.pointer, epoch.seats);
    }

    /// @inheritdoc IArchiveGroups
    function signersOf(uint32 group) external view returns (address[] memory signers) {
        Epoch memory epoch = _groups[group].current;
        if (epoch.number != 0 && !epoch.split) signers = Seats.readSigners(epoch.pointer, epoch.seats);
    }

    /// @inheritdoc IArchiveGroups
    function epochOf(uint32 group) external view returns (uint64) {
        return _groups[group].current.number;
    }

    /// @inheritdoc IArchiveGroups
    function seedCount(uint32 group) public view returns (uint64) {
        return uint64(_seeds[group].length);
    }

    /// @inheritdoc IArchiveGroups
    function seed(uint32 group, uint64 index) external view returns (Seed memory posted) {
        if (index < _seeds[group].length) posted = _seeds[group][index];
    }

    /// @inheritdoc IArchiveGroups
    function seedDigest(uint64 index, bytes32 value, uint64 afterBlock, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(CertifiedData.hashSeed(index, value, afterBlock, group, epoch));
    }

    // --- the tree ---

    /// @dev Where `hash` falls from `group` on, and the group right above when there is one on the way.
    function _fall(uint32 group, bytes32 hash) internal view returns (uint32 leaf, uint32 before) {
        leaf = group;
        // At most `MAX_DEPTH` rounds.
        while (_groups[leaf].current.split) {
            Group storage inner = _groups[leaf];
            before = leaf;
            leaf = (uint256(hash) >> (255 - inner.depth)) & 1 == 0 ? inner.left : inner.right;
        }
    }

    /// @dev Where `hash` falls from `group` to at `depth`, or before when the tree ends there.
    function _fallTo(uint32 group, bytes32 hash, uint256 depth) internal view returns (uint32) {
        // At most `MAX_DEPTH` rounds.
        while (_groups[group].depth < depth && _groups[group].current.split) {
            Group storage inner = _groups[group];
            group = (uint256(hash) >> (255 - inner.depth)) & 1 == 0 ? inner.left : inner.right;
        }
        return group;
    }

    function _draw(bytes32 value, uint256 node) internal pure returns (bytes32) {
        return keccak256(abi.encode(value, node));
    }

    function _lastSeedBlock(uint32 group) internal view returns (uint64) {
        uint256 count = _seeds[group].length;
        return count == 0 ? _groups[group].seedFloor : _seeds[group][count - 1].afterBlock;
    }
}
