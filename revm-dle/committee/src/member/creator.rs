//! A creator makes blocks: one on the newest final one, and one more on that as soon as its group has signed it.

use std::collections::HashSet;

use alloy::primitives::B256;
use conet_bindings::ledger::Vote;
use conet_ledger::block::{Proposal, SignedTransaction};

use super::{
    Member,
    part::{Making, Part},
    sign::Unsigned,
};
use crate::{
    archive::item::{CertifiedHeader, Disagreement, Word, block_vote},
    journal::Record,
    keys::NodeId,
    ledger::Built,
    message::{Message, Proposed},
    outbox::Outbox,
    vote::{Ballot, Phase},
};

/// How many blocks may be under way: one may stand on a certified one that is not final.
const AHEAD_MAX: u64 = 2;

/// A block that waits for its creator's signature.
pub(super) struct Made {
    built: Built,
    parent: Option<CertifiedHeader>,
}

impl Member {
    /// The next block's frame, if it is this member's to make now.
    fn draft(&self, chain: B256) -> Option<Proposal> {
        let part = self.parts.get(&chain)?;
        let notice = part.notice();
        if notice.creator != Some(self.me()) || part.transactions.is_empty() {
            return None;
        }
        let (mut height, mut parent) = (notice.height + 1, notice.hash);
        while let Some(making) = part.making.get(&height) {
            making.certified.as_ref()?;
            (height, parent) = (height + 1, making.hash);
        }
        let is_free =
            height <= notice.height + AHEAD_MAX && !part.said.contains_key(&(height, notice.view));
        self.frame(part, height, parent).filter(|_| is_free && self.ledgers.has(parent))
    }

    /// A block's frame; `None` while somebody of its signers is to be drawn.
    pub(super) fn frame(&self, part: &Part, height: u64, parent: B256) -> Option<Proposal> {
        let epoch = self.groups.epoch(part.notice().chain);
        part.notice().frame(height, parent, epoch, part.time_ms())
    }

    /// Makes the next block, if there is one to make: it waits for a signature then.
    pub(super) fn make_block(&mut self, chain: B256, unsigned: &mut Vec<(B256, Vote, Unsigned)>) {
        let Some(draft) = self.draft(chain) else { return };
        let height = draft.height;
        let Some(part) = self.parts.get(&chain) else { return };
        let under_way = part.making.values().flat_map(|making| &making.proposed.body.transactions);
        let under_way: HashSet<&SignedTransaction> = under_way.collect();
        let waiting = part.transactions.iter().map(|(transaction, _)| transaction);
        let candidates = waiting.filter(|waiting| !under_way.contains(waiting));
        let mut candidates: Vec<_> = candidates.cloned().collect();
        let before = part.making.get(&(height - 1));
        let parent = before.and_then(|making| making.certified.clone());
        if let Some(built) = self.ledgers.build(draft, &mut candidates) {
            let vote = block_vote(&built.header, Phase::Create, built.header.hash());
            unsigned.push((chain, vote, Unsigned::Made(Box::new(Made { built, parent }))));
        }
    }

    /// Proposes a block that is signed now.
    pub(super) fn propose(&mut self, made: Made, create: Ballot, out: &mut Outbox) {
        let Made { built, parent } = made;
        let (chain, height) = (built.header.proposal.chain, built.header.proposal.height);
        let proposed = Proposed { header: built.header, body: built.body, create, parent };
        self.write_notice(chain, out);
        out.persist(Record::Proposed(Box::new(proposed.clone()), built.witness.clone()));
        self.begin(proposed, built.witness);
        self.ask_for_votes(chain, height, out);
        self.certify(chain, height, out);
    }

    /// A block is under way.
    pub(super) fn begin(&mut self, proposed: Proposed, witness: alloy::primitives::Bytes) {
        let about = proposed.header.proposal.clone();
        self.set_trap(&proposed.header);
        let Some(part) = self.parts.get_mut(&about.chain) else { return };
        let (hash, create) = (proposed.header.hash(), proposed.create.clone());
        let word = Word { ballot: create.clone(), outcome: None };
        part.said.insert((about.height, about.view), word);
        // After a restart it may be one of an older view.
        if about.height <= part.notice().height || about.view != part.notice().view {
            return;
        }
        self.busy.insert(about.chain);
        let votes = [(create.voter, create)].into();
        let since_ms = self.now_ms;
        part.making.insert(
            about.height,
            Making { hash, proposed, witness, votes, certified: None, since_ms },
        );
    }

