//! CoNET and rates as people write them, exactly: nothing is rounded or dropped.

use alloy::primitives::{
    U256,
    utils::{self, Unit},
};

/// Units of 0.001% in one percent.
const RATE_PER_PERCENT: u32 = 1000;

/// Whole CoNET in its smallest units.
#[must_use]
pub fn whole_conet(whole: u64) -> U256 {
    U256::from(whole) * Unit::ETHER.wei()
}

/// Percent with at most three decimals, exactly.
#[must_use]
pub fn rate(text: &str) -> Option<u32> {
    let text = text.strip_suffix('%')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 3 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<u32>().ok()?.checked_mul(RATE_PER_PERCENT)?.checked_add(fraction)
}

/// An amount of CoNET in its smallest units, from a decimal number.
#[must_use]
pub fn conet(text: &str) -> Option<U256> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than there are units would be dropped without a word.
    if whole.is_empty() || fraction.len() > 18 || !digits(whole) || !digits(fraction) {
        return None;
    }
    utils::parse_ether(text).ok()
}

/// A rate in units of 0.001% as people write it.
#[must_use]
pub fn percent(rate: u32) -> String {
    let text = format!("{}.{:03}", rate / RATE_PER_PERCENT, rate % RATE_PER_PERCENT);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// An amount of CoNET as people write it.
#[must_use]
pub fn conet_text(amount: U256) -> String {
    let text = utils::format_ether(amount);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_of_an_amount_is_dropped() {
        assert_eq!(conet("0.000000000000000001"), Some(U256::from(1)));
        assert_eq!(conet("12"), Some(U256::from(12) * U256::from(10).pow(U256::from(18))));
        for text in ["0.0000000000000000001", "-1", "+1", ".5", "1e3", "", "1.2.3", "0x1"] {
            assert_eq!(conet(text), None, "{text}");
        }
    }

    #[test]
    fn rates_are_exact() {
        for (text, units) in [("0.05%", 50), ("0.001%", 1), ("12%", 12_000), ("0%", 0)] {
            assert_eq!(rate(text), Some(units));
            assert_eq!(percent(units), text);
        }
    }
}
