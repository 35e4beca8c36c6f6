//! What those who are accused of silence shall answer, within limits.

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes};
use alloy_rlp::Encodable as _;
use conet_ledger::block::{Body, Header, Proposal, SignedTransaction};

use crate::{
    archive::item::Complaint,
    keys::NodeId,
    message::{Message, Proposed},
    vote::{Ballot, Phase},
};

/// Bytes of blocks and state witnesses that are kept.
const KEPT_BYTES_MAX: usize = 256 << 20;

/// How many transactions of a complaint are tried: any block answers it.
pub(super) const TRIED_MAX: usize = 4;

/// For how long nothing new is tried of whoever sent what could not be executed.
const PAUSE_MS: u64 = 1_000;

/// What the accused are brought.
#[derive(Debug, Default)]
pub(super) struct Charges {
    /// Blocks that somebody does not vote on, by hash: one of each chain, height and view.
    blocks: BTreeMap<B256, Unsigned>,
    /// Of a chain: transactions that its creator makes no block of.
    unmade: BTreeMap<B256, Unmade>,
    /// Who sent what could not be executed, and until when it waits.
    paused: BTreeMap<NodeId, u64>,
}

/// A block, with what it takes to vote on it.
#[derive(Debug, Clone)]
pub(super) struct Unsigned {
    pub(super) header: Header,
    pub(super) body: Body,
    pub(super) create: Ballot,
    pub(super) witness: Bytes,
}

/// Transactions that the block of this height and view could hold.
#[derive(Debug)]
pub(super) struct Unmade {
    pub(super) height: u64,
    pub(super) view: u64,
    pub(super) transactions: Vec<SignedTransaction>,
}

impl Unsigned {
    fn bytes(&self) -> usize {
        self.body.length() + self.witness.len()
    }

    /// What a witness or validator is asked.
    pub(super) fn question(&self, phase: Phase) -> Option<Message> {
        let Self { header, body, create, witness } = self.clone();
        match phase {
            Phase::Witness => {
                let proposed = Proposed { header, body, create, parent: None };
                Some(Message::Propose(Box::new(proposed)))
            }
            Phase::Validate => {
                let proposal = Box::new(header.proposal);
                Some(Message::Validate { proposal, body, witness, parent: None })
            }
            _ => None,
        }
    }
}

impl Charges {
    /// Keeps what is about these heights and views of chains.
    pub(super) fn retain(&mut self, is_needed: impl Fn((B256, u64, u64)) -> bool) {
        self.blocks.retain(|_, block| is_needed(place(&block.header.proposal)));
        self.unmade.retain(|chain, unmade| is_needed((*chain, unmade.height, unmade.view)));
    }

    /// Whether it is here what a complaint is about.
    pub(super) fn has(&self, complaint: &Complaint) -> bool {
        match &complaint.block {
            Some((header, _)) => self.blocks.contains_key(&header.hash()),
            None => self.unmade(complaint).is_some(),
        }
    }

    pub(super) fn block(&self, hash: B256) -> Option<&Unsigned> {
        self.blocks.get(&hash)
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = &Unsigned> {
        self.blocks.values()
    }

    /// Another block of the same chain, height and view.
    pub(super) fn beside(&self, about: &Proposal) -> Option<&Unsigned> {
        self.blocks().find(|known| place(&known.header.proposal) == place(about))
    }

    pub(super) fn has_room_for(&self, block: &Unsigned) -> bool {
        let kept: usize = self.blocks().map(Unsigned::bytes).sum();
        kept + block.bytes() <= KEPT_BYTES_MAX
    }

    pub(super) fn keep(&mut self, hash: B256, block: Unsigned) {
        self.blocks.insert(hash, block);
    }

    pub(super) fn unmade(&self, complaint: &Complaint) -> Option<&Unmade> {
        let unmade = self.unmade.get(&complaint.chain)?;
        let is_it = (unmade.height, unmade.view) == (complaint.height, complaint.view);
        is_it.then_some(unmade)
    }

    pub(super) fn unmade_of(&self, chain: B256) -> Option<&Unmade> {
        self.unmade.get(&chain)
    }

    pub(super) fn keep_unmade(&mut self, chain: B256, unmade: Unmade) {
        self.unmade.insert(chain, unmade);
    }

    pub(super) fn is_paused(&self, node: NodeId, now_ms: u64) -> bool {
        self.paused.get(&node).is_some_and(|until| now_ms < *until)
    }

    pub(super) fn pause(&mut self, node: NodeId, now_ms: u64) {
        self.paused.retain(|_, until| now_ms < *until);
        self.paused.insert(node, now_ms + PAUSE_MS);
    }

    /// What a complaint is about, as it is shown to others: a body, and the block's state witness.
    pub(super) fn shown(&self, complaint: &Complaint) -> Option<(Body, Bytes)> {
        if let Some((header, _)) = &complaint.block {
            let block = self.blocks.get(&header.hash())?;
            return Some((block.body.clone(), block.witness.clone()));
        }
        let transactions = self.unmade(complaint)?.transactions.clone();
        Some((Body { transactions, ..Body::default() }, Bytes::new()))
    }

    /// Bytes of that.
    pub(super) fn bytes(&self, complaint: &Complaint) -> usize {
        match &complaint.block {
            Some((header, _)) => self.blocks.get(&header.hash()).map_or(0, Unsigned::bytes),
            None => self.unmade(complaint).map_or(0, |unmade| unmade.transactions.length()),
        }
    }
}

const fn place(proposal: &Proposal) -> (B256, u64, u64) {
    (proposal.chain, proposal.height, proposal.view)
}
