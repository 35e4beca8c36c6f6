// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Claim, IRewards, RewardsBase} from "./RewardsBase.sol";

contract CloseTest is RewardsBase {
    uint256 internal constant COUNT = 6;
    uint256 internal distribution;
    uint64 internal expiresAt;

    function setUp() public override {
        super.setUp();
        distribution = distribute(SALT, COUNT);
        expiresAt = soon();
    }

    function test_refusesAnUnknownDistribution() public {
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionUnknown.selector, 7));
        rewards.close(7);
    }

    function testFuzz_refusesBeforeTheExpiry(uint256 time) public {
        vm.warp(bound(time, block.timestamp, expiresAt));
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionOpen.selector, distribution, expiresAt));
        rewards.close(distribution);
    }

    function test_refusesTwice() public {
        vm.warp(expiresAt + 1);
        rewards.close(distribution);
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionClosed.selector, distribution));
        rewards.close(distribution);
        assertEq(rewards.pool(address(asset)), totalOf(COUNT));
    }

    function test_nothingIsPaidAfter() public {
        Claim memory claim = claimOf(distribution, COUNT, 0);
        vm.warp(expiresAt + 1);
        rewards.close(distribution);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.DistributionExpired.selector, distribution, expiresAt)
        );
        rewards.claim(claim);
    }

    function testFuzz_theRestJoinsThePool(uint256 mask) public {
        uint256 paid;
        for (uint256 i = 0; i < COUNT; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            rewards.claim(claimOf(distribution, COUNT, i));
            paid += amountOf(i);
        }
        vm.warp(expiresAt + 1);
        uint256 rest = totalOf(COUNT) - paid;
        vm.expectEmit(address(rewards));
        emit IRewards.Closed(distribution, rest);
        vm.expectEmit(address(rewards));
        emit IRewards.Funded(address(asset), address(rewards), rest);

        vm.prank(stranger);
        rewards.close(distribution);

        assertEq(rewards.pool(address(asset)), rest);
        assertEq(rewards.unclaimed(address(asset)), 0);
        assertTrue(rewards.distributionAt(distribution).closed);
        assertEq(rewards.distributionAt(distribution).claimed, paid);
        assertBooks();
    }
}
