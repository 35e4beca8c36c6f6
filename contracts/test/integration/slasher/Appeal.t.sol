// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {
    CaseState,
    Certificate,
    ISlasher,
    Offence,
    Overturn,
    ROOT_GROUP,
    SlasherBase,
    Verdict,
    WITNESS
} from "./SlasherBase.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @dev Two groups: one accuses, the other judges.
contract AppealTest is SlasherBase {
    uint32 internal accuser;
    uint32 internal other;

    function setUp() public override {
        super.setUp();
        (uint32 left, uint32 right) = splitRoot();
        accuser = groups.groupOf(CHAIN);
        other = accuser == left ? right : left;
    }

    // --- appeal ---

    function test_refusesAnybodyButTheOwner() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        address[3] memory callers = [stranger, wallet, all.timelock];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISlasher.NotAllowed.selector, callers[i], archiveOwner));
            vm.prank(callers[i]);
            slasher.appeal(caseId);
        }
    }

    function test_refusesALateAppeal() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        uint256 until = block.timestamp + 7 days;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooLate.selector, until));
        appeal(caseId);
        vm.warp(until);
        appeal(caseId);
    }

    function test_refusesASecondAppeal() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        appeal(caseId);
        expectWrongState(caseId, CaseState.Open, CaseState.Appealed);
        appeal(caseId);
    }

    function test_refusesAnAppealAgainstNothing() public {
        expectWrongState(1, CaseState.Open, CaseState.None);
        appeal(1);
        uint256 caseId = equivocate();
        expectWrongState(caseId, CaseState.Open, CaseState.Final);
        appeal(caseId);
    }

    function test_theBuyerOfANodeMayAppeal() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        vm.prank(archiveOwner);
        IERC721(all.nodeRegistry).transferFrom(archiveOwner, stranger, node);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NotAllowed.selector, archiveOwner, stranger));
        appeal(caseId);
        vm.prank(stranger);
        slasher.appeal(caseId);
    }

    function test_drawsAnotherGroup() public {
        for (uint64 i = 0; i < 20; ++i) {
            Verdict memory verdict = someVerdict(Offence.WrongRoot, 1 ether);
            verdict.height = i;
            uint256 caseId = judge(verdict);
            uint64 finalAt = uint64(block.timestamp + 7 days);
            vm.expectEmit(all.slasher);
            emit ISlasher.Appealed(caseId, other, finalAt);
            assertEq(appeal(caseId), other);
            assertEq(slasher.caseOf(caseId).judge, other);
            assertEq(slasher.caseOf(caseId).finalAt, finalAt);
            assertState(caseId, CaseState.Appealed);
        }
    }

    // --- overturn ---

    function test_theJudgeGivesTheStakeBack() public {
        vm.prank(archiveOwner);
        staking.unbond(node, WITNESS, STAKE / 4);
        uint256 caseId = judge(Offence.Fraud, STAKE);
        appeal(caseId);
        Certificate memory certificate = certifyOverturn(caseId, other);
        vm.expectEmit(all.slasher);
        emit ISlasher.CaseOverturned(caseId, STAKE);
        slasher.overturn(Overturn(caseId), certificate);

        assertState(caseId, CaseState.Overturned);
        assertEq(staking.bonded(node, WITNESS), STAKE);
        assertEq(staking.frozen(node, WITNESS), 0);
        assertEq(token.balanceOf(all.slasher), 0);
        assertFalse(staking.isBarred(node));
        expectWrongState(caseId, CaseState.Appealed, CaseState.Overturned);
        slasher.overturn(Overturn(caseId), certificate);
    }

    function test_overturnsOnlyThisCase() public {
        uint256 first = judge(Offence.WrongRoot, STAKE / 2);
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE / 2);
        verdict.height = 8;
        uint256 second = judge(verdict);
        appeal(first);
        appeal(second);
        Certificate memory certificate = certifyOverturn(first, other);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        slasher.overturn(Overturn(second), certificate);
        slasher.overturn(Overturn(first), certificate);
        assertState(second, CaseState.Appealed);
        assertEq(staking.frozen(node, WITNESS), STAKE / 2);
    }

    function test_refusesTheAccusersOwnWord() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        appeal(caseId);
        Certificate memory certificate = certifyOverturn(caseId, accuser);
        vm.expectPartialRevert(IArchiveGroups.NotKeeper.selector);
        slasher.overturn(Overturn(caseId), certificate);
    }

    function test_refusesWithoutAnAppeal() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        Certificate memory certificate = certifyOverturn(caseId, other);
        expectWrongState(caseId, CaseState.Appealed, CaseState.Open);
        slasher.overturn(Overturn(caseId), certificate);
    }

    function test_refusesALateOverturn() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        appeal(caseId);
        Certificate memory certificate = certifyOverturn(caseId, other);
        uint256 until = block.timestamp + 7 days;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooLate.selector, until));
        slasher.overturn(Overturn(caseId), certificate);
        vm.warp(until);
        slasher.overturn(Overturn(caseId), certificate);
    }

    function test_refusesTheTimelockWhereThereIsAJudge() public {
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        appeal(caseId);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.WrongJudge.selector, other));
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
    }

    // --- final ---

    function test_refusesToFinalizeEarly() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        uint256 until = block.timestamp + 7 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooEarly.selector, until + 1));
        slasher.finalize(caseId);
        appeal(caseId);
        until = block.timestamp + 7 days;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooEarly.selector, until + 1));
        slasher.finalize(caseId);
        vm.warp(until + 1);
        slasher.finalize(caseId);
        assertState(caseId, CaseState.Final);
    }

    function test_refusesToFinalizeWhatIsNotOpen() public {
        expectWrongState(1, CaseState.Open, CaseState.None);
        slasher.finalize(1);
        uint256 caseId = equivocate();
        expectWrongState(caseId, CaseState.Open, CaseState.Final);
        slasher.finalize(caseId);
    }

    function test_fraudBarsOnceFinal() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        skip(7 days + 1);
        assertFalse(staking.isBarred(node));
        vm.expectEmit(all.slasher);
        emit ISlasher.CaseFinal(caseId);
        slasher.finalize(caseId);
        assertTrue(staking.isBarred(node));
        assertEq(staking.frozen(node, WITNESS), 0);
    }

    function test_aMistakeDoesNotBar() public {
        Offence[2] memory kinds = [Offence.WrongRoot, Offence.Trap];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 caseId = judge(kinds[i], 1 ether);
            skip(7 days + 1);
            slasher.finalize(caseId);
        }
        assertFalse(staking.isBarred(node));
        assertEq(staking.bonded(node, WITNESS), STAKE - 2 ether);
    }
}

