// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Claim, IRewards, RewardsBase} from "./RewardsBase.sol";

contract ClaimManyTest is RewardsBase {
    uint256 internal constant COUNT = 60;
    uint256 internal first;
    uint256 internal second;

    function setUp() public override {
        super.setUp();
        first = distribute("first", COUNT);
        second = distribute("second", COUNT);
    }

    function test_refusesTooMany() public {
        Claim[] memory claims = claimsOf(first, 0, 51);
        vm.expectRevert(abi.encodeWithSelector(IRewards.TooManyClaims.selector, 51, 50));
        rewards.claimMany(claims);
    }

    function test_refusesAllWhenOneIsWrong() public {
        Claim[] memory claims = claimsOf(first, 0, 3);
        claims[2].amount += 1;
        vm.expectRevert(abi.encodeWithSelector(IRewards.ProofInvalid.selector, first, 2));
        rewards.claimMany(claims);
        assertFalse(rewards.isClaimed(first, 0));
    }

    function test_refusesAnUnknownDistribution() public {
        Claim[] memory claims = claimsOf(7, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionUnknown.selector, 7));
        rewards.claimMany(claims);
    }

    function test_refusesLateOnes() public {
        uint64 expiresAt = soon();
        Claim[] memory claims = claimsOf(second, 0, 2);
        vm.warp(expiresAt + 1);
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionExpired.selector, second, expiresAt));
        rewards.claimMany(claims);
    }

    /// @dev Who submits a part of a batch first does not spoil it.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_skipsWhatWasPaid(uint256 mask) public {
        Claim[] memory claims = claimsOf(first, 0, 8);
        uint256 before;
        for (uint256 i = 0; i < 8; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            vm.prank(stranger);
            rewards.claim(claims[i]);
            ++before;
        }
        assertEq(rewards.claimMany(claims), 8 - before);
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(asset.balanceOf(accountOf(i)), amountOf(i));
        }
        assertBooks();
    }

    function test_paysOneOnlyOnceInABatch() public {
        Claim[] memory claims = claimsOf(first, 0, 2);
        claims[1] = claims[0];
        assertEq(rewards.claimMany(claims), 1);
        assertEq(asset.balanceOf(accountOf(0)), amountOf(0));
    }

    function test_paysOutOfSeveralDistributions() public {
        Claim[] memory claims = claimsOf(first, 4, 2);
        claims[1] = claimOf(second, COUNT, 4);
        assertEq(rewards.claimMany(claims), 2);
        assertEq(asset.balanceOf(accountOf(4)), 2 * amountOf(4));
        assertBooks();
    }

    function test_paysTheMost() public {
        assertEq(rewards.claimMany(claimsOf(first, 0, 50)), 50);
        assertEq(rewards.claimMany(new Claim[](0)), 0);
        assertBooks();
    }

    function claimsOf(uint256 distribution, uint256 from, uint256 count)
        private
        returns (Claim[] memory claims)
    {
        claims = new Claim[](count);
        for (uint256 i = 0; i < count; ++i) {
            claims[i] = claimOf(distribution, COUNT, from + i);
        }
    }
}
