//! Virtual time: what is due first happens first, and everything else follows from it.
//!
//! ```text
//! node, act                 the nodes, and what they do; how they crash and come back
//! payers                    who pays
//! probe                     what a node would say after a restart
//! main_chain                what the main chain has of each archive group
//! successions, seeds        the main chain and the groups: who sits next, splits, seeds, rent
//! end                       when a run is over, and what must hold then
//! calm                      runs without trouble
//! ```

mod act;
mod calm;
mod disk;
mod end;
mod main_chain;
mod node;
mod payers;
mod probe;
mod seeds;
mod successions;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::Address;
use conet_committee::{keys::NodeId, message::Message, seat::Event, seats::Seats, vote::Voting};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::{
    Report,
    byzantine::{Kind, behaviour},
    keys::{Everybody, ToyKeys},
    latency::{Killed, Timeline},
    oracle::{Oracle, Violation},
    scenario::{ROOT, Scenario},
    trace::{Sink, Trace},
};
use main_chain::MainChain;
use node::{Actor, Node};
use seeds::Paying;

/// The main chain that all this belongs to.
const MAIN_CHAIN: (u64, Address) = (31_337, Address::repeat_byte(3));

/// How long everything may take after the network healed.
const PATIENCE_MS: u64 = 90_000;

/// How often it is looked at whether all is done.
const LOOK_MS: u64 = 100;

/// A run of so many steps does not end.
const STEPS_MAX: u64 = 4_000_000;

/// What happens.
pub(crate) enum Happening {
    Arrives(NodeId, NodeId, Arc<Message>),
    Wakes(NodeId),
    Returns(NodeId),
    Pays(usize),
    Opens(NodeId),
    Names(usize),
    Reads(NodeId),
    Wants,
    ReadsWant(NodeId, u32),
    ReadsRent(NodeId),
    Kills(Killed),
    Cut(BTreeSet<NodeId>),
    Heals,
}

