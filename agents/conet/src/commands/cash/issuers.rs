//! Issuers and the CoNET that they hold ready to burn.

use alloy::primitives::U256;
use anyhow::Context as _;
use conet_chain::{Mainchain, amounts::conet_text};
use serde_json::json;

use super::FreeArgs;
use crate::{
    actor::Coin,
    context::{Context, id_json},
};

/// How many are read at a time: the contract's most.
const PAGE: usize = 100;

pub(super) async fn list(chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let (orders, mut offset) = (chain.cash_orders(), 0);
    loop {
        let page = orders.issuers(U256::from(offset), U256::from(PAGE)).call().await?;
        for issuer in page.iter().filter(|issuer| !issuer.weight.is_zero()) {
            show(chain, issuer.node, context).await?;
        }
        offset += PAGE;
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

pub(super) async fn deposit(
    args: FreeArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let orders = chain.cash_orders();
    Coin::conet(chain).allow(chain, &payer, *orders.address(), args.amount).await?;
    payer.send(orders.deposit(args.node, args.amount)).await.context("depositing")?;
    show(chain, args.node, context).await
}

pub(super) async fn withdraw(
    args: FreeArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    payer.send(chain.cash_orders().withdraw(args.node, args.amount)).await?;
    show(chain, args.node, context).await
}

async fn show(chain: &Mainchain, node: U256, context: &Context) -> anyhow::Result<()> {
    let orders = chain.cash_orders();
    let free = conet_text(orders.free(node).call().await?);
    let is_fit = orders.isFit(node).call().await?;
    let weighs = !orders.weightOf(node).call().await?.is_zero();
    let json = json!({
        "node": id_json(node),
        "free_conet": free,
        "may_issue": is_fit,
        "in_draws": weighs,
    });
    let why = if is_fit { "" } else { "  cannot issue: no free seat as creator" };
    Ok(context.output.result(&json, &format!("node {node:>4}  {free:>12} CoNET free{why}"))?)
}
