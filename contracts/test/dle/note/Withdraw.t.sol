// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, Leaf, LeafKind, NoteBase, Withdrawal} from "./NoteBase.sol";

contract WithdrawTest is NoteBase {
    address private relayer = makeAddr("relayer");

    function withdrawingFor(uint64 amount, uint64 relayerFee) private view returns (bytes memory) {
        return abi.encodeCall(INoteChain.withdraw, (carol, amount, relayer, relayerFee));
    }

    // --- refused ---

    function test_RevertWhen_recipientOrAmountIsZero() public {
        bytes memory nobody = abi.encodeCall(INoteChain.withdraw, (address(0), DOLLAR, relayer, 0));
        sendRefused(alice, nobody, abi.encodeWithSelector(INoteChain.AddressZero.selector));
        sendRefused(alice, withdrawing(0), abi.encodeWithSelector(INoteChain.AmountZero.selector));
    }

    function test_RevertWhen_amountIsTooSmall() public {
        sendRefused(alice, withdrawing(CENT - 1), tooSmall((CENT - 1) * PICO));
        withdraw(CENT);
    }

    function test_RevertWhen_balanceIsTooLow() public {
        uint64 amount = 100 * DOLLAR - CENT + 1;
        sendRefused(alice, withdrawing(amount), tooLow(uint256(amount) * PICO + MINIMUM, 100 * DOLLAR * PICO));
        withdraw(amount - 1);
        assertBalance(alice, MINIMUM);
        uint256 huge = uint256(type(uint64).max) * PICO;
        sendRefused(alice, withdrawing(type(uint64).max), tooLow(huge + MINIMUM, MINIMUM));
    }

    function test_RevertWhen_thereIsNoRoom() public {
        fillUpTo(0);
        sendRefused(alice, withdrawing(DOLLAR), full());
    }

    /// @dev Of a dollar, 99 cents less a micro-dollar: at 1% the main chain could not pay more.
    function test_RevertWhen_relayerFeeIsTooHigh() public {
        uint64 most = 99 * CENT - 1;
        sendRefused(
            alice,
            withdrawingFor(DOLLAR, most + 1),
            abi.encodeWithSelector(INoteChain.RelayerFeeTooHigh.selector, most, most + 1)
        );
        send(alice, withdrawingFor(DOLLAR, most));
    }

    // --- done ---

    function test_waitsForTheMainChain() public {
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Withdrawn(0, alice, carol, DOLLAR, relayer, CENT);
        send(alice, withdrawingFor(DOLLAR, CENT));
        Withdrawal memory withdrawal = note.withdrawalOf(0);
        assertEq(withdrawal.recipient, carol);
        assertEq(withdrawal.amount, DOLLAR);
        assertEq(withdrawal.relayer, relayer);
        assertEq(withdrawal.relayerFee, CENT);
        assertBalance(alice, 99 * DOLLAR * PICO);
        assertEq(note.totals().withdrawals, DOLLAR * PICO);
        assertEq(note.totals().fees, 0);

        Leaf memory leaf = note.leaves()[2];
        assertEq(uint8(leaf.kind), uint8(LeafKind.Withdrawal));
        assertEq(leaf.account, carol);
        assertEq(leaf.withdrawal, 0);
        assertEq(leaf.amount, DOLLAR * PICO);
    }

    function test_numbersGoOn() public {
        assertEq(withdraw(DOLLAR), 0);
        assertEq(withdraw(DOLLAR), 1);
        settle(1);
        assertEq(withdraw(DOLLAR), 2);
        assertEq(note.nextWithdrawal(), 3);
    }
}
