//! The state in bytes: for a seat that restarts, or that missed more than others keep of the log.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::{B256, Bytes, Keccak256};
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    beacon::Beacon,
    ceremony::{self, Ceremony},
    chain::Chain,
    item::Handover,
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

/// All that does not follow from the rest.
#[derive(Serialize, Deserialize)]
struct Frozen<C> {
    height: u64,
    time_ms: u64,
    active: Vec<NodeId>,
    suspended: Vec<(NodeId, u64)>,
    barred: Vec<NodeId>,
    chains: Vec<C>,
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

/// About how many bytes a chain takes: room that is reserved is not touched until it is needed.
const CHAIN_BYTES: usize = 320;

/// How many bytes are hashed at once.
const HASHED_AT_ONCE: usize = 4_096;

/// Hashes what is written to it: the bytes of a million chains need not be in memory for that.
#[derive(Default)]
struct Hashing {
    hasher: Keccak256,
    waiting: Vec<u8>,
}

impl Flavor for Hashing {
    type Output = B256;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= HASHED_AT_ONCE {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
        Ok(())
    }

    fn finalize(mut self) -> postcard::Result<B256> {
        self.hasher.update(&self.waiting);
        Ok(self.hasher.finalize())
    }
}

/// A chain that is read to where it stays.
struct Thawed(Arc<Chain>);

impl<'de> Deserialize<'de> for Thawed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Chain::deserialize(deserializer).map(|chain| Self(Arc::new(chain)))
    }
}

impl State {
    /// The state in its one form.
    #[must_use]
    pub fn freeze(&self) -> Bytes {
        let room = Vec::with_capacity(self.chains.len() * CHAIN_BYTES);
        // Serializing into memory does not fail.
        postcard::to_extend(&self.frozen(), room).unwrap_or_default().into()
    }

    /// What stands for it: the hash of that form.
    #[must_use]
    pub fn hash(&self) -> B256 {
        postcard::serialize_with_flavor(&self.frozen(), Hashing::default()).unwrap_or_default()
    }

    fn frozen(&self) -> Frozen<&Chain> {
        let lineup = |(logged, lineup): (&u64, &Arc<Lineup>)| {
            (*logged, lineup.digest(), lineup.waiting().to_vec())
        };
        Frozen {
            height: self.height,
            time_ms: self.time_ms,
            active: self.active.iter().copied().collect(),
            suspended: self.suspended.iter().map(|(node, since)| (*node, *since)).collect(),
            barred: self.barred.iter().copied().collect(),
            chains: self.chains.values().map(|chain| &**chain).collect(),
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

    /// The height of the state that these bytes are of.
    #[must_use]
    pub fn height_of(bytes: &[u8]) -> Option<u64> {
        postcard::take_from_bytes(bytes).ok().map(|(height, _)| height)
    }

    /// The state that these bytes are of, in the group and under the rules of this one; `None` when they are of none.
    /// Whether it is the right one, its hash says: the caller compares it.
    #[must_use]
    pub fn thaw(&self, bytes: &[u8]) -> Option<Self> {
        let frozen: Frozen<Thawed> = postcard::from_bytes(bytes).ok()?;
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
        for Thawed(chain) in frozen.chains {
            state.index(&chain);
            for node in chain.members_once() {
                state.come(node, chain.id);
            }
            state.chains.insert(chain.id, chain);
        }
        state.changed = BTreeSet::new();
        Some(state)
    }
}
