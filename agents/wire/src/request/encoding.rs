//! Requests as bytes: a type, then the ABI encoding of its fields.

use alloy::sol_types::{SolValue, abi::AbiDecoderConfig};
use conet_bindings::RouteTable::{KeySet, RouteUpdate};

use super::{LOOKUP_WALLETS_MAX, Listen, Register, Request, RequestError, SignedRoute};
use crate::session::SessionSecret;

mod encoded {
    alloy::sol! {
        struct WireKeys {
            bytes certificate;
            bytes certificateV4;
            bytes32 handle;
            bytes20 handleV4;
        }
        struct WireRegister {
            address wallet;
            uint256 agent;
            bytes32 route;
            bool share;
            bytes32 nonce;
            uint64 expiry;
            bytes32 secret;
            bytes signature;
            WireKeys keys;
            uint32 epoch;
            uint256 routeAgent;
            uint64 routeExpiry;
            uint256 routeNonce;
            uint256 routeDeadline;
            bytes routeSignature;
        }
        struct WireListen {
            address wallet;
            uint256 agent;
            bool share;
            bytes32 nonce;
            uint64 expiry;
            bytes32 secret;
            bytes signature;
        }
        struct WireLookup {
            address[] wallets;
        }
    }
}

const REGISTER: u8 = 1;
const LISTEN: u8 = 2;
const LOOKUP: u8 = 3;

/// Everything has one encoding, and nothing in it is named twice: a list whose
/// items all point to the same bytes would unfold to many times its length.
pub(super) const STRICT: AbiDecoderConfig = AbiDecoderConfig::new().strict(true);

pub(super) const NOT_ABI: RequestError = RequestError::Malformed("not its ABI encoding");

impl Request {
    /// Encodes for a parcel.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, encoded) = match self {
            Self::Register { body, route, secret, signature } => {
                (REGISTER, encode_register(body, route, secret.as_ref(), signature))
            }
            Self::Listen { body, secret, signature } => {
                let wire = encoded::WireListen {
                    wallet: body.wallet,
                    agent: body.agent,
                    share: body.share,
                    nonce: body.nonce,
                    expiry: body.expiry,
                    secret: secret.bytes().into(),
                    signature: signature.to_vec().into(),
                };
                (LISTEN, wire.abi_encode())
            }
            Self::Lookup { wallets } => {
                (LOOKUP, encoded::WireLookup { wallets: wallets.clone() }.abi_encode())
            }
        };
        [&[kind], &encoded[..]].concat()
    }

    /// Reads a request. Nothing is checked but its form: see [`Request::check`].
    ///
    /// # Errors
    /// [`RequestError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RequestError> {
        let (kind, encoded) = bytes.split_first().ok_or(RequestError::Malformed("empty"))?;
        match *kind {
            REGISTER => {
                let wire = encoded::WireRegister::abi_decode_with_config(encoded, STRICT)
                    .map_err(|_| NOT_ABI)?;
                decode_register(wire)
            }
            LISTEN => {
                let wire = encoded::WireListen::abi_decode_with_config(encoded, STRICT)
                    .map_err(|_| NOT_ABI)?;
                let secret = SessionSecret::new(wire.secret.0);
                let body = Listen {
                    wallet: wire.wallet,
                    agent: wire.agent,
                    session: secret.commitment(),
                    share: wire.share,
                    nonce: wire.nonce,
                    expiry: wire.expiry,
                };
                Ok(Self::Listen { body, secret, signature: signature(&wire.signature)? })
            }
            LOOKUP => {
                let wire = encoded::WireLookup::abi_decode_with_config(encoded, STRICT)
                    .map_err(|_| NOT_ABI)?;
                if wire.wallets.is_empty() || wire.wallets.len() > LOOKUP_WALLETS_MAX {
                    return Err(RequestError::Malformed("number of wallets"));
                }
                Ok(Self::Lookup { wallets: wire.wallets })
            }
            _ => Err(RequestError::Malformed("unknown type")),
        }
    }
}

fn encode_register(
    body: &Register,
    route: &SignedRoute,
    secret: Option<&SessionSecret>,
    signature: &[u8; 65],
) -> Vec<u8> {
    let keys = &route.update.keys;
    encoded::WireRegister {
        wallet: body.wallet,
        agent: body.agent,
        route: body.route,
        share: body.share,
        nonce: body.nonce,
        expiry: body.expiry,
        secret: secret.map(|secret| secret.bytes().into()).unwrap_or_default(),
        signature: signature.to_vec().into(),
        keys: encoded::WireKeys {
            certificate: keys.certificate.clone(),
            certificateV4: keys.certificateV4.clone(),
            handle: keys.handle,
            handleV4: keys.handleV4,
        },
        epoch: route.update.epoch,
        routeAgent: route.update.agent,
        routeExpiry: route.update.expiry,
        routeNonce: route.nonce,
        routeDeadline: route.deadline,
        routeSignature: route.signature.to_vec().into(),
    }
    .abi_encode()
}

fn decode_register(wire: encoded::WireRegister) -> Result<Request, RequestError> {
    let update = RouteUpdate {
        wallet: wire.wallet,
        keys: KeySet {
            certificate: wire.keys.certificate,
            certificateV4: wire.keys.certificateV4,
            handle: wire.keys.handle,
            handleV4: wire.keys.handleV4,
        },
        epoch: wire.epoch,
        agent: wire.routeAgent,
        expiry: wire.routeExpiry,
    };
    let route = SignedRoute {
        update,
        nonce: wire.routeNonce,
        deadline: wire.routeDeadline,
        signature: signature(&wire.routeSignature)?,
    };
    let secret = (!wire.secret.is_zero()).then(|| SessionSecret::new(wire.secret.0));
    let body = Register {
        wallet: wire.wallet,
        agent: wire.agent,
        route: wire.route,
        session: secret.as_ref().map(SessionSecret::commitment).unwrap_or_default(),
        share: wire.share,
        nonce: wire.nonce,
        expiry: wire.expiry,
    };
    Ok(Request::Register {
        body,
        route: Box::new(route),
        secret,
        signature: signature(&wire.signature)?,
    })
}

fn signature(bytes: &[u8]) -> Result<[u8; 65], RequestError> {
    bytes.try_into().map_err(|_| RequestError::Malformed("a signature is not 65 bytes"))
}
