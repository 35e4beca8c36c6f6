//! What a step wants done.

use alloy::primitives::B256;

use crate::{
    archive::{Finding, State},
    journal::Record,
    keys::NodeId,
    message::Message,
    roulette::selection::Evidence,
    vote::Ballot,
};

/// One thing to do. A driver does them in order, and makes records durable before anything after them leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Write it, and sync.
    Persist(Record),
    /// Send it to a node; to itself never.
    Send(NodeId, Message),
    /// Somebody gave two votes that exclude each other: report it on the main chain.
    Report(Ballot, Ballot),
    /// The log found somebody wrong: the seats certify it for the main chain.
    Found(Finding),
    /// A chain has its creator and witnesses, or others than before: the seats certify that.
    Regrouped(B256),
    /// A link of the Selection Chain, or what it follows from, for whoever wants to draw again.
    Drawn(Box<Evidence>),
}

/// Collects what to do.
#[derive(Debug)]
pub struct Outbox {
    me: NodeId,
    actions: Vec<Action>,
}

impl Outbox {
    /// For one node.
    #[must_use]
    pub const fn new(me: NodeId) -> Self {
        Self { me, actions: Vec::new() }
    }

    /// Writes before all that follows is said.
    pub fn persist(&mut self, record: Record) {
        self.actions.push(Action::Persist(record));
    }

    /// Sends to one.
    pub fn send(&mut self, to: NodeId, message: impl Into<Message>) {
        if to != self.me {
            self.actions.push(Action::Send(to, message.into()));
        }
    }

    /// Sends to many, but not to itself.
    pub fn send_all<'a>(
        &mut self,
        to: impl IntoIterator<Item = &'a NodeId>,
        message: impl Into<Message>,
    ) {
        let message = message.into();
        for node in to {
            self.send(*node, message.clone());
        }
    }

    /// Reports two votes.
    pub fn report(&mut self, first: Ballot, second: Ballot) {
        self.actions.push(Action::Report(first, second));
    }

    /// Says what the main chain should hear of an entry that is final.
    pub fn announce(&mut self, state: &State) {
        self.actions.extend(state.findings.iter().copied().map(Action::Found));
        self.actions.extend(state.regrouped.iter().copied().map(Action::Regrouped));
    }

    /// Keeps what it takes to draw again.
    pub fn drawn(&mut self, evidence: Evidence) {
        self.actions.push(Action::Drawn(Box::new(evidence)));
    }

    /// All of it.
    #[must_use]
    pub fn into_actions(self) -> Vec<Action> {
        self.actions
    }

    /// How much there is.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}
