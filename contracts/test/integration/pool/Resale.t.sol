// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash} from "../../../src/interfaces/ICash.sol";
import {ICashOrders, ICashPool, Note, OrderStatus, OrdersBase, Quote} from "../orders/OrdersBase.sol";

/// @dev A pooled note's room is ordered, minted and opened again.
contract ResaleTest is OrdersBase {
    address internal second = makeAddr("second account");
    uint256 internal node;
    uint256 internal note;

    function setUp() public override {
        super.setUp();
        node = newIssuer(1000 ether);
        note = pooledNote(50 * DOLLAR, 10 * DOLLAR);
    }

    function orderRoom(uint64 amount) internal returns (uint256 id) {
        vm.prank(buyer);
        id = orders.order(address(usd6), amount, second, note);
    }

    function mintRoom(uint64 amount) internal returns (uint256 id) {
        id = orderRoom(amount);
        postSeed("resale");
        mintAs(archiveOwner, id);
    }

    function test_refusesAnotherCoin() public {
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.StablecoinDiffers.selector, note, address(usd6)));
        vm.prank(buyer);
        orders.order(address(usd18), DOLLAR, second, note);
    }

    function test_refusesMoreThanTheRoom() public {
        vm.expectRevert(
            abi.encodeWithSelector(ICashOrders.AmountInvalid.selector, 40 * DOLLAR + 1, DOLLAR, 40 * DOLLAR)
        );
        orderRoom(40 * DOLLAR + 1);
    }

    function test_refusesASecondOrderWhileOneIsPending() public {
        uint256 first = orderRoom(DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.NoteOrdered.selector, note, first));
        orderRoom(DOLLAR);
        assertEq(pool.notes(address(usd6), 0, 1)[0].room, 0);
    }

    function test_refusesASecondOrderWhileASeriesIsPending() public {
        mintRoom(DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.AmountInvalid.selector, DOLLAR, DOLLAR, 0));
        orderRoom(DOLLAR);
    }

    function test_orderOfTheNoteLapsesAndAnotherFollows() public {
        uint256 first = orderRoom(DOLLAR);
        skip(25 hours);
        orders.refund(first);
        uint256 next = orderRoom(2 * DOLLAR);
        assertEq(orders.lastOrderFor(note), next);
    }

    /// @dev The issuer burns for what is carried, too.
    function test_burnsForCarriedAndDeposit() public {
        Quote memory quote = orders.quote(address(usd6), 40 * DOLLAR, note);
        assertEq(quote.carried, 10 * DOLLAR);
        assertEq(quote.burn, 100 ether);
        uint256 free = orders.free(node);
        mintRoom(40 * DOLLAR);
        assertEq(orders.free(node), free - 100 ether);
    }

    /// @dev The old series goes on until the new one opens: exits between order and mint make the burn smaller.
    function test_exitsGoOnWhilePending() public {
        uint256 id = orderRoom(40 * DOLLAR);
        takeOut(note, 5 * DOLLAR);
        postSeed("resale");
        uint256 free = orders.free(node);
        mintAs(archiveOwner, id);
        assertEq(orders.free(node), free - 90 ether);
        takeOut(note, DOLLAR);
        open(note);
        assertEq(cash.live(note), 44 * DOLLAR);
    }

    function test_nftGoesToTheNewBuyersAccount() public {
        uint256 id = mintRoom(40 * DOLLAR);
        assertEq(cash.ownerOf(note), address(pool));
        open(note);
        assertEq(cash.ownerOf(note), second);
        Note memory record = cash.note(note);
        assertEq(record.series, 2);
        assertEq(record.opened, 50 * DOLLAR);
        assertStatus(id, OrderStatus.Minted);
        assertEq(pool.notes(address(usd6), 0, 1)[0].room, 0);

        vm.expectEmit(address(pool));
        emit ICashPool.NoteDropped(note, address(usd6));
        pool.drop(note);
        assertEq(pool.noteCount(address(usd6)), 0);
    }

    function test_isTakenAgain() public {
        mintRoom(40 * DOLLAR);
        open(note);
        takeOut(note, 30 * DOLLAR);
        pool.take(note);
        assertEq(pool.noteCount(address(usd6)), 1);
        (, uint64 room) = pool.roomOf(note);
        assertEq(room, 30 * DOLLAR);
    }

    function test_cancelLeavesTheOldSeriesAlone() public {
        uint256 id = mintRoom(40 * DOLLAR);
        skip(24 hours + 1);
        orders.cancel(id);
        assertStatus(id, OrderStatus.Refunded);
        assertEq(cash.live(note), 10 * DOLLAR);
        assertEq(cash.note(note).series, 1);
        assertEq(cash.ownerOf(note), address(pool));
        takeOut(note, DOLLAR);
        orderRoom(41 * DOLLAR);
    }

    /// @dev An opened order cannot cancel the series that a later order has pending.
    function test_oldOrderCannotCancelANewOne() public {
        uint256 first = note;
        mintRoom(40 * DOLLAR);
        skip(24 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderSuperseded.selector, first, first + 1));
        orders.cancel(first);
        assertEq(cash.pendingSeries(note).deposit, 40 * DOLLAR);
    }

    /// @dev Nor while the later order waits for its issuer.
    function test_oldOrderCannotBeCancelledLater() public {
        uint256 id = mintRoom(40 * DOLLAR);
        open(note);
        skip(24 hours + 1);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, note));
        orders.cancel(id);
    }

    /// @dev A forced exit that starts after the mint: the series cannot open, and the buyer gets its money back.
    function test_forcedExitAfterTheMint() public {
        uint256 id = mintRoom(40 * DOLLAR);
        vm.prank(all.forcedExits);
        cash.settle(note, 100);
        skip(24 hours + 1);
        uint256 before = usd6.balanceOf(buyer);
        orders.cancel(id);
        assertEq(usd6.balanceOf(buyer), before + 40e6);
        assertEq(cash.live(note), 10 * DOLLAR);
    }

    /// @dev One that starts before it: nobody can mint, and the order lapses.
    function test_forcedExitBeforeTheMint() public {
        uint256 id = orderRoom(40 * DOLLAR);
        vm.prank(all.forcedExits);
        cash.settle(note, 100);
        postSeed("resale");
        vm.expectRevert();
        mintAs(archiveOwner, id);
        skip(3 hours);
        orders.refund(id);
    }
}
