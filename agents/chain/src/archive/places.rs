//! Who has a seat in an archive group, who asks for one and who leaves: kept current by events while they fit together.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent as _,
};
use conet_bindings::ArchiveGroups::{
    EpochStarted, JoinAsked, JoinWithdrawn, ResignationAsked, SeedPosted,
};
use futures_util::{StreamExt as _, TryStreamExt as _};

use crate::{
    ChainReader,
    error::ChainError,
    limits::STAKE_READS_MAX,
    logs::{LogCursor, Polled},
    mainchain::Mainchain,
};

/// Every event that changes where a node stands. Epochs and seeds do it for many at once.
const EVENTS: [B256; 5] = [
    JoinAsked::SIGNATURE_HASH,
    JoinWithdrawn::SIGNATURE_HASH,
    ResignationAsked::SIGNATURE_HASH,
    EpochStarted::SIGNATURE_HASH,
    SeedPosted::SIGNATURE_HASH,
];

/// Where a node stands with the archive groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The group in which it has a seat.
    pub seated: Option<u32>,
    /// It has a seat, and asked to be left out of the next epoch.
    pub leaving: bool,
    /// It asked for a seat.
    pub waiting: bool,
    /// It waits, and a seed has placed it in this group.
    pub placed: Option<u32>,
    /// The main chain's block after which the seed is made that places it.
    pub drawn_after: u64,
}

/// Where nodes stand of which somebody asks.
#[derive(Debug)]
pub struct Places {
    chain: Mainchain,
    cursor: LogCursor,
    known: BTreeMap<U256, Standing>,
}

impl Places {
    /// Knows nothing yet, and follows from the newest block.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn follow(chain: Mainchain, reader: ChainReader) -> Result<Self, ChainError> {
        let head = reader.head().await?;
        let filter =
            Filter::new().address(chain.address("ArchiveGroups")).event_signature(EVENTS.to_vec());
        Ok(Self { cursor: LogCursor::new(reader, filter, &head), chain, known: BTreeMap::new() })
    }

    /// The main chain's block up to which it was read.
    #[must_use]
    pub fn block(&self) -> u64 {
        self.cursor.position()
    }

    /// Where a node stands, as far as it was read.
    #[must_use]
    pub fn of(&self, node: U256) -> Standing {
        self.known.get(&node).copied().unwrap_or_default()
    }

    /// Brings these nodes up to the newest block.
    ///
    /// # Errors
    /// [`ChainError`]; what was read stays.
    pub async fn refresh(&mut self, wanted: &BTreeSet<U256>) -> Result<(), ChainError> {
        loop {
            match self.cursor.poll().await? {
                Polled::Quiet => break,
                Polled::Logs { logs, .. } => self.forget(&logs),
                Polled::Reorganized { .. } => self.known.clear(),
                Polled::Gap { head } => {
                    self.known.clear();
                    self.cursor.restart(&head);
                }
            }
        }
        self.known.retain(|node, _| wanted.contains(node));
        let missing: Vec<_> =
            wanted.iter().copied().filter(|node| !self.known.contains_key(node)).collect();
        let chain = &self.chain;
        let read = missing
            .into_iter()
            .map(|node| async move { Ok::<_, ChainError>((node, Self::read(chain, node).await?)) });
        let read: Vec<_> =
            futures_util::stream::iter(read).buffered(STAKE_READS_MAX).try_collect().await?;
        self.known.extend(read);
        Ok(())
    }

    /// Where a node stands now.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn read(chain: &Mainchain, node: U256) -> Result<Standing, ChainError> {
        let groups = chain.archive_groups();
        let place = groups.placeOf(node).call().await?;
        let mut standing = Standing {
            seated: Some(place.group).filter(|group| *group != 0),
            leaving: place.leaving,
            waiting: place.waiting,
            placed: None,
            drawn_after: place.drawnAfter,
        };
        if place.waiting {
            let drawn = groups.drawnFor(node).call().await;
            // Between the two calls it may have got its seat: its event comes.
            standing.placed = drawn.ok().filter(|group| *group != 0);
        }
        Ok(standing)
    }

    fn forget(&mut self, logs: &[Log]) {
        for log in logs {
            match (log.topic0(), log.topics().get(1)) {
                (Some(&EpochStarted::SIGNATURE_HASH | &SeedPosted::SIGNATURE_HASH), _) => {
                    self.known.clear();
                }
                (_, Some(node)) => {
                    self.known.remove(&U256::from_be_bytes(node.0));
                }
                _ => {}
            }
        }
    }
}
