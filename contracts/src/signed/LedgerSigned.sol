// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ISlasher, Overturn, Restitution, SignedVote, Verdict} from "../interfaces/ISlasher.sol";
import {LedgerTypes} from "../libraries/LedgerTypes.sol";
import {Vote} from "../types/Vote.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title LedgerSigned
/// @notice What is signed under the domain "CoNET Ledger". See `ISlasher`.
abstract contract LedgerSigned is ISlasher, EIP712 {
    /// @inheritdoc ISlasher
    uint256 public constant MAX_PROOF = 32;

    constructor() EIP712("CoNET Ledger", "1") {}

    /// @inheritdoc ISlasher
    function voteDigest(Vote calldata vote) external view returns (bytes32) {
        return _hashTypedDataV4(LedgerTypes.hash(vote));
    }

    /// @inheritdoc ISlasher
    function votesDigest(bytes32 root) external view returns (bytes32) {
        return _hashTypedDataV4(LedgerTypes.hashVotes(root));
    }

    /// @inheritdoc ISlasher
    function verdictDigest(Verdict calldata verdict, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(LedgerTypes.hash(verdict, group, epoch));
    }

    /// @inheritdoc ISlasher
    function overturnDigest(Overturn calldata finding, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(LedgerTypes.hash(finding, group, epoch));
    }

    /// @inheritdoc ISlasher
    function restitutionDigest(Restitution calldata restitution, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(LedgerTypes.hash(restitution, group, epoch));
    }

    /// @dev Reverts unless `signed` is a vote of `wallet`.
    function _checkVote(address wallet, SignedVote calldata signed) internal view {
        bytes32 structHash = LedgerTypes.hash(signed.vote);
        uint256 length = signed.proof.length;
        if (length > (signed.batched ? MAX_PROOF : 0)) revert ProofInvalid(length);
        if (signed.batched) {
            structHash = LedgerTypes.hashVotes(MerkleProof.processProofCalldata(signed.proof, structHash));
        }
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(_hashTypedDataV4(structHash), signed.signature);
        if (problem != ECDSA.RecoverError.NoError || signer != wallet) {
            revert VoteSignatureInvalid(wallet, signer);
        }
    }
}
