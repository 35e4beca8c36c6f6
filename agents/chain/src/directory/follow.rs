//! Keeping the map current: by events while they fit together, by reading
//! everything when they do not.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use alloy::{
    eips::BlockId,
    primitives::{B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use conet_bindings::NodeRegistry::{
    NodeEndpointsUpdated, NodeKeysUpdated, NodeOnlineUpdated, NodePricesUpdated, NodeRecord,
    NodeRegistered, NodeRetired, NodeRolesUpdated, NodeSpecsUpdated, Transfer,
};
use conet_wire::claim::EndpointPolicy;
use tokio_util::sync::CancellationToken;

use super::{Directory, Table};
use crate::{
    error::ChainError,
    limits::{CHANGED_NODES_MAX, FOLLOW_BACKOFF_MAX, FULL_READ_INTERVAL},
    logs::{LogCursor, Polled},
    now_unix,
    reader::{ChainReader, Head},
};

/// Every event that changes a record.
const EVENTS: [B256; 9] = [
    NodeRegistered::SIGNATURE_HASH,
    NodeKeysUpdated::SIGNATURE_HASH,
    NodeEndpointsUpdated::SIGNATURE_HASH,
    NodeRolesUpdated::SIGNATURE_HASH,
    NodePricesUpdated::SIGNATURE_HASH,
    NodeSpecsUpdated::SIGNATURE_HASH,
    NodeOnlineUpdated::SIGNATURE_HASH,
    Transfer::SIGNATURE_HASH,
    NodeRetired::SIGNATURE_HASH,
];

/// The one that writes the map.
pub(super) struct Follower {
    reader: ChainReader,
    directory: Directory,
    table: Table,
    cursor: LogCursor,
    full_read_at: Instant,
    /// Events no longer suffice.
    must_read_all: bool,
}

impl Follower {
    /// Reads all nodes.
    pub(super) async fn start(
        reader: ChainReader,
        policy: EndpointPolicy,
    ) -> Result<(Directory, Self), ChainError> {
        let (head, records) = reader.nodes().await?;
        let network = reader.network();
        let table = verify(Table::new(network, policy), move |table, now| {
            table.replace(records, now);
        })
        .await?;
        let directory = Directory::new(table.map(now_unix()), head.number);
        let filter = Filter::new().address(network.registry).event_signature(EVENTS.to_vec());
        let cursor = LogCursor::new(reader.clone(), filter, &head);
        let follower = Self {
            reader,
            directory: directory.clone(),
            table,
            cursor,
            full_read_at: Instant::now(),
            must_read_all: false,
        };
        Ok((directory, follower))
    }

    /// Looks every `poll_interval`, less often while the chain does not answer.
    pub(super) async fn run(mut self, poll_interval: Duration, stop: CancellationToken) {
        let mut pause = poll_interval;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let step = tokio::select! {
                () = stop.cancelled() => return,
                step = self.step() => step,
            };
            match step {
                // More waits to be caught up with.
                Ok(true) => pause = Duration::ZERO,
                Ok(false) => pause = poll_interval,
                Err(error) => {
                    self.directory.note_failure();
                    self.must_read_all = true;
                    pause = (pause.max(poll_interval) * 2).min(FOLLOW_BACKOFF_MAX);
                    tracing::warn!(%error, ?pause, "the node directory is not current, trying again");
                }
            }
        }
    }

    /// One look at the chain. Gives whether to look again at once.
    async fn step(&mut self) -> Result<bool, ChainError> {
        if self.must_read_all || self.full_read_at.elapsed() > FULL_READ_INTERVAL {
            self.read_all().await?;
            return Ok(false);
        }
        match self.cursor.poll().await? {
            Polled::Quiet => {
                self.directory.note_answer(self.cursor.position());
                if self.directory.is_stale(now_unix()) {
                    self.directory.publish(&self.table);
                }
                Ok(false)
            }
            Polled::Logs { logs, upto } => {
                let changed = changed_nodes(&logs);
                if changed.len() > CHANGED_NODES_MAX {
                    self.read_all().await?;
                } else {
                    self.read_changed(changed, &upto).await?;
                }
                Ok(true)
            }
            Polled::Reorganized { ancestor } => {
                tracing::info!(ancestor, "the chain was reorganized, reading all nodes");
                self.read_all().await?;
                Ok(false)
            }
            Polled::Gap { head } => {
                tracing::info!(head = head.number, "far behind the chain, reading all nodes");
                self.read_all().await?;
                Ok(false)
            }
        }
    }

    async fn read_all(&mut self) -> Result<(), ChainError> {
        let (head, records) = self.reader.nodes().await?;
        self.update(move |table, now| table.replace(records, now)).await?;
        self.cursor.restart(&head);
        self.full_read_at = Instant::now();
        self.must_read_all = false;
        self.directory.note_full_read();
        self.directory.note_answer(head.number);
        Ok(())
    }

    async fn read_changed(
        &mut self,
        changed: BTreeSet<U256>,
        upto: &Head,
    ) -> Result<(), ChainError> {
        let mut records: Vec<(U256, Option<NodeRecord>)> = Vec::with_capacity(changed.len());
        for id in changed {
            records.push((id, self.reader.node_at(id, BlockId::hash(upto.hash)).await?));
        }
        if !records.is_empty() {
            tracing::debug!(nodes = records.len(), block = upto.number, "nodes changed");
            self.update(move |table, now| {
                for (id, record) in records {
                    table.set(id, record, now);
                }
            })
            .await?;
        } else if self.directory.is_stale(now_unix()) {
            self.directory.publish(&self.table);
        }
        self.directory.note_answer(upto.number);
        Ok(())
    }

    async fn update<F>(&mut self, change: F) -> Result<(), ChainError>
    where
        F: FnOnce(&mut Table, u64) + Send + 'static,
    {
        self.table = verify(self.table.clone(), change).await?;
        self.directory.publish(&self.table);
        Ok(())
    }
}

/// Verifies away from the runtime's threads: a certificate takes about a
/// millisecond, and there may be many.
async fn verify<F>(mut table: Table, change: F) -> Result<Table, ChainError>
where
    F: FnOnce(&mut Table, u64) + Send + 'static,
{
    let work = move || {
        change(&mut table, now_unix());
        table
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| ChainError::Answer {
        expected: "verified nodes",
        found: format!("a task that failed: {error}"),
    })
}

fn changed_nodes(logs: &[Log]) -> BTreeSet<U256> {
    logs.iter().filter_map(|log| node_of(log.topics())).collect()
}

/// The node that an event is about: the first thing it names, but for the token's own `Transfer`, where it is the last.
fn node_of(topics: &[B256]) -> Option<U256> {
    let place = if topics.first() == Some(&Transfer::SIGNATURE_HASH) { 3 } else { 1 };
    topics.get(place).map(|topic| U256::from_be_bytes(topic.0))
}
