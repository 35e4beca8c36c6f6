//! Who holds an archive group's seats, and how their votes are checked.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{Address, B256};
use anyhow::ensure;
use conet_committee::{
    keys::{Compact, Keys, NodeId, Registry},
    seats::Seats,
    vote::Voting,
};
use conet_dle::registry::{NodeEntry, NodeMap};
use conet_ledger::transaction::recover;
use serde::{Deserialize, Serialize};

/// An archive group's seats in one epoch, as who wrote the file read them on the main chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seated {
    /// The main chain's id.
    pub(crate) chain_id: u64,
    /// Its `Slasher`, for which votes are signed.
    pub(crate) slasher: Address,
    /// The seats.
    pub(crate) seats: Seats,
    /// The wallets of the nodes that hold them, of those that the directory has.
    pub(crate) wallets: BTreeMap<NodeId, Address>,
}

/// Checks signatures, and makes none.
struct Reader;

impl Keys for Reader {
    fn sign(&self, _digest: B256) -> Compact {
        Compact::ZERO
    }

    fn verify(&self, wallet: Address, digest: B256, signature: &Compact) -> bool {
        recover(digest, signature.as_slice()) == Ok(wallet)
    }
}

/// Checks votes; `main` is the main chain's id, and its `Slasher`.
pub(crate) fn reader(main: (u64, Address), nodes: NodeMap) -> Voting {
    let registry: Arc<dyn Registry> = Arc::new(nodes);
    Voting::new(NodeId(0), Arc::new(Reader), registry, main)
}

impl Seated {
    /// Checks their votes.
    pub(crate) fn voting(&self) -> Voting {
        let entry = |(node, wallet): (&NodeId, &Address)| NodeEntry::new(*node, *wallet, None);
        reader((self.chain_id, self.slasher), NodeMap::new(self.wallets.iter().map(entry)))
    }

    /// Compares them with those that the main chain names now.
    pub(crate) fn compare(&self, now: &Self) -> anyhow::Result<()> {
        let group = self.seats.group;
        let (expected, found) = (now.seats.number(), self.seats.number());
        ensure!(
            expected == found,
            "group {group} is in epoch {expected}, and the file is of epoch {found}: export the chain again"
        );
        let place = |it: &Self| (it.chain_id, it.slasher, it.seats.clone());
        let are_known =
            self.wallets.iter().all(|(node, wallet)| now.wallets.get(node) == Some(wallet));
        ensure!(
            place(now) == place(self) && are_known,
            "the file names other seats than the main chain: do not trust it"
        );
        Ok(())
    }
}
