//! Silence, absence and proven lies.

use std::collections::BTreeSet;

use alloy::primitives::B256;

use super::{
    chain::Chain,
    error::{ItemError, Result},
    item::{Complaint, Returning, block_vote},
    state::State,
};
use crate::{
    keys::NodeId,
    vote::{Ballot, Phase},
};

impl State {
    /// A member must answer. Witnesses and validators are accused once in each view, so a view ends: by a block, or by
    /// the next one.
    pub(super) fn complain(&mut self, complaint: &Complaint) -> Result<()> {
        let Complaint { accused, by, height, view, .. } = *complaint;
        let mut chain = Chain::clone(&*self.chain(complaint.chain)?);
        if view != chain.view || height != chain.height + 1 || chain.pending.is_some() {
            return Err(ItemError::NotNext {
                height: chain.height + 1,
                view: chain.view,
                parent: chain.hash,
            });
        }
        let phase = self.phase_of(&chain, height, accused)?;
        if accused == by || !chain.involves(by) && !self.seats.contains(by) {
            return Err(ItemError::NotEntitled { node: by });
        }
        if chain.has_accused(accused) {
            return Err(ItemError::Nothing);
        }
        match (&complaint.block, phase) {
            // One at a time: whom the creator waits for excuses the creator.
            (None, Phase::Create) if chain.accused.is_empty() => {}
            (Some((header, create)), Phase::Witness | Phase::Validate) => {
                self.check_accusation(complaint.chain, header, create)?;
                chain.accused.retain(|node, _| *node != create.voter);
                chain.blamed.insert(accused, ());
            }
            _ => return Err(ItemError::Votes),
        }
        if !self.voting.signed(by, complaint.struct_hash(), &complaint.signature) {
            return Err(ItemError::Signature { node: by });
        }
        chain.accused.insert(accused, self.time_ms + self.rules.answer_ms);
        self.put(chain);
        Ok(())
    }

    /// Whether a block is its creator's, and the next one of this chain.
    pub(crate) fn check_accusation(
        &self,
        chain: B256,
        header: &conet_ledger::block::Header,
        create: &Ballot,
    ) -> Result<()> {
        let (hash, chain) = (header.hash(), &*self.chain(chain)?);
        let is_creators = chain.creator == Some(create.voter)
            && create.vote == block_vote(header, Phase::Create, hash);
        if self.check_next(chain, header).is_err() || !is_creators {
            return Err(ItemError::Votes);
        }
        self.check_signatures([create])
    }

    /// Who was accused votes; the creator has its vote from here.
    pub(super) fn answer(&mut self, answer: &Ballot) -> Result<()> {
        let mut chain = Chain::clone(&*self.chain(answer.vote.chain)?);
        let about = &answer.vote;
        let is_now = about.view == chain.view && about.epoch == self.seats.epoch;
        if !is_now || about.height != chain.height + 1 {
            return Err(ItemError::Votes);
        }
        let phase = self.phase_of(&chain, about.height, answer.voter)?;
        if phase == Phase::Create || about.phase != phase.number() {
            return Err(ItemError::Votes);
        }
        if chain.accused.remove(&answer.voter).is_none() {
            return Err(ItemError::Nothing);
        }
        self.check_signatures([answer])?;
        self.put(chain);
        Ok(())
    }

    /// What is due at the entry's time.
    pub(super) fn pass_deadlines(&mut self) {
        let due: BTreeSet<B256> = self
            .deadlines
            .iter()
            .take_while(|(at, _)| *at <= self.time_ms)
            .map(|(_, chain)| *chain)
            .collect();
        for id in due {
            self.judge_late(id);
            self.replace_silent(id);
        }
    }

    fn replace_silent(&mut self, id: B256) {
        let Some(chain) = self.chains.get(&id) else { return };
        let late = chain.accused.iter().filter(|(_, until)| **until <= self.time_ms);
        let silent: Vec<_> = late.map(|(node, _)| *node).collect();
        for node in silent {
            self.end_wish(node);
            self.replace(id, node);
        }
    }

    /// The first witness follows a creator, a validator of the last block a witness; the pool gives the rest.
    pub(super) fn replace(&mut self, id: B256, node: NodeId) {
        let Some(chain) = self.chains.get(&id) else { return };
        let before = chain.clone();
        let mut chain = Chain::clone(chain);
        chain.remove(node, |next| self.may_follow(next, &before));
        chain.begin_view();
        self.put(chain);
    }

    /// Two votes that exclude each other.
    pub(super) fn convict(&mut self, first: &Ballot, second: &Ballot) -> Result<()> {
        let node = first.voter;
        if !first.conflicts(second) {
            return Err(ItemError::NoConflict);
        }
        if self.barred.contains(&node) {
            return Err(ItemError::Nothing);
        }
        self.check_signatures([first, second])?;
        self.bar(node);
        Ok(())
    }

    /// A proven cheat leaves everything, for good.
    pub(super) fn bar(&mut self, node: NodeId) {
        if self.barred.insert(node).is_some() {
            return;
        }
        self.end_wish(node);
        self.pool.bar(node);
        for id in self.chains_of(node) {
            self.replace(id, node);
        }
        if self.active.remove(&node).is_some() {
            self.conclude_all();
        }
    }

    /// A seat is not asked any more, unless too few would be left to vouch for anything.
    pub(super) fn suspend(&mut self, seat: NodeId) {
        if self.active.len() > self.seats.quorum() && self.active.remove(&seat).is_some() {
            self.suspended.insert(seat, self.height);
        }
    }

    /// One seat less to wait for.
    fn conclude_all(&mut self) {
        let judged: Vec<_> = self.under_way().map(|chain| chain.id).collect();
        for id in judged {
            self.decide(id);
        }
    }

    /// A suspended seat is back.
    pub(super) fn reinstate(&mut self, returning: &Returning) -> Result<()> {
        let node = returning.node;
        let since = self.suspended.get(&node).copied().ok_or(ItemError::Nothing)?;
        if self.barred.contains(&node) || returning.since < since || returning.since >= self.height
        {
            return Err(ItemError::NotEntitled { node });
        }
        let signed = Returning::struct_hash(self.seats.log, node, returning.since);
        if !self.voting.signed(node, signed, &returning.signature) {
            return Err(ItemError::Signature { node });
        }
        self.suspended.remove(&node);
        self.active.insert(node);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
