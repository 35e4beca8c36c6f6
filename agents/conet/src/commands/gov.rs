//! `conet gov`: what the network's rules are, and votes that change them.

use alloy::primitives::{Address, U256};
use clap::{Args, Subcommand, ValueEnum};
use conet_chain::{
    Mainchain,
    amounts::conet_text,
    changes::{self, Change},
};
use proposals::{Act, State};
use serde_json::json;

use crate::context::{Context, PasswordArgs, address};

mod proposals;
mod rules;

/// Read the rules, and vote on them.
#[derive(Debug, Subcommand)]
pub(crate) enum GovCommand {
    /// Show everything that votes decide, as it is now
    Rules,
    /// Let a wallet's CoNET vote: by itself, or by somebody else
    #[command(after_help = "Example:
  conet gov delegate --wallet bobo

CoNET votes only once it is delegated, from the next second on. What is staked does not vote.")]
    Delegate(DelegateArgs),
    /// Propose changes
    #[command(after_help = propose_help())]
    Propose(ProposeArgs),
    /// Vote on a proposal
    #[command(after_help = "Example:
  conet gov vote 1 yes --wallet bobo --reason 'cheaper for everybody'")]
    Vote(VoteArgs),
    /// Queue a proposal that won: its delay begins
    Queue(ActArgs),
    /// Execute a proposal whose delay is over
    Execute(ActArgs),
    /// Wait until a proposal is in a state
    #[command(after_help = "Example:
  conet gov wait 1 succeeded && conet gov queue 1 --wallet bobo")]
    Wait(WaitArgs),
    /// List all proposals
    List,
    /// Show one proposal
    Show {
        /// Its number in the list, or its id
        proposal: U256,
    },
}

fn propose_help() -> String {
    format!(
        "Examples:
  conet gov propose --wallet bobo transfer-fee=0.06%
  conet gov propose --wallet bobo exit-fee=0.3% minimum-stake.archive=30000 --title 'Busier days'

Changes:
{}",
        changes::forms()
    )
}

/// Who votes for whom.
#[derive(Debug, Args)]
pub(crate) struct DelegateArgs {
    /// The wallet whose CoNET it is
    #[arg(long)]
    wallet: String,
    /// Who votes with it [default: the wallet itself]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    to: Option<Address>,
    #[command(flatten)]
    password: PasswordArgs,
}

/// What is proposed.
#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// Changes, each as NAME=VALUE
    #[arg(required = true, value_name = "CHANGE")]
    changes: Vec<Change>,
    /// A line that says why [default: the changes]
    #[arg(long)]
    title: Option<String>,
    /// The wallet that proposes
    #[arg(long)]
    wallet: String,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A vote.
#[derive(Debug, Args)]
pub(crate) struct VoteArgs {
    /// The proposal's number in the list, or its id
    proposal: U256,
    /// The vote
    choice: Choice,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// The wallet that votes
    #[arg(long)]
    wallet: String,
    #[command(flatten)]
    password: PasswordArgs,
}

/// By the number that the governor knows it under.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Choice {
    No,
    Yes,
    Abstain,
}

/// A proposal to move on.
#[derive(Debug, Args)]
pub(crate) struct ActArgs {
    /// The proposal's number in the list, or its id
    proposal: U256,
    /// The wallet that pays the gas; it needs no votes
    #[arg(long)]
    wallet: String,
    #[command(flatten)]
    password: PasswordArgs,
}

/// What to wait for.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// The proposal's number in the list, or its id
    proposal: U256,
    /// The state
    state: State,
    /// Give up after so many seconds
    #[arg(long, default_value_t = 3600)]
    timeout_s: u64,
}

pub(crate) async fn run(command: GovCommand, context: &Context) -> anyhow::Result<()> {
    let chain = context.mainchain().await?;
    match command {
        GovCommand::Rules => rules::show(&chain, context).await,
        GovCommand::Delegate(args) => delegate(args, &chain, context).await,
        GovCommand::Propose(args) => proposals::propose(args, &chain, context).await,
        GovCommand::Vote(args) => proposals::vote(args, &chain, context).await,
        GovCommand::Queue(args) => proposals::act(args, Act::Queue, &chain, context).await,
        GovCommand::Execute(args) => proposals::act(args, Act::Execute, &chain, context).await,
        GovCommand::Wait(args) => proposals::wait(args, &chain, context).await,
        GovCommand::List => proposals::list(&chain, context).await,
        GovCommand::Show { proposal } => proposals::show(&chain, proposal, context).await,
    }
}

async fn delegate(args: DelegateArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let payer = context.payer(chain, &args.wallet, &args.password).await?;
    let to = args.to.unwrap_or(payer.address());
    payer.send(chain.token().delegate(to)).await?;
    let votes = chain.token().getVotes(to).call().await?;
    let json = json!({ "delegate": to, "votes_conet": conet_text(votes) });
    Ok(context.output.result(&json, &format!("{to} votes with {} CoNET", conet_text(votes)))?)
}
