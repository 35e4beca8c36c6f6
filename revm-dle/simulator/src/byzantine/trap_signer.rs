//! A validator that does not execute: it signs what it is told. Told nothing, it does its work, so as not to be missed.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{
    Action,
    archive::item::{Word, block_vote},
    message::Message,
    vote::Phase,
};
use conet_ledger::block::Header;

use super::{Behaviour, Liar};

/// Where a vote counts: its chain, height, view and epoch.
type Place = (B256, u64, u64, u64);

#[derive(Default)]
pub(crate) struct TrapSigner {
    told: BTreeMap<Place, Header>,
    /// What it said: it does not say another thing later, which would be equivocation.
    said: BTreeMap<Place, Word>,
}

impl TrapSigner {
    fn sign(&mut self, word: Word, liar: &Liar<'_>) -> Word {
        let about = word.ballot.vote;
        if word.ballot.voter != liar.voting.me || about.phase != Phase::Validate.number() {
            return word;
        }
        let place = (about.chain, about.height, about.view, about.epoch);
        let told = self.told.get(&place);
        let said = self.said.entry(place).or_insert_with(|| {
            told.map_or(word, |header| {
                let vote = block_vote(header, Phase::Validate, header.hash());
                let outcome =
                    Some(header.outcome.clone()).filter(|_| about.height.is_multiple_of(2));
                Word { ballot: liar.voting.cast(vote), outcome }
            })
        });
        said.clone()
    }
}

impl Behaviour for TrapSigner {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let twist = |action| match action {
            Action::Send(to, Message::Vote(word)) => {
                Action::Send(to, Message::Vote(self.sign(word, liar)))
            }
            Action::Send(to, Message::Answer(word)) => {
                Action::Send(to, Message::Answer(self.sign(word, liar)))
            }
            action => action,
        };
        actions.into_iter().map(twist).collect()
    }

    fn hear(&mut self, message: &Message) {
        if let Message::Told(header) = message {
            let about = &header.proposal;
            let place = (about.chain, about.height, about.view, about.epoch);
            self.told.entry(place).or_insert_with(|| (**header).clone());
        }
    }
}
