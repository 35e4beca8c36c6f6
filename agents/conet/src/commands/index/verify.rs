//! `conet index verify`: the tables made again from the chain, and compared.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use conet_indexer::{
    chain::Pool,
    follow::{self, FollowLimits, Follower, Step, Until},
    store::{Cursor, PostgresStore, SqliteStore, Store},
};
use serde_json::json;

use super::{Subject, VerifyArgs};
use crate::context::Context;

/// Rows that differ and are shown.
const SHOWN_MAX: usize = 10;

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
    // They may grow meanwhile.
    let (cursor, tables) = store.dump().await?;
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
    let rows = tables.len();
    let differences = differences(tables, again.dump().await?.1);
    let report = json!({
        "block": cursor.at.number,
        "rows": rows,
        "differences": differences.len(),
        "first": differences.iter().take(SHOWN_MAX).collect::<Vec<_>>(),
    });
    if differences.is_empty() {
        let text = format!("{rows} rows at block {} are what the chain says", cursor.at.number);
        return Ok(context.output.result(&report, &text)?);
    }
    let shown: Vec<_> = differences.iter().take(SHOWN_MAX).map(String::as_str).collect();
    context.output.result(&report, &shown.join("\n"))?;
    bail!("{} rows differ from what the chain says", differences.len())
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

/// Rows that only one side has; `-` is what the tables lack, `+` what they have besides. What archive groups drew is not
/// from this chain.
fn differences(tables: Vec<String>, again: Vec<String>) -> Vec<String> {
    let comparable = |line: &String| !line.starts_with("cursor|") && !line.starts_with("draws|");
    let set = |lines: Vec<String>| {
        lines.into_iter().filter(comparable).collect::<std::collections::BTreeSet<_>>()
    };
    let (tables, again) = (set(tables), set(again));
    let lacks = again.difference(&tables).map(|line| format!("- {line}"));
    lacks.chain(tables.difference(&again).map(|line| format!("+ {line}"))).collect()
}
