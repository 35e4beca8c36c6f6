//! `conet index verify`: the tables made again from the chain, and compared.

use std::{collections::BTreeSet, sync::Arc};

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

/// Rows that differ and are kept: with more of them, the tables are something else.
const DIFFERENCES_MAX: usize = 10_000;

/// Rows of one side that wait for the other side's.
const ROWS_WAITING_MAX: usize = 1_000;

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
    let ((), (), Compared { rows, differences }) = tokio::try_join!(
        store.dump(Some(block), sender),
        again.dump(Some(block), other),
        compared
    )?;
    expect_no_reorganization(&store, cursor).await?;
    let count = differences.len();
    let shown = &differences[..count.min(SHOWN_MAX)];
    let report = json!({ "block": block, "rows": rows, "differences": count, "first": shown });
    if differences.is_empty() {
        let text = format!("{rows} rows at block {block} are what the chain says");
        return Ok(context.output.result(&report, &text)?);
    }
    context.output.result(&report, &shown.join("\n"))?;
    let least = if count > DIFFERENCES_MAX { "more than " } else { "" };
    bail!("{least}{} rows differ from what the chain says", count.min(DIFFERENCES_MAX))
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
    /// Rows that only one side has; `-` is what the tables lack, `+` what they have besides.
    differences: Vec<String>,
}

/// Both sides say their rows in the same order, so only those wait in memory that the other side has not said yet. What
/// archive groups drew is not from this chain.
async fn compare_rows(
    mut tables: mpsc::Receiver<String>,
    mut again: mpsc::Receiver<String>,
) -> Compared {
    let is_of_the_chain = |row: &String| !row.starts_with("cursor|") && !row.starts_with("draws|");
    let (mut besides, mut lacks) = (BTreeSet::new(), BTreeSet::new());
    let mut rows = 0;
    loop {
        let (ours, theirs) = tokio::join!(tables.recv(), again.recv());
        if ours.is_none() && theirs.is_none() || besides.len() + lacks.len() > DIFFERENCES_MAX {
            break;
        }
        let (ours, theirs) = (ours.filter(is_of_the_chain), theirs.filter(is_of_the_chain));
        rows += u64::from(ours.is_some());
        if let Some(row) = ours.filter(|row| !lacks.remove(row)) {
            besides.insert(row);
        }
        if let Some(row) = theirs.filter(|row| !besides.remove(row)) {
            lacks.insert(row);
        }
    }
    let lacks = lacks.into_iter().map(|row| format!("- {row}"));
    let differences = lacks.chain(besides.into_iter().map(|row| format!("+ {row}"))).collect();
    Compared { rows, differences }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn compared(tables: &[&str], again: &[&str]) -> Compared {
        let channel = |rows: &[&str]| {
            let (sender, receiver) = mpsc::channel(1_000_000);
            rows.iter().for_each(|row| sender.try_send((*row).to_owned()).unwrap());
            receiver
        };
        compare_rows(channel(tables), channel(again)).await
    }

    #[tokio::test]
    async fn rows_that_one_side_lacks_are_found() {
        let same = compared(&["cursor|1", "a|1", "a|2"], &["cursor|2", "a|1", "a|2", "draws|1"]);
        let Compared { rows, differences } = same.await;
        assert_eq!((rows, differences.len()), (2, 0));
        let found = compared(&["a|1", "a|3", "b|2"], &["a|1", "a|2", "a|3", "b|1"]).await;
        assert_eq!(found.differences, ["- a|2", "- b|1", "+ b|2"]);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_is_useful() {
        let rows: Vec<_> = (0..DIFFERENCES_MAX * 2).map(|row| format!("a|{row}")).collect();
        let rows: Vec<_> = rows.iter().map(String::as_str).collect();
        let found = compared(&rows, &[]).await.differences.len();
        assert!(found > DIFFERENCES_MAX && found < DIFFERENCES_MAX + 3, "{found}");
    }
}
