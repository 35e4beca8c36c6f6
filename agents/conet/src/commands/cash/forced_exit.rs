//! `conet cash forced-exit`: a note paid out without its chain.

use std::path::{Path, PathBuf};

use alloy::primitives::U256;
use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use conet_bindings::{
    ForcedExits::{BondReturned, DustPaid},
    certificate::Certificate,
    forced_exit::{Consent, Voucher},
    leaves::Leaves,
    statement::{Header, Statement},
};
use conet_chain::{
    Mainchain,
    forced_exit::{self, ForcedExit, Phase},
};
use serde_json::json;

use super::ActOnNoteArgs;
use crate::{
    actor::{ActorArgs, Coin, dollars_text},
    calendar::when,
    commands::archive::Certified,
    context::{Context, id_json},
    files::{OutArgs, read, write},
};

mod payments;

/// Seconds in a day.
const DAY: u64 = 86_400;

/// Get everything out of a note whose chain or archive group serves its holders no more.
#[derive(Debug, Subcommand)]
#[command(after_help = "From the last header that the group certified to the money:
  conet cash forced-exit open --certificate header.cert.json --leaves leaves.json --wallet bobo
  conet cash forced-exit show 1 --leaves leaves.json
  conet cash forced-exit claim 1 --leaves leaves.json --wallet bobo         after 7 days
  conet cash forced-exit claim 1 --leaves leaves.json --wallet bobo         after 14 days: locks
  conet cash forced-exit return-bond 1 --wallet bobo

Who opens leaves a bond of 5 dollars, and gets it back unless a newer or higher header takes
the place of its own.")]
pub(crate) enum ForcedExitCommand {
    /// Begin: a holder shows the last header and its leaves, and leaves the bond
    #[command(after_help = "Examples:
  conet cash forced-exit open --certificate header.cert.json --leaves leaves.json --wallet bobo
  conet cash forced-exit open --certificate header.cert.json --leaves leaves.json --wallet bobo \\
      --for consent.json                                 for a holder who has no gas

There is no way back: from now on only the forced exit pays, and exits up to its height.")]
    Open(OpenArgs),
    /// Show a header that is newer or higher than the chosen one, within 7 days
    #[command(after_help = "Example:
  conet cash forced-exit replace --certificate newer.cert.json --leaves newer.json --wallet bobo

It must be of a newer epoch of the group, or higher. The bond is yours then.")]
    Replace(HeaderArgs),
    /// Sign the wish that a note be paid out, for somebody with gas to open it
    #[command(after_help = "Example:
  conet cash forced-exit consent 1 --wallet bobo --out consent.json")]
    Consent(ConsentArgs),
    /// Show how far it is, and with the leaves who gets what and when
    #[command(after_help = "Example:
  conet cash forced-exit show 1 --leaves leaves.json")]
    Show {
        /// The note
        note: U256,
        /// The chosen header's leaves
        #[arg(long, value_name = "FILE")]
        leaves: Option<PathBuf>,
    },
    /// Show a voucher for a lock, in the 7 days after the header is final
    #[command(after_help = "Example:
  conet cash forced-exit voucher 1 --leaves leaves.json --voucher voucher.json --wallet bobo

Only the highest voucher counts. Payers sign them: conet cash voucher --help")]
    Voucher(ShowVoucherArgs),
    /// Pay one leaf, or everything that can be paid now, to whom it belongs
    #[command(after_help = "Examples:
  conet cash forced-exit claim 1 --leaves leaves.json --wallet bobo
  conet cash forced-exit claim 1 --leaves leaves.json --index 3 --wallet bobo

Anyone may: the money goes to the leaves' owners.")]
    Claim(ClaimArgs),
    /// Give the bond back to who left it, once the header is final
    #[command(after_help = "Example:
  conet cash forced-exit return-bond 1 --wallet bobo")]
    ReturnBond(ActOnNoteArgs),
    /// Pay what no leaf owns to the note's issuer, as far as rounding explains it, and to the income pool
    #[command(after_help = "Example:
  conet cash forced-exit dust 1 --wallet bobo")]
    Dust(ActOnNoteArgs),
}

/// A header and its leaves.
#[derive(Debug, Args)]
pub(crate) struct HeaderArgs {
    /// The header's certificate, which conet archive certify wrote
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// The leaves that it was made of
    #[arg(long, value_name = "FILE")]
    leaves: PathBuf,
    #[command(flatten)]
    actor: ActorArgs,
}

