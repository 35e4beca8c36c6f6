// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, Lock, NoteBase} from "./NoteBase.sol";

contract AuthorizeTest is NoteBase {
    bytes32 private constant ID = "authorization";

    function authorizingUntil(uint64 acceptUntil, uint64 claimUntil) private view returns (bytes memory) {
        return abi.encodeCall(INoteChain.authorize, (bob, ID, DOLLAR, acceptUntil, claimUntil));
    }

    // --- refused ---

    function test_RevertWhen_payeeOrLimitIsZero() public {
        sendRefused(
            alice,
            authorizing(address(0), ID, DOLLAR),
            abi.encodeWithSelector(INoteChain.AddressZero.selector)
        );
        sendRefused(alice, authorizing(0), abi.encodeWithSelector(INoteChain.AmountZero.selector));
    }

    function test_RevertWhen_timesAreWrong() public {
        uint64 now_ = uint64(block.timestamp);
        bytes4 selector = INoteChain.TimesInvalid.selector;
        bytes memory refusal = abi.encodeWithSelector(selector, now_ - 1, now_);
        sendRefused(alice, authorizingUntil(now_ - 1, now_), refusal);
        refusal = abi.encodeWithSelector(selector, now_ + 2, now_ + 1);
        sendRefused(alice, authorizingUntil(now_ + 2, now_ + 1), refusal);
        send(alice, authorizingUntil(now_, now_));
    }

    function test_RevertWhen_balanceIsTooLow() public {
        uint64 limit = 100 * DOLLAR;
        uint256 locked = uint256(limit) * PICO + feeOf(limit) + MINIMUM;
        sendRefused(alice, authorizing(limit), tooLow(locked + MINIMUM, 100 * DOLLAR * PICO));
        limit = (100 * DOLLAR * PICO - 2 * MINIMUM) / (PICO + 500);
        authorize(limit);
        assertLt(note.balanceOf(alice), MINIMUM + PICO + 500);
    }

    function test_RevertWhen_limitOverflowsPico() public {
        uint256 locked = uint256(type(uint64).max) * (1e6 + 500) + MINIMUM;
        sendRefused(alice, authorizing(type(uint64).max), tooLow(locked + MINIMUM, 100 * DOLLAR * PICO));
    }

    function test_RevertWhen_authorizationIsInUse() public {
        bytes32 lockId = authorize(DOLLAR);
        pay(alice, carol, 10 * DOLLAR);
        bytes memory used = abi.encodeWithSelector(INoteChain.AuthorizationUsed.selector, lockId);
        sendRefused(alice, authorizing(DOLLAR), used);
        sendRefused(carol, authorizing(alice, ID, 2 * DOLLAR), used);
    }

    /// @dev Else its vouchers would count again.
    function test_RevertWhen_authorizationWasUsed() public {
        bytes32 lockId = authorize(DOLLAR);
        claim(DOLLAR);
        send(bob, abi.encodeCall(INoteChain.release, (lockId)));
        assertEq(note.lockOf(lockId).payer, address(0));
        sendRefused(
            alice, authorizing(DOLLAR), abi.encodeWithSelector(INoteChain.AuthorizationUsed.selector, lockId)
        );
    }

    /// @dev A place for the lock, and one for the payee's account if it has none.
    function test_RevertWhen_thereIsNoRoom() public {
        fillUpTo(1);
        sendRefused(alice, authorizing(DOLLAR), full());
        send(alice, authorizing(fillerAt(0), ID, DOLLAR));
        sendRefused(alice, authorizing(fillerAt(1), "other", DOLLAR), full());
    }

    // --- done ---

    function test_locksLimitFeeAndDeposit() public {
        uint64 now_ = uint64(block.timestamp);
        bytes32 lockId = keccak256(abi.encode(GENESIS, uint32(1), ID));
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Authorized(lockId, alice, bob, ID, DOLLAR, now_ + 1 hours, now_ + 2 hours);
        assertEq(authorize(DOLLAR), lockId);
        assertEq(note.lockIdOf(ID), lockId);

        Lock memory lock = note.lockOf(lockId);
        assertEq(lock.payer, alice);
        assertEq(lock.payee, bob);
        assertEq(lock.limit, DOLLAR);
        assertEq(lock.claimed, 0);
        assertEq(lock.acceptUntil, now_ + 1 hours);
        assertEq(lock.claimUntil, now_ + 2 hours);
        assertEq(lock.feeRate, RATE);
        assertEq(lock.amount, DOLLAR * PICO + feeOf(DOLLAR) + MINIMUM);
        assertBalance(alice, 99 * DOLLAR * PICO - feeOf(DOLLAR) - MINIMUM);
        assertEq(note.totals().fees, 0);
    }

    /// @dev So that a claim finds room.
    function test_keepsAPlaceForThePayee() public {
        authorize(DOLLAR);
        assertEq(note.accounts(1, 1)[0].account, bob);
        assertBalance(bob, 0);
        assertEq(note.leaves().length, 4);
        fillUpTo(0);
        claim(CENT);
        assertBalance(bob, CENT * PICO);
    }

    /// @dev Who has a place already, or is the payer itself, takes no more.
    function test_onePlaceForEachPayee() public {
        authorize(DOLLAR);
        send(alice, authorizing(bob, "second", DOLLAR));
        send(alice, authorizing(alice, "third", DOLLAR));
        assertEq(note.leaves().length, 1 + 2 + 3);
    }
}
