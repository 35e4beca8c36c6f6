//! Which CoNET this is: every signature names a chain and a contract.

use alloy::{
    primitives::Address,
    sol_types::{Eip712Domain, eip712_domain},
};

/// A deployment: the chain and the two contracts that signatures are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Network {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The `NodeRegistry` contract.
    pub registry: Address,
    /// The `RouteTable` contract.
    pub routes: Address,
}

impl Network {
    /// The EIP-712 domain of messages between wallets.
    #[must_use]
    pub fn message_domain(&self) -> Eip712Domain {
        eip712_domain! {
            name: "CoNET Message",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.routes,
        }
    }

    /// The EIP-712 domain of requests to an agent.
    #[must_use]
    pub fn request_domain(&self) -> Eip712Domain {
        eip712_domain! {
            name: "CoNET Agent",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.registry,
        }
    }
}
