// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rewards} from "../../src/staking/Rewards.sol";
import {Claim, Merkle, Reward, RewardsBase} from "../integration/rewards/RewardsBase.sol";

/// @dev The contract agrees with `test/vectors/merkle.json`, and pays its leaves.
contract MerkleVectorsTest is RewardsBase {
    string internal vectors = vm.readFile("test/vectors/merkle.json");

    function setUp() public override {
        super.setUp();
        vm.chainId(vm.parseJsonUint(vectors, ".chainId"));
        address where = vm.parseJsonAddress(vectors, ".rewards");
        deployCodeTo("Rewards.sol:Rewards", abi.encode(all), where);
        rewards = Rewards(where);
    }

    function test_leavesAndRoot() public view {
        bytes32[] memory leaves = new bytes32[](5);
        for (uint256 i = 0; i < 5; ++i) {
            Claim memory claim = readClaim(i);
            leaves[i] = vm.parseJsonBytes32(vectors, string.concat(pathOf(i), ".leaf"));
            assertEq(Merkle.leaf(claim.distribution, i, claim.account, claim.amount), leaves[i]);
        }
        assertEq(Merkle.root(leaves), vm.parseJsonBytes32(vectors, ".root"));
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(
                keccak256(abi.encode(Merkle.proof(leaves, i))), keccak256(abi.encode(readClaim(i).proof))
            );
        }
    }

    function test_paysTheLeaves() public {
        address source = vm.parseJsonAddress(vectors, ".source");
        bytes32 salt = vm.parseJsonBytes32(vectors, ".salt");
        uint256 total = vm.parseJsonUint(vectors, ".total");
        usd18.mint(source, total);
        vm.startPrank(source);
        usd18.approve(address(rewards), total);
        uint256 id =
            rewards.distribute(salt, address(usd18), vm.parseJsonBytes32(vectors, ".root"), total, soon());
        vm.stopPrank();
        assertEq(bytes32(id), vm.parseJsonBytes32(vectors, ".distribution"));
        for (uint256 i = 0; i < 5; ++i) {
            Claim memory claim = readClaim(i);
            rewards.claim(claim);
            assertEq(usd18.balanceOf(claim.account), claim.amount);
        }
        assertEq(rewards.unclaimed(address(usd18)), 0);
    }

    function test_reward() public view {
        Reward memory reward_ = Reward({
            asset: vm.parseJsonAddress(vectors, ".reward.asset"),
            period: uint64(vm.parseJsonUint(vectors, ".reward.period")),
            root: vm.parseJsonBytes32(vectors, ".root"),
            total: vm.parseJsonUint(vectors, ".total")
        });
        uint32 group = uint32(vm.parseJsonUint(vectors, ".reward.group"));
        uint64 epoch = uint64(vm.parseJsonUint(vectors, ".reward.epoch"));
        assertEq(rewards.rewardDigest(reward_, group, epoch), vm.parseJsonBytes32(vectors, ".reward.digest"));
        bytes32 salt = rewards.rewardSalt(reward_.asset, reward_.period, group);
        assertEq(salt, vm.parseJsonBytes32(vectors, ".reward.salt"));
        assertEq(
            bytes32(rewards.distributionOf(address(rewards), salt)),
            vm.parseJsonBytes32(vectors, ".reward.distribution")
        );
    }

    function readClaim(uint256 index) private view returns (Claim memory) {
        string memory path = pathOf(index);
        return Claim({
            distribution: uint256(vm.parseJsonBytes32(vectors, ".distribution")),
            index: vm.parseJsonUint(vectors, string.concat(path, ".index")),
            account: vm.parseJsonAddress(vectors, string.concat(path, ".account")),
            amount: vm.parseJsonUint(vectors, string.concat(path, ".amount")),
            proof: vm.parseJsonBytes32Array(vectors, string.concat(path, ".proof"))
        });
    }

    function pathOf(uint256 index) private pure returns (string memory) {
        return string.concat(".leaves[", vm.toString(index), "]");
    }
}
