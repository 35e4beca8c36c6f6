//! A node: its wallet's keys, and what its owner says of it.

use std::net::SocketAddr;

use alloy::{
    primitives::{Address, U256},
    sol_types::SolStruct,
};
use conet_bindings::{NodeKeys, NodeRegistry::NodeRecord, endpoint, node_registry_domain, roles};

use super::{ClaimError, EndpointPolicy, NOWHERE, VerifiedKeys, check_signer};
use crate::{
    network::Network,
    openpgp::{Handle, PublicCertificate},
    veil::TransportPublic,
};

/// The most endpoints of one node, as the contract has it.
pub const ENDPOINTS_MAX: usize = 8;

/// What a node offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    /// Reads a mask; bits that this version does not know are ignored.
    #[must_use]
    pub fn from_mask(mask: u16) -> Option<Self> {
        let known = roles::ALL.into_iter().fold(0, |known, (bit, _)| known | (mask & bit));
        (known != 0).then_some(Self(known))
    }

    /// The mask.
    #[must_use]
    pub fn mask(self) -> u16 {
        self.0
    }

    /// The names of what it offers.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        roles::names(self.0)
    }

    /// Forwards ciphertext that it cannot read.
    #[must_use]
    pub fn relay(self) -> bool {
        self.0 & roles::RELAY != 0
    }

    /// Keeps the mailbox of its clients.
    #[must_use]
    pub fn agent(self) -> bool {
        self.0 & roles::AGENT != 0
    }

    /// Whether others must be able to connect to it. Creators, witnesses and validators need no address.
    #[must_use]
    pub fn is_reached(self) -> bool {
        self.0 & !(roles::CREATOR | roles::WITNESS | roles::VALIDATOR) != 0
    }
}

/// What a node charges. Zero is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Pico-dollars for each megabyte (10^6 bytes) sent out: forwarded, pushed or served.
    pub bandwidth: u64,
    /// Pico-dollars for each megabyte kept for one hour.
    pub storage: u64,
    /// Pico-dollars for each virtual processor rented for one hour.
    pub vcpu: u64,
    /// Pico-dollars for each megabyte of memory rented for one hour.
    pub memory: u64,
    /// Micro-dollars: the smallest payment authorization it works for.
    pub minimum_authorization: u64,
}

/// What a node's computer has, as its owner says. Zero is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Specs {
    /// Virtual processors.
    pub vcpus: u16,
    /// Megabytes (10^6 bytes) of memory.
    pub memory: u32,
    /// Megabytes of storage.
    pub storage: u32,
    /// Kilobits that it can send in one second.
    pub outbound: u32,
}

/// A node, checked: its wallet's keys are its wallet's, and the rest is well formed.
#[derive(Debug, Clone)]
pub struct VerifiedNode {
    id: U256,
    wallet: Address,
    owner: Address,
    consented_to: Address,
    serial: u64,
    keys: VerifiedKeys,
    transport_key: TransportPublic,
    endpoints: Vec<SocketAddr>,
    roles: Roles,
    prices: Prices,
    specs: Specs,
    online: bool,
}

impl VerifiedNode {
    /// The token id.
    #[must_use]
    pub fn id(&self) -> U256 {
        self.id
    }

    /// The node's wallet: its address on the network.
    #[must_use]
    pub fn wallet(&self) -> Address {
        self.wallet
    }

    /// Who holds the token. Nodes of one owner see what any of them sees.
    #[must_use]
    pub fn owner(&self) -> Address {
        self.owner
    }

    /// Whether the wallet agreed to the present owner, and not only to an earlier one.
    #[must_use]
    pub fn owner_is_consented(&self) -> bool {
        self.owner == self.consented_to
    }

    /// One more with every change of the record.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// Its v6 certificate.
    #[must_use]
    pub fn certificate(&self) -> &PublicCertificate {
        &self.keys.certificate
    }

