//! Putting in and taking out.
//!
//! Each call goes at least one nibble deeper, so none nests deeper than a key is long.

use alloy_trie::Nibbles;

use super::node::{Kind, Node};
use super::{Leaf, Nodes};
use crate::error::StateError;

/// How long a path can be.
const KEY_NIBBLES: usize = 64;

type Changed<T, N> = Result<T, StateError<<N as Nodes>::Error>>;

/// Puts a value at `path` below a node.
pub(super) fn insert<L: Leaf, N: Nodes>(
    node: &mut Node<L>,
    path: &Nibbles,
    leaf: L,
    nodes: &mut N,
) -> Changed<(), N> {
    let Some(kind) = node.open_mut(nodes)? else {
        *node = Node::new(Kind::Leaf(*path, leaf));
        return Ok(());
    };
    match kind {
        Kind::Leaf(rest, value) if rest == path => *value = leaf,
        Kind::Extension(common, child) if path.starts_with(common) => {
            insert(child, &path.slice(common.len()..), leaf, nodes)?;
        }
        Kind::Branch(children) => {
            let child = path.first().and_then(|nibble| children.get_mut(usize::from(nibble)));
            let child = child.ok_or(StateError::KeyLength)?;
            insert(child, &path.slice(1..), leaf, nodes)?;
        }
        Kind::Leaf(..) | Kind::Extension(..) => split(node, path, leaf)?,
    }
    Ok(())
}

/// Puts a branch where the path of a leaf or an extension parts from another path.
fn split<L: Leaf, E>(node: &mut Node<L>, path: &Nibbles, leaf: L) -> Result<(), StateError<E>> {
    let Node::Known(known) = &*node else { return Err(StateError::KeyLength) };
    let (Kind::Leaf(rest, _) | Kind::Extension(rest, _)) = &known.kind else {
        return Err(StateError::KeyLength);
    };
    let common = rest.common_prefix_length(path);
    let (Some(there), Some(here)) = (rest.get(common), path.get(common)) else {
        return Err(StateError::KeyLength);
    };
    let rest = rest.slice(common + 1..);
    let old = match &known.kind {
        Kind::Extension(_, child) => extended(&rest, child.clone()),
        Kind::Leaf(_, value) => Node::new(Kind::Leaf(rest, value.clone())),
        Kind::Branch(_) => return Err(StateError::KeyLength),
    };
    let new = Node::new(Kind::Leaf(path.slice(common + 1..), leaf));
    let mut children = Box::new([const { Node::Empty }; 16]);
    for (nibble, child) in [(there, old), (here, new)] {
        *children.get_mut(usize::from(nibble)).ok_or(StateError::KeyLength)? = child;
    }
    *node = extended(&path.slice(..common), Node::new(Kind::Branch(children)));
    Ok(())
}

/// A branch below a path.
fn extended<L: Leaf>(path: &Nibbles, branch: Node<L>) -> Node<L> {
    if path.is_empty() { branch } else { Node::new(Kind::Extension(*path, branch)) }
}

/// Takes out what is at `path` below a node. Whether there was something.
pub(super) fn remove<L: Leaf, N: Nodes>(
    node: &mut Node<L>,
    path: &Nibbles,
    nodes: &mut N,
) -> Changed<bool, N> {
    let Some(kind) = node.open_mut(nodes)? else { return Ok(false) };
    match kind {
        Kind::Leaf(rest, _) => {
            let found = rest == path;
            if found {
                *node = Node::Empty;
            }
            Ok(found)
        }
        Kind::Extension(common, child) => {
            if !path.starts_with(common) || !remove(child, &path.slice(common.len()..), nodes)? {
                return Ok(false);
            }
            let (common, child) = (*common, child.clone());
            *node = below(&common, child, nodes)?;
            Ok(true)
        }
        Kind::Branch(children) => {
            let child = path.first().and_then(|nibble| children.get_mut(usize::from(nibble)));
            if !remove(child.ok_or(StateError::KeyLength)?, &path.slice(1..), nodes)? {
                return Ok(false);
            }
            let mut left = (0_u8..).zip(children.iter()).filter(|(_, c)| !matches!(c, Node::Empty));
            let collapsed = match (left.next(), left.next()) {
                (None, _) => Some(Node::Empty),
                (Some((nibble, only)), None) => {
                    Some(below(&Nibbles::from_nibbles_unchecked([nibble]), only.clone(), nodes)?)
                }
                _ => None,
            };
            if let Some(collapsed) = collapsed {
                *node = collapsed;
            }
            Ok(true)
        }
    }
}

/// A node with a path before it. Which form it takes depends on the node: this is why a witness has siblings of what is
/// taken out.
fn below<L: Leaf, N: Nodes>(path: &Nibbles, node: Node<L>, nodes: &mut N) -> Changed<Node<L>, N> {
    let Some(known) = node.open(nodes)? else { return Ok(Node::Empty) };
    let joined = |rest: &Nibbles| {
        if path.len() + rest.len() > KEY_NIBBLES {
            Err(StateError::KeyLength)
        } else {
            Ok(path.join(rest))
        }
    };
    Ok(match &known.kind {
        Kind::Leaf(rest, leaf) => Node::new(Kind::Leaf(joined(rest)?, leaf.clone())),
        Kind::Extension(rest, child) => Node::new(Kind::Extension(joined(rest)?, child.clone())),
        Kind::Branch(_) => extended(path, node),
    })
}
