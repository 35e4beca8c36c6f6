// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IChainContract, INoteChain, NoteBase, SYSTEM} from "./NoteBase.sol";

contract ChargeGasTest is NoteBase {
    function test_RevertWhen_callerIsNotTheSystem() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IChainContract.NotSystem.selector, alice));
        note.chargeGas(bob, 0);
    }

    function test_RevertWhen_gasIsNotCovered() public {
        pay(alice, bob, CENT);
        vm.startPrank(SYSTEM);
        vm.expectRevert(tooLow(MINIMUM + 1, MINIMUM));
        note.chargeGas(bob, MINIMUM + 1);
        vm.expectRevert(tooLow(1, 0));
        note.chargeGas(carol, 1);
    }

    function test_gasGoesIntoAPotOfItsOwn() public {
        pay(alice, bob, CENT);
        chargeGas(bob, 7);
        assertBalance(bob, MINIMUM - 7);
        assertEq(note.totals().gas, 7);
        assertEq(note.totals().fees, feeOf(CENT));
        checkBooks();
    }

    /// @dev Who pays nothing needs no account: when gas is free, anybody may bring a voucher.
    function test_noGasFromNobody() public {
        chargeGas(carol, 0);
        assertEq(note.leaves().length, 2);
    }

    function test_theLastPicoEndsAnAccount() public {
        pay(alice, bob, CENT);
        pay(alice, carol, CENT);
        chargeGas(bob, MINIMUM);
        assertEq(note.leaves().length, 3);
        assertEq(note.accounts(1, 1)[0].account, carol);
        checkBooks();
    }

    /// @dev But not the place that a lock keeps.
    function test_theLastPicoOfAPayee() public {
        pay(alice, bob, CENT);
        authorize(DOLLAR);
        chargeGas(bob, MINIMUM);
        assertEq(note.leaves().length, 4);
        claim(CENT);
        assertBalance(bob, MINIMUM);
    }

    function test_failedTransactionsPay() public {
        gasPrice = 1000;
        sendRefused(alice, withdrawing(0), abi.encodeWithSelector(INoteChain.AmountZero.selector));
        assertGt(gasPaid, 0);
        assertBalance(alice, 100 * DOLLAR * PICO - gasPaid);
    }
}
