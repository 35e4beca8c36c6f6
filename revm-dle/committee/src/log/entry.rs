//! Entries of the log.

use alloy::primitives::{B256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use crate::archive::Item;

/// What votes are about: everything of an entry but its items.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct EntryHeader {
    /// The log.
    pub log: B256,
    /// The archive group's epoch.
    pub epoch: u64,
    /// The view it was proposed in.
    pub view: u64,
    /// Counts entries: one more than its parent's.
    pub height: u64,
    /// The entry that it extends.
    pub parent: B256,
    /// That entry's view.
    pub parent_view: u64,
    /// Chain time, milliseconds since 1970.
    pub time_ms: u64,
    /// Hash of the items.
    pub items_hash: B256,
    /// Merkle root over what the items brought about. See [`crate::archive::Notice`].
    pub notices_root: B256,
    /// Hash of the state after the entry, at checkpoints; else zero.
    pub state_hash: B256,
}

impl EntryHeader {
    /// Whether this is the entry after another.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        self.parent == before.id() && before.height.checked_add(1) == Some(self.height)
    }

    /// What votes name.
    #[must_use]
    pub fn id(&self) -> B256 {
        keccak256(alloy_rlp::encode(self))
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What is voted on.
    pub header: EntryHeader,
    /// What the group decides with it, in this order.
    pub items: Vec<Item>,
}

impl Entry {
    /// What votes name. Only a whole entry's: see [`Self::is_whole`].
    #[must_use]
    pub fn id(&self) -> B256 {
        self.header.id()
    }

    /// Whether the items are those that the header names.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        Item::hash_all(&self.items) == self.header.items_hash
    }
}
