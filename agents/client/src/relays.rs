//! Which relay may see a connection (design D8).
//!
//! A client does not use its own or the recipient's agent, or another node of
//! the same owner: an agent knows a wallet, and must not learn the address that
//! belongs to it. Among the rest one is drawn; those that failed lately come last.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use alloy::primitives::{Address, U256};
use conet_chain::{Directory, NodeEntry};
use rand::seq::SliceRandom as _;

use crate::{error::ClientError, limits::RELAY_FAILED_SECONDS};

/// Nodes that must not see a connection, and the one that was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Avoid {
    nodes: HashSet<U256>,
    owners: HashSet<Address>,
    via: Option<U256>,
}

impl Avoid {
    /// Nothing to avoid but what is added; `via` overrules everything.
    pub(crate) fn new(via: Option<U256>) -> Self {
        Self { via, ..Self::default() }
    }

    /// Avoids a node and all others of its owner.
    pub(crate) fn add(mut self, node: &NodeEntry) -> Self {
        self.nodes.insert(node.node.id());
        self.owners.insert(node.node.owner());
        self
    }

    /// Avoids an agent, if its node is known.
    pub(crate) fn add_id(self, directory: &Directory, id: Option<U256>) -> Self {
        match id.and_then(|id| directory.by_id(id)) {
            Some(node) => self.add(&node),
            None => self,
        }
    }

    pub(crate) fn allows(&self, node: &NodeEntry) -> bool {
        !self.nodes.contains(&node.node.id()) && !self.owners.contains(&node.node.owner())
    }
}

/// When relays failed, unix seconds.
#[derive(Debug, Default)]
pub(crate) struct Failures(HashMap<U256, u64>);

impl Failures {
    pub(crate) fn new(known: Vec<(U256, u64)>) -> Self {
        Self(known.into_iter().collect())
    }

    /// Whether this is news.
    pub(crate) fn note(&mut self, relay: U256, failed_at: Option<u64>) -> bool {
        match failed_at {
            Some(at) => self.0.insert(relay, at) != Some(at),
            None => self.0.remove(&relay).is_some(),
        }
    }

    pub(crate) fn failed_lately(&self, relay: &U256, now: u64) -> bool {
        self.0.get(relay).is_some_and(|at| now.saturating_sub(*at) < RELAY_FAILED_SECONDS)
    }
}

/// The relays to try, in this order.
pub(crate) fn candidates(
    directory: &Directory,
    avoid: &Avoid,
    failures: &Failures,
    now: u64,
) -> Result<Vec<Arc<NodeEntry>>, ClientError> {
    if let Some(id) = avoid.via {
        let node = directory.by_id(id).ok_or(ClientError::UnknownNode { id })?;
        // An agent named here is reached without a relay in between.
        return Ok(vec![node]);
    }
    let relays = directory.relays();
    let known = relays.len();
    let mut allowed: Vec<_> = relays.into_iter().filter(|relay| avoid.allows(relay)).collect();
    if allowed.is_empty() {
        return Err(ClientError::NoRelay { known });
    }
    allowed.shuffle(&mut rand::rng());
    allowed.sort_by_key(|relay| failures.failed_lately(&relay.node.id(), now));
    Ok(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, TestNode, directory};

    /// Nodes 1 and 2 belong to one owner, 5 is no relay.
    fn nodes() -> Directory {
        let relay = |id, owner| TestNode { id, owner, relay: true, agent: true };
        directory(&[
            relay(1, 1),
            relay(2, 1),
            relay(3, 2),
            relay(4, 3),
            TestNode { id: 5, owner: 4, relay: false, agent: true },
        ])
    }

    fn ids(found: &[Arc<NodeEntry>]) -> Vec<u64> {
        found.iter().map(|node| node.node.id().to()).collect()
    }

    fn node(directory: &Directory, id: u64) -> Arc<NodeEntry> {
        directory.by_id(U256::from(id)).unwrap()
    }

    #[test]
    fn neither_agents_nor_their_owners_other_nodes_are_relays() {
        let directory = nodes();
        let avoid = Avoid::new(None).add(&node(&directory, 1)).add(&node(&directory, 4));
        for _ in 0..50 {
            let found = candidates(&directory, &avoid, &Failures::default(), NOW).unwrap();
            assert_eq!(ids(&found), [3]);
        }
        let all = avoid.add(&node(&directory, 3));
        let none = candidates(&directory, &all, &Failures::default(), NOW);
        assert!(matches!(none, Err(ClientError::NoRelay { known: 4 })));
    }

    #[test]
    fn a_relay_that_was_asked_for_is_taken() {
        let directory = nodes();
        let avoid = Avoid::new(Some(U256::from(1))).add(&node(&directory, 1));
        let found = candidates(&directory, &avoid, &Failures::default(), NOW).unwrap();
        assert_eq!(ids(&found), [1]);
        let avoid = Avoid::new(Some(U256::from(9)));
        let unknown = candidates(&directory, &avoid, &Failures::default(), NOW);
        assert!(matches!(unknown, Err(ClientError::UnknownNode { .. })));
    }

    #[test]
    fn every_allowed_relay_comes_first_at_times() {
        let directory = nodes();
        let mut first = HashSet::new();
        for _ in 0..200 {
            let avoid = Avoid::new(None);
            let found = candidates(&directory, &avoid, &Failures::default(), NOW).unwrap();
            assert_eq!(found.len(), 4);
            first.extend(ids(&found).first().copied());
        }
        assert_eq!(first.len(), 4);
    }

    #[test]
    fn relays_that_failed_lately_come_last() {
        let directory = nodes();
        let mut failures = Failures::new(vec![(U256::from(1), NOW - RELAY_FAILED_SECONDS)]);
        assert!(failures.note(U256::from(3), Some(NOW - 1)));
        for _ in 0..50 {
            let found = candidates(&directory, &Avoid::new(None), &failures, NOW).unwrap();
            assert_eq!(ids(&found).last(), Some(&3));
        }
        assert!(failures.note(U256::from(3), None));
        assert!(!failures.note(U256::from(3), None));
    }
}