/// What to begin.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// The consent of a holder, for whom the wallet does it [default: the wallet is the holder]
    #[arg(long = "for", value_name = "FILE")]
    consent: Option<PathBuf>,
    #[command(flatten)]
    shown: HeaderArgs,
}

/// What to wish.
#[derive(Debug, Args)]
pub(crate) struct ConsentArgs {
    /// The note
    note: U256,
    /// Days for which the signature counts
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
    #[command(flatten)]
    out: OutArgs,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Which voucher.
#[derive(Debug, Args)]
pub(crate) struct ShowVoucherArgs {
    /// The note
    note: U256,
    /// The chosen header's leaves
    #[arg(long, value_name = "FILE")]
    leaves: PathBuf,
    /// The lock's number among them, from 0 [default: the lock that the voucher is for]
    #[arg(long)]
    index: Option<usize>,
    /// The voucher, which conet cash voucher wrote
    #[arg(long, value_name = "FILE")]
    voucher: PathBuf,
    #[command(flatten)]
    actor: ActorArgs,
}

/// What to pay.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    /// The note
    note: U256,
    /// The chosen header's leaves
    #[arg(long, value_name = "FILE")]
    leaves: PathBuf,
    /// The leaf's number among them, from 0 [default: all that can be paid]
    #[arg(long)]
    index: Option<usize>,
    #[command(flatten)]
    actor: ActorArgs,
}

pub(super) async fn run(
    command: ForcedExitCommand,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    match command {
        ForcedExitCommand::Open(args) => open(args, chain, context).await,
        ForcedExitCommand::Replace(args) => {
            let (header, certificate, leaves) = args.load(chain)?;
            let payer = args.actor.payer(chain, context).await?;
            forced_exit::replace(chain, &payer, &header, certificate, &leaves).await?;
            print(&ForcedExit::read(chain, header.note).await?, context)
        }
        ForcedExitCommand::Consent(args) => consent(args, chain, context).await,
        ForcedExitCommand::Show { note, leaves } => {
            let exit = ForcedExit::read(chain, note).await?;
            print(&exit, context)?;
            match leaves {
                Some(path) => payments::show(&exit, &leaves_of(&path)?, chain, context).await,
                None => Ok(()),
            }
        }
        ForcedExitCommand::Voucher(args) => voucher(args, chain, context).await,
        ForcedExitCommand::Claim(args) => payments::claim(args, chain, context).await,
        ForcedExitCommand::ReturnBond(args) => return_bond(args, chain, context).await,
        ForcedExitCommand::Dust(args) => dust(args, chain, context).await,
    }
}

fn leaves_of(path: &Path) -> anyhow::Result<Leaves> {
    read(path, "a list of leaves")
}

impl HeaderArgs {
    fn load(&self, chain: &Mainchain) -> anyhow::Result<(Header, Certificate, Leaves)> {
        let (statement, certificate) = Certified::load(chain, &self.certificate)?.into_parts();
        let Statement::Header(header) = statement else {
            bail!(
                "expected the certificate of a Header, found one of a {}: conet archive header \
                 makes what is certified",
                statement.kind()
            );
        };
        Ok((header, certificate, leaves_of(&self.leaves)?))
    }
}

async fn open(args: OpenArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let (header, certificate, leaves) = args.shown.load(chain)?;
    let consent: Option<Consent> = args.consent.map(|path| read(&path, "a consent")).transpose()?;
    let payer = args.shown.actor.payer(chain, context).await?;
    let (note, consent) = (header.note, consent.as_ref());
    forced_exit::check_open(chain, payer.address(), &header, &leaves, consent).await?;
    let (coin, bond) = forced_exit::bond_of(chain, note).await?;
    let coin = Coin::read(chain, coin).await?;
    coin.allow(chain, &payer, chain.address("ForcedExits"), bond).await.context("the bond")?;
    forced_exit::open(chain, &payer, &header, certificate, &leaves, consent).await?;
    print(&ForcedExit::read(chain, note).await?, context)
}

async fn consent(args: ConsentArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let holder = args.actor.payer(chain, context).await?;
    let deadline = chain.now().await?.saturating_add(args.days.saturating_mul(DAY));
    let signed = forced_exit::consent(chain, &holder, args.note, deadline).await?;
    let json = json!({
        "note": id_json(signed.note),
        "series": signed.series,
        "holder": signed.holder,
        "until": deadline,
    });
    let text = format!(
        "{} wishes note {} paid out; it counts until {}",
        signed.holder,
        signed.note,
        when(deadline)
    );
    write(&signed, &args.out, &text, &json, context)
}

