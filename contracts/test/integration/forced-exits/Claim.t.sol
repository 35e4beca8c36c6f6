// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash} from "../../../src/interfaces/ICash.sol";
import {ForcedBase, IForcedExits, Leaf, LeafKind, Voucher} from "./ForcedBase.sol";

contract ForcedClaimTest is ForcedBase {
    uint256 internal openedAt;

    function setUp() public override {
        super.setUp();
        open();
        openedAt = block.timestamp;
    }

    function passAll() private {
        vm.warp(openedAt + 14 days);
    }

    // --- vouchers ---

    function test_RevertWhen_voucherIsOutOfItsWindow() public {
        (Voucher memory shown, bytes memory signature) = voucher(DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.TooEarly.selector, openedAt + 7 days));
        forcedExits.showVoucher(1, 1, leaves[1], new bytes32[](0), shown, signature);
        passAll();
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.TooLate.selector, openedAt + 14 days));
        forcedExits.showVoucher(1, 1, leaves[1], new bytes32[](0), shown, signature);
    }

    function test_RevertWhen_voucherIsForAnotherLock() public {
        passChallenge();
        (Voucher memory shown,) = voucher(9 * DOLLAR);
        shown.authorization = "other";
        bytes memory signature = sign(peterKey, shown);
        bytes32 other = keccak256(abi.encode(shown.genesisHash, shown.series, shown.authorization));
        bytes32[] memory path = proof(1);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.LockDiffers.selector, leaves[1].lockId, other));
        forcedExits.showVoucher(1, 1, leaves[1], path, shown, signature);
    }

    function test_RevertWhen_voucherIsNotThePayers() public {
        passChallenge();
        (, uint256 key) = makeAddrAndKey("somebody");
        (Voucher memory shown, bytes memory signature) = voucher(9 * DOLLAR);
        bytes32[] memory path = proof(1);
        bytes memory refusal = abi.encodeWithSelector(IForcedExits.VoucherSignatureInvalid.selector, peter);
        bytes memory forged = sign(key, shown);
        vm.expectRevert(refusal);
        forcedExits.showVoucher(1, 1, leaves[1], path, shown, forged);
        vm.expectRevert(refusal);
        forcedExits.showVoucher(1, 1, leaves[1], path, shown, "");
        shown.total += 1;
        vm.expectRevert(refusal);
        forcedExits.showVoucher(1, 1, leaves[1], path, shown, signature);
    }

    function test_RevertWhen_voucherIsNotHigher() public {
        passChallenge();
        show(9 * DOLLAR);
        (Voucher memory shown, bytes memory signature) = voucher(9 * DOLLAR);
        bytes32[] memory path = proof(1);
        vm.expectRevert(
            abi.encodeWithSelector(IForcedExits.VoucherNotHigher.selector, 9 * DOLLAR, 9 * DOLLAR)
        );
        forcedExits.showVoucher(1, 1, leaves[1], path, shown, signature);
        show(10 * DOLLAR);
        assertEq(forcedExits.shownTotal(1, 1), 10 * DOLLAR);
    }

    function test_RevertWhen_leafIsNoLock() public {
        passChallenge();
        (Voucher memory shown, bytes memory signature) = voucher(DOLLAR);
        bytes32[] memory path = proof(0);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.LeafKindWrong.selector, LeafKind.Account));
        forcedExits.showVoucher(1, 0, leaves[0], path, shown, signature);
    }

    // --- claims ---

    function test_RevertWhen_claimedTooEarly() public {
        bytes32[] memory path = proof(0);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.TooEarly.selector, openedAt + 7 days));
        forcedExits.claim(1, 0, leaves[0], path);
        passChallenge();
        path = proof(1);
        bytes memory refusal = abi.encodeWithSelector(IForcedExits.TooEarly.selector, openedAt + 14 days);
        vm.expectRevert(refusal);
        forcedExits.claim(1, 1, leaves[1], path);
        vm.expectRevert(refusal);
        forcedExits.claimLocked(1, 1, leaves[1], path);
    }

    function test_RevertWhen_proofIsWrong() public {
        passChallenge();
        bytes32[] memory path = proof(0);
        bytes memory refusal = abi.encodeWithSelector(IForcedExits.ProofInvalid.selector, 1, 0);
        leaves[0].amount += 1;
        vm.expectRevert(refusal);
        forcedExits.claim(1, 0, leaves[0], path);
        leaves[0].amount -= 1;
        path[0] = "";
        vm.expectRevert(refusal);
        forcedExits.claim(1, 0, leaves[0], path);
    }

    /// @dev The same leaf under another number is another leaf.
    function test_RevertWhen_indexIsWrong() public {
        passChallenge();
        bytes32[] memory path = proof(0);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.ProofInvalid.selector, 1, 4));
        forcedExits.claim(1, 4, leaves[0], path);
    }

    function test_RevertWhen_claimedTwice() public {
        passAll();
        show1(10 * DOLLAR);
        for (uint256 i = 0; i < 3; ++i) {
            claim(i);
            bytes32[] memory again = proof(i);
            vm.expectRevert(abi.encodeWithSelector(IForcedExits.AlreadyPaid.selector, 1, i));
            forcedExits.claim(1, i, leaves[i], again);
        }
        bytes32[] memory path = proof(1);
        forcedExits.claimLocked(1, 1, leaves[1], path);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.AlreadyPaid.selector, 1, 1));
        forcedExits.claimLocked(1, 1, leaves[1], path);
    }

    function test_RevertWhen_payeeSideIsClaimedOfOtherKinds() public {
        passAll();
        bytes32[] memory path = proof(0);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.LeafKindWrong.selector, LeafKind.Account));
        forcedExits.claimLocked(1, 0, leaves[0], path);
    }

    function test_RevertWhen_lessThanAMicroDollar() public {
        passChallenge();
        bytes32[] memory path = proof(3);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.NothingToPay.selector, 1, 3));
        forcedExits.claim(1, 3, leaves[3], path);
    }

    function test_paysAccountsRoundedDown() public {
        passChallenge();
        uint256 before = usd6.balanceOf(alice);
        bytes32[] memory path = proof(0);
        vm.expectEmit(address(forcedExits));
        emit IForcedExits.LeafPaid(1, 0, alice, 50 * DOLLAR);
        forcedExits.claim(1, 0, leaves[0], path);
        assertEq(usd6.balanceOf(alice) - before, 49_900_000);
        assertEq(cash.live(1), 40 * DOLLAR);
        (bool paid, bool payee) = forcedExits.isClaimed(1, 0);
        assertTrue(paid);
        assertFalse(payee);
        assertVault(usd6, one(1));
    }

    function test_paysWithdrawalsOnceHereOrThere() public {
        passChallenge();
        claim(2);
        assertEq(usd6.balanceOf(carol), 14_970_000);
        assertTrue(cash.isPaid(1, 1));
    }

    function test_skipsWithdrawalsPaidMeanwhile() public {
        withdraw(1, 1, 15 * DOLLAR);
        passChallenge();
        bytes32[] memory path = proof(2);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.AlreadyPaid.selector, 1, 2));
        forcedExits.claim(1, 2, leaves[2], path);
        assertEq(usd6.balanceOf(carol), 0);
        claim(0);
        assertVault(usd6, one(1));
    }

    function show1(uint64 total) private {
        vm.warp(openedAt + 7 days);
        show(total);
        passAll();
    }

    /// @dev Bob had claimed 3 of 10 dollars; 7 more are his, 13 go back to Peter.
    function test_paysLocksByTheirVouchers() public {
        show1(10 * DOLLAR);
        claim(1);
        forcedExits.claimLocked(1, 1, leaves[1], proof(1));
        assertEq(usd6.balanceOf(peter), 13 * DOLLAR - 26_000);
        assertEq(usd6.balanceOf(bob), 7 * DOLLAR - 14_000);
        assertVault(usd6, one(1));
    }

    function test_withoutAVoucherAllGoesBackToThePayer() public {
        passAll();
        claim(1);
        assertEq(usd6.balanceOf(peter), 20 * DOLLAR - 40_000);
        bytes32[] memory path = proof(1);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.NothingToPay.selector, 1, 1));
        forcedExits.claimLocked(1, 1, leaves[1], path);
    }

    /// @dev Whatever the voucher says: payee and payer get together what is locked, and the payee no more than that.
    function testFuzz_aLockPaysOutWhatIsLocked(uint64 total) public {
        total = uint64(bound(total, 1, type(uint64).max));
        show1(total);
        uint256 payee = total <= 3 * DOLLAR ? 0 : total - 3 * DOLLAR;
        if (payee > 20 * DOLLAR) payee = 20 * DOLLAR;
        uint64 before = cash.live(1);
        if (payee != 0) forcedExits.claimLocked(1, 1, leaves[1], proof(1));
        assertEq(before - cash.live(1), payee);
        if (payee != 20 * DOLLAR) claim(1);
        assertEq(before - cash.live(1), 20 * DOLLAR);
        assertVault(usd6, one(1));
    }

    // --- what is left ---

    /// @dev Of four leaves rounding leaves four micro-dollars at most. Nobody owns the other 4.999996, and an issuer must
    ///      not gain by leaves that are missing.
    function test_paysTheIssuerForRoundingAndPoolsTheRest() public {
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.TooEarly.selector, openedAt + 7 days));
        forcedExits.payDust(1);
        passChallenge();
        forcedExits.payDust(1);
        assertEq(usd6.balanceOf(issuer), 4);
        assertEq(rewards.pool(address(usd6)), 4_989_996);
        assertEq(cash.live(1), 85 * DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.NothingToPay.selector, 1, 0));
        forcedExits.payDust(1);
    }

    /// @dev In the end the note is empty, everybody has what was theirs, and the issuer its fees and burn.
    function test_settlesTheWholeNote() public {
        show1(10 * DOLLAR);
        forcedExits.payDust(1);
        forcedExits.claimLocked(1, 1, leaves[1], proof(1));
        for (uint256 i = 3; i > 0; --i) {
            claim(i - 1);
        }
        forcedExits.returnBond(1);
        assertEq(cash.live(1), 0);
        cash.collectFees(one(1));
        assertEq(usd6.balanceOf(address(cash)), 0);
        assertEq(usd6.balanceOf(address(forcedExits)), 0);
        // The price may have gone stale in two weeks.
        priceSource.set(0.1e8);
        assertEq(cash.reissue(1), 200e18);
        vm.expectRevert(ICash.AmountZero.selector);
        cash.reissue(1);
    }
}
