//! Why a forced exit cannot begin or go on.

use alloy::primitives::{Address, B256, U256};

use crate::error::ChainError;

/// Why a forced exit cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ForcedExitError {
    /// The chain could not be read, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// There is none.
    #[error(
        "expected a forced exit of note {note}, found none: conet cash forced-exit open --help"
    )]
    NotOpen {
        /// The note.
        note: U256,
    },
    /// There is one already.
    #[error(
        "expected note {note} without a forced exit, found one at height {height}: \
         conet cash forced-exit replace shows a newer or higher header"
    )]
    AlreadyOpen {
        /// The note.
        note: U256,
        /// The chosen header's.
        height: u64,
    },
    /// Nobody may vouch for such a note.
    #[error("expected a live note, found note {note} not opened: see conet cash show {note}")]
    NotLive {
        /// The note.
        note: U256,
    },
    /// The leaves are not those of the header.
    #[error(
        "expected leaves with the header's root {expected}, found leaves with {found}: \
         it takes the very list that the header was made of, in its order"
    )]
    OtherLeaves {
        /// The header's.
        expected: B256,
        /// The list's.
        found: B256,
    },
    /// Who would begin it owns nothing.
    #[error(
        "expected a holder, who owns at least a micro-dollar among the leaves, found {account}: \
         a holder begins it, or somebody for it with its consent"
    )]
    NotHolder {
        /// Who is none.
        account: Address,
    },
    /// The consent is for something else.
    #[error(
        "expected a consent for note {note} in series {series}, found one for note {found} in series \
         {found_series}"
    )]
    OtherConsent {
        /// The header's.
        note: U256,
        /// The header's.
        series: u32,
        /// The consent's.
        found: U256,
        /// The consent's.
        found_series: u32,
    },
    /// The consent counts no more.
    #[error(
        "expected a consent that still counts, found one that ended at {deadline}, and it is {now}: get a new one"
    )]
    ConsentOver {
        /// Its last second.
        deadline: U256,
        /// Now.
        now: u64,
    },
    /// Something is signed by another key, or for another network.
    #[error("expected {what} that {signer} signed for this network, found another signature")]
    NotSigned {
        /// A consent or a voucher.
        what: &'static str,
        /// Who should have.
        signer: Address,
    },
    /// The list is shorter.
    #[error("expected a leaf from 0 to {last}, found {found}")]
    NoLeaf {
        /// The last one.
        last: usize,
        /// What was asked for.
        found: usize,
    },
    /// No lock, or another's.
    #[error("expected a leaf that is the lock {lock}, which the voucher is for, found none")]
    NoLock {
        /// The voucher's.
        lock: B256,
    },
    /// The call left no event, so nobody knows what it did.
    #[error("expected the event {0} of a call that succeeded, found none")]
    NoEvent(&'static str),
}

impl From<alloy::contract::Error> for ForcedExitError {
    fn from(error: alloy::contract::Error) -> Self {
        Self::Chain(error.into())
    }
}
