// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClosedSeries} from "../../../src/interfaces/ICash.sol";
import {CashBase, Certificate, Exit, ICash, Note, NoteStatus} from "./CashBase.sol";

contract OpenTest is CashBase {
    address internal second = makeAddr("second issuer");

    /// @dev Speaks for `ChainAnchor`.
    function expectRefused(uint256 id, uint32 series, uint64 deposit, uint64 carried, bytes memory revertData)
        private
    {
        vm.prank(all.chainAnchor);
        vm.expectRevert(revertData);
        cash.open(id, series, deposit, carried, 1);
    }

    /// @dev A note of 100 dollars that 60 left, sold again for 50 by another issuer; not open.
    function sell() private {
        live(1, usd6, 100 * DOLLAR);
        withdraw(1, 0, 60 * DOLLAR);
        pool(1);
        address first = issuer;
        issuer = second;
        issue(1, usd6, 50 * DOLLAR);
        issuer = first;
    }

    // --- refused ---

    function test_RevertWhen_callerIsNotAnchor(address caller) public {
        vm.assume(caller != all.chainAnchor);
        issue(1, usd6, DOLLAR);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICash.Unauthorized.selector, all.chainAnchor, caller));
        cash.open(1, 1, DOLLAR, 0, 1);
    }

    function test_RevertWhen_nothingWasPaid() public {
        expectRefused(1, 1, DOLLAR, 0, abi.encodeWithSelector(ICash.NoSeriesPending.selector, 1));
        live(1, usd6, DOLLAR);
        expectRefused(1, 2, 0, DOLLAR, abi.encodeWithSelector(ICash.NoSeriesPending.selector, 1));
    }

    function test_RevertWhen_seriesIsNotTheNext() public {
        issue(1, usd6, DOLLAR);
        expectRefused(1, 2, DOLLAR, 0, abi.encodeWithSelector(ICash.SeriesWrong.selector, 1, 1, 2));
        expectRefused(1, 0, DOLLAR, 0, abi.encodeWithSelector(ICash.SeriesWrong.selector, 1, 1, 0));
    }

    function test_RevertWhen_depositDiffers() public {
        issue(1, usd6, DOLLAR);
        expectRefused(
            1, 1, DOLLAR + 1, 0, abi.encodeWithSelector(ICash.DepositDiffers.selector, 1, DOLLAR, DOLLAR + 1)
        );
    }

    function test_RevertWhen_carriedDiffers() public {
        sell();
        bytes4 selector = ICash.CarriedDiffers.selector;
        expectRefused(
            1,
            2,
            50 * DOLLAR,
            40 * DOLLAR - 1,
            abi.encodeWithSelector(selector, 1, 40 * DOLLAR, 40 * DOLLAR - 1)
        );
        withdraw(1, 1, DOLLAR);
        expectRefused(
            1, 2, 50 * DOLLAR, 40 * DOLLAR, abi.encodeWithSelector(selector, 1, 39 * DOLLAR, 40 * DOLLAR)
        );
    }

    function test_RevertWhen_noteIsUnderSettlement() public {
        sell();
        vm.prank(all.forcedExits);
        cash.settle(1, 10);
        expectRefused(
            1,
            2,
            50 * DOLLAR,
            40 * DOLLAR,
            abi.encodeWithSelector(ICash.StatusWrong.selector, 1, NoteStatus.Settling)
        );
    }

    // --- accepted ---

    function test_opensTheFirstSeries() public {
        issue(1, usd6, DOLLAR);
        vm.expectEmit(address(cash));
        emit ICash.SeriesOpened(1, 1, DOLLAR, 0, 1, 200);
        open(1, 1, DOLLAR, 0);
        Note memory note = cash.note(1);
        assertEq(uint8(note.status), uint8(NoteStatus.Live));
        assertEq(note.series, 1);
        assertEq(note.home, 1);
        assertEq(note.opened, DOLLAR);
        assertEq(note.issuer, issuer);
        assertEq(note.issuerNode, ISSUER_NODE);
        assertEq(note.exitFeeRate, 200);
        assertEq(note.burnOutstanding, 2e18);
        assertEq(cash.live(1), DOLLAR);
        assertEq(cash.liveInGroup(1), DOLLAR);
        assertEq(cash.pendingSeries(1).deposit, 0);
    }

    function test_carriesOldLeavesIntoTheNextSeries() public {
        sell();
        open(1, 2, 50 * DOLLAR, 40 * DOLLAR);
        Note memory note = cash.note(1);
        assertEq(note.series, 2);
        assertEq(note.opened, 90 * DOLLAR);
        assertEq(note.left, 0);
        assertEq(note.exited, 0);
        assertEq(note.height, 0);
        assertEq(note.issuer, second);
        assertEq(note.burnOutstanding, 180e18);
        assertEq(cash.ownerOf(1), buyer);
        assertEq(cash.liveInGroup(1), 90 * DOLLAR);

        ClosedSeries memory closed = cash.closedSeries(1, 1);
        assertEq(closed.issuer, issuer);
        assertEq(closed.feesOwed, 120_000);
        assertEq(closed.unreissued, 100 * DOLLAR);
        assertEq(closed.burnOutstanding, 200e18);
        assertVault(usd6, one(1));
    }

    function test_refusesExitsOfTheSeriesBefore() public {
        sell();
        Exit memory exit_ = exitOf(1, 1, DOLLAR);
        Certificate memory certificate = certify(exit_);
        open(1, 2, 50 * DOLLAR, 40 * DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICash.SeriesWrong.selector, 1, 2, 1));
        cash.exit(exit_, certificate);

        // Certified anew it is paid, and what was paid in the first series is not paid again.
        pay(exitOf(1, 1, DOLLAR));
        exit_ = exitOf(1, 0, DOLLAR);
        certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.AlreadyPaid.selector, 1, 0));
        cash.exit(exit_, certificate);
    }

    function test_feesOfEachSeriesGoToItsIssuer() public {
        sell();
        open(1, 2, 50 * DOLLAR, 40 * DOLLAR);
        withdraw(1, 1, 10 * DOLLAR);
        cash.collectFees(one(1));
        assertEq(usd6.balanceOf(second), 20_000);
        vm.expectEmit(address(cash));
        emit ICash.FeesCollected(1, 1, issuer, 120_000);
        cash.collectClosedFees(1, 1);
        assertEq(usd6.balanceOf(issuer), 120_000);
        vm.expectRevert(ICash.AmountZero.selector);
        cash.collectClosedFees(1, 1);
        assertVault(usd6, one(1));
    }

    /// @dev The old issuer gets back at most its own burn, as if all had left; the new one is not touched by it.
    function test_reissuesForTheClosedSeries() public {
        sell();
        cash.reissue(1);
        assertEq(token.balanceOf(issuer), 120e18);
        open(1, 2, 50 * DOLLAR, 40 * DOLLAR);
        vm.expectEmit(address(cash));
        emit ICash.Reissued(1, 1, issuer, 40 * DOLLAR, 80e18);
        assertEq(cash.reissueClosed(1, 1), 80e18);
        assertEq(token.balanceOf(issuer), 200e18);
        vm.expectRevert(ICash.AmountZero.selector);
        cash.reissueClosed(1, 1);
        assertEq(token.reissuable(address(cash)), 180e18);
        assertEq(cash.note(1).burnOutstanding, 180e18);
    }

    function test_theNewSeriesTakesTodaysExitFee() public {
        sell();
        vm.prank(all.timelock);
        parameters.setExitFeeRate(1000);
        withdraw(1, 1, DOLLAR);
        assertEq(cash.feesOwed(1), 122_000);
        open(1, 2, 50 * DOLLAR, 39 * DOLLAR);
        withdraw(1, 2, DOLLAR);
        assertEq(cash.feesOwed(1), 10_000);
    }
}
