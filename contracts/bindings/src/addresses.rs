//! Where contracts will be: CREATE3 addresses, which follow from who deploys and a name alone.

use alloy::{
    primitives::{Address, B256, address, b256, keccak256},
    sol_types::SolValue as _,
};

use crate::{Deployer, NodeRegistry::Contracts};

/// The deployer of deployers that nearly every chain has at this address, anvil included. It takes 32 bytes of salt,
/// then creation code.
pub const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");

/// The hash of the creation code of CREATE3's proxy, as in Solady's library.
const PROXY_CODE_HASH: B256 =
    b256!("0x21c35dbe1b344a2488cf3321d6ce542f8e9f305544ff09e4993a62319a497c1f");

/// A contract's name as the [`Deployer`] takes it.
#[must_use]
pub fn name(text: &str) -> B256 {
    B256::right_padding_from(text.as_bytes())
}

/// Where one wallet's contracts are or will be, the same on every chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    owner: Address,
    deployer: Address,
}

impl Addresses {
    /// Those that `owner` deploys.
    #[must_use]
    pub fn of_owner(owner: Address) -> Self {
        let deployer = CREATE2_DEPLOYER.create2_from_code(B256::ZERO, &Deployer::BYTECODE);
        Self { owner, deployer }
    }

    /// The [`Deployer`], once it is there.
    #[must_use]
    pub const fn deployer(&self) -> Address {
        self.deployer
    }

    /// The contract of this name.
    #[must_use]
    pub fn of(&self, text: &str) -> Address {
        let salt = keccak256((self.owner, name(text)).abi_encode());
        self.deployer.create2(salt, PROXY_CODE_HASH).create(1)
    }

    /// All that contracts are told about each other at construction.
    #[must_use]
    pub fn contracts(&self) -> Contracts {
        Contracts {
            token: self.of("ConetToken"),
            timelock: self.of("Timelock"),
            governor: self.of("ConetGovernor"),
            parameters: self.of("Parameters"),
            rewards: self.of("Rewards"),
            nodeRegistry: self.of("NodeRegistry"),
            staking: self.of("Staking"),
            slasher: self.of("Slasher"),
            archiveGroups: self.of("ArchiveGroups"),
            chainAnchor: self.of("ChainAnchor"),
            cash: self.of("Cash"),
            cashOrders: self.of("CashOrders"),
            cashPool: self.of("CashPool"),
            forcedExits: self.of("ForcedExits"),
        }
    }
}
