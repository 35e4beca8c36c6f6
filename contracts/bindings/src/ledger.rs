//! What members of DLE chains and archive nodes sign every day, and what archive groups find about them: EIP-712
//! messages under the domain "CoNET Ledger" of the contract `Slasher`, so that every vote is evidence there as it is.
//! Pinned by `contracts/test/vectors/ledger.json`, which Foundry checks too.
//!
//! A node votes once in each (chain, height, view, epoch, phase). When it votes often, it signs the Merkle root of
//! many votes at once, a [`Batch`]; each vote then travels with its proof, as a [`SignedVote`].

use alloy::primitives::{Address, B256, Signature};
use alloy::sol_types::{Eip712Domain, SolStruct as _};
use serde::{Deserialize, Serialize};

use crate::{Slasher, merkle, roles, typed_data::domain};

pub use types::{Overturn, Restitution, Verdict, Vote, Votes};

/// The most steps of a proof.
pub const PROOF_STEPS_MAX: usize = 32;

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        /// What a node signs about one block of a DLE chain, or about one entry of an archive group's log. See
        /// `types/Vote.sol`.
        #[derive(Debug, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Vote {
            bytes32 chain;
            uint64 height;
            uint64 view;
            uint64 epoch;
            uint8 phase;
            bytes32 block;
        }

        /// Many votes, signed as one: the Merkle root of their struct hashes.
        #[derive(Debug, Copy, PartialEq, Eq)]
        struct Votes {
            bytes32 root;
        }

        /// An archive group's finding. See `ISlasher.submitVerdict`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Verdict {
            uint256 node;
            uint16 role;
            uint256 amount;
            bytes32 chain;
            uint64 height;
            uint8 kind;
            address reporter;
            bytes32 evidence;
            uint32 group;
            uint64 epoch;
        }

        /// Another archive group's finding that a case is wrong. See `ISlasher.overturn`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Overturn {
            uint256 caseId;
            uint32 group;
            uint64 epoch;
        }

        /// What holders lost by it. See `ISlasher.restitute`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Restitution {
            uint256 caseId;
            bytes32 root;
            uint256 total;
            uint32 group;
            uint64 epoch;
        }
    }
}

/// What a node did, as the contracts number it in [`Verdict::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Offence {
    /// Two votes that exclude each other. The contract sees it by itself: no verdict says it.
    Equivocation = 1,
    /// Silence.
    Inactivity = 2,
    /// Signed a root that re-execution does not give, or refused a right one.
    WrongRoot = 3,
    /// Signed a trap without re-executing it.
    Trap = 4,
    /// Cheated knowingly.
    Fraud = 5,
}

impl From<Offence> for u8 {
    fn from(offence: Offence) -> Self {
        offence as Self
    }
}

/// Why a vote does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VoteError {
    /// A proof that the contract would not take.
    #[error("expected a proof of at most {max} steps, found {found}")]
    ProofTooLong {
        /// [`PROOF_STEPS_MAX`], or 0 for a vote that was signed itself.
        max: usize,
        /// How many there are.
        found: usize,
    },
    /// Contracts take a low s only: the same signature must not come in two forms.
    #[error("expected a signature with a low s, found a high one")]
    HighS,
    /// No key made this signature.
    #[error("expected a signature, found bytes that no key signed")]
    NotASignature,
    /// Another's signature, or over another vote.
    #[error("expected the signature of {expected}, found that of {found}")]
    SignerDiffers {
        /// Whose it should be.
        expected: Address,
        /// Whose it is, if it is over this vote.
        found: Address,
    },
}

/// The domain of all that is in this module.
#[must_use]
pub fn ledger_domain(chain_id: u64, slasher: Address) -> Eip712Domain {
    domain("CoNET Ledger", chain_id, slasher)
}

/// A vote's phase: who votes (the number of the role's bit, in the high half) and in which step of the protocol. None
/// when the role does not vote, or the step is above 15.
#[must_use]
pub const fn phase(role: u16, step: u8) -> Option<u8> {
    match role {
        roles::ARCHIVE | roles::WITNESS | roles::VALIDATOR | roles::CREATOR if step < 16 => {
            // One of the bits 2 to 5.
            let bit = role.trailing_zeros() as u8;
            Some(bit << 4 | step)
        }
        _ => None,
    }
}

impl Vote {
    /// The role that it was given in: what is at stake for it. None when its phase names one that does not vote.
    #[must_use]
    pub const fn role(&self) -> Option<u16> {
        let role = 1 << (self.phase >> 4);
        match role {
            roles::ARCHIVE | roles::WITNESS | roles::VALIDATOR | roles::CREATOR => Some(role),
            _ => None,
        }
    }

    /// The step of the protocol.
    #[must_use]
    pub const fn step(&self) -> u8 {
        self.phase & 15
    }

    /// Whether two votes exclude each other: one node's signatures on both are equivocation.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.block != other.block && *self == Self { block: self.block, ..*other }
    }

    /// What a batch has as its leaf.
    #[must_use]
    pub fn struct_hash(&self) -> B256 {
        self.eip712_hash_struct()
    }

    /// What its node signs when it signs this vote alone.
    #[must_use]
    pub fn digest(&self, domain: &Eip712Domain) -> B256 {
        self.eip712_signing_hash(domain)
    }
}

