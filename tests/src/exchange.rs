//! What travels between a client, a relay and an agent, each step by itself.

use std::{io, net::SocketAddr};

use alloy::primitives::Address;
use conet_wire::{
    message::Kind,
    openpgp::{PublicCertificate, capacity, seal_exact},
    parcel::{self, Answer, Content, ReplyKey, Status},
    relay::RelayStatus,
    request::{LookupAnswer, Request},
    sizes::{N2_MAX, WIRE_SIZES, n2_len},
    veil::{Envelope, EnvelopeKind, ResponseOpener},
};

use crate::{
    http::{self, Response},
    node::Contact,
    now_seconds,
};

/// The longest N1 of the veil profile.
pub const N1_MAX: usize = match capacity(N2_MAX) {
    Some(most) => most - parcel::OVERHEAD,
    None => 0,
};

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
