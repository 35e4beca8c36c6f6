// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {
    ARCHIVE,
    Certificate,
    GroupsBase,
    IArchiveGroups,
    IStaking,
    RELAY,
    ROOT_GROUP
} from "./GroupsBase.sol";

contract HandoverTest is GroupsBase {
    uint256[] internal nodes;

    function setUp() public override {
        super.setUp();
        nodes = groups.members(ROOT_GROUP);
    }

    function archiveSeats() internal pure override returns (uint256) {
        return 5;
    }

    function test_refusesTooFewAndTooMany() public {
        uint256[] memory few = without(without(nodes, nodes[0]), nodes[1]);
        refuseHandover(few, abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 3, 4, 7));
        uint256[] memory many = with(nodes, joiners(3));
        refuseHandover(many, abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 8, 4, 7));
    }

    function test_refusesTwiceOrInDisorder() public {
        uint256[] memory wrong = nodes;
        (wrong[0], wrong[1]) = (wrong[1], wrong[0]);
        refuseHandover(
            wrong, abi.encodeWithSelector(IArchiveGroups.NodesNotAscending.selector, wrong[0], wrong[1])
        );
        wrong[0] = wrong[1];
        refuseHandover(
            wrong, abi.encodeWithSelector(IArchiveGroups.NodesNotAscending.selector, wrong[0], wrong[0])
        );
    }

    /// @dev Whatever the group certifies: nobody gets a seat who did not ask for it.
    function test_refusesWhoDidNotAsk() public {
        uint256 node = newArchiveNode(1);
        refuseHandover(with(nodes, node), abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, node));
    }

    function test_refusesWhoWithdrew() public {
        uint256 node = joiners(1)[0];
        vm.prank(archiveOwner);
        groups.resign(node);
        refuseHandover(with(nodes, node), abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, node));
    }

    function test_refusesWhoIsNotPlacedYet() public {
        uint256 node = newArchiveNode(1);
        join(node);
        refuseHandover(
            with(nodes, node),
            abi.encodeWithSelector(IArchiveGroups.PlacedElsewhere.selector, node, 0, ROOT_GROUP)
        );
    }

    function test_refusesWhoLostItsStake() public {
        uint256 node = joiners(1)[0];
        uint256 bonded = staking.bonded(node, ARCHIVE);
        vm.prank(archiveOwner);
        staking.unbond(node, ARCHIVE, bonded);
        refuseHandover(with(nodes, node), abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 1, 0));
    }

    function test_refusesWhoWasBarredWhileWaiting() public {
        uint256 node = joiners(1)[0];
        barNode(node);
        refuseHandover(with(nodes, node), abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 1, 0));
    }

    function test_refusesWhoOffersItNoMore() public {
        uint256 node = joiners(1)[0];
        vm.prank(archiveOwner);
        INodeRegistry(all.nodeRegistry).updateRoles(node, RELAY);
        refuseHandover(
            with(nodes, node), abi.encodeWithSelector(IArchiveGroups.NotArchiveNode.selector, node)
        );
    }

    function test_refusesAnotherListAndAnotherState() public {
        Certificate memory certificate = certifyHandover(without(nodes, nodes[0]), ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.handover(without(nodes, nodes[1]), STATE, certificate);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.handover(without(nodes, nodes[0]), "other", certificate);
    }

    function test_refusesAReplay() public {
        Certificate memory certificate = certifyHandover(nodes, ROOT_GROUP);
        groups.handover(nodes, STATE, certificate);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 2));
        groups.handover(nodes, STATE, certificate);
    }

    /// @dev The previous epoch's word counts for 24 hours, but not about who comes next.
    function test_thePreviousEpochDecidesNothing() public {
        uint256[] memory fewer = without(nodes, nodes[0]);
        handover(ROOT_GROUP, fewer);
        bytes32 digest = groups.handoverDigest(nodes, STATE, ROOT_GROUP, 1);
        Certificate memory certificate = certifyAs(digest, ROOT_GROUP, 1, 0xf);
        groups.verify(digest, certificate);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 2));
        groups.handover(nodes, STATE, certificate);
    }

    /// @dev Nobody could sign for a node that is gone, so it cannot keep a seat.
    function test_refusesToKeepARetiredNode() public {
        uint256 node = nodes[2];
        uint256 bonded = staking.bonded(node, ARCHIVE);
        vm.prank(all.slasher);
        staking.slash(node, ARCHIVE, bonded, false);
        vm.prank(archiveOwner);
        INodeRegistry(all.nodeRegistry).retire(node);
        refuseHandover(nodes, abi.encodeWithSelector(IArchiveGroups.NotArchiveNode.selector, node));
        handover(ROOT_GROUP, without(nodes, node));
        assertEq(staking.seats(node, ARCHIVE), 0);
    }

    function test_takesInWhoWasPlaced() public {
        uint256[] memory next = with(nodes, joiners(2));
        address[] memory signers = new address[](7);
        for (uint256 i = 0; i < 7; ++i) {
            signers[i] = INodeRegistry(all.nodeRegistry).walletOf(next[i]);
        }
        Certificate memory certificate = certifyHandover(next, ROOT_GROUP);
        vm.expectEmit(address(groups));
        emit IArchiveGroups.EpochStarted(ROOT_GROUP, 2, STATE, next, signers);
        vm.prank(makeAddr("anyone"));
        groups.handover(next, STATE, certificate);

        assertEq(groups.members(ROOT_GROUP), next);
        assertEq(groups.signersOf(ROOT_GROUP), signers);
        assertEq(groups.epochOf(ROOT_GROUP), 2);
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(staking.seats(next[i], ARCHIVE), 1);
            assertEq(groups.placeOf(next[i]).group, ROOT_GROUP);
            assertFalse(groups.placeOf(next[i]).waiting);
        }
    }

    function test_releasesWhoIsLeftOut() public {
        uint256 node = nodes[4];
        vm.prank(archiveOwner);
        groups.resign(node);
        handover(ROOT_GROUP, without(nodes, node));
        assertEq(staking.seats(node, ARCHIVE), 0);
        assertEq(groups.placeOf(node).group, 0);
        assertFalse(groups.placeOf(node).leaving);
        uint256 bonded = staking.bonded(node, ARCHIVE);
        vm.prank(archiveOwner);
        staking.unbond(node, ARCHIVE, bonded);
    }

    function test_dropsTheBarred() public {
        barNode(nodes[0]);
        handover(ROOT_GROUP, without(nodes, nodes[0]));
        assertEq(groups.members(ROOT_GROUP).length, 4);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NoCapacity.selector, nodes[0], 0));
        vm.prank(archiveOwner);
        groups.join(nodes[0]);
    }

    function test_whoWasDroppedMayComeBack() public {
        uint256 node = nodes[3];
        handover(ROOT_GROUP, without(nodes, node));
        join(node);
        step();
        seedNow(ROOT_GROUP, "seed");
        handover(ROOT_GROUP, nodes);
        assertEq(staking.seats(node, ARCHIVE), 1);
    }

    /// @dev Current at once, previous for 24 hours to the second, and nothing after that.
    function test_thePreviousEpochCountsFor24Hours() public {
        handover(ROOT_GROUP, without(nodes, nodes[0]));
        uint256 since = block.timestamp;
        groups.verify("digest", certifyAs("digest", ROOT_GROUP, 2, 7));
        Certificate memory certificate = certifyAs("digest", ROOT_GROUP, 1, 0xf);
        groups.verify("digest", certificate);
        vm.warp(since + 24 hours - 1);
        groups.verify("digest", certificate);
        vm.warp(since + 24 hours);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 2));
        groups.verify("digest", certificate);
        groups.verify("digest", certifyAs("digest", ROOT_GROUP, 2, 7));
    }

    /// @dev A previous epoch is judged by its own seats and its own quorum.
    function test_anEpochHasItsOwnSeats() public {
        handover(ROOT_GROUP, without(nodes, nodes[0]));
        Certificate memory certificate = certifyAs("digest", ROOT_GROUP, 1, 7);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.QuorumMissing.selector, 3, 4));
        groups.verify("digest", certificate);
        certificate = certifyAs("digest", ROOT_GROUP, 1, 0xf);
        certificate.epoch = 2;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.verify("digest", certificate);
    }

    function test_onlyOnePreviousEpoch() public {
        handover(ROOT_GROUP, nodes);
        handover(ROOT_GROUP, nodes);
        Certificate memory certificate = certifyAs("digest", ROOT_GROUP, 1, 0xf);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 3));
        groups.verify("digest", certificate);
        certificate.epoch = 2;
        groups.verify("digest", certificate);
    }
}
