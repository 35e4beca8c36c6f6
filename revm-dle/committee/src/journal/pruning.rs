//! Which records matter no more, and why nothing is lost with them. Whoever keeps a journal, on disk or in a simulation,
//! asks here.
//!
//! A record makes others needless that were written before it: in the same transaction, or after it is durable. A
//! transaction that is torn off takes its pruning with it.
//!
//! | record | makes needless | because |
//! |---|---|---|
//! | `Entry` | drafts up to its height, log votes up to its view | a draft is shown until its height is final; nobody votes in a view before its tip's |
//! | `Certificate` | older ones | the newest says that all before it is final, and proofs of what those said are in `Proven` |
//! | `Checkpoint` | older ones, but for pages that did not change; entries more than `kept` below it; drafts and log votes as an entry's; `Proven` up to its entry; the `Start` of its epoch | a restart begins with it, and it proves where every chain stands. Who misses what is gone adopts it from others. After a split the other half may have nobody else to ask for the state that both begin with: there `Start` stays for an epoch |
//! | `Epoch` | all about the log but the newest checkpoint, words and blocks; dealings and shares of older epochs | its votes name it, so those before contradict nothing; who is behind in the epoch before asks for its `Start`, or for a checkpoint. Its first entry is one |
//! | `Over` | dealings and shares up to its epoch | no draw of that epoch waits, and what its key follows from is to be destroyed |
//! | `Share` | dealings up to its epoch | they were there to work it out |
//! | `Proven` | older ones of its chain; words and blocks up to its height | the state after its entry refuses that height |
//! | `Notice` | older ones of its chain; a member's votes and blocks up to its height | a member signs nothing at or below its notice |
//! | `Left`, `Joined` | older ones | only the newest counts |
//!
//! What stays: votes above the newest final entry and words above the newest final block, whatever their age, so that
//! nobody contradicts in one epoch what it said; the newest notice of each chain that changed since the newest checkpoint,
//! with its proof; of the log what is after that, and `kept` entries before, for those who are a little behind.

use alloy::primitives::B256;

use super::Record;
use crate::tree::follows_split;

/// Final entries that are kept below the newest checkpoint.
pub const ENTRIES_KEPT: u64 = 1_024;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the records' own names")]
pub enum Kind {
    LogVote,
    Draft,
    Entry,
    Checkpoint,
    Epoch,
    Certificate,
    Word,
    Block,
    MemberVote,
    Proposed,
    Notice,
    Dealing,
    Share,
    Joined,
    Proven,
    Left,
    Over,
    Start,
}

/// By what a record is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// The chain that it is about; none: the log, or the node.
    pub chain: Option<B256>,
    /// A height of a chain or of the log, a view of the log, an epoch, or the number of a wish.
    pub number: u64,
}

/// Records that matter no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Needless {
    /// What they are.
    pub kind: Kind,
    /// The chain that they are about; none: whatever they are about.
    pub chain: Option<B256>,
    /// Their highest number.
    pub up_to: u64,
}

impl Needless {
    const fn of(kind: Kind, up_to: u64) -> Self {
        Self { kind, chain: None, up_to }
    }

    const fn all(kind: Kind) -> Self {
        Self::of(kind, u64::MAX)
    }

    /// Whether the record there is one of them.
    #[must_use]
    pub fn has(&self, place: &Place) -> bool {
        place.kind == self.kind
            && self.chain.is_none_or(|chain| place.chain == Some(chain))
            && place.number <= self.up_to
    }
}

