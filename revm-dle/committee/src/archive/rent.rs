//! Rent that is paid for a chain after it began.
//!
//! A block says until when its chain's storage is paid, and nobody signs one that says otherwise than the log. So a
//! payment begins a new view: blocks that were not final are void, and their creator makes them again. Else an honest
//! creator would sign two of one height and view.

use super::{
    error::{ItemError, Result},
    item::Paid,
    state::State,
};

impl State {
    /// Whether this payment would be news.
    #[must_use]
    pub fn may_pay(&self, paid: &Paid) -> bool {
        let known = self.chains.get(&paid.chain);
        known.is_some_and(|chain| paid.paid_through_s > chain.paid_through_s)
    }

    /// The main chain took rent.
    pub(super) fn pay(&mut self, paid: &Paid) -> Result<()> {
        if !self.may_pay(paid) {
            return Err(ItemError::Nothing);
        }
        let mut chain = (*self.chain(paid.chain)?).clone();
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

    #[test]
    fn a_payment_counts_once_and_voids_blocks_that_are_not_final() {
        let chain = B256::repeat_byte(7);
        let seats = Arc::new(Seats::new(1, 1, 1, (1..=4).map(NodeId).collect()));
        let voting = Arc::new(voting(1));
        let first = State::new(seats, Rules::default(), voting, Some(Arc::new(AnySeed)), 0);
        let paid = |paid_through_s| Item::Paid(Paid { chain, paid_through_s });
        assert_eq!(first.begin(1, 1).apply(&paid(70)), Err(ItemError::Nothing), "no such chain");
        let open = after(&first, &[opening(chain, 1, 1)]);
        let now = after(&open, &[paid(70)]);
        let (before, chain) = (&open.chains[&chain], &now.chains[&chain]);
        assert_eq!((chain.paid_through_s, chain.view), (70, before.view + 1));
        assert_eq!(chain.requested, before.requested, "what was asked for is drawn");
        for old in [69, 70] {
            assert_eq!(now.begin(9, 9).apply(&paid(old)), Err(ItemError::Nothing));
        }
    }
}
