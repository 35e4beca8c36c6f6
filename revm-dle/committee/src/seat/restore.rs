//! A seat that was stopped goes on from its journal.
//!
//! It begins with the newest epoch and the newest checkpoint in it, and goes through the entries after that alone. Those
//! before are there for others.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::B256;
use conet_ledger::block::Body;

use super::{Seat, SeatConfig, blocks::Grounds, checkpoint::Checkpoint};
use crate::{
    archive::{
        Beginning, Image,
        item::{CertifiedHeader, Word},
    },
    journal::{Frozen, Record},
    ledger::Ledgers,
    log::{Application, Certificate, Entry, EntryHeader, Tip},
    outbox::Outbox,
    seats::Seats,
    vote::{Ballot, Phase},
};

/// What a journal has of the log, and of blocks under judgement.
#[derive(Default)]
struct Journaled {
    epoch: Option<Beginning>,
    start: Option<Image>,
    checkpoint: Option<Frozen>,
    entries: BTreeMap<u64, Entry>,
    certificate: Option<Certificate>,
    over: Option<u64>,
    drafts: Vec<Entry>,
    votes: Vec<(Phase, Ballot)>,
    words: Vec<Word>,
    blocks: Vec<(Box<CertifiedHeader>, Body)>,
}

impl Frozen {
    /// Whether it is of an epoch of these seats: those of other groups have the same numbers.
    fn is_of(&self, seats: &Seats) -> bool {
        let header = self.proof.headers.first();
        header.is_some_and(|header| (header.log, header.epoch) == (seats.log, seats.epoch))
    }
}

impl Journaled {
    fn has_voted_in(&self, epoch: u64) -> bool {
        let votes = self.votes.iter().map(|(_, ballot)| ballot);
        let words = self.words.iter().map(|word| &word.ballot);
        votes.chain(words).any(|ballot| ballot.vote.epoch == epoch)
    }

    /// The entries right below a header, the lowest first, as far as each is the next one's parent.
    fn below(&mut self, above: &EntryHeader) -> Vec<Entry> {
        let (mut known, mut id) = (Vec::new(), above.id());
        for height in (0..=above.height).rev() {
            let Some(entry) = self.entries.remove(&height).filter(|entry| entry.id() == id) else {
                break;
            };
            id = entry.header.parent;
            known.push(entry);
        }
        known.reverse();
        known
    }
}

impl Seat {
    /// Rebuilds a seat from what it had journaled, in the order of writing. `ledgers` may know less than the journal:
    /// what is missing is asked for.
    #[must_use]
    pub fn restore(
        config: &SeatConfig,
        ledgers: Box<dyn Ledgers + Send>,
        records: impl IntoIterator<Item = Record>,
        now_ms: u64,
    ) -> Self {
        let mut seat = Self::new(config, ledgers, now_ms);
        // Nothing new is said before all of the journal is read: it could be neither written nor sent.
        (seat.desk.now_ms, seat.desk.signed_ms) = (now_ms, now_ms.max(1));
        let mut journaled = seat.read(records);
        // What follows from entries was said before.
        let mut said = Outbox::new(config.voting.me);
        let is_whole = seat.restore_base(&mut journaled, &mut said);
        seat.replay(&mut journaled, &mut said);
        let is_over = journaled.over.is_some_and(|over| over >= seat.desk.seats.epoch);
        if is_over || !is_whole {
            seat.log.retire();
            seat.desk.is_retired = true;
        }
        if !is_whole {
            seat.desk.diverged = Some(seat.desk.tip);
        }
        seat.restore_votes(journaled, &mut said);
        // What it said for seeds may not have been sent.
        seat.desk.parts.clear();
        // Its part in a ceremony begins again, with all that it was dealt.
        seat.desk.forget_ceremony();
        seat
    }

    /// Takes what stands for itself; hands back the rest.
    fn read(&mut self, records: impl IntoIterator<Item = Record>) -> Journaled {
        let (seat, mut journaled) = (self, Journaled::default());
        for record in records {
            match record {
                Record::Epoch(epoch) => {
                    // What was certified before it was another epoch's.
                    (journaled.epoch, journaled.certificate) = (Some(*epoch), None);
                }
                Record::Checkpoint(checkpoint) => {
                    let before = journaled.checkpoint.take();
                    journaled.checkpoint = Some(checkpoint.whole(before.as_ref()));
                }
                Record::Entry(entry) => {
                    journaled.entries.insert(entry.header.height, *entry);
                }
                Record::Certificate(certificate) => journaled.certificate = Some(certificate),
                Record::Start(state) => journaled.start = Some(state),
                Record::Over(epoch) => journaled.over = Some(epoch),
                Record::Left(nodes) => seat.desk.left = nodes,
                Record::Proven(proven) => {
                    seat.desk.ledgers.keep_notice(Arc::new(*proven));
                }
                Record::Dealing(epoch, dealing) => {
                    seat.desk.part.dealings.push((epoch, *dealing));
                }
                Record::Share(epoch, kept) => seat.desk.part.share = Some((epoch, kept)),
                Record::Draft(entry) => journaled.drafts.push(*entry),
                Record::LogVote(phase, ballot) => journaled.votes.push((phase, ballot)),
                Record::Word(word) => journaled.words.push(word),
                Record::Block(block, body) => journaled.blocks.push((block, body)),
                // A member's.
                _ => {}
            }
        }
        journaled
    }

