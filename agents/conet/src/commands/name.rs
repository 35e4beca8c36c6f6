//! `conet name`: readable names for wallets.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use conet_bindings::Names::{NameRecord, Registration};
use conet_chain::{ChainError, Mainchain, amounts::conet_text};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    actor::{ActorArgs, Coin},
    context::{Context, address, shown},
};

/// What comes after a label.
pub(crate) const SUFFIX: &str = ".conet";

/// How often the chain's time is asked for while waiting.
const POLL: Duration = Duration::from_millis(500);

/// How often a person is told that it goes on.
const REMIND: Duration = Duration::from_secs(10);

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
        NameCommand::Register(args) => register(args, &chain, context).await,
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

async fn register(args: RegisterArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let (names, label) = (chain.names(), label(&args.name));
    let path = context.home.join("names").join(format!("{label}.json"));
    let record = names.recordOf(label.into()).call().await.map_err(said)?;
    if record.owner == payer.address() && path.exists() {
        // Interrupted after the last step.
        forget(&path)?;
        return print(&record, context);
    }
    ensure!(
        names.isFree(label.into()).call().await?,
        "{} is taken until {}, and 30 days more for whoever renews it: see conet name show {label}",
        full(label),
        when(record.expiresAt)
    );
    let fee = names.feeOf(label.into(), args.years).call().await?;
    let coin = Coin::conet(chain);
    context.output.status(&format!("{} for {} years: {}", full(label), args.years, coin.text(fee)));
    coin.check(chain, &payer, fee).await?;

    let wanted = Registration {
        label: label.into(),
        owner: payer.address(),
        wallet: args.to.unwrap_or(payer.address()),
        term: args.years,
        secret: rand::random::<[u8; 32]>().into(),
    };
    let saved = Saved::load_or_make(&path, wanted, *names.address(), chain.chain_id())?;
    let registration = saved.registration();
    let commitment = names.commitmentOf(registration.clone()).call().await?;
    wait_for_commitment(chain, &payer, commitment, context).await?;
    // Also makes a block where none are made without need, so that the chain notices the time.
    coin.allow(chain, &payer, *names.address(), fee).await?;
    let done = match payer.send(names.register(registration.clone(), fee)).await {
        Err(ChainError::Refused(refusal)) if refusal.name == "CommitmentTooNew" => {
            payer.pay(payer.address(), U256::ZERO).await?;
            payer.send(names.register(registration, fee)).await
        }
        done => done,
    };
    done.context("registering")?;
    forget(&path)?;
    show(chain, label, context).await
}

fn forget(path: &Path) -> anyhow::Result<()> {
    std::fs::remove_file(path).with_context(|| format!("cannot remove {}", shown(path)))
}

/// Commits unless that is done, and waits until the commitment is old enough.
async fn wait_for_commitment(
    chain: &Mainchain,
    payer: &conet_chain::Payer,
    commitment: B256,
    context: &Context,
) -> anyhow::Result<()> {
    let names = chain.names();
    let least: u64 = names.MIN_COMMITMENT_AGE().call().await?.try_into()?;
    let most: u64 = names.MAX_COMMITMENT_AGE().call().await?.try_into()?;
    let committed_at = async || -> anyhow::Result<u64> {
        Ok(names.committedAt(commitment).call().await?.try_into()?)
    };
    let mut at = committed_at().await?;
    // Time to use it must be left, too.
    if at == 0 || chain.now().await? > at.saturating_add(most).saturating_sub(least) {
        payer.send(names.commit(commitment)).await.context("committing")?;
        at = committed_at().await?;
        context.output.status("committed");
    } else {
        context.output.status("going on with the registration that was begun");
    }
    let mut told: Option<tokio::time::Instant> = None;
    loop {
        let left = at.saturating_add(least).saturating_sub(chain.now().await?);
        if left == 0 {
            return Ok(());
        }
        if told.is_none_or(|told| told.elapsed() >= REMIND) {
            context.output.status(&format!("{left} s until it can be registered"));
            told = Some(tokio::time::Instant::now());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A registration that was begun, until it is done. Whoever knows the secret could guess the name.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    chain_id: u64,
    contract: Address,
    label: String,
    owner: Address,
    wallet: Address,
    term: u32,
    secret: B256,
}

impl Saved {
    /// The one that was begun, when it is the one that is wanted; else a new one.
    fn load_or_make(
        path: &Path,
        wanted: Registration,
        contract: Address,
        chain_id: u64,
    ) -> anyhow::Result<Self> {
        let Registration { label, owner, wallet, term, secret } = wanted;
        let wanted = Self { chain_id, contract, label, owner, wallet, term, secret };
        let begun: Option<Self> = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(_) => None,
        };
        match begun {
            Some(begun) if begun == (Self { secret: begun.secret, ..wanted.copy() }) => Ok(begun),
            _ => {
                let cannot = || format!("cannot write {}", shown(path));
                wanted.save(path).with_context(cannot)?;
                Ok(wanted)
            }
        }
    }

    fn copy(&self) -> Self {
        Self { label: self.label.clone(), ..*self }
    }

    fn save(&self, path: &Path) -> std::io::Result<()> {
        let folder: PathBuf = path.parent().map(Into::into).unwrap_or_default();
        std::fs::create_dir_all(&folder)?;
        let new = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    }

    fn registration(&self) -> Registration {
        let Self { owner, wallet, term, secret, .. } = *self;
        Registration { label: self.label.clone(), owner, wallet, term, secret }
    }
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

/// A second of unix time, for people.
pub(crate) fn when(seconds: u64) -> String {
    // Civil date from days, after Howard Hinnant.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) =
        (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(when(0), "1970-01-01 00:00 UTC");
        assert_eq!(when(951_782_399), "2000-02-28 23:59 UTC");
        assert_eq!(when(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(when(1_900_000_000), "2030-03-17 17:46 UTC");
    }

    #[test]
    fn a_registration_goes_on_with_its_secret_and_nobody_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names/bobo.json");
        let wanted = |term| Registration {
            label: "bobo".into(),
            owner: Address::repeat_byte(1),
            wallet: Address::repeat_byte(2),
            term,
            secret: rand::random::<[u8; 32]>().into(),
        };
        let contract = Address::repeat_byte(3);
        let load = |term| Saved::load_or_make(&path, wanted(term), contract, 1).unwrap();
        let first = load(1);
        assert_eq!(load(1), first);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let other = load(2);
        assert_ne!(other.secret, first.secret);
        assert_eq!(load(2), other);
    }
}
