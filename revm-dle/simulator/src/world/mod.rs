//! Virtual time: what is due first happens first, and everything else follows from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::{Address, B256};
use conet_committee::{
    Action, Record,
    archive::Rules,
    keys::NodeId,
    log::Timing,
    member::{Member, MemberConfig, MemberTiming},
    message::Message,
    seat::{Event, Seat, SeatConfig},
    seats::Seats,
    vote::Voting,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    Report,
    byzantine::{Behaviour, Liar, behaviour},
    keys::{Everybody, ToyKeys, ToySeeds},
    ledger::ToyLedgers,
    oracle::{Oracle, Violation},
    scenario::{Planned, Scenario},
};

/// The main chain that all this belongs to.
const MAIN_CHAIN: (u64, Address) = (31_337, Address::repeat_byte(3));

/// How long everything may take after the network healed.
const PATIENCE_MS: u64 = 90_000;

/// How often a payer asks again.
const PAYER_RETRY_MS: u64 = 2_000;

/// What happens.
enum Happening {
    Arrives(NodeId, NodeId, Arc<Message>),
    Wakes(NodeId),
    Returns(NodeId),
    Pays(usize),
    Opens(NodeId),
    Cut(BTreeSet<NodeId>),
    Heals,
}

enum Actor {
    Seat(Box<Seat>),
    Member(Box<Member>),
    Down,
}

struct Node {
    actor: Actor,
    journal: Vec<Record>,
    behaviour: Option<Box<dyn Behaviour>>,
    lies: bool,
    wakes_ms: u64,
    seen: (u64, u64),
}

/// A run.
pub(crate) struct World {
    rng: ChaCha8Rng,
    seed: u64,
    now_ms: u64,
    counted: u64,
    due: BTreeMap<(u64, u64), Happening>,
    nodes: BTreeMap<NodeId, Node>,
    seats: Arc<Seats>,
    pub(crate) scenario: Scenario,
    oracle: Oracle,
    steps: u64,
}

impl World {
    pub(crate) fn new(seed: u64, only: Option<&'static str>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scenario = Scenario::random(&mut rng, only);
        let seats = Arc::new(Seats::new(MAIN_CHAIN.0, 1, 1, scenario.seats.clone()));
        let chains: Vec<_> = scenario.chains.iter().map(|opening| opening.chain).collect();
        let oracle = Oracle::new(scenario.honest(), &chains);
        let (due, nodes) = (BTreeMap::new(), BTreeMap::new());
        let mut world = Self {
            rng,
            seed,
            now_ms: 0,
            counted: 0,
            due,
            nodes,
            seats,
            scenario,
            oracle,
            steps: 0,
        };
        world.plan();
        world
    }

    fn plan(&mut self) {
        for node in
            self.scenario.seats.iter().chain(&self.scenario.members).copied().collect::<Vec<_>>()
        {
            let kind = self.scenario.liars.get(&node).copied();
            let actor = self.actor(node, kind == Some("wrong-root"), None);
            let behaviour = kind.and_then(behaviour);
            let lies = kind == Some("wrong-root");
            self.nodes.insert(
                node,
                Node { actor, journal: Vec::new(), behaviour, lies, wakes_ms: 0, seen: (0, 0) },
            );
            self.at(0, Happening::Wakes(node));
        }
        for seat in self.scenario.seats.clone() {
            self.at(1, Happening::Opens(seat));
        }
        for index in 0..self.scenario.payments.len() {
            let at_ms = self.scenario.payments.get(index).map_or(0, |payment| payment.at_ms);
            self.at(at_ms, Happening::Pays(index));
        }
        for (begins, lasts, apart) in self.scenario.cuts.clone() {
            self.at(begins, Happening::Cut(apart));
            self.at(begins + lasts, Happening::Cut(BTreeSet::new()));
        }
        self.at(self.scenario.heals_ms, Happening::Heals);
    }

    fn at(&mut self, at_ms: u64, what: Happening) {
        self.counted += 1;
        self.due.insert((at_ms, self.counted), what);
    }

    fn voting(me: NodeId) -> Voting {
        Voting::new(me, Arc::new(ToyKeys(me)), Arc::new(Everybody), MAIN_CHAIN)
    }

