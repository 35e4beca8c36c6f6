//! Sending: sign, seal to the reader, seal to the reader's agent, and post
//! through a relay until the agent says that it is stored.
//!
//! White paper, *Send Peer-to-Peer*, steps 1–4 and 12. Large contents travel as
//! parts of one message, all of the same size on the wire.

mod content;
mod open;

use std::{sync::Arc, time::Duration};

use alloy::primitives::{Address, B256, U256};
use conet_chain::NodeEntry;
use conet_wire::{
    claim::VerifiedRoute,
    message::{self, Header, Kind},
    openpgp::{seal, seal_exact},
    parcel::{Content as ParcelContent, Status},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

pub use content::Content;
use content::{Layout, Reader};

use crate::{
    client::Client,
    clock,
    error::ClientError,
    exchange::{Parcel, refused},
    keystore::Wallet,
    limits::{ANSWER_TIMEOUT, BUSY_ATTEMPTS_MAX, BUSY_BACKOFF_FIRST, PARTS_CONCURRENT_MAX},
    lookup::LookupOptions,
    relays::Avoid,
};

/// How a message travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// Nothing on the wire but random-looking bytes of a few sizes.
    #[default]
    Veil,
    /// OpenPGP over `POST /post`, as anybody can: the relay's word has to do.
    Open {
        /// To the reader's v4 certificate.
        v4: bool,
    },
}

/// How to send.
#[derive(Debug, Clone, Default)]
pub struct SendOptions {
    /// The relay to use.
    pub via: Option<U256>,
    /// How the message travels.
    pub profile: Profile,
    /// Only to a reader who is listening now; never stored.
    pub live: bool,
    /// Look the route up at the chain's RPC.
    pub direct: bool,
    /// Without a signature: the reader sees no sender.
    pub anonymous: bool,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Parts that the agent has.
    pub parts_done: u32,
    /// Parts in all.
    pub parts: u32,
    /// Bytes of content that the agent has.
    pub bytes_done: u64,
    /// Bytes of content in all.
    pub bytes: u64,
}

/// A message that the reader's agent has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The message's id; `None` for an unsigned one, which carries none.
    pub id: Option<B256>,
    /// The reader.
    pub to: Address,
    /// Bytes of content.
    pub bytes: u64,
    /// Parts that it travelled in.
    pub parts: u32,
    /// The reader's agent.
    pub agent: U256,
    /// The relay of the last part.
    pub relay: U256,
    /// `Done`: stored; `HandedOver`: a live reader has it.
    pub status: Status,
    /// Whether the agent itself said so, sealed; false in the open profile.
    pub by_agent: bool,
    /// What was odd about the route's look-up.
    pub warning: Option<String>,
}

/// Where a message goes.
struct Target {
    route: VerifiedRoute,
    agent: Arc<NodeEntry>,
    avoid: Avoid,
    warning: Option<String>,
}

/// What does not change between the parts of a message.
struct Job<'a> {
    wallet: &'a Wallet,
    to: Address,
    id: B256,
    sent_at: u64,
    options: &'a SendOptions,
    layout: Layout,
}

/// How one part arrived.
struct Arrived {
    relay: U256,
    status: Status,
    bytes: u64,
}

impl Client {
    /// Sends `content` to `to`, and returns when the reader's agent has all of it.
    /// `progress` is called after each part.
    ///
    /// # Errors
    /// [`ClientError`]; the reader gets nothing of an unfinished message.
    pub async fn send(
        &self,
        wallet: &Wallet,
        to: Address,
        content: Content,
        options: &SendOptions,
        progress: impl Fn(Progress) + Send + Sync,
    ) -> Result<Sent, ClientError> {
        let layout = Layout::of(content.len(), options)?;
        let id = B256::from(rand::random::<[u8; 32]>());
        let sent_at = clock::unix_milliseconds();
        let job = Job { wallet, to, id, sent_at, options, layout };
        let mut target = self.target(wallet, to, options, false).await?;
        let mut reader = Reader::new(content);

        // The first part goes alone: it may find that the reader has moved.
        let first = reader.part(&layout, 0).await?;
        let mut arrived = match self.send_part(&job, &target, 0, &first).await {
            Err(error) if says_look_again(&error) => {
                target = self.target(wallet, to, options, true).await?;
                self.send_part(&job, &target, 0, &first).await?
            }
            other => other?,
        };
        let mut done = Progress {
            parts_done: 1,
            parts: layout.parts,
            bytes_done: arrived.bytes,
            bytes: layout.bytes,
        };
        progress(done);

        let reader = tokio::sync::Mutex::new(reader);
        let parts = stream::iter(1..layout.parts).map(|part| {
            let (job, target, reader) = (&job, &target, &reader);
            async move {
                let content = reader.lock().await.part(&job.layout, part).await?;
                self.send_part(job, target, part, &content).await
            }
        });
        let mut parts = parts.buffer_unordered(PARTS_CONCURRENT_MAX);
        while let Some(part) = parts.try_next().await? {
            done.parts_done += 1;
            done.bytes_done += part.bytes;
            progress(done);
            arrived = part;
        }
        Ok(Sent {
            id: (!options.anonymous).then_some(id),
            to,
            bytes: layout.bytes,
            parts: layout.parts,
            agent: target.agent.node.id(),
            relay: arrived.relay,
            status: arrived.status,
            by_agent: options.profile == Profile::Veil,
            warning: target.warning.clone(),
        })
    }

