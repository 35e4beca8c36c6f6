// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Genesis, GroupChange} from "../interfaces/IChainAnchor.sol";

/// @title CertifiedData
/// @notice The EIP-712 struct hashes of what archive groups say about themselves and their chains. Pinned by
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

    bytes32 internal constant GENESIS_TYPEHASH = keccak256(
        "Genesis(bytes32 chain,uint256 note,uint32 series,bytes32 genesisHash,uint8 class,uint8 visibility,address wallet,uint8 quorum,bytes32 membersHash,uint64 deposit,uint64 carried,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant GROUP_CHANGE_TYPEHASH = keccak256(
        "GroupChange(bytes32 chain,uint32 series,uint64 change,uint64 height,bytes32 membersHash,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant WALLET_CHANGE_TYPEHASH =
        keccak256("WalletChange(bytes32 chain,address wallet,address next,uint256 nonce,uint256 deadline)");

    /// @dev A struct without dynamic fields is encoded in place, a word for each field: as EIP-712 asks.
    function hashGenesis(Genesis calldata genesis, uint32 group, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(GENESIS_TYPEHASH, genesis, group, epoch));
    }

    function hashGroupChange(GroupChange calldata change, uint32 group, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(GROUP_CHANGE_TYPEHASH, change, group, epoch));
    }

    function hashWalletChange(bytes32 chain, address wallet, address next, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(WALLET_CHANGE_TYPEHASH, chain, wallet, next, nonce, deadline));
    }
}
