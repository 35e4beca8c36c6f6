//! The newest state that others can begin with.

use std::sync::OnceLock;

use alloy::primitives::{B256, Bytes};

use crate::{archive::State, log::EntryHeader};

/// A state after an entry that is final. What did not change since takes no room of its own. Bytes are kept only when
/// somebody asked for them: as many as for a million chains are not in memory for nothing.
pub(super) struct Checkpoint {
    /// The entry.
    pub(super) header: EntryHeader,
    state: State,
    bytes: OnceLock<Bytes>,
}

impl Checkpoint {
    pub(super) const fn new(header: EntryHeader, state: State) -> Self {
        Self { header, state, bytes: OnceLock::new() }
    }

    /// Its hash.
    pub(super) const fn hash(&self) -> B256 {
        self.header.state_hash
    }

    /// The state in its one form, for one's own journal.
    pub(super) fn freeze(&self) -> Bytes {
        self.state.freeze()
    }

    /// The same, for others: who asks again gets the same bytes.
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.get_or_init(|| self.freeze()).clone()
    }
}
