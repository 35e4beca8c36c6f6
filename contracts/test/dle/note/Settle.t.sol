// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IChainContract, INoteChain, NoteBase, SYSTEM} from "./NoteBase.sol";

contract SettleTest is NoteBase {
    function test_RevertWhen_callerIsNotTheSystem() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IChainContract.NotSystem.selector, alice));
        note.settle(0);
    }

    function test_RevertWhen_nothingWaits() public {
        withdraw(DOLLAR);
        settle(0);
        vm.startPrank(SYSTEM);
        vm.expectRevert(abi.encodeWithSelector(INoteChain.UnknownWithdrawal.selector, 0));
        note.settle(0);
        vm.expectRevert(abi.encodeWithSelector(INoteChain.UnknownWithdrawal.selector, 1));
        note.settle(1);
    }

    function test_settledInAnyOrder() public {
        for (uint64 i = 0; i < 4; ++i) {
            assertEq(withdraw((1 + i) * DOLLAR), i);
        }
        settle(0);
        assertEq(note.totals().owed, 99 * DOLLAR * PICO);
        assertEq(note.leaves()[2].withdrawal, 3);
        // The last took the place of the first, and leaves it to the one before.
        settle(3);
        assertEq(note.leaves()[2].withdrawal, 2);
        assertEq(note.leaves()[3].withdrawal, 1);
        settle(1);
        settle(2);
        assertEq(note.totals().owed, 90 * DOLLAR * PICO);
        assertEq(note.withdrawalOf(2).recipient, address(0));
        assertEq(note.leaves().length, 2);
    }
}
