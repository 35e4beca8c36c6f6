// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {ICash} from "../../../src/interfaces/ICash.sol";
import {Genesis} from "../../../src/interfaces/IChainAnchor.sol";
import {Claim, IRewards} from "../../../src/interfaces/IRewards.sol";
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
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {ARCHIVE, CREATOR, Roles, VALIDATOR, WITNESS} from "../../../src/types/Roles.sol";
import {Vote} from "../../../src/types/Vote.sol";
import {Merkle} from "../../Merkle.sol";
import {SplittingStory} from "./Split.t.sol";

/// @dev A note with a creator and a witness that have seats, and what becomes of those who cheat.
contract SlashingStory is SplittingStory {
    ISlasher internal slasher;
    IStaking internal staking;
    IRewards internal pot;

    address internal reporter = makeAddr("reporter");
    uint256 internal note;
    uint256 internal creator;
    uint256 internal witness;
    bytes32 internal chain;

    function setUp() public override {
        super.setUp();
        slasher = ISlasher(all.slasher);
        staking = IStaking(all.staking);
        pot = IRewards(all.rewards);
        creator = newIssuer(500 ether);
        witness = newNode(WITNESS | VALIDATOR);
        stakeFor(witness, WITNESS, 10);
        splitRoot();

        note = orderNew(100 * DOLLAR);
        chain = cash.chainOf(note);
        step();
        step();
        seedNow(orders.orderOf(note).group, "seed");
        mintDrawn(note);
        uint256[] memory members = new uint256[](2);
        (members[0], members[1]) = (creator, witness);
        Genesis memory genesis = genesisOf(note);
        genesis.membersHash = keccak256(abi.encode(members));
        anchors.anchor(genesis, certifyGenesis(genesis));
        anchors.seatMembers(chain, members);
        assertEq(staking.seats(creator, CREATOR), 1);
        assertEq(staking.seats(witness, WITNESS), 1);
    }

    function judge(Offence kind, uint256 amount) internal returns (uint256) {
        Verdict memory verdict =
            Verdict(witness, WITNESS, amount, chain, 7, kind, reporter, keccak256(abi.encode(kind)));
        uint32 group = keeperOf(note);
        bytes32 digest = slasher.verdictDigest(verdict, group, groups.epochOf(group));
        return slasher.submitVerdict(verdict, certify(digest, group));
    }

    function test_wrongVerdictIsOverturnedByAnotherGroup() public {
        uint256 before = staking.bonded(witness, WITNESS);
        uint256 id = judge(Offence.WrongRoot, 600 ether);
        assertEq(staking.frozen(witness, WITNESS), 600 ether);
        assertEq(token.balanceOf(all.slasher), 600 ether);
        checkSums();
        vm.expectRevert();
        slasher.settle(id);

        vm.prank(archiveOwner);
        uint32 judge_ = slasher.appeal(id);
        assertTrue(judge_ != 0 && judge_ != keeperOf(note), "another group");
        Certificate memory byAccuser =
            certify(slasher.overturnDigest(Overturn(id), keeperOf(note), 1), keeperOf(note));
        vm.expectRevert();
        slasher.overturn(Overturn(id), byAccuser);
        slasher.overturn(Overturn(id), certify(slasher.overturnDigest(Overturn(id), judge_, 1), judge_));
        assertEq(staking.bonded(witness, WITNESS), before);
        assertEq(staking.frozen(witness, WITNESS), 0);
        assertEq(token.balanceOf(all.slasher), 0);
        checkSums();
    }

    function test_holdersAreCompensatedFirst() public {
        uint256 id = judge(Offence.Fraud, 1000 ether);
        skip(7 days + 1);
        slasher.finalize(id);
        assertTrue(staking.isBarred(witness));

        uint256 distribution = pot.distributionOf(address(slasher), bytes32(id));
        bytes32[] memory tree = new bytes32[](2);
        tree[0] = Merkle.leaf(distribution, 0, alice, 500 ether);
        tree[1] = Merkle.leaf(distribution, 1, bob, 200 ether);
        Restitution memory restitution = Restitution(id, Merkle.root(tree), 700 ether);
        uint32 group = keeperOf(note);
        bytes32 digest = slasher.restitutionDigest(restitution, group, groups.epochOf(group));
        slasher.restitute(restitution, certify(digest, group));
        slasher.settle(id);
        assertEq(token.balanceOf(reporter), 30 ether, "a tenth of what holders left");
        assertEq(pot.pool(address(token)), 270 ether);

        pot.claim(Claim(distribution, 0, alice, 500 ether, Merkle.proof(tree, 0)));
        assertEq(token.balanceOf(alice), 500 ether);
        vm.expectRevert();
        pot.claim(Claim(distribution, 0, alice, 500 ether, Merkle.proof(tree, 0)));
        assertEq(token.balanceOf(all.slasher), 0);
        checkSums();
    }

    function test_stakeThatIsLeavingIsSlashed() public {
        vm.prank(archiveOwner);
        staking.unbond(witness, WITNESS, 9000 ether);
        skip(20 days);
        uint256 id = judge(Offence.Fraud, 10_000 ether);
        assertEq(slasher.caseOf(id).amount, 10_000 ether);
        skip(1 days);
        vm.expectRevert();
        vm.prank(archiveOwner);
        staking.withdraw(witness, WITNESS);
        checkSums();
    }

    /// @dev Two votes of an archive node in one view: all of its stake at once, no more seats, and the group goes on
    ///      without it.
    function test_archiveNodeThatEquivocates() public {
        uint32 group = keeperOf(note);
        uint256[] memory seated = groups.members(group);
        uint256 cheat = seated[1];
        uint256 exposed = groups.exposureStake(group);
        equivocate(cheat);
        assertTrue(staking.isBarred(cheat));
        assertEq(staking.bonded(cheat, ARCHIVE), 0);
        assertLt(groups.exposureStake(group), exposed, "less may be minted at once");
        // Its seat signs until the group hands over. Nobody new can be seated in its place without stake.
        assertEq(staking.seats(cheat, ARCHIVE), 1);
        withdraw(note, 0, alice, DOLLAR);

        uint256 fresh = newNodePlacedIn(group);
        seated[1] = fresh;
        sort(seated);
        handover(group, seated);
        assertEq(staking.seats(cheat, ARCHIVE), 0);
        withdraw(note, 1, alice, DOLLAR);
        vm.expectRevert();
        vm.prank(archiveOwner);
        groups.join(cheat);
        uint256 id = slasher.caseCount();
        skip(14 days + 1);
        slasher.settle(id);
        assertEq(token.balanceOf(reporter), 20_000 ether);
        assertEq(token.balanceOf(all.slasher), 0);
        checkSums();
    }

    function equivocate(uint256 cheat) private {
        // Bit 2: votes of archive nodes.
        Vote memory vote = Vote({chain: chain, height: 7, view_: 2, epoch: 1, phase: 0x20, block_: "a"});
        uint256 key = keyOf[registry.walletOf(cheat)];
        SignedVote memory first = SignedVote(vote, false, new bytes32[](0), "");
        first.signature = sign(key, slasher.voteDigest(vote));
        vote = Vote({chain: chain, height: 7, view_: 2, epoch: 1, phase: 0x20, block_: "b"});
        SignedVote memory second = SignedVote(vote, false, new bytes32[](0), "");
        second.signature = sign(key, slasher.voteDigest(vote));
        vm.prank(reporter);
        slasher.reportEquivocation(cheat, first, second);
    }

    /// @dev Nodes ask until the roulette places one in `group`.
    function newNodePlacedIn(uint32 group) private returns (uint256 node) {
        (uint32 left,) = groups.childrenOf(ROOT_GROUP);
        for (;;) {
            node = newArchiveNode(2);
            join(node);
            step();
            step();
            seedNow(left, keccak256(abi.encode("place", node)));
            if (groups.drawnFor(node) == group) return node;
        }
    }

    function sort(uint256[] memory items) private pure {
        for (uint256 i = 1; i < items.length; ++i) {
            for (uint256 j = i; j > 0 && items[j - 1] > items[j]; --j) {
                (items[j - 1], items[j]) = (items[j], items[j - 1]);
            }
        }
    }
}
