//! Where all chains of a group stand after an entry, under one root.
//!
//! Entries at which others can begin ([`super::State::is_checkpoint`]) commit to a notice of every chain, not of those
//! alone that they changed. So for a chain that has been at rest since then nobody keeps a proof of its own: whoever has
//! the state makes one when it is asked for.
//!
//! ```text
//! notices_root ─┬─ crown: 2 hashes for each bough, kept
//!               └─ boughs: the notices of 64 chains, by id; made of the state again for each proof
//! ```

use std::sync::Arc;

use alloy::primitives::B256;
use conet_bindings::merkle::Tree;
use imbl::OrdMap;

use super::{
    chain::Chain,
    notice::{self, Notice, ProvenNotice},
};
use crate::{keys::NodeId, log::EntryProof};

/// Chains of a bough: a power of two, so that its root is a node of the whole tree.
const BOUGH: usize = 64;

/// Where all chains stand.
#[derive(Debug, Clone)]
pub struct Standing {
    chains: OrdMap<B256, Arc<Chain>>,
    time_ms: u64,
    /// The first chain of each bough.
    firsts: Vec<B256>,
    crown: Tree,
}

impl Standing {
    /// After an entry of this time.
    pub(super) fn new(chains: &OrdMap<B256, Arc<Chain>>, time_ms: u64) -> Self {
        let (mut firsts, mut roots, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for (id, chain) in chains {
            if leaves.is_empty() {
                firsts.push(*id);
            }
            leaves.push(Notice::of(chain, time_ms).leaf());
            if leaves.len() == BOUGH {
                roots.push(Tree::new(std::mem::take(&mut leaves)).root());
            }
        }
        if !leaves.is_empty() {
            roots.push(Tree::new(leaves).root());
        }
        Self { chains: chains.clone(), time_ms, firsts, crown: Tree::new(roots) }
    }

    /// What the entry's header has.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.crown.root()
    }

    /// Who has a part in a chain.
    #[must_use]
    pub fn members(&self, chain: B256) -> Option<Vec<NodeId>> {
        Some(Notice::of(self.chains.get(&chain)?, self.time_ms).members())
    }

    /// Where a chain stands, and the way from there to the root.
    #[must_use]
    pub fn notice(&self, chain: B256) -> Option<(Notice, Vec<B256>)> {
        let notice = Notice::of(self.chains.get(&chain)?, self.time_ms);
        let place = self.firsts.partition_point(|first| *first <= chain).checked_sub(1)?;
        let first = *self.firsts.get(place)?;
        let bough: Vec<_> = self.chains.range(first..).take(BOUGH).collect();
        let leaf = bough.iter().position(|(id, _)| **id == chain)?;
        let notices: Vec<_> =
            bough.iter().map(|(_, chain)| Notice::of(chain, self.time_ms)).collect();
        let mut path = notice::tree(&notices).proof(leaf)?;
        path.extend(self.crown.proof(place)?);
        Some((notice, path))
    }
}

/// Where all chains stood, and why that is final.
#[derive(Debug, Clone)]
pub struct ProvenStanding {
    /// Where they stood.
    pub standing: Arc<Standing>,
    /// Why the entry is final that says so.
    pub proof: EntryProof,
}

impl ProvenStanding {
    /// The height of its entry.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.proof.height()
    }

    /// Where a chain stood.
    #[must_use]
    pub fn notice(&self, chain: B256) -> Option<ProvenNotice> {
        let (notice, path) = self.standing.notice(chain)?;
        Some(ProvenNotice { notice, path, proof: self.proof.clone() })
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;
    use conet_bindings::merkle;

    use super::*;
    use crate::archive::item::Opening;

    fn chains(count: u64) -> OrdMap<B256, Arc<Chain>> {
        let chain = |number: u64| {
            let id = keccak256(number.to_be_bytes());
            let opening = Opening {
                chain: id,
                series: 1,
                genesis: keccak256(id),
                height: number,
                creator: None,
                witnesses: 1,
                validators: 1,
                quorum: 0,
                paid_through_s: 0,
                gas_price: 0,
            };
            (id, Arc::new(Chain::new(&opening)))
        };
        (0..count).map(chain).collect()
    }

    #[test]
    fn boughs_and_crown_are_one_tree() {
        for count in [0, 1, 2, 63, 64, 65, 127, 128, 129, 200, 300] {
            let chains = chains(count);
            let standing = Standing::new(&chains, 7);
            let notices: Vec<_> = chains.values().map(|chain| Notice::of(chain, 7)).collect();
            let whole = notice::tree(&notices);
            assert_eq!(standing.root(), whole.root(), "{count}");
            for (leaf, id) in chains.keys().enumerate() {
                let (notice, path) = standing.notice(*id).unwrap();
                assert_eq!(&notice, &notices[leaf]);
                assert_eq!(Some(&path), whole.proof(leaf).as_ref());
                assert!(merkle::verify(whole.root(), notice.leaf(), &path));
            }
            assert_eq!(standing.notice(B256::ZERO), None);
            assert_eq!(standing.notice(B256::repeat_byte(0xff)), None);
        }
    }
}
