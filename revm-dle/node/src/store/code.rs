//! How values are written in columns.

use alloy::primitives::B256;

use conet_committee::Record;
use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};

use super::StoreError;

/// As SQLite has numbers.
pub(super) fn sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(value).map_err(|_| StoreError::Corrupt("a value that has no bytes"))
}

/// A record: whether it is compressed, then what it is. States of the log are: chains are much alike.
pub(super) fn pack(record: &Record) -> Result<Vec<u8>, StoreError> {
    let plain = encode(record)?;
    let is_packed = matches!(record, Record::Checkpoint(_) | Record::Start(_));
    let bytes = if is_packed { compress_prepend_size(&plain) } else { plain };
    Ok([&[u8::from(is_packed)], bytes.as_slice()].concat())
}

pub(super) fn unpack(bytes: &[u8]) -> Result<Record, StoreError> {
    let corrupt = || StoreError::Corrupt("a record");
    let (first, bytes) = bytes.split_first().ok_or_else(corrupt)?;
    match first {
        0 => plain(bytes, "a record"),
        _ => plain(&decompress_size_prepended(bytes).map_err(|_| corrupt())?, "a record"),
    }
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
