//! A wallet's route: its keys and its agent.

use alloy::{
    primitives::{Address, U256},
    sol_types::SolStruct,
};
use conet_bindings::{
    Route,
    RouteTable::{RouteRecord, RouteUpdate},
    route_domain,
};

use super::{ClaimError, VerifiedKeys, check_signer};
use crate::{
    network::Network,
    openpgp::{Handle, PublicCertificate},
    request::SignedRoute,
};

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
