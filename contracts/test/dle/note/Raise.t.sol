// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, NoteBase} from "./NoteBase.sol";

contract RaiseTest is NoteBase {
    bytes32 private lockId;

    function setUp() public override {
        super.setUp();
        lockId = authorize(DOLLAR);
    }

    function raising(uint64 limit) private view returns (bytes memory) {
        return abi.encodeCall(INoteChain.raise, (lockId, limit));
    }

    // --- refused ---

    function test_RevertWhen_thereIsNoSuchLock() public {
        lockId = "other";
        sendRefused(
            alice, raising(2 * DOLLAR), abi.encodeWithSelector(INoteChain.UnknownLock.selector, lockId)
        );
    }

    function test_RevertWhen_callerIsNotThePayer() public {
        sendRefused(
            bob, raising(2 * DOLLAR), abi.encodeWithSelector(INoteChain.NotPayer.selector, alice, bob)
        );
    }

    function test_RevertWhen_notHigher() public {
        bytes4 selector = INoteChain.NotHigher.selector;
        sendRefused(alice, raising(DOLLAR), abi.encodeWithSelector(selector, DOLLAR, DOLLAR));
        sendRefused(alice, raising(DOLLAR - 1), abi.encodeWithSelector(selector, DOLLAR, DOLLAR - 1));
    }

    function test_RevertWhen_balanceIsTooLow() public {
        uint64 more = 99 * DOLLAR;
        sendRefused(
            alice, raising(DOLLAR + more), tooLow(more * PICO + feeOf(more) + MINIMUM, note.balanceOf(alice))
        );
    }

    // --- done ---

    function test_locksTheDifference() public {
        claim(DOLLAR);
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.LimitRaised(lockId, 3 * DOLLAR);
        send(alice, raising(3 * DOLLAR));
        assertEq(note.lockOf(lockId).limit, 3 * DOLLAR);
        assertEq(note.lockOf(lockId).amount, 2 * DOLLAR * PICO + feeOf(2 * DOLLAR) + MINIMUM);
        assertBalance(alice, 97 * DOLLAR * PICO - feeOf(3 * DOLLAR) - MINIMUM);
        claim(3 * DOLLAR);
        assertBalance(bob, 3 * DOLLAR * PICO);
    }
}
