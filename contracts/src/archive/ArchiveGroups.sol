// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, Place, ROOT_GROUP, Seed} from "../interfaces/IArchiveGroups.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {CertifiedData} from "../libraries/CertifiedData.sol";
import {Seats} from "../libraries/Seats.sol";
import {Certificate} from "../types/Certificate.sol";
import {Contracts} from "../types/Contracts.sol";
import {ARCHIVE} from "../types/Roles.sol";
import {ArchiveTree} from "./ArchiveTree.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {LibSort} from "solady/utils/LibSort.sol";

/// @title ArchiveGroups
/// @notice The archive groups. See `IArchiveGroups`.
contract ArchiveGroups is ArchiveTree {
    /// @dev A group of three cannot lose anyone; the bitmap has 32 bits.
    uint256 private constant LEAST_MIN_SEATS = 4;
    uint256 private constant MOST_MIN_SEATS = 16;

    /// @dev How many of the smallest stakes count in `exposureStake`.
    uint256 private constant EXPOSED = 7;

    /// @inheritdoc IArchiveGroups
    uint256 public constant SILENCE = 30 days;

    address private immutable _TIMELOCK;
    INodeRegistry private immutable _REGISTRY;
    IStaking private immutable _STAKING;
    address private immutable _FOUNDER;

    /// @inheritdoc IArchiveGroups
    uint256 public immutable minSeats;

    mapping(uint256 node => Place) private _places;

    constructor(Contracts memory all, uint256 minSeats_, address founder) EIP712("CoNET ArchiveGroups", "1") {
        if (minSeats_ < LEAST_MIN_SEATS || minSeats_ > MOST_MIN_SEATS) {
            revert MinSeatsInvalid(minSeats_, LEAST_MIN_SEATS, MOST_MIN_SEATS);
        }
        _TIMELOCK = all.timelock;
        _REGISTRY = INodeRegistry(all.nodeRegistry);
        _STAKING = IStaking(all.staking);
        // Zero founds nothing: then nobody may bootstrap.
        // slither-disable-next-line missing-zero-check
        _FOUNDER = founder;
        minSeats = minSeats_;
    }

    // --- seats ---

    /// @inheritdoc IArchiveGroups
    function join(uint256 node) external {
        _checkOwner(node);
        Place storage place = _places[node];
        if (place.waiting || place.group != 0) revert AlreadyAsked(node, place.group);
        if (!_REGISTRY.rolesOf(node).contains(ARCHIVE)) revert NotArchiveNode(node);
        uint256 capacity = _STAKING.capacity(node, ARCHIVE);
        if (capacity == 0) revert NoCapacity(node, capacity);

        place.waiting = true;
        // A place is drawn once in a node's life.
        if (place.drawnAfter == 0) place.drawnAfter = uint64(block.number);

        emit JoinAsked(node, place.drawnAfter);
    }

    /// @inheritdoc IArchiveGroups
    function resign(uint256 node) external {
        _checkOwner(node);
        Place storage place = _places[node];
        if (place.waiting) {
            place.waiting = false;
            emit JoinWithdrawn(node);
        } else {
            if (place.group == 0) revert NotAsked(node);
            place.leaving = true;
            emit ResignationAsked(node, place.group);
        }
    }

    /// @inheritdoc IArchiveGroups
    function bootstrap(uint256[] calldata nodes) external {
        if (msg.sender != _FOUNDER) revert NotFounder(msg.sender, _FOUNDER);
        if (groupCount != 0) revert AlreadyBootstrapped();
        _checkNodes(nodes, minSeats, maxSeats());

        groupCount = ROOT_GROUP;
        _begin(ROOT_GROUP, nodes, bytes32(0));
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (!_places[nodes[i]].waiting) revert NotAsked(nodes[i]);
            _seat(nodes[i], ROOT_GROUP);
        }
    }

    /// @inheritdoc IArchiveGroups
    function handover(uint256[] calldata nodes, bytes32 stateHash, Certificate calldata certificate)
        external
    {
        uint32 group = certificate.group;
        _checkCurrent(certificate);
        _checkNodes(nodes, minSeats, maxSeats());
        verify(handoverDigest(nodes, stateHash, group, certificate.epoch), certificate);

        _replace(group, nodes, stateHash, false);
    }

    /// @inheritdoc IArchiveGroups
    function rescue(uint32 group, uint256[] calldata nodes, bytes32 stateHash) external {
        if (msg.sender != _TIMELOCK) revert NotTimelock(msg.sender, _TIMELOCK);
        if (_groups[group].current.number == 0) revert UnknownGroup(group);
        if (_groups[group].current.split) revert GroupIsSplit(group);
        uint256 from = lastSignOfLife(group) + SILENCE;
        if (block.timestamp < from) revert GroupAlive(group, from);
        _checkNodes(nodes, minSeats, maxSeats());
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (_STAKING.capacity(nodes[i], ARCHIVE) == 0) revert NoCapacity(nodes[i], 0);
        }

        emit GroupRescued(group, _groups[group].current.number + 1);
        _replace(group, nodes, stateHash, true);
    }

    /// @inheritdoc IArchiveGroups
    // Seats are the staking's, which calls nobody.
    // slither-disable-next-line reentrancy-no-eth
    function split(
        uint256[] calldata nodes,
        uint64 seedIndex,
        bytes32 stateHash,
        Certificate calldata certificate
    ) external {
        uint32 group = certificate.group;
        Group storage parent = _groups[group];
        _checkCurrent(certificate);
        _checkNodes(nodes, 2 * minSeats, 2 * maxSeats());
        if (parent.depth == MAX_DEPTH) revert TooDeep(group, parent.depth);
        if (seedIndex >= _seeds[group].length) revert SeedIndexInvalid(seedIndex, seedCount(group));
        verify(splitDigest(nodes, seedIndex, stateHash, group, certificate.epoch), certificate);

        uint64 newest = _reseat(group, members(group), nodes, false);
        if (_seeds[group][seedIndex].afterBlock < newest) revert SeedTooOld(seedIndex, newest);
        (uint256[] memory leftNodes, uint256[] memory rightNodes) =
            _divide(_seeds[group][seedIndex].value, nodes);
        uint32 left = _beget(group, leftNodes, stateHash);
        uint32 right = _beget(group, rightNodes, stateHash);
        parent.left = left;
        parent.right = right;
        parent.splitSeed = seedIndex;
        parent.current.split = true;
        parent.current.since = uint40(block.timestamp);

        emit GroupSplit(group, left, right, seedIndex);
    }

    // --- views ---

    /// @inheritdoc IArchiveGroups
    function lastSignOfLife(uint32 group) public view returns (uint256 time) {
        time = _groups[group].current.since;
        uint256 count = _seeds[group].length;
        if (count != 0) time = Math.max(time, _seeds[group][count - 1].acceptedAt);
    }

    /// @inheritdoc IArchiveGroups
    function placeOf(uint256 node) external view returns (Place memory) {
        return _places[node];
    }

    /// @inheritdoc IArchiveGroups
    function drawnFor(uint256 node) public view returns (uint32 group) {
        if (!_places[node].waiting) revert NotAsked(node);
        (bool found, Seed memory first) = firstSeedAfter(ROOT_GROUP, _places[node].drawnAfter);
        if (found) (group,) = _fall(ROOT_GROUP, _draw(first.value, node));
    }

    /// @inheritdoc IArchiveGroups
    function exposureStake(uint32 group) external view returns (uint256 stake) {
        uint256[] memory nodes = members(group);
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = _STAKING.bonded(nodes[i], ARCHIVE);
        }
        LibSort.insertionSort(nodes);
        for (uint256 i = 0; i < nodes.length && i < EXPOSED; ++i) {
            stake += nodes[i];
        }
        stake /= 2;
    }

    /// @inheritdoc IArchiveGroups
    function maxSeats() public view returns (uint256) {
        return 2 * minSeats - 1;
    }

    /// @inheritdoc IArchiveGroups
    function handoverDigest(uint256[] calldata nodes, bytes32 stateHash, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(CertifiedData.hashHandover(nodes, stateHash, group, epoch));
    }

    /// @inheritdoc IArchiveGroups
    function splitDigest(
        uint256[] calldata nodes,
        uint64 seedIndex,
        bytes32 stateHash,
        uint32 group,
        uint64 epoch
    ) public view returns (bytes32) {
        return _hashTypedDataV4(CertifiedData.hashSplit(nodes, seedIndex, stateHash, group, epoch));
    }

    // --- parts ---

    /// @dev Halves `nodes` by their hashes; each half ascends. The last 8 bytes of a key carry the id.
    function _divide(bytes32 value, uint256[] calldata nodes)
        private
        pure
        returns (uint256[] memory left, uint256[] memory right)
    {
        uint256[] memory keys = new uint256[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            keys[i] = ((uint256(_draw(value, nodes[i])) >> 64) << 64) | nodes[i];
        }
        LibSort.insertionSort(keys);
        uint256 half = nodes.length / 2;
        left = new uint256[](half);
        right = new uint256[](nodes.length - half);
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (i < half) left[i] = uint64(keys[i]);
            else right[i - half] = uint64(keys[i]);
        }
        LibSort.insertionSort(left);
        LibSort.insertionSort(right);
    }

    /// @dev Makes a child of `group`, with nodes that have their seats already.
    function _beget(uint32 group, uint256[] memory nodes, bytes32 stateHash) private returns (uint32 child) {
        child = ++groupCount;
        _groups[child].parent = group;
        _groups[child].depth = _groups[group].depth + 1;
        _groups[child].seedFloor = _lastSeedBlock(group);
        _begin(child, nodes, stateHash);
        for (uint256 i = 0; i < nodes.length; ++i) {
            _places[nodes[i]].group = child;
        }
    }

    /// @dev Begins the next epoch of `group`.
    function _begin(uint32 group, uint256[] memory nodes, bytes32 stateHash) private {
        address[] memory signers = new address[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            signers[i] = _REGISTRY.walletOf(nodes[i]);
            // Retired: all that it had staked was slashed. Nobody could sign for it.
            if (signers[i] == address(0)) revert NotArchiveNode(nodes[i]);
        }
        Epoch storage current = _groups[group].current;
        uint40 number = current.number + 1;
        _groups[group].current = Epoch({
            number: number,
            since: uint40(block.timestamp),
            pointer: Seats.write(nodes, signers),
            // At most `maxSeats`, which is below 32.
            seats: uint8(nodes.length),
            split: false
        });

        emit EpochStarted(group, number, stateHash, nodes, signers);
    }

    /// @dev Ends the epoch of `group` and begins the next with `nodes`.
    function _replace(uint32 group, uint256[] calldata nodes, bytes32 stateHash, bool anywhere) private {
        uint256[] memory before = members(group);
        Epoch memory over = _groups[group].current;
        over.since = uint40(block.timestamp);
        _past[group][over.number] = over;
        _begin(group, nodes, stateHash);
        _reseat(group, before, nodes, anywhere);
    }

    /// @dev Gives and takes seats so that `nodes` have them. Both lists ascend. New ones must have been placed in this
    ///      group, or may be `anywhere`. Returns the block of the last of the new ones' joins.
    // The registry and the staking call nobody.
    // slither-disable-next-line reentrancy-no-eth
    function _reseat(uint32 group, uint256[] memory before, uint256[] calldata nodes, bool anywhere)
        private
        returns (uint64 newest)
    {
        uint256 i = 0;
        uint256 j = 0;
        while (i < before.length || j < nodes.length) {
            if (j == nodes.length || (i < before.length && before[i] < nodes[j])) {
                delete _places[before[i]].group;
                delete _places[before[i]].leaving;
                _STAKING.releaseSeat(before[i++], ARCHIVE);
            } else if (i == before.length || nodes[j] < before[i]) {
                uint32 drawn = drawnFor(nodes[j]);
                if (drawn != group && !anywhere) revert PlacedElsewhere(nodes[j], drawn, group);
                uint64 drawnAfter = _places[nodes[j]].drawnAfter;
                if (drawnAfter > newest) newest = drawnAfter;
                _seat(nodes[j++], group);
            } else {
                ++i;
                ++j;
            }
        }
    }

    /// @dev Gives a node that waits its seat. `takeSeat` refuses the barred and those without stake for it.
    function _seat(uint256 node, uint32 group) private {
        if (!_REGISTRY.rolesOf(node).contains(ARCHIVE)) revert NotArchiveNode(node);
        _places[node].waiting = false;
        _places[node].group = group;
        _STAKING.takeSeat(node, ARCHIVE);
    }

    // --- checks ---

    /// @dev Only the current epoch decides who comes next.
    function _checkCurrent(Certificate calldata certificate) private view {
        Epoch memory current = _groups[certificate.group].current;
        if (current.split) revert GroupIsSplit(certificate.group);
        if (certificate.epoch != current.number) {
            revert EpochNotCurrent(certificate.group, certificate.epoch, current.number);
        }
    }

    function _checkNodes(uint256[] calldata nodes, uint256 least, uint256 most) private pure {
        if (nodes.length < least || nodes.length > most) {
            revert NodeCountInvalid(nodes.length, least, most);
        }
        for (uint256 i = 1; i < nodes.length; ++i) {
            if (nodes[i - 1] >= nodes[i]) revert NodesNotAscending(nodes[i - 1], nodes[i]);
        }
    }

    function _checkOwner(uint256 node) private view {
        address owner = _REGISTRY.ownerOf(node);
        if (msg.sender != owner) revert NotNodeOwner(node, msg.sender, owner);
    }
}
