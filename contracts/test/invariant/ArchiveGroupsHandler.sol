// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP, Seed} from "../../src/interfaces/IArchiveGroups.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {Certificate} from "../../src/types/Certificate.sol";
import {ARCHIVE} from "../../src/types/Roles.sol";
import {Archive} from "../Archive.sol";
import {LibSort} from "solady/utils/LibSort.sol";

/// @dev A whole main chain of its own. Nodes join, resign and are barred at random; groups take in, drop, split and post
///      seeds within the rules. What must fail is tried, too: when it does not, `violation` says what happened.
contract ArchiveGroupsHandler is Archive {
    uint256 internal constant MAX_NODES = 40;

    string public violation;

    uint256[] public nodes;
    uint32[] public leaves;

    /// @dev The answer that each question for a seed had when it first had one.
    mapping(uint32 group => mapping(uint64 number => bytes32 value)) public answered;
    uint32[] public askedGroups;
    uint64[] public askedBlocks;

    uint256 public splits;
    uint256 public handovers;
    uint256 public replays;

    function archiveMinSeats() internal pure override returns (uint256) {
        return 4;
    }

    function start() external {
        setUp();
        uint256[] memory first = groups.members(ROOT_GROUP);
        for (uint256 i = 0; i < first.length; ++i) {
            nodes.push(first[i]);
        }
        leaves.push(ROOT_GROUP);
    }

    function groupsAddress() external view returns (address) {
        return address(groups);
    }

    function stakingAddress() external view returns (address) {
        return all.staking;
    }

    function nodeCount() external view returns (uint256) {
        return nodes.length;
    }

    function leafCount() external view returns (uint256) {
        return leaves.length;
    }

    function askedCount() external view returns (uint256) {
        return askedGroups.length;
    }

    // --- what happens ---

    function enter(uint256 count) external {
        for (uint256 i = 0; i < count % 5 + 1 && nodes.length < MAX_NODES; ++i) {
            uint256 node = newArchiveNode(1);
            nodes.push(node);
            join(node);
        }
        step();
    }

    function rejoin(uint256 random) external {
        uint256 node = nodes[random % nodes.length];
        if (groups.placeOf(node).waiting || groups.placeOf(node).group != 0) return;
        if (IStaking(all.staking).capacity(node, ARCHIVE) == 0) return;
        join(node);
        step();
    }

    function resign(uint256 random) external {
        uint256 node = nodes[random % nodes.length];
        if (!groups.placeOf(node).waiting && groups.placeOf(node).group == 0) return;
        vm.prank(archiveOwner);
        groups.resign(node);
    }

    function bar(uint256 random) external {
        if (random % 4 == 0) barNode(nodes[random / 4 % nodes.length]);
    }

    function seed(uint256 random) external {
        step();
        seedNow(leaves[random % leaves.length], keccak256(abi.encode(random, block.number)));
    }

    /// @dev Asks for a seed now, as an order would.
    function ask(uint256 random) external {
        // forge-lint: disable-next-line(unsafe-typecast)
        askedGroups.push(uint32(random % groups.groupCount() + 1));
        askedBlocks.push(uint64(block.number));
        step();
    }

    /// @dev Drops some, takes in all that fit, and splits when there are enough.
    function change(uint256 random, uint256 drop) external {
        uint32 group = leaves[random % leaves.length];
        uint256[] memory before = groups.members(group);
        uint256[] memory next = before;
        for (uint256 i = 0; i < before.length && next.length > 4; ++i) {
            bool wanted = IStaking(all.staking).capacity(before[i], ARCHIVE) != 0 && (drop >> i) & 3 != 0;
            if (!wanted) next = LibSort.difference(next, one(before[i]));
        }
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (fits(nodes[i], group)) next = LibSort.union(next, one(nodes[i]));
        }
        if (next.length > 14) return;
        step();
        bytes32 state = bytes32(random);
        if (next.length < 8) {
            uint64 epoch = groups.epochOf(group);
            bytes32 digest = groups.handoverDigest(next, state, group, epoch);
            groups.handover(next, state, certify(digest, group));
            remember(group);
            ++handovers;
            tryReplay(next, state, group, epoch, before.length);
        } else {
            seedNow(group, keccak256(abi.encode("split", random)));
            (uint32 left, uint32 right) = split(group, next);
            leaves[random % leaves.length] = left;
            leaves.push(right);
            ++splits;
            tryHandover(group, next);
        }
        answer();
    }

    /// @dev Whoever did not ask, sits elsewhere, is barred or not placed here gets no seat.
    function intrude(uint256 random, uint256 which) external {
        uint32 group = leaves[random % leaves.length];
        uint256 node = nodes[which % nodes.length];
        uint256[] memory next = LibSort.union(groups.members(group), one(node));
        if (groups.placeOf(node).group == group || fits(node, group)) return;
        tryHandover(group, next);
    }

    function wait_(uint256 seconds_) external {
        vm.warp(block.timestamp + seconds_ % 2 days);
        step();
    }

    // --- parts ---

    function fits(uint256 node, uint32 group) private view returns (bool) {
        return groups.placeOf(node).waiting && groups.drawnFor(node) == group
            && IStaking(all.staking).capacity(node, ARCHIVE) != 0;
    }

    /// @dev Certificates of another epoch, group or contract are worth nothing for who comes next.
    function tryReplay(uint256[] memory next, bytes32 state, uint32 group, uint64 epoch, uint256 seats)
        private
    {
        bytes32 digest = groups.handoverDigest(next, state, group, epoch);
        // forge-lint: disable-next-line(incorrect-shift)
        uint32 quorum = uint32((1 << quorumOf(seats)) - 1);
        try groups.handover(next, state, certifyAs(digest, group, epoch, quorum)) {
            violation = "a handover counted twice";
        } catch {
            ++replays;
        }
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (leaves[i] == group) continue;
            digest = groups.handoverDigest(next, state, group, groups.epochOf(group));
            try groups.verify(digest, certifyForeign(digest, group, leaves[i])) {
                violation = "a group certified for another";
            } catch {}
        }
    }

    /// @dev The signatures of `signing`, said to be those of `group`.
    function certifyForeign(bytes32 digest, uint32 group, uint32 signing)
        private
        view
        returns (Certificate memory certificate)
    {
        certificate = certify(digest, signing);
        certificate.group = group;
        certificate.epoch = groups.epochOf(group);
    }

    function tryHandover(uint32 group, uint256[] memory next) private {
        bytes32 digest = groups.handoverDigest(next, "", group, groups.epochOf(group));
        try groups.handover(next, "", certify(digest, group)) {
            violation = "a handover that breaks a rule";
        } catch {}
    }

    /// @dev Notes first answers, and that none changed.
    function answer() private {
        for (uint256 i = 0; i < askedGroups.length; ++i) {
            (bool found, Seed memory first) = groups.firstSeedAfter(askedGroups[i], askedBlocks[i]);
            bytes32 known = answered[askedGroups[i]][askedBlocks[i]];
            if (known == 0 && found) answered[askedGroups[i]][askedBlocks[i]] = first.value;
            if (known != 0 && (!found || first.value != known)) violation = "an answer changed";
            if (found && first.afterBlock < askedBlocks[i]) violation = "a seed older than the question";
        }
    }

    function one(uint256 node) private pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = node;
    }
}
