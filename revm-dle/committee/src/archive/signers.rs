//! Who signs one block, and what their votes make of it.

use std::collections::BTreeSet;

use alloy::primitives::{B256, U256};
use conet_bindings::statement::members_hash;
use conet_ledger::block::Header;

use super::item::block_vote;
use crate::{
    keys::NodeId,
    vote::{Ballot, Phase},
};

/// The signers of a block: the creator first, then the witnesses, then the validators that were drawn for its height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    list: Vec<(NodeId, Phase)>,
    quorum: u8,
}

impl Signers {
    pub(super) fn new(
        creator: NodeId,
        witnesses: &[NodeId],
        validators: impl Iterator<Item = NodeId>,
        quorum: u8,
    ) -> Self {
        let creator = std::iter::once((creator, Phase::Create));
        let witnesses = witnesses.iter().map(|node| (*node, Phase::Witness));
        let validators = validators.map(|node| (node, Phase::Validate));
        Self { list: creator.chain(witnesses).chain(validators).collect(), quorum }
    }

    /// All of them, each with the phase of its votes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (NodeId, Phase)> {
        self.list.iter().copied()
    }

    /// In which phase a node votes; none when it does not.
    #[must_use]
    pub fn phase(&self, node: NodeId) -> Option<Phase> {
        self.iter().find(|(signer, _)| *signer == node).map(|(_, phase)| phase)
    }

    /// How many of them must sign, the creator among them.
    #[must_use]
    pub fn needed(&self) -> usize {
        match usize::from(self.quorum) {
            0 => self.list.len(),
            quorum => quorum.min(self.list.len()),
        }
    }

    /// What a proposal names.
    #[must_use]
    pub fn hash(&self) -> B256 {
        let nodes: Vec<_> = self.iter().map(|(node, _)| U256::from(node.0)).collect();
        members_hash(&nodes)
    }

    /// Who voted for a block, if the votes are enough and all about it, each by a signer in its own phase. Their
    /// signatures are the caller's matter.
    #[must_use]
    pub fn voters(&self, header: &Header, ballots: &[Ballot]) -> Option<BTreeSet<NodeId>> {
        let hash = header.hash();
        let mut voters = BTreeSet::new();
        for ballot in ballots {
            let phase = self.phase(ballot.voter)?;
            if !voters.insert(ballot.voter) || ballot.vote != block_vote(header, phase, hash) {
                return None;
            }
        }
        let creator = self.iter().next().is_some_and(|(creator, _)| voters.contains(&creator));
        (creator && voters.len() >= self.needed()).then_some(voters)
    }
}
