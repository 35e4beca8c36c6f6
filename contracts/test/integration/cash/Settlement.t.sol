// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CashBase, Certificate, Exit, ICash, NoteStatus} from "./CashBase.sol";

/// @dev What `ForcedExits` may ask for.
contract SettlementTest is CashBase {
    function setUp() public override {
        super.setUp();
        live(1, usd6, 100 * DOLLAR);
    }

    function settle(uint64 height) private {
        vm.prank(all.forcedExits);
        cash.settle(1, height);
    }

    function test_RevertWhen_callerIsNotForcedExits(address caller) public {
        vm.assume(caller != all.forcedExits);
        bytes memory refusal = abi.encodeWithSelector(ICash.Unauthorized.selector, all.forcedExits, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        cash.settle(1, 10);
        vm.expectRevert(refusal);
        cash.payout(1, caller, 1);
        vm.expectRevert(refusal);
        cash.payoutWithdrawal(1, 0, caller, 1);
    }

    function test_RevertWhen_noteIsNotLive() public {
        issue(2, usd6, DOLLAR);
        vm.startPrank(all.forcedExits);
        vm.expectRevert(abi.encodeWithSelector(ICash.StatusWrong.selector, 2, NoteStatus.Minted));
        cash.settle(2, 10);
        vm.expectRevert(abi.encodeWithSelector(ICash.StatusWrong.selector, 3, NoteStatus.None));
        cash.settle(3, 10);
    }

    function test_RevertWhen_anExitWasPaidAbove() public {
        withdraw(1, 0, DOLLAR);
        vm.prank(all.forcedExits);
        vm.expectRevert(abi.encodeWithSelector(ICash.HeightTooLow.selector, 1, 10, 9));
        cash.settle(1, 9);
        settle(10);
    }

    function test_RevertWhen_payingOutOfALiveNote() public {
        vm.startPrank(all.forcedExits);
        bytes memory refusal = abi.encodeWithSelector(ICash.StatusWrong.selector, 1, NoteStatus.Live);
        vm.expectRevert(refusal);
        cash.payout(1, alice, 1);
        vm.expectRevert(refusal);
        cash.payoutWithdrawal(1, 0, alice, 1);
    }

    function test_RevertWhen_payingOutMoreThanIsLive() public {
        settle(10);
        vm.prank(all.forcedExits);
        vm.expectRevert(abi.encodeWithSelector(ICash.ExceedsLive.selector, 1, 100 * DOLLAR, 100 * DOLLAR + 1));
        cash.payout(1, alice, 100 * DOLLAR + 1);
    }

    function test_refusesExitsAboveTheHeight() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        settle(9);
        vm.expectRevert(abi.encodeWithSelector(ICash.HeightTooHigh.selector, 1, 9, 10));
        cash.exit(exit_, certificate);
        settle(10);
        cash.exit(exit_, certificate);
        assertEq(usd6.balanceOf(alice), 998_000);
    }

    function test_paysWithTheExitFee() public {
        settle(10);
        vm.startPrank(all.forcedExits);
        vm.expectEmit(address(cash));
        emit ICash.PaidOut(1, alice, 10 * DOLLAR, 20_000);
        cash.payout(1, alice, 10 * DOLLAR);
        assertTrue(cash.payoutWithdrawal(1, 4, alice, 10 * DOLLAR));
        assertFalse(cash.payoutWithdrawal(1, 4, alice, 10 * DOLLAR));
        assertEq(usd6.balanceOf(alice), 19_960_000);
        assertEq(cash.feesOwed(1), 40_000);
        assertVault(usd6, one(1));
    }

    function test_aWithdrawalPaidHereIsNotPaidByAnExit() public {
        settle(10);
        vm.prank(all.forcedExits);
        cash.payoutWithdrawal(1, 0, alice, DOLLAR);
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.AlreadyPaid.selector, 1, 0));
        cash.exit(exit_, certificate);
    }

    function test_issuersStillPull() public {
        withdraw(1, 0, 10 * DOLLAR);
        settle(10);
        cash.collectFees(one(1));
        assertEq(usd6.balanceOf(issuer), 20_000);
        assertEq(cash.reissue(1), 20e18);
    }
}
