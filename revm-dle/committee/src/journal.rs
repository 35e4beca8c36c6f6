//! What a node must not forget. A record is durable before anything that follows from it is said; it goes when a later one
//! makes it needless ([`Record::makes_needless`]), so that neither the disk nor a restart grows with the log's age.

mod pruning;

pub use pruning::{ENTRIES_KEPT, Kind, Needless, Place};

use std::{collections::BTreeMap, fmt};

use alloy::primitives::Bytes;
use conet_ledger::block::Body;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    archive::{
        Beginning, Image, ProvenNotice,
        item::{CertifiedHeader, Word},
    },
    keys::NodeId,
    log::{Certificate, Entry, EntryProof},
    message::Proposed,
    roulette::dkg::Dealing,
    vote::{Ballot, Phase},
};

/// Secret bytes that a node keeps on its own disk.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept(pub Zeroizing<Vec<u8>>);

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(..)")
    }
}

impl Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0[..].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|bytes| Self(Zeroizing::new(bytes)))
    }
}

/// A state after an entry that is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Of that entry.
    pub proof: EntryProof,
    /// The state. Of its pages those that are others than in the record before, or are no more: chains at rest are not
    /// written again.
    pub state: Image,
    /// Whether all pages are here.
    pub is_whole: bool,
}

impl Frozen {
    /// With the pages that did not change since the record before. Whoever keeps a journal keeps it like this.
    #[must_use]
    pub fn whole(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before.filter(|_| !self.is_whole) {
            let older = before.state.pages.iter().map(|page| (page.prefix, page));
            let mut pages: BTreeMap<_, _> = older.collect();
            pages.extend(self.state.pages.iter().map(|page| (page.prefix, page)));
            pages.retain(|_, page| !page.chains.is_empty());
            self.state.pages = pages.into_values().cloned().collect();
        }
        self.is_whole = true;
        self
    }
}

/// One line of the journal. On disk by their order here: new ones come last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A seat's own vote about the log.
    LogVote(Phase, Ballot),
    /// An entry that a seat is about to vote for: who votes for one can show it.
    Draft(Box<Entry>),
    /// An entry that is final. In order.
    Entry(Box<Entry>),
    /// A state after an entry that is final: a restart begins with the newest one.
    Checkpoint(Box<Frozen>),
    /// A new epoch of the group: what was journaled before it about the log matters no more.
    Epoch(Box<Beginning>),
    /// Why the entries before it are final.
    Certificate(Certificate),
    /// A seat's own word on a block.
    Word(Word),
    /// A block that a seat judges or keeps.
    Block(Box<CertifiedHeader>, Body),
    /// A member's own vote on a block.
    MemberVote(Word),
    /// A creator's own block, with its vote and its state witness.
    Proposed(Box<Proposed>, Bytes),
    /// Where a chain stands that a member has a part in, or had. Written before a vote on what comes after it.
    Notice(Box<ProvenNotice>),
    /// A dealing of an epoch that a seat has acknowledged: its share of the epoch's key depends on it.
    Dealing(u64, Box<Dealing>),
    /// A seat's share of an epoch's key.
    Share(u64, Kept),
    /// The number of a node's last wish to be drawn.
    Joined(u64),
    /// Where a chain of a seat's group stands since an entry after the newest checkpoint: that one has all others.
    Proven(Box<ProvenNotice>),
    /// Who had seats in epochs before, and has none now. Written before the epoch that they have none in.
    Left(Vec<NodeId>),
    /// An epoch is over, and this node has not begun the next one, maybe never will.
    Over(u64),
    /// The state that the newest epoch begins with.
    Start(Image),
}
