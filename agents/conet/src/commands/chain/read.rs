//! What chains and their archive group say of themselves.

use alloy::primitives::B256;
use anyhow::ensure;
use clap::Args;
use conet_committee::{archive::ProvenNotice, keys::NodeId};
use conet_dle::rpc::BlockView;
use serde_json::{Value, json};

use super::{OneArgs, ReaderArgs};
use crate::{calendar, context::Context, ledgers::Ledgers};

/// Which blocks.
#[derive(Debug, Args)]
pub(crate) struct BlocksArgs {
    /// The chain's id
    chain: B256,
    /// From this height on [default: the last ones]
    #[arg(long)]
    from: Option<u64>,
    /// How many
    #[arg(long, default_value_t = 10)]
    count: u64,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Which archive group.
#[derive(Debug, Args)]
pub(crate) struct GroupArgs {
    /// Only this archive group [default: all that work]
    #[arg(long)]
    group: Option<u32>,
}

pub(super) async fn list(args: GroupArgs, context: &Context) -> anyhow::Result<()> {
    let heading = format!("{:<66}  {:>6}  {:>4}  group", "chain", "height", "view");
    context.output.heading(&heading)?;
    for ledgers in context.groups(args.group).await? {
        list_of(&ledgers, context).await?;
    }
    Ok(())
}

async fn list_of(ledgers: &Ledgers, context: &Context) -> anyhow::Result<()> {
    let mut after = B256::ZERO;
    loop {
        let page = ledgers.ask(async |client, place| client.chains(place, after).await).await?;
        let Some(last) = page.last().map(|last| last.notice.chain) else { return Ok(()) };
        ensure!(last > after, "a seat lists chains in no order: do not trust it");
        after = last;
        for proven in &page {
            ledgers.check(proven)?;
            let notice = &proven.notice;
            let (chain, height, view) = (notice.chain, notice.height, notice.view);
            let text = format!("{chain:<66}  {height:>6}  {view:>4}  {}", group_text(proven));
            context.output.result(&notice_json(proven), &text)?;
        }
    }
}

pub(super) async fn status(args: GroupArgs, context: &Context) -> anyhow::Result<()> {
    for ledgers in context.groups(args.group).await? {
        status_of(&ledgers, context).await?;
    }
    Ok(())
}

async fn status_of(ledgers: &Ledgers, context: &Context) -> anyhow::Result<()> {
    let status = ledgers.ask(async |client, place| client.status(place).await).await?;
    let away: Vec<_> = status.seats.iter().filter(|seat| !status.active.contains(seat)).collect();
    let mut text = format!(
        "archive group {}, epoch {}, as node {} sees it\n  seats      {}\n  entries    {}, the last at {}\n  chains     {}\n  waiting    {} nodes",
        status.group,
        status.epoch,
        status.node,
        numbers(&status.seats),
        status.height,
        calendar::when(status.time_ms / 1_000),
        status.chains,
        status.waiting,
    );
    if !away.is_empty() {
        let away: Vec<_> = away.into_iter().copied().collect();
        text += &format!("\n  suspended  {}", numbers(&away));
    }
    Ok(context.output.result(&serde_json::to_value(&status)?, &text)?)
}

pub(super) async fn show(args: OneArgs, context: &Context) -> anyhow::Result<()> {
    let (ledgers, key) = (context.ledgers(args.chain).await?, args.reader.key(context).await?);
    let (chain, signer) = (args.chain, key.as_ref());
    let proven = ledgers.chain(chain, signer).await?;
    let begun = ledgers.ask(async |client, place| client.genesis(place, chain, signer).await);
    let begun = begun.await?;
    let anchor = context.mainchain().await?.chain_anchor().anchorOf(chain).call().await?;
    let is_anchored = anchor.genesisHash == begun.hash;
    let (notice, genesis) = (&proven.notice, &begun.genesis);
    let paid = match notice.paid_through_s {
        u64::MAX => "free".to_owned(),
        until => format!("paid until {}", calendar::when(until)),
    };
    let text = format!(
        "chain {chain}\n  class      {}, {}\n  wallet     {}\n  height     {}, block {}\n  view       {}\n  group      {}\n  storage    {paid}\n  anchored   {}\n  proof      checked: entry {} of the archive group's log",
        lower(&genesis.class)?,
        lower(&genesis.visibility)?,
        genesis.wallet,
        notice.height,
        notice.hash,
        notice.view,
        group_text(&proven),
        if is_anchored { "on the main chain" } else { "not yet" },
        proven.entry(),
    );
    let mut shown = notice_json(&proven);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("class".into(), serde_json::to_value(genesis.class)?);
        fields.insert("visibility".into(), serde_json::to_value(genesis.visibility)?);
        fields.insert("wallet".into(), json!(genesis.wallet));
        fields.insert("genesis".into(), json!(begun.hash));
        fields.insert("anchored".into(), json!(is_anchored));
        fields.insert("verified".into(), json!(true));
    }
    Ok(context.output.result(&shown, &text)?)
}

