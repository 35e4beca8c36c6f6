//! A parcel to a node through a relay, and its sealed answer back.

use std::{sync::Arc, time::Duration};

use alloy::primitives::U256;
use bytes::Bytes;
use conet_chain::NodeEntry;
use conet_wire::{
    openpgp::{self, seal_exact},
    parcel::{self, Answer, Content, ReplyKey, Status},
    relay::RelayStatus,
    sizes::{N2_MAX, WIRE_SIZES, n2_len},
    veil::{Envelope, EnvelopeKind, StreamOpener},
};

use crate::{
    client::Client,
    clock,
    error::{ClientError, RelayFailure},
    limits::{ANSWER_TIMEOUT, RELAY_ATTEMPTS_MAX},
    relays::Avoid,
    transport::{TransportError, sse::EventStream},
};

/// The pause before a relay that just failed is tried once more, when there is no other.
const SAME_RELAY_PAUSE: Duration = Duration::from_millis(300);

/// A sealed parcel, and the key of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) n2: Bytes,
    pub(crate) key: ReplyKey,
}

impl Parcel {
    /// Seals a parcel to a node, to the length of the smallest wire size that fits.
    pub(crate) fn seal(
        node: &NodeEntry,
        content: Content,
        body: &[u8],
    ) -> Result<Self, ClientError> {
        let key = ReplyKey::new(rand::random());
        let plaintext = parcel::encode(content, &key, body);
        let fits = |size: &usize| {
            openpgp::capacity(n2_len(*size)).is_some_and(|capacity| capacity >= plaintext.len())
        };
        let size = WIRE_SIZES
            .into_iter()
            .find(fits)
            .ok_or(ClientError::TooLong { max: N2_MAX as u64, found: plaintext.len() as u64 })?;
        let n2 = seal_exact(&plaintext, n2_len(size), node.node.certificate())?;
        Ok(Self { n2: n2.into(), key })
    }
}

/// What came back, and through which relay.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) relay: U256,
    /// Relays that were tried.
    pub(crate) attempts: usize,
}

/// A stream that a relay passes on.
#[derive(Debug)]
pub(crate) struct OpenedStream {
    events: EventStream,
    opener: StreamOpener,
    pub(crate) relay: U256,
}

impl OpenedStream {
    /// The agent's next cell; `None` at the end.
    pub(crate) async fn next_cell(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let Some(mut event) = self.events.next().await? else { return Ok(None) };
        let cell = self.opener.open_cell(&mut event)?.len();
        event.truncate(cell);
        Ok(Some(event))
    }
}

/// A stream, or why there is none.
pub(crate) enum StreamAnswer {
    Stream(Box<OpenedStream>),
    Refused(Answered),
}

impl Client {
    /// Delivers a parcel through one relay after the other until the node answers.
    /// `make` is asked for each attempt: a message must stay the same, so that the
    /// agent knows it again; a request must be a new one.
    pub(crate) async fn deliver(
        &self,
        avoid: &Avoid,
        timeout: Duration,
        make: impl FnMut() -> Result<Parcel, ClientError>,
    ) -> Result<Answered, ClientError> {
        self.deliver_over(self.relays_but(avoid).await?, timeout, make).await
    }

    /// The same, through these relays.
    pub(crate) async fn deliver_over(
        &self,
        relays: Vec<Arc<NodeEntry>>,
        timeout: Duration,
        mut make: impl FnMut() -> Result<Parcel, ClientError>,
    ) -> Result<Answered, ClientError> {
        let mut attempts = Attempts { relays, done: 0 };
        loop {
            let relay = attempts.next().await?;
            let parcel = make()?;
            let done = self.attempt(&relay, &parcel, timeout).await;
            match self.judge(&relay, done).await {
                Ok(answer) => {
                    let (relay, attempts) = (relay.node.id(), attempts.done + 1);
                    return Ok(Answered { answer, relay, attempts });
                }
                Err(failure) => attempts.failed(&relay, failure)?,
            }
        }
    }

    /// Opens a stream likewise.
    pub(crate) async fn open_stream(
        &self,
        avoid: &Avoid,
        make: impl FnMut() -> Result<Parcel, ClientError>,
    ) -> Result<StreamAnswer, ClientError> {
        self.open_stream_over(self.relays_but(avoid).await?, ANSWER_TIMEOUT, make).await
    }

