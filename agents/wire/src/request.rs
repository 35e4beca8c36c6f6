//! What a client asks of an agent: register, listen, look up.
//!
//! White paper, *Registers Recipient Node* step 6, and *Get offline messages*
//! step 1. Requests that act for a wallet are EIP-712 typed data: they name the
//! chain, the contract, the agent, a nonce and an expiry, so that none counts
//! twice or elsewhere. A look-up is for somebody else's client and unsigned.

use alloy::{
    primitives::{Address, B256, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolStruct, SolValue},
};
use conet_bindings::{
    Route,
    RouteTable::{RouteRecord, RouteUpdate},
    route_domain,
};

use crate::{message::signer, network::Network, parcel::Status, session::SessionSecret};

pub use typed::{Listen, Register};

/// A request may be this far from its expiry, in seconds.
pub const EXPIRY_SECONDS_MAX: u64 = 600;

/// Clocks may differ by this much, in seconds.
pub const CLOCK_SKEW_SECONDS: u64 = 120;

/// The most wallets one look-up may name.
pub const LOOKUP_WALLETS_MAX: usize = 8;

mod typed {
    #![allow(missing_docs)]
    alloy::sol! {
        /// A wallet makes this agent its own.
        #[derive(Debug, PartialEq, Eq)]
        struct Register {
            address wallet;
            uint256 agent;
            /// EIP-712 digest of the route update.
            bytes32 route;
            /// keccak256 of the session secret, or zero when no stream is wanted.
            bytes32 session;
            bool share;
            bytes32 nonce;
            uint64 expiry;
        }

        /// A wallet opens a stream.
        #[derive(Debug, PartialEq, Eq)]
        struct Listen {
            address wallet;
            uint256 agent;
            /// keccak256 of the session secret.
            bytes32 session;
            /// Whether other streams of this wallet may stay open.
            bool share;
            bytes32 nonce;
            uint64 expiry;
        }
    }
}

/// A route update as its wallet signed it; anybody may submit it to the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRoute {
    /// What the wallet says.
    pub update: RouteUpdate,
    /// The wallet's nonce at the contract.
    pub nonce: U256,
    /// Until when the contract accepts it, unix seconds.
    pub deadline: U256,
    /// 65 bytes by the wallet.
    pub signature: [u8; 65],
}

impl SignedRoute {
    /// Signs an update.
    ///
    /// # Errors
    /// [`RequestError::Signing`].
    pub fn sign(
        network: &Network,
        wallet: &PrivateKeySigner,
        update: RouteUpdate,
        nonce: U256,
        deadline: U256,
    ) -> Result<Self, RequestError> {
        let digest = route_digest(network, &update, nonce, deadline);
        let signature = sign(wallet, &digest)?;
        Ok(Self { update, nonce, deadline, signature })
    }

    /// What the wallet signed.
    #[must_use]
    pub fn digest(&self, network: &Network) -> B256 {
        route_digest(network, &self.update, self.nonce, self.deadline)
    }
}

fn sign(wallet: &PrivateKeySigner, digest: &B256) -> Result<[u8; 65], RequestError> {
    wallet
        .sign_hash_sync(digest)
        .map(|signature| signature.as_bytes())
        .map_err(|error| RequestError::Signing(error.to_string()))
}

fn route_digest(network: &Network, update: &RouteUpdate, nonce: U256, deadline: U256) -> B256 {
    Route::new(update, nonce, deadline)
        .eip712_signing_hash(&route_domain(network.chain_id, network.routes))
}

/// A request as an agent finds it in a parcel.
#[derive(Debug, Clone)]
pub enum Request {
    /// Make this agent the wallet's own, and open a stream if a secret is given.
    Register {
        /// What was signed.
        body: Register,
        /// The update to submit.
        route: Box<SignedRoute>,
        /// The session secret, when a stream is wanted.
        secret: Option<SessionSecret>,
        /// By the wallet.
        signature: [u8; 65],
    },
    /// Open a stream.
    Listen {
        /// What was signed.
        body: Listen,
        /// The session secret.
        secret: SessionSecret,
        /// By the wallet.
        signature: [u8; 65],
    },
    /// What does the chain say of these wallets?
    Lookup {
        /// At most [`LOOKUP_WALLETS_MAX`].
        wallets: Vec<Address>,
    },
}

