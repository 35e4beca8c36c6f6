// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    ARCHIVE,
    GroupsBase,
    IArchiveGroups,
    Place,
    RELAY,
    ROOT_GROUP,
    Roles,
    VALIDATOR
} from "./GroupsBase.sol";

contract JoinTest is GroupsBase {
    address internal stranger = makeAddr("stranger");

    function test_onlyTheOwnerJoins() public {
        uint256 node = newArchiveNode(1);
        vm.expectRevert(
            abi.encodeWithSelector(IArchiveGroups.NotNodeOwner.selector, node, stranger, archiveOwner)
        );
        vm.prank(stranger);
        groups.join(node);
    }

    function test_refusesUnknownNodes() public {
        vm.expectRevert();
        groups.join(12345);
        vm.expectRevert();
        groups.resign(12345);
    }

    function test_refusesNodesThatDoNotOfferIt() public {
        uint256 node = newNode(RELAY | VALIDATOR);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotArchiveNode.selector, node));
        vm.prank(archiveOwner);
        groups.join(node);
    }

    function test_refusesNodesWithoutStakeForASeat() public {
        uint256 node = newArchiveNode(0);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NoCapacity.selector, node, 0));
        vm.prank(archiveOwner);
        groups.join(node);
    }

    function test_refusesTheBarred() public {
        uint256 node = newArchiveNode(1);
        barNode(node);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NoCapacity.selector, node, 0));
        vm.prank(archiveOwner);
        groups.join(node);
    }

    function test_refusesToJoinTwice() public {
        uint256 node = newArchiveNode(1);
        join(node);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.AlreadyAsked.selector, node, 0));
        vm.prank(archiveOwner);
        groups.join(node);
        uint256 seated = groups.members(ROOT_GROUP)[0];
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.AlreadyAsked.selector, seated, ROOT_GROUP));
        vm.prank(archiveOwner);
        groups.join(seated);
    }

    function test_onlyTheOwnerResigns() public {
        uint256 node = groups.members(ROOT_GROUP)[0];
        vm.expectRevert(
            abi.encodeWithSelector(IArchiveGroups.NotNodeOwner.selector, node, stranger, archiveOwner)
        );
        vm.prank(stranger);
        groups.resign(node);
    }

    function test_refusesToResignFromNothing() public {
        uint256 node = newArchiveNode(1);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, node));
        vm.prank(archiveOwner);
        groups.resign(node);
    }

    function test_joins() public {
        uint256 node = newArchiveNode(1);
        vm.expectEmit(address(groups));
        emit IArchiveGroups.JoinAsked(node, uint64(block.number));
        join(node);
        Place memory place = groups.placeOf(node);
        assertEq(place.drawnAfter, block.number);
        assertTrue(place.waiting);
        assertEq(place.group, 0);
        assertEq(staking.seats(node, ARCHIVE), 0, "waiting is no seat");
    }

    function test_withdrawsAJoin() public {
        uint256 node = newArchiveNode(1);
        join(node);
        vm.expectEmit(address(groups));
        emit IArchiveGroups.JoinWithdrawn(node);
        vm.prank(archiveOwner);
        groups.resign(node);
        assertFalse(groups.placeOf(node).waiting);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, node));
        groups.drawnFor(node);
    }

    function test_asksToLeave() public {
        uint256 node = groups.members(ROOT_GROUP)[0];
        vm.expectEmit(address(groups));
        emit IArchiveGroups.ResignationAsked(node, ROOT_GROUP);
        vm.prank(archiveOwner);
        groups.resign(node);
        assertTrue(groups.placeOf(node).leaving);
        assertEq(groups.placeOf(node).group, ROOT_GROUP, "until the next epoch");
    }

    /// @dev A seed made at or before the join's block tells nothing: the joiner could have known it.
    function test_aPlaceIsDrawnByASeedAfterTheJoin() public {
        seedNow(ROOT_GROUP, "old");
        uint256 node = newArchiveNode(1);
        join(node);
        assertEq(groups.drawnFor(node), 0);
        seedNow(ROOT_GROUP, "too early");
        assertEq(groups.drawnFor(node), 0);
        step();
        seedNow(ROOT_GROUP, "new");
        assertEq(groups.drawnFor(node), ROOT_GROUP);
    }

    /// @dev Leaving and joining again, as often as one likes, draws nothing anew.
    function test_aPlaceIsDrawnOnceInALife() public {
        (uint32 left, uint32 right) = splitRoot();
        bool[2] memory seen;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 node = newArchiveNode(1);
            join(node);
            step();
            seedNow(left, keccak256(abi.encode(i)));
            uint32 drawn = groups.drawnFor(node);
            assertTrue(drawn == left || drawn == right);
            seen[drawn == left ? 0 : 1] = true;
            for (uint256 j = 0; j < 3; ++j) {
                vm.prank(archiveOwner);
                groups.resign(node);
                step();
                join(node);
                step();
                seedNow(left, keccak256(abi.encode(i, j)));
                assertEq(groups.drawnFor(node), drawn);
            }
        }
        assertTrue(seen[0] && seen[1], "both groups get nodes");
    }

    /// @dev The place follows from the seed and the id as the interface says.
    function test_aPlaceIsABitOfTheHash() public {
        (uint32 left, uint32 right) = splitRoot();
        for (uint256 i = 0; i < 8; ++i) {
            uint256 node = newArchiveNode(1);
            join(node);
            step();
            bytes32 value = keccak256(abi.encode(i));
            seedNow(left, value);
            bool high = uint256(keccak256(abi.encode(value, node))) >> 255 == 1;
            assertEq(groups.drawnFor(node), high ? right : left);
        }
    }
}
