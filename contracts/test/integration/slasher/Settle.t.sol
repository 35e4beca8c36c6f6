// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {Claim} from "../../../src/interfaces/IRewards.sol";
import {
    ARCHIVE,
    CaseState,
    Certificate,
    ISlasher,
    Merkle,
    Offence,
    Overturn,
    ROOT_GROUP,
    Restitution,
    SlasherBase,
    Verdict,
    WITNESS
} from "./SlasherBase.sol";

contract SettleTest is SlasherBase {
    address internal holder = makeAddr("holder");

    // --- restitution ---

    function test_refusesRestitutionBeforeTheCaseIsFinal() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1 ether});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        skip(7 days);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooEarly.selector, block.timestamp + 1));
        slasher.restitute(restitution, certificate);
        appeal(caseId);
        vm.expectPartialRevert(ISlasher.TooEarly.selector);
        slasher.restitute(restitution, certificate);
    }

    function test_refusesRestitutionOfWhatWentBack() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        appeal(caseId);
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1 ether});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        expectWrongState(caseId, CaseState.Final, CaseState.Overturned);
        slasher.restitute(restitution, certificate);
        expectWrongState(caseId, CaseState.Final, CaseState.Overturned);
        slasher.settle(caseId);
    }

    function test_refusesMoreThanTheCaseTook() public {
        uint256 caseId = equivocate();
        uint256[3] memory totals = [0, STAKE + 1, type(uint256).max];
        for (uint256 i = 0; i < 3; ++i) {
            Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: totals[i]});
            Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
            vm.expectRevert(abi.encodeWithSelector(ISlasher.RestitutionTooHigh.selector, totals[i], STAKE));
            slasher.restitute(restitution, certificate);
        }
    }

    function test_refusesASecondRestitution() public {
        uint256 caseId = equivocate();
        restitute(caseId, "root", 1 ether);
        Restitution memory restitution = Restitution({caseId: caseId, root: "other", total: 1 ether});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        expectWrongState(caseId, CaseState.Final, CaseState.Restituted);
        slasher.restitute(restitution, certificate);
    }

    function test_refusesLateRestitution() public {
        uint256 caseId = equivocate();
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1 ether});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        uint256 until = block.timestamp + 14 days;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooLate.selector, until));
        slasher.restitute(restitution, certificate);
        vm.warp(until);
        slasher.restitute(restitution, certificate);
    }

    function test_refusesRestitutionForSilence() public {
        uint256 caseId = judge(Offence.Inactivity, STAKE);
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooLate.selector, block.timestamp));
        slasher.restitute(restitution, certificate);
    }

    function test_refusesRestitutionWithoutAChain() public {
        Verdict memory verdict = someVerdict(Offence.Fraud, 1 ether);
        (verdict.chain, verdict.role, verdict.node) = (0, ARCHIVE, groups.members(ROOT_GROUP)[6]);
        uint256 caseId = slasher.submitVerdict(verdict, certifyVerdict(verdict, ROOT_GROUP));
        skip(7 days + 1);
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        vm.expectRevert(ISlasher.ChainMissing.selector);
        slasher.restitute(restitution, certificate);
        skip(14 days);
        slasher.settle(caseId);
        assertEq(token.balanceOf(reporter), 0.1 ether);
    }

    function test_refusesEveryChangeOfWhatWasCertified() public {
        uint256 caseId = equivocate();
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1 ether});
        Certificate memory certificate = certifyRestitution(restitution, ROOT_GROUP);
        for (uint256 i = 0; i < 2; ++i) {
            Restitution memory changed = Restitution({caseId: caseId, root: "root", total: 1 ether});
            if (i == 0) changed.root = "other";
            if (i == 1) changed.total += 1;
            vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
            slasher.restitute(changed, certificate);
        }
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        slasher.restitute(restitution, certificate);
    }

    function test_refusesAnotherGroupsRestitution() public {
        (uint32 left, uint32 right) = splitRoot();
        uint256 caseId = equivocate();
        uint32 other = groups.groupOf(CHAIN) == left ? right : left;
        Restitution memory restitution = Restitution({caseId: caseId, root: "root", total: 1 ether});
        Certificate memory certificate = certifyRestitution(restitution, other);
        vm.expectPartialRevert(IArchiveGroups.NotKeeper.selector);
        slasher.restitute(restitution, certificate);
    }

    function test_theKeeperAfterASplitRestitutes() public {
        uint256 caseId = equivocate();
        splitRoot();
        restitute(caseId, "root", STAKE);
        assertState(caseId, CaseState.Restituted);
    }

    function test_holdersComeFirst() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        skip(7 days + 1);
        uint256 distribution = rewards.distributionOf(all.slasher, bytes32(caseId));
        bytes32[] memory leaves = new bytes32[](2);
        leaves[0] = Merkle.leaf(distribution, 0, holder, STAKE / 2);
        leaves[1] = Merkle.leaf(distribution, 1, stranger, STAKE / 4);

        vm.expectEmit(all.slasher);
        emit ISlasher.Restituted(caseId, distribution, Merkle.root(leaves), STAKE * 3 / 4);
        assertEq(restitute(caseId, Merkle.root(leaves), STAKE * 3 / 4), distribution);
        assertTrue(staking.isBarred(node));
        assertEq(slasher.caseOf(caseId).restitution, STAKE * 3 / 4);
        rewards.claim(
            Claim({
                distribution: distribution,
                index: 0,
                account: holder,
                amount: STAKE / 2,
                proof: Merkle.proof(leaves, 0)
            })
        );
        assertEq(token.balanceOf(holder), STAKE / 2);

        vm.expectEmit(all.slasher);
        emit ISlasher.Settled(caseId, reporter, STAKE / 40, STAKE * 9 / 40);
        slasher.settle(caseId);
        assertState(caseId, CaseState.Settled);
        assertEq(token.balanceOf(reporter), STAKE / 40);
        assertEq(rewards.pool(all.token), STAKE * 9 / 40);
        assertEq(token.balanceOf(all.slasher), 0);
    }

    function test_holdersMayGetEverything() public {
        uint256 caseId = equivocate();
        restitute(caseId, "root", STAKE);
        slasher.settle(caseId);
        assertEq(token.balanceOf(reporter), 0);
        assertEq(rewards.pool(all.token), 0);
        assertEq(rewards.unclaimed(all.token), STAKE);
        assertEq(token.balanceOf(all.slasher), 0);
    }

    function test_whatHoldersDoNotClaimJoinsThePool() public {
        uint256 caseId = equivocate();
        uint256 distribution = restitute(caseId, "root", STAKE);
        skip(365 days + 1);
        rewards.close(distribution);
        assertEq(rewards.pool(all.token), STAKE);
    }

    // --- settlement ---

    function test_refusesToSettleNothing() public {
        expectWrongState(1, CaseState.Final, CaseState.None);
        slasher.settle(1);
    }

    function test_refusesToSettleBeforeHoldersHadTheirTime() public {
        uint256 caseId = equivocate();
        uint256 until = block.timestamp + 14 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooEarly.selector, until + 1));
        slasher.settle(caseId);
        vm.warp(until + 1);
        slasher.settle(caseId);
    }

    function test_refusesToSettleTwice() public {
        uint256 caseId = equivocate();
        skip(14 days + 1);
        slasher.settle(caseId);
        expectWrongState(caseId, CaseState.Final, CaseState.Settled);
        slasher.settle(caseId);
    }

    function test_settlesAVerdictThatNobodyTouched() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        uint256 until = block.timestamp + 7 days + 14 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooEarly.selector, until + 1));
        slasher.settle(caseId);
        vm.warp(until + 1);
        slasher.settle(caseId);
        assertTrue(staking.isBarred(node));
        assertEq(staking.frozen(node, WITNESS), 0);
        assertEq(token.balanceOf(reporter), STAKE / 10);
        assertEq(rewards.pool(all.token), STAKE - STAKE / 10);
    }

    function test_withoutAReporterThePoolGetsAll() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        verdict.reporter = address(0);
        uint256 caseId = judge(verdict);
        skip(21 days + 1);
        slasher.settle(caseId);
        assertEq(rewards.pool(all.token), STAKE);
    }

    /// @dev Whatever is taken and restituted, all of it is paid out, the reporter gets a tenth of the rest at most.
    function testFuzz_noCasePaysMoreThanItTook(uint256 amount, uint256 total) public {
        amount = bound(amount, 1, STAKE);
        total = bound(total, 0, amount);
        uint256 caseId = judge(Offence.WrongRoot, amount);
        skip(7 days + 1);
        if (total != 0) restitute(caseId, "root", total);
        else skip(14 days);
        slasher.settle(caseId);

        uint256 left = amount - total;
        uint256 share = token.balanceOf(reporter);
        assertEq(share, left / 10);
        assertEq(rewards.pool(all.token), left - share);
        assertEq(rewards.unclaimed(all.token), total);
        assertEq(token.balanceOf(all.slasher), 0);
    }
}
