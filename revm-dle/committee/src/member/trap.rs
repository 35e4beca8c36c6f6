//! A creator sets traps for validators: see [`crate::archive::traps`].

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use conet_ledger::block::Header;

use super::Member;
use crate::{
    archive::traps::{self, Caught},
    keys::NodeId,
    message::Message,
    outbox::Outbox,
    vote::Ballot,
};

/// How many traps are remembered: a vote may come late.
const TRAPS_MAX: usize = 256;

/// With more secrets than these, those go that no chain names any more.
const SECRETS_MAX: usize = 64;

/// How often it is said who fell into one. Seats cannot say that they heard it.
const REPEATS: u32 = 150;

/// What a member knows of its traps.
#[derive(Debug, Default)]
pub(super) struct Traps {
    /// The secrets of its wishes, as far as chains that it makes blocks of name them.
    secrets: BTreeMap<u64, B256>,
    /// The wishes whose secrets it has shown.
    shown: BTreeSet<u64>,
    /// What it told, by the real block.
    set: BTreeMap<B256, Trap>,
    /// Who fell into one, and how often that is still to be said.
    caught: Vec<(Caught, u32)>,
}

#[derive(Debug, Clone)]
struct Trap {
    number: u64,
    secret: B256,
    told: Header,
    hash: B256,
}

impl Member {
    pub(super) fn trap_secret(&self, number: u64) -> B256 {
        let signed = traps::secret_hash(number);
        keccak256(self.config.voting.sign(signed))
    }

    /// This member makes blocks of a chain: by which secret it sets traps there.
    pub(super) fn note_trap(&mut self, chain: B256) {
        let Some(notice) = self.parts.get(&chain).map(|part| part.notice()) else { return };
        let Some(known) = notice.trap.filter(|_| notice.creator == Some(self.me())) else { return };
        if !self.traps.secrets.contains_key(&known.number) {
            let secret = self.trap_secret(known.number);
            self.traps.secrets.insert(known.number, secret);
            if self.traps.secrets.len() > SECRETS_MAX {
                let named = self.parts.values().filter_map(|part| part.notice().trap);
                let named: BTreeSet<_> = named.map(|trap| trap.number).collect();
                self.traps.secrets.retain(|number, _| named.contains(number));
            }
        }
    }

    /// Sets a trap beside a block, if its place is one for traps.
    pub(super) fn set_trap(&mut self, block: &Header) {
        let notice = self.parts.get(&block.proposal.chain).map(|part| part.notice());
        let Some(known) = notice.and_then(|notice| notice.trap) else { return };
        let secret = self.traps.secrets.get(&known.number).copied();
        // The log must know of it before anybody is asked.
        let Some(secret) = secret.filter(|secret| traps::commit(*secret) == known.hash) else {
            return;
        };
        let is_shown = self.traps.shown.contains(&known.number);
        if is_shown || !traps::is_place(secret, &block.proposal, known.one_in) {
            return;
        }
        let told = traps::told(secret, block);
        let trap = Trap { number: known.number, secret, hash: told.hash(), told };
        self.traps.set.insert(block.hash(), trap);
        if self.traps.set.len() > TRAPS_MAX {
            self.traps.set.pop_first();
        }
    }

    /// Tells a validator what a block gives, if that is a trap.
    pub(super) fn tell(&self, validator: NodeId, block: B256, out: &mut Outbox) {
        if let Some(trap) = self.traps.set.get(&block) {
            out.send(validator, Message::Told(Box::new(trap.told.clone())));
        }
    }

    /// Whether a vote is for what this member told its voter. The seats hear of it, and the secret is one no more.
    pub(super) fn springs(&mut self, ballot: &Ballot, out: &mut Outbox) -> bool {
        let Some(trap) = self.traps.set.values().find(|trap| trap.hash == ballot.vote.block) else {
            return false;
        };
        let Trap { number, secret, told, .. } = trap.clone();
        let caught = Caught { setter: self.me(), secret, told, ballot: ballot.clone() };
        if !caught.is_for_told() || !self.config.voting.is_valid(ballot) {
            return false;
        }
        if self.traps.caught.iter().any(|(known, _)| known.ballot.voter == ballot.voter) {
            return true;
        }
        self.groups.tell(caught.chain(), Message::Caught(Box::new(caught.clone())), out);
        self.traps.caught.push((caught, REPEATS));
        if self.traps.shown.insert(number) {
            self.wish_anew();
        }
        true
    }

    /// Says again what may not have arrived.
    pub(super) fn repeat_caught(&mut self, out: &mut Outbox) {
        for (caught, left) in &mut self.traps.caught {
            *left -= 1;
            self.groups.tell(caught.chain(), Message::Caught(Box::new(caught.clone())), out);
        }
        self.traps.caught.retain(|(_, left)| *left > 0);
    }
}
