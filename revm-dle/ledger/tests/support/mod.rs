//! What tests of the ledger share: a contract written by hand, and a chain to try it on.

#![allow(dead_code, reason = "not all tests use all of it")]

pub(crate) mod assembler;
pub(crate) mod mini;
pub(crate) mod note;
pub(crate) mod series;

/// So many runs of a property, or `PROPTEST_CASES`.
pub(crate) fn cases(few: u32) -> proptest::test_runner::Config {
    let many = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    proptest::test_runner::Config::with_cases(many.unwrap_or(few))
}
