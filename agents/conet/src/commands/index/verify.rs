//! `conet index verify`: the tables made again from the chain, and compared.

use std::{cmp::Ordering, sync::Arc};

use anyhow::{Context as _, bail};
use conet_indexer::{
    chain::Pool,
    follow::{self, FollowLimits, Follower, Step, Until},
    store::{Cursor, PostgresStore, SqliteStore, Store},
};
use serde_json::json;
use tokio::sync::mpsc;

use super::{Subject, VerifyArgs};
use crate::context::Context;

/// Rows that differ and are shown.
const SHOWN_MAX: usize = 10;

/// Rows of one side that wait for the other side's.
const ROWS_WAITING_MAX: usize = 1_000;

/// The tables that are compared, in the order in which a store says them.
const TABLES: [&str; 4] = ["blocks", "events", "records", "finds"];

pub(super) async fn run(args: VerifyArgs, context: &Context) -> anyhow::Result<()> {
    let subject = args.index.subject(&context.network_file()?)?;
    match args.index.postgres() {
        Some(url) => compare(subject, PostgresStore::open_reader(url).await?, context).await,
        None => {
            let file = args.index.file(context);
            compare(subject, SqliteStore::open_reader(&file).await?, context).await
        }
    }
}

async fn compare<T: Store>(subject: Subject, store: T, context: &Context) -> anyhow::Result<()> {
    let cursor = store.cursor().await?;
    let cursor = cursor.context("the tables are empty: run `conet index run` first")?;
    let Subject { chain_id, catalogue, tables: rules, pool } = &subject;
    follow::expect(pool, &store, (*chain_id, catalogue, rules)).await?;
    let folder = tempfile::tempdir()?;
    let again = SqliteStore::open(&folder.path().join("again.db")).await?;
    make_again(subject, again.clone(), cursor, context).await?;
    let made = again.cursor().await?.context("the chain has no blocks")?;
    if made.at != cursor.at {
        bail!(
            "expected the chain to have block {} as {}, found {}: the tables are of a branch that is gone, or the RPC's \
             chain is another",
            cursor.at.number,
            cursor.at.hash,
            made.at.hash
        );
    }
    // They may have grown meanwhile: both as they were at this block.
    let block = cursor.at.number;
    let (sender, tables) = mpsc::channel(ROWS_WAITING_MAX);
    let (other, made) = mpsc::channel(ROWS_WAITING_MAX);
    let compared = async { Ok(compare_rows(tables, made).await) };
    let ((), (), Compared { rows, differences, first }) = tokio::try_join!(
        store.dump(Some(block), sender),
        again.dump(Some(block), other),
        compared
    )?;
    expect_no_reorganization(&store, cursor).await?;
    let report =
        json!({ "block": block, "rows": rows, "differences": differences, "first": first });
    if differences == 0 {
        let text = format!("{rows} rows at block {block} are what the chain says");
        return Ok(context.output.result(&report, &text)?);
    }
    context.output.result(&report, &first.join("\n"))?;
    bail!("{differences} rows differ from what the chain says")
}

/// That the tables still have the block up to which they were compared.
async fn expect_no_reorganization(store: &impl Store, cursor: Cursor) -> anyhow::Result<()> {
    let now = store.cursor().await?.map_or(0, |now| now.at.number);
    let known = store.blocks(&[cursor.at.number]).await?;
    // One that is final may be forgotten.
    let is_another = known.first().is_some_and(|block| block.at != cursor.at);
    if now < cursor.at.number || is_another {
        bail!("the chain was reorganized meanwhile: run it again");
    }
    Ok(())
}

/// Follows the chain from its beginning up to where the tables are.
async fn make_again(
    subject: Subject,
    again: SqliteStore,
    cursor: Cursor,
    context: &Context,
) -> anyhow::Result<()> {
    let Subject { chain_id, catalogue, tables, pool } = subject;
    let source: Arc<Until<Pool>> = Arc::new(Until::new(pool, cursor));
    let rules = (chain_id, catalogue, tables);
    let mut follower = Follower::new(source, again.clone(), rules, FollowLimits::default()).await?;
    let bar = context.output.counter(cursor.at.number);
    loop {
        let step = follower.step().await?;
        let at = again.cursor().await?.map_or(0, |cursor| cursor.at.number);
        bar.set_position(at);
        if step == Step::Quiet && at >= cursor.at.number {
            bar.finish_and_clear();
            return Ok(());
        }
    }
}

