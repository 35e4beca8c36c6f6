//! Rent that is paid for a chain after it began.
//!
//! A block says until when its chain's storage is paid, and nobody signs one that says otherwise than the log. So a
//! payment begins a new view: blocks that were not final are void, and their creator makes them again. Else an honest
//! creator would sign two of one height and view.
//!
//! Anybody may pay for any chain, so a view must cost something: a payment counts here when it adds a day, and an eighth of
//! what is left. What it takes to begin one more view grows each time. A payment that adds less waits for the next one:
//! the main chain adds them up.

use super::{
    error::{ItemError, Result},
    item::Paid,
    state::State,
};

/// What a payment adds at least, seconds.
const ADDED_S_MIN: u64 = 86_400;

/// And at least such a part of what is left.
const ADDED_PART: u64 = 8;

/// What a payment must add to be heard of in a group's log, seconds, when so much is left.
#[must_use]
pub const fn added_s_min(left_s: u64) -> u64 {
    let part = left_s / ADDED_PART;
    if part > ADDED_S_MIN { part } else { ADDED_S_MIN }
}

impl State {
    /// Whether this payment would be news, and adds enough.
    #[must_use]
    pub fn may_pay(&self, paid: &Paid) -> bool {
        self.chains.get(&paid.chain).is_some_and(|chain| {
            let known = chain.paid_through_s;
            let left = known.saturating_sub(self.time_ms / 1_000);
            paid.paid_through_s >= known.saturating_add(added_s_min(left))
                && paid.paid_through_s > known
        })
    }

    /// The main chain took rent.
    pub(super) fn pay(&mut self, paid: &Paid) -> Result<()> {
        if !self.may_pay(paid) {
            return Err(ItemError::Nothing);
        }
        let mut chain = (*self.chain(paid.chain)?).clone();
        if let Some(pending) = &chain.pending {
            // Nobody buys itself out of a dispute.
            return Err(ItemError::Occupied { hash: pending.hash });
        }
        chain.paid_through_s = paid.paid_through_s;
        chain.begin_view();
        self.put(chain);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy::primitives::B256;

    use super::*;
    use crate::{
        archive::{
            Item, Rules,
            testing::{AnySeed, after, opening},
        },
        keys::NodeId,
        log::tests::voting,
        seats::Seats,
    };

    const DAY_S: u64 = 86_400;

    #[test]
    fn a_payment_counts_once_and_voids_blocks_that_are_not_final() {
        let chain = B256::repeat_byte(7);
        let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
        let voting = Arc::new(voting(1));
        let first = State::new(seats, Rules::default(), voting, Some(Arc::new(AnySeed)), 0);
        let paid = |paid_through_s| Item::Paid(Paid { chain, paid_through_s });
        assert_eq!(first.begin(1, 1).apply(&paid(DAY_S)), Err(ItemError::Nothing), "no such chain");
        let open = after(&first, &[opening(chain, 1, 1)]);
        assert_eq!(open.begin(9, 9).apply(&paid(DAY_S - 1)), Err(ItemError::Nothing), "too little");
        let now = after(&open, &[paid(DAY_S)]);
        let (before, chain) = (&open.chains[&chain], &now.chains[&chain]);
        assert_eq!((chain.paid_through_s, chain.view), (DAY_S, before.view + 1));
        assert_eq!(chain.requested, before.requested, "what was asked for is drawn");
        for old in [0, DAY_S, DAY_S + 1] {
            assert_eq!(now.begin(9, 9).apply(&paid(old)), Err(ItemError::Nothing));
        }
    }

    #[test]
    fn each_payment_that_counts_costs_more_when_much_is_left() {
        let mut through = 0;
        for _ in 0..60 {
            through += added_s_min(through);
        }
        // Sixty views one after the other: storage for ten years.
        assert!(through > 10 * 365 * DAY_S, "{through}");
    }
}
