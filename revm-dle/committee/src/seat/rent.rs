//! Rent that this seat has read of on the main chain.

use super::desk::Desk;
use crate::archive::{Item, item::Paid};

/// The most chains with rent that the log does not know yet. What is too much is told again.
const PAID_MAX: usize = 4_096;

impl Desk {
    /// Rent was paid: this seat may vote for it, and proposes it when others have read of it.
    pub(super) fn take_paid(&mut self, paid: Paid, proposes: bool) {
        let state = &self.state;
        self.paid.retain(|chain, through| {
            state.may_pay(&Paid { chain: *chain, paid_through_s: *through })
        });
        let has_room = self.paid.len() < PAID_MAX || self.paid.contains_key(&paid.chain);
        if !has_room || !state.may_pay(&paid) {
            return;
        }
        let known = self.paid.entry(paid.chain).or_default();
        *known = (*known).max(paid.paid_through_s);
        if proposes {
            self.queue(Item::Paid(paid));
        }
    }

    /// Whether the main chain has taken so much, as far as this seat has read.
    pub(super) fn knows_paid(&self, paid: &Paid) -> bool {
        self.paid.get(&paid.chain).is_some_and(|known| *known >= paid.paid_through_s)
    }
}
