//! `conet stake`: CoNET behind a node's roles, and the seats that it carries.

use alloy::primitives::U256;
use clap::{Args, Subcommand};
use conet_bindings::roles;
use conet_chain::{Mainchain, amounts::conet_text};
use serde_json::json;

use crate::{
    actor::Coin,
    calendar::when,
    context::{Context, PasswordArgs, conet_amount, id_json, node_id},
};

/// Put CoNET behind a node's roles, and take it back.
#[derive(Debug, Subcommand)]
pub(crate) enum StakeCommand {
    /// Stake for a role of a node
    #[command(after_help = "Example:
  conet stake add --wallet bobo --node 3 --role witness --amount 5000

The wallet must own the node, and the node must offer the role. What one seat takes is in
conet gov rules. Nobody can stake for somebody else's node.")]
    Add(MoveArgs),
    /// Begin to take stake back: it can be withdrawn after 21 days, and be slashed until then
    #[command(after_help = "Example:
  conet stake unbond --wallet bobo --node 3 --role witness --amount 5000

What stays must carry the seats that the node holds. conet stake show says when it can be
withdrawn.")]
    Unbond(MoveArgs),
    /// Withdraw what has unbonded
    #[command(after_help = "Example:
  conet stake withdraw --wallet bobo --node 3 --role witness")]
    Withdraw(WithdrawArgs),
    /// Show what a node has staked, what unbonds until when, and what the slasher froze
    #[command(after_help = "Example:
  conet stake show --node 3")]
    Show {
        /// The node
        #[arg(long, value_parser = node_id)]
        node: U256,
    },
}

/// How much, for what.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    /// The node
    #[arg(long, value_parser = node_id)]
    node: U256,
    /// The role: relay, agent, archive, witness, validator, creator or compute
    #[arg(long, value_parser = role)]
    role: u16,
    /// CoNET
    #[arg(long, value_parser = conet_amount)]
    amount: U256,
    /// The wallet that owns the node
    #[arg(long)]
    wallet: String,
    #[command(flatten)]
    password: PasswordArgs,
}

/// What to withdraw.
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// The node
    #[arg(long, value_parser = node_id)]
    node: U256,
    /// The role
    #[arg(long, value_parser = role)]
    role: u16,
    /// The wallet that owns the node
    #[arg(long)]
    wallet: String,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A role's bit.
pub(crate) fn role(text: &str) -> Result<u16, String> {
    let names = || roles::ALL.map(|(_, name)| name).join(", ");
    roles::by_name(text).ok_or_else(|| format!("expected one of {}, found {text:?}", names()))
}

pub(crate) async fn run(command: StakeCommand, context: &Context) -> anyhow::Result<()> {
    let chain = context.mainchain().await?;
    match command {
        StakeCommand::Add(args) => {
            let payer = context.payer(&chain, &args.wallet, &args.password).await?;
            let staking = chain.staking();
            Coin::conet(&chain).allow(&chain, &payer, *staking.address(), args.amount).await?;
            payer.send(staking.stake(args.node, args.role, args.amount)).await?;
            show_role(&chain, args.node, args.role, context).await
        }
        StakeCommand::Unbond(args) => {
            let payer = context.payer(&chain, &args.wallet, &args.password).await?;
            payer.send(chain.staking().unbond(args.node, args.role, args.amount)).await?;
            show_role(&chain, args.node, args.role, context).await
        }
        StakeCommand::Withdraw(args) => {
            let payer = context.payer(&chain, &args.wallet, &args.password).await?;
            let before = chain.token().balanceOf(payer.address()).call().await?;
            payer.catch_up().await?;
            payer.send(chain.staking().withdraw(args.node, args.role)).await?;
            let after = chain.token().balanceOf(payer.address()).call().await?;
            let got = conet_text(after.saturating_sub(before));
            let json = json!({ "node": id_json(args.node), "withdrawn_conet": got });
            Ok(context.output.result(&json, &format!("{got} CoNET came back"))?)
        }
        StakeCommand::Show { node } => {
            for (bit, _) in roles::ALL {
                show_role(&chain, node, bit, context).await?;
            }
            Ok(())
        }
    }
}

async fn show_role(
    chain: &Mainchain,
    node: U256,
    role: u16,
    context: &Context,
) -> anyhow::Result<()> {
    let staking = chain.staking();
    let bonded = staking.bonded(node, role).call().await?;
    let seats = staking.seats(node, role).call().await?;
    let capacity = staking.capacity(node, role).call().await?;
    let unbonding = staking.unbondings(node, role).call().await?;
    let unbonding: Vec<_> = unbonding.amounts.into_iter().zip(unbonding.withdrawableAt).collect();
    let frozen = staking.frozen(node, role).call().await?;
    let name: String = roles::names(role).collect();
    let json = json!({
        "node": id_json(node),
        "role": name,
        "bonded_conet": conet_text(bonded),
        "seats": u64::try_from(seats)?,
        "capacity": capacity.to_string(),
        "unbonding": unbonding.iter().map(|(amount, at)| json!({
            "conet": conet_text(*amount),
            "withdrawable_at": at.saturating_to::<u64>(),
        })).collect::<Vec<_>>(),
        "frozen_conet": conet_text(frozen),
    });
    let mut text =
        format!("{name:<10} {:>12} CoNET  {seats} of {capacity} seats held", conet_text(bonded));
    for (amount, at) in unbonding {
        let (amount, at) = (conet_text(amount), when(at.saturating_to()));
        text += &format!("\n           {amount:>12} CoNET  unbonds until {at}");
    }
    if !frozen.is_zero() {
        text += &format!("\n           {:>12} CoNET  frozen in a case", conet_text(frozen));
    }
    Ok(context.output.result(&json, &text)?)
}
