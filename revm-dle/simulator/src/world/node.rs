//! The nodes of a run, and how they are made.

use std::sync::Arc;

use conet_committee::{
    Record,
    archive::Rules,
    keys::NodeId,
    log::Timing,
    member::{Member, MemberConfig, MemberTiming},
    roulette::selection::Replay,
    seat::{Seat, SeatConfig},
    vote::Voting,
};

use super::{World, disk::Disk, voting};
use crate::{
    byzantine::Behaviour,
    keys::{PARTS_MAX, TRAP_ONE_IN, ToyRing, WISH_MS},
    ledger::ToyLedgers,
    scenario::ROOT,
};

pub(super) enum Actor {
    Seat(Box<Seat>),
    Member(Box<Member>),
    Down,
}

/// A node, and its disk.
pub(super) struct Node {
    pub(super) actor: Actor,
    pub(super) disk: Disk,
    pub(super) ledgers: ToyLedgers,
    pub(super) voting: Voting,
    pub(super) behaviour: Option<Box<dyn Behaviour>>,
    pub(super) wakes_ms: u64,
    /// The height of the newest entry that the oracle saw here.
    pub(super) seen: u64,
    /// Some draw again what they draw, until they crash: what was written half is not whole on these disks.
    pub(super) replay: Option<Replay>,
}

impl Node {
    pub(super) fn new(
        me: NodeId,
        actor: Actor,
        ledgers: ToyLedgers,
        behaviour: Option<Box<dyn Behaviour>>,
    ) -> Self {
        Self {
            actor,
            disk: Disk::default(),
            ledgers,
            voting: voting(me),
            behaviour,
            wakes_ms: 0,
            seen: 0,
            // As many as it takes to see a mistake that all of them make.
            replay: me.0.is_multiple_of(4).then(Replay::default),
        }
    }

    /// The archive group whose log it is in; the first one for who has none.
    pub(super) fn group(&self) -> u32 {
        match &self.actor {
            Actor::Seat(seat) => seat.state().seats.group,
            _ => ROOT,
        }
    }
}

impl World<'_> {
    /// Ledgers without any block.
    pub(super) fn ledgers(&self, lies: bool) -> ToyLedgers {
        let chains: Vec<_> = self.scenario.chains.iter().map(|opening| opening.chain).collect();
        ToyLedgers::new(&chains, lies)
    }

    pub(super) fn actor(
        &self,
        node: NodeId,
        ledgers: ToyLedgers,
        journal: Option<Vec<Record>>,
    ) -> Actor {
        let ledgers = Box::new(ledgers);
        if self.is_archive(node) {
            let keys = ToyRing {
                me: node,
                secret: self.seed,
                holds_ceremonies: self.scenario.holds_ceremonies,
            };
            let config = SeatConfig {
                seats: self.seats.clone(),
                voting: voting(node),
                timing: Timing { history_max: 24, ..Timing::default() },
                rules: Rules {
                    checkpoint_every: 8,
                    wish_ms: WISH_MS,
                    trap_one_in: TRAP_ONE_IN,
                    ..Rules::default()
                },
                keys: Arc::new(keys),
                began_ms: 0,
                limits: self.scenario.limits(node),
            };
            return Actor::Seat(Box::new(match journal {
                Some(records) => Seat::restore(&config, ledgers, records, self.now_ms),
                None => Seat::new(&config, ledgers, self.now_ms),
            }));
        }
        let config = MemberConfig {
            groups: vec![self.seats.clone()],
            voting: voting(node),
            timing: MemberTiming::default(),
            parts_max: PARTS_MAX,
        };
        Actor::Member(Box::new(match journal {
            Some(records) => Member::restore(config, ledgers, records, self.now_ms),
            None => Member::new(config, ledgers, self.now_ms),
        }))
    }
}
