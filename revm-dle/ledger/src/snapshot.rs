//! A chain at rest: its last block, and the state after it.
//!
//! ```text
//! rlp [ header, state ]
//! ```
//!
//! The header has zeros for its state root: that follows from the state. Whether it is the right header, its hash says:
//! whoever keeps the bytes knows it.

use alloy::primitives::B256;
use alloy_rlp::{Decodable as _, Encodable as _, Header as RlpHeader};

use crate::block::{Header, Outcome};
use crate::state::{State, StateEncodingError};

/// A chain at rest.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The last block.
    pub header: Header,
    /// The state after it.
    pub state: State,
}

/// These bytes are no chain at rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// No RLP, or too much of it.
    #[error("expected a block and a state, found other bytes: {0}")]
    Rlp(#[from] alloy_rlp::Error),
    /// No state.
    #[error(transparent)]
    State(#[from] StateEncodingError),
    /// Not these bytes' own form.
    #[error("expected zeros for a state root, found {found}")]
    Root {
        /// What there is.
        found: B256,
    },
    /// Another block, or not the state after it.
    #[error("expected block {expected} and the state after it, found block {found}")]
    Block {
        /// Hash of the one that was asked for.
        expected: B256,
        /// Hash of the other.
        found: B256,
    },
}

impl Snapshot {
    /// Its bytes.
    ///
    /// # Errors
    /// [`StateEncodingError::Incomplete`].
    pub fn encode(&self) -> Result<Vec<u8>, StateEncodingError> {
        let state = self.state.encode()?;
        let outcome = Outcome { state_root: B256::ZERO, ..self.header.outcome.clone() };
        let header = Header { outcome, ..self.header.clone() };
        let payload_length = header.length() + state.len();
        let mut out = Vec::with_capacity(payload_length + 4);
        RlpHeader { list: true, payload_length }.encode(&mut out);
        header.encode(&mut out);
        out.extend_from_slice(&state);
        Ok(out)
    }

    /// From its bytes: of the block with this hash.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn decode(block: B256, mut bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut payload = RlpHeader::decode_bytes(&mut bytes, true)?;
        if !bytes.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength.into());
        }
        let mut header = Header::decode(&mut payload)?;
        let state = State::decode(payload)?;
        let found = std::mem::replace(&mut header.outcome.state_root, state.root());
        if !found.is_zero() {
            return Err(SnapshotError::Root { found });
        }
        let (expected, found) = (block, header.hash());
        if found != expected {
            return Err(SnapshotError::Block { expected, found });
        }
        Ok(Self { header, state })
    }
}
