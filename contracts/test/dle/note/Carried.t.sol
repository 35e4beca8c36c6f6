// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INoteChain, Leaf, NoteBase, NoteChain, NoteDefinitions, SYSTEM, Voucher} from "./NoteBase.sol";

/// @dev What a series leaves is what the next starts from.
contract CarriedTest is NoteBase {
    bytes32 private lockId;

    /// @dev A bit of everything, and the next series, which Carol buys into with 5 dollars.
    function setUp() public override {
        super.setUp();
        lockId = authorize(2 * DOLLAR);
        claim(DOLLAR);
        send(alice, authorizing(stranger, "no claim yet", DOLLAR));
        withdraw(DOLLAR);
        withdraw(3 * DOLLAR);
        settle(0);
        chargeGas(alice, 12_345);
    }

    function next() private {
        NoteDefinitions memory given = definitions();
        (given.series, given.feeRate, given.leafMinimum) = (2, 60, 2 * MINIMUM);
        (given.buyer, given.deposit) = (carol, 5 * DOLLAR);
        given.carried = note.carried();
        uint64 owed = note.totals().owed;
        vm.etch(address(0xDEAD), vm.getDeployedCode("NoteChain.sol:NoteChain"));
        note = NoteChain(address(0xDEAD));
        vm.startPrank(SYSTEM);
        note.initialize(abi.encode(given));
        note.begin("second genesis");
        vm.stopPrank();
        assertEq(note.totals().owed, owed + 5 * DOLLAR * PICO);
        assertBalance(carol, 5 * DOLLAR * PICO);
        checkBooks();
    }

    /// @dev All but the buyer's, which comes after the other accounts.
    function test_leavesAreTheSame() public {
        Leaf[] memory before = note.leaves();
        next();
        Leaf[] memory later = note.leaves();
        assertEq(before.length, 1 + 3 + 2 + 1);
        assertEq(later.length, before.length + 1);
        for (uint256 i = 0; i < later.length; ++i) {
            if (i == 4) continue;
            assertEq(abi.encode(later[i]), abi.encode(before[i < 4 ? i : i - 1]));
        }
        assertEq(later[4].account, carol);
        assertEq(note.nextWithdrawal(), 2);
    }

    function test_oldVouchersCountAtTheOldRate() public {
        next();
        Voucher memory voucher = Voucher(GENESIS, 1, "authorization", 2 * DOLLAR);
        uint64 fees = note.totals().fees;
        note.claim(voucher, sign(aliceKey, voucher));
        assertEq(note.balanceOf(bob), 2 * DOLLAR * PICO);
        assertEq(note.totals().fees - fees, feeOf(DOLLAR));
        assertEq(note.lockOf(lockId).amount, MINIMUM);
    }

    function test_newLocksHaveNewIds() public {
        next();
        vm.prank(carol);
        bytes32 id = note.authorize(bob, "authorization", DOLLAR, uint64(block.timestamp), 2e9);
        assertEq(id, keccak256(abi.encode(bytes32("second genesis"), uint256(2), bytes32("authorization"))));
        assertEq(note.lockOf(id).amount, DOLLAR * PICO + DOLLAR * 600 + 2 * MINIMUM);
    }

    /// @dev The place that a lock keeps goes with it.
    function test_placesOfPayeesAreKept() public {
        uint256 count = note.leaves().length;
        next();
        assertEq(note.leaves().length, count + 1);
        vm.prank(stranger);
        note.release(keccak256(abi.encode(GENESIS, uint256(1), bytes32("no claim yet"))));
        assertEq(note.leaves().length, count - 1);
        checkBooks();
    }

    function test_definitionsAreEncodedAsTaken() public view {
        NoteDefinitions memory given = definitions();
        given.carried = note.carried();
        assertEq(note.encodeDefinitions(given), abi.encode(given));
    }

    /// @dev However full a note is, its next series can begin: in a call by the chain of 30 million gas.
    function test_theDearestGenesis() public {
        send(alice, abi.encodeCall(INoteChain.transfer, (bob, 50 * DOLLAR)));
        for (uint256 i = note.leaves().length; i < 255; ++i) {
            bytes memory call = authorizing(bob, bytes32(i), CENT);
            send(i % 2 == 0 ? alice : bob, call);
        }
        NoteDefinitions memory given = definitions();
        given.carried = note.carried();
        given.buyer = carol;
        bytes memory encoded = abi.encode(given);
        assertLt(encoded.length, 80 << 10);
        vm.etch(address(0xDEAD), vm.getDeployedCode("NoteChain.sol:NoteChain"));
        note = NoteChain(address(0xDEAD));
        vm.prank(SYSTEM);
        uint256 before = gasleft();
        note.initialize(encoded);
        assertLt(before - gasleft(), 30_000_000);
        assertEq(note.leaves().length, 256);
    }
}
