//! Chains by the beginnings of their ids: what stands for a state is worked out, and written down, for those alone that
//! changed.
//!
//! A **page** has the chains whose ids begin with the same [`PREFIX_BITS`] bits, by their ids. A state knows a [`Mark`] of
//! each: the hash of its bytes, and the root of where its chains stand. At entries that commit to all chains
//! ([`State::is_checkpoint`]) it makes the marks anew of pages in which something changed, and no others: a chain at rest
//! costs nothing, but when a chain of its page is not at rest.

use std::sync::Arc;

use alloy::primitives::{B256, Bytes, keccak256};
use conet_bindings::merkle::Tree;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::{chain::Chain, notice::Notice, state::State};

/// A page of a million chains has about sixty.
const PREFIX_BITS: u32 = 14;

/// About how many bytes a chain takes.
const CHAIN_BYTES: usize = 320;

/// What stands for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Hash of its bytes.
    pub hash: B256,
    /// Merkle root of its chains' notices.
    pub root: B256,
}

/// A page in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// How the ids of its chains begin.
    pub prefix: u16,
    /// The chains. None: there are no such chains any more.
    pub chains: Bytes,
}

/// Which page a chain is on.
pub(super) fn prefix_of(chain: B256) -> u16 {
    let first = chain.0.first_chunk().map_or(0, |first| u16::from_be_bytes(*first));
    first >> (u16::BITS - PREFIX_BITS)
}

/// The lowest id on a page.
fn first_of(prefix: u16) -> B256 {
    let mut id = B256::ZERO;
    if let Some(first) = id.0.first_chunk_mut() {
        *first = (prefix << (u16::BITS - PREFIX_BITS)).to_be_bytes();
    }
    id
}

/// The chains of a page, by their ids.
pub(super) fn page(chains: &OrdMap<B256, Arc<Chain>>, prefix: u16) -> impl Iterator<Item = &Chain> {
    let all = chains.range(first_of(prefix)..);
    all.take_while(move |(id, _)| prefix_of(**id) == prefix).map(|(_, chain)| &**chain)
}

/// The bytes of chains; none when there are none.
fn bytes_of(chains: &[&Chain]) -> Bytes {
    if chains.is_empty() {
        return Bytes::new();
    }
    let room = Vec::with_capacity(chains.len() * CHAIN_BYTES);
    // Serializing into memory does not fail.
    postcard::to_extend(chains, room).unwrap_or_default().into()
}

/// What stands for some chains; none when there are none.
fn mark(chains: &[&Chain]) -> Option<Mark> {
    let leaves: Vec<_> = chains.iter().map(|chain| Notice::of(chain).leaf()).collect();
    let hash = keccak256(bytes_of(chains));
    (!leaves.is_empty()).then(|| Mark { hash, root: Tree::new(leaves).root() })
}

impl Page {
    /// The chains, if these are their bytes and all are on this page, by their ids.
    pub(super) fn thaw(&self, hash: B256) -> Option<Vec<Arc<Chain>>> {
        if keccak256(&self.chains) != hash {
            return None;
        }
        let chains: Vec<Chain> = postcard::from_bytes(&self.chains).ok()?;
        let are_here = chains.iter().all(|chain| prefix_of(chain.id) == self.prefix)
            && chains.is_sorted_by(|a, b| a.id < b.id);
        are_here.then(|| chains.into_iter().map(Arc::new).collect())
    }
}

/// The marks of all pages that have chains. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    marks: OrdMap<u16, Mark>,
    /// Pages with chains that changed since their marks were made.
    stale: OrdSet<u16>,
}

impl Pages {
    /// A chain changed, came or went.
    pub(super) fn note(&mut self, chain: B256) {
        self.stale.insert(prefix_of(chain));
    }

    /// Makes the marks anew of pages in which something changed.
    pub(super) fn renew(&mut self, chains: &OrdMap<B256, Arc<Chain>>) {
        for prefix in std::mem::take(&mut self.stale) {
            match mark(&page(chains, prefix).collect::<Vec<_>>()) {
                Some(mark) => self.marks.insert(prefix, mark),
                None => self.marks.remove(&prefix),
            };
        }
    }

    /// The pages, by their prefixes.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Mark)> {
        self.marks.iter().map(|(prefix, mark)| (*prefix, mark))
    }

    /// What stands for one of them.
    #[must_use]
    pub fn get(&self, prefix: u16) -> Option<&Mark> {
        self.marks.get(&prefix)
    }

    /// Pages that are others than before, or are no more.
    fn changed_since(&self, before: &Self) -> Vec<u16> {
        use imbl::ordmap::DiffItem;
        let changed = before.marks.diff(&self.marks).map(|change| match change {
            DiffItem::Add(prefix, _) | DiffItem::Remove(prefix, _) => *prefix,
            DiffItem::Update { new: (prefix, _), .. } => *prefix,
        });
        changed.collect()
    }
}

impl State {
    /// The marks of all pages as they are now.
    #[must_use]
    pub fn pages(&self) -> Pages {
        let mut pages = self.pages.clone();
        pages.renew(&self.chains);
        pages
    }

    /// A page in bytes.
    #[must_use]
    pub fn page(&self, prefix: u16) -> Page {
        let chains: Vec<_> = page(&self.chains, prefix).collect();
        Page { prefix, chains: bytes_of(&chains) }
    }

    /// Pages in bytes: those that are others than before, or are no more; without `before` all.
    #[must_use]
    pub fn pages_since(&self, before: Option<&Pages>) -> Vec<Page> {
        let now = self.pages();
        let changed = before.map(|before| now.changed_since(before));
        let all = || now.iter().map(|(prefix, _)| prefix).collect();
        changed.unwrap_or_else(all).into_iter().map(|prefix| self.page(prefix)).collect()
    }
}
