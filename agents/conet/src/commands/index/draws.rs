//! Follows the Selection Chains of the archive groups into the tables. They are no part of the main chain: seats are asked.

use std::{collections::BTreeMap, time::Duration};

use alloy::primitives::B256;
use anyhow::{Context as _, ensure};
use conet_chain::{Mainchain, NetworkFile, archive::working};
use conet_committee::roulette::selection::Selection;
use conet_indexer::store::{DrawRow, DrawsQuery, Store};
use tokio_util::sync::CancellationToken;

use crate::ledgers::Ledgers;

/// How often seats are asked.
const POLL: Duration = Duration::from_secs(2);

/// How often it is looked at which groups work, and who sits.
const GROUPS_POLLS: u32 = 30;

/// Where a group's Selection Chain is read up to: the next number, and what that links to.
type Next = (u64, B256);

/// Follows until `stop`. What fails is tried again.
pub(super) async fn follow<T: Store>(network: NetworkFile, store: T, stop: CancellationToken) {
    let mut groups = BTreeMap::new();
    for polls in 0_u32.. {
        let round = round(&network, &store, &mut groups, polls.is_multiple_of(GROUPS_POLLS));
        let pause = async {
            round.await;
            tokio::time::sleep(POLL).await;
        };
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

async fn round<T: Store>(
    network: &NetworkFile,
    store: &T,
    groups: &mut BTreeMap<u32, (Ledgers, Option<Next>)>,
    looks: bool,
) {
    if looks && let Err(error) = look(network, groups).await {
        tracing::debug!(%error, "the archive groups cannot be read");
    }
    for (group, (ledgers, next)) in groups {
        if let Err(error) = read(store, *group, ledgers, next).await {
            tracing::debug!(group, error = format!("{error:#}"), "no draws are read");
        }
    }
}

/// Which groups work, and who sits in them now.
async fn look(
    network: &NetworkFile,
    groups: &mut BTreeMap<u32, (Ledgers, Option<Next>)>,
) -> anyhow::Result<()> {
    for group in working(&Mainchain::connect(network).await?).await? {
        let ledgers = Ledgers::of_group(network, group).await?;
        let next = groups.remove(&group).and_then(|(_, next)| next);
        groups.insert(group, (ledgers, next));
    }
    Ok(())
}

/// Reads on, up to the newest draw.
async fn read<T: Store>(
    store: &T,
    group: u32,
    ledgers: &Ledgers,
    next: &mut Option<Next>,
) -> anyhow::Result<()> {
    let mut at = match *next {
        Some(next) => next,
        None => known(store, group).await?,
    };
    loop {
        let answer = ledgers.ask(async |client, place| client.selections(place, None, at.0).await);
        let found = answer.await?.selections;
        if found.is_empty() {
            *next = Some(at);
            return Ok(());
        }
        let mut rows = Vec::with_capacity(found.len());
        for selection in &found {
            // A group that came from a split goes on where the one before it was: its first link is anything.
            let links = (selection.index, selection.parent) == at || (rows.is_empty() && at.0 == 0);
            ensure!(links, "a seat's draws do not link to those before: expected number {}", at.0);
            at = (selection.index + 1, selection.id());
            rows.push(DrawRow {
                group,
                number: selection.index,
                chain: selection.request.chain,
                body: serde_json::to_string(selection)?,
            });
        }
        store.put_draws(rows).await?;
    }
}

/// Where the tables are.
async fn known<T: Store>(store: &T, group: u32) -> anyhow::Result<Next> {
    let query = DrawsQuery { group: Some(group), limit: 1, ..DrawsQuery::default() };
    let Some(last) = store.draws(&query).await?.pop() else { return Ok((0, B256::ZERO)) };
    let last: Selection =
        serde_json::from_str(&last.body).context("a draw in the tables is none")?;
    Ok((last.index + 1, last.id()))
}
