// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {
    Case,
    CaseState,
    ISlasher,
    Offence,
    Overturn,
    Restitution,
    SignedVote,
    Verdict
} from "../../../src/interfaces/ISlasher.sol";
import {LedgerTypes} from "../../../src/libraries/LedgerTypes.sol";
import {Slasher} from "../../../src/staking/Slasher.sol";
import {Staking} from "../../../src/staking/Staking.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {ARCHIVE, CREATOR, Roles, VALIDATOR, WITNESS} from "../../../src/types/Roles.sol";
import {Vote} from "../../../src/types/Vote.sol";
import {Archive} from "../../Archive.sol";
import {Merkle} from "../../Merkle.sol";

/// @dev The slasher, archive groups that sign what they are asked to, and a witness with ten seats' worth of stake.
abstract contract SlasherBase is Archive {
    bytes32 internal constant CHAIN = keccak256("chain");
    uint256 internal constant STAKE = 10_000 ether;

    /// @dev A witness's vote, in the first step.
    uint8 internal constant WITNESS_PHASE = 0x30;

    Slasher internal slasher;
    Staking internal staking;
    INodeRegistry internal registry;

    address internal reporter = makeAddr("reporter");
    address internal stranger = makeAddr("stranger");

    /// @dev Owned by `archiveOwner`.
    uint256 internal node;
    address internal wallet;

    function setUp() public virtual override {
        super.setUp();
        slasher = Slasher(all.slasher);
        staking = Staking(all.staking);
        registry = INodeRegistry(all.nodeRegistry);
        node = newNode(WITNESS | VALIDATOR | CREATOR | ARCHIVE);
        wallet = registry.walletOf(node);
        stakeFor(node, WITNESS, 10);
    }

    function archiveMinSeats() internal pure override returns (uint256) {
        return 4;
    }

    function archiveSeats() internal pure virtual override returns (uint256) {
        return 7;
    }

    /// @dev The root group takes in one more node and splits. Returns the halves.
    function splitRoot() internal returns (uint32 left, uint32 right) {
        uint256[] memory seated = groups.members(ROOT_GROUP);
        uint256[] memory nodes = new uint256[](seated.length + 1);
        for (uint256 i = 0; i < seated.length; ++i) {
            nodes[i] = seated[i];
        }
        nodes[seated.length] = newArchiveNode(2);
        join(nodes[seated.length]);
        step();
        step();
        seedNow(ROOT_GROUP, "seed");
        (left, right) = split(ROOT_GROUP, nodes);
    }

    // --- votes ---

    function someVote(bytes32 block_) internal pure returns (Vote memory) {
        return Vote({chain: CHAIN, height: 7, view_: 2, epoch: 3, phase: WITNESS_PHASE, block_: block_});
    }

    /// @dev `vote`, signed itself.
    function signVote(uint256 key, Vote memory vote) internal view returns (SignedVote memory signed) {
        signed.vote = vote;
        signed.signature = sign(key, slasher.voteDigest(vote));
    }

    /// @dev `vote`, signed as number `index` of `count`.
    function signBatch(uint256 key, Vote memory vote, uint256 count, uint256 index)
        internal
        view
        returns (SignedVote memory signed)
    {
        bytes32[] memory leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = keccak256(abi.encode("another vote", i));
        }
        leaves[index] = LedgerTypes.hash(vote);
        signed.vote = vote;
        signed.batched = true;
        signed.proof = Merkle.proof(leaves, index);
        signed.signature = sign(key, slasher.votesDigest(Merkle.root(leaves)));
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Two votes of the accused node that exclude each other.
    function someEvidence() internal view returns (SignedVote memory first, SignedVote memory second) {
        first = signVote(keyOf[wallet], someVote("a"));
        second = signBatch(keyOf[wallet], someVote("b"), 5, 4);
    }

    /// @dev `reporter` reports them.
    function equivocate() internal returns (uint256) {
        (SignedVote memory first, SignedVote memory second) = someEvidence();
        vm.prank(reporter);
        return slasher.reportEquivocation(node, first, second);
    }

    // --- certificates ---

    function someVerdict(Offence kind, uint256 amount) internal view returns (Verdict memory) {
        return Verdict({
            node: node,
            role: WITNESS,
            amount: amount,
            chain: CHAIN,
            height: 7,
            kind: kind,
            reporter: reporter,
            evidence: "evidence"
        });
    }

    function certifyVerdict(Verdict memory verdict, uint32 group) internal view returns (Certificate memory) {
        return certify(slasher.verdictDigest(verdict, group, groups.epochOf(group)), group);
    }

    /// @dev The keeper of the chain passes `verdict`.
    function judge(Verdict memory verdict) internal returns (uint256) {
        return slasher.submitVerdict(verdict, certifyVerdict(verdict, groups.groupOf(verdict.chain)));
    }

    function judge(Offence kind, uint256 amount) internal returns (uint256) {
        return judge(someVerdict(kind, amount));
    }

    function certifyOverturn(uint256 caseId, uint32 group) internal view returns (Certificate memory) {
        return certify(slasher.overturnDigest(Overturn(caseId), group, groups.epochOf(group)), group);
    }

    function certifyRestitution(Restitution memory restitution, uint32 group)
        internal
        view
        returns (Certificate memory)
    {
        return certify(slasher.restitutionDigest(restitution, group, groups.epochOf(group)), group);
    }

    function restitute(uint256 caseId, bytes32 root, uint256 total) internal returns (uint256) {
        Restitution memory restitution = Restitution({caseId: caseId, root: root, total: total});
        return slasher.restitute(restitution, certifyRestitution(restitution, groups.groupOf(CHAIN)));
    }

    function appeal(uint256 caseId) internal returns (uint32) {
        vm.prank(archiveOwner);
        return slasher.appeal(caseId);
    }

    // --- what is ---

    function stateOf(uint256 caseId) internal view returns (CaseState) {
        return slasher.caseOf(caseId).state;
    }

    function assertState(uint256 caseId, CaseState expected) internal view {
        assertEq(uint256(stateOf(caseId)), uint256(expected), "state");
    }

    function expectWrongState(uint256 caseId, CaseState expected, CaseState found) internal {
        vm.expectRevert(abi.encodeWithSelector(ISlasher.WrongState.selector, caseId, expected, found));
    }
}
