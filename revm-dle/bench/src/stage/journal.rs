//! A node's journal, as in a process of its own: what it says waits until what it must not forget is on disk.

use std::{path::Path, sync::PoisonError};

use conet_committee::{Record, keys::NodeId, seats::Seats};
use conet_dle::{
    metrics::Metrics,
    store::{Store, StoreLimits, Write},
};
use conet_measure::{BenchError, failed};

use crate::{ledgers::Told, rows::write};

pub(super) struct Journal {
    store: Store,
    /// What its ledgers keep of notices.
    told: Told,
}

/// On the disk that `TMPDIR` names.
pub(crate) fn folder() -> Result<tempfile::TempDir, BenchError> {
    let folder = tempfile::Builder::new().prefix("conet-bench-").tempdir();
    folder.map_err(failed("a temporary folder"))
}

/// A node's store in a folder.
pub(crate) fn store(
    folder: &Path,
    id: NodeId,
    seats: &Seats,
    limits: StoreLimits,
) -> Result<Store, BenchError> {
    let path = folder.join(format!("{}.db", id.0));
    let store = Store::open(&path, id, (seats, 0), limits, Metrics::new());
    store.map_err(failed("a store"))
}

impl Journal {
    pub(super) fn open(
        folder: &Path,
        id: NodeId,
        seats: &Seats,
        told: Told,
    ) -> Result<Self, BenchError> {
        Ok(Self { store: store(folder, id, seats, StoreLimits::default())?, told })
    }

    /// Writes what one step must not forget, and waits for the disk.
    pub(super) fn write(&self, records: Vec<Record>) -> Result<(), BenchError> {
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        let records = records.into_iter().map(|record| Write::Record(Box::new(record)));
        let writes: Vec<_> = records.chain(told.into_iter().map(Write::Notice)).collect();
        if writes.is_empty() { Ok(()) } else { write(&self.store, writes) }
    }
}
