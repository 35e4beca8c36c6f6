// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {Claim} from "../../../src/interfaces/IRewards.sol";
import {Merkle} from "../../Merkle.sol";
import {CashBase, Certificate, ICash, NoteStatus} from "./CashBase.sol";

contract MemberFeesTest is CashBase {
    uint64 internal constant PERIOD = 20_000;

    uint256[] internal ids;
    uint64[] internal amounts;

    function setUp() public override {
        super.setUp();
        live(1, usd6, 100 * DOLLAR);
        live(2, usd6, 100 * DOLLAR);
        live(3, usd18, 100 * DOLLAR);
        (ids, amounts) = (new uint256[](2), new uint64[](2));
        (ids[0], ids[1], amounts[0], amounts[1]) = (1, 2, 3000, 4000);
    }

    function distribution() private view returns (uint256) {
        return rewards.distributionOf(address(cash), cash.memberFeesSalt(address(usd6), PERIOD, 1));
    }

    function root() private view returns (bytes32) {
        return Merkle.leaf(distribution(), 0, alice, 7000);
    }

    function sign(bytes32 root_) private view returns (Certificate memory) {
        return certify(cash.memberFeesDigest(ids, amounts, address(usd6), root_, PERIOD, 1, 1), 1);
    }

    function expectRefused(bytes memory refusal) private {
        bytes32 root_ = root();
        Certificate memory certificate = sign(root_);
        vm.expectRevert(refusal);
        cash.collectMemberFees(ids, amounts, root_, PERIOD, certificate);
    }

    // --- refused ---

    function test_RevertWhen_listsDifferInLength() public {
        amounts.push(1);
        expectRefused(abi.encodeWithSelector(ICash.BatchWrong.selector, 2, 3));
    }

    function test_RevertWhen_listIsEmptyOrTooLong() public {
        (ids, amounts) = (new uint256[](0), new uint64[](0));
        expectRefused(abi.encodeWithSelector(ICash.AmountZero.selector));
        (ids, amounts) = (new uint256[](257), new uint64[](257));
        expectRefused(abi.encodeWithSelector(ICash.BatchWrong.selector, 256, 257));
    }

    function test_RevertWhen_noteIsNotLive() public {
        issue(4, usd6, DOLLAR);
        ids[1] = 4;
        expectRefused(abi.encodeWithSelector(ICash.StatusWrong.selector, 4, NoteStatus.Minted));
        vm.prank(all.forcedExits);
        cash.settle(2, 0);
        ids[1] = 2;
        expectRefused(abi.encodeWithSelector(ICash.StatusWrong.selector, 2, NoteStatus.Settling));
    }

    function test_RevertWhen_noteIsOfAnotherCoin() public {
        ids[1] = 3;
        expectRefused(abi.encodeWithSelector(ICash.StablecoinDiffers.selector, usd6, usd18));
    }

    function test_RevertWhen_amountExceedsLive() public {
        amounts[1] = 100 * DOLLAR + 1;
        expectRefused(abi.encodeWithSelector(ICash.ExceedsLive.selector, 2, 100 * DOLLAR, 100 * DOLLAR + 1));
    }

    function test_RevertWhen_oneNoteIsListedTooOften() public {
        (ids[1], amounts[0], amounts[1]) = (1, 60 * DOLLAR, 60 * DOLLAR);
        expectRefused(abi.encodeWithSelector(ICash.ExceedsLive.selector, 1, 40 * DOLLAR, 60 * DOLLAR));
    }

    function test_RevertWhen_anotherGroupKeepsTheNote() public {
        vm.mockCall(
            all.archiveGroups,
            abi.encodeCall(IArchiveGroups.keeperOf, (cash.chainOf(2), 1)),
            abi.encode(uint32(5))
        );
        expectRefused(abi.encodeWithSelector(ICash.KeeperDiffers.selector, 2, 5, 1));
    }

    function test_RevertWhen_certificateIsForOtherAmounts() public {
        bytes32 root_ = root();
        Certificate memory certificate = sign(root_);
        amounts[0] += 1;
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.collectMemberFees(ids, amounts, root_, PERIOD, certificate);
        (amounts[0], ids[0]) = (3000, 2);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.collectMemberFees(ids, amounts, root_, PERIOD, certificate);
        ids[0] = 1;
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.collectMemberFees(ids, amounts, root_, PERIOD + 1, certificate);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        cash.collectMemberFees(ids, amounts, "other root", PERIOD, certificate);
    }

    function test_RevertWhen_periodWasCollected() public {
        cash.collectMemberFees(ids, amounts, root(), PERIOD, sign(root()));
        expectRefused(abi.encodeWithSelector(ICash.PeriodCollected.selector, address(usd6), PERIOD, 1));
    }

    // --- collected ---

    function test_movesFeesToRewards() public {
        bytes32 root_ = root();
        Certificate memory certificate = sign(root_);
        vm.expectEmit(address(cash));
        emit ICash.MemberFeesCollected(1, PERIOD, address(usd6), 7000, root_);
        cash.collectMemberFees(ids, amounts, root_, PERIOD, certificate);
        assertEq(cash.live(1), 100 * DOLLAR - 3000);
        assertEq(cash.live(2), 100 * DOLLAR - 4000);
        assertEq(cash.note(1).exited, 0);
        assertEq(cash.feesOwed(1), 0);
        assertEq(cash.liveInGroup(1), 300 * DOLLAR - 7000);
        assertEq(usd6.balanceOf(all.rewards), 7000);
        assertVault(usd6, ids);

        rewards.claim(Claim(distribution(), 0, alice, 7000, new bytes32[](0)));
        assertEq(usd6.balanceOf(alice), 7000);
    }
}
