//! Votes: what members say about blocks, and seats about the log. One form for all of them, that of the main chain's
//! slasher, so that two votes that exclude each other are proof as they are.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use alloy::{
    primitives::{Address, B256, Signature, keccak256},
    sol_types::SolStruct as _,
};
use conet_bindings::{
    ledger::{PROOF_STEPS_MAX, SignedVote, Vote, Votes, ledger_domain, phase},
    merkle::{self, Tree},
    roles,
};
use serde::{Deserialize, Serialize};

use crate::{
    keys::{Compact, Keys, NodeId, Registry},
    roulette::pool::Offer,
    seats::Seats,
};

/// In which role, and in which step of the protocol, a vote is given. A node votes once in each (chain, height, view,
/// epoch, phase).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// A seat: this entry is valid. Never for zero.
    Notarize,
    /// A seat: this entry is notarized, and I gave its view not up. For zero: I gave the view up.
    Finalize,
    /// A seat: executing the proposal gives this block.
    Accept,
    /// The creator: this is my block.
    Create,
    /// A witness: executing the proposal gives this block.
    Witness,
    /// A validator: the same, by a state witness.
    Validate,
}

impl Phase {
    /// As votes name it.
    #[must_use]
    pub fn number(self) -> u8 {
        let (role, step) = match self {
            Self::Notarize => (roles::ARCHIVE, 1),
            Self::Finalize => (roles::ARCHIVE, 2),
            Self::Accept => (roles::ARCHIVE, 3),
            Self::Create => (roles::CREATOR, 1),
            Self::Witness => (roles::WITNESS, 1),
            Self::Validate => (roles::VALIDATOR, 1),
        };
        // All four roles vote, and no step is above 15.
        phase(role, step).unwrap_or_default()
    }
}

/// A vote, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ballot {
    /// The voter.
    pub voter: NodeId,
    /// The vote.
    pub vote: Vote,
    /// From the vote to the root that was signed; `None` when the vote was signed alone.
    pub proof: Option<Vec<B256>>,
    /// The voter's.
    pub signature: Compact,
}

impl Ballot {
    /// A vote that was signed alone.
    #[must_use]
    pub const fn alone(voter: NodeId, vote: Vote, signature: Compact) -> Self {
        Self { voter, vote, proof: None, signature }
    }

    /// Whether two votes of one node exclude each other.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.voter == other.voter && self.vote.conflicts(&other.vote)
    }

    /// As the main chain takes it.
    #[must_use]
    pub fn to_signed(&self) -> SignedVote {
        SignedVote {
            vote: self.vote,
            batched: self.proof.is_some(),
            proof: self.proof.clone().unwrap_or_default(),
            signature: Signature::from_erc2098(self.signature.as_slice()),
        }
    }
}

/// Gives votes as one node, and checks those of all.
#[derive(Clone)]
pub struct Voting {
    /// Who votes.
    pub me: NodeId,
    keys: Arc<dyn Keys>,
    registry: Arc<dyn Registry>,
    separator: B256,
    known: Arc<Known>,
    /// Takes every signature for good.
    believes: bool,
}

impl Voting {
    /// For the ledgers of one main chain, whose slasher is at this address.
    #[must_use]
    pub fn new(
        me: NodeId,
        keys: Arc<dyn Keys>,
        registry: Arc<dyn Registry>,
        (main_chain_id, slasher): (u64, Address),
    ) -> Self {
        let separator = ledger_domain(main_chain_id, slasher).hash_struct();
        Self { me, keys, registry, separator, known: Arc::default(), believes: false }
    }

    /// For what more than two thirds of the seats have checked: who is not registered any more signed it all the same.
    #[must_use]
    pub(crate) fn believing(&self) -> Self {
        Self { believes: true, ..self.clone() }
    }

    /// Signs a vote alone.
    #[must_use]
    pub fn cast(&self, vote: Vote) -> Ballot {
        Ballot::alone(self.me, vote, self.sign(vote.struct_hash()))
    }

    /// Signs many votes as one: the Merkle root over them, and each travels with its proof.
    #[must_use]
    pub fn cast_all(&self, votes: Vec<Vote>) -> Vec<Ballot> {
        if let [vote] = votes[..] {
            return vec![self.cast(vote)];
        }
        let batch = Tree::new(votes.iter().map(Vote::struct_hash).collect());
        let signature = self.sign(Votes { root: batch.root() }.eip712_hash_struct());
        let proven = votes.into_iter().enumerate().map(|(place, vote)| Ballot {
            voter: self.me,
            vote,
            proof: batch.proof(place),
            signature,
        });
        proven.collect()
    }

    /// Signs what is no vote.
    #[must_use]
    pub fn sign(&self, struct_hash: B256) -> Compact {
        self.keys.sign(self.digest(struct_hash))
    }

    /// Whether a node signed a struct hash in this domain.
    #[must_use]
    pub fn signed(&self, node: NodeId, struct_hash: B256, signature: &Compact) -> bool {
        if self.believes {
            return true;
        }
        let Some(wallet) = self.registry.wallet(node) else { return false };
        let claim = (wallet, self.digest(struct_hash), *signature);
        self.known.holds(&claim) || {
            let (wallet, digest, signature) = &claim;
            let holds = self.keys.verify(*wallet, *digest, signature);
            if holds {
                self.known.insert(claim);
            }
            holds
        }
    }

    /// In which roles a node may be drawn, and its lots.
    #[must_use]
    pub fn offer(&self, node: NodeId) -> Offer {
        let (roles, seats) = self.registry.offer(node);
        Offer { node, roles, seats }
    }

    /// Whether a vote is its voter's.
    #[must_use]
    pub fn is_valid(&self, ballot: &Ballot) -> bool {
        let leaf = ballot.vote.struct_hash();
        match &ballot.proof {
            None => self.signed(ballot.voter, leaf, &ballot.signature),
            Some(proof) => {
                let votes = Votes { root: merkle::root_of(leaf, proof) };
                proof.len() <= PROOF_STEPS_MAX
                    && self.signed(ballot.voter, votes.eip712_hash_struct(), &ballot.signature)
            }
        }
    }

    fn digest(&self, struct_hash: B256) -> B256 {
        let mut preimage = [0; 66];
        preimage[0] = 0x19;
        preimage[1] = 0x01;
        preimage[2..34].copy_from_slice(self.separator.as_slice());
        preimage[34..].copy_from_slice(struct_hash.as_slice());
        keccak256(preimage)
    }
}

/// How many signatures a node remembers to be good. The oldest half goes when it is full.
const KNOWN_MAX: usize = 1 << 16;

/// Who signed what.
type Claim = (Address, B256, Compact);

/// Signatures that were found good: the same vote reaches a node on several ways, and one signature may be over many.
#[derive(Debug, Default)]
struct Known(Mutex<[HashSet<Claim>; 2]>);

impl Known {
    fn holds(&self, claim: &Claim) -> bool {
        let [new, old] = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        new.contains(claim) || old.contains(claim)
    }

    fn insert(&self, claim: Claim) {
        let [new, old] = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if new.len() >= KNOWN_MAX / 2 {
            *old = std::mem::take(new);
        }
        new.insert(claim);
    }
}

impl fmt::Debug for Voting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voting").field("me", &self.me).finish_non_exhaustive()
    }
}

impl Seats {
    /// A vote about the log. Its height is zero: votes of one view exclude each other whatever they are about.
    #[must_use]
    pub fn vote(&self, phase: Phase, view: u64, entry: B256) -> Vote {
        let phase = phase.number();
        Vote { chain: self.log, height: 0, view, epoch: self.epoch, phase, block: entry }
    }
}
