//! `conet wallet`: make, bring in, list, show and export wallets.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use crate::context::{Context, PasswordArgs, shown};

/// The longest secret that is read: 64 digits, a prefix and spaces.
const SECRET_BYTES_MAX: u64 = 256;

/// Make, bring in, list, show and export wallets.
#[derive(Debug, Subcommand)]
pub(crate) enum WalletCommand {
    /// Make a wallet with a new random secret
    #[command(after_help = "Examples:
  conet wallet new --name bobo
  conet wallet new --name bobo --password-file bobo.password")]
    New(NewArgs),
    /// Bring in a secret of 64 hexadecimal digits, from a file or standard input
    #[command(after_help = "Examples:
  conet wallet import --name bobo --secret-file bobo.secret
  some-command | conet wallet import --name bobo --password-file bobo.password")]
    Import(ImportArgs),
    /// List all wallets of the home folder
    List,
    /// Show one wallet
    #[command(after_help = "Example:
  conet send --wallet peter --to $(conet wallet show --name bobo --address) --text Hello")]
    Show(ShowArgs),
    /// Print a wallet's secret: whoever has it is the wallet
    #[command(after_help = "Example:
  conet wallet export --name bobo > bobo.secret

Keys that were rotated are not in it; copy NAME.subkeys too.")]
    Export(NewArgs),
}

/// A wallet and its password.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The wallet's name in this home folder
    #[arg(long)]
    name: String,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A wallet, its secret and its password.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    wallet: NewArgs,
    /// A file with the secret [default: standard input]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// A wallet to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The wallet's name in this home folder
    #[arg(long)]
    name: String,
    /// The address and nothing else
    #[arg(long)]
    address: bool,
}

pub(crate) async fn run(command: WalletCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        WalletCommand::New(args) => {
            let password = args.password.choose()?;
            made(context, &args.name, &context.keystore().create(&args.name, &password)?)
        }
        WalletCommand::Import(args) => {
            let secret = read_secret(args.secret_file.as_deref())?;
            let NewArgs { name, password } = args.wallet;
            let password = password.choose()?;
            made(context, &name, &context.keystore().import(&name, &secret, &password)?)
        }
        WalletCommand::List => list(context),
        WalletCommand::Show(args) => show(context, &args),
        WalletCommand::Export(args) => {
            let wallet = context.wallet(&args.name, &args.password).await?;
            let secret = wallet.export();
            let address = wallet.address().to_string();
            let json = json!({ "name": args.name, "address": address, "secret": *secret });
            Ok(context.output.result(&json, &secret)?)
        }
    }
}

fn read_secret(path: Option<&std::path::Path>) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    match path {
        Some(path) => std::fs::File::open(path)
            .and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text))
            .with_context(|| format!("cannot read the secret from {}", shown(path)))?,
        None => std::io::stdin()
            .take(SECRET_BYTES_MAX)
            .read_to_string(&mut text)
            .context("cannot read the secret from standard input")?,
    };
    Ok(text)
}

fn made(context: &Context, name: &str, wallet: &conet_client::Wallet) -> anyhow::Result<()> {
    let address = wallet.address().to_string();
    let json = json!({ "name": name, "address": address });
    let text = format!("{address}\nnext: conet register --wallet {name}");
    Ok(context.output.result(&json, &text)?)
}

fn list(context: &Context) -> anyhow::Result<()> {
    let wallets = context.keystore().list()?;
    if wallets.is_empty() {
        context.output.status("no wallets yet: conet wallet new --name NAME");
    }
    for wallet in wallets {
        let address = wallet.address.to_string();
        let json = json!({ "name": wallet.name, "address": address });
        context.output.result(&json, &format!("{address}  {}", wallet.name))?;
    }
    Ok(())
}

fn show(context: &Context, args: &ShowArgs) -> anyhow::Result<()> {
    let wallet = context.keystore().show(&args.name)?;
    let address = wallet.address.to_string();
    let json = json!({ "name": wallet.name, "address": address });
    let text = match args.address {
        true => address,
        false => format!("{address}  {}", wallet.name),
    };
    Ok(context.output.result(&json, &text)?)
}
