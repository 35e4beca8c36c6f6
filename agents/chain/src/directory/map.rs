//! The map itself, and the table of records that it is made from.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use alloy::primitives::{Address, U256};
use conet_bindings::NodeRegistry::NodeRecord;
use conet_wire::{
    claim::{EndpointPolicy, verify_node},
    network::Network,
    openpgp,
    recipient::Handle,
    veil::{TransportPublic, WebProfile},
};

use super::{Matches, NodeEntry};

/// All records as they were served, each with what came of it: an unchanged
/// record is not verified twice.
#[derive(Debug, Clone)]
pub(super) struct Table {
    network: Network,
    policy: EndpointPolicy,
    known: BTreeMap<U256, Known>,
}

#[derive(Debug, Clone)]
struct Known {
    record: NodeRecord,
    entry: Option<Arc<NodeEntry>>,
}

impl Table {
    pub(super) fn new(network: Network, policy: EndpointPolicy) -> Self {
        Self { network, policy, known: BTreeMap::new() }
    }

    /// These records, and no others.
    pub(super) fn replace(&mut self, records: Vec<NodeRecord>, now: u64) {
        let mut before = std::mem::take(&mut self.known);
        for record in records {
            let id = record.id;
            let known = match before.remove(&id) {
                Some(known) if known.record == record && known.is_current(now) => known,
                _ => self.verify(record, now),
            };
            self.known.insert(id, known);
        }
    }

    /// One record, or that there is none any more.
    pub(super) fn set(&mut self, id: U256, record: Option<NodeRecord>, now: u64) {
        match record {
            Some(record) if record.id == id => {
                let known = self.verify(record, now);
                self.known.insert(id, known);
            }
            _ => {
                self.known.remove(&id);
            }
        }
    }

    fn verify(&self, record: NodeRecord, now: u64) -> Known {
        let verified = verify_node(&self.network, &record, now, self.policy);
        let entry = match verified {
            Ok(node) => {
                let profile = WebProfile::derive(&node.transport_key());
                Some(Arc::new(NodeEntry { node, profile }))
            }
            Err(error) => {
                tracing::warn!(id = %record.id, serial = record.serial, %error, "node left out");
                None
            }
        };
        Known { record, entry }
    }

    /// The map to show at `now`.
    pub(super) fn map(&self, now: u64) -> NodeMap {
        let current = self.known.values().filter(|known| known.is_current(now));
        let nodes: Vec<_> = current.filter_map(|known| known.entry.clone()).collect();
        let left_out = self.known.len() - nodes.len();
        NodeMap::new(nodes, left_out)
    }
}

impl Known {
    /// Whether its certificates have not expired since they were checked.
    fn is_current(&self, now: u64) -> bool {
        let expires = self.entry.as_ref().and_then(|entry| entry.node.expires());
        expires.is_none_or(|expires| now < expires)
    }
}

/// Nodes by everything that one looks for. Positions are into `nodes`.
#[derive(Debug, Default)]
pub(super) struct NodeMap {
    nodes: Vec<Arc<NodeEntry>>,
    by_key_id: HashMap<[u8; 8], Vec<usize>>,
    by_transport_key: HashMap<TransportPublic, usize>,
    by_wallet: HashMap<Address, usize>,
    valid_until: Option<u64>,
    left_out: usize,
}

impl NodeMap {
    /// `nodes` in the order of their ids: those registered first win.
    fn new(nodes: Vec<Arc<NodeEntry>>, left_out: usize) -> Self {
        let mut map = Self { left_out, ..Self::default() };
        for (position, entry) in nodes.iter().enumerate() {
            let node = &entry.node;
            for handle in node.handles() {
                let places = map.by_key_id.entry(full(handle).key_id()).or_default();
                if places.last() != Some(&position) {
                    places.push(position);
                }
            }
            map.by_transport_key.entry(node.transport_key()).or_insert(position);
            map.by_wallet.entry(node.wallet()).or_insert(position);
            map.valid_until = map.valid_until.into_iter().chain(node.expires()).min();
        }
        map.nodes = nodes;
        map
    }

    pub(super) fn find(&self, handle: &Handle) -> Matches {
        let mut matches = Matches::default();
        let places = self.by_key_id.get(&handle.key_id()).map(Vec::as_slice).unwrap_or_default();
        let named = |entry: &&Arc<NodeEntry>| {
            entry.node.handles().any(|candidate| handle.names(&full(candidate)))
        };
        let entries = places.iter().filter_map(|place| self.nodes.get(*place));
        for entry in entries.filter(named).take(crate::limits::MATCHES_MAX) {
            matches.push(entry);
        }
        matches
    }

    pub(super) fn by_id(&self, id: U256) -> Option<Arc<NodeEntry>> {
        let place = self.nodes.binary_search_by_key(&id, |entry| entry.node.id()).ok()?;
        self.nodes.get(place).cloned()
    }

    pub(super) fn by_transport_key(&self, key: &TransportPublic) -> Option<Arc<NodeEntry>> {
        self.nodes.get(*self.by_transport_key.get(key)?).cloned()
    }

    pub(super) fn by_wallet(&self, wallet: Address) -> Option<Arc<NodeEntry>> {
        self.nodes.get(*self.by_wallet.get(&wallet)?).cloned()
    }

    pub(super) fn all(&self) -> &[Arc<NodeEntry>] {
        &self.nodes
    }

    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// When the first certificate in it expires.
    pub(super) fn valid_until(&self) -> Option<u64> {
        self.valid_until
    }
}

/// A certificate's handle as a message spells it.
fn full(handle: openpgp::Handle) -> Handle {
    match handle {
        openpgp::Handle::V6(bytes) => Handle::V6(bytes),
        openpgp::Handle::V4(bytes) => Handle::V4(bytes),
    }
}

#[cfg(test)]
mod tests;
