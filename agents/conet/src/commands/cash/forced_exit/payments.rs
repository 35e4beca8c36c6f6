//! Who gets what of a forced exit: shown, and paid.

use alloy::primitives::U256;
use anyhow::{bail, ensure};
use conet_bindings::leaves::{Leaf, Leaves};
use conet_chain::{
    ChainError, Mainchain, Payer,
    forced_exit::{self, ForcedExit, ForcedExitError, Paid, Share, ShareState, Side},
};
use serde_json::json;

use super::{ClaimArgs, leaves_of};
use crate::{
    actor::dollars_text,
    calendar::when,
    context::{Context, id_json},
};

/// Prints every share and whether it is paid.
pub(super) async fn show(
    exit: &ForcedExit,
    leaves: &Leaves,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    for share in forced_exit::shares(chain, exit, leaves).await? {
        print(exit.note, leaves, &share, None, context)?;
    }
    Ok(())
}

/// Pays what can be paid, and says what waits.
pub(super) async fn claim(
    args: ClaimArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let leaves = leaves_of(&args.leaves)?;
    let payer = args.actor.payer(chain, context).await?;
    let exit = ForcedExit::read(chain, args.note).await?;
    let mut shares = forced_exit::shares(chain, &exit, &leaves).await?;
    if let Some(index) = args.index {
        shares.retain(|share| share.index == index);
        check_one(&shares, index, leaves.as_slice().len())?;
    }
    payer.catch_up().await?;
    let mut refused = 0;
    let (mut paid, mut waiting) = (0, 0);
    for share in &shares {
        match share.state {
            ShareState::Due => match pay(&exit, &leaves, share, chain, &payer, context).await? {
                true => paid += 1,
                false => refused += 1,
            },
            ShareState::Waits { .. } => {
                waiting += 1;
                print(exit.note, &leaves, share, None, context)?;
            }
            ShareState::Paid | ShareState::Nothing => {}
        }
    }
    ensure!(refused == 0, "{refused} leaves could not be paid: see above, and try again");
    if paid == 0 {
        let why = if waiting == 0 { "everything is paid" } else { "nothing can be paid yet" };
        context.output.status(why);
    }
    Ok(())
}

/// Refuses one leaf of which no side can be paid.
fn check_one(shares: &[Share], index: usize, count: usize) -> anyhow::Result<()> {
    if shares.iter().any(|share| share.state == ShareState::Due) {
        return Ok(());
    }
    let Some(share) = shares.iter().find(|share| share.state != ShareState::Nothing) else {
        ensure!(index < count, "expected a leaf from 0 to {}, found {index}", count - 1);
        bail!("expected a leaf of a micro-dollar or more, found less in leaf {index}");
    };
    match share.state {
        ShareState::Waits { from } => {
            bail!("expected leaf {index} payable, found that it waits until {}", when(from))
        }
        _ => bail!("expected leaf {index} payable, found it paid"),
    }
}

/// Whether it was: one who cannot be paid must not keep others from it.
async fn pay(
    exit: &ForcedExit,
    leaves: &Leaves,
    share: &Share,
    chain: &Mainchain,
    payer: &Payer,
    context: &Context,
) -> anyhow::Result<bool> {
    match forced_exit::claim(chain, payer, exit.note, leaves, share).await {
        Ok(paid) => {
            print(exit.note, leaves, share, Some(paid), context)?;
            Ok(true)
        }
        Err(ForcedExitError::Chain(ChainError::Refused(refusal))) => {
            context.output.warn(&format!("leaf {}, {}: {refusal}", share.index, share.to));
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn side(share: &Share) -> &'static str {
    match share.side {
        Side::Account => "account",
        Side::Payee => "payee",
    }
}

/// Prints a share, and what was `paid` for it just now.
fn print(
    note: U256,
    leaves: &Leaves,
    share: &Share,
    paid: Option<Paid>,
    context: &Context,
) -> anyhow::Result<()> {
    let kind = leaves.as_slice().get(share.index).map_or("unknown", Leaf::kind);
    let amount = dollars_text(share.amount);
    let got = paid.map(|paid| dollars_text(paid.amount.saturating_sub(paid.fee)));
    let fee = paid.map(|paid| dollars_text(paid.fee));
    let (state, from) = match share.state {
        _ if paid.is_some() => ("paid", None),
        ShareState::Paid => ("paid", None),
        ShareState::Due => ("due", None),
        ShareState::Waits { from } => ("waits", Some(from)),
        ShareState::Nothing => ("nothing", None),
    };
    let json = json!({
        "note": id_json(note),
        "index": share.index,
        "kind": kind,
        "side": side(share),
        "account": share.to,
        "amount_dollars": amount,
        "state": state,
        "from": from,
        "paid_dollars": got,
        "fee_dollars": fee,
    });
    let said = match (got.zip(fee), from) {
        (Some((got, fee)), _) => format!("got ${got}; the exit fee was ${fee}"),
        (None, Some(from)) => format!("waits until {}", when(from)),
        (None, None) => state.to_owned(),
    };
    let who = if share.side == Side::Payee { "payee" } else { kind };
    let amount = format!("${amount}");
    let text = format!("leaf {:>3}  {who:<10}  {}  {amount:<10}  {said}", share.index, share.to);
    Ok(context.output.result(&json, &text)?)
}
