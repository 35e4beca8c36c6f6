//! Why a claim does not count.

use std::net::SocketAddr;

use alloy::primitives::{Address, U256};

use super::{ENDPOINTS_MAX, RefusedRange};
use crate::openpgp::CertificateError;

/// Why a record is no claim that counts.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The record is empty: the contract knows no such route or node.
    #[error("expected a record, found none")]
    Absent,
    /// Not the 65 bytes that a signature has, or one with a twin.
    #[error("expected a signature of 65 bytes with a low s and a v of 27 or 28, found {found}")]
    SignatureForm {
        /// What is there.
        found: String,
    },
    /// Somebody else's signature, or one over other fields, another chain or contract.
    #[error("expected a signature by {expected} over these fields, found one by {found}")]
    Signature {
        /// The wallet that had to sign.
        expected: Address,
        /// Whom the signature gives; another address for each changed field.
        found: Address,
    },
    /// The serial does not follow from the nonce that was signed.
    #[error("expected serial {expected} for its nonce, found {found}")]
    Serial {
        /// Nonce + 1.
        expected: U256,
        /// The record's serial.
        found: u64,
    },
    /// The wallet no longer stands by it.
    #[error("expected a route that is valid at {now}, found one that expired at {expiry}")]
    Expired {
        /// The end of its validity, unix seconds.
        expiry: u64,
        /// The time asked for, unix seconds.
        now: u64,
    },
    /// The certificate does not say what the wallet says.
    #[error("the version {version} certificate: {source}")]
    Certificate {
        /// Which of the two certificates: 6 or 4.
        version: u8,
        /// What is wrong with it.
        source: Box<CertificateError>,
    },
    /// A v4 certificate without its handle, or the other way round.
    #[error("expected a v4 certificate and its handle together, found only the {found}")]
    HandleV4 {
        /// Which of them is there.
        found: &'static str,
    },
    /// A node without a transport key.
    #[error("expected a transport key, found zero")]
    TransportKeyMissing,
    /// A node without a role that this version knows.
    #[error("expected the role RELAY (1) or AGENT (2), found the mask {found}")]
    Roles {
        /// The mask.
        found: u16,
    },
    /// No endpoint, or too many.
    #[error("expected 1 to {max} endpoints, found {found}", max = ENDPOINTS_MAX)]
    EndpointCount {
        /// How many there are.
        found: usize,
    },
    /// An endpoint that no public node has.
    #[error("expected endpoints with a public address and a port, found {found} ({range})")]
    Endpoint {
        /// The endpoint.
        found: SocketAddr,
        /// Why it is refused.
        range: RefusedRange,
    },
}