/// @dev One group: the timelock judges.
contract TimelockAppealTest is SlasherBase {
    function test_theTimelockJudgesWhereThereIsOneGroup() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        assertEq(appeal(caseId), 0);
        assertEq(slasher.caseOf(caseId).finalAt, block.timestamp + 28 days);

        vm.expectRevert(abi.encodeWithSelector(ISlasher.NotAllowed.selector, stranger, all.timelock));
        vm.prank(stranger);
        slasher.overturnByTimelock(caseId);
        Certificate memory certificate = certifyOverturn(caseId, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.WrongJudge.selector, 0));
        slasher.overturn(Overturn(caseId), certificate);

        skip(28 days);
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
        assertState(caseId, CaseState.Overturned);
        assertEq(staking.bonded(node, WITNESS), STAKE);
    }

    function test_theTimelockNeedsAnAppeal() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        expectWrongState(caseId, CaseState.Appealed, CaseState.Open);
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
    }

    function test_theTimelockMayBeTooLate() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        appeal(caseId);
        uint256 until = block.timestamp + 28 days;
        vm.warp(until + 1);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.TooLate.selector, until));
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
        slasher.finalize(caseId);
        assertTrue(staking.isBarred(node));
    }

    /// @dev The halves of the accuser are the accuser.
    function test_theAccusersHalvesDoNotJudge() public {
        uint256 caseId = judge(Offence.Fraud, STAKE);
        splitRoot();
        assertEq(appeal(caseId), 0);
    }
}
