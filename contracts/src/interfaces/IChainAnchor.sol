// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";
import {ChainClass, Visibility} from "../types/Chains.sol";

/// @notice What a chain's first block fixes, as its archive group certifies it.
/// @dev EIP-712 type: Genesis(bytes32 chain,uint32 series,bytes32 genesisHash,uint8 class,uint8 visibility,address
///      wallet,uint8 quorum,bytes32 membersHash,uint64 deposit,uint64 carried,uint32 group,uint64 epoch), without the
///      line break.
struct Genesis {
    /// The chain's id. For a note, `Cash.chainOf`.
    bytes32 chain;
    /// 1 for the first, one more each time that the pool resells a note.
    uint32 series;
    /// Hash of the genesis block.
    bytes32 genesisHash;
    /// What the chain is for.
    ChainClass class;
    /// Who may read it.
    Visibility visibility;
    /// The bound wallet: pays for storage.
    address wallet;
    /// How many of the chain's group must sign a block; 0 means all of them.
    uint8 quorum;
    /// keccak256(abi.encode(uint256[] members)): the nodes of the chain's group, the creator first.
    bytes32 membersHash;
    /// Notes: micro-dollars that the new series' buyer paid. Else zero.
    uint64 deposit;
    /// Notes: micro-dollars carried over from the series before. Else zero.
    uint64 carried;
}

/// @notice A chain that the main chain knows.
struct Anchor {
    bytes32 genesisHash;
    bytes32 membersHash;
    address wallet;
    ChainClass class;
    Visibility visibility;
    uint8 quorum;
    uint32 series;
    uint32 home;
    uint64 paidThrough;
    uint64 groupChanges;
}

/// @title IChainAnchor
/// @notice The DLE chains that the main chain knows.
interface IChainAnchor {
    /// @notice Anchors a chain's genesis on its archive group's certificate. For an asset chain this opens the note's
    ///         series in `Cash`.
    function anchor(Genesis calldata genesis, Certificate calldata certificate) external;

    /// @notice A chain. `genesisHash` is zero when the main chain does not know it.
    function anchorOf(bytes32 chain) external view returns (Anchor memory);

    /// @notice The home group that a chain was given to; zero when unknown.
    function homeOf(bytes32 chain) external view returns (uint32);
}