    /// Sends a block to those who have not voted on it.
    fn ask_for_votes(&self, chain: B256, height: u64, out: &mut Outbox) {
        let Some(part) = self.parts.get(&chain) else { return };
        let Some(making) = part.making.get(&height) else { return };
        let Some(signers) = part.notice().signers(height) else { return };
        for (node, phase) in signers.iter() {
            if making.votes.contains_key(&node) {
                continue;
            }
            let Proposed { header, body, .. } = &making.proposed;
            if phase == Phase::Validate {
                self.tell(node, making.hash, out);
            }
            let message = match phase {
                Phase::Validate => Message::Validate {
                    proposal: Box::new(header.proposal.clone()),
                    body: body.clone(),
                    witness: making.witness.clone(),
                    parent: making.proposed.parent.clone().map(Box::new),
                },
                _ => Message::Propose(Box::new(making.proposed.clone())),
            };
            out.send(node, message);
        }
    }

    /// A member's vote on this creator's block.
    pub(super) fn take_vote(&mut self, word: Word, out: &mut Outbox) {
        let (voter, about) = (word.ballot.voter, word.ballot.vote);
        if self.springs(&word.ballot, out) {
            return;
        }
        let (chain, height) = (about.chain, about.height);
        let Some(part) = self.parts.get_mut(&chain) else { return };
        let phase = part.notice().signers(height).and_then(|signers| signers.phase(voter));
        let Some(making) = part.making.get_mut(&height) else { return };
        let header = &making.proposed.header;
        let Some(agrees) = phase.and_then(|phase| word.agrees(header, phase)) else { return };
        if making.votes.contains_key(&voter) || !self.config.voting.is_valid(&word.ballot) {
            return;
        }
        if agrees {
            making.votes.insert(voter, word.ballot);
            self.certify(chain, height, out);
        } else {
            let (create, body) = (making.proposed.create.clone(), making.proposed.body.clone());
            let disagreement = Disagreement { header: header.clone(), create, other: word };
            let message = Message::Disagreement(Box::new(disagreement), body);
            self.groups.tell(chain, message, out);
        }
    }

    /// Sends a block that enough have signed to the seats.
    fn certify(&mut self, chain: B256, height: u64, out: &mut Outbox) {
        let Some(part) = self.parts.get_mut(&chain) else { return };
        let Some(signers) = part.notice().signers(height) else { return };
        let Some(making) = part.making.get_mut(&height) else { return };
        if making.certified.is_some() || making.votes.len() < signers.needed() {
            return;
        }
        let ballots =
            signers.iter().filter_map(|(node, _)| making.votes.get(&node)).cloned().collect();
        let block = CertifiedHeader { header: making.proposed.header.clone(), ballots };
        making.certified = Some(block.clone());
        let message = Message::Certified(Box::new(block), making.proposed.body.clone());
        self.groups.tell(chain, message, out);
        self.due.insert(chain);
    }

    /// Says again what may not have arrived.
    pub(super) fn repeat_blocks(&self, chain: B256, out: &mut Outbox) {
        let Some(part) = self.parts.get(&chain) else { return };
        for (height, making) in &part.making {
            match &making.certified {
                Some(block) => {
                    let body = making.proposed.body.clone();
                    let message = Message::Certified(Box::new(block.clone()), body);
                    self.groups.tell(chain, message, out);
                }
                None => self.ask_for_votes(chain, *height, out),
            }
        }
    }

    /// Whom this creator waits for, in the block that is next.
    pub(super) fn silent_signers(&self, chain: B256) -> Vec<NodeId> {
        let Some(part) = self.parts.get(&chain) else { return Vec::new() };
        let height = part.notice().height + 1;
        let Some(making) = part.making.get(&height).filter(|making| making.certified.is_none())
        else {
            return Vec::new();
        };
        if self.now_ms < making.since_ms + self.config.timing.vote_timeout_ms {
            return Vec::new();
        }
        let Some(signers) = part.notice().signers(height) else { return Vec::new() };
        let nodes = signers.iter().map(|(node, _)| node);
        nodes.filter(|node| !making.votes.contains_key(node)).collect()
    }
}
