//! A client of its own, straight from `conet_wire`: every step can be taken apart.

use alloy::primitives::{Address, B256, U256};
use conet_bindings::RouteTable::RouteUpdate;
use conet_chain::ChainReader;
use conet_wire::{
    message::{self, Header, Kind, Message},
    network::Network,
    openpgp::{OpenLimits, PublicCertificate, open, seal_exact},
    parcel::{Answer, Content},
    request::{Request, SignedRoute, Terms},
    session::{SessionBinding, SessionSecret},
    veil::EnvelopeKind,
};

pub use crate::exchange::{
    Failure, N1_MAX, Sealed, deliver, envelope, exchange, look_up, n1_len_for, n2_len_for,
    open_answer, post_envelope, post_open, seal, status,
};
use crate::{node::Contact, now_milliseconds, now_seconds, stream::Stream, wallet::Wallet};

/// How long a route of the stories is good, seconds.
const ROUTE_SECONDS: u64 = 30 * 86_400;

/// A wallet that talks.
#[derive(Clone)]
pub struct Client {
    /// Which CoNET.
    pub network: Network,
    /// The chain.
    pub reader: ChainReader,
    /// The wallet.
    pub wallet: Wallet,
}

impl Client {
    /// A new wallet on this network.
    #[must_use]
    pub fn new(world: &crate::world::World) -> Self {
        Self { network: world.network, reader: world.reader.clone(), wallet: Wallet::new() }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.wallet.address()
    }

