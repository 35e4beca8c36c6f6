//! A whole archive group and its participants in one thread and in virtual time: the protocol's own code, real keys,
//! real notes, ledgers in memory, seeds that cost a hash. What each node's steps take is processor time.
//!
//! Between nodes there is a delay and nothing else: no bytes are made of messages, and no parcel is signed.

mod journal;
mod node;
mod payers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::B256;
use conet_committee::{
    Action,
    archive::{State, item::Opening},
    keys::NodeId,
    message::Message,
    seat::{Event, Seat},
};
use conet_measure::{BenchError, wrong};

pub(crate) use self::{
    journal::{folder, store},
    node::{Cast, SeatMaker},
};
use self::{
    node::{Actor, Node},
    payers::Payer,
};
use crate::{
    ledgers::begun,
    meter::Spent,
    note::{Live, Mint, opening},
};

/// Whoever pays: no node.
const PAYER: NodeId = NodeId(0);

/// Who takes part, and in what.
pub(crate) struct Plan {
    /// How many seats and participants there are.
    pub(crate) cast: Cast,
    /// From any node to any other, in milliseconds.
    pub(crate) delay_ms: u64,
    /// How many notes there are.
    pub(crate) notes: u64,
    /// So many of them, the first ones, are paid with: each again as soon as its last payment is final.
    pub(crate) busy: usize,
    /// Whether nodes write journals: on disk, in a folder that goes with the stage.
    pub(crate) journal: bool,
}

impl Default for Plan {
    /// The paper's group, and who waits to be drawn: one note, with five witnesses and one validator.
    fn default() -> Self {
        Self { cast: Cast::of(30), delay_ms: 20, notes: 1, busy: 1, journal: false }
    }
}

/// Witnesses and validators of each note.
const GROUP: (u8, u8) = (5, 1);

/// How many places that makes, with the validators of three blocks ahead, and some to spare.
const PLACES: usize = 12;

enum Happening {
    Arrives(NodeId, NodeId, Arc<Message>),
    Wakes(NodeId),
}

/// A run.
pub(crate) struct Stage {
    mint: Mint,
    notes: Vec<Arc<Live>>,
    /// How many of them the main chain has opened.
    opened: usize,
    delay_ms: u64,
    now_ms: u64,
    counted: u64,
    due: BTreeMap<(u64, u64), Happening>,
    nodes: BTreeMap<NodeId, Node>,
    /// What is paid with each note that is busy.
    payers: BTreeMap<B256, Payer>,
    /// How long each payment took until it was final, in virtual milliseconds.
    pub(crate) finals: Vec<u64>,
    _folder: Option<tempfile::TempDir>,
}

impl Stage {
    /// A stage on which all groups are drawn, and nothing is paid yet.
    ///
    /// # Errors
    /// [`BenchError`]: a group is not drawn.
    pub(crate) fn new(plan: &Plan) -> Result<Self, BenchError> {
        let mint = Mint::new()?;
        let notes = mint.notes(plan.notes)?;
        let folder = plan.journal.then(journal::folder).transpose()?;
        let maker = SeatMaker::new(plan.cast, mint.codes.clone(), begun(&notes))?;
        let path = folder.as_ref().map(tempfile::TempDir::path);
        let nodes = maker.everybody().map(|id| Ok((id, Node::new(&maker, id, path)?)));
        let nodes = nodes.collect::<Result<BTreeMap<_, _>, BenchError>>()?;
        let payers = notes.iter().take(plan.busy);
        let mut stage = Self {
            payers: payers.map(|note| (chain_of(note), Payer::new(note.clone()))).collect(),
            mint,
            notes,
            opened: 0,
            delay_ms: plan.delay_ms,
            now_ms: 1,
            counted: 0,
            due: BTreeMap::new(),
            nodes,
            finals: Vec::new(),
            _folder: folder,
        };
        stage.open()?;
        Ok(stage)
    }

