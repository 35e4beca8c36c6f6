// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ARCHIVE, Certificate, GroupsBase, IArchiveGroups, ROOT_GROUP, Seed} from "./GroupsBase.sol";

contract SplitTest is GroupsBase {
    bytes32 internal constant LOW = bytes32(uint256(1));
    bytes32 internal constant HIGH = bytes32(uint256(1) << 255);

    function test_refusesTooFewAndTooMany() public {
        uint256[] memory few = with(groups.members(ROOT_GROUP), joiners(3));
        refuse(few, 0, abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 7, 8, 14));
        uint256[] memory many = with(groups.members(ROOT_GROUP), joiners(11));
        refuse(many, 0, abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 15, 8, 14));
    }

    function test_refusesASeedThatIsNotThere() public {
        uint256[] memory nodes = with(groups.members(ROOT_GROUP), joiners(4));
        refuse(nodes, 1, abi.encodeWithSelector(IArchiveGroups.SeedIndexInvalid.selector, 1, 1));
        refuse(
            nodes,
            type(uint64).max,
            abi.encodeWithSelector(IArchiveGroups.SeedIndexInvalid.selector, type(uint64).max, 1)
        );
    }

    /// @dev Who joined after the seed could have chosen its id by it.
    function test_refusesASeedOlderThanAJoin() public {
        uint256[] memory nodes = with(groups.members(ROOT_GROUP), joiners(3));
        uint64 joined = uint64(block.number);
        nodes = with(nodes, joiners(1));
        refuse(nodes, 0, abi.encodeWithSelector(IArchiveGroups.SeedTooOld.selector, 0, joined));
        split(ROOT_GROUP, nodes);
    }

    function test_refusesWhoDidNotAsk() public {
        uint256[] memory nodes = with(groups.members(ROOT_GROUP), joiners(3));
        uint256 node = newArchiveNode(1);
        refuse(with(nodes, node), 0, abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, node));
    }

    function test_refusesWhatWasNotCertified() public {
        uint256[] memory nodes = with(groups.members(ROOT_GROUP), joiners(5));
        Certificate memory certificate = certifySplit(without(nodes, nodes[8]), 0, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.split(without(nodes, nodes[7]), 0, STATE, certificate);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.split(without(nodes, nodes[8]), 0, "other", certificate);
        seedNow(ROOT_GROUP, "another");
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.split(without(nodes, nodes[8]), 1, STATE, certificate);
    }

    function test_aSplitGroupDoesNothingMore() public {
        uint256[] memory before = groups.members(ROOT_GROUP);
        splitRoot();
        refuse(before, 0, abi.encodeWithSelector(IArchiveGroups.GroupIsSplit.selector, ROOT_GROUP));
        refuseHandover(before, abi.encodeWithSelector(IArchiveGroups.GroupIsSplit.selector, ROOT_GROUP));
        bytes32 digest = groups.seedDigest(1, "value", 5, ROOT_GROUP, 1);
        Certificate memory certificate = certify(digest, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.GroupIsSplit.selector, ROOT_GROUP));
        groups.postSeed(1, "value", 5, certificate);
        assertEq(groups.members(ROOT_GROUP).length, 0);
        assertEq(groups.signersOf(ROOT_GROUP).length, 0);
        assertEq(groups.exposureStake(ROOT_GROUP), 0);
    }

    function test_splitsInHalves() public {
        uint256[] memory nodes = with(groups.members(ROOT_GROUP), joiners(5));
        Certificate memory certificate = certifySplit(nodes, 0, ROOT_GROUP);
        assertEq(groups.splitSeedOf(ROOT_GROUP), 0);
        vm.expectEmit(address(groups));
        emit IArchiveGroups.GroupSplit(ROOT_GROUP, 2, 3, 0);
        groups.split(nodes, 0, STATE, certificate);

        assertEq(groups.groupCount(), 3);
        assertEq(groups.splitSeedOf(ROOT_GROUP), groups.seed(ROOT_GROUP, 0).value);
        assertEq(groups.splitSeedOf(2), 0);
        (uint32 left, uint32 right) = groups.childrenOf(ROOT_GROUP);
        uint256[] memory a = groups.members(left);
        uint256[] memory b = groups.members(right);
        assertEq(a.length, 4);
        assertEq(b.length, 5);
        assertEq(with(a, b), nodes, "all, each once");
        assertEq(groups.epochOf(left), 1);
        assertEq(groups.epochOf(right), 1);
        assertEq(groups.parentOf(left), ROOT_GROUP);
        assertEq(groups.parentOf(right), ROOT_GROUP);
        Seed memory seed = groups.seed(ROOT_GROUP, 0);
        for (uint256 i = 0; i < a.length; ++i) {
            assertEq(groups.placeOf(a[i]).group, left);
            assertEq(staking.seats(a[i], ARCHIVE), 1);
            for (uint256 j = 0; j < b.length; ++j) {
                assertLt(
                    uint256(keccak256(abi.encode(seed.value, a[i]))),
                    uint256(keccak256(abi.encode(seed.value, b[j])))
                );
            }
        }
        for (uint256 j = 0; j < b.length; ++j) {
            assertEq(groups.placeOf(b[j]).group, right);
            assertEq(staking.seats(b[j], ARCHIVE), 1);
        }
    }

    function test_aSplitMayLeaveNodesOut() public {
        uint256[] memory nodes = with(groups.members(ROOT_GROUP), joiners(5));
        uint256 node = groups.members(ROOT_GROUP)[0];
        split(ROOT_GROUP, without(nodes, node));
        assertEq(staking.seats(node, ARCHIVE), 0);
        assertEq(groups.placeOf(node).group, 0);
    }

    function test_chainsFallByTheirNextBit() public {
        (uint32 left, uint32 right) = splitRoot();
        assertEq(groups.groupOf(LOW), left);
        assertEq(groups.groupOf(HIGH), right);
        assertEq(groups.keeperOf(LOW, ROOT_GROUP), left);
        assertEq(groups.keeperOf(HIGH, ROOT_GROUP), right);
        assertEq(groups.keeperOf(LOW, left), left);

        (uint32 inner, uint32 outer) = split(left, with(groups.members(left), joinersOf(left, 4)));
        assertEq(groups.groupOf(LOW), inner);
        assertEq(groups.groupOf(bytes32(uint256(1) << 254)), outer);
        assertEq(groups.keeperOf(LOW, ROOT_GROUP), inner);
        assertEq(groups.keeperOf(LOW, left), inner);
        assertEq(groups.groupOf(HIGH), right, "nothing else moves");
        assertEq(groups.groupOf(bytes32(uint256(3) << 254)), right);
    }

    function test_onlyTheKeeperCertifiesForAChain() public {
        (uint32 left, uint32 right) = splitRoot();
        Certificate memory wrong = certify("digest", right);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, LOW, right, left));
        groups.verifyFor(LOW, ROOT_GROUP, "digest", wrong);
        Certificate memory mine = certify("digest", left);
        groups.verifyFor(LOW, ROOT_GROUP, "digest", mine);
        groups.verifyFor(LOW, left, "digest", mine);
        // It signed, but it is not where the chain is.
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, LOW, left, right));
        groups.verifyFor(LOW, right, "digest", mine);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, HIGH, left, right));
        groups.verifyFor(HIGH, ROOT_GROUP, "digest", mine);
    }

    function test_noGroupCertifiesForAHomeThatIsNone() public {
        Certificate memory certificate = certify("digest", ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, LOW, ROOT_GROUP, 0));
        groups.verifyFor(LOW, 0, "digest", certificate);
        certificate.group = 0;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, 0));
        groups.verifyFor(LOW, 0, "digest", certificate);
        certificate.group = 9;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, 9));
        groups.verifyFor(LOW, 9, "digest", certificate);
    }

    /// @dev What the parent signed stays good for a day, like a previous epoch's word.
    function test_theParentsWordCountsFor24Hours() public {
        (uint32 left,) = splitRoot();
        uint256 since = block.timestamp;
        Certificate memory certificate = certifyAs("digest", ROOT_GROUP, 1, 7);
        groups.verifyFor(LOW, ROOT_GROUP, "digest", certificate);
        groups.verifyFor(HIGH, ROOT_GROUP, "digest", certificate);
        groups.verify("digest", certificate);
        // A chain that came after the split was never the parent's.
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, LOW, ROOT_GROUP, left));
        groups.verifyFor(LOW, left, "digest", certificate);
        vm.warp(since + 24 hours - 1);
        groups.verifyFor(LOW, ROOT_GROUP, "digest", certificate);
        vm.warp(since + 24 hours);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 1));
        groups.verifyFor(LOW, ROOT_GROUP, "digest", certificate);
    }

    /// @dev The parent's last epoch is the previous one now: that before it is over, however young.
    function test_theEpochBeforeTheParentsLastIsOver() public {
        handover(ROOT_GROUP, groups.members(ROOT_GROUP));
        splitRoot();
        Certificate memory certificate = certifyAs("digest", ROOT_GROUP, 1, 7);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 2));
        groups.verify("digest", certificate);
        certificate.epoch = 2;
        groups.verify("digest", certificate);
    }

    function test_theGrandparentsWordCountsNoMore() public {
        (uint32 left,) = splitRoot();
        Certificate memory certificate = certifyAs("digest", ROOT_GROUP, 1, 7);
        (uint32 inner,) = split(left, with(groups.members(left), joinersOf(left, 4)));
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, LOW, ROOT_GROUP, inner));
        groups.verifyFor(LOW, ROOT_GROUP, "digest", certificate);
    }

    function test_childrenLiveOn() public {
        (uint32 left, uint32 right) = splitRoot();
        uint256[] memory nodes = with(groups.members(right), joinersOf(right, 1));
        handover(right, nodes);
        assertEq(groups.members(right), nodes);
        assertEq(groups.epochOf(right), 2);
        assertEq(groups.epochOf(left), 1);
    }

    /// @dev So many nodes that asked, and that a seed of the leftmost group placed in `group`.
    function joinersOf(uint32 group, uint256 count) private returns (uint256[] memory nodes) {
        uint32 seeder = groups.groupOf(0);
        while (nodes.length < count) {
            uint256 node = newArchiveNode(1);
            join(node);
            step();
            seedNow(seeder, keccak256(abi.encode("seed", node)));
            if (groups.drawnFor(node) == group) nodes = with(nodes, node);
        }
        if (groups.seedCount(group) == 0) seedNow(group, "own");
    }

    function refuse(uint256[] memory nodes, uint64 index, bytes memory reason) private {
        Certificate memory certificate = certifySplit(nodes, index, ROOT_GROUP);
        vm.expectRevert(reason);
        groups.split(nodes, index, STATE, certificate);
    }
}
