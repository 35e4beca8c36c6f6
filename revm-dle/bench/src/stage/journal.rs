//! A node's journal, as in a process of its own: what it says waits until what it must not forget is on disk.

use std::path::Path;

use conet_committee::{Record, keys::NodeId, seats::Seats};
use conet_dle::{
    metrics::Metrics,
    store::{Founding, Store, StoreLimits, Write},
};
use conet_measure::{BenchError, failed};

use crate::{note::MAIN_CHAIN, rows::write};

pub(super) struct Journal(Store);

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
    let founding = Founding { main_chain_id: MAIN_CHAIN, seats: seats.clone(), began_ms: 0 };
    let store = Store::open(&path, id, &founding, limits, Metrics::new());
    store.map_err(failed("a store"))
}

impl Journal {
    pub(super) fn open(folder: &Path, id: NodeId, seats: &Seats) -> Result<Self, BenchError> {
        store(folder, id, seats, StoreLimits::default()).map(Self)
    }

    /// Writes what one step must not forget, and waits for the disk.
    pub(super) fn write(&self, records: Vec<Record>) -> Result<(), BenchError> {
        let records = records.into_iter().map(|record| Write::Record(Box::new(record)));
        let writes: Vec<_> = records.collect();
        if writes.is_empty() { Ok(()) } else { write(&self.0, writes) }
    }
}
