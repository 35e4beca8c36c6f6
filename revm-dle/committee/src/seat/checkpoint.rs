//! The newest state that others can begin with.

use std::sync::{Arc, OnceLock};

use alloy::primitives::{B256, Bytes};

use super::gather::short;
use crate::{
    archive::{Image, Page, Pages, ProvenStanding, Standing, State},
    log::{EntryHeader, EntryProof},
};

/// A state after an entry that is final. What did not change since takes no room of its own. Bytes are kept only when
/// somebody asked for them: as many as for a million chains are not in memory for nothing.
pub(super) struct Checkpoint {
    /// The entry.
    pub(super) header: EntryHeader,
    state: State,
    standing: Arc<Standing>,
    head: OnceLock<Bytes>,
    /// Why its entry is final, in as few headers as this seat has seen; with it the journal has the state.
    pub(super) proof: Option<EntryProof>,
}

impl Checkpoint {
    /// The state after this entry; it is not written down yet.
    pub(super) fn new(header: EntryHeader, state: State) -> Self {
        let standing = state.standing().cloned();
        let standing = standing.unwrap_or_else(|| Arc::new(state.stand()));
        Self { header, state, standing, head: OnceLock::new(), proof: None }
    }

    /// One that the journal has.
    pub(super) fn proven(header: EntryHeader, state: State, proof: EntryProof) -> Self {
        Self { proof: Some(proof), ..Self::new(header, state) }
    }

    /// Its hash.
    pub(super) const fn hash(&self) -> B256 {
        self.header.state_hash
    }

    /// Where all chains stand in it, once that is proven.
    pub(super) fn standing(&self) -> Option<Arc<ProvenStanding>> {
        let (standing, proof) = (self.standing.clone(), self.proof.clone()?);
        Some(Arc::new(ProvenStanding { standing, proof }))
    }

    /// For a journal that has one with pages of these marks, or none: then all pages.
    pub(super) fn since(&self, written: Option<&Pages>) -> Image {
        Image { head: self.head(), pages: self.state.pages_since(written) }
    }

    /// What stands for its pages.
    pub(super) fn pages(&self) -> Pages {
        self.state.pages()
    }

    /// All of the state but its pages: who asks again gets the same bytes.
    fn head(&self) -> Bytes {
        self.head.get_or_init(|| self.state.head()).clone()
    }

    /// A page in bytes.
    pub(super) fn page(&self, prefix: u16) -> Page {
        self.state.page(prefix)
    }

    /// For others: with the first pages, so many at most.
    pub(super) fn shown(&self, pages_max: usize) -> Image {
        let pages = self.pages();
        let first = pages.iter().take(pages_max).map(|(prefix, _)| self.page(prefix));
        Image { head: self.head(), pages: short(first) }
    }
}
