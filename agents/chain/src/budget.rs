//! What an agent is willing to pay for its clients' routes. No clock, no I/O.

use std::collections::VecDeque;

use alloy::primitives::Address;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// How many of its clients' routes an agent submits, and at what cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubmitLimits {
    /// Transactions in any hour.
    pub submissions_per_hour_max: u32,
    /// Transactions for one wallet in any day.
    pub submissions_per_wallet_per_day_max: u32,
    /// What the transactions of any day may cost, in wei.
    pub gas_wei_per_day_max: u128,
    /// What a unit of gas may cost, in wei.
    pub fee_per_gas_wei_max: u128,
}

impl Default for SubmitLimits {
    /// 600 an hour, 24 a day for each wallet, 5 coins a day, 500 gwei.
    fn default() -> Self {
        Self {
            submissions_per_hour_max: 600,
            submissions_per_wallet_per_day_max: 24,
            gas_wei_per_day_max: 5_000_000_000_000_000_000,
            fee_per_gas_wei_max: 500_000_000_000,
        }
    }
}

/// Why nothing was sent: it is the agent's purse, not the client's mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// Enough for this hour.
    #[error(
        "expected at most {max} route submissions in an hour; one more is possible in {retry_in_s} s"
    )]
    Submissions {
        /// The limit.
        max: u32,
        /// When there is room again, in seconds.
        retry_in_s: u64,
    },
    /// This wallet had enough today.
    #[error(
        "expected at most {max} route submissions of one wallet in a day; one more is possible in {retry_in_s} s"
    )]
    Wallet {
        /// The limit.
        max: u32,
        /// When there is room again, in seconds.
        retry_in_s: u64,
    },
    /// Enough gas for this day.
    #[error(
        "expected at most {max} wei of gas in a day, found {spent} spent and {asked} more asked for"
    )]
    Gas {
        /// The limit.
        max: u128,
        /// Spent, or set aside, in the last day.
        spent: u128,
        /// What this one may cost.
        asked: u128,
    },
    /// The chain is expensive now.
    #[error("expected a fee of at most {max} wei for a unit of gas, found {found}")]
    Fee {
        /// The limit.
        max: u128,
        /// What the chain asks.
        found: u128,
    },
}

/// Names one charge, to settle it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge(u64);

#[derive(Debug)]
struct Entry {
    at: u64,
    charge: u64,
    wallet: Address,
    wei: u128,
}

/// Rolling windows of an hour and a day. Its length is bounded by the limits.
#[derive(Debug)]
pub struct SubmitBudget {
    limits: SubmitLimits,
    /// The last day, oldest first.
    entries: VecDeque<Entry>,
    next_charge: u64,
    latest: u64,
}

impl SubmitBudget {
    /// Nothing spent yet.
    #[must_use]
    pub fn new(limits: SubmitLimits) -> Self {
        Self { limits, entries: VecDeque::new(), next_charge: 0, latest: 0 }
    }

    /// Whether a transaction for `wallet` that costs at most `wei`, at `fee`
    /// for a unit of gas, may be sent at `now` (unix seconds).
    ///
    /// # Errors
    /// [`BudgetError`] names the limit.
    pub fn check(
        &mut self,
        now: u64,
        wallet: Address,
        wei: u128,
        fee: u128,
    ) -> Result<(), BudgetError> {
        let now = self.advance(now);
        self.check_counts(now, wallet)?;
        let max = self.limits.fee_per_gas_wei_max;
        if fee > max {
            return Err(BudgetError::Fee { max, found: fee });
        }
        let (max, spent) = (self.limits.gas_wei_per_day_max, self.spent());
        if spent.saturating_add(wei) > max {
            return Err(BudgetError::Gas { max, spent, asked: wei });
        }
        Ok(())
    }

    fn check_counts(&self, now: u64, wallet: Address) -> Result<(), BudgetError> {
        let max = self.limits.submissions_per_hour_max;
        let within_hour = self.entries.iter().filter(|entry| entry.at + HOUR > now);
        if let Some(at) = room_after(within_hour, max) {
            return Err(BudgetError::Submissions { max, retry_in_s: at + HOUR - now });
        }
        let max = self.limits.submissions_per_wallet_per_day_max;
        let of_wallet = self.entries.iter().filter(|entry| entry.wallet == wallet);
        if let Some(at) = room_after(of_wallet, max) {
            return Err(BudgetError::Wallet { max, retry_in_s: at + DAY - now });
        }
        Ok(())
    }

    /// Counts a transaction that is being sent, at the most it may cost.
    pub fn charge(&mut self, now: u64, wallet: Address, wei: u128) -> Charge {
        let at = self.advance(now);
        let charge = self.next_charge;
        self.next_charge = charge.wrapping_add(1);
        self.entries.push_back(Entry { at, charge, wallet, wei });
        Charge(charge)
    }

