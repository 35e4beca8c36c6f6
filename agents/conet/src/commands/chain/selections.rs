//! The Selection Chain: who was drawn.

use alloy::primitives::B256;
use anyhow::ensure;
use clap::Args;
use conet_bindings::roles;
use conet_committee::roulette::selection::Selection;
use serde_json::json;

use super::redraw::{Redrawn, redraw};
use crate::{context::Context, ledgers::Ledgers};

/// Which draws.
#[derive(Debug, Args)]
pub(crate) struct SelectionsArgs {
    /// Only those for this chain
    chain: Option<B256>,
    /// From this number on
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Those of this archive group [default: of all that work, or of the one that keeps the chain]
    #[arg(long, conflicts_with = "chain")]
    group: Option<u32>,
    /// Draw all of the group's draws again, and compare
    #[arg(long, conflicts_with = "from")]
    verify: bool,
}

pub(super) async fn run(args: SelectionsArgs, context: &Context) -> anyhow::Result<()> {
    let all = match args.chain {
        Some(chain) => vec![context.ledgers(chain).await?],
        None => context.groups(args.group).await?,
    };
    for ledgers in all {
        match args.verify {
            true => draw_again(&args, &ledgers, context).await?,
            false => show_all(&args, &ledgers, context).await?,
        }
    }
    Ok(())
}

async fn draw_again(
    args: &SelectionsArgs,
    ledgers: &Ledgers,
    context: &Context,
) -> anyhow::Result<()> {
    let is_shown =
        |selection: &Selection| args.chain.is_none_or(|chain| chain == selection.request.chain);
    let redrawn = redraw(ledgers, |selection| match is_shown(selection) {
        true => show(selection, context),
        false => Ok(()),
    });
    let redrawn = redrawn.await?;
    let (vouching, seats) = redrawn.vouching;
    let missing: u64 = redrawn.missing.iter().map(|range| range.end - range.start).sum();
    let json = json!({
        "group": ledgers.seats.group,
        "node": redrawn.node,
        "redrawn": redrawn.draws,
        "missing": missing,
        "length": redrawn.head.length,
        "last": redrawn.head.last,
        "vouching": vouching,
        "seats": seats,
    });
    let text = redrawn_text(&redrawn);
    context.output.result(&json, &text)?;
    if 3 * vouching <= seats {
        context.output.warn(
            "no more than a third of the seats name the keys of the oldest seeds: they could all be lying",
        );
    }
    Ok(())
}

/// What was drawn again, for people.
pub(crate) fn redrawn_text(redrawn: &Redrawn) -> String {
    let Redrawn { node, draws, missing, vouching: (vouching, seats), .. } = redrawn;
    let mut text = format!(
        "{draws} draws, as node {node} keeps them, were drawn again here and are the same; the keys of their seeds are \
         named by {vouching} of {seats} seats"
    );
    for range in missing {
        text += &format!("\ndraws {} to {} are not there", range.start, range.end - 1);
    }
    text
}

async fn show_all(
    args: &SelectionsArgs,
    ledgers: &Ledgers,
    context: &Context,
) -> anyhow::Result<()> {
    let (mut from, mut before): (u64, Option<B256>) = (args.from, None);
    loop {
        let question =
            ledgers.ask(async |client, place| client.selections(place, args.chain, from).await);
        let page = question.await?.selections;
        let Some(last) = page.last() else { return Ok(()) };
        ensure!(last.index >= from, "a seat gives draws in no order: do not trust it");
        from = last.index.saturating_add(1);
        for selection in &page {
            // Of one chain's draws alone the links between them are missing.
            let is_linked = before.is_none_or(|before| before == selection.parent);
            ensure!(
                args.chain.is_some() || is_linked,
                "draw {} does not follow from the one before it: do not trust it",
                selection.index
            );
            before = Some(selection.id());
            show(selection, context)?;
        }
    }
}

/// One draw.
pub(crate) fn show(selection: &Selection, context: &Context) -> anyhow::Result<()> {
    let request = &selection.request;
    let role = roles::names(request.role).collect::<Vec<_>>().join(",");
    let drawn: Vec<_> = selection.members().iter().map(|node| node.0).collect();
    let json = json!({
        "index": selection.index,
        "id": selection.id(),
        "parent": selection.parent,
        "chain": request.chain,
        "height": request.height,
        "role": role,
        "asked_in": request.logged_at,
        "seed_of": request.seed_height,
        "drawn_in": selection.drawn_in,
        "seed": selection.seed,
        "drawn": drawn,
    });
    Ok(context.output.result(&json, &text(selection))?)
}

/// One draw, for people.
pub(crate) fn text(selection: &Selection) -> String {
    let request = &selection.request;
    let role = roles::names(request.role).collect::<Vec<_>>().join(",");
    let drawn: Vec<_> = selection.members().iter().map(|node| node.0.to_string()).collect();
    format!(
        "{:>5}  entry {:>5}  seed of {:>5}  {role:<9} from height {:>4}  node {}",
        selection.index,
        selection.drawn_in,
        request.seed_height,
        request.height,
        if drawn.is_empty() { "none that fits".to_owned() } else { drawn.join(" ") },
    )
}
