// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Allocation} from "../../../src/interfaces/IConetToken.sol";
import {ConetToken} from "../../../src/token/ConetToken.sol";
import {Vesting} from "../../../src/token/Vesting.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {VestingWalletCliff} from "@openzeppelin/contracts/finance/VestingWalletCliff.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The genesis allocation of `docs/governance.md`, as it would be deployed.
contract GenesisAllocationTest is Test {
    uint256 internal constant PERCENT = 5_000_000e18;
    uint64 internal constant YEAR = 365 days;

    ConetToken internal token;
    uint64 internal start = 1_800_000_000;
    address internal rewards = makeAddr("Rewards");
    address internal timelock = makeAddr("Timelock");
    address internal team = makeAddr("team");
    address internal investors = makeAddr("investors");
    address internal sale = makeAddr("sale");
    Vesting internal rewardsVesting;
    Vesting internal ecosystemVesting;
    Vesting internal teamVesting;
    Vesting internal investorsVesting;

    function setUp() public {
        vm.warp(start);
        rewardsVesting = new Vesting(rewards, start, 8 * YEAR, 0);
        ecosystemVesting = new Vesting(timelock, start, 4 * YEAR, 0);
        teamVesting = new Vesting(team, start, 4 * YEAR, YEAR);
        investorsVesting = new Vesting(investors, start, 2 * YEAR, YEAR / 2);
        Allocation[] memory genesis = new Allocation[](6);
        genesis[0] = Allocation(address(rewardsVesting), 40 * PERCENT);
        genesis[1] = Allocation(timelock, 20 * PERCENT);
        genesis[2] = Allocation(address(ecosystemVesting), 10 * PERCENT);
        genesis[3] = Allocation(address(teamVesting), 15 * PERCENT);
        genesis[4] = Allocation(address(investorsVesting), 10 * PERCENT);
        genesis[5] = Allocation(sale, 5 * PERCENT);
        token = new ConetToken(genesis);
    }

    function test_aCliffBeyondTheEndIsRefused() public {
        vm.expectRevert(
            abi.encodeWithSelector(VestingWalletCliff.InvalidCliffDuration.selector, YEAR + 1, YEAR)
        );
        new Vesting(team, start, YEAR, YEAR + 1);
    }

    function test_aBeneficiaryIsNeeded() public {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        new Vesting(address(0), start, YEAR, 0);
    }

    function test_whatIsFreeOnTheFirstDay() public view {
        assertEq(token.balanceOf(sale) + token.balanceOf(timelock), 25 * PERCENT);
        assertEq(rewardsVesting.releasable(address(token)), 0);
    }

    function test_nothingBeforeTheCliff() public {
        vm.warp(start + YEAR - 1);
        teamVesting.release(address(token));
        assertEq(token.balanceOf(team), 0);
        vm.warp(start + YEAR);
        teamVesting.release(address(token));
        assertEq(token.balanceOf(team), 15 * PERCENT / 4);
        vm.warp(start + YEAR / 2);
        assertEq(investorsVesting.releasable(address(token)), 10 * PERCENT / 4);
    }

    function testFuzz_releasesByTheSecond(uint256 passed) public {
        passed = bound(passed, 0, 10 * uint256(YEAR));
        vm.warp(start + passed);
        rewardsVesting.release(address(token));
        uint256 all = 40 * PERCENT;
        uint256 expected = passed >= 8 * YEAR ? all : all * passed / (8 * YEAR);
        assertEq(token.balanceOf(rewards), expected);
    }

    function test_allIsReleasedInTheEnd() public {
        vm.warp(start + 8 * YEAR);
        rewardsVesting.release(address(token));
        ecosystemVesting.release(address(token));
        teamVesting.release(address(token));
        investorsVesting.release(address(token));
        assertEq(token.balanceOf(rewards), 40 * PERCENT);
        assertEq(token.balanceOf(timelock), 30 * PERCENT);
        assertEq(token.balanceOf(team), 15 * PERCENT);
        assertEq(token.balanceOf(investors), 10 * PERCENT);
    }

    /// @dev Nobody votes with what is not vested.
    function test_lockedTokensDoNotVote() public {
        vm.startPrank(team);
        token.delegate(team);
        vm.warp(start + 2 * YEAR);
        assertEq(token.getVotes(team), 0);
        assertEq(token.delegates(address(teamVesting)), address(0));
        teamVesting.release(address(token));
        assertEq(token.getVotes(team), 15 * PERCENT / 2);
    }
}
