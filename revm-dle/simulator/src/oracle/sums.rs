//! What executing a block gives, by arithmetic of its own.

use alloy::primitives::{B256, keccak256};
use alloy_rlp::Decodable as _;
use conet_ledger::block::{Body, Outcome};

use crate::ledger::{Accounts, Payment};

/// All that a header must say of it.
pub(super) fn outcome(after: &Accounts, body: &Body) -> Outcome {
    let count = body.transactions.len() as u64;
    let state_root = keccak256(alloy_rlp::encode(after));
    // Payments leave no receipts: the body stands for them.
    let receipts_root: B256 = keccak256(alloy_rlp::encode(body));
    Outcome { gas_used: count, fees: count, receipts_root, state_root }
}

/// Pays. None when a payment is out of turn, or of more than there is.
pub(super) fn execute(mut accounts: Accounts, body: &Body) -> Option<Accounts> {
    for signed in &body.transactions {
        let payment = Payment::decode(&mut signed.transaction.data.as_ref()).ok()?;
        let place = |account: u64| usize::try_from(account).unwrap_or(usize::MAX);
        let nonce = accounts.nonces.get_mut(place(payment.from))?;
        if signed.transaction.nonce != *nonce {
            return None;
        }
        *nonce += 1;
        let left = i128::from(*accounts.balances.get(place(payment.from))?);
        let left = u64::try_from(left - i128::from(payment.amount)).ok()?;
        *accounts.balances.get_mut(place(payment.from))? = left;
        let more = u128::from(*accounts.balances.get(place(payment.to))?);
        let more = u64::try_from(more + u128::from(payment.amount)).ok()?;
        *accounts.balances.get_mut(place(payment.to))? = more;
    }
    Some(accounts)
}
