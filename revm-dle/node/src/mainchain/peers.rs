//! What seats ask of each other about the main chain: signed by the seat that asks, answered to seats alone.

use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::B256;
use axum::extract::Request;
use conet_committee::keys::{NodeId, Registry as _};
use futures_util::future::join_all;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    client::{Client, ClientError, Place},
    clock,
    config::ArchiveGroup,
    keys::WalletKey,
    registry::NodeMap,
    rpc::{
        RpcError, RpcLimits,
        auth::{Asked, Guard},
        read_json,
    },
};

/// The other seats. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    me: NodeId,
    group: ArchiveGroup,
    nodes: NodeMap,
    key: WalletKey,
    client: Client,
    guard: Mutex<Guard>,
    body_bytes_max: usize,
}

impl Peers {
    pub(super) fn new(
        me: NodeId,
        group: ArchiveGroup,
        nodes: NodeMap,
        key: WalletKey,
        limits: &RpcLimits,
    ) -> Self {
        let client = Client::new(group.main_chain_id);
        let guard = Mutex::new(Guard::new(limits.clone()));
        let body_bytes_max = limits.body_bytes_max;
        Self(Arc::new(Inner { me, group, nodes, key, client, guard, body_bytes_max }))
    }

    /// Asks all other seats at once. Those that cannot be reached are among the errors.
    pub(super) async fn ask_all<B, T>(&self, path: &str, body: &B) -> Vec<Result<T, ClientError>>
    where
        B: Serialize + Sync,
        T: DeserializeOwned,
    {
        let Inner { me, group, nodes, key, client, .. } = &*self.0;
        let others = group.seats.iter().copied().map(NodeId).filter(|seat| seat != me);
        let asked = others.filter_map(|node| {
            let place = Place { node, endpoint: nodes.endpoint(node)? };
            Some(async move { client.post(&place, B256::ZERO, path, body, Some(key)).await })
        });
        join_all(asked).await
    }

    /// What another seat asks.
    pub(super) async fn admit<T: DeserializeOwned>(
        &self,
        request: Request,
        expected: &'static str,
    ) -> Result<T, RpcError> {
        let Inner { me, group, nodes, guard, body_bytes_max, .. } = &*self.0;
        let (head, body, asked) = read_json(*body_bytes_max, request, expected).await?;
        let signed = Asked::new(group.main_chain_id, *me, B256::ZERO, &head, &body);
        let mut guard = guard.lock().unwrap_or_else(PoisonError::into_inner);
        let wallet = guard.admit(&signed, &head, clock::unix_s())?;
        drop(guard);
        let mut seats = group.seats.iter().copied().map(NodeId);
        if seats.any(|seat| nodes.wallet(seat) == Some(wallet)) {
            return Ok(asked);
        }
        Err(RpcError::NotAllowed)
    }
}
