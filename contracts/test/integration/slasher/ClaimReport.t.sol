// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Case,
    CaseState,
    ISlasher,
    Offence,
    SignedVote,
    SlasherBase,
    VALIDATOR,
    Vote
} from "./SlasherBase.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract ClaimReportTest is SlasherBase {
    using SafeCast for uint256;

    address internal finder = makeAddr("finder");
    address internal thief = makeAddr("thief");

    function test_aCommitmentIsNotedOnce() public {
        vm.expectEmit(all.slasher);
        emit ISlasher.Committed("commitment");
        slasher.commit("commitment");
        uint256 noted = block.number;
        step();
        vm.recordLogs();
        slasher.commit("commitment");
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(slasher.committedIn("commitment"), noted);
    }

    function test_refusesWhoDidNotCommit() public {
        uint256 caseId = steal();
        expectNotFirst(caseId, finder, 0);
    }

    function test_refusesACommitmentOfTheSameBlock() public {
        commitAs(finder);
        uint256 caseId = steal();
        expectNotFirst(caseId, finder, block.number);
    }

    function test_refusesALaterCommitment() public {
        uint256 caseId = steal();
        step();
        commitAs(finder);
        step();
        expectNotFirst(caseId, finder, block.number - 1);
    }

    function test_refusesAnothersCommitment() public {
        commitAs(finder);
        step();
        uint256 caseId = steal();
        expectNotFirst(caseId, stranger, 0);
    }

    function test_refusesOtherEvidenceThanCommitted() public {
        commitAs(finder);
        step();
        uint256 caseId = steal();
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.expectPartialRevert(ISlasher.NotFirst.selector);
        vm.prank(finder);
        slasher.claimReport(caseId, second, first);
    }

    function test_refusesWhatProvesNothing() public {
        uint256 caseId = steal();
        (SignedVote memory first,) = someEvidence();
        vm.expectRevert(ISlasher.NoConflict.selector);
        vm.prank(finder);
        slasher.claimReport(caseId, first, first);
    }

    function test_refusesEvidenceAboutAnotherRole() public {
        (Vote memory a, Vote memory b) = (someVote("a"), someVote("b"));
        (a.phase, b.phase) = (0x40, 0x40);
        SignedVote memory first = signVote(keyOf[wallet], a);
        SignedVote memory second = signVote(keyOf[wallet], b);
        slasher.commit(commitment(finder, first, second));
        step();
        uint256 caseId = steal();
        vm.expectRevert(abi.encodeWithSelector(ISlasher.PhaseInvalid.selector, 0x40));
        vm.prank(finder);
        slasher.claimReport(caseId, first, second);
    }

    function test_refusesOtherCases() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.expectRevert(
            abi.encodeWithSelector(ISlasher.OffenceDiffers.selector, Offence.Equivocation, Offence.None)
        );
        slasher.claimReport(1, first, second);
        uint256 caseId = judge(Offence.Fraud, STAKE / 2);
        vm.expectRevert(
            abi.encodeWithSelector(ISlasher.OffenceDiffers.selector, Offence.Equivocation, Offence.Fraud)
        );
        slasher.claimReport(caseId, first, second);
    }

    function test_refusesTheNodesOwnerAndWallet() public {
        address[2] memory selves = [archiveOwner, wallet];
        commitAs(archiveOwner);
        commitAs(wallet);
        step();
        uint256 caseId = steal();
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISlasher.ReporterInvalid.selector, selves[i]));
            vm.prank(selves[i]);
            slasher.claimReport(caseId, first, second);
        }
    }

    function test_refusesWhenSettled() public {
        commitAs(finder);
        step();
        uint256 caseId = steal();
        skip(14 days + 1);
        slasher.settle(caseId);
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        expectWrongState(caseId, CaseState.Final, CaseState.Settled);
        vm.prank(finder);
        slasher.claimReport(caseId, first, second);
    }

    function test_theFirstToKnowIsTheReporter() public {
        commitAs(finder);
        uint256 known = block.number;
        step();
        uint256 caseId = steal();

        vm.expectEmit(all.slasher);
        emit ISlasher.ReporterChanged(caseId, finder, known.toUint64());
        claimAs(finder, caseId);
        assertEq(slasher.caseOf(caseId).reporter, finder);
        assertEq(slasher.caseOf(caseId).reportedIn, known);

        expectNotFirst(caseId, finder, known);
        skip(14 days + 1);
        slasher.settle(caseId);
        assertEq(token.balanceOf(finder), STAKE / 10);
        assertEq(token.balanceOf(thief), 0);
    }

    function test_anEvenEarlierOneComesBeforeIt() public {
        commitAs(stranger);
        step();
        commitAs(finder);
        step();
        uint256 caseId = steal();
        claimAs(finder, caseId);
        claimAs(stranger, caseId);
        assertEq(slasher.caseOf(caseId).reporter, stranger);
        expectNotFirst(caseId, finder, block.number - 1);
    }

    /// @dev The evidence that was shown first need not be the one that was found first.
    function test_anotherPairOfVotesCounts() public {
        SignedVote memory first = signVote(keyOf[wallet], someVote("c"));
        SignedVote memory second = signVote(keyOf[wallet], someVote("d"));
        slasher.commit(commitment(finder, first, second));
        step();
        uint256 caseId = steal();
        vm.prank(finder);
        slasher.claimReport(caseId, first, second);
        assertEq(slasher.caseOf(caseId).reporter, finder);
    }

    function commitment(address who, SignedVote memory first, SignedVote memory second)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(keccak256(abi.encode(node, first, second)), who));
    }

    function commitAs(address who) private {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        slasher.commit(commitment(who, first, second));
    }

    function claimAs(address who, uint256 caseId) private {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.prank(who);
        slasher.claimReport(caseId, first, second);
    }

    /// @dev `thief` saw the evidence and was mined first.
    function steal() private returns (uint256) {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.prank(thief);
        return slasher.reportEquivocation(node, first, second);
    }

    function expectNotFirst(uint256 caseId, address who, uint256 committed) private {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.expectRevert(
            abi.encodeWithSelector(ISlasher.NotFirst.selector, committed, slasher.caseOf(caseId).reportedIn)
        );
        vm.prank(who);
        slasher.claimReport(caseId, first, second);
    }
}
