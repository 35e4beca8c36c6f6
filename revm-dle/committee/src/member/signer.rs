//! Witnesses and validators execute a creator's block, and say what they got: once for each height and view.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use conet_bindings::ledger::Vote;
use conet_ledger::block::{Header, Outcome, Proposal};

use super::{
    HELD_MAX, Member,
    part::{Asked, Blind, Part},
    sign::Unsigned,
};
use crate::{
    archive::item::{CertifiedHeader, Disagreement, Word, block_vote, impossible},
    journal::Record,
    keys::NodeId,
    ledger::ExecuteError,
    message::{Message, Proposed},
    outbox::Outbox,
    vote::{Ballot, Phase},
};

/// What came of looking at a block.
pub(super) enum Found {
    /// It is of another view, or stands on what is not known here.
    Later,
    /// It is nobody's that may ask.
    Never,
    /// It was voted on before.
    Said(Word),
    /// This is the vote, without its signature.
    Vote(Vote, Outcome),
}

impl Member {
    pub(super) fn take_proposal(&mut self, from: NodeId, proposed: Proposed, out: &mut Outbox) {
        let chain = proposed.header.proposal.chain;
        self.hold(from, chain, Asked::Witness(Box::new(proposed)), out);
    }

    pub(super) fn hold_for_validation(&mut self, from: NodeId, blind: Blind, out: &mut Outbox) {
        let chain = blind.proposal.chain;
        self.hold(from, chain, Asked::Validate(Box::new(blind)), out);
    }

    fn hold(&mut self, from: NodeId, chain: B256, asked: Asked, out: &mut Outbox) {
        let Some(part) = self.parts.get_mut(&chain) else {
            // Drawn lately, maybe: the seats know.
            self.groups.tell(chain, Message::FetchNotice { chain }, out);
            return;
        };
        let about = asked.proposal();
        let (height, view) = (part.notice().height, part.notice().view);
        let is_new = !part.held.iter().any(|(asker, held)| *asker == from && *held == asked);
        if about.height > height && about.view >= view && is_new {
            if part.held.len() >= HELD_MAX {
                // Who sends much pushes out its own.
                let own = part.held.iter().position(|(asker, _)| *asker == from);
                part.held.remove(own.unwrap_or_default());
            }
            part.held.push((from, asked));
        }
        self.due.insert(chain);
    }

    /// Looks at all blocks of a chain that wait: what can be voted on waits for a signature then.
    pub(super) fn look_at_held(
        &mut self,
        chain: B256,
        unsigned: &mut Vec<(B256, Vote, Unsigned)>,
        out: &mut Outbox,
    ) {
        let Some(part) = self.parts.get_mut(&chain) else { return };
        let mut held = std::mem::take(&mut part.held);
        held.sort_by_key(|(_, asked)| asked.proposal().height);
        let mut later = Vec::new();
        let mut voted = BTreeSet::new();
        for (from, asked) in held {
            let key = (asked.proposal().height, asked.proposal().view);
            match self.look_at(chain, &asked, out) {
                Found::Never => {}
                // Asked twice within a tick: the second time the vote is known.
                Found::Vote(..) if !voted.insert(key) => later.push((from, asked)),
                Found::Later => later.push((from, asked)),
                Found::Said(word) => self.say(from, chain, &asked, word, out),
                Found::Vote(vote, outcome) => {
                    unsigned.push((chain, vote, Unsigned::Found(from, asked, outcome)));
                }
            }
        }
        if !voted.is_empty() && !later.is_empty() {
            self.due.insert(chain);
        }
        if let Some(part) = self.parts.get_mut(&chain) {
            part.held.extend(later);
        }
    }

    fn look_at(&mut self, chain: B256, asked: &Asked, out: &mut Outbox) -> Found {
        let Some(part) = self.parts.get(&chain) else { return Found::Never };
        let (notice, about) = (part.notice(), asked.proposal());
        if about.view > notice.view || about.height > notice.height + 2 {
            return Found::Later;
        }
        let signers = notice.signers(about.height);
        let mine = signers.as_ref().and_then(|signers| signers.phase(self.me()));
        let is_ours = about.height > notice.height
            && about.series == notice.series
            && about.epoch == self.groups.epoch(chain)
            && about.paid_through_s == notice.paid_through_s
            && about.gas_price == notice.gas_price
            && signers.is_some_and(|signers| about.members_hash == signers.hash());
        if !is_ours {
            // A validator may know of its draw from an older notice than the creator.
            return if about.view == notice.view && mine.is_none() {
                Found::Later
            } else {
                Found::Never
            };
        }
        let said = part.said.get(&(about.height, about.view)).cloned();
        match (asked, mine) {
            (Asked::Witness(proposed), Some(Phase::Witness)) => {
                self.witness(chain, proposed, said, out)
            }
            (Asked::Validate(blind), Some(Phase::Validate)) => self.validate(chain, blind, said),
            _ => Found::Never,
        }
    }

