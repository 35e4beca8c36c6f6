//! What an archive node writes of chains.

use std::sync::mpsc;

use conet_committee::{
    Record,
    journal::Frozen,
    log::{Certificate, EntryProof},
    seat::Seat,
    vote::Phase,
};
use conet_dle::store::{FinalBlock, Store, Write};
use conet_ledger::snapshot::Snapshot;
use conet_measure::{BenchError, failed, wrong};

use crate::note::Live;

/// Of a chain that begins.
pub(crate) fn beginning(note: &Live) -> Result<Vec<Write>, BenchError> {
    let (genesis, header) = (note.chain.genesis().clone(), note.header.clone());
    let root = header.outcome.state_root;
    Ok(vec![
        Write::Chain(Box::new(genesis), root),
        Write::Block(Box::new(FinalBlock { header, content: None, is_genesis: true })),
        state(note)?,
    ])
}

/// Its newest state.
pub(crate) fn state(live: &Live) -> Result<Write, BenchError> {
    let (chain, hash) = (live.header.proposal.chain, live.header.hash());
    let snapshot = Snapshot { header: live.header.clone(), state: live.state.clone() };
    let snapshot = snapshot.encode().map_err(failed("a snapshot"))?;
    Ok(Write::State { chain, hash, snapshot })
}

/// The state after a seat's newest entry. Nobody voted for it: the journal is the node's own.
pub(crate) fn checkpoint(seat: &Seat) -> Write {
    let state = seat.state().freeze();
    let mut header = seat.tip().header.clone();
    header.state_hash = state.hash();
    let (view, entry) = (header.view, header.id());
    let certificate = Certificate { phase: Phase::Finalize, view, entry, signatures: Vec::new() };
    let proof = EntryProof { headers: vec![header], certificate };
    Write::Record(Box::new(Record::Checkpoint(Box::new(Frozen { proof, state, is_whole: true }))))
}

/// Writes, and waits for the disk.
pub(crate) fn write(store: &Store, writes: Vec<Write>) -> Result<(), BenchError> {
    let (tell, told) = mpsc::channel();
    let then = move |done: Result<(), &_>| {
        let _ = tell.send(done.is_ok());
    };
    store.write(writes, then).map_err(failed("a store"))?;
    match told.recv() {
        Ok(true) => Ok(()),
        _ => Err(wrong("a store", "it cannot be written")),
    }
}
