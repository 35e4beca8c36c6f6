//! Who takes part, who lies, and who sits in which epoch of a group or of those above it.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_committee::{
    archive::{Beginning, Chain, State},
    keys::NodeId,
    seats::Seats,
};

use super::{Violation, is_quorum};

/// An epoch.
#[derive(Debug, Clone)]
pub(super) struct Epoch {
    nodes: Vec<NodeId>,
    /// The last entry before it: its height and time, and the state after it.
    pub(super) after: (u64, u64),
    pub(super) state_hash: B256,
}

/// All nodes.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    honest: BTreeSet<NodeId>,
    epochs: BTreeMap<u64, Epoch>,
    /// Where each chain stands: the epoch, and the highest block and view in it.
    stands: BTreeMap<B256, (u64, u64, u64)>,
}

impl Cast {
    pub(super) fn new(honest: BTreeSet<NodeId>, nodes: Vec<NodeId>) -> Self {
        let first = Epoch { nodes, after: (0, 0), state_hash: B256::ZERO };
        let epochs = BTreeMap::from([(1, first)]);
        Self { honest, epochs, stands: BTreeMap::new() }
    }

    pub(super) fn is_honest(&self, node: NodeId) -> bool {
        self.honest.contains(&node)
    }

    pub(super) fn seats(&self, epoch: u64) -> &[NodeId] {
        self.epochs.get(&epoch).map_or(&[], |epoch| &epoch.nodes)
    }

    /// Whether a node ever has a seat.
    pub(super) fn is_seat(&self, node: NodeId) -> bool {
        self.epochs.values().any(|epoch| epoch.nodes.contains(&node))
    }

    /// Whether these honest seats of an epoch may be a quorum, with what liars may have said.
    pub(super) fn reaches_quorum(&self, epoch: u64, honest: usize) -> bool {
        let seats = self.seats(epoch);
        let liars = seats.iter().filter(|seat| !self.is_honest(**seat)).count();
        is_quorum(honest + liars, seats.len())
    }

    pub(super) fn epoch(&self, number: u64) -> Option<&Epoch> {
        self.epochs.get(&number)
    }

    /// The epoch that an entry of this height must be of.
    pub(super) fn epoch_of(&self, height: u64) -> u64 {
        let begun = self.epochs.iter().rev().find(|(_, epoch)| epoch.after.0 < height);
        begun.map_or(0, |(number, _)| *number)
    }

    /// The newest epoch.
    pub(super) fn newest(&self) -> u64 {
        self.epochs.keys().last().copied().unwrap_or_default()
    }

    /// The chains that the log knows.
    pub(super) fn chains(&self) -> impl Iterator<Item = B256> {
        self.stands.keys().copied()
    }

    // --- from one epoch to the next ---

    pub(super) fn begin(&mut self, beginning: &Beginning, after: (u64, u64)) {
        let (nodes, state_hash) = (beginning.seats.nodes().to_vec(), beginning.state_hash);
        self.epochs.insert(beginning.seats.epoch, Epoch { nodes, after, state_hash });
    }

    /// The seats that a node takes for an epoch's must be that epoch's.
    pub(super) fn check_seats(&self, node: NodeId, found: &Seats) -> Result<&[NodeId], Violation> {
        let seats = self.seats(found.epoch);
        if seats != found.nodes() {
            let (epoch, why) = (found.epoch, "others sit in it");
            return Err(Violation::WrongEpoch { epoch, node, why });
        }
        Ok(seats)
    }

    /// A chain keeps its height over an epoch's end, and begins a new view.
    pub(super) fn see_view(
        &mut self,
        node: NodeId,
        state: &State,
        chain: &Chain,
    ) -> Result<(), Violation> {
        let epoch = state.seats.epoch;
        let (before, height, view) =
            self.stands.get(&chain.id).copied().unwrap_or((epoch, 0, chain.view));
        let wrong = |why| Err(Violation::WrongEpoch { epoch, node, why });
        if before < epoch && state.has_begun() {
            if chain.view <= view {
                return wrong("a chain keeps its view");
            }
            if chain.height < height {
                return wrong("a chain loses blocks");
            }
        }
        if before <= epoch && (state.has_begun() || before == epoch) {
            let stands = (epoch, height.max(chain.height), view.max(chain.view));
            self.stands.insert(chain.id, stands);
        }
        Ok(())
    }
}
