//! `conet name`: readable names for wallets.

use alloy::primitives::{Address, U256};
use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use conet_bindings::Names::NameRecord;
use conet_chain::{ChainError, Mainchain, amounts::conet_text};
use serde_json::json;

use crate::{
    actor::{ActorArgs, Coin},
    calendar::when,
    context::{Context, address},
};

mod register;

/// What comes after a label.
pub(crate) const SUFFIX: &str = ".conet";

/// How many names are read at a time.
const PAGE: u64 = 50;

/// Register, renew and look up names such as bobo.conet.
#[derive(Debug, Subcommand)]
pub(crate) enum NameCommand {
    /// Register a name
    #[command(after_help = "Examples:
  conet name register bobo --wallet bobo
  conet name register bobo --wallet bobo --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --years 2

It takes two steps with a minute between them, so that nobody who watches can be faster.
What is registered is kept in the home folder until it is done: the same command goes on
after an interruption. Names are 3 to 32 characters of a-z, 0-9 and hyphens, and are paid
by the year in CoNET; what a year costs is in conet gov rules.")]
    Register(RegisterArgs),
    /// Pay for more years of a name, one's own or another's
    Renew(RenewArgs),
    /// Set which wallet a name resolves to
    #[command(after_help = "Examples:
  conet name set bobo --wallet bobo --to 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
  conet name set bobo --wallet bobo --none")]
    Set(SetArgs),
    /// Say which name is the wallet's own: it must resolve to it
    Primary(PrimaryArgs),
    /// Print the wallet that a name resolves to, or the own name of an address
    #[command(after_help = "Examples:
  conet name resolve bobo
  conet name resolve 0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    Resolve {
        /// A name, or an address
        name: String,
    },
    /// Show all about a name, registered or not
    Show {
        /// The name
        name: String,
    },
    /// List the names of a wallet
    List(ListArgs),
}

/// What to register.
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// The name
    name: String,
    /// What it resolves to [default: the wallet that registers]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    to: Option<Address>,
    /// Years to pay for
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    years: u32,
    #[command(flatten)]
    actor: ActorArgs,
}

/// What to renew.
#[derive(Debug, Args)]
pub(crate) struct RenewArgs {
    /// The name
    name: String,
    /// Years to add
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10))]
    years: u32,
    #[command(flatten)]
    actor: ActorArgs,
}

/// What to set.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The name
    name: String,
    /// What it resolves to from now on
    #[arg(long, value_name = "ADDRESS", value_parser = address, required_unless_present = "none")]
    to: Option<Address>,
    /// It resolves to nothing
    #[arg(long, conflicts_with = "to")]
    none: bool,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Which name is a wallet's own.
#[derive(Debug, Args)]
pub(crate) struct PrimaryArgs {
    /// The name
    #[arg(required_unless_present = "none")]
    name: Option<String>,
    /// The wallet has no name of its own any more
    #[arg(long, conflicts_with = "name")]
    none: bool,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Whose names.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// A wallet of this home folder
    #[arg(long, required_unless_present = "owner")]
    wallet: Option<String>,
    /// Any address
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "wallet")]
    owner: Option<Address>,
}

pub(crate) async fn run(command: NameCommand, context: &Context) -> anyhow::Result<()> {
    let chain = context.mainchain().await?;
    match command {
        NameCommand::Register(args) => register::register(args, &chain, context).await,
        NameCommand::Renew(args) => renew(args, &chain, context).await,
        NameCommand::Set(args) => {
            let payer = args.actor.payer(&chain, context).await?;
            let (name, to) = (label(&args.name), args.to.unwrap_or_default());
            payer.send(chain.names().setWallet(name.into(), to)).await?;
            show(&chain, name, context).await
        }
        NameCommand::Primary(args) => {
            let payer = args.actor.payer(&chain, context).await?;
            let name = args.name.as_deref().map(label).unwrap_or_default();
            payer.send(chain.names().setPrimaryName(name.into())).await?;
            print_primary(&chain, payer.address(), context).await
        }
        NameCommand::Resolve { name } => match address(&name) {
            Ok(wallet) => {
                let name = chain.names().primaryNameOf(wallet).call().await?;
                ensure!(!name.is_empty(), "{wallet} has no name of its own");
                print_primary(&chain, wallet, context).await
            }
            Err(_) => {
                let (wallet, name) = (resolve(&chain, &name).await?, label(&name));
                let json = json!({ "name": full(name), "wallet": wallet });
                Ok(context.output.result(&json, &wallet.to_string())?)
            }
        },
        NameCommand::Show { name } => show(&chain, label(&name), context).await,
        NameCommand::List(args) => list(args, &chain, context).await,
    }
}