/// What was compared.
#[derive(Default)]
struct Compared {
    /// The tables' rows.
    rows: u64,
    /// Rows that only one side has.
    differences: u64,
    /// The first of them; `-` is what the tables lack, `+` what they have besides.
    first: Vec<String>,
}

impl Compared {
    fn differs(&mut self, sign: char, row: &str) {
        self.differences += 1;
        if self.first.len() < SHOWN_MAX {
            self.first.push(format!("{sign} {row}"));
        }
    }
}

/// Where a row stands among those of all tables: its table, and that one's key. A store says rows in this order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    table: usize,
    texts: [&'a str; 4],
    numbers: [i64; 2],
}

impl<'a> Place<'a> {
    fn of(row: &'a str) -> Self {
        // What is none of these rows comes after all of them.
        Self::parse(row).unwrap_or(Self {
            table: TABLES.len(),
            texts: [row, "", "", ""],
            numbers: [0; 2],
        })
    }

    fn parse(row: &'a str) -> Option<Self> {
        let (name, row) = row.split_once('|')?;
        let table = TABLES.iter().position(|table| *table == name)?;
        let mut parts = row.splitn(4, '|');
        let mut part = || parts.next();
        let mut place = Self { table, texts: [""; 4], numbers: [0; 2] };
        match name {
            "blocks" => place.numbers[0] = part()?.parse().ok()?,
            "events" => place.numbers = [part()?.parse().ok()?, part()?.parse().ok()?],
            "records" => {
                place.texts = [part()?, part()?, "", ""];
                place.numbers[0] = part()?.parse().ok()?;
            }
            _ => {
                // The value between may be any text; the last column is no part of the key.
                let (name, rest) = row.split_once('|')?;
                let (field, rest) = rest.split_once('|')?;
                let (rest, _since) = rest.rsplit_once('|')?;
                let (value, key) = rest.rsplit_once('|')?;
                place.texts = [name, field, value, key];
            }
        }
        Some(place)
    }
}

/// Which of two rows comes first; none comes after all.
fn order(ours: Option<&str>, theirs: Option<&str>) -> Ordering {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => Ordering::Equal,
        (Some(ours), Some(theirs)) => Place::of(ours).cmp(&Place::of(theirs)),
        (ours, theirs) => theirs.is_some().cmp(&ours.is_some()),
    }
}

/// Merges both sides by their order: one row of each is in memory, however many the other one lacks.
async fn compare_rows(
    mut tables: mpsc::Receiver<String>,
    mut again: mpsc::Receiver<String>,
) -> Compared {
    let mut compared = Compared::default();
    let (mut ours, mut theirs) = tokio::join!(next(&mut tables), next(&mut again));
    while ours.is_some() || theirs.is_some() {
        let order = order(ours.as_deref(), theirs.as_deref());
        let differ = ours != theirs;
        if order.is_ge() {
            theirs.filter(|_| differ).iter().for_each(|row| compared.differs('-', row));
            theirs = next(&mut again).await;
        }
        if order.is_le() {
            compared.rows += 1;
            ours.filter(|_| differ).iter().for_each(|row| compared.differs('+', row));
            ours = next(&mut tables).await;
        }
    }
    compared
}

