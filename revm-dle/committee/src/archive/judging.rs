//! Seats judge blocks: listed, accepted by all who are active, final; or found wrong, and void.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use conet_bindings::ledger::Offence;
use conet_ledger::block::Header;

use super::{
    chain::{Chain, Pending},
    error::{ItemError, Result},
    item::{CertifiedHeader, Disagreement, Word, block_vote},
    state::{Finding, State},
};
use crate::{
    keys::NodeId,
    vote::{Ballot, Phase},
};

impl State {
    /// A certified block, with words on it.
    pub(super) fn list(&mut self, block: &CertifiedHeader, words: &[Word]) -> Result<()> {
        let header = &block.header;
        let mut chain = Chain::clone(&*self.chain(header.proposal.chain)?);
        self.check_next(&chain, header)?;
        if let Some(pending) = &chain.pending {
            return Err(ItemError::Occupied { hash: pending.hash });
        }
        if header.proposal.time_ms > self.time_ms {
            return Err(ItemError::FromTheFuture {
                now: self.time_ms,
                found: header.proposal.time_ms,
            });
        }
        let signers = chain.signers(header.proposal.height);
        let signers = signers.and_then(|signers| signers.voters(header, &block.ballots));
        let signers = signers.ok_or(ItemError::Votes)?;
        self.check_signatures(&block.ballots)?;
        if signers.iter().any(|signer| self.barred.contains(signer)) {
            return Err(ItemError::Votes);
        }
        // The creator has answered whatever it was accused of.
        chain.accused.retain(|node, _| !signers.contains(node));
        chain.pending = Some(Box::new(self.pending(header.clone(), true, signers)));
        self.take_words(&mut chain, words)?;
        self.conclude(chain);
        Ok(())
    }

    /// A member got something else than the creator: the seats find out who is right.
    pub(super) fn dispute(&mut self, disagreement: &Disagreement) -> Result<()> {
        let Disagreement { header, create, other } = disagreement;
        let mut chain = Chain::clone(&*self.chain(header.proposal.chain)?);
        self.check_next(&chain, header)?;
        if let Some(pending) = &chain.pending {
            return Err(ItemError::Occupied { hash: pending.hash });
        }
        let hash = header.hash();
        let phase = self.phase_of(&chain, header.proposal.height, other.ballot.voter)?;
        let disagrees = phase != Phase::Create && other.agrees(header, phase) == Some(false);
        let creator = chain.creator.is_some_and(|creator| creator == create.voter);
        if !disagrees || !creator || create.vote != block_vote(header, Phase::Create, hash) {
            return Err(ItemError::Votes);
        }
        self.check_signatures([create, &other.ballot])?;
        chain.accused.remove(&other.ballot.voter);
        let mut pending = self.pending(header.clone(), false, BTreeSet::from([create.voter]));
        pending.refusers.insert(other.ballot.voter);
        chain.pending = Some(Box::new(pending));
        self.put(chain);
        Ok(())
    }

    /// A chain's next block is of this epoch: what was signed in another does not count in it.
    pub(super) fn check_next(&self, chain: &Chain, header: &Header) -> Result<()> {
        if chain.is_next(header) && header.proposal.epoch == self.seats.epoch {
            return Ok(());
        }
        let (height, view, parent) = (chain.height + 1, chain.view, chain.hash);
        Err(ItemError::NotNext { height, view, parent })
    }

    /// Words on what is being judged.
    pub(super) fn hear(&mut self, words: &[Word]) -> Result<()> {
        let id = words.first().map(|word| word.ballot.vote.chain).ok_or(ItemError::Nothing)?;
        let mut chain = Chain::clone(&*self.chain(id)?);
        let heard = self.take_words(&mut chain, words)?;
        if heard == 0 {
            return Err(ItemError::Nothing);
        }
        self.conclude(chain);
        Ok(())
    }

    fn pending(&self, header: Header, certified: bool, signers: BTreeSet<NodeId>) -> Pending {
        Pending {
            hash: header.hash(),
            header,
            certified,
            signers,
            refusers: BTreeSet::new(),
            accepted: BTreeSet::new(),
            refused: BTreeSet::new(),
            deadline_ms: self.time_ms + self.rules.judging_ms,
        }
    }

    /// Notes words; returns how many are news. A seat's first word counts.
    fn take_words(&self, chain: &mut Chain, words: &[Word]) -> Result<usize> {
        let Some(pending) = &mut chain.pending else { return Err(ItemError::Nothing) };
        let mut heard = 0;
        for word in words {
            let voter = word.ballot.voter;
            let agrees = word.agrees_on(&pending.header, pending.hash, Phase::Accept);
            let agrees = agrees.ok_or(ItemError::Votes)?;
            if !self.seats.contains(voter) {
                return Err(ItemError::NotEntitled { node: voter });
            }
            if pending.accepted.contains(&voter) || pending.refused.contains(&voter) {
                continue;
            }
            self.check_signatures([&word.ballot])?;
            let side = if agrees { &mut pending.accepted } else { &mut pending.refused };
            side.insert(voter);
            heard += 1;
        }
        Ok(heard)
    }

