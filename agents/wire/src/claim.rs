//! "This key belongs to that wallet": a claim that counts only when two
//! signatures verify.
//!
//! The contracts check one of them, the wallet's (EIP-712) over the
//! fingerprints, at the moment of submission. They cannot check the other, the
//! certificate's own over the wallet's address: anybody can put anybody's
//! handle on chain under a wallet of their own. And whoever serves a record may
//! make it up. So readers check both here, and the checked types below exist in
//! no other way.
//!
//! What a signature does not say: how fresh it is. Keep the highest
//! [`serial`](VerifiedRoute::serial) seen of each wallet and refuse lower ones.
//! Nor does a node's wallet sign its owner's part of the record (endpoints,
//! roles, prices, owner): those are as true as their source.

use std::net::SocketAddr;

use alloy::{
    primitives::{Address, B256, Bytes, FixedBytes, U256},
    sol_types::SolStruct,
};
use conet_bindings::{
    NodeKeys,
    NodeRegistry::NodeRecord,
    Route,
    RouteTable::{RouteRecord, RouteUpdate},
    endpoint, node_registry_domain, roles, route_domain,
};

use crate::{
    message::signer,
    network::Network,
    openpgp::{Handle, PublicCertificate},
    request::{CLOCK_SKEW_SECONDS, SignedRoute},
    veil::TransportPublic,
};

mod address;
mod error;
#[cfg(test)]
mod tests;

pub use address::{EndpointPolicy, RefusedRange};
pub use error::ClaimError;

/// The most endpoints of one node, as the contract has it.
pub const ENDPOINTS_MAX: usize = 8;

/// A wallet's keys, both signatures checked.
#[derive(Debug, Clone)]
struct VerifiedKeys {
    certificate: PublicCertificate,
    certificate_v4: Option<PublicCertificate>,
}

impl VerifiedKeys {
    fn parse(
        wallet: Address,
        [certificate, certificate_v4]: [&Bytes; 2],
        handle: B256,
        handle_v4: FixedBytes<20>,
        now: u64,
    ) -> Result<Self, ClaimError> {
        // A certificate made a moment ago by a clock ahead of ours is no forgery.
        let at = now.saturating_add(CLOCK_SKEW_SECONDS);
        let parse = |bytes: &[u8], handle: Handle| {
            PublicCertificate::parse(bytes, wallet, handle, at).map_err(|source| {
                ClaimError::Certificate { version: handle.version(), source: Box::new(source) }
            })
        };
        let certificate_v4 = match (certificate_v4.is_empty(), handle_v4.is_zero()) {
            (true, true) => None,
            (false, false) => Some(parse(certificate_v4, Handle::V4(handle_v4.0))?),
            (true, false) => return Err(ClaimError::HandleV4 { found: "handle" }),
            (false, true) => return Err(ClaimError::HandleV4 { found: "certificate" }),
        };
        let certificate = parse(certificate, Handle::V6(handle.0))?;
        Ok(Self { certificate, certificate_v4 })
    }

    fn expires(&self) -> Option<u64> {
        let v4 = self.certificate_v4.as_ref().and_then(PublicCertificate::expires);
        self.certificate.expires().into_iter().chain(v4).min()
    }

    fn handles(&self) -> impl Iterator<Item = Handle> {
        let v4 = self.certificate_v4.as_ref().map(PublicCertificate::handle);
        std::iter::once(self.certificate.handle()).chain(v4)
    }
}

/// A wallet's route, checked: these are its keys, and this is its agent.
#[derive(Debug, Clone)]
pub struct VerifiedRoute {
    wallet: Address,
    keys: VerifiedKeys,
    epoch: u32,
    agent: Option<U256>,
    expiry: u64,
    serial: u64,
}

impl VerifiedRoute {
    /// The wallet.
    #[must_use]
    pub fn wallet(&self) -> Address {
        self.wallet
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

    /// Which of its encryption subkeys this is.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The node that keeps its mailbox; `None`: it has left.
    #[must_use]
    pub fn agent(&self) -> Option<U256> {
        self.agent
    }

    /// Until when to believe this, unix seconds: the earliest end of the route
    /// and of its certificates.
    #[must_use]
    pub fn expiry(&self) -> u64 {
        self.keys.expires().map_or(self.expiry, |expires| expires.min(self.expiry))
    }

    /// Refuse it when a higher serial of this wallet was seen.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial
    }
}

