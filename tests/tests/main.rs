//! The stories, each in a file of its own.

// A story that cannot go on should stop where it stands, and say where it was.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod bad_input;
mod by_relay;
mod chains;
mod crash;
mod deployment;
mod epochs;
mod explorer;
mod forced_exits;
mod foreign_clients;
mod groups;
mod impostors;
mod index;
mod limits;
mod look_ups;
mod measurements;
mod moves;
mod notes;
mod own_index;
mod paper_story;
mod partitions;
mod replay;
mod site;
mod stakes;
mod suppliers;
mod tamper;
mod trouble;
mod verdicts;
mod votes;
