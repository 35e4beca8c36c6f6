//! A node's journal, as in a process of its own: what it says waits until what it must not forget is on disk.

use std::{path::Path, sync::mpsc};

use conet_committee::{Record, keys::NodeId, seats::Seats};
use conet_dle::{
    metrics::Metrics,
    store::{Founding, Store, StoreLimits, Write},
};
use conet_measure::{BenchError, failed, wrong};

use crate::note::MAIN_CHAIN;

pub(super) struct Journal(Store);

/// On the disk that `TMPDIR` names.
pub(super) fn folder() -> Result<tempfile::TempDir, BenchError> {
    let folder = tempfile::Builder::new().prefix("conet-bench-").tempdir();
    folder.map_err(failed("a temporary folder"))
}

impl Journal {
    pub(super) fn open(folder: &Path, id: NodeId, seats: &Seats) -> Result<Self, BenchError> {
        let (path, limits) = (folder.join(format!("{}.db", id.0)), StoreLimits::default());
        let founding = Founding { main_chain_id: MAIN_CHAIN, seats: seats.clone(), began_ms: 0 };
        let store = Store::open(&path, id, &founding, limits, Metrics::new());
        store.map(Self).map_err(failed("a journal"))
    }

    /// Writes what one step must not forget, and waits for the disk.
    pub(super) fn write(&self, records: Vec<Record>) -> Result<(), BenchError> {
        let writes = records.into_iter().map(|record| Write::Record(Box::new(record))).collect();
        let (tell, told) = mpsc::channel();
        let then = move |done: Result<(), &_>| {
            let _ = tell.send(done.is_ok());
        };
        self.0.write(writes, then).map_err(failed("a journal"))?;
        match told.recv() {
            Ok(true) => Ok(()),
            _ => Err(wrong("a journal", "it cannot be written")),
        }
    }
}
