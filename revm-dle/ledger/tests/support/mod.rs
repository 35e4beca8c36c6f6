//! What tests of the ledger share: a contract written by hand, and a chain to try it on.

#![allow(dead_code, reason = "not all tests use all of it")]

pub(crate) mod assembler;
pub(crate) mod mini;
pub(crate) mod series;
