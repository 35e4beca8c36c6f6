//! Node records and routes: what operators and wallets do that pay for themselves.

use std::net::SocketAddr;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::{Provider, RootProvider},
    signers::{SignerSync, local::PrivateKeySigner},
};
use conet_bindings::{
    NodeKeys,
    NodeRegistry::{KeySet, NodeConfig, NodeRegistered, Prices, Specs},
    RouteTable::{RouteRecord, RouteUpdate},
    endpoint, node_registry_domain,
};
use conet_wire::{openpgp::Identity, request::SignedRoute};

use crate::{
    error::ChainError, gas_wallet::GasWallet, limits::DEADLINE_SECONDS, now_unix,
    reader::ChainReader,
};

/// A wallet's keys as the contracts take them.
#[must_use]
pub fn key_set(identity: &Identity) -> KeySet {
    KeySet {
        certificate: Bytes::copy_from_slice(identity.certificate()),
        certificateV4: Bytes::copy_from_slice(identity.certificate_v4()),
        handle: B256::from(identity.handle()),
        handleV4: identity.handle_v4().into(),
    }
}

/// Acts for one wallet that pays for itself: the owner of nodes, or a wallet
/// that sets its own route. One call at a time.
#[derive(Debug, Clone)]
pub struct Admin {
    reader: ChainReader,
    signer: PrivateKeySigner,
    gas: GasWallet,
}

impl Admin {
    /// Acts for `wallet`.
    #[must_use]
    pub fn new(reader: ChainReader, wallet: PrivateKeySigner) -> Self {
        let chain_id = reader.network().chain_id;
        let gas = GasWallet::new(reader.provider().clone(), chain_id, wallet.clone());
        Self { reader, signer: wallet, gas }
    }

