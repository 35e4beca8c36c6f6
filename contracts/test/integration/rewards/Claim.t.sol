// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Claim, IRewards, Merkle, RewardsBase} from "./RewardsBase.sol";

contract ClaimTest is RewardsBase {
    uint256 internal constant COUNT = 5;
    uint256 internal distribution;

    function setUp() public override {
        super.setUp();
        distribution = distribute(SALT, COUNT);
    }

    function test_refusesAnUnknownDistribution() public {
        Claim memory claim = claimOf(7, COUNT, 0);
        vm.expectRevert(abi.encodeWithSelector(IRewards.DistributionUnknown.selector, 7));
        rewards.claim(claim);
    }

    function test_refusesASecondClaim() public {
        Claim memory claim = claimOf(distribution, COUNT, 1);
        rewards.claim(claim);
        vm.expectRevert(abi.encodeWithSelector(IRewards.AlreadyClaimed.selector, distribution, 1));
        rewards.claim(claim);
    }

    function test_refusesALateClaim() public {
        Claim memory claim = claimOf(distribution, COUNT, 1);
        vm.warp(soon());
        uint64 expiresAt = uint64(block.timestamp);
        rewards.claim(claimOf(distribution, COUNT, 0));
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.DistributionExpired.selector, distribution, expiresAt)
        );
        rewards.claim(claim);
    }

    /// @dev Whatever is changed of a leaf or its proof, it is no longer one.
    function testFuzz_refusesWhatIsNotALeaf(uint256 seed, uint256 index, uint256 what) public {
        index = bound(index, 0, COUNT - 1);
        Claim memory claim = claimOf(distribution, COUNT, index);
        what = bound(what, 0, 3);
        if (what == 0) claim.index = bound(seed, COUNT, type(uint256).max);
        if (what == 1) claim.account = makeAddr("thief");
        if (what == 2) claim.amount = bound(seed, amountOf(index) + 1, type(uint256).max);
        if (what == 3) claim.proof[seed % claim.proof.length] ^= bytes32(uint256(1));
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.ProofInvalid.selector, claim.distribution, claim.index)
        );
        rewards.claim(claim);
    }

    /// @dev The same root under another id: its leaves name the first, so they are worth nothing here.
    function test_refusesALeafOfAnotherDistribution() public {
        bytes32 root = rewards.distributionAt(distribution).root;
        vm.prank(payer);
        uint256 other = rewards.distribute("other", address(asset), root, totalOf(COUNT), soon());
        Claim memory claim = claimOf(distribution, COUNT, 2);
        claim.distribution = other;
        vm.expectRevert(abi.encodeWithSelector(IRewards.ProofInvalid.selector, other, 2));
        rewards.claim(claim);
    }

    /// @dev An inner node is not a leaf: leaves are hashed twice.
    function test_refusesAnInnerNode() public {
        Claim memory claim = claimOf(distribution, COUNT, 0);
        bytes32[] memory shorter = new bytes32[](claim.proof.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = claim.proof[i + 1];
        }
        claim.proof = shorter;
        vm.expectRevert(abi.encodeWithSelector(IRewards.ProofInvalid.selector, distribution, 0));
        rewards.claim(claim);
    }

    /// @dev A root whose leaves add up to more takes nothing from the others.
    function test_refusesMoreThanWasSetAside() public {
        fundPool(POOL);
        uint256 bad = rewards.distributionOf(payer, "bad");
        bytes32 root = Merkle.root(leavesOf(bad, COUNT));
        vm.prank(payer);
        rewards.distribute("bad", address(asset), root, amountOf(1) + amountOf(2) - 1, soon());
        rewards.claim(claimOf(bad, COUNT, 1));
        Claim memory claim = claimOf(bad, COUNT, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IRewards.TotalExceeded.selector, bad, amountOf(2), amountOf(2) - 1)
        );
        rewards.claim(claim);
        assertBooks();
    }

    function test_paysTheAccountWhoeverSubmits() public {
        Claim memory claim = claimOf(distribution, COUNT, 3);
        vm.expectEmit(address(rewards));
        emit IRewards.Claimed(distribution, 3, accountOf(3), amountOf(3));
        vm.prank(stranger);
        rewards.claim(claim);
        assertEq(asset.balanceOf(accountOf(3)), amountOf(3));
        assertEq(asset.balanceOf(stranger), 0);
        assertTrue(rewards.isClaimed(distribution, 3));
        assertFalse(rewards.isClaimed(distribution, 2));
        assertEq(rewards.distributionAt(distribution).claimed, amountOf(3));
        assertEq(rewards.unclaimed(address(asset)), totalOf(COUNT) - amountOf(3));
        assertBooks();
    }

    /// @dev Trees of every small shape, each leaf once, to the last token.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_paysEveryLeaf(uint256 count) public {
        count = bound(count, 1, 33);
        uint256 id = distribute("fuzz", count);
        for (uint256 i = 0; i < count; ++i) {
            rewards.claim(claimOf(id, count, i));
            assertEq(asset.balanceOf(accountOf(i)), amountOf(i));
        }
        assertEq(rewards.distributionAt(id).claimed, totalOf(count));
        assertBooks();
    }
}
