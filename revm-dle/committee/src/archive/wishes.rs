//! Wishes to be drawn, and who waits because of them.
//!
//! A wish is signed once, and **stands**. A node waits in the pool as long as its wish stands and it serves in fewer
//! chains than the wish offers seats. So who waits follows from wishes and groups alone, and nobody but the log moves it:
//!
//! | what | the node's place in the pool |
//! |---|---|
//! | it wishes, or wishes anew | the end of the line |
//! | it is drawn, and offers more seats than it serves in | the end of the line, in the entry that draws: as if it had joined in it |
//! | it serves in as many chains as it offers seats | none, until it leaves one of them: then the end of the line |
//! | its wish ends | none |
//!
//! A wish ends when its node takes it back (a wish for no role or no seat), when it lets the time to answer a complaint
//! pass, when it is barred or gets a seat, and `wish_ms` after it was logged: who is gone, or has less at stake than it
//! had, does not wait for ever. A node wishes for no more than its stake is enough for; by wishing for less it limits
//! itself.
//!
//! Draws are from who waited when they were asked for. Who was drawn by one seed has another place since, so another seed
//! passes it over if it was asked before. What a node does when it knows a seed (it wishes anew, it takes its wish back)
//! takes itself out of draws that are under way, and puts nobody else in.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use super::{
    chain::Chain,
    error::{ItemError, Result},
    item::Joining,
    state::{State, WAITING_MAX},
    traps::Commitment,
};
use crate::{keys::NodeId, roulette::pool::Offer};

/// For how many of a node's wishes it is known what they committed to: what was signed under one may come late.
const TRAPS_KEPT: usize = 8;

/// A node's last wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wish {
    /// Counts the node's wishes.
    number: u64,
    /// What it offers, and until when, if it stands.
    standing: Option<(Offer, u64)>,
    /// What it and the ones before committed to for traps, with their numbers; the newest first.
    traps: Vec<(u64, B256)>,
}

impl Wish {
    /// When it ends by itself.
    pub(super) fn ends_ms(&self) -> Option<u64> {
        self.standing.map(|(_, ends_ms)| ends_ms)
    }
}

impl State {
    /// The number of a node's last wish to be drawn.
    #[must_use]
    pub fn wish(&self, node: NodeId) -> u64 {
        self.wishes.get(&node).map_or(0, |wish| wish.number)
    }

    /// What a node offers by a wish that stands.
    #[must_use]
    pub fn offers(&self, node: NodeId) -> Option<Offer> {
        let (offer, _) = self.wishes.get(&node)?.standing?;
        Some(offer)
    }

    /// Whether a node waits to be drawn.
    #[must_use]
    pub fn is_waiting(&self, node: NodeId) -> bool {
        self.pool.is_waiting(node)
    }

    /// A node wishes to be drawn; or to be drawn no more.
    pub(super) fn join(&mut self, joining: &Joining) -> Result<()> {
        let Joining { offer, number, trap, signature } = joining;
        let node = offer.node;
        let is_here = self.seats.branch.admits(node);
        if self.barred.contains(&node) || self.seats.contains(node) || !is_here {
            return Err(ItemError::NotEntitled { node });
        }
        if *number <= self.wish(node) {
            return Err(ItemError::Nothing);
        }
        let stands = self.offers(node).is_some();
        if offer.is_nothing() && !stands {
            return Err(ItemError::Nothing);
        }
        // Who comes later waits for room. Who serves keeps its place.
        let is_new = !stands;
        if is_new && self.expiring.len() as u64 >= WAITING_MAX {
            return Err(ItemError::NotEntitled { node });
        }
        let signed = Joining::struct_hash(self.seats.log, offer, *number, *trap);
        if !self.voting.signed(node, signed, signature) {
            return Err(ItemError::Signature { node });
        }
        self.end_wish(node);
        let ends_ms = self.time_ms + self.rules.wish_ms;
        let standing = (!offer.is_nothing()).then_some((*offer, ends_ms));
        let before = self.wishes.get(&node).into_iter().flat_map(|wish| wish.traps.iter().copied());
        let traps = (!trap.is_zero()).then_some((*number, *trap)).into_iter().chain(before);
        let traps = traps.take(TRAPS_KEPT).collect();
        self.wishes.insert(node, Wish { number: *number, standing, traps });
        self.expiring.extend(standing.map(|_| (ends_ms, node)));
        self.settle(node);
        Ok(())
    }

    /// A node waits no more.
    pub(super) fn end_wish(&mut self, node: NodeId) {
        let Some(wish) = self.wishes.get_mut(&node) else { return };
        let Some((_, ends_ms)) = wish.standing.take() else { return };
        self.expiring.remove(&(ends_ms, node));
        self.settle(node);
    }

    /// A node offers so many seats less from now on.
    pub(super) fn lessen_wish(&mut self, node: NodeId, by: u32) {
        let standing = self.wishes.get_mut(&node).and_then(|wish| wish.standing.as_mut());
        let Some((offer, _)) = standing else { return };
        if offer.seats <= by {
            return self.end_wish(node);
        }
        offer.seats -= by;
        if self.pool.leave(node).is_ok() {
            self.settle(node);
        }
    }

    /// What a node committed to last.
    pub(super) fn commitment(&self, node: NodeId) -> Option<Commitment> {
        let (number, hash) = self.wishes.get(&node)?.traps.first().copied()?;
        Some(Commitment { number, hash, one_in: self.rules.trap_one_in })
    }

    /// Whether a node committed to this, not too many wishes ago.
    pub(super) fn has_committed(&self, node: NodeId, trap: B256) -> bool {
        let known = self.wishes.get(&node);
        known.is_some_and(|wish| wish.traps.iter().any(|(_, hash)| *hash == trap))
    }

    /// Ends the wishes whose time is over at the entry's time.
    pub(super) fn pass_wishes(&mut self) {
        let over = self.expiring.iter().take_while(|(ends_ms, _)| *ends_ms <= self.time_ms);
        let over: Vec<_> = over.map(|(_, node)| *node).collect();
        over.into_iter().for_each(|node| self.end_wish(node));
    }

    /// Whether a node's wish is for more chains than it serves in.
    fn has_room(&self, node: NodeId) -> bool {
        let serves = self.serves(node) as u64;
        self.offers(node).is_some_and(|offer| serves < u64::from(offer.seats))
    }

    /// Whether a node may follow a witness of a chain.
    pub(super) fn may_follow(&self, node: NodeId, chain: &Chain) -> bool {
        !self.barred.contains(&node)
            && (self.has_room(node) || chain.involves(node) && self.offers(node).is_some())
    }

    /// Lets a node wait, or not: by its wish and its places.
    pub(super) fn settle(&mut self, node: NodeId) {
        let waits = self.pool.is_waiting(node);
        match self.offers(node).filter(|_| self.has_room(node)) {
            // There is room: no more wishes stand than the pool has places.
            Some(offer) if !waits => self.joined += usize::from(self.pool.join(offer).is_ok()),
            None if waits => drop(self.pool.leave(node)),
            _ => {}
        }
    }

    /// Whom a chain has taken in or let go, after a change: each node is in a list once.
    pub(super) fn note_parts(&mut self, chain: B256, before: &[NodeId], now: &[NodeId]) {
        let gone = before.iter().filter(|node| !now.contains(node));
        let come = now.iter().filter(|node| !before.contains(node));
        for node in gone.clone() {
            self.leave(*node, chain);
        }
        for node in come.clone() {
            self.come(*node, chain);
        }
        gone.chain(come).for_each(|node| self.settle(*node));
    }
}

#[cfg(test)]
mod tests;
