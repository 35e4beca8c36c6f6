//! For how many seats each node's stake is enough, kept current by events while they fit together.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent as _,
};
use conet_bindings::{
    Parameters::MinimumStakeSet,
    Staking::{Barred, Forfeited, Restored, Slashed, Staked, Unbonding},
};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::{
    ChainReader,
    error::ChainError,
    limits::STAKE_READS_MAX,
    logs::{LogCursor, Polled},
    mainchain::Mainchain,
};

/// Every event that changes what a stake is enough for.
const EVENTS: [B256; 7] = [
    MinimumStakeSet::SIGNATURE_HASH,
    Staked::SIGNATURE_HASH,
    Unbonding::SIGNATURE_HASH,
    Slashed::SIGNATURE_HASH,
    Restored::SIGNATURE_HASH,
    Forfeited::SIGNATURE_HASH,
    Barred::SIGNATURE_HASH,
];

/// The stakes of nodes that somebody asks for.
#[derive(Debug)]
pub struct Stakes {
    chain: Mainchain,
    cursor: LogCursor,
    /// By node and role.
    seats: BTreeMap<(U256, u16), u32>,
}

impl Stakes {
    /// Knows nothing yet, and follows from the newest block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn follow(chain: Mainchain, reader: ChainReader) -> Result<Self, ChainError> {
        let head = reader.head().await?;
        let contracts = [chain.address("Staking"), chain.address("Parameters")];
        let filter = Filter::new().address(contracts.to_vec()).event_signature(EVENTS.to_vec());
        Ok(Self { cursor: LogCursor::new(reader, filter, &head), chain, seats: BTreeMap::new() })
    }

    /// For how many seats a node's stake in a role is enough, as far as it was read. Zero for the barred.
    #[must_use]
    pub fn seats(&self, node: U256, role: u16) -> u32 {
        self.seats.get(&(node, role)).copied().unwrap_or_default()
    }

    /// Brings these nodes' stakes, each in single roles, up to the newest block. Whether anything changed.
    ///
    /// # Errors
    /// [`ChainError`]; what was read stays.
    pub async fn refresh(&mut self, wanted: &BTreeSet<(U256, u16)>) -> Result<bool, ChainError> {
        loop {
            match self.cursor.poll().await? {
                Polled::Quiet => break,
                Polled::Logs { logs, .. } => self.forget(&logs),
                Polled::Reorganized { .. } => self.seats.clear(),
                Polled::Gap { head } => {
                    self.seats.clear();
                    self.cursor.restart(&head);
                }
            }
        }
        self.seats.retain(|key, _| wanted.contains(key));
        let missing: Vec<_> =
            wanted.iter().copied().filter(|key| !self.seats.contains_key(key)).collect();
        let chain = &self.chain;
        let read = missing.into_iter().map(|(node, role)| async move {
            let seats = chain.staking().capacity(node, role).call().await?;
            Ok::<_, ChainError>(((node, role), u32::try_from(seats).unwrap_or(u32::MAX)))
        });
        let read: Vec<_> =
            futures_util::stream::iter(read).buffered(STAKE_READS_MAX).try_collect().await?;
        let changed = !read.is_empty();
        self.seats.extend(read);
        Ok(changed)
    }

    /// A bar counts for all roles; it costs little to read them all again. Another minimum counts for everybody.
    fn forget(&mut self, logs: &[Log]) {
        if logs.iter().any(|log| log.topic0() == Some(&MinimumStakeSet::SIGNATURE_HASH)) {
            self.seats.clear();
            return;
        }
        let touched: BTreeSet<_> = logs
            .iter()
            .filter_map(|log| log.topics().get(1))
            .map(|id| U256::from_be_bytes(id.0))
            .collect();
        self.seats.retain(|(node, _), _| !touched.contains(node));
    }
}
