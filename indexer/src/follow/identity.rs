//! Which tables are of this network, and by these rules.

use alloy::primitives::{B256, keccak256};

use super::FollowError;
use crate::{
    catalogue::Catalogue,
    chain::{Source, SourceError},
    store::{Identity, Store},
    tables::Tables,
};

/// What tables of this network, by these rules, are.
///
/// # Errors
/// [`SourceError::WrongChain`] when the RPC is another network's.
pub async fn identify<S: Source>(
    source: &S,
    chain_id: u64,
    catalogue: &Catalogue,
    tables: &Tables,
) -> Result<Identity, SourceError> {
    source.heads().await?;
    let genesis = source.header(0).await?.ok_or(SourceError::Missing { number: 0 })?;
    let rules = fingerprint(catalogue, tables);
    Ok(Identity { chain_id, genesis: genesis.at.hash, rules })
}

/// Of the rules.
pub(super) fn fingerprint(catalogue: &Catalogue, tables: &Tables) -> B256 {
    keccak256([catalogue.fingerprint(), tables.fingerprint()].concat())
}

/// Whether tables that are only read are of this network, and by these rules.
///
/// # Errors
/// [`FollowError`].
pub async fn expect<S: Source, T: Store>(
    source: &S,
    store: &T,
    (chain_id, catalogue, tables): (u64, &Catalogue, &Tables),
) -> Result<(), FollowError> {
    let identity = identify(source, chain_id, catalogue, tables).await?;
    match store.identity().await? {
        Some(found) => found.serves(&identity).map_err(FollowError::from),
        None => Ok(()),
    }
}
