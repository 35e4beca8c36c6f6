//! Listening: messages as they come, acknowledged when they are safe here.
//!
//! White paper, *Send Peer-to-Peer*, steps 17–25, and *Get offline messages*.

mod acks;
mod connection;
mod delivery;
mod mailboxes;
mod opened;

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy::primitives::{Address, B256, U256};
use conet_wire::{
    openpgp::Decryptor,
    parcel::Status,
    session::{Frame, Notice},
};

pub use delivery::{Body, Delivery};

use crate::{
    client::Client,
    error::ClientError,
    keystore::Wallet,
    limits::{RECONNECT_BACKOFF_FIRST, RECONNECT_BACKOFF_MAX},
};
use acks::Place;
use connection::Connection;
use mailboxes::Mailbox;

/// How to listen.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListenOptions {
    /// The relay to listen through.
    pub via: Option<U256>,
    /// Let other listeners of this wallet go on; each message goes to one of them.
    pub share: bool,
}

/// What happens while listening.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A stream is open.
    Connected {
        /// The agent.
        agent: U256,
        /// The relay in between.
        relay: U256,
    },
    /// A message to show. Confirm or save it, or it comes again.
    Message(Box<Delivery>),
    /// A part of a large message is safe; more are to come.
    Part {
        /// Who sends it.
        from: Address,
        /// Its id.
        id: B256,
        /// Parts that are here.
        have: u32,
        /// Parts in all.
        parts: u32,
    },
    /// What waited in the mailbox has come; what follows is new.
    Drained,
    /// A message that can never be shown was refused, and why.
    Refused {
        /// Why.
        reason: String,
    },
    /// The stream broke, and is opened again after a pause.
    Disconnected {
        /// What happened.
        reason: String,
        /// The pause.
        retry_in: Duration,
    },
}

/// What a message is known by here: one is never shown twice.
type ShownKey = B256;

/// Listens for one wallet.
///
/// [`next`](Self::next) gives one event after the other, and opens the stream
/// again, through another relay, whenever it breaks. A message is acknowledged
/// only after [`confirm`](Self::confirm) or [`save`](Self::save):
///
/// - *show, then `confirm`*: at least once. Killed in between, it is shown again.
/// - *`save`*: exactly once. Killed at any point, one file appears, once.
///
/// Call [`close`](Self::close) at the end, so that the last acknowledgements
/// arrive. All calls may be cancelled; nothing is lost by that.
#[derive(Debug)]
pub struct Listener {
    client: Client,
    wallet: Arc<Wallet>,
    options: ListenOptions,
    keys: Decryptor,
    /// Agents to listen to, one after the other: those that the wallet left, until
    /// they have nothing more, then its own.
    agents: VecDeque<Mailbox>,
    connection: Option<Connection>,
    frames: VecDeque<Frame>,
    events: VecDeque<Event>,
    /// Handed out, and not confirmed: where they stand in the stream.
    pending: HashMap<ShownKey, Vec<Place>>,
    streams: u64,
    backoff: Duration,
    pause_until: Option<tokio::time::Instant>,
    /// Whether a file was saved: the folder was tidied up then.
    saved: bool,
}

impl Client {
    /// Starts to listen for `wallet`. Files that a killed process left without
    /// their names get them now.
    ///
    /// # Errors
    /// [`ClientError::NotRegistered`] when no agent keeps its mailbox.
    pub async fn listen(
        &self,
        wallet: Arc<Wallet>,
        options: ListenOptions,
    ) -> Result<Listener, ClientError> {
        let address = wallet.address();
        let finished = self.0.state.run(move |state| state.finish_saving(address)).await?;
        for path in finished {
            tracing::info!(path = %path.display(), "finished what a killed process had begun");
        }
        let agents = self.mailboxes(address).await?;
        Ok(Listener {
            client: self.clone(),
            keys: wallet.decryptor()?,
            wallet,
            options,
            agents,
            connection: None,
            frames: VecDeque::new(),
            events: VecDeque::new(),
            pending: HashMap::new(),
            streams: 0,
            backoff: RECONNECT_BACKOFF_FIRST,
            pause_until: None,
            saved: false,
        })
    }
}

