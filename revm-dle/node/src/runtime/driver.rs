//! The loop around an actor.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use conet_committee::{
    Action, Record, archive::ProvenNotice, keys::NodeId, message::Message, seat::Event,
};
use tokio::sync::broadcast;

use super::{Actor, Inbox, Parts, inbox::Next};
use crate::{clock, duty::Duty, ledgers::Finality, metrics::Metrics, store::Write};

/// The longest that the loop sleeps: it looks whether it should go on.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// The shortest: a timer that is due at once is not due all the time.
const SLEEP_MIN: Duration = Duration::from_millis(1);

pub(super) struct Driver {
    parts: Parts,
    finals: broadcast::Sender<Finality>,
    alive: Arc<AtomicBool>,
    now_ms: u64,
    /// When others are asked for blocks; none: nothing is wanted.
    fetch_at_ms: Option<u64>,
    /// What is wanted on disk has changed.
    wants: Arc<AtomicBool>,
    /// Whom to ask next.
    turn: usize,
}

/// Tells everybody that the actor is no more, also when its thread panics. Who waits for an answer gets none.
struct Ends(Arc<AtomicBool>, Arc<Inbox>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
        self.1.stop();
    }
}

impl Driver {
    pub(super) fn new(
        parts: Parts,
        finals: broadcast::Sender<Finality>,
        alive: Arc<AtomicBool>,
    ) -> Self {
        Self {
            parts,
            finals,
            alive,
            now_ms: 0,
            fetch_at_ms: Some(0),
            wants: Arc::default(),
            turn: 0,
        }
    }

    pub(super) fn run(mut self) {
        let _ends = Ends(self.alive.clone(), self.parts.inbox.clone());
        self.now_ms = clock::unix_ms();
        for event in std::mem::take(&mut self.parts.told) {
            let actions = self.parts.actor.step(self.now_ms, event);
            self.act(actions);
        }
        while self.alive.load(Ordering::Acquire) {
            let next = self.parts.inbox.next(self.patience());
            // The wall clock may be set back; time here does not go back.
            self.now_ms = self.now_ms.max(clock::unix_ms());
            let start = Instant::now();
            let actions = match next {
                Next::Stop => return,
                Next::Ask(ask) => ask(&mut self.parts.actor),
                Next::Message(from, message) => self.receive(from, *message),
                Next::Nothing => self.parts.actor.step(self.now_ms, Event::Tick),
            };
            self.parts.metrics.steps.inc();
            self.parts.metrics.step_seconds.observe(start.elapsed().as_secs_f64());
            self.act(actions);
            self.fetch();
        }
    }

    fn patience(&self) -> Duration {
        let wake_ms = self.parts.actor.wake_ms().min(self.fetch_at_ms.unwrap_or(u64::MAX));
        let patience = Duration::from_millis(wake_ms.saturating_sub(clock::unix_ms()));
        patience.clamp(SLEEP_MIN, SLEEP_MAX)
    }

    /// A message: some are the driver's own matter, for the core keeps no history.
    fn receive(&mut self, from: NodeId, message: Message) -> Vec<Action> {
        match message {
            Message::FetchBlock { hash } => {
                if let Some(answer) = self.final_block(from, hash) {
                    return vec![Action::Send(from, answer)];
                }
            }
            Message::FetchState { hash } if !self.may_have(from, hash) => return Vec::new(),
            Message::Block(header, body) => {
                self.write(vec![Write::Fetched(Box::new((*header, body)))], Vec::new());
                return Vec::new();
            }
            _ => {}
        }
        self.parts.actor.step(self.now_ms, Event::Message(from, Box::new(message)))
    }

    /// A final block, for those who may have it.
    fn final_block(&self, to: NodeId, hash: B256) -> Option<Message> {
        let known = self.parts.chains.store().block(hash);
        let known = known.inspect_err(|error| tracing::error!(%error, "no block can be read"));
        let block = known.ok()??;
        let chain = block.header.proposal.chain;
        let body = block.body.filter(|_| self.is_of(to, chain))?;
        Some(Message::Block(Box::new(block.header), body))
    }

    fn may_have(&self, node: NodeId, hash: B256) -> bool {
        let live = self.parts.chains.live(hash);
        live.is_some_and(|live| self.is_of(node, live.header.proposal.chain))
    }

    /// Whether a node may have what this one has of a chain: as a seat, or by its part in it.
    fn is_of(&self, node: NodeId, chain: B256) -> bool {
        let takes_part = |known: Arc<ProvenNotice>| known.notice.members().contains(&node);
        let followed = self.parts.sitting.followed();
        // A seat may have what fell to the other half; a participant may serve in chains of several groups.
        let is_seat = matches!(self.parts.actor, Actor::Seat(_));
        let mut groups = followed.iter();
        groups.any(|group| (is_seat || group.seats.branch.keeps(chain)) && group.involves(node))
            || self.notice(chain).is_some_and(takes_part)
    }

    fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        match &self.parts.actor {
            Actor::Seat(seat) => seat.notice(chain),
            Actor::Member(member) => {
                let known = member.notices().find(|known| known.notice.chain == chain);
                known.cloned().map(Arc::new)
            }
        }
    }

    /// Does what a step wants done: its records and what its blocks changed are written as one, then it speaks.
    fn act(&mut self, actions: Vec<Action>) {
        let mut sends = Vec::new();
        let mut writes = Vec::new();
        for action in actions {
            match action {
                Action::Persist(record) => {
                    self.count(&record);
                    writes.push(Write::Record(Box::new(record)));
                }
                Action::Send(to, message) => sends.push((to, message)),
                Action::Report(first, second) => {
                    self.parts.metrics.reports.inc();
                    tracing::warn!(node = first.voter.0, "two votes exclude each other");
                    writes.push(Write::Duty(Duty::Report(Box::new((first, second)))));
                }
                Action::Found(finding) => writes.push(Write::Duty(Duty::Verdict(finding))),
                Action::Regrouped(chain) => writes.push(Write::Duty(Duty::Anchor(chain))),
                Action::Drawn(evidence) => writes.push(Write::Evidence(evidence)),
            }
        }
        self.write(writes, sends);
    }

    fn write(&mut self, mut writes: Vec<Write>, sends: Vec<(NodeId, Message)>) {
        let news = self.parts.chains.take_news();
        self.parts.metrics.blocks.inc_by(news.finals.len() as u64);
        self.parts.metrics.live_states.set(as_i64(self.parts.chains.live_states()));
        writes.extend(news.writes);
        if writes.is_empty() && sends.is_empty() {
            return;
        }
        let (outlet, chains) = (self.parts.outlet.clone(), self.parts.chains.clone());
        let (finals, alive) = (self.finals.clone(), self.alive.clone());
        let metrics = self.parts.metrics.clone();
        let wants = news.finals.iter().any(|known| known.transactions.is_none())
            || writes.iter().any(|write| matches!(write, Write::Fetched(_)));
        let wants = wants.then(|| self.wants.clone());
        let inbox = self.parts.inbox.clone();
        let then = move |written: Result<(), &crate::store::StoreError>| {
            if written.is_err() {
                // It is ahead of its journal: no step more, and no answer.
                inbox.stop();
                alive.store(false, Ordering::Release);
                return;
            }
            chains.synced(&news.finals, &news.notices);
            // Only now it can be read what is wanted.
            if let Some(wants) = wants {
                wants.store(true, Ordering::Release);
                inbox.wake();
            }
            speak(sends, &*outlet, &metrics);
            for known in news.finals {
                // Nobody may be listening.
                let _ = finals.send(known);
            }
        };
        if self.parts.chains.store().write(writes, then).is_err() {
            self.alive.store(false, Ordering::Release);
        }
    }

    fn count(&self, record: &Record) {
        let metrics = &self.parts.metrics;
        match record {
            Record::Entry(entry) => {
                metrics.entries.inc();
                self.see(entry.id());
            }
            Record::Word(word) => self.see(word.ballot.vote.block),
            Record::LogVote(_, ballot) if ballot.vote.block.is_zero() => {
                metrics.views_given_up.inc();
            }
            _ => {}
        }
    }

    /// Stamps what this seat has seen.
    fn see(&self, event: B256) {
        if let Some(historian) = &self.parts.historian {
            historian.see(event);
        }
    }

    /// Asks others for final blocks that were missed.
    fn fetch(&mut self) {
        if self.wants.swap(false, Ordering::AcqRel) {
            self.fetch_at_ms = Some(self.now_ms);
        }
        if self.fetch_at_ms.is_none_or(|at_ms| self.now_ms < at_ms) {
            return;
        }
        let limits = self.parts.limits;
        let wanted = self.parts.chains.store().wanted(limits.fetches_max).unwrap_or_default();
        self.fetch_at_ms = (!wanted.is_empty()).then(|| self.now_ms + limits.fetch_interval_ms);
        let mut others = self.parts.sitting.all_seats();
        others.retain(|node| *node != self.parts.me);
        let mut sends = Vec::new();
        for hash in wanted {
            self.turn = self.turn.wrapping_add(1);
            if let Some(to) = others.get(self.turn % others.len().max(1)) {
                sends.push((*to, Message::FetchBlock { hash }));
            }
        }
        self.write(Vec::new(), sends);
    }
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn speak(sends: Vec<(NodeId, Message)>, outlet: &dyn super::Outlet, metrics: &Metrics) {
    metrics.sent.inc_by(sends.len() as u64);
    for (to, message) in sends {
        outlet.send(to, message);
    }
}
