//! Nodes: in memory, or known by their hashes only.

use std::sync::{Arc, OnceLock};

use alloy::primitives::{B256, keccak256};
use alloy_rlp::{Decodable as _, Encodable as _};
use alloy_trie::nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode, TrieNode};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieMask};

use super::{Leaf, Nodes, Visit};
use crate::error::StateError;

/// How many children a branch can have.
const BRANCH: usize = 16;

/// What is at one place of a trie.
#[derive(Debug, Clone)]
pub(crate) enum Node<L> {
    /// Nothing.
    Empty,
    /// A node in memory.
    Known(Arc<Known<L>>),
    /// A node that may have to be asked for.
    Unknown(Arc<Unknown<L>>),
}

/// A node in memory.
#[derive(Debug, Clone)]
pub(crate) struct Known<L> {
    pub(super) kind: Kind<L>,
    /// How its parent names it; not computed since it was made or changed, if none. What has one was there when the
    /// root was last computed.
    reference: OnceLock<RlpNode>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind<L> {
    /// The rest of the key, and the value.
    Leaf(Nibbles, L),
    /// What all keys below have in common, and the branch there.
    Extension(Nibbles, Node<L>),
    /// One child for each next nibble.
    Branch(Box<[Node<L>; BRANCH]>),
}

/// A node that is known by its hash, until somebody meets it.
#[derive(Debug)]
pub(crate) struct Unknown<L> {
    hash: B256,
    known: OnceLock<Arc<Known<L>>>,
}

impl<L: Leaf> Node<L> {
    pub(super) fn new(kind: Kind<L>) -> Self {
        Self::Known(Arc::new(Known { kind, reference: OnceLock::new() }))
    }

    pub(super) fn unknown(hash: B256) -> Self {
        Self::Unknown(Arc::new(Unknown { hash, known: OnceLock::new() }))
    }

    pub(super) fn root(&self) -> B256 {
        match self {
            Self::Empty => EMPTY_ROOT_HASH,
            Self::Unknown(unknown) => unknown.hash,
            // A root is hashed even when it is short.
            Self::Known(known) => {
                known.reference().as_hash().unwrap_or_else(|| keccak256(known.encode()))
            }
        }
    }

    pub(super) fn get<N: Nodes>(
        &self,
        path: &Nibbles,
        nodes: &mut N,
    ) -> Result<Option<&L>, StateError<N::Error>> {
        let (mut at, mut path) = (self, *path);
        while let Some(known) = at.open(nodes)? {
            match &known.kind {
                Kind::Leaf(rest, leaf) => return Ok((*rest == path).then_some(leaf)),
                Kind::Extension(common, child) => {
                    if !path.starts_with(common) {
                        return Ok(None);
                    }
                    path = path.slice(common.len()..);
                    at = child;
                }
                Kind::Branch(children) => {
                    let (child, rest) = child_of(children, &path).ok_or(StateError::KeyLength)?;
                    path = rest;
                    at = child;
                }
            }
        }
        Ok(None)
    }

    /// The node here, asked for if need be; None when nothing is here.
    pub(super) fn open<N: Nodes>(
        &self,
        nodes: &mut N,
    ) -> Result<Option<&Arc<Known<L>>>, StateError<N::Error>> {
        let known = match self {
            Self::Empty => return Ok(None),
            Self::Known(known) => known,
            Self::Unknown(unknown) => unknown.resolve(nodes)?,
        };
        if let Some(hash) = known.reference.get().and_then(RlpNode::as_hash) {
            nodes.met(hash, &|| known.encode());
        }
        Ok(Some(known))
    }

    /// The node here, to be changed; None when nothing is here.
    pub(super) fn open_mut<N: Nodes>(
        &mut self,
        nodes: &mut N,
    ) -> Result<Option<&mut Kind<L>>, StateError<N::Error>> {
        self.open(nodes)?;
        if let Self::Unknown(unknown) = self
            && let Some(known) = unknown.known.get()
        {
            *self = Self::Known(Arc::clone(known));
        }
        let Self::Known(known) = self else { return Ok(None) };
        let known = Arc::make_mut(known);
        known.reference = OnceLock::new();
        Ok(Some(&mut known.kind))
    }

    pub(super) fn leaves<'a>(&'a self, leaves: &mut Vec<&'a L>) -> bool {
        let known = match self {
            Self::Empty => return true,
            Self::Known(known) => known,
            Self::Unknown(unknown) => match unknown.known.get() {
                Some(known) => known,
                None => return false,
            },
        };
        match &known.kind {
            Kind::Leaf(_, leaf) => {
                leaves.push(leaf);
                true
            }
            Kind::Extension(_, child) => child.leaves(leaves),
            Kind::Branch(children) => children.iter().all(|child| child.leaves(leaves)),
        }
    }

