//! A chain begins.

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::SolValue as _,
};
use anyhow::{Context as _, ensure};
use clap::Args;
use conet_bindings::{History, definitions::HistoryDefinitions};
use conet_chain::{Mainchain, NetworkFile, Payer};
use conet_dle::{
    clock,
    keys::WalletKey,
    mainchain::openings::{NewChain, OPEN_PATH, Opened, chain_id},
};
use conet_ledger::{
    execute::{CodeBook, found_chain},
    genesis::{ChainClass, Genesis, Visibility},
};
use serde_json::json;

use super::{key, read::group_text};
use crate::{
    actor::{Coin, dollars_text},
    context::{Context, PasswordArgs, shown},
    ledgers::{GAS_LIMIT, Ledgers},
};

/// For how long the request counts, seconds.
const COUNTS_S: u64 = 300;

/// What the chain is to be.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("contract").required(true)))]
pub(crate) struct CreateArgs {
    /// The wallet that the chain is bound to: it owns the history, and pays for storage
    #[arg(long)]
    wallet: String,
    /// The history of something: its name
    #[arg(long, group = "contract")]
    title: Option<String>,
    /// What the history is of: a serial number's hash, or whatever names the thing [default: the title's hash]
    #[arg(long, value_name = "HASH", requires = "title")]
    asset: Option<B256>,
    /// A contract of your own: its deployed bytecode in hexadecimal
    #[arg(long, value_name = "FILE", group = "contract", requires = "definitions")]
    code: Option<PathBuf>,
    /// What it is told at the beginning, in its own ABI
    #[arg(long, value_name = "HEX", requires = "code")]
    definitions: Option<Bytes>,
    /// Only the owner, its group, the archive nodes, those who write, and whom the contract names may read it
    #[arg(long)]
    private: bool,
    /// How many witnesses watch its creator
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=16))]
    witnesses: u8,
    /// How many validators execute each block once more, drawn anew for each
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=4))]
    validators: u8,
    /// How many of them all must sign; 0 for all
    #[arg(long, default_value_t = 0)]
    quorum: u8,
    /// For how many days storage is paid ahead, where it costs something
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_652))]
    rent_days: u64,
    /// The stablecoin that pays it: a symbol or an address [default: the first that is approved]
    #[arg(long)]
    stablecoin: Option<String>,
    /// How long to wait until the group is drawn, seconds
    #[arg(long, default_value_t = 60)]
    timeout_s: u64,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A contract's code, and what it is told at the beginning.
pub(crate) type Contract = (Bytes, Bytes);

/// What a chain is to be, besides its contract.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) is_private: bool,
    pub(crate) witnesses: u8,
    pub(crate) validators: u8,
    pub(crate) quorum: u8,
    pub(crate) rent_days: u64,
    pub(crate) stablecoin: Option<String>,
}

pub(super) async fn run(args: CreateArgs, context: &Context) -> anyhow::Result<()> {
    let (network, main) = (context.network_file()?, context.mainchain().await?);
    let key = key(&args.wallet, &args.password, context).await?;
    let contract = contract(&args, key.wallet())?;
    let payer = context.payer(&main, &args.wallet, &args.password).await?;
    let plan = Plan {
        is_private: args.private,
        witnesses: args.witnesses,
        validators: args.validators,
        quorum: args.quorum,
        rent_days: args.rent_days,
        stablecoin: args.stablecoin,
    };
    let begun = begin((&network, &main), &payer, &key, contract, &plan).await?;
    let Begun { ledgers, chain, opened } = begun;
    let seats = opened.seats;
    context.output.status(&format!("{seats} seats have taken it; its group is being drawn"));
    let patience = Duration::from_secs(args.timeout_s);
    let proven = ledgers.until_whole(chain, patience, Some(&key)).await?;
    let json = json!({
        "chain": chain,
        "genesis": opened.genesis,
        "creator": proven.notice.creator.map(|node| node.0),
        "witnesses": proven.notice.witnesses.iter().map(|node| node.0).collect::<Vec<_>>(),
    });
    let text = format!("chain {chain} has begun: {}", group_text(&proven));
    Ok(context.output.result(&json, &text)?)
}

