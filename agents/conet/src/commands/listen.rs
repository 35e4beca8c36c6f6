//! `conet listen`: show messages as they come.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::U256;
use anyhow::bail;
use clap::Args;
use conet_client::{Delivery, Event, ListenOptions, Listener};
use serde_json::{Value, json};

use crate::context::{Context, PasswordArgs, node_id, shown};

/// Show messages as they come, those that waited first.
///
/// With --out each message becomes one file, exactly once, whenever this program
/// is killed. Without, texts go to standard output, and the last ones may come
/// again after a crash.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  conet listen --wallet bobo
  conet listen --wallet bobo --count 1 --timeout-s 60
  conet --json listen --wallet bobo --out inbox
  conet listen --wallet bobo --share           several at once, each message to one")]
pub(crate) struct ListenArgs {
    /// The wallet
    #[arg(long)]
    wallet: String,
    /// End after this many messages
    #[arg(long)]
    count: Option<u64>,
    /// End after this many seconds
    #[arg(long)]
    timeout_s: Option<u64>,
    /// Write each message into a file of this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The node to listen through [default: any that may see it]
    #[arg(long, value_name = "NODE", value_parser = node_id)]
    via: Option<U256>,
    /// Let other listeners of this wallet go on
    #[arg(long)]
    share: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

pub(crate) async fn run(args: ListenArgs, context: &Context) -> anyhow::Result<()> {
    let client = context.client().await?;
    let wallet = context.wallet(&args.wallet, &args.password).await?;
    let options = ListenOptions { via: args.via, share: args.share };
    let mut listener = client.listen(wallet, options).await?;
    let mut shown = 0;
    let ended = tokio::select! {
        ended = show_all(&mut listener, &args, context, &mut shown) => ended,
        () = time_limit(args.timeout_s) => match args.count {
            Some(count) => {
                let seconds = args.timeout_s.unwrap_or_default();
                Err(anyhow::anyhow!("expected {count} messages within {seconds} s, found {shown}"))
            }
            None => Ok(()),
        },
        stopped = super::node::stop_signal() => stopped,
    };
    listener.close().await;
    ended
}

async fn time_limit(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

async fn show_all(
    listener: &mut Listener,
    args: &ListenArgs,
    context: &Context,
    shown: &mut u64,
) -> anyhow::Result<()> {
    let output = context.output;
    while args.count.is_none_or(|count| *shown < count) {
        match listener.next().await? {
            Event::Message(delivery) => {
                *shown += u64::from(show(listener, *delivery, args, context).await?);
            }
            Event::Connected { agent, relay } => {
                output.status(&format!("listening at agent {agent}, through node {relay}"));
            }
            Event::Drained => output.status("the mailbox is empty; waiting for more"),
            Event::Part { from, have, parts, .. } => {
                output.status(&format!("{have} of {parts} parts by {from}"));
            }
            Event::Refused { reason } => output.warn(&format!("refused: {reason}")),
            Event::Disconnected { reason, retry_in } => {
                let seconds = retry_in.as_secs_f32();
                output.status(&format!("{reason}; connecting again in {seconds:.1} s"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether it was shown, and not before by another listener.
async fn show(
    listener: &mut Listener,
    delivery: Delivery,
    args: &ListenArgs,
    context: &Context,
) -> anyhow::Result<bool> {
    let mut json = json!({
        "id": delivery.id.to_string(),
        "from": delivery.from.map(|from| from.to_string()),
        "verified": delivery.from.is_some(),
        "received_at": delivery.received_at,
        "bytes": delivery.bytes,
    });
    let heading = match delivery.from {
        Some(from) => format!("from {from}"),
        None => "from nobody who can be verified".into(),
    };
    let text = match args.out {
        Some(_) => None,
        None => delivery.text(),
    };
    match text {
        Some(text) => {
            set(&mut json, "text", text.as_str().into())?;
            // Shown first: a crash in between shows it again, and loses nothing.
            context.output.result(&json, &format!("{heading}: {text}"))?;
            listener.confirm(delivery).await?;
        }
        None => {
            let folder = args.out.clone().unwrap_or_else(|| context.home.join("received"));
            let bytes = delivery.bytes;
            let Some(path) = listener.save(delivery, &folder).await? else { return Ok(false) };
            let path = shown(&path);
            set(&mut json, "path", path.as_str().into())?;
            context.output.result(&json, &format!("{heading}: {bytes} bytes in {path}"))?;
        }
    }
    Ok(true)
}

fn set(json: &mut Value, name: &str, value: Value) -> anyhow::Result<()> {
    let Some(object) = json.as_object_mut() else { bail!("expected an object") };
    object.insert(name.into(), value);
    Ok(())
}
