// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {RouteUpdate} from "../interfaces/IRouteTable.sol";
import {KeySet} from "../types/KeySet.sol";

/// @title TypedData
/// @notice The EIP-712 struct hashes of what wallets sign. Pinned by `test/vectors/eip712.json`.
library TypedData {
    bytes32 internal constant NODE_KEYS_TYPEHASH = keccak256(
        "NodeKeys(address wallet,address owner,bytes32 certificateHash,bytes32 certificateV4Hash,bytes32 handle,bytes20 handleV4,bytes32 transportKey,uint256 nonce,uint256 deadline)"
    );

    bytes32 internal constant ROUTE_TYPEHASH = keccak256(
        "Route(address wallet,bytes32 certificateHash,bytes32 certificateV4Hash,bytes32 handle,bytes20 handleV4,uint32 epoch,uint256 agent,uint64 expiry,uint256 nonce,uint256 deadline)"
    );

    /// @notice The struct hash of `NodeKeys`.
    /// @param wallet The node's wallet, which signs.
    /// @param owner Who may submit the signature.
    /// @param keys The wallet's keys.
    /// @param transportKey The node's X25519 public key.
    /// @param nonce The wallet's nonce.
    /// @param deadline The last second in which the signature counts.
    function hashNodeKeys(
        address wallet,
        address owner,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 nonce,
        uint256 deadline
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                NODE_KEYS_TYPEHASH,
                wallet,
                owner,
                keccak256(keys.certificate),
                keccak256(keys.certificateV4),
                keys.handle,
                keys.handleV4,
                transportKey,
                nonce,
                deadline
            )
        );
    }

    /// @notice The struct hash of `Route`.
    /// @param update What the wallet says.
    /// @param nonce The wallet's nonce.
    /// @param deadline The last second in which the signature counts.
    function hashRoute(RouteUpdate calldata update, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                ROUTE_TYPEHASH,
                update.wallet,
                keccak256(update.keys.certificate),
                keccak256(update.keys.certificateV4),
                update.keys.handle,
                update.keys.handleV4,
                update.epoch,
                update.agent,
                update.expiry,
                nonce,
                deadline
            )
        );
    }
}