fn contract(args: &CreateArgs, owner: Address) -> anyhow::Result<Contract> {
    if let (Some(path), Some(definitions)) = (&args.code, &args.definitions) {
        let cannot_read = || format!("cannot read {}", shown(path));
        let text = std::fs::read_to_string(path).with_context(cannot_read)?;
        let code: Bytes = text.trim().parse().context("expected bytecode in hexadecimal")?;
        return Ok((code, definitions.clone()));
    }
    Ok(history(owner, args.title.as_deref().unwrap_or_default(), args.asset))
}

/// A history of something; what it is of is named by its title, unless said otherwise.
pub(crate) fn history(owner: Address, title: &str, asset: Option<B256>) -> Contract {
    let asset = asset.unwrap_or_else(|| keccak256(title));
    let definitions = HistoryDefinitions { owner, asset, title: title.to_owned() };
    (History::DEPLOYED_BYTECODE.clone(), definitions.abi_encode().into())
}

/// A chain whose group is being drawn.
pub(crate) struct Begun {
    pub(crate) ledgers: Ledgers,
    pub(crate) chain: B256,
    pub(crate) opened: Opened,
}

/// Pays for storage, and asks the archive group for a chain. It has begun when its group is drawn.
pub(crate) async fn begin(
    (network, main): (&NetworkFile, &Mainchain),
    payer: &Payer,
    key: &WalletKey,
    (code, definitions): Contract,
    plan: &Plan,
) -> anyhow::Result<Begun> {
    let salt = B256::from(rand::random::<[u8; 32]>());
    let chain = chain_id(main.chain_id(), key.wallet(), salt);
    let ledgers = Ledgers::of_chain(network, chain).await?;
    let genesis = Genesis {
        chain,
        series: 1,
        main_chain_id: main.chain_id(),
        class: ChainClass::Storage,
        visibility: if plan.is_private { Visibility::Members } else { Visibility::Public },
        code_hash: keccak256(&code),
        definitions,
        wallet: key.wallet(),
        quorum: plan.quorum,
        unpaid_selectors: Vec::new(),
        gas_limit_max: GAS_LIMIT,
        parent: B256::ZERO,
        height: 0,
        epoch: ledgers.seats.epoch,
        time_ms: clock::unix_ms(),
        paid_through_s: u64::MAX,
        members_hash: B256::ZERO,
    };
    // What no node could begin with is said before anything is paid.
    let codes = CodeBook::from_iter([code]);
    let refused = "the contract does not begin with these definitions";
    found_chain(genesis.clone(), &codes).context(refused)?;
    let (days, coin) = (plan.rent_days, plan.stablecoin.as_deref());
    let paid_through_s = pay_rent(main, chain, payer, (days, coin)).await?;
    let genesis = Genesis { paid_through_s, ..genesis };
    let group = (plan.witnesses, plan.validators);
    let new = NewChain::new(genesis, salt, group, clock::unix_s() + COUNTS_S).signed(key);
    let opened =
        ledgers.ask(async |client, place| client.post(place, chain, OPEN_PATH, &new, None).await);
    let opened = opened.await.context("asking for the chain")?;
    Ok(Begun { ledgers, chain, opened })
}

/// Pays for storage where it costs something. Until when it is paid, seconds since 1970.
pub(super) async fn pay_rent(
    main: &Mainchain,
    chain: B256,
    payer: &Payer,
    (days, coin): (u64, Option<&str>),
) -> anyhow::Result<u64> {
    let per_day = main.parameters().rentPerDay(ChainClass::Storage as u8).call().await?;
    if per_day == 0 {
        return Ok(u64::MAX);
    }
    let micro = per_day.checked_mul(days).context("so many days are too many")?;
    ensure!(micro > 0, "storage costs ${} a day: give --rent-days", dollars_text(per_day));
    let coin = Coin::approved(main, coin).await?;
    let scale = main.parameters().stablecoinScale(coin.address).call().await?;
    let anchor = main.chain_anchor();
    coin.allow(main, payer, *anchor.address(), U256::from(micro) * scale).await?;
    let paying = || format!("paying ${} for storage", dollars_text(micro));
    payer.send(anchor.payRent(chain, coin.address, micro)).await.with_context(paying)?;
    Ok(anchor.anchorOf(chain).call().await?.paidThrough)
}
