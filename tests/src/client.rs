//! A client of its own, straight from `conet_wire`: every step can be taken apart.

use std::{io, net::SocketAddr};

use alloy::primitives::{Address, B256, U256};
use conet_bindings::RouteTable::RouteUpdate;
use conet_chain::ChainReader;
use conet_wire::{
    message::{self, Header, Kind, Message},
    network::Network,
    openpgp::{OpenLimits, PublicCertificate, capacity, open, seal_exact},
    parcel::{self, Answer, Content, ReplyKey, Status},
    relay::RelayStatus,
    request::{LookupAnswer, Request, SignedRoute, Terms},
    session::{SessionBinding, SessionSecret},
    sizes::{WIRE_SIZES, n2_len},
    veil::{Envelope, EnvelopeKind, ResponseOpener},
};

use crate::{
    http::{self, Response},
    node::Contact,
    now_milliseconds, now_seconds,
    stream::Stream,
    wallet::Wallet,
};

/// How long a route of the stories is good, seconds.
const ROUTE_SECONDS: u64 = 30 * 86_400;

/// Why there is no sealed answer of the agent.
#[derive(Debug)]
pub enum Failure {
    /// The connection broke, or never was.
    Connection(io::Error),
    /// The relay answered like a web site.
    Site(Response),
    /// What came back does not open: changed on the way, or not for us.
    Unsealed(String),
    /// The relay could not do it.
    Relay(RelayStatus),
    /// The agent refused without a seal: it could not read the parcel.
    Plain(Status),
    /// A stream was asked for, and the agent answered instead.
    Refused(Answer),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

/// A sealed request, ready to be posted, and what opens its answer.
#[derive(Debug)]
pub struct Sealed {
    /// The body for the relay.
    pub body: Vec<u8>,
    /// Opens the relay's half of the answer.
    pub opener: ResponseOpener,
    /// Opens the agent's half.
    pub reply_key: ReplyKey,
}

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

/// The smallest N2 that holds a plaintext of this length.
///
/// # Panics
/// When none does.
#[must_use]
pub fn n2_len_for(plaintext: usize) -> usize {
    let fits = |size: &usize| capacity(*size).is_some_and(|most| most >= plaintext);
    WIRE_SIZES.into_iter().map(n2_len).find(fits).expect("it fits the largest wire size")
}

/// The smallest N1 of the table that holds a plaintext of this length.
///
/// # Panics
/// When none does.
#[must_use]
pub fn n1_len_for(plaintext: usize) -> usize {
    let n1_len = |size: usize| capacity(n2_len(size)).expect("an N2") - parcel::OVERHEAD;
    let fits = |len: &usize| capacity(*len).is_some_and(|most| most >= plaintext);
    WIRE_SIZES.into_iter().map(n1_len).find(fits).expect("it fits the largest wire size")
}

/// Seals a parcel for an agent, around it an envelope for a relay.
///
/// # Panics
/// When the content is too long.
#[must_use]
pub fn seal(
    relay: &Contact,
    agent: &PublicCertificate,
    kind: EnvelopeKind,
    content: Content,
    body: &[u8],
) -> Sealed {
    let reply_key = ReplyKey::new(rand::random());
    let parcel = parcel::encode(content, &reply_key, body);
    let n2 = seal_exact(&parcel, n2_len_for(parcel.len()), agent).expect("an N2");
    let (body, opener) = envelope(relay, kind, &n2);
    Sealed { body, opener, reply_key }
}

/// An envelope of this minute.
///
/// # Panics
/// When the N2 is too long.
#[must_use]
pub fn envelope(relay: &Contact, kind: EnvelopeKind, n2: &[u8]) -> (Vec<u8>, ResponseOpener) {
    let minute = u32::try_from(now_seconds() / 60).expect("a minute");
    Envelope::seal(&relay.transport, kind, minute, n2, &mut rand::rng()).expect("an envelope")
}

/// Opens what a relay answered.
///
/// # Errors
/// [`Failure`] when it is not the agent's own, unchanged answer.
pub fn open_answer(
    response: Response,
    opener: ResponseOpener,
    reply_key: &ReplyKey,
) -> Result<Answer, Failure> {
    let unsealed = |error: &dyn std::fmt::Display| Failure::Unsealed(error.to_string());
    if response.status != 200 {
        return Err(Failure::Site(response));
    }
    let mut body = response.body;
    let opened = opener.open_answer(&mut body).map_err(|error| unsealed(&error))?;
    match RelayStatus::from_byte(opened.status) {
        Some(RelayStatus::Answered) => {
            Answer::open(reply_key, opened.body).map_err(|error| unsealed(&error))
        }
        Some(RelayStatus::AnsweredPlain) => {
            let status = opened.body.first().copied().and_then(Status::from_byte);
            Err(Failure::Plain(status.ok_or_else(|| unsealed(&"an unknown status"))?))
        }
        Some(status) => Err(Failure::Relay(status)),
        None => Err(unsealed(&"an unknown status")),
    }
}

/// Asks an agent something through a relay.
///
/// # Errors
/// [`Failure`] when there is no sealed answer.
pub async fn exchange(
    relay: &Contact,
    agent: &Contact,
    content: Content,
    body: &[u8],
) -> Result<Answer, Failure> {
    let sealed = seal(relay, &agent.certificate, EnvelopeKind::Forward, content, body);
    let response = post_envelope(relay, &sealed.body).await?;
    open_answer(response, sealed.opener, &sealed.reply_key)
}

/// Posts an envelope as the relay's web profile wants it.
///
/// # Errors
/// When there is no answer.
pub async fn post_envelope(relay: &Contact, body: &[u8]) -> io::Result<Response> {
    http::request(relay.address, &relay.veil_head(body.len()), body).await
}

/// Delivers an N1 through a relay.
///
/// # Errors
/// [`Failure`] when there is no sealed answer.
pub async fn deliver(relay: &Contact, agent: &Contact, n1: &[u8]) -> Result<Answer, Failure> {
    exchange(relay, agent, Content::Message(Kind::Mail), n1).await
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

/// Looks routes up through a relay, at another node.
///
/// # Errors
/// [`Failure`] when there is no sealed answer.
///
/// # Panics
/// When a good answer holds no routes.
pub async fn look_up(
    relay: &Contact,
    node: &Contact,
    wallets: &[Address],
) -> Result<LookupAnswer, Failure> {
    let request = Request::Lookup { wallets: wallets.to_vec() };
    let answer = exchange(relay, node, Content::Request, &request.encode()).await?;
    if answer.status != Status::Done {
        return Err(Failure::Refused(answer));
    }
    Ok(LookupAnswer::decode(&answer.body).expect("routes"))
}

/// Posts to the open profile.
///
/// # Errors
/// When there is no answer.
pub async fn post_open(relay: SocketAddr, n2: &[u8]) -> io::Result<Response> {
    http::post(relay, "/post", n2).await
}

/// The status of a sealed answer.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn status(answer: Result<Answer, Failure>) -> Status {
    answer.expect("a sealed answer").status
}