    /// Its v4 certificate, for tools that know no v6.
    #[must_use]
    pub fn certificate_v4(&self) -> Option<&PublicCertificate> {
        self.keys.certificate_v4.as_ref()
    }

    /// The handles of its encryption subkeys: v6, then v4 if there is one.
    pub fn handles(&self) -> impl Iterator<Item = Handle> {
        self.keys.handles()
    }

    /// When its first certificate stops being valid (unix seconds), if ever.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.keys.expires()
    }

    /// The key of its sealed transport.
    #[must_use]
    pub fn transport_key(&self) -> TransportPublic {
        self.transport_key
    }

    /// Where it listens, in order of preference; none only if nobody needs to reach it.
    #[must_use]
    pub fn endpoints(&self) -> &[SocketAddr] {
        &self.endpoints
    }

    /// What it offers.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.roles
    }

    /// What it charges.
    #[must_use]
    pub fn prices(&self) -> Prices {
        self.prices
    }

    /// What its computer has, as its owner says.
    #[must_use]
    pub fn specs(&self) -> Specs {
        self.specs
    }

    /// Whether it says that it works now: one that died still does, and one that never said so may work.
    #[must_use]
    pub fn online(&self) -> bool {
        self.online
    }
}

/// Checks a node as the contract, or anybody else, served it.
///
/// # Errors
/// [`ClaimError`] says what fails, and how.
pub fn verify_node(
    network: &Network,
    record: &NodeRecord,
    now_unix: u64,
    policy: EndpointPolicy,
) -> Result<VerifiedNode, ClaimError> {
    let NodeRecord { id, owner, serial, config, consent, .. } = record;
    if *serial == 0 || id.is_zero() {
        return Err(ClaimError::Absent);
    }
    if config.transportKey.is_zero() {
        return Err(ClaimError::TransportKeyMissing);
    }
    let roles = Roles::from_mask(config.roles).ok_or(ClaimError::Roles { found: config.roles })?;
    let endpoints = decode_endpoints(&config.endpoints, roles, policy)?;
    let domain = node_registry_domain(network.chain_id, network.registry);
    let digest = NodeKeys::from(record).eip712_signing_hash(&domain);
    check_signer(config.wallet, &digest, &consent.signature)?;
    let keys = &config.keys;
    let certificates = [&keys.certificate, &keys.certificateV4];
    Ok(VerifiedNode {
        id: *id,
        wallet: config.wallet,
        owner: *owner,
        consented_to: consent.owner,
        serial: *serial,
        keys: VerifiedKeys::parse(
            config.wallet,
            certificates,
            keys.handle,
            keys.handleV4,
            now_unix,
        )?,
        transport_key: TransportPublic(config.transportKey.0),
        endpoints,
        roles,
        prices: Prices {
            bandwidth: config.prices.bandwidth,
            storage: config.prices.storage_,
            vcpu: config.prices.vcpu,
            memory: config.prices.memory_,
            minimum_authorization: config.prices.minimumAuthorization,
        },
        specs: Specs {
            vcpus: config.specs.vcpus,
            memory: config.specs.memory_,
            storage: config.specs.storage_,
            outbound: config.specs.outbound,
        },
        online: record.online,
    })
}

fn decode_endpoints(
    endpoints: &[endpoint::Endpoint],
    roles: Roles,
    policy: EndpointPolicy,
) -> Result<Vec<SocketAddr>, ClaimError> {
    if endpoints.is_empty() || endpoints.len() > ENDPOINTS_MAX {
        return Err(ClaimError::EndpointCount { found: endpoints.len() });
    }
    if *endpoints == [endpoint::encode(NOWHERE)] && !roles.is_reached() {
        return Ok(Vec::new());
    }
    let check = |bytes: &endpoint::Endpoint| {
        let found = endpoint::decode(*bytes);
        policy.check(found).map(|()| found).map_err(|range| ClaimError::Endpoint { found, range })
    };
    endpoints.iter().map(check).collect()
}
