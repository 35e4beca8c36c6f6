//! What is written, and how it changes the tables.

use alloy::primitives::B256;
use conet_committee::{
    Record,
    archive::item::Opening,
    journal::{Kind, Needless, Place},
    poh::Mark,
    roulette::selection::Evidence,
};
use conet_ledger::{
    block::{Body, Header},
    genesis::Genesis,
};
use rusqlite::{ToSql, Transaction, params};

use super::{
    FinalBlock, StoreError, blocks, chains,
    code::{encode, pack, sql},
    evidence, marks, moves, notices, pages,
};
use crate::duty::Duty;

/// Names a duty as it was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DutyId(pub(super) i64);

/// One write. Those of a step are in one transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// A line of the journal.
    Record(Box<Record>),
    /// A chain that this node keeps.
    Chain(Box<Genesis>, B256),
    /// How the main chain opened a chain that this node has.
    Opening(Box<Opening>),
    /// A final block.
    Block(Box<FinalBlock>),
    /// A final block that others were asked for. It counts if it is one that is wanted.
    Fetched(Box<(Header, Body)>),
    /// The state after a chain's newest final block, in place of the one before.
    State {
        /// The chain.
        chain: B256,
        /// The block's hash.
        hash: B256,
        /// A [`conet_ledger::snapshot::Snapshot`].
        snapshot: Vec<u8>,
    },
    /// What the main chain should hear. Again: it is not done yet.
    Duty(Duty),
    /// The main chain has heard it. Other seats may still ask for this one's signature.
    Done(DutyId),
    /// A link of the Selection Chain, or what it follows from.
    Evidence(Box<Evidence>),
    /// Marks of this node's own clock, in order, of which so many stay.
    Marks(Vec<Mark>, u64),
}

impl Write {
    /// Whether something is to be destroyed by it that nobody may find later.
    pub(super) fn destroys_secrets(&self) -> bool {
        let is_secret = |needless: &Needless| matches!(needless.kind, Kind::Dealing | Kind::Share);
        matches!(self, Self::Record(record) if record.makes_needless(0).iter().any(is_secret))
    }
}

/// Kinds of records. On disk: never renumbered.
pub(super) const fn number(kind: Kind) -> i64 {
    match kind {
        Kind::LogVote => 1,
        Kind::Draft => 2,
        Kind::Word => 3,
        Kind::Block => 4,
        Kind::MemberVote => 5,
        Kind::Proposed => 6,
        Kind::Notice => 7,
        Kind::Joined => 8,
        Kind::Dealing => 9,
        Kind::Share => 10,
        Kind::Epoch => 11,
        Kind::Checkpoint => 12,
        Kind::Certificate => 13,
        Kind::Left => 14,
        Kind::Over => 15,
        Kind::Entry => 16,
        Kind::Proven => 17,
        Kind::Start => 18,
    }
}

/// Does one write. `kept` final entries stay below a checkpoint.
pub(super) fn apply(tx: &Transaction<'_>, write: &Write, kept: u64) -> Result<(), StoreError> {
    match write {
        Write::Record(record) => put_record(tx, record, kept),
        Write::Chain(genesis, root) => match chains::put(tx, genesis, *root)? {
            Some(began) => blocks::insert(tx, &began, None, None),
            None => Ok(()),
        },
        Write::Opening(opening) => chains::put_opening(tx, opening),
        Write::Block(block) => blocks::put(tx, block),
        Write::Fetched(block) => blocks::put_fetched(tx, &block.0, &block.1),
        Write::State { chain, hash, snapshot } => chains::put_state(tx, *chain, *hash, snapshot),
        Write::Duty(duty) => {
            tx.prepare_cached("INSERT OR REPLACE INTO duties (duty) VALUES (?1)")?
                .execute(params![encode(duty)?])?;
            Ok(())
        }
        Write::Done(DutyId(seq)) => {
            tx.prepare_cached("UPDATE duties SET done = 1 WHERE seq = ?1")?
                .execute(params![seq])?;
            Ok(())
        }
        Write::Evidence(known) => evidence::put(tx, known),
        Write::Marks(marks, kept) => marks::put(tx, marks, *kept),
    }
}

/// Appends a record, and prunes what it makes needless, of which `kept` entries stay.
fn put_record(tx: &Transaction<'_>, record: &Record, kept: u64) -> Result<(), StoreError> {
    if let Record::Epoch(epoch) = record {
        moves::follow(tx, &epoch.seats)?;
    }
    for needless in record.makes_needless(kept) {
        forget(tx, &needless)?;
    }
    if let Record::Proven(proven) = record {
        return notices::put(tx, proven);
    }
    let Place { kind, chain, number: at } = record.place();
    let bytes = match record {
        Record::Checkpoint(frozen) => pack(&Record::Checkpoint(pages::put(tx, frozen)?.into()))?,
        _ => pack(record)?,
    };
    let chain = chain.as_ref().map(|chain| chain.as_slice());
    match kind {
        Kind::Entry => tx
            .prepare_cached("INSERT INTO log (height, record) VALUES (?1, ?2)")?
            .execute(params![sql(at), bytes])?,
        _ => tx
            .prepare_cached(
                "INSERT INTO notes (kind, chain, height, record) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![number(kind), chain, sql(at), bytes])?,
    };
    Ok(())
}

fn forget(tx: &Transaction<'_>, needless: &Needless) -> Result<(), StoreError> {
    let Needless { kind, chain, up_to } = *needless;
    let (number, up_to) = (number(kind), sql(up_to));
    let notes = |condition: &str, params: &[&dyn ToSql]| {
        let delete = format!("DELETE FROM notes WHERE kind = ?1 AND height <= ?2{condition}");
        tx.prepare_cached(&delete)?.execute(params)
    };
    match (kind, chain) {
        (Kind::Proven, None) => return notices::forget(tx, up_to),
        // Of each chain there is one: the next takes its place.
        (Kind::Proven, Some(_)) => 0,
        (Kind::Entry, _) => {
            tx.prepare_cached("DELETE FROM log WHERE height <= ?1")?.execute([up_to])?
        }
        (_, None) => notes("", params![number, up_to])?,
        (_, Some(chain)) => notes(" AND chain = ?3", params![number, up_to, chain.as_slice()])?,
    };
    Ok(())
}
