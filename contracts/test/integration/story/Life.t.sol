// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exit, ICash, Note, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {ICashOrders, Order} from "../../../src/interfaces/ICashOrders.sol";
import {Genesis} from "../../../src/interfaces/IChainAnchor.sol";
import {Header, Leaf, LeafKind, Voucher} from "../../../src/interfaces/IForcedExits.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Permit} from "../../../src/types/Permit.sol";
import {DrawState, OrderStatus} from "../orders/OrdersBase.sol";
import {StoryBase} from "./StoryBase.sol";

/// @dev A note from its order to its last micro-dollar.
contract LifeStory is StoryBase {
    uint256[] internal issuers;
    uint256 internal note;
    address internal second = makeAddr("second buyer's account");

    function setUp() public override {
        super.setUp();
        issuers = newIssuers(3, 500 ether);
        checkSums();
    }

    function test_ofANote() public {
        ordersWithoutGas();
        isMintedByWhoIsDrawn();
        isOpenedByItsArchiveGroup();
        peopleLeave();
        issuerIsPaid();
        isSoldAgain();
        oldSeriesIsOver();
        isForcedOut();
        nothingIsLeft();
    }

    /// @dev Without gas and without an allowance: a permit and an order, signed.
    function ordersWithoutGas() private {
        vm.prank(buyer);
        usd6.approve(address(orders), 0);
        Order memory order_ = someOrder(100 * DOLLAR);
        Permit memory permit = signPermit(buyerKey, usd6, 100 * DOLLAR + order_.relayerFee);
        bytes memory signature = signOrder(buyerKey, order_);
        vm.prank(relayer);
        note = orders.orderWithPermit(order_, signature, permit);
        assertEq(usd6.balanceOf(relayer), order_.relayerFee);
        assertEq(usd6.balanceOf(address(orders)), 100e6);
        checkSums();
    }

    function isMintedByWhoIsDrawn() private {
        assertState(note, DrawState.Waiting);
        seedFor(note);
        uint256 drawn = orders.drawOf(note).node;
        for (uint256 i = 0; i < issuers.length; ++i) {
            if (issuers[i] == drawn) continue;
            address other = registry.walletOf(issuers[i]);
            vm.expectRevert(abi.encodeWithSelector(ICashOrders.NotIssuer.selector, note, drawn, other));
            mintAs(other, note);
        }
        uint256 burned = token.totalBurned();
        mintDrawn(note);
        // 20% of $100 at $0.10.
        assertEq(token.totalBurned() - burned, 200 ether);
        assertEq(orders.free(drawn), 300 ether);
        assertEq(cash.ownerOf(note), account);
        checkSums();
    }

    function isOpenedByItsArchiveGroup() private {
        Exit memory early = exitOf(note, 0, alice, DOLLAR);
        early.series = 1;
        payRefused(early, abi.encodeWithSelector(ICash.StatusWrong.selector, note, NoteStatus.Minted));

        Genesis memory genesis = genesisOf(note);
        genesis.deposit += 1;
        Certificate memory certificate = certifyGenesis(genesis);
        vm.expectRevert(
            abi.encodeWithSelector(ICash.DepositDiffers.selector, note, 100 * DOLLAR, 100 * DOLLAR + 1)
        );
        anchors.anchor(genesis, certificate);
        assertEq(anchors.homeOf(genesis.chain), 0, "what Cash refuses is not anchored");

        openNote(note);
        assertEq(cash.live(note), 100 * DOLLAR);
        assertEq(anchors.anchorOf(genesis.chain).genesisHash, genesis.genesisHash);
        checkSums();
    }

    function peopleLeave() private {
        withdraw(note, 1, alice, 30 * DOLLAR);
        Exit memory relayed = exitOf(note, 0, bob, 40 * DOLLAR);
        relayed.relayerFee = 1000;
        uint256 before = usd6.balanceOf(relayer);
        pay(relayed);
        assertEq(usd6.balanceOf(relayer), before + 1000);
        payRefused(relayed, abi.encodeWithSelector(ICash.AlreadyPaid.selector, note, 0));
        assertEq(usd6.balanceOf(alice), 29_940_000);
        assertEq(usd6.balanceOf(bob), 39_920_000 - 1000);
        assertEq(cash.live(note), 30 * DOLLAR);
        checkSums();
    }

    function issuerIsPaid() private {
        uint256 before = usd6.balanceOf(archiveOwner);
        cash.collectFees(list(note));
        assertEq(usd6.balanceOf(archiveOwner) - before, 140_000, "0.2% of 70 dollars");
        before = token.balanceOf(archiveOwner);
        cash.reissue(note);
        assertEq(token.balanceOf(archiveOwner) - before, 140 ether, "20% of 70 dollars at $0.10");
        checkSums();
    }

    function isSoldAgain() private {
        pool.take(note);
        vm.startPrank(buyer);
        usd6.approve(address(orders), 70e6);
        uint256 id = orders.order(address(usd6), 70 * DOLLAR, second, note);
        vm.stopPrank();
        checkSums();
        seedFor(id);
        // Who left in the meantime makes the burn smaller.
        withdraw(note, 2, alice, 5 * DOLLAR);
        uint256 burned = token.totalBurned();
        mintDrawn(id);
        assertEq(token.totalBurned() - burned, 190 ether, "20% of carried and bought");
        checkSums();
        openNote(note);
        assertEq(cash.ownerOf(note), second);
        assertEq(cash.note(note).series, 2);
        assertEq(cash.live(note), 95 * DOLLAR);
        assertStatus(id, OrderStatus.Minted);
        checkSums();
    }

    /// @dev A withdrawal of the old series that was not submitted in time is certified anew.
    function oldSeriesIsOver() private {
        Exit memory late = exitOf(note, 3, bob, DOLLAR);
        late.series = 1;
        payRefused(late, abi.encodeWithSelector(ICash.SeriesWrong.selector, note, 2, 1));
        late.series = 2;
        pay(late);
        // Its number counts over all series.
        Exit memory again = exitOf(note, 1, alice, DOLLAR);
        payRefused(again, abi.encodeWithSelector(ICash.AlreadyPaid.selector, note, 1));

        cash.collectClosedFees(note, 1);
        uint256 before = token.balanceOf(archiveOwner);
        cash.reissueClosed(note, 1);
        assertEq(token.balanceOf(archiveOwner) - before, 60 ether, "what is left of the first burn");
        checkSums();
    }

    /// @dev Alice 60, a lock of Peter for Bob 20.01 with its fee, a withdrawal of Bob 10, and what nobody owns.
    function isForcedOut() private {
        Leaf[] memory leaves = new Leaf[](3);
        leaves[0] = balanceLeaf(alice, 60 * DOLLAR * PICO + 1);
        Voucher memory voucher = Voucher(genesisHashOf(note), 2, "authorization", 12 * DOLLAR);
        leaves[1].kind = LeafKind.Lock;
        (leaves[1].account, leaves[1].payee) = (peter, bob);
        leaves[1].lockId = keccak256(abi.encode(voucher.genesisHash, voucher.series, voucher.authorization));
        leaves[1].amount = 20_010_000 * PICO;
        leaves[2].kind = LeafKind.Withdrawal;
        (leaves[2].account, leaves[2].withdrawal, leaves[2].amount) = (bob, 4, 10 * DOLLAR * PICO);

        forceExit(alice, note, 20, leaves);
        // It was debited and certified before, and is paid either way, but once.
        withdraw(note, 4, bob, 10 * DOLLAR);
        Exit memory later = exitOf(note, 11, bob, DOLLAR);
        payRefused(later, abi.encodeWithSelector(ICash.HeightTooHigh.selector, note, 20, 21));
        checkSums();

        skip(7 days);
        claimLeaf(note, leaves, 0);
        showVoucher(leaves, voucher);
        vm.expectRevert();
        claimLeaf(note, leaves, 2);
        skip(7 days);
        uint256 before = usd6.balanceOf(bob);
        forcedExits.claimLocked(note, 1, leaves[1], proofOf(leaves, 1));
        assertApproxEqAbs(usd6.balanceOf(bob) - before, 12 * DOLLAR * 998 / 1000, 1);
        claimLeaf(note, leaves, 1);
        assertApproxEqAbs(usd6.balanceOf(peter), uint256(8_010_000) * 998 / 1000, 1);
        checkSums();
    }

    function showVoucher(Leaf[] memory leaves, Voucher memory voucher) private {
        bytes memory signature = sign(peterKey, forcedExits.voucherDigest(voucher));
        forcedExits.showVoucher(note, 1, leaves[1], proofOf(leaves, 1), voucher, signature);
    }

    function nothingIsLeft() private {
        forcedExits.payDust(note);
        forcedExits.returnBond(note);
        cash.collectFees(list(note));
        cash.reissue(note);
        checkSums();
        Note memory record = cash.note(note);
        assertEq(uint256(record.status), uint256(NoteStatus.Settling));
        assertEq(cash.live(note), 0);
        assertEq(record.burnOutstanding, 0, "all that was burned came back, at the same price");
        assertEq(usd6.balanceOf(address(cash)), 0);
        assertEq(usd6.balanceOf(address(forcedExits)), 0);
        assertEq(token.totalBurned(), 0);
        vm.expectRevert();
        pool.take(note);
    }

    function genesisHashOf(uint256 id) private view returns (bytes32) {
        return anchors.anchorOf(cash.chainOf(id)).genesisHash;
    }
}
