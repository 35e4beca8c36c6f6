//! All draws of an archive group once more, from what a seat keeps of them and the seeds that the group signed.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use alloy::primitives::Bytes;
use anyhow::{Context as _, bail};
use conet_committee::roulette::{
    bls::PublicKey,
    seed::Seed,
    selection::{Evidence, Head, Replay, Selection},
};
use conet_dle::{client::Place, rpc::EvidencePage};

use crate::ledgers::Ledgers;

/// How long a seat may take to say its keys.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was drawn again.
#[derive(Debug)]
pub(crate) struct Redrawn {
    /// The seat whose record it was.
    pub(crate) node: u64,
    /// How many draws.
    pub(crate) draws: u64,
    /// Where the Selection Chain ends there.
    pub(crate) head: Head,
    /// Draws that are not there.
    pub(crate) missing: Vec<Range<u64>>,
    /// How many seats name the same keys, at least, of how many.
    pub(crate) vouching: (usize, usize),
}

/// Keys of epochs, and what is made of them.
#[derive(Default)]
struct KeyRing {
    keys: BTreeMap<u64, (Bytes, PublicKey)>,
    /// Of which epochs seeds were checked.
    used: BTreeMap<u64, Bytes>,
}

impl KeyRing {
    fn add(&mut self, keys: Vec<(u64, Bytes)>) -> anyhow::Result<()> {
        for (epoch, bytes) in keys {
            let key = PublicKey::decode(&bytes).with_context(|| format!("of epoch {epoch}"))?;
            self.keys.insert(epoch, (bytes, key));
        }
        Ok(())
    }

    fn has_signed(&mut self, seed: &Seed) -> bool {
        let epoch = seed.point.epoch;
        let Some((bytes, key)) = self.keys.get(&epoch) else { return false };
        self.used.entry(epoch).or_insert_with(|| bytes.clone());
        key.verify(seed).is_ok()
    }
}

/// Draws everything again that one seat has kept, and shows each draw.
pub(crate) async fn redraw(
    ledgers: &Ledgers,
    mut show: impl FnMut(&Selection) -> anyhow::Result<()>,
) -> anyhow::Result<Redrawn> {
    let first = |place: Place| async move {
        let asked = ledgers.client.evidence(&place, 0);
        let page = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        Some((place, page))
    };
    let all = ledgers.places().iter().cloned().map(first);
    let all: Vec<_> = futures_util::future::join_all(all).await.into_iter().flatten().collect();
    // Whoever has the oldest draws has most to show.
    let oldest = |page: &EvidencePage| page.evidence.iter().find_map(index).unwrap_or(u64::MAX);
    let best = all.iter().min_by_key(|(_, page)| oldest(page));
    let (place, page) = best.context("no seat of the archive group says what it has drawn")?;
    let (mut replay, mut ring) = (Replay::default(), KeyRing::default());
    let mut page = page.clone();
    while let Some((last, _)) = page.evidence.last() {
        let after = *last;
        ring.add(std::mem::take(&mut page.keys))?;
        // Each seed is a pairing to check.
        (replay, ring, page) =
            tokio::task::spawn_blocking(move || take(replay, ring, page)).await??;
        for (_, evidence) in &page.evidence {
            if let Evidence::Selection(selection) = evidence {
                show(selection)?;
            }
        }
        page = ledgers.client.evidence(place, after).await?;
    }
    let said: Vec<_> = all.iter().map(|(_, page)| &page.keys).collect();
    let vouching = vouching(&ring, &said)?;
    Ok(Redrawn {
        node: place.node.0,
        draws: replay.redrawn(),
        head: replay.head(),
        missing: replay.missing().to_vec(),
        vouching: (vouching, ledgers.seats.nodes().len()),
    })
}

fn index((_, evidence): &(u64, Evidence)) -> Option<u64> {
    match evidence {
        Evidence::Selection(selection) => Some(selection.index),
        _ => None,
    }
}

fn take(
    mut replay: Replay,
    mut ring: KeyRing,
    page: EvidencePage,
) -> anyhow::Result<(Replay, KeyRing, EvidencePage)> {
    for (_, evidence) in &page.evidence {
        replay
            .take(evidence, |seed| ring.has_signed(seed))
            .context("a seat's draws are not what its group's seeds give: do not trust it")?;
    }
    Ok((replay, ring, page))
}

/// How many seats name the keys that were used, of each epoch. One that names another key lies, or is lied about.
fn vouching(ring: &KeyRing, said: &[&Vec<(u64, Bytes)>]) -> anyhow::Result<usize> {
    let mut least = said.len();
    for (epoch, key) in &ring.used {
        let named = said.iter().flat_map(|keys| keys.iter()).filter(|(of, _)| of == epoch);
        let (same, other): (Vec<_>, Vec<_>) = named.partition(|(_, named)| named == key);
        if !other.is_empty() {
            bail!(
                "seats name different keys for the seeds of epoch {epoch}: ask the others which is right"
            );
        }
        least = least.min(same.len());
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_that_name_another_key_are_noticed() {
        let key = |byte: u8| Bytes::from(vec![byte; 96]);
        let ring =
            KeyRing { keys: BTreeMap::new(), used: BTreeMap::from([(1, key(1)), (2, key(2))]) };
        let both = vec![(1, key(1)), (2, key(2))];
        let newcomer = vec![(2, key(2))];
        assert_eq!(vouching(&ring, &[&both, &both, &newcomer]).unwrap(), 2);
        let liar = vec![(1, key(7))];
        assert!(vouching(&ring, &[&both, &liar]).unwrap_err().to_string().contains("epoch 1"));
    }
}
