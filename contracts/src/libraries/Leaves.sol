// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Leaf} from "../interfaces/IForcedExits.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title Leaves
/// @notice The Merkle tree over what a note's holders own. Pinned by `test/vectors/cash.json`.
library Leaves {
    /// @notice The hash of a leaf at its place. Hashed twice, so that no inner node can pass for a leaf.
    function hash(Leaf calldata leaf, uint256 index) internal pure returns (bytes32) {
        return EfficientHashLib.hash(keccak256(abi.encode(index, leaf)));
    }

    /// @notice The root over all leaves; zero when there are none.
    /// @dev Level by level in one array: pairs are sorted, a lone node moves up unchanged.
    function root(Leaf[] calldata leaves) internal pure returns (bytes32) {
        uint256 length = leaves.length;
        if (length == 0) return bytes32(0);
        bytes32[] memory nodes = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            nodes[i] = hash(leaves[i], i);
        }
        while (length > 1) {
            uint256 half = length / 2;
            for (uint256 i = 0; i < half; ++i) {
                nodes[i] = _pair(nodes[2 * i], nodes[2 * i + 1]);
            }
            if (length % 2 == 1) nodes[half] = nodes[length - 1];
            length = (length + 1) / 2;
        }
        return nodes[0];
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? EfficientHashLib.hash(a, b) : EfficientHashLib.hash(b, a);
    }
}
