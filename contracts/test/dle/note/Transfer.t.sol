// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, IMoneyContract, INoteChain, NoteBase} from "./NoteBase.sol";

contract TransferTest is NoteBase {
    function paying(address to, uint64 amount) private pure returns (bytes memory) {
        return abi.encodeCall(INoteChain.transfer, (to, amount));
    }

    // --- refused ---

    function test_RevertWhen_toNobody() public {
        sendRefused(
            alice, paying(address(0), DOLLAR), abi.encodeWithSelector(INoteChain.AddressZero.selector)
        );
    }

    function test_RevertWhen_amountIsZero() public {
        sendRefused(alice, paying(bob, 0), abi.encodeWithSelector(INoteChain.AmountZero.selector));
        pay(alice, bob, CENT);
        sendRefused(alice, paying(bob, 0), abi.encodeWithSelector(INoteChain.AmountZero.selector));
    }

    /// @dev The fee is on top, and the minimum stays.
    function test_RevertWhen_balanceIsTooLow() public {
        pay(alice, bob, DOLLAR);
        uint64 cost = (DOLLAR - CENT) * PICO + feeOf(DOLLAR - CENT);
        sendRefused(bob, paying(carol, DOLLAR - CENT), tooLow(cost + MINIMUM, DOLLAR * PICO));
        sendRefused(carol, paying(bob, CENT), tooLow(CENT * PICO + feeOf(CENT) + MINIMUM, 0));
    }

    function test_RevertWhen_amountOverflowsPico() public {
        uint256 cost = uint256(type(uint64).max) * (1e6 + 500);
        sendRefused(alice, paying(bob, type(uint64).max), tooLow(cost + MINIMUM, 100 * DOLLAR * PICO));
    }

    function test_RevertWhen_newAccountIsTooSmall() public {
        sendRefused(alice, paying(bob, CENT - 1), tooSmall((CENT - 1) * PICO));
    }

    function test_RevertWhen_thereIsNoRoom() public {
        fillUpTo(0);
        sendRefused(alice, paying(bob, DOLLAR), full());
        pay(alice, fillerAt(0), DOLLAR);
    }

    // --- done ---

    function test_movesTheAmountAndTakesTheFeeOnTop() public {
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Transferred(alice, bob, 2 * DOLLAR);
        vm.expectEmit(CHAIN_CONTRACT);
        emit IMoneyContract.FeeEarned(1_000_000_000);
        pay(alice, bob, 2 * DOLLAR);
        assertBalance(bob, 2 * DOLLAR * PICO);
        assertBalance(alice, 98 * DOLLAR * PICO - 1_000_000_000);
        assertEq(note.totals().fees, 1_000_000_000);
    }

    /// @dev The white paper's smallest payout: its fee is 500 pico-dollars, to the last.
    function test_aMicroDollar() public {
        pay(alice, bob, CENT);
        pay(alice, bob, 1);
        assertBalance(bob, (CENT + 1) * PICO);
        assertEq(note.totals().fees, feeOf(CENT) + 500);
    }

    function test_toOneself() public {
        pay(alice, alice, DOLLAR);
        assertBalance(alice, 100 * DOLLAR * PICO - feeOf(DOLLAR));
    }

    /// @dev All but the minimum.
    function test_toTheLastPico() public {
        pay(alice, bob, DOLLAR);
        uint64 most = (DOLLAR * PICO - MINIMUM) / (PICO + 500);
        uint64 cost = (most + 1) * (PICO + 500);
        sendRefused(bob, paying(carol, most + 1), tooLow(cost + MINIMUM, DOLLAR * PICO));
        pay(bob, carol, most);
        assertGe(note.balanceOf(bob), MINIMUM);
        assertLt(note.balanceOf(bob), MINIMUM + PICO + 500);
    }

    function test_gasIsPaidOnTop() public {
        gasPrice = 10_000;
        pay(alice, bob, DOLLAR);
        assertGt(gasPaid, 0);
        assertEq(note.totals().gas, gasPaid);
        assertBalance(alice, 99 * DOLLAR * PICO - feeOf(DOLLAR) - gasPaid);
    }

    function testFuzz_nothingIsLost(uint64 amount, uint64 back) public {
        amount = uint64(bound(amount, 2 * CENT, 99 * DOLLAR));
        back = uint64(bound(back, 1, (uint256(amount) * PICO - MINIMUM) / (PICO + 500)));
        pay(alice, bob, amount);
        pay(bob, alice, back);
        assertBalance(bob, uint256(amount) * PICO - back * PICO - feeOf(back));
        assertBalance(alice, uint256(100 * DOLLAR - amount + back) * PICO - feeOf(amount));
        assertEq(note.totals().fees, feeOf(amount) + feeOf(back));
    }
}