    /// Puts in what the transaction did cost.
    pub fn settle(&mut self, charge: Charge, wei: u128) {
        let entry = self.entries.iter_mut().rev().find(|entry| entry.charge == charge.0);
        if let Some(entry) = entry {
            entry.wei = wei;
        }
    }

    /// Wei spent, or set aside, in the last day.
    #[must_use]
    pub fn spent(&self) -> u128 {
        self.entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.wei))
    }

    /// Forgets what is older than a day. A clock that goes back gives no room.
    fn advance(&mut self, now: u64) -> u64 {
        self.latest = self.latest.max(now);
        while self.entries.front().is_some_and(|entry| entry.at + DAY <= self.latest) {
            self.entries.pop_front();
        }
        self.latest
    }
}

/// The time of the entry that has to leave the window before one more fits.
fn room_after<'a>(entries: impl DoubleEndedIterator<Item = &'a Entry>, max: u32) -> Option<u64> {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    match max.checked_sub(1) {
        // None are allowed, ever.
        None => Some(u64::MAX - DAY),
        Some(before) => entries.rev().nth(before).map(|entry| entry.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WALLET: Address = Address::repeat_byte(1);

    fn limits() -> SubmitLimits {
        SubmitLimits {
            submissions_per_hour_max: 2,
            submissions_per_wallet_per_day_max: 3,
            gas_wei_per_day_max: 100,
            fee_per_gas_wei_max: 10,
        }
    }

    fn spend(budget: &mut SubmitBudget, now: u64, wei: u128) -> Result<Charge, BudgetError> {
        budget.check(now, WALLET, wei, 1)?;
        Ok(budget.charge(now, WALLET, wei))
    }

    #[test]
    fn the_third_in_an_hour_waits_for_the_first_to_be_an_hour_old() {
        let mut budget = SubmitBudget::new(limits());
        spend(&mut budget, 1_000, 1).unwrap();
        spend(&mut budget, 2_000, 1).unwrap();
        let error = spend(&mut budget, 3_000, 1).unwrap_err();
        assert_eq!(error, BudgetError::Submissions { max: 2, retry_in_s: 1_600 });
        spend(&mut budget, 4_600, 1).unwrap();
    }

    #[test]
    fn one_wallet_does_not_use_up_everybodys_day() {
        let mut budget = SubmitBudget::new(limits());
        for hour in 0..3 {
            spend(&mut budget, hour * HOUR, 1).unwrap();
        }
        let error = spend(&mut budget, 4 * HOUR, 1).unwrap_err();
        assert_eq!(error, BudgetError::Wallet { max: 3, retry_in_s: 20 * HOUR });
        budget.check(4 * HOUR, Address::repeat_byte(2), 1, 1).unwrap();
        spend(&mut budget, DAY, 1).unwrap();
    }

    #[test]
    fn gas_counts_at_its_most_until_it_is_settled() {
        let mut budget = SubmitBudget::new(limits());
        let charge = spend(&mut budget, 0, 80).unwrap();
        let error = spend(&mut budget, 0, 21).unwrap_err();
        assert_eq!(error, BudgetError::Gas { max: 100, spent: 80, asked: 21 });
        budget.settle(charge, 40);
        spend(&mut budget, 0, 60).unwrap();
        assert_eq!(budget.spent(), 100);
        budget.check(DAY, WALLET, 100, 1).unwrap();
    }

    #[test]
    fn an_expensive_chain_is_waited_out() {
        let mut budget = SubmitBudget::new(limits());
        let error = budget.check(0, WALLET, 1, 11).unwrap_err();
        assert_eq!(error, BudgetError::Fee { max: 10, found: 11 });
    }

    #[test]
    fn a_limit_of_zero_allows_nothing() {
        let limits = SubmitLimits { submissions_per_hour_max: 0, ..limits() };
        let mut budget = SubmitBudget::new(limits);
        assert!(matches!(spend(&mut budget, 5, 1), Err(BudgetError::Submissions { .. })));
    }

    proptest! {
        #[test]
        fn no_order_of_times_exceeds_any_window(
            steps in proptest::collection::vec((0_u64..3 * DAY, 0_u128..60, 0_u8..3), 0..200),
        ) {
            let mut budget = SubmitBudget::new(limits());
            let mut sent: Vec<(u64, u8, u128)> = Vec::new();
            let mut clock = 0;
            for (now, wei, wallet) in steps {
                let address = Address::repeat_byte(wallet);
                clock = clock.max(now);
                if budget.check(now, address, wei, 1).is_ok() {
                    budget.charge(now, address, wei);
                    sent.push((clock, wallet, wei));
                }
                let day = || sent.iter().filter(|(at, ..)| at + DAY > clock);
                prop_assert!(sent.iter().filter(|(at, ..)| at + HOUR > clock).count() <= 2);
                prop_assert!(day().filter(|(_, by, _)| *by == wallet).count() <= 3);
                prop_assert!(day().map(|(.., wei)| wei).sum::<u128>() <= 100);
                prop_assert!(budget.entries.len() <= 48);
            }
        }
    }
}
