//! A seat that was stopped goes on from its journal.

use super::{Seat, SeatConfig, blocks::Grounds};
use crate::{
    journal::Record,
    ledger::Ledgers,
    log::{Application, Tip},
    outbox::Outbox,
    vote::Phase,
};

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
        // What follows from entries was said before.
        let mut said = Outbox::new(config.voting.me);
        let (mut drafts, mut votes, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            match record {
                // Before a state that was adopted there is a gap.
                Record::Entry(entry) if entry.header.parent != seat.log.tip().id => {}
                Record::Entry(entry) => {
                    seat.desk.finalized(&entry, &mut said);
                    let tip = Tip { id: entry.id(), header: entry.header.clone() };
                    seat.log.begin_after(tip, *entry);
                }
                Record::Checkpoint(checkpoint) => {
                    let (header, state) = *checkpoint;
                    let is_news = header.height > seat.desk.state.height;
                    if is_news && seat.desk.adopt(&header, &state, &mut said) {
                        seat.log.begin_at(Tip { id: header.id(), header });
                    }
                }
                Record::Certificate(certificate) => {
                    seat.desk.certified(&certificate, &mut said);
                    seat.log.restore_certificate(certificate);
                }
                Record::Epoch(epoch) => {
                    let (beginning, frozen) = *epoch;
                    seat.begin(beginning, frozen, &mut said);
                }
                Record::Dealing(epoch, dealing) => {
                    seat.desk.part.dealings.push((epoch, *dealing));
                }
                Record::Share(epoch, kept) => seat.desk.part.share = Some((epoch, kept)),
                Record::Draft(entry) => drafts.push(*entry),
                Record::LogVote(phase, ballot) => votes.push((phase, ballot)),
                Record::Word(word) => {
                    let about = &word.ballot.vote;
                    seat.desk.said.insert((about.chain, about.height, about.view), word);
                }
                Record::Block(block, body) => blocks.push((block, body)),
                // A member's.
                _ => {}
            }
        }
        // Of other epochs nothing counts any more.
        let epoch = seat.desk.seats.epoch;
        for entry in drafts.into_iter().filter(|entry| entry.header.epoch == epoch) {
            seat.log.restore_draft(entry);
        }
        for (phase, ballot) in votes.into_iter().filter(|(_, ballot)| ballot.vote.epoch == epoch) {
            seat.log.restore(ballot, phase);
        }
        for (block, body) in blocks {
            let header = block.header.clone();
            seat.desk.open_case(header, body, Grounds::Certified(block), &mut said);
        }
        seat.desk.said_again();
        // What it said for seeds may not have been sent.
        seat.desk.parts.clear();
        // Its part in a ceremony begins again, with all that it was dealt.
        seat.desk.forget_ceremony();
        seat
    }
}

impl super::Desk {
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
