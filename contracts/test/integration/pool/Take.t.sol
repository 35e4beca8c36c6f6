// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {ICashPool, OrdersBase, PooledNote} from "../orders/OrdersBase.sol";

contract TakeTest is OrdersBase {
    function setUp() public override {
        super.setUp();
        newIssuer(100_000 ether);
    }

    function test_refusesANoteThatDoesNotExist() public {
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteNotLive.selector, 5));
        pool.take(5);
    }

    function test_refusesANoteWithoutGenesis() public {
        uint256 note = mintedOrder(DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteNotLive.selector, note));
        pool.take(note);
    }

    function test_refusesANoteUnderAForcedExit() public {
        uint256 note = liveNote(10 * DOLLAR);
        takeOut(note, 10 * DOLLAR);
        vm.prank(all.forcedExits);
        cash.settle(note, 100);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteNotLive.selector, note));
        pool.take(note);
    }

    function test_refusesANoteInUse() public {
        uint256 note = liveNote(10 * DOLLAR);
        takeOut(note, 5 * DOLLAR - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICashPool.NoteInUse.selector, note, 5 * DOLLAR + 1, 5 * DOLLAR)
        );
        pool.take(note);
        takeOut(note, 1);
        pool.take(note);
    }

    function test_refusesANoteWithTooLittleRoom() public {
        uint256 note = liveNote(DOLLAR + 2);
        takeOut(note, DOLLAR - 1);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.RoomTooSmall.selector, note, DOLLAR - 1));
        pool.take(note);
        takeOut(note, 1);
        pool.take(note);
    }

    function test_refusesTwice() public {
        uint256 note = pooledNote(10 * DOLLAR, DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteInPool.selector, note));
        pool.take(note);
    }

    function test_takesFromWhoeverHasTheNft() public {
        uint256 note = liveNote(10 * DOLLAR);
        takeOut(note, 9 * DOLLAR);
        vm.expectEmit(address(pool));
        emit ICashPool.NoteTaken(note, address(usd6), account, DOLLAR);
        vm.prank(stranger);
        pool.take(note);

        assertEq(cash.ownerOf(note), address(pool));
        assertEq(pool.noteCount(address(usd6)), 1);
        (address coin, uint64 room) = pool.roomOf(note);
        assertEq(coin, address(usd6));
        assertEq(room, 9 * DOLLAR);
        assertEq(cash.live(note), DOLLAR);
    }

    /// @dev Whoever is still in the note goes on: the NFT carries no claim.
    function test_holdersGoOnLeaving() public {
        uint256 note = pooledNote(10 * DOLLAR, 2 * DOLLAR);
        takeOut(note, DOLLAR);
        (, uint64 room) = pool.roomOf(note);
        assertEq(room, 9 * DOLLAR);
    }

    function test_nothingHasNoRoom() public {
        (address coin, uint64 room) = pool.roomOf(77);
        assertEq(coin, address(0));
        assertEq(room, 0);
        uint256 note = liveNote(10 * DOLLAR);
        (coin, room) = pool.roomOf(note);
        assertEq(coin, address(usd6));
        assertEq(room, 0);
    }

    function test_noRoomUnderAForcedExit() public {
        uint256 note = pooledNote(10 * DOLLAR, DOLLAR);
        vm.prank(all.forcedExits);
        cash.settle(note, 100);
        (, uint64 room) = pool.roomOf(note);
        assertEq(room, 0);
        assertEq(pool.notes(address(usd6), 0, 10)[0].room, 0);
    }

    function test_dropRefusesWhatIsHereOrNever() public {
        uint256 note = pooledNote(10 * DOLLAR, DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteInPool.selector, note));
        pool.drop(note);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteNotListed.selector, 99));
        pool.drop(99);
        uint256 other = liveNote(10 * DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashPool.NoteNotListed.selector, other));
        pool.drop(other);
    }

    function test_listsByCoinInPages() public {
        for (uint256 i = 1; i <= 4; ++i) {
            pooledNote(uint64(i) * 10 * DOLLAR, uint64(i) * DOLLAR);
        }
        assertEq(pool.noteCount(address(usd6)), 4);
        assertEq(pool.noteCount(address(usd18)), 0);
        PooledNote[] memory page = pool.notes(address(usd6), 1, 2);
        assertEq(page.length, 2);
        assertEq(page[0].face, 20 * DOLLAR);
        assertEq(page[0].live, 2 * DOLLAR);
        assertEq(page[0].room, 18 * DOLLAR);
        assertEq(page[1].room, 27 * DOLLAR);
        assertEq(pool.notes(address(usd6), 3, 100).length, 1);
        assertEq(pool.notes(address(usd6), type(uint256).max, 100).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        pool.notes(address(usd6), 0, 101);
    }

    /// @dev Taken exactly when at most half is left and an order fits.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_takenFromHalfOn(uint64 amount, uint64 left) public {
        amount = uint64(bound(amount, DOLLAR, 100 * DOLLAR));
        left = uint64(bound(left, 1, amount));
        uint256 note = liveNote(amount);
        takeOut(note, left);
        bool may = amount - left <= amount / 2 && left >= DOLLAR;
        if (!may) vm.expectRevert();
        pool.take(note);
        assertEq(cash.ownerOf(note), may ? address(pool) : account);
    }
}