    /// The wallet.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    fn provider(&self) -> &RootProvider {
        self.reader.provider()
    }

    /// Registers a node of this owner; `node` is the node's wallet, which
    /// agrees by its signature, and is `config.wallet`. Gives the node's id.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn register_node(
        &self,
        node: &PrivateKeySigner,
        config: NodeConfig,
    ) -> Result<U256, ChainError> {
        let (deadline, signature) =
            self.node_consent(node, &config.keys, config.transportKey).await?;
        let call = self.reader.registry();
        let request = call.register(config, deadline, signature).into_transaction_request();
        let receipt = self.gas.execute(request).await?;
        let registered = receipt.decoded_log::<NodeRegistered>().map(|log| log.id);
        let missing =
            || ChainError::Answer { expected: "the event NodeRegistered", found: "none".into() };
        registered.ok_or_else(missing)
    }

    /// Replaces a node's keys, with the node's wallet's signature.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn update_keys(
        &self,
        id: U256,
        node: &PrivateKeySigner,
        keys: KeySet,
        transport_key: B256,
    ) -> Result<(), ChainError> {
        let (deadline, signature) = self.node_consent(node, &keys, transport_key).await?;
        let registry = self.reader.registry();
        let call = registry.updateKeys(id, keys, transport_key, deadline, signature);
        self.gas.execute(call.into_transaction_request()).await.map(drop)
    }

    /// Says where a node listens now, in order of preference.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn update_endpoints(
        &self,
        id: U256,
        endpoints: &[SocketAddr],
    ) -> Result<(), ChainError> {
        let endpoints = endpoints.iter().map(|address| endpoint::encode(*address)).collect();
        let registry = self.reader.registry();
        let request = registry.updateEndpoints(id, endpoints).into_transaction_request();
        self.gas.execute(request).await.map(drop)
    }

    /// Says what a node offers now: a mask of [`conet_bindings::roles`].
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn update_roles(&self, id: U256, roles: u16) -> Result<(), ChainError> {
        let request = self.reader.registry().updateRoles(id, roles).into_transaction_request();
        self.gas.execute(request).await.map(drop)
    }

    /// Says what a node charges now.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn update_prices(&self, id: U256, prices: Prices) -> Result<(), ChainError> {
        let request = self.reader.registry().updatePrices(id, prices).into_transaction_request();
        self.gas.execute(request).await.map(drop)
    }

    /// Says what a node's computer has now.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn update_specs(&self, id: U256, specs: Specs) -> Result<(), ChainError> {
        let request = self.reader.registry().updateSpecs(id, specs).into_transaction_request();
        self.gas.execute(request).await.map(drop)
    }

    /// Says whether a node works now, unless the chain says so already. The node's own wallet may say it, too.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn set_online(&self, id: U256, online: bool) -> Result<(), ChainError> {
        if self.reader.node(id).await?.is_some_and(|record| record.online == online) {
            return Ok(());
        }
        let request = self.reader.registry().setOnline(id, online).into_transaction_request();
        self.gas.execute(request).await.map(drop)
    }

    /// Gives a node to another owner.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn transfer(&self, id: U256, to: Address) -> Result<(), ChainError> {
        let registry = self.reader.registry();
        let call = registry.transferFrom(self.signer.address(), to, id);
        self.gas.execute(call.into_transaction_request()).await.map(drop)
    }

    /// Takes a node out of every listing, for good.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn retire(&self, id: U256) -> Result<(), ChainError> {
        let request = self.reader.registry().retire(id).into_transaction_request();
        self.gas.execute(request).await.map(drop)
    }

    /// Signs and submits a route of this wallet.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn set_route(&self, update: RouteUpdate) -> Result<RouteRecord, ChainError> {
        let wallet = self.signer.address();
        let nonce = self.reader.nonce(wallet).await?;
        let deadline = self.deadline().await?;
        let network = self.reader.network();
        let route = SignedRoute::sign(&network, &self.signer, update, nonce, deadline)
            .map_err(|error| ChainError::Signing(error.to_string()))?;
        let signature = Bytes::copy_from_slice(&route.signature);
        let table = self.reader.route_table();
        let call = table.setRoute(route.update, route.deadline, signature);
        self.gas.execute(call.into_transaction_request()).await?;
        let missing =
            || ChainError::Answer { expected: "the route just set", found: "none".into() };
        self.reader.route(wallet).await?.ok_or_else(missing)
    }

    /// Sends coins, so that another wallet can pay for gas.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn fund(&self, to: Address, wei: U256) -> Result<(), ChainError> {
        use alloy::{network::TransactionBuilder, rpc::types::TransactionRequest};
        let request = TransactionRequest::default().with_to(to).with_value(wei);
        self.gas.execute(request).await.map(drop)
    }

    /// The wallet's balance, in wei.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn balance(&self, wallet: Address) -> Result<U256, ChainError> {
        Ok(self.provider().get_balance(wallet).await?)
    }

    async fn node_consent(
        &self,
        node: &PrivateKeySigner,
        keys: &KeySet,
        transport_key: B256,
    ) -> Result<(U256, Bytes), ChainError> {
        let network = self.reader.network();
        let wallet = node.address();
        let nonce = self.reader.node_nonce(wallet).await?;
        let deadline = self.deadline().await?;
        let owner = self.signer.address();
        let typed = NodeKeys::new(wallet, owner, keys, transport_key, nonce, deadline);
        let domain = node_registry_domain(network.chain_id, network.registry);
        let signature = node
            .sign_typed_data_sync(&typed, &domain)
            .map_err(|error| ChainError::Signing(error.to_string()))?;
        Ok((deadline, Bytes::copy_from_slice(&signature.as_bytes())))
    }

    /// By the later of two clocks: a development chain's may be ahead of ours, and the newest
    /// block of a quiet chain may be hours old.
    async fn deadline(&self) -> Result<U256, ChainError> {
        let time = self.reader.head().await?.timestamp.max(now_unix());
        Ok(U256::from(time) + U256::from(DEADLINE_SECONDS))
    }
}
