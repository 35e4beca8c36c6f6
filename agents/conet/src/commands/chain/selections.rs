//! The Selection Chain: who was drawn.

use alloy::primitives::B256;
use anyhow::ensure;
use clap::Args;
use conet_bindings::roles;
use conet_committee::roulette::selection::Selection;
use serde_json::json;

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
}

pub(super) async fn run(args: SelectionsArgs, context: &Context) -> anyhow::Result<()> {
    let all = match args.chain {
        Some(chain) => vec![context.ledgers(chain).await?],
        None => context.groups(args.group).await?,
    };
    for ledgers in all {
        show_all(&args, &ledgers, context).await?;
    }
    Ok(())
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
