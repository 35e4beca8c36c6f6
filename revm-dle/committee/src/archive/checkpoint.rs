//! The state in bytes: for a seat that restarts, or that missed more than others keep of the log.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::{B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl State {
    /// The state in its one form.
    #[must_use]
    pub fn freeze(&self) -> Bytes {
        let lineup = |(logged, lineup): (&u64, &Arc<Lineup>)| {
            (*logged, lineup.digest(), lineup.waiting().to_vec())
        };
        let frozen = Frozen {
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
        };
        // Serializing into memory does not fail.
        postcard::to_allocvec(&frozen).unwrap_or_default().into()
    }

    /// What stands for it.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.freeze())
    }

    /// The state that these bytes are of, in the group and under the rules of this one; `None` when they are of none.
    /// Whether it is the right one, its hash says: the caller compares it.
    #[must_use]
    pub fn thaw(&self, bytes: &[u8]) -> Option<Self> {
        let frozen: Frozen<Chain> = postcard::from_bytes(bytes).ok()?;
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
        for chain in frozen.chains {
            state.index(&chain);
            for node in chain.members_once() {
                state.come(node, chain.id);
            }
            state.chains.insert(chain.id, Arc::new(chain));
        }
        state.changed = BTreeSet::new();
        Some(state)
    }
}
