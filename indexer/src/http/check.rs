//! Whether a route holds: its wallet's signature and its certificates, as every client of CoNET checks them for itself.

use alloy::primitives::{Address, U256};
use axum::{Json, extract::State};
use conet_bindings::RouteTable::RouteRecord;
use conet_index_client::Route;
use conet_wire::{
    claim::{VerifiedRoute, verify_route},
    network::Network,
    openpgp::PublicCertificate,
};
use serde::Serialize;

use super::{Api, ApiError, ask::Named, now_unix};
use crate::store::Store;

/// The contract of routes, and the table.
const ROUTE_TABLE: &str = "RouteTable";
const ROUTES: &str = "routes";

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    wallet: String,
    /// The block from which the route is set.
    block: u64,
    /// When it was checked, unix seconds.
    checked: u64,
    /// Whether all holds now.
    holds: bool,
    /// What does not.
    problem: Option<String>,
    agent: Option<String>,
    serial: u64,
    epoch: u32,
    /// Until when, unix seconds.
    expires: u64,
    certificates: Vec<CertificateView>,
}

#[derive(Debug, Serialize)]
struct CertificateView {
    version: u8,
    fingerprint: String,
    user_ids: Vec<String>,
    created: u64,
    expires: Option<u64>,
    keys: [KeyView; 2],
}

#[derive(Debug, Serialize)]
struct KeyView {
    fingerprint: String,
    algorithm: &'static str,
    uses: &'static [&'static str],
    created: u64,
    expires: Option<u64>,
}

/// `GET /v1/routes/{wallet}/check`.
pub(super) async fn route<T: Store>(
    State(api): State<Api<T>>,
    Named(wallet): Named<String>,
) -> Result<Json<Checked>, ApiError> {
    let missing = || ApiError::NotFound { what: format!("a route of {wallet}") };
    let table = api.tables.get(ROUTES).ok_or_else(missing)?;
    let key = table.key(&[wallet.as_str()])?;
    let row = api.store.record(ROUTES, &key, None).await?.ok_or_else(missing)?;
    let body = row.body.as_deref().ok_or_else(missing)?;
    let route: Route = serde_json::from_str(body).map_err(|_| missing())?;
    let contracts = api.catalogue.contracts().iter();
    let mut routes = contracts.filter(|contract| contract.name == ROUTE_TABLE).map(|it| it.address);
    // The newest one is the last that was given.
    let routes = routes.next_back().ok_or_else(missing)?;
    let network = Network { chain_id: api.chain_id, registry: Address::ZERO, routes };
    Ok(Json(check(&network, &RouteRecord::from(route), row.since)))
}

fn check(network: &Network, record: &RouteRecord, block: u64) -> Checked {
    let now = now_unix();
    let (verified, problem) = match verify_route(network, record, now) {
        Ok(verified) => (Some(verified), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let update = &record.update;
    let agent = (update.agent != U256::ZERO).then(|| update.agent.to_string());
    Checked {
        wallet: update.wallet.to_string(),
        block,
        checked: now,
        holds: verified.is_some(),
        problem,
        agent,
        serial: record.serial,
        epoch: update.epoch,
        expires: verified.as_ref().map_or(update.expiry, VerifiedRoute::expiry),
        certificates: verified.as_ref().map(certificates).unwrap_or_default(),
    }
}

fn certificates(route: &VerifiedRoute) -> Vec<CertificateView> {
    std::iter::once(route.certificate()).chain(route.certificate_v4()).map(view).collect()
}

/// Both forms have an Ed25519 key that certifies an X25519 key: others are not taken.
fn view(certificate: &PublicCertificate) -> CertificateView {
    let (handle, expires) = (certificate.handle(), certificate.expires());
    let (created, subkey_created) = certificate.created();
    let fingerprint = hex::encode_upper(certificate.fingerprint());
    let primary = KeyView {
        fingerprint: fingerprint.clone(),
        algorithm: "Ed25519",
        uses: &["certify"],
        created,
        expires,
    };
    let subkey = KeyView {
        fingerprint: hex::encode_upper(handle.as_bytes()),
        algorithm: "X25519",
        uses: &["encrypt"],
        created: subkey_created,
        expires,
    };
    CertificateView {
        version: handle.version(),
        fingerprint,
        user_ids: vec![certificate.wallet().to_string()],
        created,
        expires,
        keys: [primary, subkey],
    }
}
