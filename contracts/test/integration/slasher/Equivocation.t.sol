// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    ARCHIVE,
    CREATOR,
    Case,
    CaseState,
    ISlasher,
    LedgerTypes,
    Offence,
    Roles,
    SignedVote,
    SlasherBase,
    VALIDATOR,
    Vote,
    WITNESS
} from "./SlasherBase.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract EquivocationTest is SlasherBase {
    using SafeCast for uint256;

    // --- what is no equivocation ---

    function test_refusesTheSameVoteTwice() public {
        SignedVote memory first = signVote(keyOf[wallet], someVote("a"));
        expectRefusal(first, first, abi.encodeWithSelector(ISlasher.NoConflict.selector));
        SignedVote memory batched = signBatch(keyOf[wallet], someVote("a"), 3, 1);
        expectRefusal(first, batched, abi.encodeWithSelector(ISlasher.NoConflict.selector));
    }

    function test_refusesVotesAboutDifferentThings() public {
        SignedVote memory first = signVote(keyOf[wallet], someVote("a"));
        for (uint256 i = 0; i < 5; ++i) {
            Vote memory other = someVote("b");
            if (i == 0) other.chain = "another";
            if (i == 1) other.height = 8;
            if (i == 2) other.view_ = 3;
            if (i == 3) other.epoch = 4;
            if (i == 4) other.phase = WITNESS_PHASE + 1;
            SignedVote memory second = signVote(keyOf[wallet], other);
            expectRefusal(first, second, abi.encodeWithSelector(ISlasher.NoConflict.selector));
        }
    }

    function testFuzz_refusesAPhaseOfARoleThatDoesNotVote(uint8 phase) public {
        uint256 bit = phase >> 4;
        vm.assume(bit < 2 || bit > 5);
        (Vote memory a, Vote memory b) = (someVote("a"), someVote("b"));
        (a.phase, b.phase) = (phase, phase);
        expectRefusal(
            signVote(keyOf[wallet], a),
            signVote(keyOf[wallet], b),
            abi.encodeWithSelector(ISlasher.PhaseInvalid.selector, phase)
        );
    }

    // --- signatures ---

    function test_refusesAnothersSignature() public {
        (address other, uint256 key) = makeAddrAndKey("other");
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        bytes memory refusal = abi.encodeWithSelector(ISlasher.VoteSignatureInvalid.selector, wallet, other);
        expectRefusal(signVote(key, first.vote), second, refusal);
        expectRefusal(second, signVote(key, first.vote), refusal);
        expectRefusal(second, signBatch(key, first.vote, 2, 0), refusal);
    }

    function test_refusesAnotherNode() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        uint256 other = newNode(WITNESS);
        vm.expectRevert(
            abi.encodeWithSelector(ISlasher.VoteSignatureInvalid.selector, registry.walletOf(other), wallet)
        );
        slasher.reportEquivocation(other, first, second);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.VoteSignatureInvalid.selector, address(0), wallet));
        slasher.reportEquivocation(type(uint256).max, first, second);
    }

    /// @dev What recovers nobody is not the wallet of no node.
    function test_refusesNoSignatureOfNoNode() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        (first.signature, second.signature) = (new bytes(65), new bytes(65));
        vm.expectRevert(
            abi.encodeWithSelector(ISlasher.VoteSignatureInvalid.selector, address(0), address(0))
        );
        slasher.reportEquivocation(1000, first, second);
    }

    function test_refusesMalleableSignatures() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[wallet], slasher.voteDigest(first.vote));
        bytes memory refusal =
            abi.encodeWithSelector(ISlasher.VoteSignatureInvalid.selector, wallet, address(0));

        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        first.signature = abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27));
        expectRefusal(first, second, refusal);
        first.signature = abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
        expectRefusal(first, second, refusal);
        first.signature = abi.encodePacked(r, s, v - 27);
        expectRefusal(first, second, refusal);
        first.signature = "";
        expectRefusal(first, second, refusal);
    }

    function test_refusesVotesForAnotherDeployment() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(ISlasher.VoteSignatureInvalid.selector);
        slasher.reportEquivocation(node, first, second);
        vm.chainId(block.chainid - 1);

        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET Ledger"),
                keccak256("1"),
                block.chainid,
                address(this)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, LedgerTypes.hash(first.vote)));
        first.signature = sign(keyOf[wallet], digest);
        vm.expectPartialRevert(ISlasher.VoteSignatureInvalid.selector);
        slasher.reportEquivocation(node, first, second);
    }

    // --- proofs ---

    function test_refusesWrongProofs() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        SignedVote memory wrong = signBatch(keyOf[wallet], second.vote, 8, 3);
        wrong.proof[1] = "wrong";
        expectNotSigned(first, wrong);

        wrong = signBatch(keyOf[wallet], second.vote, 8, 3);
        wrong.proof = new bytes32[](0);
        expectNotSigned(first, wrong);

        wrong = signBatch(keyOf[wallet], second.vote, 8, 3);
        wrong.vote.block_ = "c";
        expectNotSigned(first, wrong);
    }

    function test_refusesOneFormForTheOther() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        first.batched = true;
        expectNotSigned(second, first);
        first.batched = false;
        second = signBatch(keyOf[wallet], second.vote, 1, 0);
        second.batched = false;
        expectNotSigned(first, second);
    }

    function test_refusesAProofForAVoteThatWasSignedItself() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        first.proof = new bytes32[](1);
        expectRefusal(first, second, abi.encodeWithSelector(ISlasher.ProofInvalid.selector, 1));
    }

    function test_refusesALongProof() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        second.proof = new bytes32[](33);
        expectRefusal(first, second, abi.encodeWithSelector(ISlasher.ProofInvalid.selector, 33));
        second.proof = new bytes32[](32);
        expectNotSigned(first, second);
    }

    // --- what it costs ---

    function test_takesEverythingOfTheRoleAndBars() public {
        vm.prank(archiveOwner);
        staking.unbond(node, WITNESS, STAKE / 4);
        stakeFor(node, VALIDATOR, 1);
        (SignedVote memory first, SignedVote memory second) = someEvidence();

        vm.prank(reporter);
        uint256 caseId = slasher.reportEquivocation(node, first, second);

        assertEq(caseId, 1);
        assertEq(slasher.caseCount(), 1);
        Case memory opened = slasher.caseOf(caseId);
        assertEq(opened.amount, STAKE);
        assertEq(opened.openedAt, block.timestamp);
        assertEq(opened.finalAt, block.timestamp);
        assertTrue(opened.role == WITNESS);
        assertEq(uint256(opened.offence), uint256(Offence.Equivocation));
        assertEq(opened.reporter, reporter);
        assertEq(opened.node, node);
        assertEq(opened.reportedIn, block.number);
        assertEq(opened.home, groups.groupOf(CHAIN));
        assertEq(opened.accuser, 0);
        assertEq(opened.chain, CHAIN);
        assertState(caseId, CaseState.Final);
        assertEq(slasher.settleAt(caseId), block.timestamp + 14 days);

        assertEq(token.balanceOf(all.slasher), STAKE);
        assertEq(staking.bonded(node, WITNESS) + staking.unbonding(node, WITNESS), 0);
        assertEq(staking.frozen(node, WITNESS), 0);
        assertEq(staking.bonded(node, VALIDATOR), 1000 ether);
        assertTrue(staking.isBarred(node));
        assertTrue(staking.isWalletBarred(wallet));
    }

    function test_tellsWhatItWasAbout() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        Case memory opened = Case({
            amount: STAKE.toUint96(),
            openedAt: block.timestamp.toUint64(),
            finalAt: block.timestamp.toUint64(),
            role: WITNESS,
            offence: Offence.Equivocation,
            state: CaseState.Final,
            reporter: reporter,
            restitution: 0,
            node: node.toUint64(),
            reportedIn: block.number.toUint64(),
            home: groups.groupOf(CHAIN),
            accuser: 0,
            judge: 0,
            draws: 0,
            chain: CHAIN
        });
        vm.expectEmit(all.slasher);
        emit ISlasher.CaseOpened(1, node, WITNESS, opened, 7, keccak256(abi.encode(node, first, second)));
        vm.prank(reporter);
        slasher.reportEquivocation(node, first, second);
    }

    function test_theRoleIsTheOneThatVoted() public {
        Roles[4] memory roles = [ARCHIVE, WITNESS, VALIDATOR, CREATOR];
        for (uint256 i = 0; i < 4; ++i) {
            if (i != 1) stakeFor(node, roles[i], 1);
        }
        for (uint8 i = 0; i < 4; ++i) {
            (Vote memory a, Vote memory b) = (someVote("a"), someVote(0));
            (a.phase, b.phase) = ((2 + i) << 4 | i, (2 + i) << 4 | i);
            uint256 bonded = staking.bonded(node, roles[i]);
            uint256 caseId =
                slasher.reportEquivocation(node, signVote(keyOf[wallet], a), signVote(keyOf[wallet], b));
            assertEq(slasher.caseOf(caseId).amount, bonded);
            assertTrue(slasher.caseOf(caseId).role == roles[i]);
            assertEq(staking.bonded(node, roles[i]), 0);
        }
        assertFalse(staking.hasStake(node));
    }

    function testFuzz_acceptsEitherForm(uint256 countA, uint256 indexA, uint256 countB, uint256 indexB)
        public
    {
        SignedVote memory first = someForm(someVote("a"), countA, indexA);
        SignedVote memory second = someForm(someVote("b"), countB, indexB);
        slasher.reportEquivocation(node, first, second);
        assertEq(token.balanceOf(all.slasher), STAKE);
    }

    function test_theSameEvidenceTakesNothingTwice() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        equivocate();
        bytes memory refusal = abi.encodeWithSelector(ISlasher.NothingToSlash.selector, node, WITNESS);
        expectRefusal(first, second, refusal);
        expectRefusal(second, first, refusal);
        expectRefusal(signVote(keyOf[wallet], someVote("c")), second, refusal);
    }

    function test_barsAlsoWhoHasNothingAtStake() public {
        uint256 poor = newNode(WITNESS);
        uint256 key = keyOf[registry.walletOf(poor)];
        SignedVote memory first = signVote(key, someVote("a"));
        SignedVote memory second = signVote(key, someVote("b"));
        uint256 caseId = slasher.reportEquivocation(poor, first, second);
        assertEq(slasher.caseOf(caseId).amount, 0);
        assertTrue(staking.isBarred(poor));
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NothingToSlash.selector, poor, WITNESS));
        slasher.reportEquivocation(poor, first, second);

        skip(15 days);
        slasher.settle(caseId);
        assertState(caseId, CaseState.Settled);
    }

    /// @dev What another case froze and gave back is taken by the same evidence.
    function test_stakeThatComesBackIsNoWayOut() public {
        uint256 judged = judge(Offence.WrongRoot, STAKE / 2);
        appeal(judged);
        uint256 first = equivocate();
        assertEq(slasher.caseOf(first).amount, STAKE / 2);
        vm.prank(all.timelock);
        slasher.overturnByTimelock(judged);
        assertEq(staking.bonded(node, WITNESS), STAKE / 2);

        uint256 second = equivocate();
        assertEq(slasher.caseOf(second).amount, STAKE / 2);
        assertEq(token.balanceOf(all.slasher), STAKE);
        assertEq(staking.bonded(node, WITNESS), 0);
    }

    function test_aRetiredNodeIsOutOfReach() public {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.startPrank(archiveOwner);
        staking.unbond(node, WITNESS, STAKE);
        skip(21 days);
        staking.withdraw(node, WITNESS);
        registry.retire(node);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ISlasher.VoteSignatureInvalid.selector, address(0), wallet));
        slasher.reportEquivocation(node, first, second);
    }

    function test_whoReportsItselfGetsNothing() public {
        address[2] memory selves = [archiveOwner, wallet];
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        for (uint256 i = 0; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(selves[i]);
            uint256 caseId = slasher.reportEquivocation(node, first, second);
            assertEq(slasher.caseOf(caseId).reporter, address(0));
            skip(14 days + 1);
            slasher.settle(caseId);
            assertEq(rewards.pool(all.token), STAKE);
            vm.revertToState(snapshot);
        }
    }

    function someForm(Vote memory vote, uint256 count, uint256 index)
        private
        view
        returns (SignedVote memory)
    {
        count = bound(count, 0, 40);
        if (count == 0) return signVote(keyOf[wallet], vote);
        return signBatch(keyOf[wallet], vote, count, bound(index, 0, count - 1));
    }

    function expectRefusal(SignedVote memory first, SignedVote memory second, bytes memory refusal) private {
        vm.expectRevert(refusal);
        slasher.reportEquivocation(node, first, second);
    }

    function expectNotSigned(SignedVote memory first, SignedVote memory second) private {
        vm.expectPartialRevert(ISlasher.VoteSignatureInvalid.selector);
        slasher.reportEquivocation(node, first, second);
    }
}
