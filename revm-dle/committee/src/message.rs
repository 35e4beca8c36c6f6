//! All that nodes say to each other.

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, Header, Proposal, SignedTransaction};
use serde::{Deserialize, Serialize};

use crate::{
    archive::{
        Image, Page, ProvenNotice,
        item::{Announced, CertifiedHeader, Complaint, Disagreement, Joining, Returning, Word},
        traps::Caught,
    },
    log::LogMessage,
    roulette::dkg::{Ack, Dealing, Transcript},
    vote::Ballot,
};

/// A message. Who sent it is known from its connection; nothing is believed for that alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Between seats: the log.
    Log(LogMessage),
    /// Between seats: a word on a block, and which block it is on.
    Word(Word, B256),
    /// Between seats: a part of a seed.
    SeedPart {
        /// The entry's height.
        height: u64,
        /// This seat's share of the signature.
        part: Bytes,
    },
    /// Between seats: a suspended one is back.
    Return(Returning),
    /// To seats of old epochs and new ones: with which state does an epoch begin?
    FetchFrozen {
        /// Its hash, which the main chain has.
        hash: B256,
    },
    /// To seats: the keys of who has a seat or is to get one.
    Member(Box<Announced>),
    /// Between seats: what a dealer deals.
    Dealing(Box<Dealing>),
    /// To a dealer: its dealing is right.
    Ack(Ack),
    /// Between seats: how a dealer's part ended.
    Transcript(Box<Transcript>),
    /// An answer to [`Self::FetchFrozen`]: the state, maybe without some of its pages.
    Frozen(Image),
    /// Between those of old epochs and new ones: pages of a state.
    FetchPages {
        /// The state's hash.
        hash: B256,
        /// Which.
        prefixes: Vec<u16>,
    },
    /// An answer to [`Self::FetchPages`].
    Pages(Vec<Page>),

    /// To seats: a certified block.
    Certified(Box<CertifiedHeader>, Body),
    /// To seats: a member does not answer. With the body of the block that it should vote on.
    Complaint(Box<Complaint>, Body, Bytes),
    /// To seats: the accused's vote.
    Answer(Word),
    /// To seats: a member got another block than the creator.
    Disagreement(Box<Disagreement>, Body),
    /// To seats: two votes that exclude each other.
    Evidence(Ballot, Ballot),
    /// To seats: somebody fell into a trap.
    Caught(Box<Caught>),
    /// To seats: a node wishes to be drawn.
    Join(Joining),
    /// To seats: where does this chain stand?
    FetchNotice {
        /// The chain.
        chain: B256,
    },
    /// To seats and witnesses: a block's body.
    FetchBlock {
        /// Its hash.
        hash: B256,
    },
    /// To seats and witnesses: the state after a block.
    FetchState {
        /// Its hash.
        hash: B256,
    },

    /// To a creator, or for it.
    Transaction {
        /// The chain.
        chain: B256,
        /// What its sender signed.
        transaction: SignedTransaction,
    },

    /// To witnesses: the creator's block. With the certificate of its parent while that is not final.
    Propose(Box<Proposed>),
    /// To validators: a block to execute, without what it should give.
    Validate {
        /// What is to be a block.
        proposal: Box<Proposal>,
        /// What it does.
        body: Body,
        /// The part of the parent's state that it touches.
        witness: Bytes,
        /// The certificate of the block before, while that is not final.
        parent: Option<Box<CertifiedHeader>>,
    },
    /// To validators: what a block gives, as somebody tells. Whoever believes it is caught: see
    /// [`crate::archive::traps`].
    Told(Box<Header>),
    /// To the creator: a member's vote.
    Vote(Word),
    /// To members: their wish of this number stands no more.
    Used {
        /// The wish.
        number: u64,
    },
    /// To members: where their chain stands.
    Notice(Box<ProvenNotice>),

    /// An answer to [`Self::FetchBlock`].
    Block(Box<Header>, Body),
    /// An answer to [`Self::FetchState`]: the block and the state after it.
    State(Box<Header>, Bytes),
}

impl From<LogMessage> for Message {
    fn from(message: LogMessage) -> Self {
        Self::Log(message)
    }
}

/// A creator's block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// The block.
    pub header: Header,
    /// What it does.
    pub body: Body,
    /// The creator's vote.
    pub create: Ballot,
    /// The certificate of the block before, while that is not final.
    pub parent: Option<CertifiedHeader>,
}
