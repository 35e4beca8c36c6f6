//! `conet cash`: notes on the main chain: ordered, issued, left, bought again.

use std::path::PathBuf;

use alloy::primitives::{Address, B256, U256};
use clap::{Args, Subcommand};

use crate::{
    actor::{ActorArgs, dollars},
    context::{Context, address, conet_amount, node_id},
    files::OutArgs,
};

mod forced_exit;
mod issuer_claims;
mod issuers;
mod notes;
mod orders;
mod vouchers;

/// Buy notes of stablecoins, issue them, and take the money out again.
#[derive(Debug, Subcommand)]
pub(crate) enum CashCommand {
    /// Order a note: pays the stablecoin, and an issuer that is drawn mints it
    #[command(after_help = "Examples:
  conet cash mint --wallet bobo --amount 25 --wait
  conet cash mint --wallet bobo --amount 100 --stablecoin DevUSD6
  conet cash mint --wallet bobo --amount 10 --note 3        room of a note in the pool

The issuer is drawn by the next seed of the archive group that keeps the note's chain. It
burns CoNET worth 20%. Then the group certifies the chain's genesis, and the note is live. If
nobody mints, the deposit comes back: conet cash refund.")]
    Mint(MintArgs),
    /// List orders, the newest first
    Orders(OrdersArgs),
    /// Show one order: how far it is, and who may mint it
    Order {
        /// Its number
        order: U256,
    },
    /// Send the deposit of an order that nobody minted back to its buyer
    Refund(ActOnOrderArgs),
    /// Mint an order, as the issuer drawn: burns free CoNET
    #[command(after_help = "Examples:
  conet cash issue 1 --wallet bobo
  conet cash issue 1 --node-home /var/lib/conet")]
    Issue(ActOnOrderArgs),
    /// Undo a mint that no genesis followed within a day
    Cancel(ActOnOrderArgs),
    /// List the issuers and their free CoNET, which weighs in draws
    Issuers,
    /// Add to an issuer's free CoNET
    #[command(after_help = "Example:
  conet cash deposit --wallet bobo --node 3 --amount 5000")]
    Deposit(FreeArgs),
    /// Take free CoNET back
    Withdraw(FreeArgs),
    /// List notes
    List(ListArgs),
    /// Show a note: what is in it, who issued it, and what its issuer may pull
    Show {
        /// Its number
        note: U256,
    },
    /// Take money out of a note, by a certificate of its archive group
    #[command(after_help = "Example:
  conet cash exit --certificate exit.cert.json --wallet bobo

Anyone may post it: the recipient is in the certificate, and gets the amount less the exit fee.")]
    Exit(ExitArgs),
    /// Get everything out of a note without its chain
    #[command(subcommand)]
    ForcedExit(forced_exit::ForcedExitCommand),
    /// Sign how much of an authorization its payee may have claimed in all
    #[command(after_help = "Example:
  conet cash voucher 1 --authorization 0x... --total 12.5 --wallet bobo --out voucher.json

Nothing is sent: the payee shows it, on the note's chain or, when that is gone, in a forced
exit. What is signed cannot be taken back; a voucher with a higher total takes its place.")]
    Voucher(VoucherArgs),
    /// Pull the exit fees of notes to their issuers
    #[command(after_help = "Examples:
  conet cash fees 1 2 3 --wallet bobo
  conet cash fees 1 --series 1 --wallet bobo          of a series that is over: conet cash show 1")]
    Fees(FeesArgs),
    /// Re-issue burned CoNET to a note's issuer, for what left the note
    #[command(after_help = "Examples:
  conet cash reissue 1 --wallet bobo
  conet cash reissue 1 --series 1 --wallet bobo       of a series that is over: conet cash show 1")]
    Reissue(ReissueArgs),
    /// Notes that were left for the most part, with room for another buyer
    #[command(subcommand)]
    Pool(PoolCommand),
}

/// The pool.
#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// List the notes in it and their room
    List {
        /// The stablecoin, by symbol or address [default: all]
        #[arg(long)]
        stablecoin: Option<String>,
    },
    /// Take a note into it, once at most half is left
    Take(ActOnNoteArgs),
}

/// What to order.
#[derive(Debug, Args)]
pub(crate) struct MintArgs {
    /// Dollars: 1 to 100
    #[arg(long, value_parser = dollars)]
    amount: u64,
    /// The stablecoin, by symbol or address [default: the first that is approved]
    #[arg(long)]
    stablecoin: Option<String>,
    /// The account on the note's chain that owns the money [default: the wallet]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    account: Option<Address>,
    /// Buy the room of this note in the pool [default: a new note]
    #[arg(long)]
    note: Option<U256>,
    /// Stay until the note is live, or the order can be refunded
    #[arg(long)]
    wait: bool,
    /// Stop waiting after so many seconds
    #[arg(long, default_value_t = 3600, requires = "wait")]
    timeout_s: u64,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Which orders.
#[derive(Debug, Args)]
pub(crate) struct OrdersArgs {
    /// Those of a wallet of this home folder [default: all]
    #[arg(long)]
    wallet: Option<String>,
    /// Those of any address
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "wallet")]
    buyer: Option<Address>,
    /// At most so many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

