// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {CashBase, Certificate, Exit, ICash, Note, NoteStatus} from "./CashBase.sol";

contract ExitTest is CashBase {
    function setUp() public override {
        super.setUp();
        live(1, usd6, 100 * DOLLAR);
        live(2, usd18, 100 * DOLLAR);
    }

    // --- refused ---

    function test_RevertWhen_noteIsUnknown() public {
        Exit memory exit_ = exitOf(3, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.StatusWrong.selector, 3, NoteStatus.None));
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_noteIsNotOpen() public {
        issue(3, usd6, DOLLAR);
        Exit memory exit_ = exitOf(3, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.StatusWrong.selector, 3, NoteStatus.Minted));
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_seriesDiffers(uint32 series) public {
        vm.assume(series != 1);
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        exit_.series = series;
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.SeriesWrong.selector, 1, 1, series));
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_paidBefore() public {
        Exit memory exit_ = exitOf(1, 5, DOLLAR);
        Certificate memory certificate = certify(exit_);
        cash.exit(exit_, certificate);
        vm.expectRevert(abi.encodeWithSelector(ICash.AlreadyPaid.selector, 1, 5));
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_withdrawalIsPaidUnderOtherFields() public {
        withdraw(1, 5, DOLLAR);
        Exit memory exit_ = exitOf(1, 5, 2 * DOLLAR);
        exit_.height = 11;
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.AlreadyPaid.selector, 1, 5));
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_amountIsZero() public {
        Exit memory exit_ = exitOf(1, 0, 0);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(ICash.AmountZero.selector);
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_amountExceedsLive() public {
        withdraw(1, 0, 60 * DOLLAR);
        Exit memory exit_ = exitOf(1, 1, 40 * DOLLAR + 1);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.ExceedsLive.selector, 1, 40 * DOLLAR, 40 * DOLLAR + 1));
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_relayerFeeExceedsTheRest() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        exit_.relayerFee = DOLLAR - 2000 + 1;
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(
            abi.encodeWithSelector(ICash.RelayerFeeTooHigh.selector, DOLLAR - 2000, DOLLAR - 1999)
        );
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_signersAreTooFew() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certifyAs(cash.exitDigest(exit_, 1, 1), 1, 1, 0x3f);
        vm.expectPartialRevert(IArchiveGroups.QuorumMissing.selector);
        cash.exit(exit_, certificate);
    }

    /// @dev Each field is part of what was signed.
    function test_RevertWhen_anyFieldChanges(uint8 field) public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        field %= 7;
        if (field == 0) exit_.note = 2;
        if (field == 1) exit_.id = 1;
        if (field == 2) exit_.recipient = buyer;
        if (field == 3) exit_.amount += 1;
        if (field == 4) exit_.relayer = buyer;
        if (field == 5) exit_.relayerFee = 1;
        if (field == 6) exit_.blockHash = "other";
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_heightChanges() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        exit_.height = 9;
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_chainIdDiffers() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.exit(exit_, certificate);
    }

    // --- paid ---

    function test_paysAllButTheFee() public {
        vm.expectEmit(address(cash));
        emit ICash.Exited(1, 3, alice, 10 * DOLLAR, 20_000, 0);
        withdraw(1, 3, 10 * DOLLAR);
        assertEq(usd6.balanceOf(alice), 9_980_000);
        assertEq(cash.feesOwed(1), 20_000);
        assertTrue(cash.isPaid(1, 3));
        assertFalse(cash.isPaid(1, 2));
        Note memory note = cash.note(1);
        assertEq(note.opened, 100 * DOLLAR);
        assertEq(note.left, 10 * DOLLAR);
        assertEq(note.exited, 10 * DOLLAR);
        assertEq(note.height, 10);
        assertVault(usd6, one(1));
    }

    function test_paysInTheCoinsOwnUnits() public {
        withdraw(2, 0, 1 * DOLLAR);
        assertEq(usd18.balanceOf(alice), 0.998e18);
        assertVault(usd18, one(2));
    }

    function test_paysInAnyOrder() public {
        Exit memory late = exitOf(1, 300, DOLLAR);
        late.height = 40;
        pay(late);
        withdraw(1, 2, DOLLAR);
        assertEq(cash.note(1).height, 40);
        assertEq(cash.live(1), 98 * DOLLAR);
    }

    function test_paysTheRelayer() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        exit_.relayerFee = 500;
        pay(exit_);
        assertEq(usd6.balanceOf(relayer), 500);
        assertEq(usd6.balanceOf(alice), DOLLAR - 2000 - 500);

        exit_ = exitOf(1, 1, DOLLAR);
        exit_.relayerFee = 500;
        exit_.relayer = buyer;
        pay(exit_);
        assertEq(usd6.balanceOf(buyer), 500);
        assertEq(usd6.balanceOf(relayer), 500);
    }

    function test_paysTheLastMicroDollar() public {
        withdraw(1, 0, 100 * DOLLAR - 1);
        withdraw(1, 1, 1);
        assertEq(cash.live(1), 0);
        assertEq(cash.feesOwed(1), 200_000);
        assertVault(usd6, one(1));
    }

    /// @dev Many small exits owe what one large one would, whatever their sizes.
    function testFuzz_feesTelescope(uint64[12] memory amounts) public {
        uint64 total;
        for (uint64 i = 0; i < amounts.length; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, 5000));
            withdraw(1, i, amount);
            total += amount;
        }
        assertEq(cash.feesOwed(1), total / 500);
        assertEq(usd6.balanceOf(alice), total - total / 500);
        assertVault(usd6, one(1));
    }

    /// @dev No switch, no price and no governance stands in the way.
    function test_paysWhateverHappensToMinting() public {
        vm.prank(guardian);
        parameters.pauseMinting();
        priceSource.set(0);
        vm.startPrank(all.timelock);
        parameters.removeStablecoin(address(usd6));
        parameters.setExitFeeRate(1000);
        vm.stopPrank();
        withdraw(1, 0, 10 * DOLLAR);
        assertEq(usd6.balanceOf(alice), 9_980_000);
    }
}
