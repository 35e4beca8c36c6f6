// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP} from "../../src/interfaces/IArchiveGroups.sol";
import {Archive} from "../Archive.sol";
import {Certificate, Claim, Reward, RewardsBase} from "../integration/rewards/RewardsBase.sol";

/// @dev What the main calls cost as transactions of their own, with a tree of 64 leaves and a group of ten.
/// forge-config: default.isolate = true
contract RewardsGasTest is RewardsBase, Archive {
    string internal constant NAME = "Rewards";
    uint256 internal constant COUNT = 64;

    function setUp() public override(RewardsBase, Archive) {
        super.setUp();
        fundPool(POOL);
    }

    function test_fund() public {
        fundPool(POOL);
        vm.snapshotGasLastCall(NAME, "fund");
        vm.prank(payer);
        asset.transfer(address(rewards), 1);
        rewards.sync(address(asset));
        vm.snapshotGasLastCall(NAME, "sync");
    }

    function test_distributeClaimAndClose() public {
        uint256 id = distribute(SALT, COUNT);
        vm.snapshotGasLastCall(NAME, "distribute");
        rewards.claim(claimOf(id, COUNT, 0));
        vm.snapshotGasLastCall(NAME, "claim, first of 64");
        rewards.claim(claimOf(id, COUNT, 1));
        vm.snapshotGasLastCall(NAME, "claim, second of 64");
        Claim[] memory claims = new Claim[](10);
        for (uint256 i = 0; i < 10; ++i) {
            claims[i] = claimOf(id, COUNT, 10 + i);
        }
        rewards.claimMany(claims);
        vm.snapshotGasLastCall(NAME, "claimMany, 10 of 64");
        skip(31 days);
        rewards.close(id);
        vm.snapshotGasLastCall(NAME, "close");
    }

    function test_allocate() public {
        vm.prank(all.timelock);
        rewards.allocate(SALT, address(asset), "root", POOL, soon());
        vm.snapshotGasLastCall(NAME, "allocate");
    }

    function test_reward() public {
        Reward memory reward_ = Reward({
            asset: address(asset), period: uint64(block.timestamp / 1 days - 1), root: "root", total: 1
        });
        Certificate memory certificate = certify(rewards.rewardDigest(reward_, ROOT_GROUP, 1), ROOT_GROUP);
        rewards.reward(reward_, certificate);
        vm.snapshotGasLastCall(NAME, "reward, 7 of 10 signatures");
    }
}