/// A name without what may come after it.
fn label(name: &str) -> &str {
    name.strip_suffix(SUFFIX).unwrap_or(name)
}

fn full(label: &str) -> String {
    format!("{label}{SUFFIX}")
}

/// What a name resolves to.
pub(crate) async fn resolve(chain: &Mainchain, name: &str) -> anyhow::Result<Address> {
    let label = label(name);
    let wallet = chain.names().resolve(label.into()).call().await?;
    if wallet.is_zero() {
        // Whether it is a name at all is said first.
        let record = chain.names().recordOf(label.into()).call().await.map_err(said)?;
        let name = full(label);
        match record.owner.is_zero() {
            true => bail!("{name} is nobody's: conet name register {label}"),
            false => bail!("{name} resolves to nothing: its owner has set no wallet"),
        }
    }
    Ok(wallet)
}

/// A contract's refusal in its own words.
fn said(error: alloy::contract::Error) -> ChainError {
    error.into()
}

async fn renew(args: RenewArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let (names, label) = (chain.names(), label(&args.name));
    let fee = names.feeOf(label.into(), args.years).call().await.map_err(said)?;
    let coin = Coin::conet(chain);
    context.output.status(&format!("{} for {} years: {}", full(label), args.years, coin.text(fee)));
    coin.allow(chain, &payer, *names.address(), fee).await?;
    payer.send(names.renew(label.into(), args.years, fee)).await.context("renewing")?;
    show(chain, label, context).await
}

async fn list(args: ListArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let owner = match (args.owner, &args.wallet) {
        (Some(owner), _) => owner,
        (None, Some(name)) => context.keystore().show(name)?.address,
        (None, None) => bail!("expected --wallet or --owner"),
    };
    let (names, mut offset) = (chain.names(), 0);
    loop {
        let page = names.namesOf(owner, U256::from(offset), U256::from(PAGE)).call().await?;
        for record in &page {
            print(record, context)?;
        }
        offset += PAGE;
        if page.len() as u64 != PAGE {
            return Ok(());
        }
    }
}

async fn show(chain: &Mainchain, label: &str, context: &Context) -> anyhow::Result<()> {
    let names = chain.names();
    let record = names.recordOf(label.into()).call().await.map_err(said)?;
    if record.expiresAt == 0 {
        let fee = conet_text(names.feeOf(label.into(), 1).call().await?);
        let json = json!({ "name": full(label), "free": true, "fee_conet_per_year": fee });
        let text = format!("{} is free: {fee} CoNET a year", full(label));
        return Ok(context.output.result(&json, &text)?);
    }
    print(&record, context)
}

fn print(record: &NameRecord, context: &Context) -> anyhow::Result<()> {
    let name = full(&record.label);
    let some = |address: Address| (!address.is_zero()).then_some(address);
    let json = json!({
        "name": name,
        "owner": some(record.owner),
        "wallet": some(record.wallet),
        "expires_at": record.expiresAt,
        "live": !record.owner.is_zero(),
    });
    let or = |address: Address, none: &str| {
        some(address).map_or_else(|| none.to_owned(), |address| address.to_string())
    };
    let text = format!(
        "{name}\n  wallet   {}\n  owner    {}\n  paid to  {}",
        or(record.wallet, "none"),
        or(record.owner, "nobody: it has run out"),
        when(record.expiresAt)
    );
    Ok(context.output.result(&json, &text)?)
}

async fn print_primary(
    chain: &Mainchain,
    wallet: Address,
    context: &Context,
) -> anyhow::Result<()> {
    let name = chain.names().primaryNameOf(wallet).call().await?;
    let name = (!name.is_empty()).then(|| full(&name));
    let json = json!({ "wallet": wallet, "name": name });
    let text = name.unwrap_or_else(|| format!("{wallet} has no name of its own"));
    Ok(context.output.result(&json, &text)?)
}