/// Why a request is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Unknown type or not its encoding.
    #[error("the request is not well formed: {0}")]
    Malformed(&'static str),
    /// For another agent.
    #[error("addressed to agent {found}, expected {expected}")]
    OtherAgent {
        /// This agent's id.
        expected: U256,
        /// The id in the request.
        found: U256,
    },
    /// Past its expiry, by the agent's clock.
    #[error("expired at {expiry}, the agent's clock says {now}")]
    Expired {
        /// Expiry, unix seconds.
        expiry: u64,
        /// The agent's clock, unix seconds.
        now: u64,
    },
    /// Expires too far ahead: the client's clock is wrong, or it wants to be replayed.
    #[error(
        "expires at {expiry}, more than {EXPIRY_SECONDS_MAX} s ahead of the agent's clock {now}"
    )]
    TooFarAhead {
        /// Expiry, unix seconds.
        expiry: u64,
        /// The agent's clock, unix seconds.
        now: u64,
    },
    /// The signature, or the secret it commits to, does not fit.
    #[error("not signed by {expected}")]
    Signature {
        /// The claimed wallet.
        expected: Address,
    },
    /// The route update inside is not the one signed for.
    #[error("the route update is not the one that {wallet} signed for")]
    RouteMismatch {
        /// The claimed wallet.
        wallet: Address,
    },
    /// The wallet could not sign.
    #[error("the wallet cannot sign: {0}")]
    Signing(String),
}

impl RequestError {
    /// What the refusal says to the client.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::Malformed(_) | Self::Signing(_) => Status::Malformed,
            Self::OtherAgent { .. } => Status::WrongAddressee,
            Self::Expired { .. } | Self::TooFarAhead { .. } => Status::Expired,
            Self::Signature { .. } | Self::RouteMismatch { .. } => Status::BadSignature,
        }
    }
}

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

/// What a node knows of the wallets in a look-up. Each record carries its wallet's
/// signature, so its reader need not trust the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupAnswer {
    /// The block that was read.
    pub block: u64,
    /// Its time, unix seconds.
    pub timestamp: u64,
    /// One for each wallet that ever set a route.
    pub records: Vec<RouteRecord>,
}

impl LookupAnswer {
    /// Encodes for an answer's body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        (self.block, self.timestamp, self.records.clone()).abi_encode_params()
    }

    /// Reads an answer's body.
    ///
    /// # Errors
    /// [`RequestError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RequestError> {
        let (block, timestamp, records) =
            <(u64, u64, Vec<RouteRecord>)>::abi_decode_params_validate(bytes)
                .map_err(|_| RequestError::Malformed("not its ABI encoding"))?;
        if records.len() > LOOKUP_WALLETS_MAX {
            return Err(RequestError::Malformed("number of records"));
        }
        Ok(Self { block, timestamp, records })
    }
}

/// What a client chooses for a signed request.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The agent's node id.
    pub agent: U256,
    /// Whether other streams of this wallet may stay open.
    pub share: bool,
    /// Random.
    pub nonce: B256,
    /// Unix seconds.
    pub expiry: u64,
}

impl Request {
    /// Signs a registration.
    ///
    /// # Errors
    /// [`RequestError::Signing`].
    pub fn register(
        network: &Network,
        wallet: &PrivateKeySigner,
        terms: &Terms,
        route: SignedRoute,
        secret: Option<SessionSecret>,
    ) -> Result<Self, RequestError> {
        let body = Register {
            wallet: wallet.address(),
            agent: terms.agent,
            route: route.digest(network),
            session: secret.as_ref().map(SessionSecret::commitment).unwrap_or_default(),
            share: terms.share,
            nonce: terms.nonce,
            expiry: terms.expiry,
        };
        let signature = sign(wallet, &body.eip712_signing_hash(&network.request_domain()))?;
        Ok(Self::Register { body, route: Box::new(route), secret, signature })
    }