    /// What it sees of a message to it: who signed it, and the content.
    ///
    /// # Errors
    /// Why it does not open, or does not hold.
    pub fn read(&self, n1: &[u8]) -> Result<(Option<Address>, Vec<u8>), String> {
        let opened = open(n1, self.wallet.decryptor(), OpenLimits::default());
        let opened = opened.map_err(|error| error.to_string())?;
        match message::decode(&self.network, self.address(), &opened.plaintext) {
            Ok(Message::Signed(header, content)) => Ok((Some(header.from), content.to_vec())),
            Ok(Message::Unsigned(content)) => Ok((None, content.to_vec())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A signed message: an N1.
    ///
    /// # Panics
    /// When the text is too long.
    #[must_use]
    pub fn write(&self, to: &PublicCertificate, text: &[u8]) -> Vec<u8> {
        self.write_as(to, text, Kind::Mail)
    }

    /// A signed message of a kind.
    ///
    /// # Panics
    /// When the text is too long.
    #[must_use]
    pub fn write_as(&self, to: &PublicCertificate, text: &[u8], kind: Kind) -> Vec<u8> {
        let header = Header {
            from: self.address(),
            to: to.wallet(),
            id: B256::from(rand::random::<[u8; 32]>()),
            sent_at: now_milliseconds(),
            kind,
            part: 0,
            parts: 1,
        };
        let signer = self.wallet.secret.signer();
        let signed = message::encode(&self.network, signer, &header, text).expect("signed");
        seal_exact(&signed, n1_len_for(signed.len()), to).expect("an N1")
    }

    /// Terms of a request to this agent, good for five minutes.
    #[must_use]
    pub fn terms(&self, agent: U256, share: bool) -> Terms {
        let nonce = B256::from(rand::random::<[u8; 32]>());
        Terms { agent, share, nonce, expiry: now_seconds() + 300 }
    }

    /// What the route shall say, with this wallet's present keys.
    #[must_use]
    pub fn route_update(&self, agent: U256) -> RouteUpdate {
        RouteUpdate {
            wallet: self.address(),
            keys: self.wallet.keys(),
            epoch: u32::try_from(self.wallet.identity.epoch()).unwrap_or(u32::MAX),
            agent,
            expiry: now_seconds() + ROUTE_SECONDS,
        }
    }

    /// Signs a route; agent zero leaves.
    ///
    /// # Panics
    /// When the chain does not answer.
    pub async fn sign_route(&self, agent: U256) -> SignedRoute {
        let nonce = self.reader.nonce(self.address()).await.expect("a nonce");
        let deadline = U256::from(now_seconds() + 3_000);
        let signer = self.wallet.secret.signer();
        SignedRoute::sign(&self.network, signer, self.route_update(agent), nonce, deadline)
            .expect("signed")
    }

    /// The request that registers here, with a route that names `route_agent`.
    ///
    /// # Panics
    /// When the chain does not answer.
    pub async fn registration(&self, agent: U256, route_agent: U256) -> Request {
        let route = self.sign_route(route_agent).await;
        let (signer, terms) = (self.wallet.secret.signer(), self.terms(agent, false));
        Request::register(&self.network, signer, &terms, route, None).expect("signed")
    }

    /// Makes an agent this wallet's own.
    ///
    /// # Errors
    /// [`Failure`] when there is no sealed answer.
    pub async fn register(&self, relay: &Contact, agent: &Contact) -> Result<Answer, Failure> {
        let request = self.registration(agent.id, agent.id).await;
        exchange(relay, agent, Content::Request, &request.encode()).await
    }

    /// Registers and keeps the connection: steps 6 to 22 of the white paper.
    ///
    /// # Errors
    /// [`Failure`] when no stream opens.
    ///
    /// # Panics
    /// When the chain does not answer.
    pub async fn register_and_listen(
        &self,
        relay: &Contact,
        agent: &Contact,
    ) -> Result<Stream, Failure> {
        let route = self.sign_route(agent.id).await;
        let secret = SessionSecret::new(rand::random());
        let (signer, terms) = (self.wallet.secret.signer(), self.terms(agent.id, false));
        let request = Request::register(&self.network, signer, &terms, route, Some(secret.clone()))
            .expect("signed");
        self.open_stream(relay, agent, &request, secret).await
    }

    /// Leaves its agent.
    ///
    /// # Errors
    /// [`Failure`] when there is no sealed answer.
    pub async fn leave(&self, relay: &Contact, agent: &Contact) -> Result<Answer, Failure> {
        let request = self.registration(agent.id, U256::ZERO).await;
        exchange(relay, agent, Content::Request, &request.encode()).await
    }

    /// Opens a stream for itself alone.
    ///
    /// # Errors
    /// [`Failure`] when none opens.
    pub async fn listen(&self, relay: &Contact, agent: &Contact) -> Result<Stream, Failure> {
        self.listen_with(relay, agent, &self.terms(agent.id, false)).await
    }

    /// Opens a stream on these terms.
    ///
    /// # Errors
    /// [`Failure`] when none opens.
    ///
    /// # Panics
    /// Never, unless the library fails.
    pub async fn listen_with(
        &self,
        relay: &Contact,
        agent: &Contact,
        terms: &Terms,
    ) -> Result<Stream, Failure> {
        let secret = SessionSecret::new(rand::random());
        let signer = self.wallet.secret.signer();
        let request =
            Request::listen(&self.network, signer, terms, secret.clone()).expect("signed");
        self.open_stream(relay, agent, &request, secret).await
    }

    async fn open_stream(
        &self,
        relay: &Contact,
        agent: &Contact,
        request: &Request,
        secret: SessionSecret,
    ) -> Result<Stream, Failure> {
        let binding = SessionBinding {
            wallet: self.address(),
            agent: agent.id,
            request: request.digest(&self.network).expect("a signed request"),
        };
        let body = request.encode();
        let sealed = seal(relay, &agent.certificate, EnvelopeKind::Stream, Content::Request, &body);
        Stream::open(relay, agent, sealed, secret, binding).await
    }

    /// Writes to a reader and delivers, once.
    ///
    /// # Errors
    /// [`Failure`] when there is no sealed answer.
    pub async fn send(
        &self,
        relay: &Contact,
        agent: &Contact,
        to: &PublicCertificate,
        text: &str,
    ) -> Result<Answer, Failure> {
        deliver(relay, agent, &self.write(to, text.as_bytes())).await
    }
}