    fn actor(&self, node: NodeId, lies: bool, journal: Option<Vec<Record>>) -> Actor {
        let chains: Vec<_> = self.scenario.chains.iter().map(|opening| opening.chain).collect();
        let mut ledgers = ToyLedgers::new(&chains);
        ledgers.lies = lies;
        let ledgers = Box::new(ledgers);
        if self.seats.contains(node) {
            let seeds = ToySeeds { me: node, quorum: self.seats.quorum(), secret: self.seed };
            let config = SeatConfig {
                seats: self.seats.clone(),
                voting: Self::voting(node),
                timing: Timing::default(),
                rules: Rules::default(),
                seeds: Arc::new(seeds),
                began_ms: 0,
            };
            return Actor::Seat(Box::new(match journal {
                Some(records) => Seat::restore(&config, ledgers, records, self.now_ms),
                None => Seat::new(&config, ledgers, self.now_ms),
            }));
        }
        let config = MemberConfig {
            seats: self.seats.clone(),
            voting: Self::voting(node),
            timing: MemberTiming::default(),
            parts_max: 2,
        };
        Actor::Member(Box::new(match journal {
            Some(records) => Member::restore(config, ledgers, records, self.now_ms),
            None => Member::new(config, ledgers, self.now_ms),
        }))
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> Result<Report, Violation> {
        let ends_ms = self.scenario.heals_ms + PATIENCE_MS;
        while let Some(((at_ms, _), what)) = self.due.pop_first() {
            if at_ms > ends_ms || self.is_done() {
                break;
            }
            self.now_ms = at_ms;
            self.happen(what)?;
        }
        self.check_end()?;
        Ok(self.report())
    }

    fn report(&self) -> Report {
        Report {
            seed: self.seed,
            steps: self.steps,
            virtual_ms: self.now_ms,
            entries: self.oracle.entries(),
            blocks: self.oracle.blocks(),
            liars: self.scenario.liars.len(),
            cheats: self.oracle.cheats(),
        }
    }

    fn happen(&mut self, what: Happening) -> Result<(), Violation> {
        match what {
            Happening::Arrives(from, to, message) => {
                let message = Arc::unwrap_or_clone(message);
                if self.is_up(to) {
                    if self.oracle.is_honest(to) && self.seats.contains(to) {
                        self.oracle.see_delivered(to, &message);
                    }
                    self.step(to, Event::Message(from, Box::new(message)))?;
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
            Happening::Pays(index) => self.pay(index),
            Happening::Cut(apart) => self.scenario.network.apart = apart,
            Happening::Heals => {
                self.scenario.network.healed = true;
                self.scenario.crashes = 0;
            }
        }
        Ok(())
    }

    fn is_up(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|node| !matches!(node.actor, Actor::Down))
    }

    fn step(&mut self, id: NodeId, event: Event) -> Result<(), Violation> {
        self.steps += 1;
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        let (actions, wakes_ms) = match &mut node.actor {
            Actor::Seat(seat) => (seat.step(self.now_ms, event), seat.wake_ms()),
            Actor::Member(member) => (member.step(self.now_ms, event), member.wake_ms()),
            Actor::Down => return Ok(()),
        };
        if node.wakes_ms <= self.now_ms || wakes_ms < node.wakes_ms {
            let at_ms = wakes_ms.max(self.now_ms + 1);
            node.wakes_ms = at_ms;
            if at_ms < u64::MAX {
                self.at(at_ms, Happening::Wakes(id));
            }
        }
        self.act(id, actions)
    }

    fn act(&mut self, id: NodeId, mut actions: Vec<Action>) -> Result<(), Violation> {
        let friends: Vec<_> = self.scenario.liars.keys().copied().collect();
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        if let Some(behaviour) = &mut node.behaviour {
            let voting = Self::voting(id);
            let mut liar = Liar {
                voting: &voting,
                rng: &mut self.rng,
                now_ms: self.now_ms,
                friends: &friends,
                blocks: self.oracle.blocks_sent(),
            };
            actions = behaviour.twist(actions, &mut liar);
        }
        let crashes = self.scenario.crashes > 0
            && !actions.is_empty()
            && self.rng.random_ratio(self.scenario.crashes, 100_000);
        if crashes {
            let cut = self.rng.random_range(0..=actions.len());
            actions.truncate(cut);
        }
        for action in actions {
            self.perform(id, action)?;
        }
        if crashes {
            self.crash(id);
            return Ok(());
        }
        self.look(id)
    }

    fn perform(&mut self, from: NodeId, action: Action) -> Result<(), Violation> {
        match action {
            Action::Persist(record) => {
                if let Record::Entry(entry) = &record
                    && self.oracle.is_honest(from)
                {
                    self.oracle.see_entry(from, entry)?;
                }
                if let Some(node) = self.nodes.get_mut(&from) {
                    node.journal.push(record);
                }
            }
            Action::Send(to, message) => {
                self.oracle.see_sent(&message);
                let message = Arc::new(message);
                for delay in self.scenario.network.arrivals(&mut self.rng, from, to) {
                    self.at(self.now_ms + delay, Happening::Arrives(from, to, message.clone()));
                }
            }
            Action::Report(..) => {}
        }
        Ok(())
    }

    /// Stops a node. What it wrote last may be torn off, unless it said something since.
    fn crash(&mut self, id: NodeId) {
        let back_ms = self.now_ms + self.rng.random_range(50..5_000);
        self.at(back_ms, Happening::Returns(id));
        self.oracle.see_stopped(id);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.actor = Actor::Down;
        }
    }

    fn restart(&mut self, id: NodeId) -> Result<(), Violation> {
        let Some(node) = self.nodes.get(&id) else { return Ok(()) };
        let (journal, lies) = (node.journal.clone(), node.lies);
        let actor = self.actor(id, lies, Some(journal));
        if let Some(node) = self.nodes.get_mut(&id) {
            node.actor = actor;
            node.wakes_ms = 0;
            node.seen = (0, 0);
        }
        if self.seats.contains(id) {
            self.open_chains(id)?;
        }
        self.step(id, Event::Tick)
    }

    /// The main chain knows the chains: a seat reads it whenever it starts.
    fn open_chains(&mut self, seat: NodeId) -> Result<(), Violation> {
        for opening in self.scenario.chains.clone() {
            self.step(seat, Event::Opened(opening))?;
        }
        Ok(())
    }

    /// What an honest node holds for true now.
    fn look(&mut self, id: NodeId) -> Result<(), Violation> {
        if !self.oracle.is_honest(id) {
            return Ok(());
        }
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        match &node.actor {
            Actor::Seat(seat) => {
                let tip = (seat.tip().header.height, 0);
                if seat.has_diverged() {
                    return Err(Violation::Diverged { node: id });
                }
                if tip != node.seen {
                    node.seen = tip;
                    self.oracle.see_state(id, seat.state())?;
                }
            }
            Actor::Member(member) => {
                for proven in member.notices() {
                    self.oracle.see_notice(id, proven)?;
                }
            }
            Actor::Down => {}
        }
        Ok(())
    }

    // --- who pays ---

    /// Brings a payment to the chain's creator; to all who may help when that did not do.
    fn pay(&mut self, index: usize) {
        let Some(planned) = self.scenario.payments.get(index).copied() else { return };
        if self.is_made(&planned) {
            return;
        }
        let is_late = self.now_ms > planned.at_ms;
        let helpers = self.helpers(planned.chain, is_late);
        let transaction = planned.payment.transaction(planned.chain, planned.nonce);
        for to in helpers {
            let message =
                Message::Transaction { chain: planned.chain, transaction: transaction.clone() };
            let from = NodeId(0);
            let message = Arc::new(message);
            for delay in self.scenario.network.arrivals(&mut self.rng, from, to) {
                self.at(self.now_ms + delay, Happening::Arrives(from, to, message.clone()));
            }
        }
        self.at(self.now_ms + PAYER_RETRY_MS, Happening::Pays(index));
    }

    fn is_made(&self, planned: &Planned) -> bool {
        self.oracle.paid(planned.chain, planned.payment.from) > planned.nonce
    }

    fn helpers(&self, chain: B256, all: bool) -> Vec<NodeId> {
        let honest = self.scenario.seats.iter().filter(|seat| self.oracle.is_honest(**seat));
        let states = honest.filter_map(|seat| match self.nodes.get(seat).map(|node| &node.actor) {
            Some(Actor::Seat(seat)) => Some(seat.state()),
            _ => None,
        });
        let newest = states.max_by_key(|state| state.height);
        let Some(chain) = newest.and_then(|state| state.chains.get(&chain)) else {
            return Vec::new();
        };
        chain.group().take(if all { usize::MAX } else { 1 }).collect()
    }

    // --- the end ---

    fn is_done(&self) -> bool {
        let is_over = self.now_ms > self.scenario.heals_ms + 8_000;
        is_over
            && self.scenario.payments.iter().all(|planned| self.is_made(planned))
            && self.all_agree()
    }

    fn honest_seats(&self) -> impl Iterator<Item = &Seat> {
        self.scenario.seats.iter().filter(|seat| self.oracle.is_honest(**seat)).filter_map(|seat| {
            match self.nodes.get(seat).map(|node| &node.actor) {
                Some(Actor::Seat(seat)) => Some(&**seat),
                _ => None,
            }
        })
    }

    fn all_agree(&self) -> bool {
        let is_barred = |node| self.honest_seats().all(|seat| seat.state().barred.contains(&node));
        let finals: BTreeSet<Vec<_>> = self
            .honest_seats()
            .map(|seat| {
                seat.state().chains.values().map(|chain| (chain.id, chain.height)).collect()
            })
            .collect();
        finals.len() == 1 && self.oracle.check_cheats(is_barred).is_ok()
    }

    fn check_end(&self) -> Result<(), Violation> {
        let open: Vec<_> =
            self.scenario.payments.iter().filter(|planned| !self.is_made(planned)).collect();
        if !open.is_empty() || !self.all_agree() {
            self.oracle.check_cheats(|node| {
                self.honest_seats().any(|seat| seat.state().barred.contains(&node))
            })?;
            let tips: Vec<_> = self.honest_seats().map(|seat| seat.describe()).collect();
            let first = open.first().map(|planned| (planned.chain, planned.nonce, planned.payment));
            let what = format!("{first:?}; {}", tips.join(" | "));
            return Err(Violation::NoProgress {
                after_ms: self.now_ms - self.scenario.heals_ms,
                open: open.len(),
                what,
            });
        }
        Ok(())
    }
}