    /// Goes to the newest epoch and checkpoint. False: one of them cannot be read, and so the seat does not know what it
    /// may still say.
    fn restore_base(&mut self, journaled: &mut Journaled, said: &mut Outbox) -> bool {
        let (checkpoint, start) = (journaled.checkpoint.take(), journaled.start.take());
        if let Some(beginning) = journaled.epoch.take() {
            let seats = Arc::new(beginning.seats.clone());
            let has_voted = journaled.has_voted_in(seats.epoch);
            let last = checkpoint.as_ref();
            if last.is_some_and(|last| last.is_of(&seats)) {
                self.sit_without_state(beginning, start);
            } else if let Some(start) = start {
                if let Some(last) = last {
                    self.desk.stand_on(last, beginning.state_hash);
                }
                self.begin(beginning, start, said);
            } else if let Some(last) = last {
                self.desk.stand_on(last, beginning.state_hash);
            }
            if self.desk.seats.epoch != seats.epoch {
                if has_voted {
                    // It has sat in that epoch: it must not begin it anew with another's copy of the state.
                    self.desk.seats = seats;
                    return false;
                }
                // It was about to begin, and is told of the epoch again.
                self.log.retire();
                self.desk.is_retired = true;
            }
        }
        let epoch = self.desk.seats.epoch;
        journaled.entries.retain(|_, entry| entry.header.epoch == epoch);
        let checkpoint = checkpoint.filter(|last| last.is_of(&self.desk.seats));
        let Some(Frozen { proof, state, .. }) = checkpoint else { return true };
        let Some(header) = proof.headers.first().cloned() else { return true };
        if !self.desk.restore_checkpoint(proof, &state, said) {
            return false;
        }
        let below = journaled.below(&header);
        self.log.begin_at(Tip { id: header.id(), header });
        self.log.restore_history(below);
        true
    }

    /// Goes through the entries since.
    fn replay(&mut self, journaled: &mut Journaled, said: &mut Outbox) {
        let certificate = journaled.certificate.take();
        self.restore_proof(certificate.as_ref());
        while let Some(entry) = journaled.entries.remove(&(self.log.tip().header.height + 1)) {
            if entry.header.parent != self.log.tip().id {
                break;
            }
            self.desk.finalized(&entry, said);
            let tip = Tip { id: entry.id(), header: entry.header.clone() };
            self.log.begin_after(tip, entry);
            self.restore_proof(certificate.as_ref());
        }
        if let Some(certificate) = certificate {
            // What comes after an epoch's last entry is not in the journal.
            if self.desk.state.is_over() && certificate.view > self.log.tip().header.view {
                self.desk.unproven.clear();
            }
            self.log.restore_certificate(certificate);
        }
    }

    /// What a certificate of the newest entry proves was told before.
    fn restore_proof(&mut self, certificate: Option<&Certificate>) {
        let tip = self.log.tip().id;
        if let Some(certificate) = certificate.filter(|known| known.entry == tip) {
            self.desk.unproven.clear();
            self.log.restore_certificate(certificate.clone());
        }
    }

    /// Its own votes, and the blocks that it gave words on, count again.
    fn restore_votes(&mut self, journaled: Journaled, said: &mut Outbox) {
        // Of other epochs nothing counts any more.
        let epoch = self.desk.seats.epoch;
        let Journaled { drafts, votes, words, blocks, .. } = journaled;
        for entry in drafts.into_iter().filter(|entry| entry.header.epoch == epoch) {
            self.log.restore_draft(entry);
        }
        for (phase, ballot) in votes.into_iter().filter(|(_, ballot)| ballot.vote.epoch == epoch) {
            self.log.restore(ballot, phase);
        }
        for word in words {
            let about = &word.ballot.vote;
            self.desk.said.insert((about.chain, about.height, about.view), word);
        }
        for (block, body) in blocks {
            let header = block.header.clone();
            self.desk.open_case(header, body, Grounds::Certified(block), said);
        }
        self.desk.said_again();
    }
}

impl super::Desk {
    /// Where all chains stood when the epoch before ended, if that is what the next one begins with.
    fn stand_on(&mut self, last: &Frozen, begins_with: B256) {
        let header = last.proof.headers.first().filter(|header| header.state_hash == begins_with);
        let Some(header) = header.cloned() else { return };
        if let Some(state) = self.state.thaw(&last.state) {
            let checkpoint = Checkpoint::proven(header, state, last.proof.clone());
            self.ledgers.keep_standing(checkpoint.standing());
            self.checkpoint = Some(checkpoint);
        }
    }

    /// Its own words count again.
    fn said_again(&mut self) {
        let me = self.voting.me;
        for case in self.cases.values_mut() {
            let about = &case.header.proposal;
            if let Some(word) = self.said.get(&(about.chain, about.height, about.view)) {
                let is_on_it = word.agrees(&case.header, Phase::Accept).is_some();
                if is_on_it {
                    case.words.insert(me, word.clone());
                }
            }
        }
    }
}
