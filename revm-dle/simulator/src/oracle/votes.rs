//! What honest nodes said: once, and not before it was written down.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{keys::NodeId, vote::Ballot};

use super::{Place, Violation, place};

/// All votes of honest nodes, over all restarts.
#[derive(Debug, Default)]
pub(super) struct Votes {
    said: BTreeMap<NodeId, BTreeMap<Place, B256>>,
}

impl Votes {
    /// A node says a vote of its own. Returns whether that is new.
    pub(super) fn note(
        &mut self,
        ballot: &Ballot,
        written: &BTreeMap<Place, B256>,
    ) -> Result<bool, Violation> {
        let (node, vote, block) = (ballot.voter, place(ballot), ballot.vote.block);
        let said = self.said.entry(node).or_default();
        match said.get(&vote) {
            Some(first) if *first == block => return Ok(false),
            Some(_) => return Err(Violation::TwoVotes { node, vote }),
            None => {}
        }
        if written.get(&vote) != Some(&block) {
            return Err(Violation::NotJournaled { node, vote });
        }
        said.insert(vote, block);
        Ok(true)
    }
}