impl Votes {
    /// What a node signs.
    #[must_use]
    pub fn digest(&self, domain: &Eip712Domain) -> B256 {
        self.eip712_signing_hash(domain)
    }
}

/// Votes of one node that it signs as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    votes: Vec<Vote>,
    tree: merkle::Tree,
}

impl Batch {
    /// These votes, in this order.
    #[must_use]
    pub fn new(votes: Vec<Vote>) -> Self {
        let tree = merkle::Tree::new(votes.iter().map(Vote::struct_hash).collect());
        Self { votes, tree }
    }

    /// What stands for all of them.
    #[must_use]
    pub fn root(&self) -> Votes {
        Votes { root: self.tree.root() }
    }

    /// What the node signs.
    #[must_use]
    pub fn digest(&self, domain: &Eip712Domain) -> B256 {
        self.root().digest(domain)
    }

    /// Each vote with its proof, under the node's signature over [`Batch::digest`].
    pub fn signed(&self, signature: Signature) -> impl Iterator<Item = SignedVote> {
        self.votes.iter().enumerate().map(move |(index, vote)| SignedVote {
            vote: *vote,
            batched: true,
            proof: self.tree.proof(index).unwrap_or_default(),
            signature,
        })
    }
}

/// A vote that a node signed, alone or in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedVote {
    /// The vote.
    pub vote: Vote,
    /// Whether the node signed the root of many votes, and not the vote itself.
    pub batched: bool,
    /// From the vote's struct hash to that root. Empty when not batched, or when the batch is this one vote.
    pub proof: Vec<B256>,
    /// With a low s.
    pub signature: Signature,
}

impl SignedVote {
    /// A vote that was signed alone.
    #[must_use]
    pub const fn alone(vote: Vote, signature: Signature) -> Self {
        Self { vote, batched: false, proof: Vec::new(), signature }
    }

    /// What was signed: for who checks signatures by other means than [`SignedVote::verify`].
    ///
    /// # Errors
    /// [`VoteError::ProofTooLong`], [`VoteError::HighS`]: the contract would not take it, whoever signed.
    pub fn signed_digest(&self, domain: &Eip712Domain) -> Result<B256, VoteError> {
        let (max, found) = (if self.batched { PROOF_STEPS_MAX } else { 0 }, self.proof.len());
        if found > max {
            return Err(VoteError::ProofTooLong { max, found });
        }
        if self.signature.normalize_s().is_some() {
            return Err(VoteError::HighS);
        }
        Ok(if self.batched {
            Votes { root: merkle::root_of(self.vote.struct_hash(), &self.proof) }.digest(domain)
        } else {
            self.vote.digest(domain)
        })
    }

    /// Who signed.
    ///
    /// # Errors
    /// [`VoteError`].
    pub fn signer(&self, domain: &Eip712Domain) -> Result<Address, VoteError> {
        let digest = self.signed_digest(domain)?;
        let signer = self.signature.recover_address_from_prehash(&digest);
        signer.map_err(|_| VoteError::NotASignature)
    }

    /// Checks that this node's wallet signed it, as the contract does.
    ///
    /// # Errors
    /// [`VoteError`].
    pub fn verify(&self, domain: &Eip712Domain, expected: Address) -> Result<(), VoteError> {
        let found = self.signer(domain)?;
        if found != expected {
            return Err(VoteError::SignerDiffers { expected, found });
        }
        Ok(())
    }
}

macro_rules! digests {
    ($($finding:ident),*) => {
        $(
            impl $finding {
                /// What seats sign.
                #[must_use]
                pub fn digest(&self, domain: &Eip712Domain) -> B256 {
                    self.eip712_signing_hash(domain)
                }
            }
        )*
    };
}

digests!(Verdict, Overturn, Restitution);

impl From<Vote> for Slasher::Vote {
    fn from(vote: Vote) -> Self {
        let Vote { chain, height, view, epoch, phase, block } = vote;
        Self { chain, height, view_: view, epoch, phase, block_: block }
    }
}

impl From<SignedVote> for Slasher::SignedVote {
    fn from(signed: SignedVote) -> Self {
        let SignedVote { vote, batched, proof, signature } = signed;
        Self { vote: vote.into(), batched, proof, signature: signature.as_bytes().into() }
    }
}

/// What the contract takes besides the certificate.
impl From<&Verdict> for Slasher::Verdict {
    fn from(verdict: &Verdict) -> Self {
        Self {
            node: verdict.node,
            role: verdict.role,
            amount: verdict.amount,
            chain: verdict.chain,
            height: verdict.height,
            kind: verdict.kind,
            reporter: verdict.reporter,
            evidence: verdict.evidence,
        }
    }
}

/// What the contract takes besides the certificate.
impl From<&Overturn> for Slasher::Overturn {
    fn from(finding: &Overturn) -> Self {
        Self { caseId: finding.caseId }
    }
}

/// What the contract takes besides the certificate.
impl From<&Restitution> for Slasher::Restitution {
    fn from(restitution: &Restitution) -> Self {
        let Restitution { caseId, root, total, .. } = *restitution;
        Self { caseId, root, total }
    }
}
