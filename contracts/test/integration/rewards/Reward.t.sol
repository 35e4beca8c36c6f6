// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {Archive} from "../../Archive.sol";
import {Certificate, Distribution, IRewards, Mainchain, Merkle, Reward, RewardsBase} from "./RewardsBase.sol";

/// @dev Rewards out of the pool, on the certificate of a real archive group.
contract RewardTest is RewardsBase, Archive {
    /// @dev 1% of the pool.
    uint256 internal constant LIMIT = POOL / 100;

    function setUp() public override(RewardsBase, Archive) {
        super.setUp();
        vm.warp(block.timestamp / 1 days * 1 days + 1 hours);
        fundPool(POOL);
    }

    function test_refusesWithoutAQuorum() public {
        Reward memory reward_ = someReward();
        bytes32 digest = rewards.rewardDigest(reward_, ROOT_GROUP, 1);
        Certificate memory certificate = certifyAs(digest, ROOT_GROUP, 1, 0x3f);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.QuorumMissing.selector, 6, 7));
        rewards.reward(reward_, certificate);
    }

    function testFuzz_refusesAnythingElseThanWasCertified(uint256 field) public {
        Reward memory reward_ = someReward();
        Certificate memory certificate = certificateOf(reward_);
        field = bound(field, 0, 3);
        if (field == 0) reward_.asset = address(usd18);
        else if (field == 1) reward_.period -= 1;
        else if (field == 2) reward_.root = "other";
        else reward_.total -= 1;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        rewards.reward(reward_, certificate);
    }

    function test_refusesAGroupThatDoesNotExist() public {
        Reward memory reward_ = someReward();
        Certificate memory certificate = certificateOf(reward_);
        certificate.group = 2;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, 2));
        rewards.reward(reward_, certificate);
    }

    function test_refusesASignatureForAnotherChain() public {
        Reward memory reward_ = someReward();
        Certificate memory certificate = certificateOf(reward_);
        vm.chainId(31_338);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        rewards.reward(reward_, certificate);
    }

    function testFuzz_refusesADayThatIsNotOverOrTooLongOver(uint64 period) public {
        uint64 today = uint64(block.timestamp / 1 days);
        vm.assume(period >= today || period < today - 7);
        Reward memory reward_ = someReward();
        reward_.period = period;
        expectRefusal(
            reward_, abi.encodeWithSelector(IRewards.PeriodOutOfBounds.selector, period, today - 7, today - 1)
        );
    }

    function test_refusesTheDaysNextToThoseThatCount() public {
        uint64 today = uint64(block.timestamp / 1 days);
        Reward memory reward_ = someReward();
        uint64[2] memory wrong = [today, today - 8];
        for (uint256 i = 0; i < 2; ++i) {
            reward_.period = wrong[i];
            expectRefusal(
                reward_,
                abi.encodeWithSelector(IRewards.PeriodOutOfBounds.selector, wrong[i], today - 7, today - 1)
            );
        }
    }

    function test_refusesADayTwice() public {
        Reward memory reward_ = someReward();
        uint256 id = submit(reward_);
        reward_.root = "other";
        expectRefusal(reward_, abi.encodeWithSelector(IRewards.DistributionExists.selector, id));
    }

    function testFuzz_refusesMoreThanTheGroupsShare(uint256 total) public {
        Reward memory reward_ = someReward();
        reward_.total = bound(total, LIMIT + 1, type(uint256).max);
        expectRefusal(
            reward_, abi.encodeWithSelector(IRewards.GroupLimitExceeded.selector, reward_.total, LIMIT)
        );
    }

    function test_refusesNothing() public {
        Reward memory reward_ = someReward();
        reward_.total = 0;
        expectRefusal(reward_, abi.encodeWithSelector(IRewards.AmountMissing.selector));
    }

    /// @dev Governance may have spent what a share was counted of.
    function test_refusesMoreThanThePool() public {
        Reward memory reward_ = someReward();
        submit(reward_);
        uint256 pool = rewards.pool(address(asset));
        vm.prank(all.timelock);
        rewards.allocate(SALT, address(asset), "root", pool - 1, soon());
        reward_.period -= 1;
        expectRefusal(
            reward_, abi.encodeWithSelector(IRewards.PoolExceeded.selector, address(asset), LIMIT, 1)
        );
    }

    /// @dev A group that was silent for a week may catch up: 1% for each day, of what was there when it began.
    function test_catchesUpWithAWeek() public {
        Reward memory reward_ = someReward();
        for (uint256 i = 0; i < 7; ++i) {
            submit(reward_);
            reward_.period -= 1;
        }
        assertEq(rewards.pool(address(asset)), POOL - 7 * LIMIT);
        assertBooks();
    }

    /// @dev However many groups there are, a day costs 10% at most; the next day goes on.
    function test_boundsADay() public {
        (uint32 left, uint32 right) = grow();
        Reward memory reward_ = someReward();
        reward_.root = "root";
        for (uint256 i = 0; i < 5; ++i) {
            submitAs(left, reward_);
            submitAs(right, reward_);
            reward_.period -= 1;
        }
        (uint256 perGroup, uint256 rest) = rewards.rewardLimits(address(asset));
        assertEq(perGroup, LIMIT);
        assertEq(rest, 0);
        bytes32 digest = rewards.rewardDigest(reward_, left, 1);
        Certificate memory certificate = certify(digest, left);
        vm.expectRevert(abi.encodeWithSelector(IRewards.DayLimitExceeded.selector, LIMIT, 0));
        rewards.reward(reward_, certificate);

        skip(1 days);
        (perGroup, rest) = rewards.rewardLimits(address(asset));
        uint256 pool = POOL - 10 * LIMIT;
        assertEq(perGroup, pool / 100);
        assertEq(rest, pool / 10);
        reward_.total = perGroup;
        rewards.reward(reward_, certify(rewards.rewardDigest(reward_, left, 1), left));
        assertBooks();
    }

    function test_rewards() public {
        Reward memory reward_ = someReward();
        uint256 id = rewards.distributionOf(
            address(rewards), keccak256(abi.encode(asset, reward_.period, ROOT_GROUP))
        );
        reward_.root = Merkle.root(leavesOf(id, 4));
        reward_.total = totalOf(4);
        uint64 expiresAt = uint64(block.timestamp + 180 days);
        Certificate memory certificate = certificateOf(reward_);
        vm.expectEmit(address(rewards));
        emit IRewards.Distributed(
            id,
            address(asset),
            address(rewards),
            rewards.rewardSalt(address(asset), reward_.period, ROOT_GROUP),
            reward_.root,
            reward_.total,
            expiresAt
        );
        vm.expectEmit(address(rewards));
        emit IRewards.Rewarded(id, ROOT_GROUP, address(asset), reward_.period, 1, reward_.total);

        vm.prank(stranger);
        assertEq(rewards.reward(reward_, certificate), id);

        Distribution memory found = rewards.distributionAt(id);
        assertEq(found.expiresAt, expiresAt);
        assertEq(rewards.pool(address(asset)), POOL - totalOf(4));
        rewards.claim(claimOf(id, 4, 2));
        assertEq(asset.balanceOf(accountOf(2)), amountOf(2));
        assertBooks();
    }

    /// @dev The type, spelled out once more.
    function test_digestIsThatOfTheType() public view {
        Reward memory reward_ = someReward();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET Rewards"),
                keccak256("1"),
                block.chainid,
                address(rewards)
            )
        );
        bytes32 typeHash = keccak256(
            "Reward(address asset,uint64 period,bytes32 root,uint256 total,uint32 group,uint64 epoch)"
        );
        bytes32 structHash =
            keccak256(abi.encode(typeHash, reward_.asset, reward_.period, reward_.root, reward_.total, 3, 4));
        assertEq(
            rewards.rewardDigest(reward_, 3, 4), keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
    }

    /// @dev For yesterday, all that one group may give.
    function someReward() private view returns (Reward memory) {
        return Reward({
            asset: address(asset), period: uint64(block.timestamp / 1 days - 1), root: "root", total: LIMIT
        });
    }

    function certificateOf(Reward memory reward_) private view returns (Certificate memory) {
        return certify(rewards.rewardDigest(reward_, ROOT_GROUP, 1), ROOT_GROUP);
    }

    function submit(Reward memory reward_) private returns (uint256) {
        return rewards.reward(reward_, certificateOf(reward_));
    }

    function submitAs(uint32 group, Reward memory reward_) private {
        rewards.reward(reward_, certify(rewards.rewardDigest(reward_, group, 1), group));
    }

    function expectRefusal(Reward memory reward_, bytes memory refusal) private {
        Certificate memory certificate = certificateOf(reward_);
        vm.expectRevert(refusal);
        rewards.reward(reward_, certificate);
    }

    /// @dev Ten more nodes join, and the group splits.
    function grow() private returns (uint32 left, uint32 right) {
        uint256[] memory nodes = new uint256[](20);
        uint256[] memory old = groups.members(ROOT_GROUP);
        for (uint256 i = 0; i < 20; ++i) {
            nodes[i] = i < 10 ? old[i] : newArchiveNode(1);
            if (i >= 10) join(nodes[i]);
        }
        step();
        seedNow(ROOT_GROUP, "seed");
        return split(ROOT_GROUP, nodes);
    }
}