/// Checks a route as the contract, or anybody else, served it.
///
/// # Errors
/// [`ClaimError`] says which half of the claim fails, and how.
pub fn verify_route(
    network: &Network,
    record: &RouteRecord,
    now_unix: u64,
) -> Result<VerifiedRoute, ClaimError> {
    if record.serial == 0 {
        return Err(ClaimError::Absent);
    }
    let expected = record.nonce.saturating_add(U256::ONE);
    if U256::from(record.serial) != expected {
        return Err(ClaimError::Serial { expected, found: record.serial });
    }
    verify_update(
        network,
        &record.update,
        (&Route::from(record), &record.signature),
        record.serial,
        now_unix,
    )
}

/// Checks a route that its wallet signed and nobody submitted yet. Its deadline
/// and nonce are the contract's to judge.
///
/// # Errors
/// As [`verify_route`].
pub fn verify_signed_route(
    network: &Network,
    route: &SignedRoute,
    now_unix: u64,
) -> Result<VerifiedRoute, ClaimError> {
    let expected = route.nonce.saturating_add(U256::ONE);
    let serial =
        u64::try_from(expected).map_err(|_| ClaimError::Serial { expected, found: u64::MAX })?;
    let signed = Route::new(&route.update, route.nonce, route.deadline);
    verify_update(network, &route.update, (&signed, &route.signature), serial, now_unix)
}

fn verify_update(
    network: &Network,
    update: &RouteUpdate,
    (signed, signature): (&Route, &[u8]),
    serial: u64,
    now: u64,
) -> Result<VerifiedRoute, ClaimError> {
    if update.expiry <= now {
        return Err(ClaimError::Expired { expiry: update.expiry, now });
    }
    let domain = route_domain(network.chain_id, network.routes);
    check_signer(update.wallet, &signed.eip712_signing_hash(&domain), signature)?;
    let keys = &update.keys;
    let certificates = [&keys.certificate, &keys.certificateV4];
    Ok(VerifiedRoute {
        wallet: update.wallet,
        keys: VerifiedKeys::parse(update.wallet, certificates, keys.handle, keys.handleV4, now)?,
        epoch: update.epoch,
        agent: (!update.agent.is_zero()).then_some(update.agent),
        expiry: update.expiry,
        serial,
    })
}

/// What a node offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u16);

impl Roles {
    /// Reads a mask; bits that this version does not know are ignored.
    #[must_use]
    pub fn from_mask(mask: u16) -> Option<Self> {
        let known = mask & (roles::RELAY | roles::AGENT);
        (known != 0).then_some(Self(known))
    }

    /// The mask.
    #[must_use]
    pub fn mask(self) -> u16 {
        self.0
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
}

/// What a node charges. Zero is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Pico-dollars for each megabyte (10^6 bytes) forwarded or pushed.
    pub bandwidth: u64,
    /// Pico-dollars for each megabyte kept for one hour.
    pub storage: u64,
    /// Micro-dollars: the smallest payment authorization it works for.
    pub minimum_authorization: u64,
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

    /// Where it listens, in order of preference; at least one.
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
    let endpoints = decode_endpoints(&config.endpoints, policy)?;
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
            minimum_authorization: config.prices.minimumAuthorization,
        },
    })
}

fn decode_endpoints(
    endpoints: &[endpoint::Endpoint],
    policy: EndpointPolicy,
) -> Result<Vec<SocketAddr>, ClaimError> {
    if endpoints.is_empty() || endpoints.len() > ENDPOINTS_MAX {
        return Err(ClaimError::EndpointCount { found: endpoints.len() });
    }
    let check = |bytes: &endpoint::Endpoint| {
        let found = endpoint::decode(*bytes);
        policy.check(found).map(|()| found).map_err(|range| ClaimError::Endpoint { found, range })
    };
    endpoints.iter().map(check).collect()
}

/// Whether `wallet` signed `digest`, in the one form that the contracts accept.
fn check_signer(wallet: Address, digest: &B256, signature: &[u8]) -> Result<(), ClaimError> {
    let form = |found: &str| ClaimError::SignatureForm { found: found.to_owned() };
    let bytes: &[u8; 65] =
        signature.try_into().map_err(|_| form(&format!("{} bytes", signature.len())))?;
    if !matches!(bytes, [.., 27 | 28]) {
        return Err(form("another v"));
    }
    let found = signer(digest, bytes).ok_or_else(|| form("a high s, or no point of the curve"))?;
    if found == wallet { Ok(()) } else { Err(ClaimError::Signature { expected: wallet, found }) }
}
