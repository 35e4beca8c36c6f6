//! What seats ask of each other about the main chain: signed by the seat that asks, answered to seats alone.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alloy::primitives::B256;
use axum::extract::Request;
use conet_committee::keys::{NodeId, Registry as _};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    client::{Client, ClientError, Place},
    clock,
    group::Sitting,
    keys::WalletKey,
    registry::NodeMap,
    rpc::{
        RpcError, RpcLimits,
        auth::{Asked, Guard},
        read_json,
    },
};

/// How long the next of the other seats may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one more may take when enough have answered.
const GRACE: Duration = Duration::from_millis(300);

/// The other seats. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    me: NodeId,
    sitting: Sitting,
    nodes: NodeMap,
    key: WalletKey,
    client: Client,
    guard: Mutex<Guard>,
    body_bytes_max: usize,
}

impl Peers {
    pub(super) fn new(
        me: NodeId,
        sitting: Sitting,
        nodes: NodeMap,
        key: WalletKey,
        limits: &RpcLimits,
    ) -> Self {
        let client = Client::new(sitting.group().main_chain_id);
        let guard = Mutex::new(Guard::new(limits.clone()));
        let body_bytes_max = limits.body_bytes_max;
        Self(Arc::new(Inner { me, sitting, nodes, key, client, guard, body_bytes_max }))
    }

    /// Asks all other seats at once, until so many have done it and the rest has had a moment more. Those without an
    /// endpoint are not asked.
    pub(super) async fn ask_all<B, T>(
        &self,
        path: &str,
        body: &B,
        needed: usize,
    ) -> Vec<Result<T, ClientError>>
    where
        B: Serialize + Sync,
        T: DeserializeOwned,
    {
        let Inner { me, sitting, nodes, key, client, .. } = &*self.0;
        let seats = sitting.seats();
        let others = seats.nodes().iter().copied().filter(|seat| seat != me);
        let asked = others.filter_map(|node| {
            let place = Place { node, endpoint: nodes.endpoint(node)? };
            Some(async move { client.post(&place, B256::ZERO, path, body, Some(key)).await })
        });
        let (mut asked, mut answers) = (asked.collect::<FuturesUnordered<_>>(), Vec::new());
        let mut done = 0;
        loop {
            let patience = if done >= needed { GRACE } else { PATIENCE };
            let Ok(Some(answer)) = tokio::time::timeout(patience, asked.next()).await else {
                return answers;
            };
            done += usize::from(answer.is_ok());
            answers.push(answer);
        }
    }

    /// The longest body of a request, bytes.
    pub(super) fn body_bytes_max(&self) -> usize {
        self.0.body_bytes_max
    }

    /// What another seat asks.
    pub(super) async fn admit<T: DeserializeOwned>(
        &self,
        request: Request,
        expected: &'static str,
    ) -> Result<T, RpcError> {
        let Inner { me, sitting, nodes, guard, body_bytes_max, .. } = &*self.0;
        let (head, body, asked) = read_json(*body_bytes_max, request, expected).await?;
        let signed = Asked::new(sitting.group().main_chain_id, *me, B256::ZERO, &head, &body);
        let claim = lock(guard).identify(&signed, &head, clock::unix_s())?;
        let seats = sitting.seats();
        if !seats.nodes().iter().any(|seat| nodes.wallet(*seat) == Some(claim.wallet)) {
            return Err(RpcError::NotASeat);
        }
        lock(guard).remember(claim, clock::unix_s())?;
        Ok(asked)
    }
}

fn lock(guard: &Mutex<Guard>) -> MutexGuard<'_, Guard> {
    guard.lock().unwrap_or_else(PoisonError::into_inner)
}
