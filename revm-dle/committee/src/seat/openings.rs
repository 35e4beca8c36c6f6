//! Chains that are to begin: this seat knows of them, and may propose them.
//!
//! A seat votes for no entry with a chain that it does not know, so nobody proposes one before more than two thirds of the
//! seats know it. Of a chain's openings the first one that a seat hears of counts: two of them, told in different orders,
//! would part the seats for ever.

use super::desk::Desk;
use crate::archive::{Item, item::Opening};

/// The most chains that are known and not in the log.
const OPENINGS_MAX: usize = 4_096;

/// For how long one that does not come into the log is known, and for how long it is proposed, milliseconds. Others know
/// it longer than anybody proposes it.
const KNOWN_MS: u64 = 900_000;
const PROPOSED_MS: u64 = 300_000;

/// A chain that is to begin.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) opening: Opening,
    since_ms: u64,
    /// Whether this seat proposes it.
    proposes: bool,
}

impl Desk {
    /// A chain is to begin. Another opening of a chain that is known already does not count.
    pub(super) fn know_opening(&mut self, opening: Opening, proposes: bool) {
        let (chain, since_ms) = (opening.chain, self.now_ms);
        if self.state.chains.contains_key(&chain) {
            return;
        }
        if !self.openings.contains_key(&chain) && self.openings.len() >= OPENINGS_MAX {
            return;
        }
        let new = Known { opening: opening.clone(), since_ms, proposes };
        let known = self.openings.entry(chain).or_insert(new);
        if known.opening == opening && proposes {
            (known.proposes, known.since_ms) = (true, since_ms);
            self.queue(Item::Open(opening));
        }
    }

    /// Whether this is the opening of a chain that this seat knows.
    pub(super) fn knows_opening(&self, opening: &Opening) -> bool {
        self.openings.get(&opening.chain).is_some_and(|known| known.opening == *opening)
    }

    /// Whether this seat still proposes it.
    pub(super) fn proposes_opening(&self, opening: &Opening) -> bool {
        let known = self.openings.get(&opening.chain);
        known.is_some_and(|known| {
            let is_young = self.now_ms < known.since_ms.saturating_add(PROPOSED_MS);
            known.proposes && is_young && known.opening == *opening
        })
    }

    /// Forgets what did not come into the log, and proposes again what found no room.
    pub(super) fn review_openings(&mut self) {
        let now_ms = self.now_ms;
        self.openings.retain(|_, known| now_ms < known.since_ms.saturating_add(KNOWN_MS));
        self.items.retain(|item| !matches!(item, Item::Open(_)));
        let due: Vec<_> = self.openings.values().map(|known| known.opening.clone()).collect();
        for opening in due {
            if self.proposes_opening(&opening) {
                self.queue(Item::Open(opening));
            }
        }
    }
}
