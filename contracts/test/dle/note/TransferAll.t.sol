// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, NoteBase} from "./NoteBase.sol";

contract TransferAllTest is NoteBase {
    function payingAll(address to, uint64 reserve) private pure returns (bytes memory) {
        return abi.encodeCall(INoteChain.transferAll, (to, reserve));
    }

    // --- refused ---

    function test_RevertWhen_toNobodyOrOneself() public {
        sendRefused(alice, payingAll(address(0), 0), abi.encodeWithSelector(INoteChain.AddressZero.selector));
        sendRefused(
            alice, payingAll(alice, 0), abi.encodeWithSelector(INoteChain.RecipientIsSender.selector, alice)
        );
    }

    function test_RevertWhen_reserveIsMoreThanThereIs() public {
        pay(alice, bob, CENT);
        sendRefused(bob, payingAll(alice, CENT * PICO + 1), tooLow(CENT * PICO + 1, CENT * PICO));
    }

    function test_RevertWhen_thereIsNoMicroDollar() public {
        pay(alice, bob, CENT);
        bytes memory zero = abi.encodeWithSelector(INoteChain.AmountZero.selector);
        sendRefused(bob, payingAll(alice, CENT * PICO - PICO - 499), zero);
        sendRefused(carol, payingAll(alice, 0), zero);
        send(bob, payingAll(alice, CENT * PICO - PICO - 500));
    }

    /// @dev Then there was no such transaction.
    function test_RevertWhen_reserveDoesNotCoverTheGas() public {
        pay(alice, bob, CENT);
        vm.expectPartialRevert(INoteChain.BalanceTooLow.selector);
        this.sendAtPrice(bob, payingAll(alice, 1000), 1000);
    }

    function sendAtPrice(address sender, bytes calldata call, uint64 price) external {
        gasPrice = price;
        send(sender, call);
    }

    // --- done ---

    function test_sendsAllAndCloses() public {
        pay(alice, bob, DOLLAR);
        uint64 amount = 999_500;
        uint64 rest = DOLLAR * PICO - amount * PICO - feeOf(amount);
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Transferred(bob, carol, amount);
        send(bob, payingAll(carol, 0));
        assertBalance(carol, amount * PICO);
        assertBalance(bob, 0);
        assertEq(note.totals().gas, rest);
        assertEq(note.totals().fees, feeOf(DOLLAR) + feeOf(amount));
        assertEq(note.leaves().length, 3);
        assertEq(note.accounts(1, 1)[0].account, carol);
    }

    function test_reserveGoesForTheGas() public {
        pay(alice, bob, DOLLAR);
        gasPrice = 1000;
        uint64 reserve = 500_000 * gasPrice;
        send(bob, payingAll(alice, reserve));
        assertGe(note.totals().gas, reserve);
        assertLt(note.totals().gas, reserve + PICO + 500);
        assertGt(reserve, gasPaid);
        assertBalance(bob, 0);
    }

    /// @dev One account takes the place of the other: neither room nor minimum is asked for.
    function test_toANewAccountWhenAllIsFull() public {
        fillUpTo(0);
        address filler = fillerAt(7);
        chargeGas(filler, MINIMUM / 2);
        send(filler, payingAll(bob, 0));
        assertBalance(bob, 4997 * PICO);
        assertEq(note.leaves().length, 256);
    }

    /// @dev Its vouchers still count, and what comes opens it anew.
    function test_closedAccountOpensAgain() public {
        pay(alice, bob, DOLLAR);
        payAll(bob, carol);
        pay(alice, bob, CENT);
        assertBalance(bob, CENT * PICO);
        pay(alice, bob, 1);
        assertEq(note.leaves().length, 4);
    }

    function testFuzz_leavesLessThanAMicroDollar(uint64 balance, uint64 reserve) public {
        balance = uint64(bound(balance, CENT, 99 * DOLLAR));
        reserve = uint64(bound(reserve, 0, CENT * PICO / 2));
        pay(alice, bob, balance);
        send(bob, payingAll(carol, reserve));
        uint64 amount = note.balanceOf(carol) / PICO;
        uint64 cost = amount * PICO + feeOf(amount) + reserve;
        assertLe(cost, uint256(balance) * PICO);
        assertGt(cost + PICO + 500, uint256(balance) * PICO);
        assertEq(note.totals().gas, uint256(balance) * PICO - amount * PICO - feeOf(amount));
    }
}
