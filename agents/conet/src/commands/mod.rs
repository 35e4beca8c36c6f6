//! One file for each command.

pub(crate) mod devnet;
pub(crate) mod node;
