// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArchiveGroups} from "../../../src/archive/ArchiveGroups.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {ARCHIVE, GroupsBase, IArchiveGroups, Place, ROOT_GROUP} from "./GroupsBase.sol";

contract BootstrapTest is GroupsBase {
    /// @dev Another `ArchiveGroups` for the same chain, not bootstrapped.
    ArchiveGroups internal fresh;

    function setUp() public override {
        super.setUp();
        fresh = new ArchiveGroups(all, 4, address(this));
    }

    function test_refusesOtherSizes() public {
        uint256[4] memory wrong = [uint256(0), 3, 17, type(uint256).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.MinSeatsInvalid.selector, wrong[i], 4, 16));
            new ArchiveGroups(all, wrong[i], address(this));
        }
    }

    function test_onlyTheFounder() public {
        address stranger = makeAddr("stranger");
        uint256[] memory nodes = waiting(4);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotFounder.selector, stranger, address(this)));
        vm.prank(stranger);
        fresh.bootstrap(nodes);
    }

    function test_onlyOnce() public {
        uint256[] memory nodes = waiting(4);
        vm.expectRevert(IArchiveGroups.AlreadyBootstrapped.selector);
        groups.bootstrap(nodes);
    }

    function test_refusesTooFewAndTooMany() public {
        uint256[] memory few = waiting(3);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 3, 4, 7));
        fresh.bootstrap(few);
        uint256[] memory many = waiting(8);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 8, 4, 7));
        fresh.bootstrap(many);
    }

    function test_refusesNodesTwiceOrInDisorder() public {
        uint256[] memory nodes = waiting(4);
        (nodes[1], nodes[2]) = (nodes[2], nodes[1]);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NodesNotAscending.selector, nodes[1], nodes[2]));
        fresh.bootstrap(nodes);
        nodes[1] = nodes[2];
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NodesNotAscending.selector, nodes[1], nodes[1]));
        fresh.bootstrap(nodes);
    }

    function test_refusesWhoDidNotAsk() public {
        uint256 node = newArchiveNode(1);
        uint256[] memory nodes = with(waiting(3), node);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, node));
        fresh.bootstrap(nodes);
    }

    function test_beforeItThereIsNoGroup() public {
        assertEq(fresh.groupOf("chain"), 0);
        assertEq(fresh.groupCount(), 0);
        assertEq(fresh.epochOf(ROOT_GROUP), 0);
        assertEq(fresh.members(ROOT_GROUP).length, 0);
        assertEq(fresh.exposureStake(ROOT_GROUP), 0);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, ROOT_GROUP));
        fresh.keeperOf("chain", ROOT_GROUP);
        Certificate memory certificate = certify("digest", ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, ROOT_GROUP));
        fresh.verify("digest", certificate);
        // forge-lint: disable-next-line(unsafe-typecast)
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, bytes32("c"), 1, 0));
        fresh.verifyFor("c", 0, "digest", certificate);
    }

    function test_formsTheRoot() public view {
        uint256[] memory nodes = groups.members(ROOT_GROUP);
        assertEq(nodes.length, 4);
        assertEq(groups.groupCount(), 1);
        assertEq(groups.epochOf(ROOT_GROUP), 1);
        assertEq(groups.parentOf(ROOT_GROUP), 0);
        assertEq(groups.groupOf("chain"), ROOT_GROUP);
        assertEq(groups.minSeats(), 4);
        assertEq(groups.maxSeats(), 7);
        address[] memory signers = groups.signersOf(ROOT_GROUP);
        for (uint256 i = 0; i < nodes.length; ++i) {
            Place memory place = groups.placeOf(nodes[i]);
            assertEq(place.group, ROOT_GROUP);
            assertFalse(place.waiting);
            assertEq(staking.seats(nodes[i], ARCHIVE), 1);
            assertNotEq(keyOf[signers[i]], 0);
        }
    }

    function waiting(uint256 count) private returns (uint256[] memory nodes) {
        nodes = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = newArchiveNode(1);
            vm.prank(archiveOwner);
            fresh.join(nodes[i]);
        }
    }
}
