//! How values are written in columns.

use alloy::primitives::B256;

use super::StoreError;

/// As SQLite has numbers.
pub(super) fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(value).map_err(|_| StoreError::Corrupt("a value that has no bytes"))
}

pub(super) fn rlp<T: alloy_rlp::Decodable>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, StoreError> {
    alloy_rlp::decode_exact(bytes).map_err(|_| StoreError::Corrupt(what))
}

pub(super) fn plain<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|_| StoreError::Corrupt(what))
}

pub(super) fn hash(bytes: &[u8]) -> Result<B256, StoreError> {
    B256::try_from(bytes).map_err(|_| StoreError::Corrupt("a hash"))
}