    /// Shows all nodes in memory that have a hash, from the top, those below one only if `visit` says so.
    pub(super) fn visit(&self, visit: &mut Visit<'_>) {
        let known = match self {
            Self::Empty => return,
            Self::Known(known) => known,
            Self::Unknown(unknown) => match unknown.known.get() {
                Some(known) => known,
                None => return,
            },
        };
        if let Some(hash) = known.reference().as_hash()
            && !visit(hash, &|| known.encode())
        {
            return;
        }
        match &known.kind {
            Kind::Leaf(_, leaf) => leaf.visit(visit),
            Kind::Extension(_, child) => child.visit(visit),
            Kind::Branch(children) => children.iter().for_each(|child| child.visit(visit)),
        }
    }

    /// How the parent names it.
    fn reference(&self) -> Option<RlpNode> {
        match self {
            Self::Empty => None,
            Self::Known(known) => Some(known.reference().clone()),
            Self::Unknown(unknown) => Some(RlpNode::word_rlp(&unknown.hash)),
        }
    }

    /// What a parent names.
    fn decode_reference(reference: &RlpNode) -> Result<Self, &'static str> {
        match reference.split_first() {
            Some((0xa0, _)) if reference.is_hash() => {
                Ok(Self::unknown(B256::from_slice(reference.get(1..).unwrap_or_default())))
            }
            _ => Ok(Self::Known(Arc::new(Known::decode(reference, reference.clone())?))),
        }
    }
}

/// The child that a path goes to, and the rest of the path; None when the path ends here.
fn child_of<'a, L>(
    children: &'a [Node<L>; BRANCH],
    path: &Nibbles,
) -> Option<(&'a Node<L>, Nibbles)> {
    let child = children.get(usize::from(path.first()?))?;
    Some((child, path.slice(1..)))
}

impl<L: Leaf> Unknown<L> {
    fn resolve<N: Nodes>(&self, nodes: &mut N) -> Result<&Arc<Known<L>>, StateError<N::Error>> {
        if let Some(known) = self.known.get() {
            return Ok(known);
        }
        let hash = self.hash;
        let rlp = nodes.node(hash).map_err(StateError::Store)?.ok_or(StateError::Missing(hash))?;
        let known = Known::decode(&rlp, RlpNode::word_rlp(&hash))
            .map_err(|found| StateError::Malformed { hash, found })?;
        Ok(self.known.get_or_init(|| Arc::new(known)))
    }
}

impl<L: Leaf> Known<L> {
    fn reference(&self) -> &RlpNode {
        self.reference.get_or_init(|| RlpNode::from_rlp(&self.encode()))
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.kind {
            Kind::Leaf(path, leaf) => {
                let mut value = Vec::new();
                leaf.encode(&mut value);
                LeafNodeRef::new(path, &value).encode(&mut out);
            }
            Kind::Extension(path, child) => {
                let child = child.reference().unwrap_or_default();
                ExtensionNodeRef::new(path, &child).encode(&mut out);
            }
            Kind::Branch(children) => {
                let mut mask = TrieMask::default();
                let mut stack = Vec::with_capacity(BRANCH);
                for (nibble, child) in (0..).zip(children.iter()) {
                    if let Some(reference) = child.reference() {
                        mask.set_bit(nibble);
                        stack.push(reference);
                    }
                }
                BranchNodeRef::new(&stack, mask).encode(&mut out);
            }
        }
        out
    }

    fn decode(mut rlp: &[u8], reference: RlpNode) -> Result<Self, &'static str> {
        let node = TrieNode::decode(&mut rlp).map_err(|_| "other bytes")?;
        if !rlp.is_empty() {
            return Err("bytes after it");
        }
        let kind = match node {
            TrieNode::EmptyRoot => return Err("an empty one"),
            TrieNode::Leaf(leaf) => {
                let value = L::decode(&leaf.value).map_err(|_| "one with another value")?;
                Kind::Leaf(leaf.key, value)
            }
            TrieNode::Extension(extension) if extension.key.is_empty() => {
                return Err("an extension of nothing");
            }
            TrieNode::Extension(extension) => {
                Kind::Extension(extension.key, Node::decode_reference(&extension.child)?)
            }
            TrieNode::Branch(branch) => {
                let mut children = Box::new([const { Node::Empty }; BRANCH]);
                let mut named = branch.stack.iter();
                for (nibble, child) in (0..).zip(children.iter_mut()) {
                    if branch.state_mask.is_bit_set(nibble) {
                        let reference = named.next().ok_or("a branch without its children")?;
                        *child = Node::decode_reference(reference)?;
                    }
                }
                Kind::Branch(children)
            }
        };
        Ok(Self { kind, reference: OnceLock::from(reference) })
    }
}
