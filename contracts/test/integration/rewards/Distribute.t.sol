// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FeeOnTransfer} from "../../mocks/Stablecoins.sol";
import {Distribution, IRewards, Merkle, RewardsBase} from "./RewardsBase.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @dev Distributions that their opener pays for, and those that governance takes out of the pool.
contract DistributeTest is RewardsBase {
    bytes32 internal constant ROOT = "root";
    uint256 internal constant TOTAL = 1000e6;

    function test_refusesWithoutARoot() public {
        vm.expectRevert(abi.encodeWithSelector(IRewards.RootMissing.selector));
        this.distributeIt(SALT, bytes32(0), TOTAL, soon());
    }

    function test_refusesNothing() public {
        vm.expectRevert(abi.encodeWithSelector(IRewards.AmountMissing.selector));
        this.distributeIt(SALT, ROOT, 0, soon());
    }

    function test_refusesMoreThan128Bits() public {
        uint256 total = uint256(type(uint128).max) + 1;
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, total));
        this.distributeIt(SALT, ROOT, total, soon());
    }

    function testFuzz_refusesAnExpiryOutOfBounds(uint64 expiresAt) public {
        uint256 earliest = block.timestamp + 7 days;
        uint256 latest = block.timestamp + 1461 days;
        vm.assume(expiresAt < earliest || expiresAt > latest);
        bytes memory refusal =
            abi.encodeWithSelector(IRewards.ExpiryOutOfBounds.selector, expiresAt, earliest, latest);
        vm.expectRevert(refusal);
        this.distributeIt(SALT, ROOT, TOTAL, expiresAt);
        fundPool(POOL);
        vm.expectRevert(refusal);
        vm.prank(all.timelock);
        rewards.allocate(SALT, address(asset), ROOT, TOTAL, expiresAt);
    }

    function test_refusesASaltUsedBefore() public {
        vm.prank(payer);
        uint256 id = rewards.distribute(SALT, address(asset), ROOT, TOTAL, soon());
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionExists.selector, id));
        this.distributeIt(SALT, "other root", TOTAL, soon());
        skip(31 days);
        rewards.close(id);
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionExists.selector, id));
        this.distributeIt(SALT, ROOT, TOTAL, soon());
    }

    function test_refusesAFeeOnTransfer() public {
        FeeOnTransfer fee = new FeeOnTransfer(6);
        fee.mint(address(this), TOTAL);
        fee.approve(address(rewards), TOTAL);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRewards.TransferMismatch.selector, address(fee), TOTAL, TOTAL - TOTAL / 100
            )
        );
        rewards.distribute(SALT, address(fee), ROOT, TOTAL, soon());
    }

    /// @dev The pool and other distributions never pay for a new one.
    function test_refusesWhoDoesNotPay() public {
        fundPool(POOL);
        vm.expectRevert();
        vm.prank(stranger);
        rewards.distribute(SALT, address(asset), ROOT, TOTAL, soon());
    }

    function test_distributes() public {
        uint256 id = uint256(keccak256(abi.encode(payer, SALT)));
        assertEq(rewards.distributionOf(payer, SALT), id);
        vm.expectEmit(address(rewards));
        emit IRewards.Distributed(id, address(asset), payer, SALT, ROOT, TOTAL, soon());

        vm.prank(payer);
        assertEq(rewards.distribute(SALT, address(asset), ROOT, TOTAL, soon()), id);

        assertDistribution(id);
        assertEq(rewards.pool(address(asset)), 0);
    }

    /// @dev Ids are the source's own: nobody can take one before it.
    function testFuzz_idsAreTheSourcesOwn(address source, bytes32 salt) public {
        vm.assume(source != payer);
        assertNotEq(rewards.distributionOf(source, salt), rewards.distributionOf(payer, salt));
    }

    function testFuzz_onlyTheTimelockAllocates(address caller) public {
        vm.assume(caller != all.timelock);
        fundPool(POOL);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotTimelock.selector, caller, all.timelock));
        vm.prank(caller);
        rewards.allocate(SALT, address(asset), ROOT, TOTAL, soon());
    }

    function testFuzz_refusesToAllocateMoreThanThePool(uint256 total) public {
        fundPool(POOL);
        distribute("other", 9);
        total = bound(total, POOL + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IRewards.PoolExceeded.selector, address(asset), total, POOL));
        vm.prank(all.timelock);
        rewards.allocate(SALT, address(asset), ROOT, total, soon());
    }

    function test_allocates() public {
        fundPool(POOL);
        uint256 id = rewards.distributionOf(all.timelock, SALT);
        vm.expectEmit(address(rewards));
        emit IRewards.Distributed(id, address(asset), all.timelock, SALT, ROOT, TOTAL, soon());
        vm.prank(all.timelock);
        assertEq(rewards.allocate(SALT, address(asset), ROOT, TOTAL, soon()), id);
        assertDistribution(id);
        assertEq(rewards.pool(address(asset)), POOL - TOTAL);
    }

    function test_allocatesAllOfThePool() public {
        fundPool(POOL);
        vm.prank(all.timelock);
        rewards.allocate(SALT, address(asset), ROOT, POOL, soon());
        assertEq(rewards.pool(address(asset)), 0);
        assertBooks();
    }

    /// @dev The boundaries themselves are open.
    function test_takesTheEarliestAndTheLatestExpiry() public {
        this.distributeIt("early", ROOT, TOTAL, uint64(block.timestamp + 7 days));
        this.distributeIt("late", ROOT, TOTAL, uint64(block.timestamp + 1461 days));
    }

    function distributeIt(bytes32 salt, bytes32 root, uint256 total, uint64 expiresAt) external {
        vm.prank(payer);
        rewards.distribute(salt, address(asset), root, total, expiresAt);
    }

    function assertDistribution(uint256 id) private view {
        Distribution memory found = rewards.distributionAt(id);
        assertEq(found.asset, address(asset));
        assertEq(found.expiresAt, soon());
        assertFalse(found.closed);
        assertEq(found.root, ROOT);
        assertEq(found.total, TOTAL);
        assertEq(found.claimed, 0);
        assertEq(rewards.unclaimed(address(asset)), TOTAL);
        assertBooks();
    }
}
