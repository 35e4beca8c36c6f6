// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IPriceFeed} from "../../../src/interfaces/IPriceFeed.sol";
import {CashBase, ICash} from "./CashBase.sol";

/// @dev A price that jumps.
contract AnyPrice is IPriceFeed {
    uint256 private _price = 0.1e8;

    function set(uint256 price_) external {
        _price = price_;
    }

    function price() external view returns (bool valid, uint256) {
        return (_price != 0, _price);
    }
}

/// @dev What issuers pull: exit fees and re-issues.
contract IssuersTest is CashBase {
    AnyPrice internal feed = new AnyPrice();

    function setUp() public override {
        super.setUp();
        vm.prank(all.timelock);
        parameters.setPriceFeed(feed);
        live(1, usd6, 100 * DOLLAR);
        live(2, usd18, 100 * DOLLAR);
    }

    // --- fees ---

    function test_RevertWhen_tooManyNotes() public {
        bytes memory refusal = abi.encodeWithSelector(ICash.BatchWrong.selector, 256, 257);
        uint256[] memory many = new uint256[](257);
        vm.expectRevert(refusal);
        cash.collectFees(many);
        vm.expectRevert(refusal);
        cash.recount(many);
    }

    function test_collectsFeesOnce() public {
        withdraw(1, 0, 10 * DOLLAR);
        withdraw(2, 0, 20 * DOLLAR);
        uint256[] memory ids = new uint256[](4);
        (ids[0], ids[1], ids[2], ids[3]) = (1, 2, 1, 9);
        cash.collectFees(ids);
        assertEq(usd6.balanceOf(issuer), 20_000);
        assertEq(usd18.balanceOf(issuer), 0.04e18);
        assertEq(cash.feesOwed(1), 0);
        cash.collectFees(ids);
        assertEq(usd6.balanceOf(issuer), 20_000);
        assertEq(cash.liveInGroup(1), 170 * DOLLAR);
        assertVault(usd6, one(1));
        assertVault(usd18, one(2));
    }

    /// @dev Pulled after each exit or once at the end, the issuer gets the same.
    ///      Each run is many certified exits, so there are fewer.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_collectingOftenChangesNothing(uint64[8] memory amounts, uint8 when) public {
        uint64 total;
        for (uint64 i = 0; i < amounts.length; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, 10 * DOLLAR));
            withdraw(1, i, amount);
            total += amount;
            if ((when >> i) & 1 == 1) cash.collectFees(one(1));
        }
        cash.collectFees(one(1));
        assertEq(usd6.balanceOf(issuer), total / 500);
        assertEq(usd6.balanceOf(alice), total - total / 500);
        assertVault(usd6, one(1));
    }

    // --- re-issue ---

    function test_RevertWhen_nothingLeft() public {
        vm.expectRevert(ICash.AmountZero.selector);
        cash.reissue(1);
        withdraw(1, 0, DOLLAR);
        cash.reissue(1);
        vm.expectRevert(ICash.AmountZero.selector);
        cash.reissue(1);
        vm.expectRevert(ICash.AmountZero.selector);
        cash.reissue(9);
    }

    function test_withoutAPriceNothingIsLost() public {
        withdraw(1, 0, 10 * DOLLAR);
        feed.set(0);
        vm.expectRevert(ICash.PriceInvalid.selector);
        cash.reissue(1);
        feed.set(0.1e8);
        assertEq(cash.reissue(1), 20e18);
        assertEq(token.balanceOf(issuer), 20e18);
    }

    function test_aHigherPriceBringsBackLess() public {
        withdraw(1, 0, 50 * DOLLAR);
        feed.set(0.4e8);
        vm.expectEmit(address(cash));
        emit ICash.Reissued(1, 1, issuer, 50 * DOLLAR, 25e18);
        cash.reissue(1);
        assertEq(cash.note(1).burnOutstanding, 175e18);
    }

    /// @dev The share that left of the vault, of the burn outstanding: never more.
    function test_aFallenPriceBringsBackNoMoreThanTheShare() public {
        withdraw(1, 0, 50 * DOLLAR);
        feed.set(1);
        assertEq(cash.reissue(1), 100e18);
        withdraw(1, 1, 25 * DOLLAR);
        assertEq(cash.reissue(1), 50e18);
    }

    /// @dev At whatever price path, in whatever parts: not more than the note's own burn, and nothing of another's.
    ///      Each run is many certified exits, so there are fewer.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_neverMoreThanItsOwnBurn(uint64[8] memory amounts, uint256[8] memory prices) public {
        uint256 back;
        for (uint64 i = 0; i < amounts.length; ++i) {
            uint64 live_ = cash.live(1);
            if (live_ == 0) break;
            withdraw(1, i, uint64(bound(amounts[i], 1, live_)));
            feed.set(bound(prices[i], 1, 1e16));
            back += cash.reissue(1);
            assertLe(cash.note(1).burnOutstanding, 200e18);
        }
        assertEq(back + cash.note(1).burnOutstanding, 200e18);
        assertEq(token.balanceOf(issuer), back);
        assertEq(cash.note(2).burnOutstanding, 200e18);
        assertEq(token.reissuable(address(cash)), 400e18 - back);
    }

    /// @dev Where the share decides, pulling once or often gives the same, up to a unit for each time.
    ///      Each run is many certified exits, so there are fewer.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_pullingOftenChangesNothing(uint64[6] memory amounts, uint8 when) public {
        feed.set(1);
        uint64 total;
        for (uint64 i = 0; i < amounts.length; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, 16 * DOLLAR));
            withdraw(1, i, amount);
            withdraw(2, i, amount);
            total += amount;
            if ((when >> i) & 1 == 1) cash.reissue(1);
        }
        if ((when >> 5) & 1 == 0) cash.reissue(1);
        cash.reissue(2);
        assertApproxEqAbs(cash.note(1).burnOutstanding, cash.note(2).burnOutstanding, 6);
        assertApproxEqAbs(cash.note(2).burnOutstanding, 200e18 - 2e12 * uint256(total), 1);
    }

    // --- counting ---

    function test_recountsWhatExitsDoNotWrite() public {
        withdraw(1, 0, 10 * DOLLAR);
        assertEq(cash.liveInGroup(1), 200 * DOLLAR);
        cash.recount(one(1));
        assertEq(cash.liveInGroup(1), 190 * DOLLAR);
        vm.expectRevert();
        cash.recount(one(9));
    }
}
