//! `conet index show`: what an indexer has.

use anyhow::{Context as _, ensure};
use clap::Args;
use conet_index_client::{IndexClient, Page, RecordView, Table};
use serde_json::json;

use crate::context::Context;

/// Which records.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet index show                                  which tables there are
  conet index show nodes
  conet index show routes 0x…                       one record, by its key
  conet index show names --find wallet=0x…
  conet --json index show nodes 2 --block 120       as it was

Nobody proves here that the indexer is right: routes and nodes that are used are checked by whoever uses them.")]
pub(crate) struct ShowArgs {
    /// The table [default: all are named]
    table: Option<String>,
    /// Its record with this key
    key: Vec<String>,
    /// Only records with this value in this field
    #[arg(long, value_name = "FIELD=VALUE", conflicts_with = "key", requires = "table")]
    find: Option<String>,
    /// As it was at this block
    #[arg(long, value_name = "N")]
    block: Option<u64>,
    /// Records, the first ones
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// The indexer [default: the network's]
    #[arg(long, value_name = "URL")]
    index: Option<String>,
}

pub(super) async fn run(args: ShowArgs, context: &Context) -> anyhow::Result<()> {
    let url = match &args.index {
        Some(url) => url.clone(),
        None => context.network_file()?.indexer_url.context(
            "the network file names no indexer: give --index URL, or start one with `conet index run`",
        )?,
    };
    let client = IndexClient::new(&url)?;
    let Some(table) = &args.table else { return tables(&client, context).await };
    let block = args.block.map(|block| block.to_string());
    let mut parameters: Vec<_> = block.iter().map(|block| ("block", block.as_str())).collect();
    if !args.key.is_empty() {
        let key: Vec<_> = args.key.iter().map(String::as_str).collect();
        let found: Option<RecordView> = client.record(table, &key, &parameters).await?;
        let found = found.with_context(|| format!("{table} has no {}", args.key.join(" ")))?;
        return show(&found, context);
    }
    let limit = args.limit.to_string();
    parameters.push(("limit", &limit));
    if let Some(find) = &args.find {
        let pair = find.split_once('=');
        parameters.push(pair.with_context(|| format!("expected FIELD=VALUE, found {find:?}"))?);
    }
    let page: Page<RecordView> = client.records(table, &parameters).await?;
    page.rows.iter().try_for_each(|row| show(row, context))?;
    if page.next.is_some() {
        context.output.warn(&format!("there are more: --limit {limit} are shown"));
    }
    Ok(())
}

async fn tables(client: &IndexClient, context: &Context) -> anyhow::Result<()> {
    let tables = client.tables().await?;
    ensure!(!tables.is_empty(), "the indexer at {} has no tables", client.url());
    for Table { name, about, key, find } in tables {
        let text = format!("{name:<18} {about}\n{:<18} by {}", "", key.join(" "));
        let json = json!({ "table": name, "about": about, "key": key, "find": find });
        context.output.result(&json, &text)?;
    }
    Ok(())
}

fn show(row: &RecordView, context: &Context) -> anyhow::Result<()> {
    let json = serde_json::to_value(row)?;
    let text = match &row.record {
        Some(fields) => serde_json::to_string_pretty(fields)?,
        None => format!("ended at block {}", row.since),
    };
    Ok(context.output.result(&json, &text)?)
}
