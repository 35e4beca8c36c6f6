//! A chain at rest: its last block, and the state after it.
//!
//! ```text
//! rlp [ header, state ]
//! ```

use alloy::primitives::B256;
use alloy_rlp::{Decodable as _, Encodable as _, Header as RlpHeader};

use crate::block::Header;
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
    /// Not the state after the block.
    #[error("expected the state with root {expected}, found {found}")]
    Root {
        /// The block's.
        expected: B256,
        /// The state's.
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
        let payload_length = self.header.length() + state.len();
        let mut out = Vec::with_capacity(payload_length + 4);
        RlpHeader { list: true, payload_length }.encode(&mut out);
        self.header.encode(&mut out);
        out.extend_from_slice(&state);
        Ok(out)
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn decode(mut bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut payload = RlpHeader::decode_bytes(&mut bytes, true)?;
        if !bytes.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength.into());
        }
        let header = Header::decode(&mut payload)?;
        let state = State::decode(payload)?;
        let (expected, found) = (header.outcome.state_root, state.root());
        if found != expected {
            return Err(SnapshotError::Root { expected, found });
        }
        Ok(Self { header, state })
    }
}
