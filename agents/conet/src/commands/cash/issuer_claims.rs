//! What issuers may pull: exit fees and re-issues, of the present series and of those that are over.

use alloy::primitives::U256;
use anyhow::{Context as _, bail, ensure};
use conet_bindings::Cash::{ClosedSeries, FeesCollected, Reissued};
use conet_chain::{Mainchain, amounts::conet_text};
use serde_json::{Value, json};

use super::{FeesArgs, ReissueArgs};
use crate::{
    actor::dollars_text,
    context::{Context, id_json},
};

/// A series that is over, and what its issuer may still pull.
pub(super) struct Closed {
    series: u32,
    owed: ClosedSeries,
}

impl Closed {
    /// One that must be over.
    async fn read(chain: &Mainchain, note: U256, series: u32) -> anyhow::Result<Self> {
        let cash = chain.cash();
        let present = cash.note(note).call().await?.series;
        ensure!(
            (1..present).contains(&series),
            "expected a series of note {note} that is over, found {series}, and the present one is \
             {present}: leave --series out for that"
        );
        Ok(Self { series, owed: cash.closedSeries(note, series).call().await? })
    }

    /// Those of a note that are owed something, the oldest first.
    pub(super) async fn owed(
        chain: &Mainchain,
        note: U256,
        present: u32,
    ) -> anyhow::Result<Vec<Self>> {
        let (cash, mut all) = (chain.cash(), Vec::new());
        for series in 1..present {
            let owed = cash.closedSeries(note, series).call().await?;
            if owed.feesOwed != 0 || owed.unreissued != 0 {
                all.push(Self { series, owed });
            }
        }
        Ok(all)
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "series": self.series,
            "issuer": self.owed.issuer,
            "fees_owed_dollars": dollars_text(self.owed.feesOwed),
            "unreissued_dollars": dollars_text(self.owed.unreissued),
            "burn_outstanding_conet": conet_text(U256::from(self.owed.burnOutstanding)),
        })
    }

    pub(super) fn text(&self) -> String {
        format!(
            "series {}: ${} of fees owed to {}, and a re-issue for ${}, of {} CoNET burned",
            self.series,
            dollars_text(self.owed.feesOwed),
            self.owed.issuer,
            dollars_text(self.owed.unreissued),
            conet_text(U256::from(self.owed.burnOutstanding))
        )
    }
}

pub(super) async fn fees(
    args: FeesArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let cash = chain.cash();
    let receipt = match (args.series, args.notes.as_slice()) {
        (None, _) => payer.send(cash.collectFees(args.notes)).await?,
        (Some(series), [note]) => {
            let owed = Closed::read(chain, *note, series).await?.owed.feesOwed;
            ensure!(owed != 0, "expected fees of series {series} owed, found none");
            payer.send(cash.collectClosedFees(*note, series)).await?
        }
        (Some(_), notes) => {
            bail!("expected one note with --series, found {}", notes.len())
        }
    };
    let logs = receipt.logs().iter().filter(|log| log.address() == *cash.address());
    let collected: Vec<_> = logs.filter_map(|log| log.log_decode::<FeesCollected>().ok()).collect();
    if collected.is_empty() {
        context.output.status("no fees are owed");
    }
    for log in collected {
        let FeesCollected { note, series, issuer, amount } = log.inner.data;
        let amount = dollars_text(amount);
        let json = json!({
            "note": id_json(note),
            "series": series,
            "issuer": issuer,
            "fees_dollars": amount,
        });
        context.output.result(&json, &format!("{issuer} got ${amount} of fees of note {note}"))?;
    }
    Ok(())
}

pub(super) async fn reissue(
    args: ReissueArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let cash = chain.cash();
    let receipt = match args.series {
        None => payer.send(cash.reissue(args.note)).await?,
        Some(series) => {
            let owed = Closed::read(chain, args.note, series).await?.owed.unreissued;
            ensure!(owed != 0, "expected a re-issue of series {series} owed, found none");
            payer.send(cash.reissueClosed(args.note, series)).await?
        }
    };
    let done = receipt.decoded_log::<Reissued>().context("the re-issue left no event")?;
    let (issuer, amount) = (done.issuer, conet_text(done.amount));
    let json = json!({
        "note": id_json(args.note),
        "series": done.series,
        "issuer": issuer,
        "left_dollars": dollars_text(done.left),
        "reissued_conet": amount,
    });
    let left = dollars_text(done.left);
    Ok(context
        .output
        .result(&json, &format!("{issuer} got {amount} CoNET for ${left} that left"))?)
}