    fn witness(
        &mut self,
        chain: B256,
        proposed: &Proposed,
        said: Option<Word>,
        out: &mut Outbox,
    ) -> Found {
        let (header, hash) = (&proposed.header, proposed.header.hash());
        let Some(part) = self.parts.get(&chain) else { return Found::Never };
        let is_creators = part.notice().creator == Some(proposed.create.voter)
            && proposed.create.vote == block_vote(header, Phase::Create, hash)
            && proposed.body.hash() == header.proposal.body_hash
            && self.config.voting.is_valid(&proposed.create);
        if !is_creators {
            return Found::Never;
        }
        if let Some(first) = self.first_create(chain, &proposed.create) {
            let message = Message::Evidence(first, proposed.create.clone());
            self.groups.tell(chain, message, out);
            return Found::Never;
        }
        if let Some(said) = said {
            return Found::Said(said);
        }
        let Some(part) = self.parts.get(&chain) else { return Found::Never };
        if !self.stands(part, &header.proposal, proposed.parent.as_ref()) {
            return Found::Later;
        }
        let outcome = match self.ledgers.execute(&header.proposal, &proposed.body) {
            Err(ExecuteError::NoParent { .. } | ExecuteError::Unable) => return Found::Later,
            Err(ExecuteError::Bad) => impossible(),
            Ok(outcome) => outcome,
        };
        unsigned(&header.proposal, Phase::Witness, outcome)
    }

    /// Notes the creator's vote; gives back one before that it excludes.
    fn first_create(&mut self, chain: B256, create: &Ballot) -> Option<Ballot> {
        let part = self.parts.get_mut(&chain)?;
        let key = (create.vote.height, create.vote.view);
        let first = part.creates.entry(key).or_insert_with(|| create.clone());
        first.conflicts(create).then(|| first.clone())
    }

    /// Whether a block stands on the newest final one, or on a certified one above it.
    fn stands(&self, part: &Part, about: &Proposal, parent: Option<&CertifiedHeader>) -> bool {
        let notice = part.notice();
        if about.height == notice.height + 1 {
            return about.parent == notice.hash;
        }
        let Some(parent) = parent else { return false };
        let below = &parent.header.proposal;
        let signers = notice.signers(below.height);
        let voters = signers.and_then(|signers| signers.voters(&parent.header, &parent.ballots));
        below.height == notice.height + 1
            && below.view == notice.view
            && below.parent == notice.hash
            && about.parent == parent.header.hash()
            && voters.is_some()
            && parent.ballots.iter().all(|ballot| self.config.voting.is_valid(ballot))
    }

    fn validate(&self, chain: B256, blind: &Blind, said: Option<Word>) -> Found {
        let Blind { proposal, body, witness, parent } = blind;
        let Some(part) = self.parts.get(&chain) else { return Found::Never };
        if body.hash() != proposal.body_hash {
            return Found::Never;
        }
        if let Some(said) = said {
            return Found::Said(said);
        }
        if !self.stands(part, proposal, parent.as_deref()) {
            return Found::Later;
        }
        // A state witness that is not the parent's is the creator's fault: a seat has the state, and finds out.
        let genesis = part.notice().genesis;
        let outcome = self.ledgers.validate(genesis, proposal, body, witness);
        outcome.map_or(Found::Never, |outcome| unsigned(proposal, Phase::Validate, outcome))
    }

    pub(super) fn say(
        &mut self,
        from: NodeId,
        chain: B256,
        asked: &Asked,
        word: Word,
        out: &mut Outbox,
    ) {
        let about = asked.proposal();
        let key = (about.height, about.view);
        if self.parts.get(&chain).is_some_and(|part| !part.said.contains_key(&key)) {
            self.write_notice(chain, out);
            out.persist(Record::MemberVote(word.clone()));
        }
        let Some(part) = self.parts.get_mut(&chain) else { return };
        part.said.insert(key, word.clone());
        // A seat that asks tells the creator. Each asks for itself: if all were told whenever one asks, a few that are
        // accused at once could keep everybody busy with nothing else.
        let creator = part.notice().creator;
        if self.groups.of(chain).is_some_and(|seats| seats.contains(from)) {
            out.send(from, Message::Answer(word.clone()));
        } else if let Some(creator) = creator {
            out.send(creator, Message::Vote(word.clone()));
        }
        if let Asked::Witness(proposed) = asked
            && word.agrees(&proposed.header, Phase::Witness) == Some(false)
        {
            let (header, create) = (proposed.header.clone(), proposed.create.clone());
            let disagreement = Disagreement { header, create, other: word };
            let message = Message::Disagreement(Box::new(disagreement), proposed.body.clone());
            self.groups.tell(chain, message, out);
        }
    }
}

/// A vote for what a proposal gives.
fn unsigned(proposal: &Proposal, phase: Phase, outcome: Outcome) -> Found {
    let header = Header { proposal: proposal.clone(), outcome };
    let vote = block_vote(&header, phase, header.hash());
    Found::Vote(vote, header.outcome)
}
