// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, INoteChain, NoteBase} from "./NoteBase.sol";

contract ProlongTest is NoteBase {
    bytes32 private lockId;
    uint64 private accept;
    uint64 private end;

    function setUp() public override {
        super.setUp();
        lockId = authorize(DOLLAR);
        (accept, end) = (uint64(block.timestamp + 1 hours), uint64(block.timestamp + 2 hours));
    }

    function prolonging(uint64 acceptUntil, uint64 claimUntil) private view returns (bytes memory) {
        return abi.encodeCall(INoteChain.prolong, (lockId, acceptUntil, claimUntil));
    }

    // --- refused ---

    function test_RevertWhen_thereIsNoSuchLock() public {
        lockId = "other";
        sendRefused(
            alice, prolonging(end, end), abi.encodeWithSelector(INoteChain.UnknownLock.selector, lockId)
        );
    }

    function test_RevertWhen_callerIsNotThePayer() public {
        sendRefused(
            bob, prolonging(end, end), abi.encodeWithSelector(INoteChain.NotPayer.selector, alice, bob)
        );
    }

    function test_RevertWhen_aTimeShrinksOrNoneGrows() public {
        bytes4 selector = INoteChain.NotHigher.selector;
        sendRefused(
            alice, prolonging(accept - 1, end + 1), abi.encodeWithSelector(selector, accept, accept - 1)
        );
        sendRefused(alice, prolonging(end, end - 1), abi.encodeWithSelector(selector, end, end - 1));
        sendRefused(alice, prolonging(accept, end), abi.encodeWithSelector(selector, end, end));
    }

    function test_RevertWhen_vouchersOutlastClaims() public {
        sendRefused(
            alice,
            prolonging(end + 2, end + 1),
            abi.encodeWithSelector(INoteChain.TimesInvalid.selector, end + 2, end + 1)
        );
    }

    // --- done ---

    function test_eitherTimeGrows() public {
        send(alice, prolonging(accept + 1, end));
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Prolonged(lockId, accept + 1, end + 1);
        send(alice, prolonging(accept + 1, end + 1));
        assertEq(note.lockOf(lockId).acceptUntil, accept + 1);
        assertEq(note.lockOf(lockId).claimUntil, end + 1);
    }

    /// @dev Also when it could have been released: nobody has.
    function test_claimsGoOn() public {
        vm.warp(end + 1);
        sendRefused(stranger, claiming(DOLLAR), abi.encodeWithSelector(INoteChain.TooLate.selector, end));
        send(alice, prolonging(end + 1, end + 1));
        claim(DOLLAR);
        assertBalance(bob, DOLLAR * PICO);
    }
}
