//! What is sent: messages, parcels, requests, made with the same functions as a client's.

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256, U256, keccak256};
use conet_node::keys::NodeKeys;
use conet_wire::{
    message::Kind,
    network::Network,
    openpgp::{Handle, Identity, PublicCertificate, WalletSecret, capacity, seal_exact},
    parcel::{self, Content, ReplyKey},
    request::{Request, Terms},
    session::{SessionBinding, SessionSecret},
    sizes::n2_len,
    veil::TransportPublic,
};
use serde::{Deserialize, Serialize};

use conet_measure::{BenchError, failed, wrong};

/// The wire size of all messages here.
pub(crate) const WIRE: usize = 4096;

/// How long a listen request is good, seconds.
const EXPIRY_SECONDS: u64 = 300;

/// A registered node, as other processes need to know it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeInfo {
    pub(crate) id: u64,
    pub(crate) address: SocketAddr,
    pub(crate) home: PathBuf,
    pub(crate) network: Network,
    pub(crate) wallet: Address,
    pub(crate) handle: B256,
    pub(crate) certificate: alloy::primitives::Bytes,
    pub(crate) transport: B256,
}

impl NodeInfo {
    pub(crate) fn transport(&self) -> TransportPublic {
        TransportPublic(self.transport.0)
    }

    pub(crate) fn certificate(&self) -> Result<PublicCertificate, BenchError> {
        let handle = Handle::V6(self.handle.0);
        PublicCertificate::parse(&self.certificate, self.wallet, handle, unix_seconds())
            .map_err(failed("a node's certificate"))
    }

    pub(crate) fn keys(&self) -> Result<NodeKeys, BenchError> {
        NodeKeys::load(&self.home).map_err(failed("a node's keys"))
    }
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

pub(crate) fn unix_minute() -> u32 {
    u32::try_from(unix_seconds() / 60).unwrap_or(u32::MAX)
}

/// The wallet number `n` of the benchmark.
pub(crate) fn wallet(n: u32) -> Result<WalletSecret, BenchError> {
    let bytes = keccak256([&b"conet benchmark wallet"[..], &n.to_be_bytes()].concat());
    WalletSecret::from_bytes(&bytes.0).map_err(failed("a wallet"))
}

/// The encryption subkey under which a preloaded client is known: its own for the few
/// that decrypt, any other for the thousands that only listen.
pub(crate) fn listener_handle(n: u32) -> [u8; 32] {
    keccak256([&b"conet benchmark handle"[..], &n.to_be_bytes()].concat()).0
}

pub(crate) fn certificate_of(
    identity: &Identity,
    version: u8,
) -> Result<PublicCertificate, BenchError> {
    let (bytes, handle) = match version {
        4 => (identity.certificate_v4(), Handle::V4(identity.handle_v4())),
        _ => (identity.certificate(), Handle::V6(identity.handle())),
    };
    PublicCertificate::parse(bytes, identity.wallet(), handle, unix_seconds())
        .map_err(failed("a wallet's certificate"))
}

/// The length of an N1 in an N2 of this wire size.
pub(crate) fn n1_len() -> Result<usize, BenchError> {
    capacity(n2_len(WIRE))
        .and_then(|len| len.checked_sub(parcel::OVERHEAD))
        .ok_or_else(|| wrong("sizes", "no room for an N1"))
}

/// Seals a message to a client.
pub(crate) fn n1(plaintext: &[u8], to: &PublicCertificate) -> Result<Vec<u8>, BenchError> {
    seal_exact(plaintext, n1_len()?, to).map_err(failed("sealing an N1"))
}

/// Seals a parcel to an agent; the key opens its answer.
pub(crate) fn n2(
    content: Content,
    body: &[u8],
    to: &PublicCertificate,
) -> Result<(Vec<u8>, ReplyKey), BenchError> {
    let key = ReplyKey::new(rand::random());
    let parcel = parcel::encode(content, &key, body);
    let sealed = seal_exact(&parcel, n2_len(WIRE), to).map_err(failed("sealing an N2"))?;
    Ok((sealed, key))
}

/// Mail for a client, sealed to its agent.
pub(crate) fn mail(n1: &[u8], to: &PublicCertificate) -> Result<Vec<u8>, BenchError> {
    n2(Content::Message(Kind::Mail), n1, to).map(|(sealed, _)| sealed)
}

/// A signed listen request sealed to its agent, and what opens the stream.
pub(crate) fn listen(
    wallet: &WalletSecret,
    agent: &NodeInfo,
    to: &PublicCertificate,
) -> Result<(Vec<u8>, SessionSecret, SessionBinding), BenchError> {
    let secret = SessionSecret::new(rand::random());
    let terms = Terms {
        agent: U256::from(agent.id),
        share: false,
        nonce: B256::from(rand::random::<[u8; 32]>()),
        expiry: unix_seconds() + EXPIRY_SECONDS,
    };
    let request = Request::listen(&agent.network, wallet.signer(), &terms, secret.clone())
        .map_err(failed("a listen request"))?;
    let digest = request.digest(&agent.network).ok_or_else(|| wrong("listen", "no digest"))?;
    let binding = SessionBinding { wallet: wallet.address(), agent: terms.agent, request: digest };
    let (sealed, _) = n2(Content::Request, &request.encode(), to)?;
    Ok((sealed, secret, binding))
}