/// A run.
pub(crate) struct World<'a> {
    rng: ChaCha8Rng,
    seed: u64,
    now_ms: u64,
    counted: u64,
    due: BTreeMap<(u64, u64), Happening>,
    nodes: BTreeMap<NodeId, Node>,
    seats: Arc<Seats>,
    main: MainChain,
    /// Rent.
    paid: Paying,
    pub(crate) scenario: Scenario,
    oracle: Oracle,
    timeline: Timeline,
    steps: u64,
    trace: Trace<'a>,
    /// When to look next whether all is done.
    looks_ms: u64,
    /// When the last payment was made, and the views of all chains a while later.
    quiet: Option<(u64, end::Views)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(seed: u64, only: Option<Kind>, sink: Sink<'a>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scenario = Scenario::random(&mut rng, only);
        Self::with(seed, rng, scenario, sink)
    }

    /// The same, but that seats make their keys themselves.
    pub(crate) fn with_ceremonies(seed: u64, only: Option<Kind>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scenario = Scenario::random(&mut rng, only);
        Self::with(seed, rng, Scenario { holds_ceremonies: true, ..scenario }, None)
    }

    fn with(seed: u64, rng: ChaCha8Rng, scenario: Scenario, sink: Sink<'a>) -> Self {
        let seats = Arc::new(Seats::new(MAIN_CHAIN.0, ROOT, 1, scenario.seats.clone()));
        let secret = (!scenario.holds_ceremonies).then_some(seed);
        let oracle = Oracle::new(&scenario, MAIN_CHAIN.0, secret, voting(NodeId(0)));
        let mut world = Self {
            rng,
            seed,
            now_ms: 0,
            counted: 0,
            due: BTreeMap::new(),
            nodes: BTreeMap::new(),
            main: MainChain::new(seats.clone()),
            paid: Paying::default(),
            seats,
            scenario,
            oracle,
            timeline: Timeline::default(),
            steps: 0,
            trace: Trace::new(sink),
            looks_ms: 0,
            quiet: None,
        };
        world.plan();
        world
    }

    fn plan(&mut self) {
        for node in self.scenario.everybody() {
            let kind = self.scenario.liars.get(&node).copied();
            let lies = kind == Some(Kind::WRONG_ROOT);
            let ledgers = self.ledgers(lies);
            let actor = self.actor(node, ledgers.clone(), None);
            self.nodes.insert(node, Node::new(node, actor, ledgers, kind.map(behaviour)));
            self.at(0, Happening::Wakes(node));
        }
        for seat in self.scenario.archives.clone() {
            self.at(1, Happening::Opens(seat));
            self.at(1_000 + 97 * (seat.0 % 16), Happening::ReadsRent(seat));
        }
        for index in 0..self.scenario.successions.len() {
            let at_ms = self.scenario.successions.get(index).map_or(0, |next| next.at_ms);
            self.at(at_ms, Happening::Names(index));
        }
        for index in 0..self.scenario.payments.len() {
            let at_ms = self.scenario.payments.get(index).map_or(0, |payment| payment.at_ms);
            self.at(at_ms, Happening::Pays(index));
        }
        for (begins, lasts, apart) in self.scenario.cuts.clone() {
            self.at(begins, Happening::Cut(apart));
            self.at(begins + lasts, Happening::Cut(BTreeSet::new()));
        }
        self.at(1, Happening::Wants);
        self.at(self.scenario.heals_ms, Happening::Heals);
    }

    fn at(&mut self, at_ms: u64, what: Happening) {
        self.counted += 1;
        self.due.insert((at_ms, self.counted), what);
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> Result<Report, Violation> {
        let ends_ms = self.scenario.heals_ms + PATIENCE_MS;
        while let Some(((at_ms, _), what)) = self.due.pop_first() {
            if at_ms > ends_ms || at_ms >= self.looks_ms && self.is_done() {
                break;
            }
            self.looks_ms = self.looks_ms.max(at_ms / LOOK_MS * LOOK_MS + LOOK_MS);
            if self.steps > STEPS_MAX {
                return Err(Violation::Storm { steps: STEPS_MAX });
            }
            self.now_ms = at_ms;
            self.happen(what)?;
        }
        self.check_end()?;
        Ok(self.report())
    }

    fn report(&self) -> Report {
        let (draws, waits) = self.oracle.checked();
        Report {
            draws,
            waits,
            seed: self.seed,
            steps: self.steps,
            virtual_ms: self.now_ms,
            entries: self.oracle.entries(),
            blocks: self.oracle.blocks(),
            liars: self.scenario.liars.len(),
            cheats: self.oracle.cheats(),
            beacons: self.main.seeds(),
            splits: self.main.all().count() / 2,
            caught: self.oracle.caught(),
            released: self.released(),
            reported: self.oracle.reported(),
            trace: self.trace.hash(),
        }
    }

    fn happen(&mut self, what: Happening) -> Result<(), Violation> {
        self.trace.happens(self.now_ms, &what);
        match what {
            Happening::Arrives(from, to, message) => {
                if self.is_up(to) {
                    let message = Arc::unwrap_or_clone(message);
                    if self.oracle.is_honest(to)
                        && let Some(Actor::Seat(seat)) = self.nodes.get(&to).map(|node| &node.actor)
                        && seat.is_seated()
                    {
                        self.oracle.see_delivered(to, seat.state(), &message);
                    }
                    if !self.is_archive(to) && self.oracle.is_honest(to) {
                        self.oracle.see_vote(to, &message);
                    }
                    if self.is_archive(to) && self.oracle.is_honest(to) {
                        self.oracle.see_complaint(to, &message);
                    }
                    if self.oracle.is_honest(to)
                        && let Some(Actor::Member(member)) = self.nodes.get(&to).map(|it| &it.actor)
                    {
                        self.oracle.see_proposed((to, member), &message, self.now_ms);
                    }
                    if let Some(behaviour) =
                        self.nodes.get_mut(&to).and_then(|node| node.behaviour.as_mut())
                    {
                        behaviour.hear(&message);
                    }
                    let event = match message {
                        // Of a user's, at a seat's RPC.
                        Message::Transaction { chain, transaction } if self.is_archive(to) => {
                            Event::Submitted(chain, transaction)
                        }
                        message => Event::Message(from, Box::new(message)),
                    };
                    self.step(to, event)?;
                }
            }
            Happening::Wakes(node) => {
                let is_due = self.nodes.get(&node).is_some_and(|node| node.wakes_ms <= self.now_ms);
                if is_due && self.is_up(node) {
                    self.step(node, Event::Tick)?;
                }
            }
            Happening::Returns(node) => self.restart(node)?,
            Happening::Opens(seat) => self.open_chains(seat)?,
            Happening::Names(index) => self.name(index),
            Happening::Reads(node) if self.is_up(node) => self.read(node)?,
            Happening::Wants => self.want(),
            Happening::ReadsWant(node, group) => self.read_want(node, group)?,
            Happening::ReadsRent(node) => self.read_rent(node)?,
            Happening::Reads(_) => {}
            Happening::Kills(killed) => self.kill_now(killed),
            Happening::Pays(index) => self.pay(index),
            Happening::Cut(apart) => self.scenario.network.apart = apart,
            Happening::Heals => {
                self.scenario.network.healed = true;
                self.scenario.crashes = 0;
            }
        }
        Ok(())
    }

    fn is_archive(&self, node: NodeId) -> bool {
        self.scenario.archives.contains(&node)
    }

    fn is_up(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|node| !matches!(node.actor, Actor::Down))
    }

    /// The main chain knows the chains: a seat reads it whenever it starts.
    fn open_chains(&mut self, seat: NodeId) -> Result<(), Violation> {
        for opening in self.scenario.chains.clone() {
            self.step(seat, Event::Opened(opening))?;
        }
        Ok(())
    }
}

fn voting(me: NodeId) -> Voting {
    Voting::new(me, Arc::new(ToyKeys(me)), Arc::new(Everybody), MAIN_CHAIN)
}
