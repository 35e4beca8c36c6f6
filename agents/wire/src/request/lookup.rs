//! The answer to a look-up.

use alloy::sol_types::SolValue;
use conet_bindings::RouteTable::RouteRecord;

use super::{
    LOOKUP_WALLETS_MAX, RequestError,
    encoding::{NOT_ABI, STRICT},
};

/// What a node knows of the wallets in a look-up. Each record carries its wallet's
/// signature, so its reader need not trust the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupAnswer {
    /// The block that was read.
    pub block: u64,
    /// Its time, unix seconds.
    pub timestamp: u64,
    /// One for each wallet that ever set a route.
    pub records: Vec<RouteRecord>,
}

impl LookupAnswer {
    /// Encodes for an answer's body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        (self.block, self.timestamp, self.records.clone()).abi_encode_params()
    }

    /// Reads an answer's body.
    ///
    /// # Errors
    /// [`RequestError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RequestError> {
        let (block, timestamp, records) =
            <(u64, u64, Vec<RouteRecord>)>::abi_decode_params_with_config(bytes, STRICT)
                .map_err(|_| NOT_ABI)?;
        if records.len() > LOOKUP_WALLETS_MAX {
            return Err(RequestError::Malformed("number of records"));
        }
        Ok(Self { block, timestamp, records })
    }
}
