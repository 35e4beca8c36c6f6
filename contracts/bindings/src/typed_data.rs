//! The EIP-712 messages that wallets sign, as the contracts hash them. Pinned by
//! `contracts/test/vectors/eip712.json`, which Foundry checks too.

use std::borrow::Cow;

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::Eip712Domain;

use crate::{NodeRegistry, RouteTable};

pub use types::{NodeKeys, Route};

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        /// What a wallet signs to set its route. See `IRouteTable`.
        #[derive(Debug, PartialEq, Eq)]
        struct Route {
            address wallet;
            bytes32 certificateHash;
            bytes32 certificateV4Hash;
            bytes32 handle;
            bytes20 handleV4;
            uint32 epoch;
            uint256 agent;
            uint64 expiry;
            uint256 nonce;
            uint256 deadline;
        }

        /// What a node's wallet signs for the node's owner. See `INodeRegistry`.
        #[derive(Debug, PartialEq, Eq)]
        struct NodeKeys {
            address wallet;
            address owner;
            bytes32 certificateHash;
            bytes32 certificateV4Hash;
            bytes32 handle;
            bytes20 handleV4;
            bytes32 transportKey;
            uint256 nonce;
            uint256 deadline;
        }
    }
}

/// The domain of [`Route`].
#[must_use]
pub fn route_domain(chain_id: u64, route_table: Address) -> Eip712Domain {
    domain("CoNET RouteTable", chain_id, route_table)
}

/// The domain of [`NodeKeys`].
#[must_use]
pub fn node_registry_domain(chain_id: u64, node_registry: Address) -> Eip712Domain {
    domain("CoNET NodeRegistry", chain_id, node_registry)
}

pub(crate) fn domain(name: &'static str, chain_id: u64, contract: Address) -> Eip712Domain {
    Eip712Domain::new(
        Some(Cow::Borrowed(name)),
        Some(Cow::Borrowed("1")),
        Some(U256::from(chain_id)),
        Some(contract),
        None,
    )
}

impl Route {
    /// What the wallet of `update` has to sign with its current nonce.
    #[must_use]
    pub fn new(update: &RouteTable::RouteUpdate, nonce: U256, deadline: U256) -> Self {
        Self {
            wallet: update.wallet,
            certificateHash: keccak256(&update.keys.certificate),
            certificateV4Hash: keccak256(&update.keys.certificateV4),
            handle: update.keys.handle,
            handleV4: update.keys.handleV4,
            epoch: update.epoch,
            agent: update.agent,
            expiry: update.expiry,
            nonce,
            deadline,
        }
    }
}

impl NodeKeys {
    /// What `wallet` has to sign with its current nonce, for `owner` to submit.
    #[must_use]
    pub fn new(
        wallet: Address,
        owner: Address,
        keys: &NodeRegistry::KeySet,
        transport_key: B256,
        nonce: U256,
        deadline: U256,
    ) -> Self {
        Self {
            wallet,
            owner,
            certificateHash: keccak256(&keys.certificate),
            certificateV4Hash: keccak256(&keys.certificateV4),
            handle: keys.handle,
            handleV4: keys.handleV4,
            transportKey: transport_key,
            nonce,
            deadline,
        }
    }
}

/// What the wallet signed for a route that is on chain. `record.signature` is over it.
impl From<&RouteTable::RouteRecord> for Route {
    fn from(record: &RouteTable::RouteRecord) -> Self {
        Self::new(&record.update, record.nonce, record.deadline)
    }
}

/// What the wallet signed for a node that is on chain. `record.consent.signature` is over it, and it names the
/// owner of that time.
impl From<&NodeRegistry::NodeRecord> for NodeKeys {
    fn from(record: &NodeRegistry::NodeRecord) -> Self {
        let NodeRegistry::NodeRecord { config, consent, .. } = record;
        Self::new(
            config.wallet,
            consent.owner,
            &config.keys,
            config.transportKey,
            consent.nonce,
            consent.deadline,
        )
    }
}