    /// The same, through these relays.
    pub(crate) async fn open_stream_over(
        &self,
        relays: Vec<Arc<NodeEntry>>,
        timeout: Duration,
        mut make: impl FnMut() -> Result<Parcel, ClientError>,
    ) -> Result<StreamAnswer, ClientError> {
        let mut attempts = Attempts { relays, done: 0 };
        loop {
            let relay = attempts.next().await?;
            let parcel = make()?;
            let done = self.attempt_stream(&relay, &parcel, timeout).await;
            match self.judge(&relay, done).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => attempts.failed(&relay, failure)?,
            }
        }
    }

    async fn relays_but(&self, avoid: &Avoid) -> Result<Vec<Arc<NodeEntry>>, ClientError> {
        let directory = self.directory().await?;
        self.relays(&directory, avoid)
    }

    async fn judge<T>(
        &self,
        relay: &NodeEntry,
        done: Result<T, RelayFailure>,
    ) -> Result<T, RelayFailure> {
        let failed = done.as_ref().is_err_and(RelayFailure::blames_relay);
        self.note_relay(relay.node.id(), failed).await;
        if let Err(error) = &done {
            tracing::debug!(relay = %relay.node.id(), %error, "a relay did not deliver");
        }
        done
    }

    async fn attempt(
        &self,
        relay: &NodeEntry,
        parcel: &Parcel,
        timeout: Duration,
    ) -> Result<Answer, RelayFailure> {
        let (envelope, response) = seal_envelope(relay, EnvelopeKind::Forward, parcel)?;
        let mut body = self.0.transport.answer(relay, envelope, timeout).await?;
        let opened = response.open_answer(&mut body).map_err(TransportError::from)?;
        agents_answer(opened.status, opened.body, &parcel.key)
    }

    async fn attempt_stream(
        &self,
        relay: &Arc<NodeEntry>,
        parcel: &Parcel,
        timeout: Duration,
    ) -> Result<StreamAnswer, RelayFailure> {
        let (envelope, response) = seal_envelope(relay, EnvelopeKind::Stream, parcel)?;
        let (events, mut first) = self.0.transport.stream(relay, envelope, timeout).await?;
        let (opener, opened) = response.open_stream(&mut first).map_err(TransportError::from)?;
        let relay = relay.node.id();
        if opened.status == RelayStatus::Streaming as u8 {
            let stream = OpenedStream { events, opener, relay };
            return Ok(StreamAnswer::Stream(Box::new(stream)));
        }
        let answer = agents_answer(opened.status, opened.body, &parcel.key)?;
        Ok(StreamAnswer::Refused(Answered { answer, relay, attempts: 1 }))
    }
}

/// The relays for one parcel, one after the other, within bounds.
struct Attempts {
    relays: Vec<Arc<NodeEntry>>,
    done: usize,
}

impl Attempts {
    async fn next(&self) -> Result<Arc<NodeEntry>, ClientError> {
        let known = self.relays.len();
        if self.done >= known {
            tokio::time::sleep(SAME_RELAY_PAUSE).await;
        }
        let at = self.done % known.max(1);
        self.relays.get(at).cloned().ok_or(ClientError::NoRelay { known })
    }

    /// Counts a failure; an error when it was the last attempt.
    fn failed(&mut self, relay: &NodeEntry, last: RelayFailure) -> Result<(), ClientError> {
        self.done += 1;
        let hopeless = matches!(
            last,
            RelayFailure::Unreadable | RelayFailure::Status(RelayStatus::NotAnAgent)
        );
        if self.done >= RELAY_ATTEMPTS_MAX || hopeless {
            let relay = relay.node.id();
            return Err(ClientError::Relays { attempts: self.done, relay, last });
        }
        Ok(())
    }
}

fn seal_envelope(
    relay: &NodeEntry,
    kind: EnvelopeKind,
    parcel: &Parcel,
) -> Result<(Bytes, conet_wire::veil::ResponseOpener), TransportError> {
    let key = relay.node.transport_key();
    let minute = clock::unix_minute();
    let (body, response) = Envelope::seal(&key, kind, minute, &parcel.n2, &mut rand::rng())?;
    Ok((body.into(), response))
}

/// Only what is sealed with the reply key is the node's word.
fn agents_answer(status: u8, body: &[u8], key: &ReplyKey) -> Result<Answer, RelayFailure> {
    match RelayStatus::from_byte(status) {
        Some(RelayStatus::Answered) => {
            Answer::open(key, body).map_err(|error| RelayFailure::NotTheAgent(error.to_string()))
        }
        Some(RelayStatus::AnsweredPlain) => Err(RelayFailure::Unreadable),
        Some(status) => Err(RelayFailure::Status(status)),
        None => Err(RelayFailure::NotTheAgent(format!("unknown status {status}"))),
    }
}

/// The error for an answer that is a refusal.
pub(crate) fn refused(agent: U256, answer: &Answer) -> ClientError {
    let ours = clock::unix_milliseconds();
    let apart = answer.agent_clock.abs_diff(ours) / 1000;
    if answer.status == Status::Expired && apart >= 60 {
        let ahead = ours > answer.agent_clock;
        let direction = if ahead { "ahead of" } else { "behind" };
        return ClientError::Clock { agent, seconds: apart, direction };
    }
    const REASON_CHARS_MAX: usize = 512;
    let reason = String::from_utf8_lossy(&answer.body);
    let reason = reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    ClientError::Refused { agent, status: answer.status, reason }
}