/// An order, and who acts on it.
#[derive(Debug, Args)]
pub(crate) struct ActOnOrderArgs {
    /// The order's number
    order: U256,
    #[command(flatten)]
    actor: ActorArgs,
}

/// A note, and who acts on it.
#[derive(Debug, Args)]
pub(crate) struct ActOnNoteArgs {
    /// The note's number
    note: U256,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Free CoNET to move.
#[derive(Debug, Args)]
pub(crate) struct FreeArgs {
    /// The issuer's node
    #[arg(long, value_parser = node_id)]
    node: U256,
    /// CoNET
    #[arg(long, value_parser = conet_amount)]
    amount: U256,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Which notes.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Those that are for a wallet of this home folder [default: all]
    #[arg(long)]
    wallet: Option<String>,
    /// Those that are for any address
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "wallet")]
    account: Option<Address>,
}

/// An exit.
#[derive(Debug, Args)]
pub(crate) struct ExitArgs {
    /// The file that conet archive certify wrote
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    #[command(flatten)]
    actor: ActorArgs,
}

/// What to sign.
#[derive(Debug, Args)]
pub(crate) struct VoucherArgs {
    /// The note
    note: U256,
    /// The authorization
    #[arg(long, value_name = "HASH")]
    authorization: B256,
    /// Dollars that the payee may have claimed in all
    #[arg(long, value_parser = dollars)]
    total: u64,
    /// The genesis of the series that it was opened in [default: that of the present series]
    #[arg(long, value_name = "HASH", requires = "series")]
    genesis_hash: Option<B256>,
    /// That series [default: the present one]
    #[arg(long, requires = "genesis_hash")]
    series: Option<u32>,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Whose fees.
#[derive(Debug, Args)]
pub(crate) struct FeesArgs {
    /// Notes
    #[arg(required = true, num_args = 1..=256)]
    notes: Vec<U256>,
    /// Of one note, those of a series that is over [default: the present one]
    #[arg(long)]
    series: Option<u32>,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Which re-issue.
#[derive(Debug, Args)]
pub(crate) struct ReissueArgs {
    /// The note
    note: U256,
    /// A series that is over [default: the present one]
    #[arg(long)]
    series: Option<u32>,
    #[command(flatten)]
    actor: ActorArgs,
}

pub(crate) async fn run(command: CashCommand, context: &Context) -> anyhow::Result<()> {
    let chain = context.mainchain().await?;
    match command {
        CashCommand::Mint(args) => orders::mint(args, &chain, context).await,
        CashCommand::Orders(args) => orders::list(args, &chain, context).await,
        CashCommand::Order { order } => orders::show(&chain, order, context).await,
        CashCommand::Refund(args) => {
            let payer = args.actor.payer(&chain, context).await?;
            payer.send(chain.cash_orders().refund(args.order)).await?;
            orders::show(&chain, args.order, context).await
        }
        CashCommand::Issue(args) => orders::issue(args, &chain, context).await,
        CashCommand::Cancel(args) => {
            let payer = args.actor.payer(&chain, context).await?;
            payer.send(chain.cash_orders().cancel(args.order)).await?;
            orders::show(&chain, args.order, context).await
        }
        CashCommand::Issuers => issuers::list(&chain, context).await,
        CashCommand::Deposit(args) => issuers::deposit(args, &chain, context).await,
        CashCommand::Withdraw(args) => issuers::withdraw(args, &chain, context).await,
        CashCommand::List(args) => notes::list(args, &chain, context).await,
        CashCommand::Show { note } => notes::show(&chain, note, context).await,
        CashCommand::Exit(args) => notes::exit(args, &chain, context).await,
        CashCommand::ForcedExit(command) => forced_exit::run(command, &chain, context).await,
        CashCommand::Voucher(args) => vouchers::sign(args, &chain, context).await,
        CashCommand::Fees(args) => issuer_claims::fees(args, &chain, context).await,
        CashCommand::Reissue(args) => issuer_claims::reissue(args, &chain, context).await,
        CashCommand::Pool(PoolCommand::List { stablecoin }) => {
            notes::pool(stablecoin.as_deref(), &chain, context).await
        }
        CashCommand::Pool(PoolCommand::Take(args)) => {
            let payer = args.actor.payer(&chain, context).await?;
            payer.send(chain.cash_pool().take(args.note)).await?;
            notes::show(&chain, args.note, context).await
        }
    }
}
