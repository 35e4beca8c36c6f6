//! The nodes of a stage, and how they are made.

use std::{path::Path, sync::Arc};

use alloy::primitives::{Address, B256};
use conet_bindings::roles;
use conet_committee::{
    Action, Record,
    archive::Rules,
    keys::{NodeId, Registry},
    ledger::Ledgers,
    log::Timing,
    member::{Member, MemberConfig, MemberTiming},
    roulette::{epoch::EpochSeeds, toy::ToyKey},
    seat::{Event, OneEpoch, Seat, SeatConfig, SeatLimits},
    seats::Seats,
    vote::Voting,
};
use conet_dle::registry::{NodeEntry, NodeMap};
use conet_ledger::execute::CodeBook;
use conet_measure::BenchError;
use serde::{Deserialize, Serialize};

use super::{journal::Journal, seat_ids};
use crate::{
    ledgers::{Begun, Memory},
    meter::{Meter, Metered},
    note::{EPOCH, MAIN_CHAIN, key},
};

/// In how many chains a participant serves, and for how many its stake is enough: as many as there are.
const PARTS_MAX: u32 = 1 << 20;

/// Who takes part.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cast {
    /// Archive nodes.
    pub(crate) seats: u64,
    /// Participants that make blocks and witness them, and are not drawn to validate. Without any, all others do it.
    pub(crate) keepers: u64,
    /// Participants beside them.
    pub(crate) members: u64,
}

impl Cast {
    /// Ten archive nodes, and so many who may be drawn for everything.
    pub(crate) const fn of(members: u64) -> Self {
        Self { seats: 10, keepers: 0, members }
    }

    fn roles(&self, id: NodeId) -> u16 {
        match (self.keepers, id.0.saturating_sub(MEMBERS_FROM)) {
            (0, _) => roles::CREATOR | roles::WITNESS | roles::VALIDATOR,
            (keepers, number) if number < keepers => roles::CREATOR | roles::WITNESS,
            _ => roles::VALIDATOR,
        }
    }
}

/// The first participant's id.
const MEMBERS_FROM: u64 = 1_001;

/// Makes nodes: the same from the same cast, in any process.
pub(crate) struct SeatMaker {
    cast: Cast,
    seats: Arc<Seats>,
    registry: Arc<dyn Registry>,
    codes: Arc<CodeBook>,
    begun: Begun,
}

impl SeatMaker {
    pub(crate) const FIRST_SEAT: NodeId = NodeId(1);

    pub(crate) fn new(cast: Cast, codes: Arc<CodeBook>, begun: Begun) -> Result<Self, BenchError> {
        let ids = seat_ids(cast.seats);
        let seats = Arc::new(Seats::new(MAIN_CHAIN, 1, EPOCH, ids.iter().copied().collect()));
        let mut entries = Vec::new();
        for id in everybody(cast) {
            let entry = NodeEntry::new(id, key(id.0)?.wallet(), None);
            entries.push(NodeEntry { roles: cast.roles(id), seats: PARTS_MAX, ..entry });
        }
        Ok(Self { cast, seats, registry: Arc::new(NodeMap::new(entries)), codes, begun })
    }

    pub(super) fn everybody(&self) -> impl Iterator<Item = NodeId> + use<> {
        everybody(self.cast)
    }

    pub(crate) const fn seats(&self) -> &Arc<Seats> {
        &self.seats
    }

    fn voting(&self, me: NodeId, meter: &Arc<Meter>) -> Result<Voting, BenchError> {
        let keys = Metered { of: key(me.0)?, meter: meter.clone() };
        let slasher = (MAIN_CHAIN, Address::repeat_byte(3));
        Ok(Voting::new(me, Arc::new(keys), self.registry.clone(), slasher))
    }

    fn ledgers(&self, meter: &Arc<Meter>) -> Box<Metered<Memory>> {
        let of = Memory::new(self.codes.clone(), self.begun.clone());
        Box::new(Metered { of, meter: meter.clone() })
    }

    /// An archive node.
    fn seat(&self, me: NodeId, meter: &Arc<Meter>) -> Result<Seat, BenchError> {
        Ok(Seat::new(&self.seat_config(me, meter)?, self.ledgers(meter), 0))
    }

    /// An archive node that goes on from its journal.
    pub(crate) fn restored(
        &self,
        me: NodeId,
        ledgers: Box<dyn Ledgers + Send>,
        records: Vec<Record>,
    ) -> Result<Seat, BenchError> {
        let config = self.seat_config(me, &Arc::default())?;
        Ok(Seat::restore(&config, ledgers, records, 0))
    }

    fn seat_config(&self, me: NodeId, meter: &Arc<Meter>) -> Result<SeatConfig, BenchError> {
        let nodes = self.seats.nodes().iter().copied();
        let toy = ToyKey::new(B256::repeat_byte(9), nodes);
        let share = Arc::new(toy.share(me));
        let epoch = (self.seats.group, self.seats.epoch);
        Ok(SeatConfig {
            seats: self.seats.clone(),
            voting: self.voting(me, meter)?,
            timing: Timing::default(),
            rules: Rules::default(),
            keys: Arc::new(OneEpoch(Arc::new(EpochSeeds::new(epoch, Arc::new(toy), share)))),
            began_ms: 0,
            limits: SeatLimits::default(),
        })
    }

    fn member(&self, me: NodeId, meter: &Arc<Meter>) -> Result<Member, BenchError> {
        let config = MemberConfig {
            groups: vec![self.seats.clone()],
            voting: self.voting(me, meter)?,
            timing: MemberTiming::default(),
            parts_max: PARTS_MAX as usize,
        };
        Ok(Member::new(config, self.ledgers(meter), 0))
    }
}

fn everybody(cast: Cast) -> impl Iterator<Item = NodeId> {
    let members = (MEMBERS_FROM..MEMBERS_FROM + cast.keepers + cast.members).map(NodeId);
    seat_ids(cast.seats).into_iter().chain(members)
}

pub(super) enum Actor {
    Seat(Box<Seat>),
    Member(Box<Member>),
}

/// A node.
pub(super) struct Node {
    pub(super) actor: Actor,
    pub(super) meter: Arc<Meter>,
    pub(super) wakes_ms: u64,
    journal: Option<Journal>,
}

impl Node {
    /// With a journal, if there is a folder for it.
    pub(super) fn new(
        maker: &SeatMaker,
        id: NodeId,
        folder: Option<&Path>,
    ) -> Result<Self, BenchError> {
        let meter = Arc::new(Meter::default());
        let actor = match maker.seats.contains(id) {
            true => Actor::Seat(Box::new(maker.seat(id, &meter)?)),
            false => Actor::Member(Box::new(maker.member(id, &meter)?)),
        };
        let open = |folder| Journal::open(folder, id, maker.seats());
        let journal = folder.map(open).transpose()?;
        Ok(Self { actor, meter, wakes_ms: 0, journal })
    }

    /// What it does, and when it is to be woken.
    pub(super) fn step(&mut self, now_ms: u64, event: Event) -> (Vec<Action>, u64) {
        let Self { actor, meter, .. } = self;
        meter.step(|| match actor {
            Actor::Seat(seat) => (seat.step(now_ms, event), seat.wake_ms()),
            Actor::Member(member) => (member.step(now_ms, event), member.wake_ms()),
        })
    }

    pub(super) fn write(&self, records: Vec<Record>) -> Result<(), BenchError> {
        match &self.journal {
            Some(journal) => journal.write(records),
            None => Ok(()),
        }
    }
}
