// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IChainContract, INoteChain, NoteBase, SYSTEM} from "./NoteBase.sol";

contract CollectTest is NoteBase {
    function test_RevertWhen_callerIsNotTheSystem() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IChainContract.NotSystem.selector, alice));
        note.collect(0, 0, 0);
    }

    function test_RevertWhen_collectedTwice() public {
        collect(7, 0, 0);
        assertTrue(note.isCollected(7));
        vm.prank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(INoteChain.PeriodCollected.selector, 7));
        note.collect(7, 0, 0);
    }

    function test_RevertWhen_moreThanThereIs() public {
        pay(alice, bob, DOLLAR);
        chargeGas(alice, 10 * PICO + 1);
        vm.startPrank(SYSTEM);
        vm.expectRevert(tooLow(501 * PICO, 500 * PICO));
        note.collect(7, 501, 0);
        vm.expectRevert(tooLow(11 * PICO, 10 * PICO + 1));
        note.collect(7, 0, 11);
        vm.expectRevert(tooLow(uint256(type(uint64).max) * PICO, 500 * PICO));
        note.collect(7, type(uint64).max, 0);
    }

    /// @dev In any order; what is not whole stays.
    function test_takesBothPots() public {
        pay(alice, bob, DOLLAR);
        pay(alice, bob, 1);
        chargeGas(alice, 10 * PICO + 1);
        collect(9, 499, 3);
        collect(8, 1, 7);
        assertEq(note.totals().fees, 500);
        assertEq(note.totals().gas, 1);
        assertEq(note.totals().owed, (100 * DOLLAR - 510) * PICO);
        assertFalse(note.isCollected(7));
        assertEq(note.leaves()[0].account, pot);
        assertEq(note.leaves()[0].amount, 501);
    }
}
