// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Overturn, Restitution, Verdict} from "../interfaces/ISlasher.sol";
import {Vote} from "../types/Vote.sol";

/// @title LedgerTypes
/// @notice The EIP-712 struct hashes under the domain "CoNET Ledger". Pinned by `test/vectors/ledger.json`.
library LedgerTypes {
    bytes32 internal constant VOTE_TYPEHASH =
        keccak256("Vote(bytes32 chain,uint64 height,uint64 view,uint64 epoch,uint8 phase,bytes32 block)");

    bytes32 internal constant VOTES_TYPEHASH = keccak256("Votes(bytes32 root)");

    bytes32 internal constant VERDICT_TYPEHASH = keccak256(
        "Verdict(uint256 node,uint16 role,uint256 amount,bytes32 chain,uint64 height,uint8 kind,address reporter,bytes32 evidence,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant OVERTURN_TYPEHASH =
        keccak256("Overturn(uint256 caseId,uint32 group,uint64 epoch)");

    bytes32 internal constant RESTITUTION_TYPEHASH =
        keccak256("Restitution(uint256 caseId,bytes32 root,uint256 total,uint32 group,uint64 epoch)");

    /// @notice The struct hash of a vote. As the leaf of a tree it cannot be taken for an inner node, whose preimage is
    ///         64 bytes long.
    function hash(Vote memory vote) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                VOTE_TYPEHASH, vote.chain, vote.height, vote.view_, vote.epoch, vote.phase, vote.block_
            )
        );
    }

    /// @notice The struct hash of many votes, signed as one.
    function hashVotes(bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOTES_TYPEHASH, root));
    }

    function hash(Verdict memory verdict, uint32 group, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                VERDICT_TYPEHASH,
                verdict.node,
                verdict.role,
                verdict.amount,
                verdict.chain,
                verdict.height,
                verdict.kind,
                verdict.reporter,
                verdict.evidence,
                group,
                epoch
            )
        );
    }

    function hash(Overturn memory overturn, uint32 group, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(abi.encode(OVERTURN_TYPEHASH, overturn.caseId, group, epoch));
    }

    function hash(Restitution memory restitution, uint32 group, uint64 epoch)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                RESTITUTION_TYPEHASH, restitution.caseId, restitution.root, restitution.total, group, epoch
            )
        );
    }
}
