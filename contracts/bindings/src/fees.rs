//! The arithmetic of money, on notes and on the main chain: the twin of the contracts' library `Fees`. Integers only.
//! Both are pinned by `contracts/test/vectors/fees.json`.
//!
//! Amounts are micro-dollars (`micro`) or pico-dollars (`pico`), CoNET is in units of 10^-18, a price is dollars x 10^8
//! for one CoNET, a rate is in units of 0.001%. No function here overflows for any argument; those that divide by a
//! price or a vault return `None` when it is zero.

use alloy::primitives::U256;

/// 100%.
pub const RATE_ONE: u32 = 100_000;

/// Pico-dollars, in which a note counts, in one micro-dollar, in which everything else does.
pub const PICO_PER_MICRO: u64 = 1_000_000;

/// 20% of one micro-dollar in 10^-18 CoNET, times a price: 0.2 x 10^(18 + 8 - 6).
const BURN_FACTOR: u128 = 20_000_000_000_000_000_000;

/// A fee, split among those who work for it. `creator + 5 * witness + validator` is the fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// 30%, and what does not divide.
    pub creator: u128,
    /// 10%, for each of five.
    pub witness: u128,
    /// 20%.
    pub validator: u128,
}

/// What a transfer or claim of `micro` costs its payer, in pico-dollars. Exact, and a multiple of 10.
#[must_use]
pub fn transfer_fee(micro: u64, rate: u32) -> u128 {
    // Below 2^64 x 2^32 x 10.
    u128::from(micro) * u128::from(rate) * u128::from(PICO_PER_MICRO / u64::from(RATE_ONE))
}

/// Splits a fee. Exact for every transfer fee.
#[must_use]
pub fn split(pico: u128) -> Split {
    let witness = pico / 10;
    let validator = pico / 5;
    // 5 x (pico / 10) + pico / 5 is at most 7/10 of it.
    Split { creator: pico - 5 * witness - validator, witness, validator }
}

/// The exit fee, in micro-dollars, on everything that left a series so far, rounded down. One exit pays what the total
/// grows by.
#[must_use]
pub fn exit_fee_total(exited: u64, rate: u32) -> u128 {
    u128::from(exited) * u128::from(rate) / u128::from(RATE_ONE)
}

/// What an exit of `micro` pays after `exited` left: see [`exit_fee_total`]. `None` when the sum is beyond 64 bits.
#[must_use]
pub fn exit_fee(exited: u64, micro: u64, rate: u32) -> Option<u128> {
    let after = exited.checked_add(micro)?;
    exit_fee_total(after, rate).checked_sub(exit_fee_total(exited, rate))
}

/// What an issuer burns for a vault, in 10^-18 CoNET: 20% of it, rounded up.
#[must_use]
pub fn burn_for(vault: u64, price: U256) -> Option<U256> {
    let value = U256::from(vault) * U256::from(BURN_FACTOR);
    (!price.is_zero()).then(|| value.div_ceil(price))
}

/// What comes back for an amount that left, in 10^-18 CoNET: 20% of it, rounded down.
#[must_use]
pub fn reissue_for(micro: u64, price: U256) -> Option<U256> {
    (U256::from(micro) * U256::from(BURN_FACTOR)).checked_div(price)
}

/// The most that comes back for an amount that left, whatever the price: the same share of the burn outstanding as
/// the amount was of the vault before, rounded down.
#[must_use]
pub fn reissue_cap(burn_outstanding: u128, micro: u64, vault_before: u64) -> Option<U256> {
    (U256::from(burn_outstanding) * U256::from(micro)).checked_div(U256::from(vault_before))
}

/// Micro-dollars that an amount of CoNET is worth, rounded down.
#[must_use]
pub fn worth(amount: u128, price: u128) -> U256 {
    U256::from(amount) * U256::from(price) / U256::from(100_000_000_000_000_000_000_u128)
}

/// Whole micro-dollars in an amount of pico-dollars. The rest is dust.
#[must_use]
pub fn to_micro(pico: u128) -> u128 {
    pico / u128::from(PICO_PER_MICRO)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors(list: &str) -> Vec<Value> {
        let all: Value =
            serde_json::from_str(include_str!("../../test/vectors/fees.json")).unwrap();
        all[list].as_array().unwrap().clone()
    }

    fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
        value.as_str().unwrap().parse().unwrap()
    }

    fn read_split(vector: &Value) -> Split {
        Split {
            creator: read(&vector["creator"]),
            witness: read(&vector["witness"]),
            validator: read(&vector["validator"]),
        }
    }

    #[test]
    fn transfers() {
        for vector in vectors("transfer") {
            let fee = transfer_fee(read(&vector["amount"]), read(&vector["rate"]));
            assert_eq!(fee, read::<u128>(&vector["fee"]));
            assert_eq!(split(fee), read_split(&vector));
        }
    }

    #[test]
    fn splits() {
        for vector in vectors("split") {
            let fee = read(&vector["fee"]);
            let parts = split(fee);
            assert_eq!(parts, read_split(&vector));
            assert_eq!(parts.creator + 5 * parts.witness + parts.validator, fee);
        }
    }

    #[test]
    fn exits() {
        for vector in vectors("exit") {
            let rate = read(&vector["rate"]);
            let fees = vector["fees"].as_array().unwrap();
            let mut exited = 0;
            for (amount, fee) in vector["amounts"].as_array().unwrap().iter().zip(fees) {
                let amount = read(amount);
                assert_eq!(exit_fee(exited, amount, rate), Some(read(fee)));
                exited += amount;
            }
            assert_eq!(exit_fee_total(exited, rate), read::<u128>(&vector["total"]));
        }
        assert_eq!(exit_fee(u64::MAX, 1, 200), None);
    }

    #[test]
    fn burns() {
        for vector in vectors("burn") {
            let (amount, price) = (read(&vector["amount"]), read(&vector["price"]));
            assert_eq!(burn_for(amount, price), Some(read(&vector["burn"])));
            assert_eq!(reissue_for(amount, price), Some(read(&vector["reissue"])));
        }
        assert_eq!(burn_for(1, U256::ZERO), None);
        assert_eq!(reissue_for(1, U256::ZERO), None);
    }

    #[test]
    fn caps() {
        for vector in vectors("cap") {
            let cap = reissue_cap(
                read(&vector["burnOutstanding"]),
                read(&vector["amount"]),
                read(&vector["vaultBefore"]),
            );
            assert_eq!(cap, Some(read(&vector["cap"])));
        }
        assert_eq!(reissue_cap(1, 1, 0), None);
    }

    #[test]
    fn values() {
        for vector in vectors("worth") {
            let micro = worth(read(&vector["amount"]), read(&vector["price"]));
            assert_eq!(micro, read::<U256>(&vector["micro"]));
        }
        assert_eq!(to_micro(1_999_999), 1);
    }
}