/// The next row that comes from the chain: how far a side is, and what archive groups drew, does not.
async fn next(rows: &mut mpsc::Receiver<String>) -> Option<String> {
    loop {
        let row = rows.recv().await?;
        if !row.starts_with("cursor|") && !row.starts_with("draws|") {
            return Some(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, Bytes};
    use conet_indexer::{
        decode::RawEvent,
        store::{At, Batch, BlockRow, FindRow, Identity, RecordRow},
    };

    use super::*;

    async fn compared(tables: &[String], again: &[String]) -> Compared {
        let channel = |rows: &[String]| {
            let (sender, receiver) = mpsc::channel(1_000_000);
            rows.iter().for_each(|row| sender.try_send(row.clone()).unwrap());
            receiver
        };
        compare_rows(channel(tables), channel(again)).await
    }

    fn rows(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    fn blocks(numbers: std::ops::Range<u64>) -> Vec<String> {
        numbers.map(|number| format!("blocks|{number}|aa|1")).collect()
    }

    #[tokio::test]
    async fn rows_that_one_side_lacks_are_found() {
        let ours = rows(&["cursor|1", "blocks|9|aa|1", "blocks|10|bb|2"]);
        let theirs = rows(&["cursor|2", "blocks|9|aa|1", "blocks|10|bb|2", "draws|1"]);
        let Compared { rows: count, differences, first } = compared(&ours, &theirs).await;
        assert_eq!((count, differences, first.len()), (2, 0, 0));

        let ours = rows(&["blocks|9|aa|1", "blocks|11|bb|2", "records|names|05|3|-|{}"]);
        let theirs =
            rows(&["blocks|9|aa|1", "blocks|10|bb|2", "blocks|11|bb|2", "records|names|04|3|-|{}"]);
        let found = compared(&ours, &theirs).await;
        assert_eq!(
            found.first,
            ["- blocks|10|bb|2", "- records|names|04|3|-|{}", "+ records|names|05|3|-|{}"]
        );
        // A row that both have, but not with the same columns, is none that the other side has.
        let found = compared(&rows(&["blocks|9|aa|1"]), &rows(&["blocks|9|bb|1"])).await;
        assert_eq!(
            (found.differences, found.first),
            (2, rows(&["- blocks|9|bb|1", "+ blocks|9|aa|1"]))
        );
    }

    #[tokio::test]
    async fn however_many_rows_are_missing_no_equal_one_is_a_difference() {
        let whole = blocks(0..60_000);
        let holed = [blocks(0..20_000), blocks(40_000..60_000)].concat();
        for (ours, theirs, sign) in [(&holed, &whole, '-'), (&whole, &holed, '+')] {
            let found = compared(ours, theirs).await;
            assert_eq!((found.rows, found.differences), (ours.len() as u64, 20_000));
            let missing = blocks(20_000..20_010);
            let missing: Vec<_> = missing.iter().map(|row| format!("{sign} {row}")).collect();
            assert_eq!(found.first, missing);
        }
        let found = compared(&whole, &[]).await;
        assert_eq!((found.differences, found.first.len()), (60_000, SHOWN_MAX));
    }

    /// Rows whose order as text is another than as numbers, and values with what stands between columns.
    fn batch() -> Batch {
        let numbers = [2, 9, 10, 100];
        let at = |number| At { number, hash: B256::repeat_byte(1) };
        let event = |block, index| RawEvent {
            block,
            index,
            transaction: B256::ZERO,
            address: Address::ZERO,
            topics: Vec::new(),
            data: Bytes::new(),
        };
        let record = |table: &str, key: &[u8], since| RecordRow {
            table: table.to_owned(),
            key: key.to_vec(),
            since,
            body: Some("{\"a\":\"|\"}".to_owned()),
        };
        let find = |value: &str, key: &[u8]| FindRow {
            table: "names".to_owned(),
            field: "label".to_owned(),
            value: value.to_owned(),
            key: key.to_vec(),
            since: 7,
        };
        let records = numbers.iter().flat_map(|since| {
            [
                record("names", &[1], *since),
                record("names", &[1, 0], *since),
                record("a", &[9], *since),
            ]
        });
        Batch {
            blocks: numbers.iter().map(|number| BlockRow { at: at(*number), time: 1 }).collect(),
            events: numbers
                .iter()
                .flat_map(|block| [event(*block, 2), event(*block, 10)])
                .collect(),
            records: records.collect(),
            finds: vec![
                find("a", &[3]),
                find("a|b", &[1]),
                find("a!", &[2]),
                find("ab", &[0]),
                find("a", &[1]),
            ],
        }
    }

    #[tokio::test]
    async fn a_store_says_its_rows_in_the_order_of_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("a.db")).await.unwrap();
        let identity = Identity { chain_id: 1, genesis: B256::ZERO, rules: B256::ZERO };
        store.begin(&identity).await.unwrap();
        let at = At { number: 100, hash: B256::repeat_byte(1) };
        let cursor = Cursor { at, time: 1, finalized: 0 };
        store.apply(None, Arc::new(batch()), &cursor).await.unwrap();
        let (sender, mut receiver) = mpsc::channel(1_000);
        store.dump(None, sender).await.unwrap();
        let mut rows = Vec::new();
        while let Some(row) = next(&mut receiver).await {
            rows.push(row);
        }
        assert_eq!(rows.len(), 4 + 8 + 12 + 5, "{rows:?}");
        let places: Vec<_> = rows.iter().map(|row| Place::of(row)).collect();
        assert!(places.iter().all(|place| place.table < TABLES.len()), "{places:?}");
        assert!(places.is_sorted_by(|one, other| one < other), "{places:?}");
    }
}
