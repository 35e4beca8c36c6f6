// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Weights} from "../libraries/WeightTree.t.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The weight tree's calls as transactions of their own. Draws are of a block 100 changes ago.
/// forge-config: default.isolate = true
contract WeightTreeGas is Test {
    string internal constant TREE = "WeightTree";

    function test_smallSet() public {
        measure(16, ", 16 leaves");
    }

    function test_mediumSet() public {
        measure(64, ", 64 leaves");
    }

    function test_largeSet() public {
        measure(4096, ", 4096 leaves");
    }

    /// @dev Fills 16 leaves spread over all places, then changes some of them, one a block.
    function measure(uint256 places, string memory suffix) private {
        Weights tree = new Weights();
        vm.roll(1000);
        for (uint256 i = 0; i < 16; ++i) {
            tree.set(places - 1 - i * (places / 16), 1e8 + i);
        }
        for (uint256 i = 0; i < 200; ++i) {
            vm.roll(block.number + 1);
            tree.set(places - 1 - (i * 7 % 16) * (places / 16), 2e8 + i);
        }
        tree.set(places - 1, 5);
        vm.snapshotGasLastCall(TREE, string.concat("set, same block", suffix));
        vm.roll(block.number + 1);
        tree.set(places - 1, 6);
        vm.snapshotGasLastCall(TREE, string.concat("set", suffix));
        tree.draw(block.number, "seed", 0);
        vm.snapshotGasLastCall(TREE, string.concat("first draw, now", suffix));
        tree.draw(block.number - 100, "seed", 0);
        vm.snapshotGasLastCall(TREE, string.concat("first draw", suffix));
        tree.draw(block.number - 100, "seed", 2);
        vm.snapshotGasLastCall(TREE, string.concat("third draw", suffix));
    }
}
