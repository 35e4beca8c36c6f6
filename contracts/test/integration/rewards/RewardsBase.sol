// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Claim, Distribution, IRewards, Reward} from "../../../src/interfaces/IRewards.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Mainchain} from "../../Mainchain.sol";
import {Merkle} from "../../Merkle.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";

/// @dev The rewards, one asset, one who pays, and trees in which everybody is owed something.
abstract contract RewardsBase is Mainchain {
    bytes32 internal constant SALT = "salt";
    uint256 internal constant POOL = 1_000_000e6;

    Stablecoin internal asset;
    address internal payer = makeAddr("payer");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual override {
        super.setUp();
        asset = usd6;
        asset.mint(payer, 10 * POOL);
        vm.prank(payer);
        asset.approve(address(rewards), type(uint256).max);
    }

    function fundPool(uint256 amount) internal {
        vm.prank(payer);
        rewards.fund(address(asset), amount);
    }

    function soon() internal view returns (uint64) {
        return uint64(block.timestamp + 30 days);
    }

    /// @dev Leaf `index` pays `amountOf(index)` to `accountOf(index)`.
    function leavesOf(uint256 distribution, uint256 count) internal returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = Merkle.leaf(distribution, i, accountOf(i), amountOf(i));
        }
    }

    function claimOf(uint256 distribution, uint256 count, uint256 index) internal returns (Claim memory) {
        return Claim({
            distribution: distribution,
            index: index,
            account: accountOf(index),
            amount: amountOf(index),
            proof: Merkle.proof(leavesOf(distribution, count), index)
        });
    }

    /// @dev A distribution of `count` leaves paid by `payer`.
    function distribute(bytes32 salt, uint256 count) internal returns (uint256 distribution) {
        bytes32 root = Merkle.root(leavesOf(rewards.distributionOf(payer, salt), count));
        vm.prank(payer);
        return rewards.distribute(salt, address(asset), root, totalOf(count), soon());
    }

    function accountOf(uint256 index) internal returns (address) {
        return makeAddr(string.concat("account", vm.toString(index)));
    }

    function amountOf(uint256 index) internal pure returns (uint256) {
        return (index + 1) * 1e6;
    }

    function totalOf(uint256 count) internal pure returns (uint256) {
        return count * (count + 1) / 2 * 1e6;
    }

    function assertBooks() internal view {
        assertEq(
            asset.balanceOf(address(rewards)),
            rewards.pool(address(asset)) + rewards.unclaimed(address(asset)),
            "the books do not balance"
        );
    }
}
