//! One file for each command.

pub(crate) mod archive;
pub(crate) mod bench;
pub(crate) mod cash;
pub(crate) mod chain;
pub(crate) mod deploy;
pub(crate) mod devnet;
pub(crate) mod gov;
pub(crate) mod index;
pub(crate) mod listen;
pub(crate) mod name;
pub(crate) mod node;
pub(crate) mod register;
pub(crate) mod route;
pub(crate) mod send;
pub(crate) mod stake;
pub(crate) mod wallet;
