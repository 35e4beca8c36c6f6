//! Notes: what is in them, and how it leaves.

use alloy::primitives::{Address, U256};
use anyhow::{Context as _, bail, ensure};
use conet_bindings::{
    Cash::{Exited, Note, PendingSeries},
    statement::Statement,
};
use conet_chain::{
    Mainchain,
    amounts::{conet_text, percent},
};
use serde_json::json;

use super::{ExitArgs, ListArgs, issuer_claims::Closed, orders::PAGE};
use crate::{
    actor::{Coin, dollars_text},
    commands::archive::Certified,
    context::{Context, id_json},
};

/// A note's status by the contract's number.
const STATUS: [&str; 4] = ["none", "minted", "live", "settling"];

/// `NoteStatus.Settling`.
const SETTLING: u8 = 3;

fn status(note: &Note) -> &'static str {
    STATUS.get(usize::from(note.status)).copied().unwrap_or("unknown")
}

pub(super) async fn show(chain: &Mainchain, id: U256, context: &Context) -> anyhow::Result<()> {
    let cash = chain.cash();
    let note = cash.note(id).call().await?;
    if note.status == 0 {
        bail!("no note {id}: see conet cash list, and conet cash order {id}");
    }
    let owed = cash.feesOwed(id).call().await?;
    let pending = cash.pendingSeries(id).call().await?;
    let closed = Closed::owed(chain, id, note.series).await?;
    let holder = cash.ownerOf(id).call().await?;
    let in_pool = holder == chain.address("CashPool");
    let coin = Coin::read(chain, note.stablecoin).await?;
    let live = note.opened.saturating_sub(note.left);
    let some = |address: Address| (!address.is_zero()).then_some(address);
    let json = json!({
        "note": id_json(id),
        "status": status(&note),
        "stablecoin": note.stablecoin,
        "symbol": coin.symbol,
        "face_dollars": dollars_text(note.face),
        "live_dollars": dollars_text(live),
        "opened_dollars": dollars_text(note.opened),
        "left_dollars": dollars_text(note.left),
        "series": note.series,
        "group": note.home,
        "holder": holder,
        "in_pool": in_pool,
        "issuer_node": (note.series != 0).then(|| id_json(note.issuerNode)),
        "issuer": some(note.issuer),
        "exit_fee": percent(note.exitFeeRate),
        "fees_owed_dollars": dollars_text(owed),
        "burn_outstanding_conet": conet_text(U256::from(note.burnOutstanding)),
        "height": note.height,
        "closed_series": closed.iter().map(Closed::json).collect::<Vec<_>>(),
        "pending": (pending.deposit != 0).then(|| pending_json(&pending)),
        "chain": cash.chainOf(id).call().await?,
    });
    let mut text = format!(
        "note {id}  {}  face ${} of {}",
        status(&note),
        dollars_text(note.face),
        coin.symbol
    );
    if note.series != 0 {
        text += &series_text(&note, owed);
    }
    if note.status == SETTLING {
        text += &format!("\n  a forced exit pays it out: conet cash forced-exit show {id}");
    }
    for series in &closed {
        text += &format!("\n  closed   {}", series.text());
    }
    text += &format!("\n  holder   {holder}{}", if in_pool { ", the pool" } else { "" });
    if pending.deposit != 0 {
        text += &pending_text(&pending);
    }
    Ok(context.output.result(&json, &text)?)
}

fn series_text(note: &Note, owed: u64) -> String {
    format!(
        "\n  live     ${} of ${} that series {} opened with; ${} left\n  issuer   {} (node {})\n  \
         exit fee {}; ${} owed to the issuer\n  burned   {} CoNET, not yet re-issued",
        dollars_text(note.opened.saturating_sub(note.left)),
        dollars_text(note.opened),
        note.series,
        dollars_text(note.left),
        note.issuer,
        note.issuerNode,
        percent(note.exitFeeRate),
        dollars_text(owed),
        conet_text(U256::from(note.burnOutstanding))
    )
}

fn pending_text(pending: &PendingSeries) -> String {
    format!(
        "\n  pending  ${} for {}, by node {}: waits for its genesis",
        dollars_text(pending.deposit),
        pending.account,
        pending.issuerNode
    )
}

