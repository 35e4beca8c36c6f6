//! The node map: read whole from the chain, which says nothing about whom this
//! client talks to, verified here, and kept on disk for a while.

use alloy::{primitives::U256, sol_types::SolValue as _};
use conet_bindings::NodeRegistry::NodeRecord;
use conet_chain::{Directory, NodeEntry};
use std::sync::Arc;

use crate::{
    client::Client,
    clock,
    error::ClientError,
    limits::{NODE_MAP_BYTES_MAX, NODE_MAP_SECONDS_MAX, NODE_MAP_STALE_SECONDS_MAX},
    state::NodeMapRow,
};

/// The map in memory, and when the chain said so.
#[derive(Debug)]
pub(crate) struct HeldDirectory {
    directory: Directory,
    fetched_at: u64,
}

impl HeldDirectory {
    fn age(&self) -> u64 {
        // A clock that was set back makes it old, not new.
        clock::unix_seconds().checked_sub(self.fetched_at).unwrap_or(u64::MAX)
    }
}

impl Client {
    /// The verified node map: from memory, from disk, or from the chain.
    ///
    /// # Errors
    /// [`ClientError::Chain`] when there is no recent one and the chain does not answer.
    pub async fn directory(&self) -> Result<Directory, ClientError> {
        let mut held = self.0.directory.lock().await;
        if held.is_none() {
            *held = self.load().await?;
        }
        let age = held.as_ref().map(HeldDirectory::age);
        match (&*held, age) {
            (Some(map), Some(age)) if age <= NODE_MAP_SECONDS_MAX => Ok(map.directory.clone()),
            (old, age) => match self.fetch().await {
                Ok(fresh) => Ok(held.insert(fresh).directory.clone()),
                Err(error) => match (old, age) {
                    (Some(map), Some(age)) if age <= NODE_MAP_STALE_SECONDS_MAX => {
                        tracing::warn!(age_seconds = age, %error, "using an old node map");
                        Ok(map.directory.clone())
                    }
                    _ => Err(error),
                },
            },
        }
    }

    /// Reads the node map from the chain, however new the one at hand is.
    ///
    /// # Errors
    /// [`ClientError::Chain`].
    pub async fn refresh_directory(&self) -> Result<Directory, ClientError> {
        let mut held = self.0.directory.lock().await;
        Ok(held.insert(self.fetch().await?).directory.clone())
    }

    /// A node of the map; a map that does not have it is read again once.
    pub(crate) async fn node(&self, id: U256) -> Result<Arc<NodeEntry>, ClientError> {
        if let Some(node) = self.directory().await?.by_id(id) {
            return Ok(node);
        }
        self.refresh_directory().await?.by_id(id).ok_or(ClientError::UnknownNode { id })
    }

    /// A node that keeps mailboxes.
    pub(crate) async fn agent(&self, id: U256) -> Result<Arc<NodeEntry>, ClientError> {
        let node = self.node(id).await?;
        if !node.node.roles().agent() {
            return Err(ClientError::Role { role: "an agent", id });
        }
        Ok(node)
    }

    async fn load(&self) -> Result<Option<HeldDirectory>, ClientError> {
        let Some(row) = self.0.state.run(|state| state.node_map()).await? else { return Ok(None) };
        let Ok(records) = Vec::<NodeRecord>::abi_decode(&row.records) else {
            tracing::warn!("the node map on disk is damaged; reading it from the chain");
            return Ok(None);
        };
        Ok(Some(self.verified(records, row.fetched_at).await?))
    }

    async fn fetch(&self) -> Result<HeldDirectory, ClientError> {
        let (_, records) = self.chain().await?.nodes().await?;
        let fetched_at = clock::unix_seconds();
        let encoded = records.abi_encode();
        let held = self.verified(records, fetched_at).await?;
        if encoded.len() <= NODE_MAP_BYTES_MAX {
            let row = NodeMapRow { fetched_at, records: encoded };
            self.0.state.run(move |state| state.put_node_map(&row)).await?;
        }
        Ok(held)
    }

    /// Verifies everything again: the disk is believed as little as the chain.
    async fn verified(
        &self,
        records: Vec<NodeRecord>,
        fetched_at: u64,
    ) -> Result<HeldDirectory, ClientError> {
        let (network, policy) = (self.0.network, self.0.policy);
        let now = clock::unix_seconds();
        let verify = move || Directory::from_records(&network, records, policy, now);
        let directory = tokio::task::spawn_blocking(verify)
            .await
            .map_err(|_| ClientError::Stopped("verifying the nodes"))?;
        Ok(HeldDirectory { directory, fetched_at })
    }
}
