// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {Exit, ICash, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {Genesis} from "../../../src/interfaces/IChainAnchor.sol";
import {Header, Leaf} from "../../../src/interfaces/IForcedExits.sol";
import {Claim, IRewards} from "../../../src/interfaces/IRewards.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Merkle} from "../../Merkle.sol";
import {DrawState} from "../orders/OrdersBase.sol";
import {StoryBase} from "./StoryBase.sol";

/// @dev A small archive group, which can split.
abstract contract SplittingStory is StoryBase {
    function archiveMinSeats() internal pure override returns (uint256) {
        return 4;
    }

    function archiveSeats() internal pure override returns (uint256) {
        return 7;
    }

    /// @dev The root group takes in one more node and splits.
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
        seedNow(ROOT_GROUP, "the seed that divides");
        return split(ROOT_GROUP, nodes);
    }
}

/// @dev The archive group splits while notes are in every state.
contract SplitStory is SplittingStory {
    uint32 internal left;
    uint32 internal right;

    /// @dev A live note of the left child, and one of the right.
    uint256 internal onLeft;
    uint256 internal onRight;

    /// @dev Waits for a seed, is drawn, and is minted, when the group splits.
    uint256 internal waiting;
    uint256 internal drawn;
    uint256 internal minted;

    Certificate internal rootGenesis;
    Genesis internal mintedGenesis;

    function setUp() public override {
        super.setUp();
        newIssuers(3, 5000 ether);
        while (onLeft == 0 || onRight == 0) {
            uint256 note = newNote(10 * DOLLAR);
            if (uint256(cash.chainOf(note)) >> 255 == 0) onLeft = note;
            else onRight = note;
        }
        minted = orderNew(10 * DOLLAR);
        seedFor(minted);
        mintDrawn(minted);
        drawn = orderNew(10 * DOLLAR);
        seedFor(drawn);
        mintedGenesis = genesisOf(minted);
        rootGenesis = certifyGenesis(mintedGenesis);
    }

    function splitNow() internal {
        (left, right) = splitRoot();
        checkSums();
    }

    function test_exitCertifiedBeforeCountsForADay() public {
        Exit memory first = exitOf(onLeft, 0, alice, DOLLAR);
        Exit memory next = exitOf(onLeft, 1, alice, DOLLAR);
        Certificate memory byRoot = certifyExit(first, ROOT_GROUP);
        Certificate memory byRootToo = certifyExit(next, ROOT_GROUP);
        splitNow();
        skip(23 hours);
        cash.exit(first, byRoot);
        skip(1 hours);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 1));
        cash.exit(next, byRootToo);
        // What the child certifies anew is paid, and what was paid is not.
        pay(next);
        vm.expectRevert();
        this.payIt(first);
        checkSums();
    }

    function payIt(Exit memory exit_) external {
        pay(exit_);
    }

    function test_exitIsTheKeepersToCertify() public {
        splitNow();
        withdraw(onLeft, 0, alice, DOLLAR);
        withdraw(onRight, 0, alice, DOLLAR);
        Exit memory exit_ = exitOf(onLeft, 1, alice, DOLLAR);
        Certificate memory bySibling = certifyExit(exit_, right);
        vm.expectRevert(
            abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, cash.chainOf(onLeft), right, left)
        );
        cash.exit(exit_, bySibling);
        checkSums();
    }

    function test_headerIsTheKeepersToCertify() public {
        splitNow();
        Leaf[] memory leaves = new Leaf[](1);
        leaves[0] = balanceLeaf(alice, 10 * DOLLAR * PICO);
        Header memory header = headerOf(onRight, 20, leaves);
        Certificate memory bySibling = certifyHeader(header, left);
        approveBond(alice, onRight);
        vm.expectRevert(
            abi.encodeWithSelector(IArchiveGroups.NotKeeper.selector, cash.chainOf(onRight), left, right)
        );
        vm.prank(alice);
        forcedExits.open(header, bySibling, leaves);
        forceExit(alice, onRight, 20, leaves);
        skip(7 days);
        claimLeaf(onRight, leaves, 0);
        assertEq(cash.live(onRight), 0);
        checkSums();
    }

    /// @dev Recounting moves the note's home to the child, and must not cut off what the parent certified.
    function test_headerOfTheParentCountsForTwoWeeks() public {
        Leaf[] memory leaves = new Leaf[](1);
        leaves[0] = balanceLeaf(alice, 10 * DOLLAR * PICO);
        Header memory header = headerOf(onLeft, 20, leaves);
        Certificate memory byRoot = certifyHeader(header, ROOT_GROUP);
        splitNow();
        cash.recount(list(onLeft));
        assertEq(cash.note(onLeft).home, left);
        approveBond(alice, onLeft);
        skip(14 days);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 1));
        vm.prank(alice);
        forcedExits.open(header, byRoot, leaves);
        rewind(1);
        vm.prank(alice);
        forcedExits.open(header, byRoot, leaves);
        // The child's word stands above the parent's, at any height.
        header.height = 11;
        forcedExits.replace(header, certifyHeader(header, left), leaves);
        assertEq(forcedExits.settlement(onLeft).height, 11);
        checkSums();
    }

    /// @dev What waits for the root's seed gets the left child's first, wherever its own chain falls.
    function test_waitingOrderGetsALeftSeed() public {
        waiting = orderNew(10 * DOLLAR);
        (left, right) = splitNothingSeeded();
        step();
        step();
        seedNow(right, "right");
        assertState(waiting, DrawState.Waiting);
        seedNow(left, "left");
        assertState(waiting, DrawState.Drawn);
        mintDrawn(waiting);
        openNote(waiting);
        assertEq(cash.note(waiting).home, keeperOf(waiting));
        checkSums();
    }

    /// @dev As `splitRoot`, when the seed that divides was posted before the order.
    function splitNothingSeeded() private returns (uint32, uint32) {
        uint256[] memory seated = groups.members(ROOT_GROUP);
        uint256[] memory nodes = new uint256[](seated.length + 1);
        for (uint256 i = 0; i < seated.length; ++i) {
            nodes[i] = seated[i];
        }
        nodes[seated.length] = newArchiveNode(2);
        join(nodes[seated.length]);
        step();
        step();
        seedNow(ROOT_GROUP, "the seed that divides");
        step();
        waiting = orderNew(10 * DOLLAR);
        return split(ROOT_GROUP, nodes);
    }

    function test_drawnAndMintedOrdersGoOn() public {
        uint256 node = orders.drawOf(drawn).node;
        splitNow();
        assertEq(orders.drawOf(drawn).node, node);
        anchors.anchor(mintedGenesis, rootGenesis);
        mintDrawn(drawn);
        openNote(drawn);
        assertEq(cash.note(drawn).home, keeperOf(drawn));
        withdraw(drawn, 0, alice, DOLLAR);
        checkSums();
    }

    function test_genesisOfTheParentCountsForADay() public {
        splitNow();
        skip(24 hours);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, 1, 1));
        anchors.anchor(mintedGenesis, rootGenesis);
        openNote(minted);
        checkSums();
    }

    function test_liveIsCountedInTheChildren() public {
        splitNow();
        uint256 all_ = cash.liveInGroup(ROOT_GROUP);
        assertGt(all_, 0);
        uint256[] memory notes = new uint256[](orders.orderCount());
        uint256 count;
        uint256 sum;
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            if (id == drawn) continue;
            notes[count++] = id;
            sum += cash.live(id) + cash.pendingSeries(id).deposit;
        }
        assembly ("memory-safe") {
            mstore(notes, count)
        }
        cash.recount(notes);
        assertEq(cash.liveInGroup(ROOT_GROUP), 0);
        assertEq(cash.liveInGroup(left) + cash.liveInGroup(right), sum);
        assertEq(all_, sum);
        checkSums();
    }

    /// @dev Just after a split nobody has counted what either half keeps: all of the parent's counts against both.
    function test_mintingAfterASplitKeepsToTheBound() public {
        splitNow();
        uint256 all_ = cash.liveInGroup(ROOT_GROUP);
        assertEq(cash.exposureOf(left), all_);
        assertEq(cash.exposureOf(right), all_);
        // Both halves have the same stake. A price at which it is worth what was the parent's, and not a dollar more.
        uint256 stake = groups.exposureStake(left);
        movePrice(int256((all_ + DOLLAR) * 1e20 / stake) - 1);
        (, uint256 price) = priceFeed.price();
        uint256 most = stake * price / 1e20;
        assertTrue(most >= all_ && most < all_ + DOLLAR);
        uint256 id = orderNew(DOLLAR);
        seedFor(id);
        uint32 group = keeperOf(id);
        address issuer = registry.walletOf(orders.drawOf(id).node);
        vm.expectRevert(abi.encodeWithSelector(ICash.ExposureExceeded.selector, group, most, all_ + DOLLAR));
        mintAs(issuer, id);
        // Counted where it is, there is room.
        cash.recount(liveNotes());
        mintAs(issuer, id);
        assertLe(cash.exposureOf(group), most);
        checkSums();
    }

    function liveNotes() private view returns (uint256[] memory notes) {
        notes = new uint256[](orders.orderCount());
        uint256 count;
        for (uint256 id = 1; id <= notes.length; ++id) {
            if (cash.note(id).status != NoteStatus.None) notes[count++] = id;
        }
        assembly ("memory-safe") {
            mstore(notes, count)
        }
    }

    /// @dev A member's fees on the left child's note: certified, moved, claimed.
    function test_childCollectsItsMembersFees() public {
        splitNow();
        IRewards pool_ = IRewards(all.rewards);
        uint256 distribution =
            pool_.distributionOf(address(cash), cash.memberFeesSalt(address(usd6), 1, left));
        bytes32[] memory tree = new bytes32[](1);
        tree[0] = Merkle.leaf(distribution, 0, bob, DOLLAR);
        collect(onLeft, left, tree[0], "");
        collect(onLeft, right, tree[0], "refused");
        assertEq(cash.live(onLeft), 9 * DOLLAR);
        checkSums();
        pool_.claim(Claim(distribution, 0, bob, DOLLAR, new bytes32[](0)));
        assertEq(usd6.balanceOf(bob), DOLLAR);
    }

    function collect(uint256 note, uint32 group, bytes32 root, bytes memory refused) private {
        uint64[] memory amounts = new uint64[](1);
        amounts[0] = DOLLAR;
        bytes32 digest =
            cash.memberFeesDigest(list(note), amounts, address(usd6), root, 1, group, groups.epochOf(group));
        Certificate memory certificate = certify(digest, group);
        if (refused.length != 0) vm.expectRevert();
        cash.collectMemberFees(list(note), amounts, root, 1, certificate);
    }
}
