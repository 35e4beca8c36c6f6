// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, NoteBase} from "./NoteBase.sol";

contract WithdrawAllTest is NoteBase {
    function withdrawingAll(uint64 relayerFee, uint64 reserve) private view returns (bytes memory) {
        return abi.encodeCall(INoteChain.withdrawAll, (carol, address(0), relayerFee, reserve));
    }

    // --- refused ---

    function test_RevertWhen_recipientIsZero() public {
        bytes memory nobody = abi.encodeCall(INoteChain.withdrawAll, (address(0), address(0), 0, 0));
        sendRefused(alice, nobody, abi.encodeWithSelector(INoteChain.AddressZero.selector));
    }

    function test_RevertWhen_thereIsNothing() public {
        sendRefused(bob, withdrawingAll(0, 0), abi.encodeWithSelector(INoteChain.AmountZero.selector));
        sendRefused(bob, withdrawingAll(0, 1), tooLow(1, 0));
    }

    function test_RevertWhen_relayerFeeIsTooHigh() public {
        pay(alice, bob, CENT);
        sendRefused(
            bob,
            withdrawingAll(9900, 0),
            abi.encodeWithSelector(INoteChain.RelayerFeeTooHigh.selector, 9899, 9900)
        );
    }

    // --- done ---

    function test_withdrawsAllAndCloses() public {
        pay(alice, bob, DOLLAR);
        gasPrice = 1000;
        uint64 reserve = 300_000 * gasPrice;
        uint64 amount = (DOLLAR * PICO - reserve) / PICO;
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Withdrawn(0, bob, carol, amount, address(0), CENT);
        send(bob, withdrawingAll(CENT, reserve));
        assertEq(note.withdrawalOf(0).amount, amount);
        assertEq(note.totals().gas, DOLLAR * PICO - amount * PICO);
        assertBalance(bob, 0);
        assertEq(note.leaves().length, 3);
    }

    /// @dev Who wants to leave can: with less than the minimum, while all is full, and with locks in its favour.
    function test_whateverHappens() public {
        pay(alice, bob, CENT);
        authorize(DOLLAR);
        chargeGas(bob, MINIMUM / 2);
        fillUpTo(0);
        send(bob, withdrawingAll(0, 0));
        assertEq(note.withdrawalOf(0).amount, CENT / 2);
        assertEq(note.leaves().length, 256);
    }

    /// @dev The last of all holders.
    function test_theLastLeaves() public {
        send(alice, withdrawingAll(0, 0));
        assertEq(note.leaves().length, 2);
        settle(0);
        assertEq(note.totals().owed, 0);
        assertEq(note.leaves().length, 1);
    }
}
