//! The writer thread: group commit.

use std::{sync::mpsc::Receiver, time::Instant};

use rusqlite::Connection;

use super::{StoreError, StoreLimits, Write, write};
use crate::metrics::Metrics;

/// Told whether the writes before it are on disk.
pub(super) type Then = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// What a step wants written, and what follows when it is.
pub(super) struct Batch {
    pub(super) writes: Vec<Write>,
    pub(super) then: Then,
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) limits: StoreLimits,
    pub(super) metrics: Metrics,
}

impl Writer {
    /// Works until every handle is gone, or the disk refuses: after that nothing may be said any more, for what was
    /// journaled last is not known.
    pub(super) fn run(mut self, queue: &Receiver<Batch>) {
        let mut failed = None;
        while let Ok(first) = queue.recv() {
            let mut batches = vec![first];
            while batches.len() < self.limits.batch_steps_max
                && let Ok(batch) = queue.try_recv()
            {
                batches.push(batch);
            }
            if failed.is_none() {
                failed = self.commit(&batches).err();
                if let Some(error) = &failed {
                    tracing::error!(%error, "the journal could not be written; the node must stop");
                }
            }
            for batch in batches {
                (batch.then)(failed.as_ref().map_or(Ok(()), Err));
            }
        }
    }

    fn commit(&mut self, batches: &[Batch]) -> Result<(), StoreError> {
        let count: usize = batches.iter().map(|batch| batch.writes.len()).sum();
        if count == 0 {
            return Ok(());
        }
        let start = Instant::now();
        let transaction = self.connection.transaction()?;
        for write in batches.iter().flat_map(|batch| &batch.writes) {
            write::apply(&transaction, write, self.limits.entries_kept)?;
        }
        transaction.commit()?;
        if batches.iter().flat_map(|batch| &batch.writes).any(Write::destroys_secrets) {
            empty_log(&self.connection)?;
        }
        self.metrics.syncs.inc();
        self.metrics.writes.inc_by(count as u64);
        self.metrics.sync_seconds.observe(start.elapsed().as_secs_f64());
        Ok(())
    }
}

/// Pages as they were before are in the write-ahead log until it is written into the file. Who reads just now is waited
/// for, but not longer than for a lock.
pub(super) fn empty_log(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}
