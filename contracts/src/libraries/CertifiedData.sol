// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title CertifiedData
/// @notice The EIP-712 struct hashes of what archive groups say about themselves. Pinned by
///         `test/vectors/archive.json`.
library CertifiedData {
    bytes32 internal constant HANDOVER_TYPEHASH =
        keccak256("Handover(uint256[] nodes,bytes32 stateHash,uint32 group,uint64 epoch)");

    bytes32 internal constant SPLIT_TYPEHASH =
        keccak256("Split(uint256[] nodes,uint64 seedIndex,bytes32 stateHash,uint32 group,uint64 epoch)");

    bytes32 internal constant SEED_TYPEHASH =
        keccak256("Seed(uint64 index,bytes32 value,uint64 afterBlock,uint32 group,uint64 epoch)");

    function hashHandover(uint256[] calldata nodes, bytes32 stateHash, uint32 group, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(HANDOVER_TYPEHASH, keccak256(abi.encodePacked(nodes)), stateHash, group, epoch)
        );
    }

    function hashSplit(
        uint256[] calldata nodes,
        uint64 seedIndex,
        bytes32 stateHash,
        uint32 group,
        uint64 epoch
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(SPLIT_TYPEHASH, keccak256(abi.encodePacked(nodes)), seedIndex, stateHash, group, epoch)
        );
    }

    function hashSeed(uint64 index, bytes32 value, uint64 afterBlock, uint32 group, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(SEED_TYPEHASH, index, value, afterBlock, group, epoch));
    }
}
