//! Traps, once more: whoever signed what it was told is out in the end, and whoever is out for that did sign it.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use conet_bindings::roles;
use conet_committee::{
    archive::{Item, traps::Caught},
    keys::NodeId,
    log::Entry,
    message::Message,
};
use conet_ledger::block::{Header, Outcome};

use super::{Violation, reports::Wrong, tree::Place};
use crate::keys::TRAP_ONE_IN;

/// Votes of validators.
const VALIDATE: u8 = (roles::VALIDATOR.trailing_zeros() as u8) << 4 | 1;

/// What is known of traps.
#[derive(Debug, Clone, Default)]
pub(super) struct Traps {
    /// What honest creators told, by its hash.
    told: BTreeMap<B256, NodeId>,
    /// Who signed that, in which chain, and to which creator's face.
    fell: BTreeMap<(NodeId, B256), NodeId>,
    /// What each node's wishes committed to.
    committed: BTreeSet<(NodeId, B256)>,
    /// Who is out for it, as the log says.
    caught: BTreeSet<Wrong>,
}

impl Traps {
    /// An honest node sends something.
    pub(super) fn see_sent(&mut self, from: NodeId, message: &Message) {
        if let Message::Told(header) = message {
            self.told.insert(header.hash(), from);
        }
    }

    /// A vote reaches an honest creator that set a trap for its voter. `signed`: its voter's.
    pub(super) fn see_delivered(&mut self, to: NodeId, message: &Message) {
        if let Message::Vote(word) = message
            && self.told.get(&word.ballot.vote.block) == Some(&to)
            && word.ballot.vote.phase == VALIDATE
        {
            self.fell.insert((word.ballot.voter, word.ballot.vote.chain), to);
        }
    }

    /// A creator that stops may forget whom it caught.
    pub(super) fn see_stopped(&mut self, node: NodeId) {
        self.fell.retain(|_, setter| *setter != node);
    }

    /// A new final entry.
    pub(super) fn see_items(&mut self, entry: &Entry) -> Result<(), Violation> {
        let height = entry.header.height;
        let wrong = |why| Err(Violation::WrongEntry { height, node: NodeId(0), why });
        for item in &entry.items {
            match item {
                Item::Join(joining) if !joining.trap.is_zero() => {
                    self.committed.insert((joining.offer.node, joining.trap));
                }
                Item::Caught(caught) => {
                    if let Err(why) = self.check(caught) {
                        return wrong(why);
                    }
                    let vote = &caught.ballot.vote;
                    let wrong = (caught.ballot.voter, vote.chain, vote.height, vote.view);
                    self.caught.insert(wrong);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&self, caught: &Caught) -> Result<(), &'static str> {
        let Caught { setter, secret, told, ballot } = caught;
        let hash = |parts: &[&[u8]]| keccak256(parts.concat());
        let commitment = hash(&[b"CoNET trap commitment", secret.as_slice()]);
        if !self.committed.contains(&(*setter, commitment)) {
            return Err("nobody had committed to a trap");
        }
        let Header { proposal: about, outcome } = told;
        let words = [about.height, about.view, about.epoch].map(u64::to_be_bytes).concat();
        let place = hash(&[b"CoNET trap place", secret.as_slice(), about.chain.as_slice(), &words]);
        let word = place.iter().take(8).fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        if !word.is_multiple_of(TRAP_ONE_IN) {
            return Err("a trap is at a place that its secret does not name");
        }
        let nothing =
            Outcome { gas_used: 0, fees: 0, receipts_root: B256::ZERO, state_root: B256::ZERO };
        let proposal = Header { proposal: about.clone(), outcome: nothing }.hash();
        if outcome.state_root != hash(&[b"CoNET trap tag", secret.as_slice(), proposal.as_slice()])
        {
            return Err("what a validator was told might be right");
        }
        let vote = &ballot.vote;
        let found = (vote.chain, vote.height, vote.view, vote.epoch, vote.phase, vote.block);
        let expected = (about.chain, about.height, about.view, about.epoch, VALIDATE, told.hash());
        if found != expected {
            return Err("a validator signed something else than it was told");
        }
        Ok(())
    }

    /// Those who must be out in the end.
    pub(super) fn guilty(&self) -> impl Iterator<Item = NodeId> {
        let fell = self.fell.keys().map(|(voter, _)| *voter);
        self.caught().map(|(voter, ..)| voter).chain(fell)
    }

    pub(super) fn caught(&self) -> impl Iterator<Item = Wrong> {
        self.caught.iter().copied()
    }

    /// The group splits: who fell is told to those who keep the chain.
    pub(super) fn fall(&mut self, place: &Place) {
        self.fell.retain(|(_, chain), _| place.keeps(*chain));
    }
}
