//! `conet send`: a message or a file to a wallet.

use std::{io, path::PathBuf};

use alloy::primitives::U256;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use conet_client::{Content, Profile, SendOptions};
use serde_json::json;

use crate::context::{Context, Named, PasswordArgs, id_json, named, node_id, shown};

/// Send a text or a file to a wallet.
///
/// Returns when the reader's agent says that it has all of it. Large files travel
/// in parts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet send --wallet peter --to 0x... --text 'Hello Bobo'
  conet send --wallet peter --to bobo.conet --text 'Hello Bobo'
  conet send --wallet peter --to 0x... --file photo.jpg --via 3
  date | conet send --wallet peter --to 0x...
  conet send --wallet peter --to 0x... --text now --live      only if Bobo is listening")]
pub(crate) struct SendArgs {
    /// The wallet that signs
    #[arg(long)]
    wallet: String,
    /// The reader's address, or a name: which is looked up at the chain's RPC, which then knows whom you write to
    #[arg(long, value_name = "ADDR|NAME", value_parser = named)]
    to: Named,
    /// The message
    #[arg(long, conflicts_with = "file")]
    text: Option<String>,
    /// A file to send [default: standard input]
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// The node to send through [default: any that may see it]
    #[arg(long, value_name = "NODE", value_parser = node_id)]
    via: Option<U256>,
    /// How it travels: veil hides everything but size and time; open is plain OpenPGP over HTTP
    #[arg(long, value_enum, default_value_t = WireProfile::Veil)]
    profile: WireProfile,
    /// In the open profile, seal to the reader's v4 certificate
    #[arg(long)]
    v4: bool,
    /// Only to a reader who is listening now; never stored
    #[arg(long)]
    live: bool,
    /// Look the route up at the chain's RPC, which then knows whom you write to
    #[arg(long)]
    direct: bool,
    /// Do not sign: the reader sees no sender
    #[arg(long)]
    anonymous: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WireProfile {
    Veil,
    Open,
}

pub(crate) async fn run(args: SendArgs, context: &Context) -> anyhow::Result<()> {
    if args.v4 && args.profile == WireProfile::Veil {
        anyhow::bail!("--v4 goes with --profile open: in veil everything is version 6");
    }
    if args.live && args.profile == WireProfile::Open {
        anyhow::bail!("--live goes with the veil profile: the open one only stores");
    }
    let to = context.address_of(&args.to).await?;
    let client = context.client().await?;
    let wallet = context.wallet(&args.wallet, &args.password).await?;
    let content = content(&args).await?;
    let options = SendOptions {
        via: args.via,
        profile: match args.profile {
            WireProfile::Veil => Profile::Veil,
            WireProfile::Open => Profile::Open { v4: args.v4 },
        },
        live: args.live,
        direct: args.direct,
        anonymous: args.anonymous,
    };
    let bar = context.output.progress(content.len());
    let sent = client
        .send(&wallet, to, content, &options, |progress| {
            bar.set_position(progress.bytes_done);
        })
        .await;
    bar.finish_and_clear();
    let sent = sent?;
    if let Some(warning) = &sent.warning {
        context.output.warn(warning);
    }
    let json = json!({
        "id": sent.id.map(|id| id.to_string()),
        "to": sent.to.to_string(),
        "bytes": sent.bytes,
        "parts": sent.parts,
        "agent": id_json(sent.agent),
        "relay": id_json(sent.relay),
        "status": sent.status,
        "by_agent": sent.by_agent,
    });
    let what = if args.live { "handed over by" } else { "stored by" };
    let word = if sent.by_agent { "" } else { " (says the relay)" };
    let text = format!("{what} agent {}{word}, through node {}", sent.agent, sent.relay);
    Ok(context.output.result(&json, &text)?)
}

async fn content(args: &SendArgs) -> anyhow::Result<Content> {
    if let Some(text) = &args.text {
        return Ok(text.clone().into());
    }
    if let Some(path) = &args.file {
        let content = Content::open(path).await;
        return content.with_context(|| format!("cannot read {}", shown(path)));
    }
    let spooled = tokio::task::spawn_blocking(spool_stdin).await?;
    let (file, len) = spooled.context("cannot read standard input")?;
    Ok(Content::File { file: tokio::fs::File::from_std(file), len })
}

/// How many parts there are is signed in each, so the length must be known first.
fn spool_stdin() -> io::Result<(std::fs::File, u64)> {
    let mut file = tempfile::tempfile()?;
    let len = io::copy(&mut io::stdin().lock(), &mut file)?;
    Ok((file, len))
}