async fn voucher(
    args: ShowVoucherArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let (leaves, shown) = (leaves_of(&args.leaves)?, read::<Voucher>(&args.voucher, "a voucher")?);
    let payer = args.actor.payer(chain, context).await?;
    let exit = final_exit(chain, args.note).await?;
    ensure!(
        exit.phase() == Phase::Vouchers,
        "expected note {} to take vouchers, found that it did until {}",
        exit.note,
        when(exit.vouchers_until)
    );
    payer.catch_up().await?;
    let index =
        forced_exit::show_voucher(chain, &payer, &exit, &leaves, &shown, args.index).await?;
    let total = dollars_text(shown.total);
    let json = json!({
        "note": id_json(exit.note),
        "index": index,
        "total_dollars": total,
        "payable_from": exit.vouchers_until,
    });
    let text = format!(
        "a voucher over ${total} in all counts for leaf {index} of note {}; locks are paid from {} on",
        exit.note,
        when(exit.vouchers_until)
    );
    Ok(context.output.result(&json, &text)?)
}

/// A forced exit whose header nothing replaces any more.
async fn final_exit(chain: &Mainchain, note: U256) -> anyhow::Result<ForcedExit> {
    let exit = ForcedExit::read(chain, note).await?;
    ensure!(
        exit.phase() != Phase::Challenge,
        "expected the header of note {note} final, found that another may replace it until {}: \
         come back then",
        when(exit.challenge_until)
    );
    Ok(exit)
}

async fn return_bond(
    args: ActOnNoteArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let exit = final_exit(chain, args.note).await?;
    ensure!(exit.bonder.is_some(), "expected a bond, found that it went back already");
    payer.catch_up().await?;
    let receipt = payer.send(chain.forced_exits().returnBond(args.note)).await?;
    let bonder = receipt.decoded_log::<BondReturned>().context("the bond left no event")?.bonder;
    let bond = dollars_text(exit.bond);
    let json = json!({ "note": id_json(args.note), "bonder": bonder, "bond_dollars": bond });
    Ok(context.output.result(&json, &format!("{bonder} has its bond of ${bond} back"))?)
}

async fn dust(args: ActOnNoteArgs, chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let exit = final_exit(chain, args.note).await?;
    ensure!(exit.dust != 0, "expected dust, found none: it was paid, or leaves own all there is");
    payer.catch_up().await?;
    let receipt = payer.send(chain.forced_exits().payDust(args.note)).await?;
    let paid = receipt.decoded_log::<DustPaid>().context("the dust left no event")?;
    let (issuer, [amount, pooled]) = (paid.issuer, [paid.amount, paid.pooled].map(dollars_text));
    let json = json!({
        "note": id_json(args.note),
        "issuer": issuer,
        "issuer_dollars": amount,
        "pooled_dollars": pooled,
    });
    let text = format!("${amount} to the issuer {issuer}, ${pooled} to the income pool");
    Ok(context.output.result(&json, &text)?)
}

fn phase(exit: &ForcedExit) -> &'static str {
    match exit.phase() {
        Phase::Challenge => "challenge",
        Phase::Vouchers => "vouchers",
        Phase::Locks => "locks",
    }
}

fn print(exit: &ForcedExit, context: &Context) -> anyhow::Result<()> {
    let [dust, bond] = [exit.dust, exit.bond].map(dollars_text);
    let json = json!({
        "note": id_json(exit.note),
        "phase": phase(exit),
        "height": exit.height,
        "leaves": exit.leaves,
        "leaves_root": exit.leaves_root,
        "opened_at": exit.opened_at,
        "challenge_until": exit.challenge_until,
        "vouchers_until": exit.vouchers_until,
        "bonder": exit.bonder,
        "bond_dollars": bond,
        "dust_dollars": dust,
    });
    let bond = match exit.bonder {
        Some(bonder) => format!("${bond} of {bonder}"),
        None => "went back".into(),
    };
    let text = format!(
        "note {}  forced exit at height {}, {} leaves\n  \
         opened   {}\n  \
         until    {}  a newer or higher header may take this one's place\n  \
         until    {}  accounts and withdrawals are paid, and vouchers count\n  \
         then     locks are paid, too\n  \
         bond     {bond}\n  \
         dust     ${dust}",
        exit.note,
        exit.height,
        exit.leaves,
        when(exit.opened_at),
        when(exit.challenge_until),
        when(exit.vouchers_until)
    );
    Ok(context.output.result(&json, &text)?)
}
