//! `conet chain pay`: storage of a chain, for longer.

use alloy::primitives::B256;
use anyhow::ensure;
use clap::Args;
use conet_committee::archive::rent::added_s_min;
use conet_dle::clock;
use serde_json::json;

use super::create::pay_rent;
use crate::{actor::ActorArgs, calendar::when, context::Context};

/// A day, seconds.
const DAY_S: u64 = 86_400;

/// For which chain, and how long.
#[derive(Debug, Args)]
pub(crate) struct PayArgs {
    /// The chain's id
    chain: B256,
    /// For how many days more, from the end of what is paid, or from now when that is over
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// The stablecoin that pays it: a symbol or an address [default: the first that is approved]
    #[arg(long)]
    stablecoin: Option<String>,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Anybody may pay, for any chain. The chain's group takes it up some seconds later.
pub(super) async fn run(args: PayArgs, context: &Context) -> anyhow::Result<()> {
    let PayArgs { chain, days, stablecoin, actor } = args;
    let main = context.mainchain().await?;
    let known = main.chain_anchor().anchorOf(chain).call().await?.paidThrough;
    let least = added_s_min(known.saturating_sub(clock::unix_s())).div_ceil(DAY_S);
    ensure!(
        days >= least,
        "expected at least {least} days, for the chain is paid until {}, found {days}: a payment \
         that adds less than an eighth of that is not heard of by its group",
        when(known)
    );
    let payer = actor.payer(&main, context).await?;
    let through = pay_rent(&main, chain, &payer, (days, stablecoin.as_deref())).await?;
    let text = match through {
        u64::MAX => "storage costs nothing here".to_owned(),
        through => format!("chain {chain} is paid until {}", when(through)),
    };
    Ok(context.output.result(&json!({"chain": chain, "paid_through_s": through}), &text)?)
}
