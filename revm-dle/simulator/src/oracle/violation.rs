//! What an oracle can find.

use alloy::primitives::B256;
use conet_committee::{keys::NodeId, roulette::selection::ReplayError};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two entries at one height of the log.
    #[error(
        "expected one entry at height {height} of the log, found {first} and, at {node}, {second}"
    )]
    TwoEntries {
        /// The height.
        height: u64,
        /// Who has the second.
        node: NodeId,
        /// The first.
        first: B256,
        /// The second.
        second: B256,
    },
    /// Two final blocks at one height.
    #[error(
        "expected one final block at height {height} of {chain}, found {first} and, at {node}, {second}"
    )]
    TwoBlocks {
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// Who has the second.
        node: NodeId,
        /// The first.
        first: B256,
        /// The second.
        second: B256,
    },
    /// A final block that nobody ever sent.
    #[error("expected a final block to be known, found {hash} at height {height} of {chain}")]
    UnknownBlock {
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// The block.
        hash: B256,
    },
    /// A final block whose own sums are wrong.
    #[error(
        "expected block {height} of {chain} to be what executing it gives, found otherwise: {why}"
    )]
    WrongBlock {
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// An honest node is barred.
    #[error("expected honest nodes to be at large, found {barred} barred at {node}")]
    HonestBarred {
        /// Who says so.
        node: NodeId,
        /// Who is barred.
        barred: NodeId,
    },
    /// A cheat is at large.
    #[error(
        "expected {cheat}, who gave two votes before {witness}, to be barred, found it at large: {vote:?}"
    )]
    CheatAtLarge {
        /// Who cheated.
        cheat: NodeId,
        /// Who saw both votes.
        witness: NodeId,
        /// The chain, height, view, epoch and phase.
        vote: (B256, u64, u64, u64, u8),
    },
    /// No end came.
    #[error(
        "expected all payments to be made {after_ms} ms after the network healed, found {open} open: {what}"
    )]
    NoProgress {
        /// How long it had.
        after_ms: u64,
        /// How many are missing.
        open: usize,
        /// Where.
        what: String,
    },
    /// A node found that a quorum broke the rules.
    #[error("expected {node} to follow the log, found that it cannot")]
    Diverged {
        /// Who.
        node: NodeId,
    },
    /// A final entry that does not follow from the one before, or has an impossible time.
    #[error("expected entry {height} of the log to follow the one before, found at {node}: {why}")]
    WrongEntry {
        /// The height.
        height: u64,
        /// Who made it final.
        node: NodeId,
        /// What is wrong.
        why: &'static str,
    },
    /// Two ends of one epoch, or a beginning that is none.
    #[error(
        "expected epoch {epoch} to begin with what the one before ended with, found at {node}: {why}"
    )]
    WrongEpoch {
        /// The epoch that begins.
        epoch: u64,
        /// Who says so.
        node: NodeId,
        /// What is wrong.
        why: &'static str,
    },
    /// What falls to one group is at another, or somebody waits in a group for more than it has room for.
    #[error("expected in group {group} what falls to it, found at {node}: {why}")]
    Misplaced {
        /// The group.
        group: u32,
        /// Who, or who says so.
        node: NodeId,
        /// What is wrong.
        why: &'static str,
    },
    /// An entry was made final by too few.
    #[error(
        "expected more than two thirds of the seats behind what {node} holds for final in view {view}, found {found}"
    )]
    NoQuorum {
        /// Who made it final.
        node: NodeId,
        /// The view.
        view: u64,
        /// How many there are, liars included.
        found: usize,
    },
    /// An honest node said what it would not remember after a crash.
    #[error(
        "expected {node} to write its vote down before it says it, found it said only: {vote:?}"
    )]
    NotJournaled {
        /// Who.
        node: NodeId,
        /// The chain, height, view, epoch and phase.
        vote: (B256, u64, u64, u64, u8),
    },
    /// An honest node shows a vote that is not its voter's.
    #[error("expected {node} to count signed votes, found one in the name of {voter}")]
    Unsigned {
        /// Who.
        node: NodeId,
        /// Who did not sign.
        voter: NodeId,
    },
    /// An honest node gave two votes that exclude each other.
    #[error("expected one vote of {node}, found two: {vote:?}")]
    TwoVotes {
        /// Who.
        node: NodeId,
        /// The chain, height, view, epoch and phase.
        vote: (B256, u64, u64, u64, u8),
    },
    /// An honest seat voted for an entry that the log cannot have next.
    #[error("expected {node} to have reason for its vote in view {view}, found none: {why}")]
    Unfounded {
        /// Who.
        node: NodeId,
        /// The view.
        view: u64,
        /// What is missing.
        why: &'static str,
    },
    /// An honest node voted for a block that it should not have.
    #[error(
        "expected {node} to vote for right blocks, found its vote for {block} at height {height} of {chain}: {why}"
    )]
    WrongVote {
        /// Who.
        node: NodeId,
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// The block.
        block: B256,
        /// What is wrong.
        why: &'static str,
    },
    /// A part of a seed before its entry is final.
    #[error(
        "expected {node} to sign for the seed of entry {height} when that is final, found it earlier"
    )]
    EarlySeed {
        /// Who.
        node: NodeId,
        /// The entry.
        height: u64,
    },
    /// A seat that restarted cannot prove what it told before.
    #[error(
        "expected {node} to have the newest proof of {chain} that it told, found an older one or none"
    )]
    ProofLost {
        /// Who.
        node: NodeId,
        /// The chain.
        chain: B256,
    },
    /// A draw that is not what its seed gives.
    #[error("expected selection {index} to be what its seed draws, found otherwise: {why}")]
    WrongDraw {
        /// Which.
        index: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// Somebody waits to be drawn who should not, or does not, or elsewhere in the line.
    #[error(
        "expected those to wait after entry {height} who wish to be drawn and have room, each in its place, found {node}: {why}"
    )]
    WrongWait {
        /// The entry.
        height: u64,
        /// Who waits, or should.
        node: NodeId,
        /// What is wrong.
        why: &'static str,
    },
    /// An honest node reports one that did nothing, or without proof.
    #[error("expected {node} to report proven cheats, found {accused} reported")]
    FalseReport {
        /// Who reports.
        node: NodeId,
        /// Who is reported.
        accused: NodeId,
    },
    /// An honest node keeps from the main chain what a cheat could be slashed for.
    #[error("expected {node} to tell the main chain of {cheat}, found that it did not: {what}")]
    Unreported {
        /// Who should.
        node: NodeId,
        /// Who cheated.
        cheat: NodeId,
        /// How it knows.
        what: &'static str,
    },
    /// Too few seats are asked for their word.
    #[error(
        "expected more than two thirds of the seats to be asked for their word, found {active} at {node}"
    )]
    TooFewActive {
        /// Who says so.
        node: NodeId,
        /// How many are active.
        active: usize,
    },
    /// An honest seat that is left out for good.
    #[error(
        "expected {seat} to be active {after_ms} ms after the network healed, found it suspended"
    )]
    Suspended {
        /// Which.
        seat: NodeId,
        /// How long it had.
        after_ms: u64,
    },
    /// A seat that refused a block which became final, or a node whose wrong block was judged.
    #[error("expected {liar}, who was proven wrong, to be barred, found it at large: {what}")]
    LiarAtLarge {
        /// Who.
        liar: NodeId,
        /// What it did.
        what: &'static str,
    },
    /// An honest member answered in time, and was replaced.
    #[error(
        "expected {node}, who answered, to keep its place in {chain}, found it replaced in view {view}"
    )]
    LostPlace {
        /// Who.
        node: NodeId,
        /// Where.
        chain: B256,
        /// When.
        view: u64,
    },
    /// Seats certify a seed that the main chain did not want, or two.
    #[error(
        "expected one seed of number {index} for the main chain, found otherwise at {node}: {why}"
    )]
    WrongSeed {
        /// Its number.
        index: u64,
        /// Who certifies it.
        node: NodeId,
        /// What is wrong.
        why: &'static str,
    },
    /// What a seat keeps of draws does not give them again.
    #[error("expected what {node} keeps of draws to give them again, found otherwise: {error}")]
    WrongEvidence {
        /// The seat.
        node: NodeId,
        /// What is wrong.
        error: ReplayError,
    },
    /// A seat that is never complete.
    #[error("expected a seat at entry {height} to have all of {chain}, found it without {what}")]
    Lacks {
        /// How far it is.
        height: u64,
        /// The chain.
        chain: B256,
        /// What it lacks.
        what: &'static str,
    },
    /// Groups change without need.
    #[error(
        "expected the group of {chain} to stay when nobody lies and nothing is open, found view {now} after {before}"
    )]
    Restless {
        /// The chain.
        chain: B256,
        /// The view when the last payment was made.
        before: u64,
        /// The view at the end.
        now: u64,
    },
    /// The nodes keep each other busy for nothing.
    #[error("expected a run to end within {steps} steps, found that it goes on")]
    Storm {
        /// How many there were.
        steps: u64,
    },
}