    /// Signs a listen request.
    ///
    /// # Errors
    /// [`RequestError::Signing`].
    pub fn listen(
        network: &Network,
        wallet: &PrivateKeySigner,
        terms: &Terms,
        secret: SessionSecret,
    ) -> Result<Self, RequestError> {
        let body = Listen {
            wallet: wallet.address(),
            agent: terms.agent,
            session: secret.commitment(),
            share: terms.share,
            nonce: terms.nonce,
            expiry: terms.expiry,
        };
        let signature = sign(wallet, &body.eip712_signing_hash(&network.request_domain()))?;
        Ok(Self::Listen { body, secret, signature })
    }

    /// The EIP-712 digest that names this request, if it is signed.
    #[must_use]
    pub fn digest(&self, network: &Network) -> Option<B256> {
        let domain = network.request_domain();
        match self {
            Self::Register { body, .. } => Some(body.eip712_signing_hash(&domain)),
            Self::Listen { body, .. } => Some(body.eip712_signing_hash(&domain)),
            Self::Lookup { .. } => None,
        }
    }

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
        const NOT_ABI: RequestError = RequestError::Malformed("not its ABI encoding");
        let (kind, encoded) = bytes.split_first().ok_or(RequestError::Malformed("empty"))?;
        match *kind {
            REGISTER => {
                let wire =
                    encoded::WireRegister::abi_decode_validate(encoded).map_err(|_| NOT_ABI)?;
                decode_register(wire)
            }
            LISTEN => {
                let wire =
                    encoded::WireListen::abi_decode_validate(encoded).map_err(|_| NOT_ABI)?;
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
                let wire =
                    encoded::WireLookup::abi_decode_validate(encoded).map_err(|_| NOT_ABI)?;
                if wire.wallets.is_empty() || wire.wallets.len() > LOOKUP_WALLETS_MAX {
                    return Err(RequestError::Malformed("number of wallets"));
                }
                Ok(Self::Lookup { wallets: wire.wallets })
            }
            _ => Err(RequestError::Malformed("unknown type")),
        }
    }

    /// Checks addressee, time and signatures; answers the request's digest, to be
    /// remembered until it expires. A look-up has none of these.
    ///
    /// # Errors
    /// [`RequestError`] says what does not hold.
    pub fn check(
        &self,
        network: &Network,
        agent: U256,
        now: u64,
    ) -> Result<Option<B256>, RequestError> {
        let (wallet, addressed, expiry, signature) = match self {
            Self::Register { body, signature, .. } => {
                (body.wallet, body.agent, body.expiry, signature)
            }
            Self::Listen { body, signature, .. } => {
                (body.wallet, body.agent, body.expiry, signature)
            }
            Self::Lookup { .. } => return Ok(None),
        };
        if addressed != agent {
            return Err(RequestError::OtherAgent { expected: agent, found: addressed });
        }
        if expiry.saturating_add(CLOCK_SKEW_SECONDS) < now {
            return Err(RequestError::Expired { expiry, now });
        }
        if expiry > now + EXPIRY_SECONDS_MAX + CLOCK_SKEW_SECONDS {
            return Err(RequestError::TooFarAhead { expiry, now });
        }
        let digest = self.digest(network).unwrap_or_default();
        if signer(&digest, signature) != Some(wallet) {
            return Err(RequestError::Signature { expected: wallet });
        }
        if let Self::Register { body, route, .. } = self {
            let route_digest = route.digest(network);
            if body.route != route_digest
                || route.update.wallet != wallet
                || signer(&route_digest, &route.signature) != Some(wallet)
            {
                return Err(RequestError::RouteMismatch { wallet });
            }
        }
        Ok(Some(digest))
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
        keys: conet_bindings::RouteTable::KeySet {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_800_000_000;

    fn network() -> Network {
        Network {
            chain_id: 31_337,
            registry: Address::repeat_byte(1),
            routes: Address::repeat_byte(2),
        }
    }

    fn wallet(byte: u8) -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
    }

    fn terms() -> Terms {
        Terms { agent: U256::from(4), share: true, nonce: B256::repeat_byte(8), expiry: NOW + 60 }
    }

    fn listen() -> Request {
        Request::listen(&network(), &wallet(7), &terms(), SessionSecret::new([3; 32])).unwrap()
    }

    fn register() -> Request {
        let update = RouteUpdate {
            wallet: wallet(7).address(),
            keys: conet_bindings::RouteTable::KeySet {
                certificate: vec![1; 618].into(),
                certificateV4: vec![2; 400].into(),
                handle: B256::repeat_byte(3),
                handleV4: [4; 20].into(),
            },
            epoch: 0,
            agent: U256::from(4),
            expiry: NOW + 1_000_000,
        };
        let route =
            SignedRoute::sign(&network(), &wallet(7), update, U256::ZERO, U256::from(NOW + 600))
                .unwrap();
        Request::register(&network(), &wallet(7), &terms(), route, None).unwrap()
    }

    #[test]
    fn requests_check_after_a_round_trip() {
        for request in [listen(), register()] {
            let read = Request::decode(&request.encode()).unwrap();
            let digest = read.check(&network(), U256::from(4), NOW).unwrap();
            assert_eq!(digest, request.digest(&network()));
        }
        let lookup = Request::Lookup { wallets: vec![Address::ZERO; 2] };
        let read = Request::decode(&lookup.encode()).unwrap();
        assert_eq!(read.check(&network(), U256::ZERO, NOW).unwrap(), None);
    }

    #[test]
    fn a_request_counts_only_where_and_when_it_was_meant_to() {
        let check = |network: &Network, agent: u64, now| {
            Request::decode(&listen().encode())
                .unwrap()
                .check(network, U256::from(agent), now)
                .unwrap_err()
                .status()
        };
        assert_eq!(check(&network(), 5, NOW), Status::WrongAddressee);
        assert_eq!(check(&network(), 4, NOW + 60 + CLOCK_SKEW_SECONDS + 1), Status::Expired);
        assert_eq!(check(&network(), 4, NOW - EXPIRY_SECONDS_MAX - 100), Status::Expired);
        let other_chain = Network { chain_id: 1, ..network() };
        assert_eq!(check(&other_chain, 4, NOW), Status::BadSignature);
        let other_contract = Network { registry: Address::ZERO, ..network() };
        assert_eq!(check(&other_contract, 4, NOW), Status::BadSignature);
    }

    #[test]
    fn a_flipped_byte_changes_nothing_or_is_refused() {
        for request in [listen(), register()] {
            let bytes = request.encode();
            let original = request.digest(&network());
            for at in 0..bytes.len() {
                let mut bad = bytes.clone();
                bad[at] ^= 1;
                // ABI padding carries nothing: such a request has the digest that is remembered.
                let digest = Request::decode(&bad)
                    .and_then(|read| read.check(&network(), U256::from(4), NOW))
                    .unwrap_or_default();
                assert!(digest.is_none() || digest == original, "byte {at} of {}", bytes.len());
            }
        }
    }

    #[test]
    fn a_lookup_is_bounded() {
        for count in [0, LOOKUP_WALLETS_MAX + 1] {
            let lookup = Request::Lookup { wallets: vec![Address::ZERO; count] };
            assert!(Request::decode(&lookup.encode()).is_err());
        }
    }

    proptest! {
        #[test]
        fn strangers_cannot_panic_the_decoder(kind in 0..5_u8, bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = Request::decode(&[&[kind], &bytes[..]].concat());
        }
    }
}