fn pending_json(pending: &PendingSeries) -> serde_json::Value {
    json!({
        "deposit_dollars": dollars_text(pending.deposit),
        "account": pending.account,
        "issuer_node": id_json(pending.issuerNode),
        "issuer": pending.issuer,
        "burn_conet": conet_text(U256::from(pending.burn)),
    })
}

/// A new note has the number of the order that paid for it.
pub(super) async fn list(
    args: ListArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let account: Option<Address> = match (args.account, &args.wallet) {
        (Some(account), _) => Some(account),
        (None, Some(name)) => Some(context.keystore().show(name)?.address),
        (None, None) => None,
    };
    let (orders, cash) = (chain.cash_orders(), chain.cash());
    let count = u64::try_from(orders.orderCount().call().await?)?;
    let (mut first, mut found) = (1, false);
    while first <= count {
        let page = orders.orders(U256::from(first), U256::from(PAGE)).call().await?;
        for (id, order) in (first..).zip(page) {
            let id = U256::from(id);
            if order.note != id {
                continue;
            }
            let note = cash.note(id).call().await?;
            if note.status == 0 {
                continue;
            }
            let holder = cash.ownerOf(id).call().await?;
            if account.is_some_and(|account| account != holder) {
                continue;
            }
            found = true;
            let live = dollars_text(note.opened.saturating_sub(note.left));
            let json = json!({
                "note": id_json(id),
                "status": status(&note),
                "stablecoin": note.stablecoin,
                "face_dollars": dollars_text(note.face),
                "live_dollars": live,
                "holder": holder,
            });
            let face = dollars_text(note.face);
            let text = format!("note {id:>4}  {:<8} ${live} of ${face}  {holder}", status(&note));
            context.output.result(&json, &text)?;
        }
        first += PAGE;
    }
    if !found {
        context.output.status("no notes yet: conet cash mint --help");
    }
    Ok(())
}

pub(super) async fn exit(
    args: ExitArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let certified = Certified::load(chain, &args.certificate)?;
    let Statement::Exit(exit) = &certified.statement else {
        bail!(
            "expected the certificate of an Exit, found one of a {}: conet archive submit posts it",
            certified.statement.kind()
        );
    };
    let note = exit.note;
    let receipt = certified.submit(chain, &payer).await?;
    let done = receipt.decoded_log::<Exited>().context("the exit left no event")?;
    let paid = done.amount.saturating_sub(done.fee).saturating_sub(done.relayerFee);
    let json = json!({
        "note": id_json(note),
        "withdrawal": done.withdrawal,
        "recipient": done.recipient,
        "amount_dollars": dollars_text(done.amount),
        "fee_dollars": dollars_text(done.fee),
        "relayer_fee_dollars": dollars_text(done.relayerFee),
        "paid_dollars": dollars_text(paid),
    });
    let text = format!(
        "{} got ${} out of note {note}; the exit fee was ${}",
        done.recipient,
        dollars_text(paid),
        dollars_text(done.fee)
    );
    Ok(context.output.result(&json, &text)?)
}

pub(super) async fn pool(
    given: Option<&str>,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let coins = match given {
        Some(_) => vec![Coin::approved(chain, given).await?.address],
        None => chain.parameters().snapshot().call().await?.stablecoins,
    };
    let (pool, mut found) = (chain.cash_pool(), false);
    for address in coins {
        let coin = Coin::read(chain, address).await?;
        let count = u64::try_from(pool.noteCount(address).call().await?)?;
        let mut offset = 0;
        while offset < count {
            let page = pool.notes(address, U256::from(offset), U256::from(PAGE)).call().await?;
            ensure!(!page.is_empty(), "the pool changed meanwhile: try again");
            for pooled in page {
                found = true;
                let [face, live, room] = [pooled.face, pooled.live, pooled.room].map(dollars_text);
                let json = json!({
                    "note": id_json(pooled.note),
                    "stablecoin": address,
                    "symbol": coin.symbol,
                    "face_dollars": face,
                    "live_dollars": live,
                    "room_dollars": room,
                });
                let text = format!(
                    "note {:>4}  room ${room}, ${live} of ${face} live, {}",
                    pooled.note, coin.symbol
                );
                context.output.result(&json, &text)?;
            }
            offset += PAGE;
        }
    }
    if !found {
        context.output.status("the pool is empty");
    }
    Ok(())
}
