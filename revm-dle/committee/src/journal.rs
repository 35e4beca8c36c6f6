//! What a node must not forget. A record is durable before anything that follows from it is said.

use alloy::primitives::Bytes;
use conet_ledger::block::Body;
use serde::{Deserialize, Serialize};

use crate::{
    archive::{
        Beginning, ProvenNotice,
        item::{CertifiedHeader, Word},
    },
    log::{Certificate, Entry, EntryHeader},
    message::Proposed,
    vote::{Ballot, Phase},
};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A seat's own vote about the log.
    LogVote(Phase, Ballot),
    /// An entry that a seat is about to vote for: who votes for one can show it.
    Draft(Box<Entry>),
    /// An entry that is final. In order.
    Entry(Box<Entry>),
    /// A state after an entry that is final: what was journaled before it about the log matters no more, but votes.
    Checkpoint(Box<(EntryHeader, Bytes)>),
    /// A new epoch of the group, and the state that it begins with: what was journaled before it about the log matters
    /// no more.
    Epoch(Box<(Beginning, Bytes)>),
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
    /// Where a chain stands that a member has a part in, or had.
    Notice(Box<ProvenNotice>),
    /// The number of a node's last wish to be drawn.
    Joined(u64),
}