    fn open(&mut self) -> Result<(), BenchError> {
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.step(id, Event::Tick)?;
        }
        // Participants are in the pool before anything is drawn.
        self.pass(3_000)?;
        let openings: Vec<Opening> = self.notes.iter().map(|note| opening(note, GROUP)).collect();
        // Not more at once than those who wait have places for.
        for some in openings.chunks((self.member_count() / PLACES).max(1)) {
            for id in self.seats() {
                for opening in some {
                    self.step(id, Event::Opened(opening.clone()))?;
                }
            }
            self.opened += some.len();
            self.run("drawing groups", 60_000, Self::is_ready)?;
        }
        Ok(())
    }

    fn seats(&self) -> Vec<NodeId> {
        let seats = self.nodes.iter().filter(|(_, node)| matches!(node.actor, Actor::Seat(_)));
        seats.map(|(id, _)| *id).collect()
    }

    /// Whether each note has all its signers.
    fn is_ready(&self) -> bool {
        self.state().is_some_and(|state| {
            let opened = self.notes.iter().take(self.opened).rev();
            let mut chains = opened.map(|note| state.chains.get(&chain_of(note)));
            chains.all(|chain| chain.is_some_and(|c| c.signers(c.height + 1).is_some()))
        })
    }

    /// All notes.
    pub(crate) fn notes(&self) -> &[Arc<Live>] {
        &self.notes
    }

    /// One of the seats.
    pub(crate) fn first_seat(&self) -> Option<&Seat> {
        self.nodes.values().find_map(|node| match &node.actor {
            Actor::Seat(seat) => Some(&**seat),
            Actor::Member(_) => None,
        })
    }

    /// The log's state at that seat.
    pub(crate) fn state(&self) -> Option<&State> {
        self.first_seat().map(Seat::state)
    }

    /// The height of the newest final entry at the first seat.
    pub(crate) fn entries(&self) -> u64 {
        self.state().map_or(0, |state| state.height)
    }

    /// How many have a seat.
    pub(crate) fn seat_count(&self) -> usize {
        self.seats().len()
    }

    /// How many are participants.
    pub(crate) fn member_count(&self) -> usize {
        self.nodes.len() - self.seat_count()
    }

    /// Virtual milliseconds since it began.
    pub(crate) const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// What the seats spent, and the participants.
    pub(crate) fn spent(&self) -> (Spent, Spent) {
        let of = |is_seat: bool| {
            let nodes = self.nodes.values();
            let nodes = nodes.filter(|node| matches!(node.actor, Actor::Seat(_)) == is_seat);
            nodes.map(|node| node.meter.spent()).fold(Spent::default(), |sum, one| sum + one)
        };
        (of(true), of(false))
    }

    /// Pays on with all busy notes until so many more payments are final.
    ///
    /// # Errors
    /// [`BenchError`]: they do not get final.
    pub(crate) fn pay(&mut self, payments: usize) -> Result<(), BenchError> {
        let chains: Vec<_> = self.payers.keys().copied().collect();
        for chain in chains {
            self.send_next(chain);
        }
        let wanted = self.finals.len() + payments;
        let patience_ms = 60_000 + 2_000 * payments as u64;
        self.run("payments", patience_ms, |stage| stage.finals.len() >= wanted)
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// [`BenchError`]: a journal cannot be written.
    pub(crate) fn pass(&mut self, for_ms: u64) -> Result<(), BenchError> {
        let until_ms = self.now_ms + for_ms;
        while self.due.first_key_value().is_some_and(|((at_ms, _), _)| *at_ms <= until_ms) {
            self.happen()?;
        }
        self.now_ms = until_ms;
        Ok(())
    }

    fn run(
        &mut self,
        what: &'static str,
        patience_ms: u64,
        is_done: impl Fn(&Self) -> bool,
    ) -> Result<(), BenchError> {
        let ends_ms = self.now_ms + patience_ms;
        let mut looked_ms = 0;
        while self.now_ms <= ends_ms {
            // Looking at every step would cost more than the steps.
            if looked_ms != self.now_ms && is_done(self) {
                return Ok(());
            }
            looked_ms = self.now_ms;
            self.happen()?;
        }
        Err(wrong(what, format!("not done after {patience_ms} ms of virtual time")))
    }

    fn happen(&mut self) -> Result<(), BenchError> {
        let Some(((at_ms, _), what)) = self.due.pop_first() else {
            return Err(wrong("a run", "nothing is due any more"));
        };
        self.now_ms = at_ms;
        match what {
            Happening::Arrives(from, to, message) => {
                let message = Arc::unwrap_or_clone(message);
                self.step(to, Event::Message(from, Box::new(message)))
            }
            Happening::Wakes(id) => {
                let is_due = self.nodes.get(&id).is_some_and(|node| node.wakes_ms <= at_ms);
                if is_due { self.step(id, Event::Tick) } else { Ok(()) }
            }
        }
    }

    fn at(&mut self, at_ms: u64, what: Happening) {
        self.counted += 1;
        self.due.insert((at_ms, self.counted), what);
    }

    fn step(&mut self, id: NodeId, event: Event) -> Result<(), BenchError> {
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        let (actions, wakes_ms) = node.step(self.now_ms, event);
        if node.wakes_ms <= self.now_ms || wakes_ms < node.wakes_ms {
            let at_ms = wakes_ms.max(self.now_ms + 1);
            node.wakes_ms = at_ms;
            self.at(at_ms, Happening::Wakes(id));
        }
        self.act(id, actions)
    }

    fn act(&mut self, id: NodeId, actions: Vec<Action>) -> Result<(), BenchError> {
        let mut records = Vec::new();
        // All copies of a message are one: of thousands of notes they would fill the memory.
        let mut last: Option<Arc<Message>> = None;
        for action in actions {
            match action {
                Action::Persist(record) => records.push(record),
                Action::Send(to, message) => {
                    let message = match last {
                        Some(last) if *last == message => last,
                        _ => Arc::new(message),
                    };
                    self.see(&message);
                    last = Some(message.clone());
                    self.at(self.now_ms + self.delay_ms, Happening::Arrives(id, to, message));
                }
                Action::Report(..) => return Err(wrong("a calm run", "a vote against another")),
                Action::Found(_) => return Err(wrong("a calm run", "somebody who is wrong")),
                // For the main chain, and for those who want to draw again.
                Action::Regrouped(_) | Action::Drawn(_) => {}
            }
        }
        match self.nodes.get(&id) {
            Some(node) => node.write(records),
            None => Ok(()),
        }
    }
}

fn chain_of(note: &Live) -> B256 {
    note.chain.genesis().chain
}

/// Ids of everybody with a seat.
pub(crate) fn seat_ids(count: u64) -> BTreeSet<NodeId> {
    (1..=count).map(NodeId).collect()
}
