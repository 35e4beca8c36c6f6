//! Why items cannot stand.

use alloy::primitives::B256;

use crate::keys::NodeId;

/// Why an item cannot stand where it is. It says nothing about who proposed it: another entry may have been faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// Of a chain that the log does not know, or of one that it knows already.
    #[error("expected a chain that this group keeps, found {chain}")]
    Chain {
        /// Which.
        chain: B256,
    },
    /// Another group's.
    #[error("expected a chain that falls to group {group}, found {chain}")]
    NotKept {
        /// This group.
        group: u32,
        /// Which.
        chain: B256,
    },
    /// The block is none that can come next.
    #[error("expected block {height} of view {view}, on {parent}, found another")]
    NotNext {
        /// The next height.
        height: u64,
        /// The present view.
        view: u64,
        /// The newest final block.
        parent: B256,
    },
    /// The block's time is not there yet.
    #[error("expected a block of {now} ms or before, found {found} ms")]
    FromTheFuture {
        /// The entry's time.
        now: u64,
        /// The block's.
        found: u64,
    },
    /// Something else is being judged.
    #[error("expected no other block to be judged, found {hash}")]
    Occupied {
        /// Which.
        hash: B256,
    },
    /// Not the votes that it takes.
    #[error("expected votes of the block's own signers, found others or too few")]
    Votes,
    /// A signature is wrong.
    #[error("expected a signature of {node}, found another's")]
    Signature {
        /// Whose it should be.
        node: NodeId,
    },
    /// It would change nothing.
    #[error("expected something new, found what the log has")]
    Nothing,
    /// Who acts may not.
    #[error("expected a node that may do this, found {node}")]
    NotEntitled {
        /// Who.
        node: NodeId,
    },
    /// The two votes agree, or are about different things.
    #[error("expected votes that exclude each other, found others")]
    NoConflict,
    /// Not who may hold the next epoch's seats.
    #[error("expected nodes for epoch {epoch}, ascending and at least one, found others")]
    Successors {
        /// The next epoch.
        epoch: u64,
    },
    /// Somebody who shall sit next has not announced its keys.
    #[error("expected the keys of all who shall sit next, found that some are missing")]
    Keyless,
    /// No trap, or not one that was committed to.
    #[error("expected a trap that {setter} had committed to, found none")]
    NoTrap {
        /// Who should have.
        setter: NodeId,
    },
    /// The epoch is over: its log holds nothing more.
    #[error("expected nothing more in epoch {epoch}, which is over, found an item")]
    Over {
        /// The epoch.
        epoch: u64,
    },
    /// The seed is not of the group, or no draw waits for it.
    #[error("expected a seed that a draw waits for, found that of entry {height}")]
    Seed {
        /// The entry.
        height: u64,
    },
}

/// A result of this module.
pub(super) type Result<T> = std::result::Result<T, ItemError>;
