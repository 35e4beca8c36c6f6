//! A node's journal, as on a disk: what was written since something was said may be torn off, and what is certainly there
//! has lost what it made needless.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{Record, vote::Ballot};

use crate::oracle::{Place, place};

/// Final entries that stay below the newest checkpoint: fewer than a node has in memory, so that whoever was away may
/// meet both.
const ENTRIES_KEPT: u64 = 12;

/// A journal.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// What is certainly there and still matters.
    kept: Vec<Record>,
    /// What was written since.
    unsynced: Vec<Record>,
    /// The node's own votes, also those that matter no more.
    votes: BTreeMap<Place, B256>,
}

impl Disk {
    pub(super) fn write(&mut self, record: Record) {
        if let Some(ballot) = own_vote(&record) {
            self.votes.insert(place(ballot), ballot.vote.block);
        }
        self.unsynced.push(record);
    }

    /// All of it is certainly there.
    pub(super) fn sync(&mut self) {
        for mut record in self.unsynced.drain(..) {
            if let Record::Checkpoint(frozen) = record {
                let before = self.kept.iter().find_map(|known| match known {
                    Record::Checkpoint(before) => Some(&**before),
                    _ => None,
                });
                record = Record::Checkpoint(Box::new(frozen.whole(before)));
            }
            for needless in record.makes_needless(ENTRIES_KEPT) {
                self.kept.retain(|known| !needless.has(&known.place()));
            }
            self.kept.push(record);
        }
    }

    /// How much may be torn off.
    pub(super) const fn loose(&self) -> usize {
        self.unsynced.len()
    }

    /// Loses the end of it, but nothing of what is synced.
    pub(super) fn tear(&mut self, keeps: usize) {
        for record in self.unsynced.drain(keeps..) {
            if let Some(ballot) = own_vote(&record) {
                self.votes.remove(&place(ballot));
            }
        }
    }

    /// The node's own votes that were ever written, and not torn off.
    pub(super) const fn votes(&self) -> &BTreeMap<Place, B256> {
        &self.votes
    }

    /// All that is there, in the order of writing.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.kept.iter().chain(&self.unsynced)
    }
}

pub(super) const fn own_vote(record: &Record) -> Option<&Ballot> {
    match record {
        Record::LogVote(_, ballot) => Some(ballot),
        Record::Word(word) | Record::MemberVote(word) => Some(&word.ballot),
        Record::Proposed(proposed, _) => Some(&proposed.create),
        _ => None,
    }
}
