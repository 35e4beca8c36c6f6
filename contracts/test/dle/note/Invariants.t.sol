// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Merkle} from "../../Merkle.sol";
import {Carried, Leaf, Lock, Totals} from "./NoteBase.sol";
import {NoteHandler} from "./NoteHandler.sol";

/// @dev Its own handler: it holds the keys.
contract NoteInvariants is NoteHandler {
    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = this.doTransfer.selector;
        selectors[1] = this.doTransferMany.selector;
        selectors[2] = this.doTransferAll.selector;
        selectors[3] = this.doAuthorize.selector;
        selectors[4] = this.doRaise.selector;
        selectors[5] = this.doProlong.selector;
        selectors[6] = this.doClaim.selector;
        selectors[7] = this.doRelease.selector;
        selectors[8] = this.doWithdraw.selector;
        selectors[9] = this.doWithdrawAll.selector;
        selectors[10] = this.doSettle.selector;
        selectors[11] = this.doCollect.selector;
        selectors[12] = this.doWait.selector;
        targetSelector(FuzzSelector({addr: address(this), selectors: selectors}));
    }

    /// @dev Whatever must be refused was, with all the rules of who, when, how much and where there is room; and what
    ///      must not be was not. No release came early, and no forged or old voucher counted.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(violation, "");
    }

    /// @dev Balances, locks, pots and withdrawals are those of other books, to the last pico-dollar; what came in is
    ///      here, or left.
    function invariant_nothingIsLost() public view {
        Totals memory all = note.totals();
        uint256 sum = FILLERS * MINIMUM;
        for (uint256 i = 0; i < ACTORS; ++i) {
            assertEq(note.balanceOf(actor(i)), balances[actor(i)]);
            sum += balances[actor(i)];
        }
        assertEq(all.accounts, sum);
        sum = 0;
        for (uint256 i = 0; i < left.length; ++i) {
            if (!left[i].over) sum += left[i].amount;
        }
        assertEq(all.withdrawals, sum);
        assertEq(all.fees, fees);
        assertEq(all.gas, gas);
        assertEq(all.owed + gone, 100 * DOLLAR * PICO + FILLERS * MINIMUM);
        assertEq(all.accounts + all.locks + all.withdrawals + all.fees + all.gas, all.owed);
    }

    /// @dev A payee never got more than its limit, and what it can still claim is there, with fee and deposit.
    function invariant_locksCoverWhatCanBeClaimed() public view {
        uint256 sum;
        for (uint256 i = 0; i < opened.length; ++i) {
            Lock memory lock = note.lockOf(idOf(i));
            assertEq(lock.amount, lockedIn(opened[i]));
            sum += lock.amount;
            if (opened[i].over) continue;
            assertLe(lock.claimed, lock.limit);
            assertEq(lock.claimed, opened[i].claimed);
        }
        assertEq(note.totals().locks, sum);
    }

    /// @dev There is never a leaf too many for the main chain.
    function invariant_leavesAreFewEnough() public view {
        Carried memory all = note.carried();
        uint256 count = 1 + all.accounts.length + all.locks.length + all.withdrawals.length;
        assertEq(count, 1 + taken());
        assertLe(count, forcedExits.MAX_LEAVES());
    }

    /// @dev It finds the root that these leaves have, and what they add up to is what is here.
    function afterInvariant() public view {
        Leaf[] memory list = note.leaves();
        assertEq(list.length, 1 + taken());
        uint256 sum;
        bytes32[] memory nodes = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            sum += list[i].amount;
            nodes[i] = keccak256(bytes.concat(keccak256(abi.encode(i, list[i]))));
        }
        assertEq(sum, note.totals().owed);
        assertEq(forcedExits.rootOf(list), Merkle.root(nodes));
    }

    /// @dev A call of its own, so that its memory is given back.
    function step(uint256 what, uint256 a, uint256 b, uint64 c) external {
        if (what == 0) doTransfer(a, b, c);
        if (what == 1) doTransferMany(a, c, uint64(b));
        if (what == 2) doTransferAll(a, b, c);
        if (what == 3) doAuthorize(a, b, c, uint16(b >> 64));
        if (what == 4) doRaise(a, b, c);
        if (what == 5) doProlong(a, b, uint16(c));
        if (what == 6) doClaim(a, b, c, uint8(b >> 64));
        if (what == 7) doRelease(a, b);
        if (what == 8) doWithdraw(a, c);
        if (what == 9) doWithdrawAll(a, c);
        if (what == 10) doSettle(a);
        if (what == 11) doCollect(a, b);
        if (what == 12) doWait(uint16(a));
    }

    /// @dev The handler does all that it can do.
    function test_everythingHappens() public {
        for (uint256 i = 0; i < 3000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(i)));
            this.step(seed % 13, seed >> 4, seed >> 80, uint64(seed >> 160));
            assertEq(violation, "");
        }
        bytes32[13] memory all = [
            bytes32("transfer"),
            "transferMany",
            "transferAll",
            "authorize",
            "raise",
            "prolong",
            "claim",
            "release",
            "withdraw",
            "withdrawAll",
            "settle",
            "collect",
            "crowded"
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            assertGt(done[all[i]], 5, string(abi.encode(all[i])));
        }
        invariant_nothingIsLost();
        invariant_locksCoverWhatCanBeClaimed();
        invariant_leavesAreFewEnough();
        afterInvariant();
    }
}