    /// Puts a chain back, and decides what can be decided about its block.
    pub(super) fn conclude(&mut self, chain: Chain) {
        let id = chain.id;
        self.put(chain);
        self.decide(id);
    }

    /// Decides what can be decided about the block that is judged.
    pub(super) fn decide(&mut self, id: B256) {
        let Some(pending) = self.pending_of(id) else { return };
        let quorum = self.seats.quorum();
        if pending.refused.len() >= quorum {
            return self.void(id, &pending, &pending.signers);
        }
        if pending.accepted.len() >= quorum {
            for seat in &pending.refused {
                self.find_wrong(*seat, Phase::Accept, &pending);
            }
        }
        // One seat less may have decided it already.
        let is_open = self.pending_of(id).is_some_and(|now| now.hash == pending.hash);
        if is_open && pending.accepted.len() >= quorum && !pending.certified {
            return self.void(id, &pending, &pending.refusers);
        }
        let all = self.active.iter().all(|seat| pending.accepted.contains(seat));
        // Who was suspended and who was barred may be many: those left vouch for nothing.
        if pending.certified && pending.accepted.len() >= quorum && all && is_open {
            self.finalize(id, &pending);
        }
    }

    fn pending_of(&self, id: B256) -> Option<Box<Pending>> {
        self.chains.get(&id).and_then(|chain| chain.pending.clone())
    }

    pub(super) fn finalize(&mut self, id: B256, pending: &Pending) {
        let Some(chain) = self.chains.get(&id) else { return };
        let mut chain = Chain::clone(chain);
        chain.height = pending.header.proposal.height;
        chain.hash = pending.hash;
        chain.last_validators = chain.validator.take(chain.height);
        chain.pending = None;
        chain.accused.clear();
        chain.blamed.clear();
        // Its wish may be another one by now: what it committed to then is not known for ever.
        chain.trap = chain.creator.and_then(|creator| self.commitment(creator));
        self.put(chain);
    }

    /// The block is void, and those who were wrong about it never come back.
    fn void(&mut self, id: B256, pending: &Pending, wrong: &BTreeSet<NodeId>) {
        let Some(chain) = self.chains.get(&id) else { return };
        let mut chain = Chain::clone(chain);
        let signers = chain.signers(pending.header.proposal.height);
        chain.begin_view();
        self.put(chain);
        for node in wrong {
            let phase = signers.as_ref().and_then(|signers| signers.phase(*node));
            self.find_wrong(*node, phase.unwrap_or(Phase::Create), pending);
        }
    }

    fn find_wrong(&mut self, node: NodeId, phase: Phase, about: &Pending) {
        if self.barred.contains(&node) {
            return;
        }
        let proposal = &about.header.proposal;
        self.findings.push(Finding {
            node,
            phase,
            chain: proposal.chain,
            height: proposal.height,
            view: proposal.view,
            offence: Offence::WrongRoot.into(),
        });
        self.bar(node);
    }

    /// Seats that said nothing in time are not asked any more; a block that more than a third never looked at waits on.
    pub(super) fn judge_late(&mut self, id: B256) {
        let Some(chain) = self.chains.get(&id) else { return };
        let mut chain = Chain::clone(chain);
        let Some(pending) = &mut chain.pending else { return };
        if pending.deadline_ms > self.time_ms {
            return;
        }
        pending.deadline_ms = self.time_ms + self.rules.judging_ms;
        let heard =
            |seat: &NodeId| pending.accepted.contains(seat) || pending.refused.contains(seat);
        let silent: Vec<_> = self.active.iter().filter(|seat| !heard(seat)).copied().collect();
        for seat in silent {
            self.suspend(seat);
        }
        self.conclude(chain);
    }

    pub(super) fn phase_of(&self, chain: &Chain, height: u64, node: NodeId) -> Result<Phase> {
        let phase = chain.signers(height).and_then(|signers| signers.phase(node));
        phase.ok_or(ItemError::NotEntitled { node })
    }

    pub(super) fn check_signatures<'a>(
        &self,
        ballots: impl IntoIterator<Item = &'a Ballot>,
    ) -> Result<()> {
        for ballot in ballots {
            if !self.voting.is_valid(ballot) {
                return Err(ItemError::Signature { node: ballot.voter });
            }
        }
        Ok(())
    }
}
