// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, NoteBase} from "./NoteBase.sol";

contract ReleaseTest is NoteBase {
    bytes32 private lockId;
    uint64 private end;

    function setUp() public override {
        super.setUp();
        lockId = authorize(DOLLAR);
        end = uint64(block.timestamp + 2 hours);
    }

    function releasing() private view returns (bytes memory) {
        return abi.encodeCall(INoteChain.release, (lockId));
    }

    function tooEarly() private view returns (bytes memory) {
        return abi.encodeWithSelector(INoteChain.TooEarly.selector, end);
    }

    // --- refused ---

    function test_RevertWhen_tooEarly() public {
        sendRefused(alice, releasing(), tooEarly());
        vm.warp(end);
        sendRefused(alice, releasing(), tooEarly());
        sendRefused(stranger, releasing(), tooEarly());
        vm.warp(end + 1);
        send(stranger, releasing());
    }

    function test_RevertWhen_prolonged() public {
        send(alice, abi.encodeCall(INoteChain.prolong, (lockId, end, end + 1 hours)));
        vm.warp(end + 1);
        end += 1 hours;
        sendRefused(alice, releasing(), tooEarly());
    }

    function test_RevertWhen_thereIsNoSuchLock() public {
        send(bob, releasing());
        bytes memory unknown = abi.encodeWithSelector(INoteChain.UnknownLock.selector, lockId);
        sendRefused(bob, releasing(), unknown);
        sendRefused(stranger, claiming(DOLLAR), unknown);
    }

    // --- done ---

    function test_returnsWhatIsLeft() public {
        claim(40 * CENT);
        vm.warp(end + 1);
        uint64 rest = 60 * CENT * PICO + feeOf(60 * CENT) + MINIMUM;
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Released(lockId, alice, rest);
        send(stranger, releasing());
        assertBalance(alice, (100 * DOLLAR - 40 * CENT) * PICO - feeOf(40 * CENT));
        assertEq(note.totals().locks, 0);
        assertEq(note.lockOf(lockId).payer, address(0));
        assertEq(note.leaves().length, 3);
    }

    /// @dev A payee that got nothing has no place any more.
    function test_returnsThePlaceOfThePayee() public {
        send(alice, authorizing(bob, "second", DOLLAR));
        send(bob, releasing());
        assertEq(note.leaves().length, 4);
        send(bob, abi.encodeCall(INoteChain.release, (note.lockIdOf("second"))));
        assertEq(note.leaves().length, 2);
        assertEq(note.accounts(0, 100).length, 1);
    }

    function test_thePayeeMayAnyTime() public {
        send(bob, releasing());
        assertBalance(alice, 100 * DOLLAR * PICO);
    }

    /// @dev The payer's account finds room where the lock was, when there is no other.
    function test_opensThePayersAccount() public {
        claim(DOLLAR);
        payAll(alice, carol);
        assertBalance(alice, 0);
        send(carol, authorizing(bob, "other", DOLLAR));
        fillFromCarol();
        vm.warp(end + 1);
        send(stranger, releasing());
        assertBalance(alice, MINIMUM);
        assertEq(note.leaves().length, 256);
    }

    function fillFromCarol() private {
        alice = carol;
        fillUpTo(0);
        alice = vm.addr(aliceKey);
    }

    function test_theLastTakesThePlace() public {
        bytes32 second = abi.decode(send(alice, authorizing(bob, "second", 2 * DOLLAR)), (bytes32));
        bytes32 third = abi.decode(send(alice, authorizing(bob, "third", 3 * DOLLAR)), (bytes32));
        send(bob, releasing());
        assertEq(note.leaves()[3].lockId, third);
        assertEq(note.leaves()[4].lockId, second);
        lockId = second;
        send(bob, releasing());
        assertEq(note.leaves()[3].lockId, third);
        lockId = third;
        send(bob, releasing());
        assertBalance(alice, 100 * DOLLAR * PICO);
    }
}
