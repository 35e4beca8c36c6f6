//! Where what is sealed to this node is opened, and goes to the part of the program
//! that it is for: mail and its requests to the agent, the ledgers' to the ledgers.

use std::sync::Arc;

use bytes::Bytes;
use conet_wire::{
    openpgp::{Decryptor, OpenLimits, open},
    parcel::{self, Answer, Content, Parcel, ReplyKey, Status},
    sizes::N2_MAX,
};

use crate::{
    agent::{Agent, Carried, Outcome, push::PushStream},
    clock,
    ledgers::{LedgerCounter, LedgerStream},
    metrics::{AgentMetrics, ParcelKind},
};

/// What a node says to a parcel.
#[derive(Debug)]
pub enum Reply {
    /// Sealed with the parcel's reply key: only its sender can read it.
    Sealed(Vec<u8>),
    /// To a sender with ordinary OpenPGP tools, who gave no reply key.
    Plain(Status),
    /// A mailbox's stream.
    Stream(Box<PushStream>),
    /// A participant's.
    Ledgers(Box<LedgerStream>),
}

/// Opens what is sealed to this node.
#[derive(Debug)]
pub struct Desk {
    /// The node's OpenPGP keys.
    pub(crate) keys: Decryptor,
    /// The agent role, if the node has it.
    pub(crate) agent: Option<Arc<Agent>>,
    /// The ledgers' part, if it has a seat.
    pub(crate) ledgers: LedgerCounter,
    /// Counters.
    pub(crate) metrics: AgentMetrics,
}

impl Desk {
    /// Whether anybody here takes parcels.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.agent.is_some() || self.ledgers.is_open()
    }

    /// Takes an N2 and does what it says.
    pub async fn handle(&self, n2: &Bytes, want_stream: bool) -> Reply {
        let (kind, status, reply) = self.handle_inner(n2, want_stream).await;
        self.metrics.count(kind, status);
        reply
    }

    async fn handle_inner(&self, n2: &[u8], want_stream: bool) -> (ParcelKind, Status, Reply) {
        let plain = |kind, status| (kind, status, Reply::Plain(status));
        let limits = OpenLimits { plaintext_bytes_max: N2_MAX, ..OpenLimits::default() };
        let opened = match open(n2, &self.keys, limits) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::debug!(%error, "refused: an N2 does not open");
                return plain(ParcelKind::Unread, Status::Malformed);
            }
        };
        match parcel::decode(&opened.plaintext) {
            Err(error) => {
                tracing::debug!(%error, "refused: no parcel inside");
                plain(ParcelKind::Unread, Status::Malformed)
            }
            Ok(Parcel::Open(n1)) => match &self.agent {
                Some(agent) => plain(ParcelKind::Mail, agent.deliver_mail(n1).await.status()),
                None => plain(ParcelKind::Mail, Status::UnknownRecipient),
            },
            Ok(Parcel::Sealed { content, reply_key, body }) => {
                let (kind, carried) = self.carry_out(content, body, want_stream).await;
                let (status, reply) = match carried {
                    Carried::Stream(stream) => (Status::Done, Reply::Stream(stream)),
                    Carried::Ledgers(stream) => (Status::Done, Reply::Ledgers(stream)),
                    Carried::Answer(outcome) => (outcome.status(), seal(outcome, &reply_key)),
                };
                (kind, status, reply)
            }
        }
    }

    async fn carry_out(
        &self,
        content: Content,
        body: &[u8],
        want_stream: bool,
    ) -> (ParcelKind, Carried) {
        match (content, &self.agent) {
            (Content::Ledgers, _) => {
                (ParcelKind::Ledgers, self.ledgers.carry_out(body, want_stream))
            }
            (content, Some(agent)) => agent.carry_out(content, body, want_stream).await,
            (_, None) => {
                let reason = "expected an agent, found a node without that role";
                let refusal = Outcome::because(Status::WrongAddressee, &reason);
                (ParcelKind::Unread, Carried::Answer(refusal))
            }
        }
    }
}

fn seal(outcome: Outcome, key: &ReplyKey) -> Reply {
    let (status, body) = outcome.into_parts();
    let answer = Answer { status, agent_clock: clock::unix_milliseconds(), body };
    match answer.seal(key) {
        Ok(sealed) => Reply::Sealed(sealed),
        Err(error) => {
            tracing::error!(%error, "an answer could not be sealed");
            Reply::Plain(Status::Unavailable)
        }
    }
}