impl Record {
    /// By what it is found again.
    #[must_use]
    pub fn place(&self) -> Place {
        let (kind, chain, number) = match self {
            Self::LogVote(_, ballot) => (Kind::LogVote, None, ballot.vote.view),
            Self::Draft(entry) => (Kind::Draft, None, entry.header.height),
            Self::Entry(entry) => (Kind::Entry, None, entry.header.height),
            Self::Checkpoint(frozen) => (Kind::Checkpoint, None, frozen.proof.height()),
            Self::Epoch(epoch) => (Kind::Epoch, None, epoch.seats.epoch),
            Self::Certificate(certificate) => (Kind::Certificate, None, certificate.view),
            Self::Word(word) => about(Kind::Word, &word.ballot.vote),
            Self::MemberVote(word) => about(Kind::MemberVote, &word.ballot.vote),
            Self::Proposed(proposed, _) => about(Kind::Proposed, &proposed.create.vote),
            Self::Block(block, _) => {
                let about = &block.header.proposal;
                (Kind::Block, Some(about.chain), about.height)
            }
            Self::Notice(proven) => (Kind::Notice, Some(proven.notice.chain), proven.notice.height),
            Self::Proven(proven) => (Kind::Proven, Some(proven.notice.chain), proven.entry()),
            Self::Dealing(epoch, _) => (Kind::Dealing, None, *epoch),
            Self::Share(epoch, _) => (Kind::Share, None, *epoch),
            Self::Joined(number) => (Kind::Joined, None, *number),
            Self::Left(_) => (Kind::Left, None, 0),
            Self::Over(epoch) => (Kind::Over, None, *epoch),
            Self::Start(_) => (Kind::Start, None, 0),
        };
        Place { kind, chain, number }
    }

    /// What matters no more once it is written, of what was written before. `kept` final entries stay below a checkpoint.
    #[must_use]
    pub fn makes_needless(&self, kept: u64) -> Vec<Needless> {
        let Place { kind, chain, number } = self.place();
        let of_chain = |kind, up_to| Needless { kind, chain, up_to };
        match self {
            Self::Entry(entry) => said_before(number, entry.header.view).to_vec(),
            Self::Checkpoint(frozen) => {
                let header = frozen.proof.headers.first();
                let (epoch, view) = header.map_or((0, 0), |header| (header.epoch, header.view));
                let [drafts, votes] = said_before(number, view);
                let old = Needless::of(Kind::Entry, number.saturating_sub(kept));
                let proven = Needless::of(Kind::Proven, number);
                let start = (!follows_split(epoch)).then_some(Needless::all(Kind::Start));
                let all = [Needless::all(kind), old, drafts, votes, proven];
                all.into_iter().chain(start).collect()
            }
            Self::Epoch(_) => {
                let secrets = secrets(number.saturating_sub(1));
                OF_ONE_EPOCH.map(Needless::all).into_iter().chain(secrets).collect()
            }
            Self::Over(_) => secrets(number).into_iter().chain([Needless::all(kind)]).collect(),
            Self::Share(..) => vec![Needless::of(Kind::Dealing, number)],
            Self::Proven(proven) => vec![
                of_chain(kind, u64::MAX),
                of_chain(Kind::Word, proven.notice.height),
                of_chain(Kind::Block, proven.notice.height),
            ],
            Self::Notice(_) => vec![
                of_chain(kind, u64::MAX),
                of_chain(Kind::MemberVote, number),
                of_chain(Kind::Proposed, number),
            ],
            Self::Certificate(_) | Self::Left(_) | Self::Joined(_) => vec![Needless::all(kind)],
            _ => Vec::new(),
        }
    }
}

/// What an epoch's seats write, and what matters in no later one.
const OF_ONE_EPOCH: [Kind; 9] = [
    Kind::Epoch,
    Kind::Start,
    Kind::Over,
    Kind::Entry,
    Kind::Certificate,
    Kind::Draft,
    Kind::LogVote,
    Kind::Word,
    Kind::Block,
];

const fn about(kind: Kind, vote: &conet_bindings::ledger::Vote) -> (Kind, Option<B256>, u64) {
    (kind, Some(vote.chain), vote.height)
}

/// What a seat said on the way to a final entry.
const fn said_before(height: u64, view: u64) -> [Needless; 2] {
    [Needless::of(Kind::Draft, height), Needless::of(Kind::LogVote, view)]
}

/// What epochs' keys follow from.
const fn secrets(up_to: u64) -> [Needless; 2] {
    [Needless::of(Kind::Dealing, up_to), Needless::of(Kind::Share, up_to)]
}
