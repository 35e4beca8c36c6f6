//! The state in bytes: for a seat that restarts, or that missed more than others keep of the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::{B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};

use super::{
    beacon::Beacon,
    ceremony::{self, Ceremony},
    item::Handover,
    pages::Page,
    state::State,
    wishes::Wish,
};
use crate::{
    keys::NodeId,
    roulette::{
        dkg::Member,
        pool::{self, Lineup, Pool, Waiting},
        selection::Head,
    },
};

/// A state in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// All but the chains, and the hashes of their pages.
    pub head: Bytes,
    /// The chains: all pages, by their prefixes, or some of them.
    pub pages: Vec<Page>,
}

impl Image {
    /// What stands for the whole state, and what an entry's header names.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(&self.head)
    }

    /// The height of the state that these bytes are of.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        postcard::take_from_bytes(&self.head).ok().map(|(height, _)| height)
    }

    /// The hashes of its pages; none when it is no state's.
    #[must_use]
    pub fn named(&self) -> Option<BTreeMap<u16, B256>> {
        let frozen: Frozen = postcard::from_bytes(&self.head).ok()?;
        Some(frozen.pages.into_iter().collect())
    }
}

/// All that does not follow from the rest, and is not on pages.
#[derive(Serialize, Deserialize)]
struct Frozen {
    height: u64,
    time_ms: u64,
    active: Vec<NodeId>,
    suspended: Vec<(NodeId, u64)>,
    barred: Vec<NodeId>,
    pages: Vec<(u16, B256)>,
    pool: pool::Snapshot,
    wishes: Vec<(NodeId, Wish)>,
    lineups: Vec<(u64, B256, Vec<Waiting>)>,
    beacon: Option<Beacon>,
    selected: Head,
    hungry: Vec<B256>,
    handover: Option<Handover>,
    ceremony: Option<ceremony::Frozen>,
    announced: Vec<Member>,
}

impl State {
    /// The state in its one form.
    #[must_use]
    pub fn freeze(&self) -> Image {
        Image { head: self.head(), pages: self.pages_since(None) }
    }

    /// What stands for it: the hash of its head, which names the pages.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.head())
    }

    /// All of it but the pages, and their hashes.
    #[must_use]
    pub fn head(&self) -> Bytes {
        // Serializing into memory does not fail.
        postcard::to_allocvec(&self.frozen()).unwrap_or_default().into()
    }

    fn frozen(&self) -> Frozen {
        let lineup = |(logged, lineup): (&u64, &Arc<Lineup>)| {
            (*logged, lineup.digest(), lineup.waiting().to_vec())
        };
        Frozen {
            height: self.height,
            time_ms: self.time_ms,
            active: self.active.iter().copied().collect(),
            suspended: self.suspended.iter().map(|(node, since)| (*node, *since)).collect(),
            barred: self.barred.iter().copied().collect(),
            pages: self.pages().iter().map(|(prefix, mark)| (prefix, mark.hash)).collect(),
            pool: self.pool.snapshot(),
            wishes: self.wishes.iter().map(|(node, wish)| (*node, wish.clone())).collect(),
            lineups: self.lineups.iter().map(lineup).collect(),
            beacon: self.beacon,
            selected: self.selected,
            hungry: self.hungry.iter().copied().collect(),
            handover: self.handover.clone(),
            ceremony: self.ceremony.as_ref().map(|known| known.freeze()),
            announced: self.announced.values().cloned().collect(),
        }
    }

    /// The state that these bytes are of, in the group and under the rules of this one; `None` when they are not all of one.
    /// Whether it is the right one, its hash says: the caller compares it.
    #[must_use]
    pub fn thaw(&self, image: &Image) -> Option<Self> {
        let frozen: Frozen = postcard::from_bytes(&image.head).ok()?;
        let named = frozen.pages.iter().map(|(prefix, _)| *prefix);
        if !named.eq(image.pages.iter().map(|page| page.prefix)) {
            return None;
        }
        let mut state = Self::new(
            self.seats.clone(),
            self.rules,
            self.voting.clone(),
            self.seeds.clone(),
            frozen.time_ms,
        );
        state.height = frozen.height;
        state.active = frozen.active.into_iter().collect();
        state.suspended = frozen.suspended.into_iter().collect();
        state.barred = frozen.barred.into_iter().collect();
        state.pool = Pool::restore(&frozen.pool).ok()?;
        let standing = frozen.wishes.iter();
        let standing = standing.filter_map(|(node, wish)| Some((wish.ends_ms()?, *node)));
        state.expiring = standing.collect();
        state.wishes = frozen.wishes.into_iter().collect();
        let lineup =
            |(logged, digest, waiting)| (logged, Arc::new(Lineup::restore(digest, waiting)));
        state.lineups = frozen.lineups.into_iter().map(lineup).collect();
        state.beacon = frozen.beacon;
        state.selected = frozen.selected;
        state.hungry = frozen.hungry.into_iter().collect();
        state.handover = frozen.handover;
        let announced = frozen.announced.into_iter();
        state.announced = announced.map(|member| (member.node, member)).collect();
        state.ceremony = None;
        if let Some(frozen) = frozen.ceremony {
            state.take_ceremony(Ceremony::thaw(frozen, (self.seats.group, self.seats.epoch))?);
        }
        state.is_over = state.has_ended();
        for (page, (_, hash)) in image.pages.iter().zip(frozen.pages) {
            for chain in page.thaw(hash)? {
                state.index(&chain);
                for node in chain.members_once() {
                    state.come(node, chain.id);
                }
                state.pages.note(chain.id);
                state.chains.insert(chain.id, chain);
            }
        }
        state.pages.renew(&state.chains);
        state.changed = BTreeSet::new();
        Some(state)
    }
}
