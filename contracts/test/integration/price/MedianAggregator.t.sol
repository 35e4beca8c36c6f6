// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MedianAggregator} from "../../../src/governance/MedianAggregator.sol";
import {PriceFeed} from "../../../src/governance/PriceFeed.sol";
import {PriceGuard, PriceStatus} from "../../../src/interfaces/IGuardedPriceFeed.sol";
import {IMedianAggregator, PriceReport} from "../../../src/interfaces/IMedianAggregator.sol";
import {Mainchain} from "../../Mainchain.sol";

// Prices are small and positive.
// forge-lint: disable-next-item(unsafe-typecast)
contract MedianAggregatorTest is Mainchain {
    MedianAggregator internal median;
    address[] internal reporters;
    address internal stranger = makeAddr("stranger");

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 5; ++i) {
            reporters.push(makeAddr(string.concat("reporter", vm.toString(i))));
        }
        median = new MedianAggregator(all, 1 hours, 3, reporters);
    }

    // --- who may do what ---

    function testFuzz_onlyReportersReport(address caller) public {
        for (uint256 i = 0; i < reporters.length; ++i) {
            vm.assume(caller != reporters[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NotReporter.selector, caller));
        vm.prank(caller);
        median.report(1e8);
    }

    function testFuzz_onlyTheTimelockNames(address caller) public {
        vm.assume(caller != all.timelock);
        bytes memory problem = abi.encodeWithSelector(IMedianAggregator.NotTimelock.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(problem);
        median.addReporter(stranger);
        vm.expectRevert(problem);
        median.removeReporter(reporters[0]);
        vm.expectRevert(problem);
        median.setMinReports(1);
    }

    // --- reports ---

    function test_reportRefusesWhatIsNoPrice() public {
        uint128[3] memory wrong = [0, 1_000_000e8 + 1, type(uint128).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            expectOutOfBounds(1, 1_000_000e8, wrong[i]);
            vm.prank(reporters[0]);
            median.report(wrong[i]);
        }
    }

    function test_tooFewReports() public {
        expectNotEnough(0);
        report(0, 1e8);
        report(1, 1e8);
        report(1, 2e8); // one reporter counts once
        expectNotEnough(2);
        report(2, 1e8);
        assertAnswer(1e8);
    }

    function test_oldReportsDoNotCount() public {
        report(0, 1e8);
        skip(30 minutes);
        report(1, 2e8);
        report(2, 3e8);
        skip(30 minutes);
        assertAnswer(2e8);
        skip(1);
        expectNotEnough(2);
        report(3, 9e8);
        assertAnswer(3e8);
    }

    function test_ofAnEvenNumberTheMeanOfTheMiddle() public {
        report(0, 1e8);
        report(1, 9e8);
        report(2, 2e8);
        report(3, 4e8);
        assertAnswer(3e8);
    }

    /// @dev Two of five cannot move the answer out of what three say.
    function testFuzz_aMinorityOfLiarsIsHeld(uint128 first, uint128 second, uint128[3] memory honest) public {
        uint256 lowest = type(uint256).max;
        uint256 highest;
        for (uint256 i = 0; i < 3; ++i) {
            honest[i] = uint128(bound(honest[i], 0.09e8, 0.11e8));
            report(i + 2, honest[i]);
            if (honest[i] < lowest) lowest = honest[i];
            if (honest[i] > highest) highest = honest[i];
        }
        report(0, uint128(bound(first, 1, 1_000_000e8)));
        report(1, uint128(bound(second, 1, 1_000_000e8)));
        (, int256 answer,,,) = median.latestRoundData();
        assertGe(uint256(answer), lowest);
        assertLe(uint256(answer), highest);
    }

    function testFuzz_theMedianOfAll(uint128[5] memory prices) public {
        for (uint256 i = 0; i < 5; ++i) {
            prices[i] = uint128(bound(prices[i], 1, 1_000_000e8));
            report(i, prices[i]);
        }
        (, int256 answer,,,) = median.latestRoundData();
        uint256 below;
        uint256 above;
        for (uint256 i = 0; i < 5; ++i) {
            if (prices[i] < uint256(answer)) ++below;
            if (prices[i] > uint256(answer)) ++above;
        }
        assertLe(below, 2);
        assertLe(above, 2);
    }

    function test_roundsAndTimes() public {
        uint256 start = block.timestamp;
        report(0, 1e8);
        skip(10);
        vm.expectEmit(address(median));
        emit IMedianAggregator.Reported(reporters[1], 2, 2e8);
        report(1, 2e8);
        skip(10);
        report(2, 3e8);
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) =
            median.latestRoundData();
        assertEq(round, 3);
        assertEq(answeredIn, 3);
        assertEq(answer, 2e8);
        assertEq(startedAt, start);
        assertEq(updatedAt, start);
        report(0, 3e8);
        (,,, updatedAt,) = median.latestRoundData();
        assertEq(updatedAt, start + 10);
    }

    function test_onlyTheNewestRoundIsKept() public {
        for (uint256 i = 0; i < 3; ++i) {
            report(i, 1e8);
        }
        (uint80 round, int256 answer,,,) = median.getRoundData(3);
        assertEq(round, 3);
        assertEq(answer, 1e8);
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NoSuchRound.selector, 3, 2));
        median.getRoundData(2);
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NoSuchRound.selector, 3, 4));
        median.getRoundData(4);
    }

    function test_saysWhatItIs() public view {
        assertEq(median.decimals(), 8);
        assertEq(median.description(), "CoNET / USD");
        assertEq(median.version(), 1);
        assertEq(median.MAX_REPORT_AGE(), 1 hours);
        assertEq(median.minReports(), 3);
        assertEq(median.reports().length, 5);
    }

    // --- reporters ---

    function test_addAndRemove() public {
        vm.startPrank(all.timelock);
        vm.expectEmit(address(median));
        emit IMedianAggregator.ReporterAdded(stranger);
        median.addReporter(stranger);
        vm.stopPrank();
        vm.prank(stranger);
        median.report(5e8);
        PriceReport memory last = median.reports()[5];
        assertEq(last.reporter, stranger);
        assertEq(last.price, 5e8);
        assertEq(last.time, block.timestamp);

        vm.expectEmit(address(median));
        emit IMedianAggregator.ReporterRemoved(stranger);
        vm.prank(all.timelock);
        median.removeReporter(stranger);
        expectNotEnough(0);
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NotReporter.selector, stranger));
        vm.prank(stranger);
        median.report(5e8);
    }

    /// @dev Who comes back does not find its old report counted.
    function test_aRemovedReportDoesNotComeBack() public {
        report(0, 1e8);
        vm.startPrank(all.timelock);
        median.removeReporter(reporters[0]);
        median.addReporter(reporters[0]);
        assertEq(median.reports()[4].reporter, reporters[0]);
        assertEq(median.reports()[4].price, 0);
    }

    function test_refusesTwiceNobodyAndTooMany() public {
        vm.startPrank(all.timelock);
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NotANewReporter.selector, reporters[0]));
        median.addReporter(reporters[0]);
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NotANewReporter.selector, address(0)));
        median.addReporter(address(0));
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NotReporter.selector, stranger));
        median.removeReporter(stranger);
        for (uint256 i = 5; i < 31; ++i) {
            median.addReporter(address(uint160(i)));
        }
        expectOutOfBounds(0, 30, 31);
        median.addReporter(stranger);
    }

    function test_enoughReportersMustStay() public {
        vm.startPrank(all.timelock);
        median.removeReporter(reporters[0]);
        median.removeReporter(reporters[1]);
        expectOutOfBounds(3, 31, 2);
        median.removeReporter(reporters[2]);
        vm.expectEmit(address(median));
        emit IMedianAggregator.MinReportsSet(3, 2);
        median.setMinReports(2);
        median.removeReporter(reporters[2]);
    }

    function testFuzz_minReports(uint256 count) public {
        if (count % 2 == 0) count = count % 7;
        bool within = count >= 1 && count <= 5;
        if (!within) expectOutOfBounds(1, 5, count);
        vm.prank(all.timelock);
        median.setMinReports(count);
        assertEq(median.minReports(), within ? count : 3);
    }

    function test_constructionIsBounded() public {
        expectOutOfBounds(60, 3 days, 59);
        new MedianAggregator(all, 59, 3, reporters);
        expectOutOfBounds(60, 3 days, 3 days + 1);
        new MedianAggregator(all, 3 days + 1, 3, reporters);
        expectOutOfBounds(1, 5, 6);
        new MedianAggregator(all, 1 hours, 6, reporters);
        expectOutOfBounds(1, 0, 1);
        new MedianAggregator(all, 1 hours, 1, new address[](0));
    }

    // --- behind the guard ---

    function test_feedsThePriceFeed() public {
        PriceGuard memory guard =
            PriceGuard({maxAge: 1 hours, step: 10_000, interval: 1 hours, initialPrice: 1e8});
        PriceFeed feed = new PriceFeed(all, median, guard);
        (PriceStatus status,,) = feed.check();
        assertEq(uint256(status), uint256(PriceStatus.NoAnswer));
        vm.startPrank(all.timelock);
        for (uint256 i = 5; i < 31; ++i) {
            reporters.push(address(uint160(i)));
            median.addReporter(reporters[i]);
        }
        vm.stopPrank();
        for (uint256 i = 0; i < 31; ++i) {
            report(i, uint128(1.031e8 - i * 0.001e8)); // the worst order to sort
        }
        (bool valid, uint256 price) = feed.price();
        assertTrue(valid);
        assertEq(price, 1.016e8);
        skip(1 hours + 1);
        (valid,) = feed.price();
        assertFalse(valid);
    }

    function report(uint256 reporter, uint128 price) private {
        vm.prank(reporters[reporter]);
        median.report(price);
    }

    function assertAnswer(uint256 expected) private view {
        (, int256 answer,,,) = median.latestRoundData();
        assertEq(uint256(answer), expected);
    }

    function expectNotEnough(uint256 found) private {
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.NotEnoughReports.selector, 3, found));
        median.latestRoundData();
    }

    function expectOutOfBounds(uint256 least, uint256 most, uint256 found) private {
        vm.expectRevert(abi.encodeWithSelector(IMedianAggregator.OutOfBounds.selector, least, most, found));
    }
}
