//! Who was drawn to validate blocks that are not made yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::keys::NodeId;

/// Validators by height, those of a height in the order in which they were drawn. In one allocation: a chain at rest has
/// them too. Its bytes are those of a map from heights to lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn(Box<[(u64, NodeId)]>);

impl Drawn {
    /// All of them, by rising heights.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, NodeId)> + ExactSizeIterator {
        self.0.iter().copied()
    }

    /// Everybody who is drawn for anything; who is for two blocks comes twice.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.iter().map(|(_, node)| node)
    }

    /// Those of a height.
    pub fn of(&self, height: u64) -> impl Iterator<Item = NodeId> {
        self.iter().filter(move |(at, _)| *at == height).map(|(_, node)| node)
    }

    /// How many a height has.
    #[must_use]
    pub fn count(&self, height: u64) -> usize {
        self.of(height).count()
    }

    /// By height.
    #[must_use]
    pub fn by_height(&self) -> BTreeMap<u64, Vec<NodeId>> {
        let mut heights: BTreeMap<u64, Vec<NodeId>> = BTreeMap::new();
        for (height, node) in self.iter() {
            heights.entry(height).or_default().push(node);
        }
        heights
    }

    /// One more, the last one of its height.
    pub(super) fn push(&mut self, height: u64, node: NodeId) {
        let mut all = std::mem::take(&mut self.0).into_vec();
        let at = all.partition_point(|(known, _)| *known <= height);
        all.insert(at, (height, node));
        self.0 = all.into_boxed_slice();
    }

    /// Keeps those that are wanted.
    pub(super) fn retain(&mut self, keep: impl Fn(u64, NodeId) -> bool) {
        self.0 = self.iter().filter(|(height, node)| keep(*height, *node)).collect();
    }

    /// Takes out those of a height.
    pub(super) fn take(&mut self, height: u64) -> Vec<NodeId> {
        let taken = self.of(height).collect();
        self.retain(|at, _| at != height);
        taken
    }

    /// Takes out the last one at or above a height who is fit for something.
    pub(super) fn take_last(
        &mut self,
        from: u64,
        fit: impl Fn(NodeId) -> bool,
    ) -> Option<(u64, NodeId)> {
        let index = self.0.iter().rposition(|(height, node)| *height >= from && fit(*node))?;
        let mut all = std::mem::take(&mut self.0).into_vec();
        let taken = all.remove(index);
        self.0 = all.into_boxed_slice();
        Some(taken)
    }
}

impl Serialize for Drawn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.by_height().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Drawn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let heights: BTreeMap<u64, Vec<NodeId>> = BTreeMap::deserialize(deserializer)?;
        let all = heights
            .into_iter()
            .flat_map(|(height, nodes)| nodes.into_iter().map(move |node| (height, node)));
        Ok(Self(all.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_map_of_lists_and_has_its_bytes() {
        let mut drawn = Drawn::default();
        for (height, node) in [(7, 1), (6, 2), (7, 3), (8, 4), (6, 1)] {
            drawn.push(height, NodeId(node));
        }
        let list = |nodes: &[u64]| nodes.iter().copied().map(NodeId).collect::<Vec<_>>();
        let map = BTreeMap::from([(6, list(&[2, 1])), (7, list(&[1, 3])), (8, list(&[4]))]);
        assert_eq!(drawn.by_height(), map);
        let bytes = postcard::to_allocvec(&map).unwrap();
        assert_eq!(postcard::to_allocvec(&drawn).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<Drawn>(&bytes).unwrap(), drawn);
        assert_eq!(drawn.take_last(7, |node| node != NodeId(4)), Some((7, NodeId(3))));
        assert_eq!(drawn.take_last(7, |node| node == NodeId(2)), None, "it is for a block below");
        assert_eq!(drawn.take(6), list(&[2, 1]));
        assert_eq!((drawn.count(7), drawn.count(6)), (1, 0));
    }
}
