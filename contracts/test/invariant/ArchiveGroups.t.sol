// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArchiveGroups} from "../../src/archive/ArchiveGroups.sol";
import {Place, ROOT_GROUP} from "../../src/interfaces/IArchiveGroups.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {ARCHIVE} from "../../src/types/Roles.sol";
import {ArchiveGroupsHandler} from "./ArchiveGroupsHandler.sol";
import {Test} from "forge-std/Test.sol";

/// forge-config: default.invariant.runs = 16
/// forge-config: default.invariant.depth = 64
contract ArchiveGroupsInvariants is Test {
    ArchiveGroupsHandler internal handler;
    ArchiveGroups internal groups;
    IStaking internal staking;

    function setUp() public {
        handler = new ArchiveGroupsHandler();
        handler.start();
        groups = ArchiveGroups(handler.groupsAddress());
        staking = IStaking(handler.stakingAddress());
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = handler.enter.selector;
        selectors[1] = handler.rejoin.selector;
        selectors[2] = handler.resign.selector;
        selectors[3] = handler.bar.selector;
        selectors[4] = handler.seed.selector;
        selectors[5] = handler.ask.selector;
        selectors[6] = handler.change.selector;
        selectors[7] = handler.intrude.selector;
        selectors[8] = handler.wait_.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// @dev The handler gets to what the invariants are about.
    function test_theHandlerReachesSplits() public {
        for (uint256 round = 0; round < 3; ++round) {
            handler.enter(4);
            handler.enter(4);
            for (uint256 i = 0; i < handler.leafCount(); ++i) {
                handler.seed(i);
            }
            for (uint256 i = 0; i < handler.leafCount(); ++i) {
                handler.change(i, type(uint256).max);
            }
            handler.ask(round);
        }
        assertGt(handler.splits(), 1);
        assertGt(handler.handovers(), 1);
        assertEq(handler.replays(), handler.handovers());
        assertEq(handler.violation(), "");
        invariant_workingGroupsHaveTheirSeats();
        invariant_seatsAreMembers();
        invariant_everyChainHasOneKeeper();
        invariant_seedsAscend();
    }

    /// @dev Nobody got a seat against the rules, nothing counted twice, no answer changed.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev Every working group has 4 to 7 seats, of different nodes, each with the wallet that the registry knows.
    function invariant_workingGroupsHaveTheirSeats() public view {
        uint32 working;
        for (uint32 group = 1; group <= groups.groupCount(); ++group) {
            uint256[] memory nodes = groups.members(group);
            (uint32 left, uint32 right) = groups.childrenOf(group);
            assertEq(left == 0, right == 0);
            if (left != 0) {
                assertEq(nodes.length, 0);
                assertEq(groups.parentOf(left), group);
                assertEq(groups.parentOf(right), group);
                continue;
            }
            ++working;
            assertGe(nodes.length, 4);
            assertLe(nodes.length, 7);
            address[] memory signers = groups.signersOf(group);
            for (uint256 i = 0; i < nodes.length; ++i) {
                assertEq(groups.placeOf(nodes[i]).group, group);
                if (i != 0) assertLt(nodes[i - 1], nodes[i]);
                assertNotEq(signers[i], address(0));
            }
        }
        assertEq(working, handler.leafCount());
    }

    /// @dev A node has a seat in `Staking` exactly when it sits in a group, and then one.
    function invariant_seatsAreMembers() public view {
        uint256 seated;
        for (uint256 i = 0; i < handler.nodeCount(); ++i) {
            uint256 node = handler.nodes(i);
            Place memory place = groups.placeOf(node);
            assertEq(staking.seats(node, ARCHIVE), place.group == 0 ? 0 : 1);
            assertFalse(place.waiting && place.group != 0);
            if (place.leaving) assertNotEq(place.group, 0);
            if (place.group != 0) ++seated;
        }
        uint256 members;
        for (uint256 i = 0; i < handler.leafCount(); ++i) {
            members += groups.members(handler.leaves(i)).length;
        }
        assertEq(members, seated);
    }

    /// @dev Every chain has one keeper, it works, and it is the same from every group above it.
    function invariant_everyChainHasOneKeeper() public view {
        for (uint256 i = 0; i < 32; ++i) {
            bytes32 chain = keccak256(abi.encode(i));
            uint32 keeper = groups.groupOf(chain);
            assertGe(groups.members(keeper).length, 4);
            for (uint32 above = keeper; above != 0; above = groups.parentOf(above)) {
                assertEq(groups.keeperOf(chain, above), keeper);
            }
        }
    }

    /// @dev Seeds of a group, and of the leftmost line, are never older than those before.
    function invariant_seedsAscend() public view {
        uint64 last;
        uint32 group = ROOT_GROUP;
        while (group != 0) {
            for (uint64 i = 0; i < groups.seedCount(group); ++i) {
                assertGe(groups.seed(group, i).afterBlock, last);
                assertNotEq(groups.seed(group, i).value, 0);
                last = groups.seed(group, i).afterBlock;
            }
            (group,) = groups.childrenOf(group);
        }
    }
}
