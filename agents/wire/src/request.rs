//! What a client asks of an agent: register, listen, look up.
//!
//! White paper, *Registers Recipient Node* step 6, and *Get offline messages*
//! step 1. Requests that act for a wallet are EIP-712 typed data: they name the
//! chain, the contract, the agent, a nonce and an expiry, so that none counts
//! twice or elsewhere. A look-up is for somebody else's client and unsigned.

use alloy::{
    primitives::{Address, B256, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolStruct,
};
use conet_bindings::{Route, RouteTable::RouteUpdate, route_domain};

use crate::{message::signer, network::Network, parcel::Status, session::SessionSecret};

mod encoding;
mod lookup;
#[cfg(test)]
mod tests;

pub use lookup::LookupAnswer;
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
