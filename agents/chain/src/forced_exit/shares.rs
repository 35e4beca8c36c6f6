//! Who gets how much of a forced exit, and when.

use alloy::primitives::{Address, U256};
use conet_bindings::leaves::{Leaf, Leaves};

use super::{ForcedExit, Phase, Result};
use crate::mainchain::Mainchain;

/// One side of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Whose the leaf is: of a lock the payer.
    Account,
    /// Who may claim a lock.
    Payee,
}

/// Whether a share is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareState {
    /// It was, by the forced exit or as an exit.
    Paid,
    /// It can be.
    Due,
    /// Not before this second; what it is may change until then.
    Waits {
        /// Unix seconds.
        from: u64,
    },
    /// There is less than a micro-dollar to pay.
    Nothing,
}

/// What one account gets of one leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The leaf.
    pub index: usize,
    /// Its side.
    pub side: Side,
    /// Who gets it.
    pub to: Address,
    /// Micro-dollars, exit fee included. Of a lock, by the vouchers shown so far.
    pub amount: u64,
    /// Whether it is paid.
    pub state: ShareState,
}

/// What the contracts know of a leaf.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    is_account_paid: bool,
    is_payee_paid: bool,
    /// The highest voucher, in micro-dollars.
    shown_total: u64,
}

/// All shares of a forced exit, in the order of its leaves; a lock's payer before its payee.
///
/// # Errors
/// [`super::ForcedExitError::OtherLeaves`], or that the chain cannot be read.
pub async fn shares(chain: &Mainchain, exit: &ForcedExit, leaves: &Leaves) -> Result<Vec<Share>> {
    exit.check_leaves(leaves)?;
    let mut all = Vec::new();
    for (index, leaf) in leaves.as_slice().iter().enumerate() {
        let seen = look(chain, exit.note, index, leaf).await?;
        all.extend(shares_of(exit, index, leaf, seen));
    }
    Ok(all)
}

async fn look(chain: &Mainchain, note: U256, index: usize, leaf: &Leaf) -> Result<Seen> {
    let (contract, number) = (chain.forced_exits(), U256::from(index));
    let claimed = contract.isClaimed(note, number).call().await?;
    let shown_total = match leaf {
        Leaf::Lock { .. } => contract.shownTotal(note, number).call().await?,
        _ => 0,
    };
    let is_withdrawn = match leaf {
        Leaf::Withdrawal { withdrawal, .. } => {
            chain.cash().isPaid(note, *withdrawal).call().await?
        }
        _ => false,
    };
    Ok(Seen {
        is_account_paid: claimed.account || is_withdrawn,
        is_payee_paid: claimed.payee,
        shown_total,
    })
}

fn shares_of(exit: &ForcedExit, index: usize, leaf: &Leaf, seen: Seen) -> Vec<Share> {
    let share = |side, to, amount, is_paid| {
        let state = if is_paid { ShareState::Paid } else { unpaid(exit, leaf, amount) };
        Share { index, side, to, amount, state }
    };
    let (account, all) = (leaf.account(), leaf.micro());
    match *leaf {
        Leaf::Lock { payee, claimed, .. } => {
            let locked = seen.shown_total.saturating_sub(claimed).min(all);
            vec![
                share(Side::Account, account, all - locked, seen.is_account_paid),
                share(Side::Payee, payee, locked, seen.is_payee_paid),
            ]
        }
        _ => vec![share(Side::Account, account, all, seen.is_account_paid)],
    }
}

fn unpaid(exit: &ForcedExit, leaf: &Leaf, amount: u64) -> ShareState {
    let (from, phase) = match leaf {
        Leaf::Lock { .. } => (exit.vouchers_until, Phase::Locks),
        _ => (exit.challenge_until, Phase::Vouchers),
    };
    // A lock's sides may still change while vouchers count; a leaf of dust never pays.
    let is_settled = exit.phase() >= phase;
    match amount {
        _ if leaf.micro() == 0 => ShareState::Nothing,
        0 if is_settled => ShareState::Nothing,
        _ if is_settled => ShareState::Due,
        _ => ShareState::Waits { from },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::B256;

    const PICO: u64 = 1_000_000;
    const CHALLENGE: u64 = 700;
    const VOUCHERS: u64 = 1400;

    fn exit_at(now: u64) -> ForcedExit {
        ForcedExit {
            note: U256::ONE,
            leaves_root: B256::ZERO,
            height: 20,
            leaves: 1,
            opened_at: 0,
            challenge_until: CHALLENGE,
            vouchers_until: VOUCHERS,
            dust: 0,
            bonder: None,
            bond: 5,
            now,
        }
    }

    fn states(now: u64, leaf: &Leaf, seen: Seen) -> Vec<(u64, ShareState)> {
        let shares = shares_of(&exit_at(now), 0, leaf, seen);
        shares.iter().map(|share| (share.amount, share.state)).collect()
    }

    #[test]
    fn accounts_wait_for_the_challenge_only() {
        let leaf = Leaf::Account { account: Address::repeat_byte(1), amount: 9 * PICO + 1 };
        let seen = Seen::default();
        let waits = ShareState::Waits { from: CHALLENGE };
        assert_eq!(states(CHALLENGE - 1, &leaf, seen), [(9, waits)]);
        assert_eq!(states(CHALLENGE, &leaf, seen), [(9, ShareState::Due)]);
        let paid = Seen { is_account_paid: true, ..seen };
        assert_eq!(states(VOUCHERS, &leaf, paid), [(9, ShareState::Paid)]);
        let dust = Leaf::Account { account: Address::repeat_byte(1), amount: PICO - 1 };
        assert_eq!(states(0, &dust, seen), [(0, ShareState::Nothing)]);
    }

    #[test]
    fn a_lock_is_split_by_its_highest_voucher() {
        let [account, payee] = [1, 2].map(Address::repeat_byte);
        let (lock_id, amount) = (B256::ZERO, 20 * PICO);
        let leaf = Leaf::Lock { account, payee, lock_id, amount, claimed: 3 };
        let shown = |shown_total| Seen { shown_total, ..Seen::default() };
        let waits = ShareState::Waits { from: VOUCHERS };
        assert_eq!(states(VOUCHERS - 1, &leaf, shown(0)), [(20, waits), (0, waits)]);
        let nothing = (0, ShareState::Nothing);
        assert_eq!(states(VOUCHERS, &leaf, shown(2)), [(20, ShareState::Due), nothing]);
        let both = [(13, ShareState::Due), (7, ShareState::Due)];
        assert_eq!(states(VOUCHERS, &leaf, shown(10)), both);
        assert_eq!(states(VOUCHERS, &leaf, shown(u64::MAX)), [nothing, (20, ShareState::Due)]);
        let paid = Seen { is_payee_paid: true, ..shown(10) };
        assert_eq!(states(VOUCHERS, &leaf, paid), [(13, ShareState::Due), (7, ShareState::Paid)]);
    }
}