    async fn target(
        &self,
        wallet: &Wallet,
        to: Address,
        options: &SendOptions,
        fresh: bool,
    ) -> Result<Target, ClientError> {
        let own = self.own_agents(wallet.address()).await?;
        let lookup = LookupOptions {
            direct: options.direct,
            fresh,
            via: options.via,
            avoid_agents: own.clone(),
        };
        let found = self.look_up(to, &lookup).await?;
        let warning = found.warning.clone();
        let route = found.verified()?;
        let agent = route.agent().ok_or(ClientError::Left { wallet: to })?;
        let agent = self.agent(agent).await?;
        let directory = self.directory().await?;
        let mut avoid = Avoid::new(options.via).add(&agent);
        for id in own {
            avoid = avoid.add_id(&directory, Some(id));
        }
        Ok(Target { route, agent, avoid, warning })
    }

    async fn send_part(
        &self,
        job: &Job<'_>,
        target: &Target,
        part: u32,
        content: &[u8],
    ) -> Result<Arrived, ClientError> {
        let plaintext = self.plaintext(job, part, content)?;
        let bytes = content.len() as u64;
        if let Profile::Open { v4 } = job.options.profile {
            let relay = self.post_open(&target.route, &target.agent, &target.avoid, &plaintext, v4);
            return Ok(Arrived { relay: relay.await?, status: Status::Done, bytes });
        }
        let to = target.route.certificate();
        let n1 = match job.layout.n1_len {
            Some(n1_len) => seal_exact(&plaintext, n1_len, to)?,
            // Zeros after a text that nobody signed would be part of the text.
            None => seal(&plaintext, to)?,
        };
        let kind = if job.options.live { Kind::Live } else { Kind::Mail };
        // Sealed once: the agent knows it again when it comes on another way.
        let parcel = Parcel::seal(&target.agent, ParcelContent::Message(kind), &n1)?;
        let agent = target.agent.node.id();
        let mut pause: Duration = BUSY_BACKOFF_FIRST;
        for attempt in 0.. {
            let answered =
                self.deliver(&target.avoid, ANSWER_TIMEOUT, || Ok(parcel.clone())).await?;
            let status = answered.answer.status;
            if status.is_success() {
                return Ok(Arrived { relay: answered.relay, status, bytes });
            }
            let passing = matches!(status, Status::Busy | Status::Unavailable);
            if !passing || attempt >= BUSY_ATTEMPTS_MAX {
                return Err(refused(agent, &answered.answer));
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(ClientError::Stopped("sending"))
    }

    fn plaintext(&self, job: &Job<'_>, part: u32, content: &[u8]) -> Result<Vec<u8>, ClientError> {
        if job.options.anonymous {
            return Ok(content.to_vec());
        }
        let header = Header {
            from: job.wallet.address(),
            to: job.to,
            id: job.id,
            sent_at: job.sent_at,
            kind: if job.options.live { Kind::Live } else { Kind::Mail },
            part,
            parts: job.layout.parts,
        };
        Ok(message::encode(&self.network(), job.wallet.signer(), &header, content)?)
    }
}

/// Whether the route may have changed since it was looked up.
fn says_look_again(error: &ClientError) -> bool {
    match error {
        ClientError::Refused { status, .. } => {
            matches!(status, Status::Moved | Status::UnknownRecipient)
        }
        ClientError::OpenRefused { status, .. } => matches!(status, 404 | 410),
        _ => false,
    }
}