pub(super) async fn blocks(args: BlocksArgs, context: &Context) -> anyhow::Result<()> {
    let (ledgers, key) = (context.ledgers(args.chain).await?, args.reader.key(context).await?);
    let (chain, signer) = (args.chain, key.as_ref());
    let height = ledgers.chain(chain, signer).await?.notice.height;
    let from = args.from.unwrap_or((height + 1).saturating_sub(args.count).max(1));
    for height in from..=height.min(from.saturating_add(args.count.saturating_sub(1))) {
        let block = block(&ledgers, chain, height, signer).await?;
        let count = block.body.as_ref().map(|body| body.transactions.len());
        let about = &block.header.proposal;
        let text = format!(
            "{height:>6}  {}  view {:<3} {:>3} transactions  {:>9} gas  {}",
            calendar::when(about.time_ms / 1_000),
            about.view,
            count.map_or_else(|| "?".to_owned(), |count| count.to_string()),
            block.header.outcome.gas_used,
            block.header.hash(),
        );
        context.output.result(&serde_json::to_value(&block)?, &text)?;
    }
    Ok(())
}

pub(super) async fn block(
    ledgers: &Ledgers,
    chain: B256,
    height: u64,
    signer: Option<&conet_dle::keys::WalletKey>,
) -> anyhow::Result<BlockView> {
    ledgers.ask(async |client, place| client.block(place, chain, height, signer).await).await
}

/// What a notice says, for programs.
pub(super) fn notice_json(proven: &ProvenNotice) -> Value {
    let notice = &proven.notice;
    let ids = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect::<Vec<_>>();
    let validators: Vec<_> = notice
        .validators
        .iter()
        .map(|(height, nodes)| json!({ "height": height, "nodes": ids(nodes) }))
        .collect();
    json!({
        "chain": notice.chain,
        "series": notice.series,
        "height": notice.height,
        "block": notice.hash,
        "view": notice.view,
        "creator": notice.creator.map(|node| node.0),
        "witnesses": ids(&notice.witnesses),
        "validators": validators,
        "paid_through_s": notice.paid_through_s,
    })
}

/// Who makes blocks and who watches, for people.
pub(super) fn group_text(proven: &ProvenNotice) -> String {
    let notice = &proven.notice;
    let creator = notice.creator.map_or_else(|| "none yet".to_owned(), |node| node.0.to_string());
    let witnesses: Vec<_> = notice.witnesses.iter().map(|node| node.0).collect();
    format!("creator {creator}, witnesses {}", numbers(&witnesses))
}

fn numbers(ids: &[u64]) -> String {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    if ids.is_empty() { "none".to_owned() } else { ids.join(" ") }
}

/// The name of a value that has one.
fn lower<T: serde::Serialize>(value: &T) -> anyhow::Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}
