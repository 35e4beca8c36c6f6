// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PriceFeed} from "../../../src/governance/PriceFeed.sol";
import {IAggregatorV3} from "../../../src/interfaces/IAggregatorV3.sol";
import {IGuardedPriceFeed, PriceGuard, PriceStatus} from "../../../src/interfaces/IGuardedPriceFeed.sol";
import {Mainchain} from "../../Mainchain.sol";
import {Fault, FaultySource, PriceSource} from "../../mocks/PriceSource.sol";

contract PriceFeedTest is Mainchain {
    FaultySource internal faulty;
    PriceFeed internal feed;
    address internal stranger = makeAddr("stranger");

    function setUp() public override {
        super.setUp();
        faulty = new FaultySource();
        feed = new PriceFeed(all, faulty, someGuard());
    }

    // --- what the source may do wrong ---

    function test_noPriceFromABrokenSource() public {
        for (uint256 f = 1; f < uint256(Fault.Vanishes); ++f) {
            if (f == uint256(Fault.AnswersTooMuch) || f == uint256(Fault.AnswersOnes)) continue;
            faulty.setFault(Fault(f));
            assertNoPrice(PriceStatus.NoAnswer);
        }
        faulty.setFault(Fault.None);
        assertPrice(0.1e8);
    }

    /// @dev 100 KB of zeros: the first five words are looked at, and are round 0.
    function test_noPriceFromAFloodOrFromOnes() public {
        faulty.setFault(Fault.AnswersTooMuch);
        assertNoPrice(PriceStatus.BadRound);
        faulty.setFault(Fault.AnswersOnes);
        assertNoPrice(PriceStatus.BadRound);
    }

    function test_noPriceFromASourceThatIsGone() public {
        vm.etch(address(faulty), "");
        assertNoPrice(PriceStatus.NoAnswer);
    }

    /// @dev A source that eats gas costs its stipend and no more.
    function test_aBrokenSourceCostsLittle() public {
        Fault[3] memory faults = [Fault.EatsGas, Fault.RevertsWithMuch, Fault.AnswersTooMuch];
        for (uint256 i = 0; i < faults.length; ++i) {
            faulty.setFault(faults[i]);
            uint256 before = gasleft();
            feed.price();
            assertLt(before - gasleft(), 520_000);
        }
    }

    function testFuzz_neverReverts(
        uint80 round,
        uint80 answeredIn,
        int256 answer,
        uint256 updatedAt,
        uint256 wait
    ) public {
        faulty.set(answer);
        faulty.setRound(round, answeredIn);
        faulty.setUpdatedAt(updatedAt);
        vm.warp(block.timestamp + bound(wait, 0, 3650 days));
        (bool valid, uint256 price) = feed.price();
        (uint256 lowest, uint256 highest) = feed.band();
        if (valid) assertTrue(price >= lowest && price <= highest);
        else assertEq(price, 0);
    }

    function test_noPriceFromABadRound() public {
        faulty.setRound(0, 0);
        assertNoPrice(PriceStatus.BadRound);
        faulty.setRound(7, 6);
        assertNoPrice(PriceStatus.BadRound);
        faulty.setRound(7, 7);
        assertPrice(0.1e8);
        faulty.setUpdatedAt(block.timestamp + 1);
        assertNoPrice(PriceStatus.BadRound);
    }

    function test_noPriceFromBeforeTheAcceptedOne() public {
        skip(2 hours);
        faulty.setUpdatedAt(block.timestamp - 10);
        feed.update();
        faulty.setUpdatedAt(block.timestamp - 11);
        assertNoPrice(PriceStatus.BadRound);
        faulty.setUpdatedAt(block.timestamp - 10);
        assertPrice(0.1e8);
    }

    function test_noPriceFromAStaleAnswer() public {
        faulty.setUpdatedAt(block.timestamp);
        skip(1 hours);
        assertPrice(0.1e8);
        skip(1);
        assertNoPrice(PriceStatus.Stale);
    }

    function test_noPriceThatIsNone() public {
        int256[5] memory answers =
            [int256(0), -1, type(int256).min, type(int256).max, int256(1_000_000e8) + 1];
        for (uint256 i = 0; i < answers.length; ++i) {
            faulty.set(answers[i]);
            assertNoPrice(PriceStatus.BadPrice);
        }
    }

    // --- the band ---

    function test_theBandStartsOneStepWide() public {
        (uint256 lowest, uint256 highest) = feed.band();
        assertEq(highest, 0.11e8);
        assertEq(lowest, 9_090_910); // 0.1 / 1.1, rounded up
        assertBand(9_090_910, 0.11e8);
    }

    function test_theBandWidensToFiveSteps() public {
        skip(30 minutes);
        assertBand(8_695_653, 0.115e8);
        skip(30 minutes);
        assertBand(8_333_334, 0.12e8);
        skip(3 hours);
        assertBand(6_666_667, 0.15e8);
        skip(365 days);
        assertBand(6_666_667, 0.15e8);
    }

    function test_updateIsRefusedTooEarly() public {
        uint256 earliest = block.timestamp + 1 hours;
        skip(1 hours - 1);
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.TooEarly.selector, earliest));
        feed.update();
        skip(1);
        feed.update();
        vm.expectRevert(
            abi.encodeWithSelector(IGuardedPriceFeed.TooEarly.selector, block.timestamp + 1 hours)
        );
        feed.update();
    }

    function test_updateIsRefusedWithoutAPrice() public {
        skip(1 hours);
        faulty.setFault(Fault.Reverts);
        expectNoUsablePrice(PriceStatus.NoAnswer);
        faulty.setFault(Fault.None);
        faulty.set(0);
        expectNoUsablePrice(PriceStatus.BadPrice);
        faulty.set(0.1e8);
        faulty.setUpdatedAt(block.timestamp - 1 hours - 1);
        expectNoUsablePrice(PriceStatus.Stale);
    }

    function test_updateAcceptsWhatIsInTheBand() public {
        skip(1 hours);
        faulty.set(0.115e8);
        vm.expectEmit(address(feed));
        emit IGuardedPriceFeed.PriceAccepted(0.1e8, 0.115e8, 0.115e8);
        vm.prank(stranger);
        feed.update();
        (uint256 price, uint64 time) = feed.accepted();
        assertEq(price, 0.115e8);
        assertEq(time, block.timestamp);
    }

    function test_aRealDoublingIsAcceptedInFourUpdates() public {
        faulty.set(0.2e8);
        assertNoPrice(PriceStatus.OutsideBand);
        uint256[4] memory steps = [uint256(0.12e8), 0.144e8, 0.1728e8, 0.2e8];
        for (uint256 i = 0; i < steps.length; ++i) {
            assertNoPriceNow();
            skip(1 hours);
            feed.update();
            (uint256 accepted,) = feed.accepted();
            assertEq(accepted, steps[i]);
        }
        assertPrice(0.2e8);
    }

    function test_aRealCrashIsAcceptedToo() public {
        faulty.set(0.001e8);
        uint256 updates = 0;
        for (bool valid = false; !valid; (valid,) = feed.price()) {
            skip(4 hours);
            feed.update();
            ++updates;
        }
        // 1.5 ^ 12 > 100
        assertEq(updates, 12);
        assertPrice(0.001e8);
    }

    /// @dev Rounding must not trap a price of a few units.
    function test_aPriceOfOneUnitCanRise() public {
        faulty.set(1);
        PriceGuard memory guard = someGuard();
        guard.initialPrice = 1;
        feed = new PriceFeed(all, faulty, guard);
        faulty.set(2);
        assertPrice(2);
        skip(1 hours);
        feed.update();
        (uint256 accepted,) = feed.accepted();
        assertEq(accepted, 2);
    }

    /// @dev However the source jumps and whoever pokes, in one hour the accepted price moves by no more than two steps
    ///      of 10%, in four by no more than five.
    function testFuzz_theAcceptedPriceMovesSlowly(uint256[8] memory answers, uint256[8] memory waits) public {
        for (uint256 i = 0; i < answers.length; ++i) {
            faulty.set(int256(bound(answers[i], 1, 1_000_000e8)));
            (uint256 before, uint64 since) = feed.accepted();
            skip(bound(waits[i], 1 hours, 6 hours));
            feed.update();
            (uint256 now_,) = feed.accepted();
            uint256 hoursWaited = (block.timestamp - since + 1 hours - 1) / 1 hours;
            uint256 percent = 110 + 10 * (hoursWaited > 4 ? 4 : hoursWaited);
            assertLe(now_, before * percent / 100 + 1);
            assertGe(now_ * percent / 100 + 1, before);
        }
    }

    // --- decimals ---

    function test_decimalsAreBroughtToEight() public {
        uint8[5] memory decimals = [0, 6, 8, 18, 24];
        for (uint256 i = 0; i < decimals.length; ++i) {
            PriceSource source = new PriceSource(int256(3 * 10 ** uint256(decimals[i])));
            source.setDecimals(decimals[i]);
            PriceGuard memory guard = someGuard();
            guard.initialPrice = 3e8;
            feed = new PriceFeed(all, source, guard);
            assertPrice(3e8);
        }
    }

    function test_decimalsAreReadOnce() public {
        faulty.setDecimals(0);
        assertPrice(0.1e8);
    }

    function test_dustIsNoPrice() public {
        PriceSource source = new PriceSource(1e10 - 1);
        source.setDecimals(18);
        feed = new PriceFeed(all, source, someGuard());
        assertNoPrice(PriceStatus.BadPrice);
    }

    // --- pause ---

    function testFuzz_onlyGuardianAndTimelockPause(address caller) public {
        vm.assume(caller != guardian && caller != all.timelock);
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.NotGuardian.selector, caller));
        vm.prank(caller);
        feed.pause();
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.NotTimelock.selector, caller));
        vm.prank(caller);
        feed.unpause();
    }

    function test_theGuardianPausesAndTheTimelockUnpauses() public {
        vm.expectEmit(address(feed));
        emit IGuardedPriceFeed.FeedPaused(guardian);
        vm.startPrank(guardian);
        feed.pause();
        assertNoPrice(PriceStatus.Paused);
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.NotTimelock.selector, guardian));
        feed.unpause();
        vm.stopPrank();
        vm.expectEmit(address(feed));
        emit IGuardedPriceFeed.FeedUnpaused();
        vm.prank(all.timelock);
        feed.unpause();
        assertPrice(0.1e8);
    }

    function test_pausingTwiceSaysNothing() public {
        vm.startPrank(all.timelock);
        feed.pause();
        vm.recordLogs();
        feed.pause();
        feed.unpause();
        feed.unpause();
        assertEq(vm.getRecordedLogs().length, 1);
    }

    function test_updatesGoOnWhilePaused() public {
        vm.prank(guardian);
        feed.pause();
        skip(1 hours);
        faulty.set(0.105e8);
        feed.update();
        (uint256 accepted,) = feed.accepted();
        assertEq(accepted, 0.105e8);
        assertNoPrice(PriceStatus.Paused);
    }

    /// @dev A guardian that was replaced has lost this power, too.
    function test_aFormerGuardianPausesNoMore() public {
        vm.prank(all.timelock);
        parameters.setGuardian(stranger);
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.NotGuardian.selector, guardian));
        vm.prank(guardian);
        feed.pause();
    }

    // --- construction ---

    function test_refusesSettingsOutOfBounds() public {
        PriceGuard memory guard = someGuard();
        guard.maxAge = 59;
        refuses(guard, 60, 3 days, 59);
        guard.maxAge = 3 days + 1;
        refuses(guard, 60, 3 days, 3 days + 1);
        guard = someGuard();
        guard.step = 999;
        refuses(guard, 1000, 50_000, 999);
        guard.step = 50_001;
        refuses(guard, 1000, 50_000, 50_001);
        guard = someGuard();
        guard.interval = 59;
        refuses(guard, 60, 1 days, 59);
        guard.interval = 1 days + 1;
        refuses(guard, 60, 1 days, 1 days + 1);
        guard = someGuard();
        guard.initialPrice = 0;
        refuses(guard, 1, 1_000_000e8, 0);
        guard.initialPrice = 1_000_000e8 + 1;
        refuses(guard, 1, 1_000_000e8, 1_000_000e8 + 1);
        guard = someGuard();
        faulty.setDecimals(25);
        refuses(guard, 0, 24, 25);
    }

    function test_saysHowItGuards() public view {
        assertEq(address(feed.SOURCE()), address(faulty));
        assertEq(feed.MAX_AGE(), 1 hours);
        assertEq(feed.STEP(), 10_000);
        assertEq(feed.INTERVAL(), 1 hours);
        assertEq(feed.MAX_STEPS(), 5);
        assertEq(feed.MAX_PRICE(), 1_000_000e8);
    }

    function someGuard() private pure returns (PriceGuard memory) {
        return PriceGuard({maxAge: 1 hours, step: 10_000, interval: 1 hours, initialPrice: 0.1e8});
    }

    function refuses(PriceGuard memory guard, uint256 least, uint256 most, uint256 found) private {
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.OutOfBounds.selector, least, most, found));
        new PriceFeed(all, IAggregatorV3(faulty), guard);
    }

    function expectNoUsablePrice(PriceStatus status) private {
        vm.expectRevert(abi.encodeWithSelector(IGuardedPriceFeed.NoUsablePrice.selector, status));
        feed.update();
    }

    /// @dev Both edges are valid, one unit beyond is not.
    // forge-lint: disable-next-item(unsafe-typecast)
    function assertBand(uint256 lowest, uint256 highest) private {
        faulty.set(int256(lowest));
        assertPrice(lowest);
        faulty.set(int256(highest));
        assertPrice(highest);
        faulty.set(int256(lowest - 1));
        assertNoPrice(PriceStatus.OutsideBand);
        faulty.set(int256(highest + 1));
        assertNoPrice(PriceStatus.OutsideBand);
    }

    function assertPrice(uint256 expected) private view {
        (bool valid, uint256 price) = feed.price();
        assertTrue(valid);
        assertEq(price, expected);
        (PriceStatus status, uint256 reported,) = feed.check();
        assertEq(uint256(status), uint256(PriceStatus.Valid));
        assertEq(reported, expected);
    }

    function assertNoPrice(PriceStatus expected) private view {
        assertNoPriceNow();
        (PriceStatus status,,) = feed.check();
        assertEq(uint256(status), uint256(expected));
    }

    function assertNoPriceNow() private view {
        (bool valid, uint256 price) = feed.price();
        assertFalse(valid);
        assertEq(price, 0);
    }
}
