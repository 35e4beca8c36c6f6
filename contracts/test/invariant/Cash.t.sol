// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash, Note, NoteStatus} from "../../src/interfaces/ICash.sol";
import {CashHandler, Stablecoin} from "./CashHandler.sol";

/// @dev The handler is the test: it is a whole main chain, and signs for its archive group.
contract CashInvariants is CashHandler {
    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = this.doIssue.selector;
        selectors[1] = this.doOpen.selector;
        selectors[2] = this.doCancel.selector;
        selectors[3] = this.doExit.selector;
        selectors[4] = this.doPull.selector;
        selectors[5] = this.doResell.selector;
        selectors[6] = this.doMemberFees.selector;
        selectors[7] = this.doForce.selector;
        selectors[8] = this.doClaim.selector;
        selectors[9] = this.doPrice.selector;
        selectors[10] = this.doExit2.selector;
        targetSelector(FuzzSelector({addr: address(this), selectors: selectors}));
    }

    /// @dev What the notes say is what is there, in coins of 6, 8 and 18 decimals.
    function invariant_vaultIsTheSumOfNotes() public view {
        for (uint256 i = 0; i < coins.length; ++i) {
            assertEq(coins[i].balanceOf(address(cash)), vaultOf(coins[i], ids) * scaleOf(coins[i]));
        }
    }

    /// @dev What was deposited is what left or is live.
    function invariant_noNotePaysOutMoreThanWasDeposited() public view {
        for (uint256 i = 0; i < ids.length; ++i) {
            assertEq(cash.live(ids[i]) + paidOut[ids[i]], deposited[ids[i]]);
        }
    }

    function invariant_noWithdrawalIsPaidTwice() public view {
        assertEq(violation, "");
    }

    /// @dev Over all series: what was burned for them is what came back or is outstanding.
    function invariant_reissueNeverExceedsTheBurn() public view {
        uint256 outstanding;
        for (uint256 i = 0; i < ids.length; ++i) {
            Note memory note = cash.note(ids[i]);
            uint256 ofNote = note.burnOutstanding;
            for (uint32 series = 1; series < note.series; ++series) {
                ofNote += cash.closedSeries(ids[i], series).burnOutstanding;
            }
            assertEq(ofNote + reissued[ids[i]], burned[ids[i]]);
            outstanding += ofNote + cash.pendingSeries(ids[i]).burn;
        }
        assertEq(token.reissuable(address(cash)), outstanding);
    }

    /// @dev The group's count may lag behind exits, never the other way.
    function invariant_nobodyIsLeftOutOfTheCount() public view {
        uint256 live_;
        for (uint256 i = 0; i < ids.length; ++i) {
            live_ += cash.live(ids[i]) + cash.pendingSeries(ids[i]).deposit;
        }
        assertGe(cash.liveInGroup(1), live_);
    }

    /// @dev A live or settling note's NFT is somebody's; one that was cancelled is nobody's.
    function invariant_statusAndSeriesAgree() public view {
        for (uint256 i = 0; i < ids.length; ++i) {
            Note memory note = cash.note(ids[i]);
            assertEq(note.series == 0, note.status < NoteStatus.Live);
            assertLe(note.left, note.opened);
            assertLe(note.exited, note.left);
            assertLe(note.opened, note.face);
            if (note.status != NoteStatus.None) assertTrue(cash.ownerOf(ids[i]) != address(0));
        }
    }

    /// @dev The handler is worth nothing if it does not get there.
    function test_theHandlerReachesEverything() public {
        for (uint256 i = 0; i < 1500; ++i) {
            uint256 a = uint256(keccak256(abi.encode(i)));
            uint64 b = uint64(a >> 64);
            uint256 what = a >> 250;
            if (what < 6) doIssue(a, b);
            else if (what < 14) doOpen(a);
            else if (what < 16) doCancel(a);
            else if (what < 26) doExit(a, b >> 8, b, uint64(a >> 192));
            else if (what < 34) doExit2(a, b >> 8, b);
            else if (what < 42) doPull(a);
            else if (what < 48) doResell(a, b);
            else if (what < 52) doMemberFees(a, b);
            else if (what < 53) doForce(a);
            else if (what < 60) doClaim(a, b);
            else doPrice(a);
        }
        string[9] memory names = [
            "open",
            "open next series",
            "cancel",
            "reissue",
            "pull closed",
            "member fees",
            "forced exit",
            "claim",
            "claim withdrawal"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(done[bytes32(bytes(names[i]))], 0, names[i]);
        }
        assertGt(done[0], 0, "exit");
        assertGt(done[ICash.AlreadyPaid.selector], 0, "exit paid before");
        assertGt(done[ICash.HeightTooHigh.selector], 0, "exit above a settlement");
        assertGt(done[ICash.ExceedsLive.selector], 0, "exit of more than is live");
        invariant_vaultIsTheSumOfNotes();
        invariant_noNotePaysOutMoreThanWasDeposited();
        invariant_noWithdrawalIsPaidTwice();
        invariant_reissueNeverExceedsTheBurn();
    }
}
