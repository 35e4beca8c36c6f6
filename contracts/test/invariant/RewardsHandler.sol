// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Claim, Distribution} from "../../src/interfaces/IRewards.sol";
import {Rewards} from "../../src/staking/Rewards.sol";
import {Merkle} from "../Merkle.sol";
import {Stablecoin} from "../mocks/Stablecoins.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Does to the rewards what anybody may do, in any order, and remembers what must hold after. A call that makes
///      no sense now does nothing; one that is made must succeed. Every third distribution has a root that promises
///      more than was set aside.
contract RewardsHandler is Test {
    uint256 internal constant LEAVES = 5;
    uint256 internal constant MOST = 1e12;

    Rewards internal rewards;
    address internal timelock;
    Stablecoin[2] public assets;

    uint256[] public distributions;

    /// @dev Everything that was ever sent there, and paid from there.
    mapping(address asset => uint256) public sent;
    mapping(address asset => uint256) public paid;
    mapping(uint256 distribution => uint256) public paidBy;

    /// @dev Set when a call did something that it must not.
    string public violation;

    constructor(Rewards rewards_, address timelock_, Stablecoin first, Stablecoin second) {
        (rewards, timelock, assets[0], assets[1]) = (rewards_, timelock_, first, second);
        first.approve(address(rewards), type(uint256).max);
        second.approve(address(rewards), type(uint256).max);
    }

    function fund(uint256 which, uint256 amount) external {
        Stablecoin asset = assets[which % 2];
        amount = bound(amount, 1, MOST);
        asset.mint(address(this), amount);
        rewards.fund(address(asset), amount);
        sent[address(asset)] += amount;
    }

    function donate(uint256 which, uint256 amount, bool sync) external {
        Stablecoin asset = assets[which % 2];
        amount = bound(amount, 1, MOST);
        asset.mint(address(rewards), amount);
        sent[address(asset)] += amount;
        if (sync) rewards.sync(address(asset));
    }

    function distribute(uint256 which, uint256 days_) external {
        Stablecoin asset = assets[which % 2];
        (bytes32 salt, bytes32 root, uint256 total) = next(address(this));
        asset.mint(address(this), total);
        sent[address(asset)] += total;
        distributions.push(rewards.distribute(salt, address(asset), root, total, expiry(days_)));
    }

    function allocate(uint256 which, uint256 days_) external {
        Stablecoin asset = assets[which % 2];
        (bytes32 salt, bytes32 root, uint256 total) = next(timelock);
        if (total > rewards.pool(address(asset))) return;
        vm.prank(timelock);
        distributions.push(rewards.allocate(salt, address(asset), root, total, expiry(days_)));
    }

    /// @dev Anybody claims any leaf. It is paid exactly when it was not, there is money for it, and it is in time.
    function claim(uint256 seed, uint256 index) external {
        if (distributions.length == 0) return;
        uint256 id = distributions[seed % distributions.length];
        Claim memory claim_ = claimOf(id, index % LEAVES);
        Distribution memory before = rewards.distributionAt(id);
        bool payable_ = !rewards.isClaimed(id, claim_.index) && block.timestamp <= before.expiresAt
            && claim_.amount <= before.total - before.claimed;
        uint256 balance = Stablecoin(before.asset).balanceOf(claim_.account);
        vm.prank(makeAddr("anybody"));
        (bool ok,) = address(rewards).call(abi.encodeCall(rewards.claim, (claim_)));
        if (ok != payable_) violation = ok ? "what is not owed was paid" : "what is owed was not paid";
        if (!ok) return;
        if (Stablecoin(before.asset).balanceOf(claim_.account) != balance + claim_.amount) {
            violation = "the account was not paid";
        }
        paid[before.asset] += claim_.amount;
        paidBy[id] += claim_.amount;
    }

    /// @dev A leaf that no tree has.
    function cheat(uint256 seed, uint256 index, uint256 amount) external {
        if (distributions.length == 0) return;
        Claim memory claim_ = claimOf(distributions[seed % distributions.length], index % LEAVES);
        if (amount % 2 == 0) claim_.account = address(this);
        else claim_.amount = bound(amount, claim_.amount + 1, type(uint256).max);
        (bool ok,) = address(rewards).call(abi.encodeCall(rewards.claim, (claim_)));
        if (ok) violation = "a cheat was paid";
    }

    function close(uint256 seed) external {
        if (distributions.length == 0) return;
        uint256 id = distributions[seed % distributions.length];
        Distribution memory before = rewards.distributionAt(id);
        (bool ok,) = address(rewards).call(abi.encodeCall(rewards.close, (id)));
        if (ok != (!before.closed && block.timestamp > before.expiresAt)) {
            violation = "closed at the wrong time";
        }
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 5 days));
    }

    function distributionCount() external view returns (uint256) {
        return distributions.length;
    }

    /// @dev A salt, a root, and what is set aside for it.
    function next(address source) private returns (bytes32 salt, bytes32 root, uint256 total) {
        salt = bytes32(distributions.length);
        uint256 id = rewards.distributionOf(source, salt);
        root = Merkle.root(leavesOf(id));
        for (uint256 i = 0; i < LEAVES; ++i) {
            total += amountOf(id, i);
        }
        if (distributions.length % 3 == 2) total /= 2;
    }

    function claimOf(uint256 id, uint256 index) private returns (Claim memory) {
        return Claim({
            distribution: id,
            index: index,
            account: accountOf(index),
            amount: amountOf(id, index),
            proof: Merkle.proof(leavesOf(id), index)
        });
    }

    function leavesOf(uint256 id) private returns (bytes32[] memory leaves) {
        leaves = new bytes32[](LEAVES);
        for (uint256 i = 0; i < LEAVES; ++i) {
            leaves[i] = Merkle.leaf(id, i, accountOf(i), amountOf(id, i));
        }
    }

    function accountOf(uint256 index) private returns (address) {
        return makeAddr(vm.toString(index));
    }

    function expiry(uint256 days_) private view returns (uint64) {
        return uint64(block.timestamp + bound(days_, 7, 30) * 1 days);
    }

    function amountOf(uint256 id, uint256 index) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(id, index))) % MOST + 1;
    }
}
