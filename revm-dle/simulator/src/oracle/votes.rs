//! What honest nodes said: once, and not before it was written down.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{keys::NodeId, log::LogMessage, message::Message, vote::Ballot};

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

/// The votes in a message that whoever gets it looks at.
pub(super) fn shown_ballots(message: &Message) -> Vec<&Ballot> {
    match message {
        Message::Log(LogMessage::Vote(ballot) | LogMessage::Propose(_, ballot)) => vec![ballot],
        Message::Word(word, _) => vec![&word.ballot],
        Message::Certified(block, _) => block.ballots.iter().collect(),
        Message::Disagreement(why, _) => vec![&why.create, &why.other.ballot],
        _ => Vec::new(),
    }
}

/// All votes in a message.
pub(super) fn all_ballots(message: &Message) -> impl Iterator<Item = &Ballot> {
    let more = match message {
        Message::Vote(word) | Message::Answer(word) => vec![&word.ballot],
        Message::Propose(proposed) => vec![&proposed.create],
        Message::Evidence(first, second) => vec![first, second],
        _ => Vec::new(),
    };
    shown_ballots(message).into_iter().chain(more)
}
