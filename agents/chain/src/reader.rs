//! Reading the contracts. What comes out is what the RPC served: callers
//! verify it with [`conet_wire::claim`].

use alloy::{
    contract,
    eips::BlockId,
    primitives::{Address, B256, U256},
    providers::{Provider, RootProvider},
    rpc::types::{Filter, Header, Log},
};
use conet_bindings::{
    NodeRegistry::{self, NodeRecord, NodeRegistryInstance, UnknownNode},
    RouteTable::{self, RouteRecord, RouteTableInstance},
};
use conet_wire::network::Network;

use crate::{
    error::ChainError,
    limits::{LOGS_MAX, NODES_MAX, PAGE_RECORDS, ROUTES_MAX},
    transport,
};

/// The newest block that the RPC knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// The hash of the block before it.
    pub parent: B256,
    /// Its time, unix seconds.
    pub timestamp: u64,
}

impl Head {
    fn new(header: &Header) -> Self {
        Self {
            number: header.number,
            hash: header.hash,
            parent: header.parent_hash,
            timestamp: header.timestamp,
        }
    }
}

/// Reads the contracts of one network over one RPC. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChainReader {
    provider: RootProvider,
    network: Network,
}

impl ChainReader {
    /// Connects, and checks that this RPC serves this network.
    ///
    /// # Errors
    /// [`ChainError::WrongChain`] and [`ChainError::NoContract`] when it does
    /// not; [`ChainError::Connection`] when nobody answers.
    pub async fn connect(rpc_url: &str, network: Network) -> Result<Self, ChainError> {
        let provider = transport::provider(rpc_url)?;
        let found = provider.get_chain_id().await?;
        if found != network.chain_id {
            return Err(ChainError::WrongChain { expected: network.chain_id, found });
        }
        for (contract, address) in
            [("NodeRegistry", network.registry), ("RouteTable", network.routes)]
        {
            if provider.get_code_at(address).await?.is_empty() {
                return Err(ChainError::NoContract { contract, address });
            }
        }
        Ok(Self { provider, network })
    }

    /// The network that this reader reads.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    pub(crate) fn provider(&self) -> &RootProvider {
        &self.provider
    }

    pub(crate) fn registry(&self) -> NodeRegistryInstance<&RootProvider> {
        NodeRegistry::new(self.network.registry, &self.provider)
    }

    pub(crate) fn route_table(&self) -> RouteTableInstance<&RootProvider> {
        RouteTable::new(self.network.routes, &self.provider)
    }

    /// The newest block.
    ///
    /// # Errors
    /// [`ChainError`], as for every call below.
    pub async fn head(&self) -> Result<Head, ChainError> {
        let header = self.provider.get_header(BlockId::latest()).await?;
        let missing = ChainError::Answer { expected: "the newest block", found: "none".into() };
        header.as_ref().map(Head::new).ok_or(missing)
    }

    /// The block at a height, if there is one.
    pub(crate) async fn block(&self, number: u64) -> Result<Option<Head>, ChainError> {
        let header = self.provider.get_header(BlockId::number(number)).await?;
        Ok(header.as_ref().map(Head::new))
    }

    /// All nodes, at one block: at most [`NODES_MAX`], those listed first.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn nodes(&self) -> Result<(Head, Vec<NodeRecord>), ChainError> {
        let head = self.head().await?;
        let registry = self.registry();
        let mut records = Vec::new();
        loop {
            let (offset, limit) = (U256::from(records.len()), U256::from(PAGE_RECORDS));
            let page = registry.nodes(offset, limit).block(BlockId::hash(head.hash)).call().await?;
            let last = page.len() < PAGE_RECORDS;
            records.extend(page.into_iter().take(PAGE_RECORDS));
            if last {
                return Ok((head, records));
            }
            if records.len() >= NODES_MAX {
                tracing::warn!(max = NODES_MAX, "more nodes than are kept; the rest is left out");
                return Ok((head, records));
            }
        }
    }

    /// One node, if it is live.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn node(&self, id: U256) -> Result<Option<NodeRecord>, ChainError> {
        self.node_at(id, BlockId::latest()).await
    }

    pub(crate) async fn node_at(
        &self,
        id: U256,
        block: BlockId,
    ) -> Result<Option<NodeRecord>, ChainError> {
        match self.registry().node(id).block(block).call().await {
            Ok(record) => Ok(Some(record)),
            Err(error) if is_unknown_node(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A wallet's route, if it ever set one.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn route(&self, wallet: Address) -> Result<Option<RouteRecord>, ChainError> {
        Ok(present(self.route_table().route(wallet).call().await?))
    }

    /// The routes of several wallets at one block, in the order asked for.
    ///
    /// # Errors
    /// [`ChainError`]; [`ChainError::TooMany`] above [`ROUTES_MAX`].
    pub async fn routes(
        &self,
        wallets: &[Address],
    ) -> Result<(Head, Vec<Option<RouteRecord>>), ChainError> {
        let found = wallets.len();
        if found > ROUTES_MAX {
            return Err(ChainError::TooMany { what: "wallets", max: ROUTES_MAX, found });
        }
        let head = self.head().await?;
        let table = self.route_table();
        let mut records = Vec::with_capacity(found);
        for page in wallets.chunks(PAGE_RECORDS) {
            let call = table.routes(page.to_vec()).block(BlockId::hash(head.hash));
            let answer = call.call().await?;
            if answer.len() != page.len() {
                return Err(ChainError::Answer {
                    expected: "a route for each wallet",
                    found: format!("{} for {}", answer.len(), page.len()),
                });
            }
            records.extend(answer.into_iter().map(present));
        }
        Ok((head, records))
    }

    /// The nonce that the wallet's next route must be signed with.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn nonce(&self, wallet: Address) -> Result<U256, ChainError> {
        Ok(self.route_table().nonces(wallet).call().await?)
    }

    /// The nonce that the wallet's next node keys must be signed with.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn node_nonce(&self, wallet: Address) -> Result<U256, ChainError> {
        Ok(self.registry().nonces(wallet).call().await?)
    }

    /// Logs of a range; more than [`LOGS_MAX`] are an error, so that callers ask for less.
    pub(crate) async fn logs(&self, filter: &Filter) -> Result<Vec<Log>, ChainError> {
        let logs = self.provider.get_logs(filter).await?;
        if logs.len() > LOGS_MAX {
            return Err(ChainError::TooMany { what: "logs", max: LOGS_MAX, found: logs.len() });
        }
        Ok(logs)
    }
}

/// The contract answers with zeros for a wallet that never set a route.
fn present(record: RouteRecord) -> Option<RouteRecord> {
    (record.serial != 0).then_some(record)
}

fn is_unknown_node(error: &contract::Error) -> bool {
    error.as_decoded_error::<UnknownNode>().is_some()
}