impl Listener {
    /// The next event; waits for it.
    ///
    /// # Errors
    /// [`ClientError`] when going on makes no sense: another listener took over,
    /// the agent refuses, the disk fails. Broken connections are no errors.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if let Some(frame) = self.frames.front() {
                // Taken off only when it is dealt with: this call may be cancelled.
                let frame = frame.clone();
                self.frame(frame).await?;
                self.frames.pop_front();
                continue;
            }
            let Some(connection) = &mut self.connection else {
                self.connect().await?;
                continue;
            };
            match connection.next_frames(&mut self.frames).await {
                Ok(true) => {}
                Ok(false) => self.disconnected("the stream ended".into()),
                Err(reason) => self.disconnected(reason),
            }
        }
    }

    /// Says that a message was shown. Do this after it was.
    ///
    /// # Errors
    /// [`ClientError::State`]; the message then comes again.
    pub async fn confirm(&mut self, delivery: Delivery) -> Result<(), ClientError> {
        let (reader, key, expires_at) = (self.wallet.address(), delivery.key, delivery.expires_at);
        let parts = delivery.parts_key();
        let note = move |state: &crate::state::State| {
            state.note_shown(reader, key, expires_at)?;
            parts.map_or(Ok(()), |parts| state.drop_parts(&parts))
        };
        self.client.0.state.run(note).await?;
        self.settle(key);
        Ok(())
    }

    /// Writes a message into a file of `dir`, exactly once, and confirms it.
    /// `None`: another listener of this home had shown it already.
    ///
    /// # Errors
    /// [`ClientError::State`]; the message then comes again.
    pub async fn save(
        &mut self,
        delivery: Delivery,
        dir: &Path,
    ) -> Result<Option<PathBuf>, ClientError> {
        let (reader, key, dir) = (self.wallet.address(), delivery.key, dir.to_owned());
        let first = !std::mem::replace(&mut self.saved, true);
        let save = move |state: &crate::state::State| {
            if first && let Err(error) = delivery::remove_abandoned(&dir) {
                tracing::debug!(%error, "abandoned files could not be removed");
            }
            delivery.save(state, reader, &dir)
        };
        let path = self.client.0.state.run(save).await?;
        self.settle(key);
        Ok(path)
    }

    /// Sends the last acknowledgements and ends the stream.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }

    /// A message is safe: its places in the stream may be acknowledged.
    fn settle(&mut self, key: ShownKey) {
        let places = self.pending.remove(&key).unwrap_or_default();
        if let Some(connection) = &mut self.connection {
            for place in places {
                connection.acks.done(place);
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ClientError> {
        if let Some(until) = self.pause_until {
            tokio::time::sleep_until(until).await;
            self.pause_until = None;
        }
        let Some(Mailbox { agent, .. }) = self.agents.front().copied() else {
            return Err(ClientError::NotRegistered { wallet: self.wallet.address() });
        };
        self.streams += 1;
        let opened =
            connection::open(&self.client, &self.wallet, agent, self.options, self.streams);
        match opened.await {
            Ok(connection) => {
                let relay = connection.relay;
                self.connection = Some(connection);
                self.events.push_back(Event::Connected { agent, relay });
                Ok(())
            }
            Err(error) if self.is_former() && !matches!(error, ClientError::State(_)) => {
                // It may be gone for good; its mail is asked for again next time.
                self.agents.pop_front();
                let reason = format!("agent {agent}, which this wallet left: {error}");
                self.events.push_back(Event::Refused { reason });
                Ok(())
            }
            Err(error) if is_passing(&error) => {
                self.disconnected(error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the agent at hand is one that the wallet has left.
    fn is_former(&self) -> bool {
        self.agents.front().is_some_and(|mailbox| mailbox.former)
    }

    fn disconnected(&mut self, reason: String) {
        self.connection = None;
        self.frames.clear();
        // Where they stood in a stream that is gone means nothing in the next one.
        self.pending.values_mut().for_each(Vec::clear);
        // Jitter, so that an agent's clients do not all come back at once.
        let retry_in = self.backoff.mul_f64(rand::random_range(0.5..1.0));
        self.backoff = (self.backoff * 2).min(RECONNECT_BACKOFF_MAX);
        self.pause_until = Some(tokio::time::Instant::now() + retry_in);
        self.events.push_back(Event::Disconnected { reason, retry_in });
    }

    async fn frame(&mut self, frame: Frame) -> Result<(), ClientError> {
        match frame {
            Frame::Opened { .. } => {
                self.backoff = RECONNECT_BACKOFF_FIRST;
                Ok(())
            }
            Frame::Message { index, received_at, n1, .. } => {
                let place = Place { stream: self.streams, index };
                self.message(place, received_at, &n1).await
            }
            Frame::Drained if self.is_former() => self.next_agent().await,
            Frame::Drained => {
                self.events.push_back(Event::Drained);
                Ok(())
            }
            Frame::Notice(notice) => self.notice(notice).await,
            // No mailbox has any.
            Frame::Bytes(_) => Ok(()),
        }
    }

    /// A former agent has nothing more, once everything that came is confirmed.
    async fn next_agent(&mut self) -> Result<(), ClientError> {
        let nothing_waits = self.pending.values().all(Vec::is_empty);
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        if let Some(Mailbox { agent, .. }) = self.agents.pop_front()
            && nothing_waits
        {
            let wallet = self.wallet.address();
            self.client.0.state.run(move |state| state.forget_agent(wallet, agent)).await?;
        }
        self.pending.values_mut().for_each(Vec::clear);
        Ok(())
    }

    async fn notice(&mut self, notice: Notice) -> Result<(), ClientError> {
        match notice {
            Notice::Replaced => return Err(ClientError::Replaced),
            Notice::Moved => {
                let wallet = self.wallet.address();
                self.client.forget_route(&wallet);
                let agent = self.client.agent_by_route(wallet, &[]).await?;
                // Another device moved the wallet; what waits at the old agent comes first.
                let former = self.agents.drain(..).filter(|mailbox| mailbox.agent != agent);
                let former = former.map(|mailbox| Mailbox { former: true, ..mailbox });
                let own = Mailbox { agent, former: false };
                self.agents = former.chain([own]).collect();
                self.disconnected("the wallet has another agent now".into());
            }
            Notice::ShuttingDown => self.disconnected("the agent is going down".into()),
            Notice::TooSlow => {
                self.disconnected("the agent waited too long for acknowledgements".into());
            }
        }
        Ok(())
    }
}

/// Whether trying again may help.
fn is_passing(error: &ClientError) -> bool {
    match error {
        ClientError::Relays { .. } => true,
        ClientError::Refused { status, .. } => {
            matches!(status, Status::Busy | Status::Unavailable | Status::Replayed)
        }
        ClientError::Chain(error) => error.is_connection(),
        _ => false,
    }
}
