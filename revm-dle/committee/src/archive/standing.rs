//! Where all chains of a group stand after an entry, under one root.
//!
//! Entries at which others can begin ([`super::State::is_checkpoint`]) commit to a notice of every chain, not of those
//! alone that they changed. So for a chain that has been at rest since then nobody keeps a proof of its own: whoever has
//! the state makes one when it is asked for. A notice says nothing of time: that is the entry's, so what stands for chains
//! at rest stays as it is.
//!
//! ```text
//! notices_root ─┬─ crown: the roots of all pages, by their prefixes, kept
//!               └─ pages: the notices of chains whose ids begin alike, made of the state again for each proof
//! ```

use std::sync::Arc;

use alloy::primitives::B256;
use conet_bindings::merkle::Tree;
use imbl::OrdMap;

use super::{
    chain::Chain,
    notice::{self, Notice, ProvenNotice},
    pages::{Pages, page, prefix_of},
    state::State,
};
use crate::{keys::NodeId, log::EntryProof};

/// Where all chains stand.
#[derive(Debug, Clone)]
pub struct Standing {
    chains: OrdMap<B256, Arc<Chain>>,
    prefixes: Vec<u16>,
    crown: Tree,
}

/// Where the chains of one page stand, and the way from there to the root of all.
#[derive(Debug)]
pub struct Leaves {
    prefix: u16,
    notices: Vec<Notice>,
    tree: Tree,
    above: Vec<B256>,
}

impl Leaves {
    /// Whether a chain would be on this page.
    #[must_use]
    pub fn are_of(&self, chain: B256) -> bool {
        prefix_of(chain) == self.prefix
    }

    /// Where a chain of the page stands, and the way from there to the root.
    #[must_use]
    pub fn notice(&self, chain: B256) -> Option<(&Notice, Vec<B256>)> {
        let leaf = self.notices.binary_search_by_key(&chain, |notice| notice.chain).ok()?;
        let mut path = self.tree.proof(leaf)?;
        path.extend(&self.above);
        Some((self.notices.get(leaf)?, path))
    }
}

impl Standing {
    /// Of these chains, whose pages have these marks.
    pub(super) fn new(chains: &OrdMap<B256, Arc<Chain>>, pages: &Pages) -> Self {
        let prefixes = pages.iter().map(|(prefix, _)| prefix).collect();
        let crown = Tree::new(pages.iter().map(|(_, mark)| mark.root).collect());
        Self { chains: chains.clone(), prefixes, crown }
    }

    /// What the entry's header has.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.crown.root()
    }

    /// Who has a part in a chain.
    #[must_use]
    pub fn members(&self, chain: B256) -> Option<Vec<NodeId>> {
        Some(Notice::of(self.chains.get(&chain)?).members())
    }

    /// Where the chains stand on the page that a chain is on.
    #[must_use]
    pub fn leaves(&self, chain: B256) -> Option<Leaves> {
        let prefix = prefix_of(chain);
        let above = self.crown.proof(self.prefixes.binary_search(&prefix).ok()?)?;
        let notices: Vec<_> = page(&self.chains, prefix).map(Notice::of).collect();
        Some(Leaves { prefix, tree: notice::tree(&notices), notices, above })
    }
}

impl State {
    /// Where all chains stand, if this state's entry commits to that.
    #[must_use]
    pub const fn standing(&self) -> Option<&Arc<Standing>> {
        self.standing.as_ref()
    }

    /// Where all chains stand.
    pub(crate) fn stand(&self) -> Standing {
        Standing::new(&self.chains, &self.pages())
    }

    /// What the header of this state's entry has as the root of notices.
    #[must_use]
    pub fn notices_root(&self) -> B256 {
        match &self.standing {
            Some(standing) => standing.root(),
            None => notice::tree(&self.notices()).root(),
        }
    }

    /// What the header of this state's entry says of it: its hash at checkpoints, else zero.
    #[must_use]
    pub fn checkpoint_hash(&self) -> B256 {
        if self.is_checkpoint() { self.hash() } else { B256::ZERO }
    }

    /// Whether others can begin here: at each so many entries, and at an epoch's first and last one.
    #[must_use]
    pub const fn is_checkpoint(&self) -> bool {
        self.is_over || self.is_first || self.height.is_multiple_of(self.rules.checkpoint_every)
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
        let leaves = self.standing.leaves(chain)?;
        let (notice, path) = leaves.notice(chain)?;
        Some(ProvenNotice { notice: notice.clone(), path, proof: self.proof.clone() })
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

    fn standing(chains: &OrdMap<B256, Arc<Chain>>) -> Standing {
        let mut pages = Pages::default();
        chains.keys().for_each(|id| pages.note(*id));
        pages.renew(chains);
        Standing::new(chains, &pages)
    }

    #[test]
    fn every_chains_notice_is_under_the_root_and_no_other_is() {
        for count in [0, 1, 2, 3, 20, 3_000] {
            let all = chains(count);
            let standing = standing(&all);
            let mut shared = 0;
            for (id, chain) in &all {
                let leaves = standing.leaves(*id).unwrap();
                let (notice, path) = leaves.notice(*id).unwrap();
                assert_eq!(notice, &Notice::of(chain));
                assert!(merkle::verify(standing.root(), notice.leaf(), &path));
                let other = Notice { height: notice.height + 1, ..notice.clone() };
                assert!(!merkle::verify(standing.root(), other.leaf(), &path));
                shared += usize::from(leaves.notices.len() > 1);
            }
            assert_eq!(shared > 0, count == 3_000, "chains share pages when there are many");
            let stranger = keccak256(count.to_be_bytes());
            let leaves = standing.leaves(stranger);
            assert!(leaves.is_none_or(|leaves| leaves.notice(stranger).is_none()));
        }
    }

    #[test]
    fn what_did_not_change_has_the_mark_that_it_had() {
        let mut all = chains(300);
        let mut pages = Pages::default();
        all.keys().for_each(|id| pages.note(*id));
        pages.renew(&all);
        let (id, chain) = all.get_min().map(|(id, chain)| (*id, Chain::clone(chain))).unwrap();
        all.insert(id, Arc::new(Chain { view: 9, ..chain }));
        pages.note(id);
        let before = pages.clone();
        pages.renew(&all);
        let changed = pages.iter().zip(before.iter()).filter(|(now, then)| now != then).count();
        assert_eq!(changed, 1);
        assert_eq!(standing(&all).root(), Standing::new(&all, &pages).root());
    }
}
