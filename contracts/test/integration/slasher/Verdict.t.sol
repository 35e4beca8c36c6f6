// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {IChainAnchor} from "../../../src/interfaces/IChainAnchor.sol";
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {
    ARCHIVE,
    Case,
    CaseState,
    Certificate,
    ISlasher,
    LedgerTypes,
    Offence,
    ROOT_GROUP,
    Roles,
    SlasherBase,
    VALIDATOR,
    Verdict,
    WITNESS
} from "./SlasherBase.sol";

contract VerdictTest is SlasherBase {
    // --- certificates ---

    function test_refusesEveryChangeOfWhatWasCertified() public {
        Certificate memory certificate = certifyVerdict(someVerdict(Offence.WrongRoot, STAKE / 2), ROOT_GROUP);
        for (uint256 i = 0; i < 8; ++i) {
            Verdict memory changed = someVerdict(Offence.WrongRoot, STAKE / 2);
            if (i == 0) changed.node = groups.members(ROOT_GROUP)[0];
            if (i == 1) changed.role = VALIDATOR;
            if (i == 2) changed.amount += 1;
            if (i == 3) changed.chain = "another";
            if (i == 4) changed.height += 1;
            if (i == 5) changed.kind = Offence.Fraud;
            if (i == 6) changed.reporter = stranger;
            if (i == 7) changed.evidence = "other";
            expectSignatureInvalid(changed, certificate);
        }
    }

    function test_refusesACertificateForAnotherChainId() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        vm.chainId(block.chainid + 1);
        expectSignatureInvalid(verdict, certificate);
    }

    function test_refusesACertificateForAnotherContract() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET Ledger"),
                keccak256("1"),
                block.chainid,
                all.staking
            )
        );
        bytes32 digest =
            keccak256(abi.encodePacked(hex"1901", domain, LedgerTypes.hash(verdict, ROOT_GROUP, 1)));
        expectSignatureInvalid(verdict, certify(digest, ROOT_GROUP));
    }

    function test_refusesACertificateForAnotherEpoch() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        certificate.epoch = 2;
        vm.expectPartialRevert(IArchiveGroups.EpochNotCurrent.selector);
        slasher.submitVerdict(verdict, certificate);

        // Signed for epoch 2, shown as one of epoch 1.
        certificate = certify(slasher.verdictDigest(verdict, ROOT_GROUP, 2), ROOT_GROUP);
        expectSignatureInvalid(verdict, certificate);
    }

    function test_refusesAGroupThatDoesNotKeepTheChain() public {
        (uint32 left, uint32 right) = splitRoot();
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        uint32 keeper = groups.groupOf(CHAIN);
        uint32 other = keeper == left ? right : left;
        Certificate memory certificate = certifyVerdict(verdict, other);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, CHAIN, other, keeper));
        slasher.submitVerdict(verdict, certificate);
        // Signed for the one, shown as the other's.
        certificate.group = keeper;
        expectSignatureInvalid(verdict, certificate);
    }

    function test_refusesTooFewSignatures() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        bytes32 digest = slasher.verdictDigest(verdict, ROOT_GROUP, 1);
        vm.expectRevert();
        slasher.submitVerdict(verdict, certifyAs(digest, ROOT_GROUP, 1, 0xf));
    }

    function test_anAnchoredChainIsJudgedByItsKeeper() public {
        (uint32 left, uint32 right) = splitRoot();
        uint32 home = groups.groupOf(CHAIN) == left ? right : left;
        vm.mockCall(all.chainAnchor, abi.encodeCall(IChainAnchor.homeOf, (CHAIN)), abi.encode(home));
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        Certificate memory certificate = certifyVerdict(verdict, groups.groupOf(CHAIN));
        vm.expectPartialRevert(IArchiveGroups.NotKeeper.selector);
        slasher.submitVerdict(verdict, certificate);

        uint256 caseId = slasher.submitVerdict(verdict, certifyVerdict(verdict, home));
        assertEq(slasher.caseOf(caseId).home, home);
        assertEq(slasher.caseOf(caseId).accuser, home);
    }

    // --- what can be judged ---

    function test_refusesWhatNeedsNoVerdict() public {
        Offence[2] memory kinds = [Offence.None, Offence.Equivocation];
        for (uint256 i = 0; i < 2; ++i) {
            Verdict memory verdict = someVerdict(kinds[i], STAKE);
            Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
            vm.expectRevert(abi.encodeWithSelector(ISlasher.OffenceInvalid.selector, kinds[i]));
            slasher.submitVerdict(verdict, certificate);
        }
    }

    function test_refusesTheSameTwice() public {
        judge(Offence.WrongRoot, 1 ether);
        // Another amount, another reporter, other evidence: the same offence.
        Verdict memory verdict = someVerdict(Offence.WrongRoot, 2 ether);
        verdict.reporter = stranger;
        verdict.evidence = "other evidence";
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        bytes32 offenceId = keccak256(abi.encode(node, WITNESS, CHAIN, 7, Offence.WrongRoot));
        vm.expectRevert(abi.encodeWithSelector(ISlasher.AlreadyJudged.selector, offenceId));
        slasher.submitVerdict(verdict, certificate);

        verdict.height = 8;
        judge(verdict);
        assertEq(token.balanceOf(all.slasher), 3 ether);
    }

    function test_refusesWithoutAChainAllButArchiveNodes() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        verdict.chain = 0;
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        vm.expectRevert(ISlasher.ChainMissing.selector);
        slasher.submitVerdict(verdict, certificate);
    }

    function test_refusesSeveralRoles() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        verdict.role = WITNESS | VALIDATOR;
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        vm.expectPartialRevert(IStaking.RoleNotSingle.selector);
        slasher.submitVerdict(verdict, certificate);
    }

    function test_refusesWhatTakesNothing() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        verdict.role = VALIDATOR;
        bytes memory refusal = abi.encodeWithSelector(ISlasher.NothingToSlash.selector, node, VALIDATOR);
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        vm.expectRevert(refusal);
        slasher.submitVerdict(verdict, certificate);

        verdict = someVerdict(Offence.WrongRoot, 0);
        certificate = certifyVerdict(verdict, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NothingToSlash.selector, node, WITNESS));
        slasher.submitVerdict(verdict, certificate);
    }

    function test_refusesAnUnknownNode() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        verdict.node = type(uint256).max;
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        vm.expectRevert();
        slasher.submitVerdict(verdict, certificate);
    }

    // --- what it costs ---

    function test_freezesTheStake() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE / 2);
        Case memory opened = slasher.caseOf(caseId);
        assertEq(opened.amount, STAKE / 2);
        assertEq(opened.finalAt, block.timestamp + 7 days);
        assertEq(opened.reporter, reporter);
        assertEq(opened.home, ROOT_GROUP);
        assertEq(opened.accuser, ROOT_GROUP);
        assertState(caseId, CaseState.Open);
        assertEq(staking.bonded(node, WITNESS), STAKE / 2);
        assertEq(staking.frozen(node, WITNESS), STAKE / 2);
        assertEq(token.balanceOf(all.slasher), STAKE / 2);
        assertFalse(staking.isBarred(node));
    }

    function test_takesNoMoreThanThereIs() public {
        vm.prank(archiveOwner);
        staking.unbond(node, WITNESS, STAKE / 2);
        assertEq(slasher.caseOf(judge(Offence.Trap, type(uint256).max)).amount, STAKE);
    }

    function test_judgesArchiveNodesWithoutAChain() public {
        Verdict memory verdict = someVerdict(Offence.Fraud, 1 ether);
        verdict.chain = 0;
        verdict.role = ARCHIVE;
        verdict.node = groups.members(ROOT_GROUP)[0];
        uint256 caseId = slasher.submitVerdict(verdict, certifyVerdict(verdict, ROOT_GROUP));
        assertEq(slasher.caseOf(caseId).home, 0);
        assertEq(slasher.caseOf(caseId).accuser, ROOT_GROUP);
        assertEq(staking.frozen(verdict.node, ARCHIVE), 1 ether);
    }

    function test_nobodyIsPaidForItsOwnDoing() public {
        address[2] memory selves = [archiveOwner, wallet];
        for (uint64 i = 0; i < 2; ++i) {
            Verdict memory verdict = someVerdict(Offence.WrongRoot, 1 ether);
            verdict.reporter = selves[i];
            verdict.height = i;
            assertEq(slasher.caseOf(judge(verdict)).reporter, address(0));
        }
    }

    function test_aNodeWithAnOpenCaseCannotRetire() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        vm.expectRevert();
        vm.prank(archiveOwner);
        registry.retire(node);
        skip(7 days + 1);
        slasher.finalize(caseId);
        vm.prank(archiveOwner);
        registry.retire(node);
    }

    // --- inactivity ---

    function test_inactivityCostsAtMostAThousandth() public {
        uint256 caseId = judge(Offence.Inactivity, STAKE);
        assertEq(slasher.caseOf(caseId).amount, STAKE / 1000);
        assertEq(staking.bonded(node, WITNESS), STAKE - STAKE / 1000);
        assertEq(staking.frozen(node, WITNESS), 0);
        assertState(caseId, CaseState.Final);
        assertFalse(staking.isBarred(node));
        expectWrongState(caseId, CaseState.Open, CaseState.Final);
        appeal(caseId);
    }

    function test_inactivityMayCostLess() public {
        assertEq(slasher.caseOf(judge(Offence.Inactivity, 1 ether)).amount, 1 ether);
    }

    function test_inactivityLeavesUnbondingAlone() public {
        vm.prank(archiveOwner);
        staking.unbond(node, WITNESS, STAKE / 2);
        assertEq(slasher.caseOf(judge(Offence.Inactivity, STAKE)).amount, STAKE / 2000);
        assertEq(staking.unbonding(node, WITNESS), STAKE / 2);
    }

    function test_inactivityCostsOnceADay() public {
        judge(Offence.Inactivity, STAKE);
        uint256 next = block.timestamp + 1 days;
        assertEq(slasher.penalizedAt(node, WITNESS), block.timestamp);
        Verdict memory verdict = someVerdict(Offence.Inactivity, STAKE);
        verdict.height = 8;
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        skip(1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.PenalizedToday.selector, next));
        slasher.submitVerdict(verdict, certificate);
        skip(1);
        slasher.submitVerdict(verdict, certificate);
    }

    function test_inactivityCostsOnceADayInEachRole() public {
        stakeFor(node, VALIDATOR, 10);
        judge(Offence.Inactivity, STAKE);
        Verdict memory verdict = someVerdict(Offence.Inactivity, STAKE);
        verdict.role = VALIDATOR;
        judge(verdict);
        assertEq(token.balanceOf(all.slasher), 2 * STAKE / 1000);
    }

    /// @dev Not even a year of silence takes much more than the daily thousandths.
    function test_aYearOfSilenceLeavesTwoThirds() public {
        Verdict memory verdict = someVerdict(Offence.Inactivity, STAKE);
        for (uint64 day = 0; day < 365; ++day) {
            verdict.height = day;
            judge(verdict);
            skip(1 days);
        }
        assertGt(staking.bonded(node, WITNESS), 2 * STAKE / 3);
    }

    function test_inactivityIsSettledAtOnce() public {
        uint256 caseId = judge(Offence.Inactivity, STAKE);
        skip(1);
        slasher.settle(caseId);
        assertEq(token.balanceOf(reporter), STAKE / 10_000);
        assertEq(rewards.pool(all.token), STAKE / 1000 - STAKE / 10_000);
    }

    function expectSignatureInvalid(Verdict memory verdict, Certificate memory certificate) private {
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        slasher.submitVerdict(verdict, certificate);
    }
}
