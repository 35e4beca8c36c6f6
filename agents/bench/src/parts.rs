//! What child processes do.

pub(crate) mod hop;
pub(crate) mod listeners;
pub(crate) mod load;
pub(crate) mod node;
mod reader;
pub(crate) mod sink;
