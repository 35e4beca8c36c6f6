//! A member that was stopped goes on from its journal.

use super::{Member, MemberConfig};
use crate::{journal::Record, ledger::Ledgers};

impl Member {
    /// Rebuilds a member from what it had journaled, in the order of writing.
    #[must_use]
    pub fn restore(
        config: MemberConfig,
        ledgers: Box<dyn Ledgers + Send>,
        records: impl IntoIterator<Item = Record>,
        now_ms: u64,
    ) -> Self {
        let mut member = Self::new(config, ledgers, now_ms);
        // Where chains stand comes first: an older vote may be of a chain whose newest notice was written after it.
        let is_notice = |record: &Record| matches!(record, Record::Notice(_));
        let (notices, others): (Vec<_>, Vec<_>) = records.into_iter().partition(is_notice);
        for record in notices.into_iter().chain(others) {
            match record {
                Record::Notice(proven) => member.restore_notice(*proven),
                Record::MemberVote(word) => {
                    let about = word.ballot.vote;
                    if let Some(part) = member.parts.get_mut(&about.chain) {
                        part.said.insert((about.height, about.view), word);
                    }
                }
                Record::Proposed(proposed, witness) => member.begin(*proposed, witness),
                Record::Joined(number) => member.waiting.number = number,
                _ => {}
            }
        }
        member
    }

    fn restore_notice(&mut self, proven: crate::archive::ProvenNotice) {
        let logged = proven.entry();
        let chain = proven.notice.chain;
        self.put_notice(proven, logged);
        if let Some(part) = self.parts.get_mut(&chain) {
            part.is_written = true;
        }
        self.look_for_state(chain);
    }
}
