//! Runs an actor, a seat or a participant, on a thread of its own: a step is computation, and nothing that serves
//! connections should wait for it.
//!
//! ```text
//! Inbox ─► step(now, event) ─► records, blocks and states of the step ─► the store's writer, one sync for many steps
//!             ▲                                                                  │ and only then
//!             └── wakes itself when the actor says so                            └─► the step's messages ─► Outlet
//! ```
//!
//! Steps go on while earlier ones are being synced; their messages keep the order of the steps. When the disk refuses, the
//! actor stops: it is ahead of its journal, and must not say so.

mod driver;
mod inbox;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use conet_committee::{
    Action,
    archive::item::Opening,
    keys::NodeId,
    member::Member,
    message::Message,
    seat::{Event, Seat},
};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, oneshot};

pub use inbox::Inbox;

use crate::{
    group::Sitting,
    history::Historian,
    ledgers::{Chains, Finality, OpenError},
    metrics::Metrics,
    open::Begun,
};

/// Limits of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeLimits {
    /// Messages of one node that wait for the actor; its oldest goes first.
    pub inbox_messages_per_node_max: usize,
    /// Bytes of all messages that wait for the actor.
    pub inbox_bytes_max: usize,
    /// Questions and orders of the node itself that wait for the actor.
    pub asks_max: usize,
    /// News of final blocks kept for who listens slowly.
    pub finals_kept_max: usize,
    /// Blocks that others are asked for at once.
    pub fetches_max: usize,
    /// How often they are asked, milliseconds.
    pub fetch_interval_ms: u64,
}

impl Default for RuntimeLimits {
    fn default() -> Self {
        Self {
            inbox_messages_per_node_max: 1_024,
            inbox_bytes_max: 256 << 20,
            asks_max: 4_096,
            finals_kept_max: 4_096,
            fetches_max: 32,
            fetch_interval_ms: 500,
        }
    }
}

/// Where messages leave. Never blocks.
pub trait Outlet: Send + Sync {
    /// Hands a message on.
    fn send(&self, to: NodeId, message: Message);
}

/// What a node is.
pub enum Actor {
    /// An archive node's seat.
    Seat(Box<Seat>),
    /// A participant.
    Member(Box<Member>),
}

impl Actor {
    fn step(&mut self, now_ms: u64, event: Event) -> Vec<Action> {
        match self {
            Self::Seat(seat) => seat.step(now_ms, event),
            Self::Member(member) => member.step(now_ms, event),
        }
    }

    fn wake_ms(&self) -> u64 {
        match self {
            Self::Seat(seat) => seat.wake_ms(),
            Self::Member(member) => member.wake_ms(),
        }
    }

    /// The seat, if it is one.
    #[must_use]
    pub fn seat(&self) -> Option<&Seat> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Member(_) => None,
        }
    }

    /// The participant, if it is one.
    #[must_use]
    pub fn member(&self) -> Option<&Member> {
        match self {
            Self::Seat(_) => None,
            Self::Member(member) => Some(member),
        }
    }
}

/// The actor does not answer: too many ask, or it has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an answer of the actor, found it busy or stopped")]
pub struct NoAnswer;

/// A running actor; cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    inbox: Arc<Inbox>,
    chains: Arc<Chains>,
    finals: broadcast::Sender<Finality>,
    alive: Arc<AtomicBool>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("alive", &self.is_alive()).finish_non_exhaustive()
    }
}

/// What an actor is run with.
pub struct Parts {
    /// The node.
    pub me: NodeId,
    /// What it is.
    pub actor: Actor,
    /// What waits for it.
    pub inbox: Arc<Inbox>,
    /// Its ledgers.
    pub chains: Arc<Chains>,
    /// Where its messages leave.
    pub outlet: Arc<dyn Outlet>,
    /// Its group.
    pub sitting: Sitting,
    /// What it is told before anything else.
    pub told: Vec<Event>,
    /// Its limits.
    pub limits: RuntimeLimits,
    /// What it counts.
    pub metrics: Metrics,
    /// A seat's clock, which stamps what it sees.
    pub(crate) historian: Option<Historian>,
}

impl Runtime {
    /// Starts the actor's thread.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(parts: Parts) -> Result<Self, std::io::Error> {
        let (inbox, chains) = (parts.inbox.clone(), parts.chains.clone());
        let (finals, _) = broadcast::channel(parts.limits.finals_kept_max.max(1));
        let alive = Arc::new(AtomicBool::new(true));
        let driver = driver::Driver::new(parts, finals.clone(), alive.clone());
        let thread =
            std::thread::Builder::new().name("actor".into()).spawn(move || driver.run())?;
        let thread = Arc::new(Mutex::new(Some(thread)));
        Ok(Self { inbox, chains, finals, alive, thread })
    }

    /// What waits for it.
    #[must_use]
    pub const fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Its ledgers.
    #[must_use]
    pub const fn chains(&self) -> &Arc<Chains> {
        &self.chains
    }

    /// Hears of blocks that become final from now on.
    #[must_use]
    pub fn finals(&self) -> broadcast::Receiver<Finality> {
        self.finals.subscribe()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// Lets something look at the actor, between two steps.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn look<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Actor) -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        let asked = self.inbox.ask(Box::new(move |actor| {
            let _ = reply.send(question(actor));
            Vec::new()
        }));
        if asked { answer.await.map_err(|_| NoAnswer) } else { Err(NoAnswer) }
    }

    /// Tells the actor what no other node says: all of it, one after the other.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn tell(&self, events: Vec<Event>) -> Result<(), NoAnswer> {
        let told = self.inbox.ask(Box::new(move |actor| {
            let now_ms = crate::clock::unix_ms();
            events.into_iter().flat_map(|event| actor.step(now_ms, event)).collect()
        }));
        if told { Ok(()) } else { Err(NoAnswer) }
    }

    /// A chain begins: it is kept, and the seat hears of it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) async fn open(
        &self,
        begun: Begun,
        opening: Opening,
        proposes: bool,
    ) -> Result<(), OpenError> {
        let (reply, answer) = oneshot::channel();
        let chains = self.chains.clone();
        let asked = self.inbox.ask(Box::new(move |actor| {
            let event = if proposes { Event::Opened } else { Event::Asked };
            let actions = actor.step(crate::clock::unix_ms(), event(opening.clone()));
            let is_taken = actor.seat().is_some_and(|seat| seat.takes(&opening));
            let taken = OpenError::Taken { chain: opening.chain };
            let done = if is_taken { chains.begin(begun, &opening) } else { Err(taken) };
            let _ = reply.send(done);
            actions
        }));
        if asked { answer.await.map_err(|_| OpenError::Stopped)? } else { Err(OpenError::Stopped) }
    }

    /// Ends the actor after its present step, and waits for that. What it was to say is said once it is synced.
    pub fn stop(&self) {
        self.inbox.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the actor's thread panicked");
        }
    }
}
