//! When a run is over, and what must hold then.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_committee::{archive::Chain, keys::NodeId, seat::Seat, seats::Seats};

use super::{Actor, Violation, World};

/// How long a run goes on after the network healed, at least.
const AFTERWARDS_MS: u64 = 8_000;

/// How long after the last payment everything has calmed down.
const CALM_MS: u64 = 8_000;

/// For how long it must stay calm then.
const QUIET_MS: u64 = 8_000;

/// What a payment must add to be heard of, at least, seconds; and an eighth of what is left.
const DAY_S: u64 = 86_400;

/// The views of all chains.
pub(super) type Views = BTreeMap<B256, u64>;

impl World<'_> {
    pub(super) fn is_done(&mut self) -> bool {
        let is_over = self.now_ms > self.scenario.heals_ms + AFTERWARDS_MS;
        is_over
            && self.scenario.payments.iter().all(|planned| self.is_made(planned))
            && self.is_handed_over()
            && self.all_agree()
            && self.is_calm()
    }

    /// Where nobody lies, a while after all is done: and it stayed so.
    fn is_calm(&mut self) -> bool {
        if !self.scenario.liars.is_empty() {
            return true;
        }
        match &self.quiet {
            None => {
                self.quiet = Some((self.now_ms + CALM_MS, Views::new()));
                false
            }
            Some((since, views)) if views.is_empty() && self.now_ms >= *since => {
                self.quiet = Some((self.now_ms, self.views()));
                false
            }
            Some((since, views)) => !views.is_empty() && self.now_ms >= since + QUIET_MS,
        }
    }

    /// How many signatures liars released for blocks that were void by then.
    pub(super) fn released(&self) -> usize {
        let liars = self.nodes.values().filter_map(|node| node.behaviour.as_ref());
        liars.map(|behaviour| behaviour.released()).sum()
    }

    fn views(&self) -> Views {
        let newest = self.main.whole().filter_map(|group| {
            self.honest_seats_of(&group.seats).max_by_key(|seat| seat.state().height)
        });
        let chains = newest.flat_map(|seat| seat.state().chains.values());
        chains.map(|chain| (chain.id, chain.view)).collect()
    }

    /// Of the newest epochs of all groups, as far as they have taken their seats in them.
    pub(super) fn honest_seats(&self) -> impl Iterator<Item = &Seat> {
        self.main.whole().flat_map(|group| self.honest_seats_of(&group.seats))
    }

    /// The same of one group.
    pub(super) fn honest_seats_of<'a>(
        &'a self,
        newest: &'a Seats,
    ) -> impl Iterator<Item = &'a Seat> {
        let honest = newest.nodes().iter().filter(|seat| self.oracle.is_honest(**seat));
        honest.filter_map(|seat| match self.nodes.get(seat).map(|node| &node.actor) {
            Some(Actor::Seat(seat)) if is_in(seat, newest) => Some(&**seat),
            _ => None,
        })
    }

    fn suspended(&self) -> Option<NodeId> {
        let mut suspended = self.honest_seats().flat_map(|seat| seat.state().suspended.keys());
        suspended.find(|seat| self.oracle.is_honest(**seat)).copied()
    }

    fn all_agree(&self) -> bool {
        self.suspended().is_none() && self.main.whole().all(|group| self.agree(&group.seats))
    }

    /// Whether the seats of a group have the same blocks, and have barred whom they must.
    fn agree(&self, seats: &Seats) -> bool {
        let is_barred =
            |node| self.honest_seats_of(seats).all(|seat| seat.state().barred.contains(&node));
        let finals: BTreeSet<Vec<_>> = self
            .honest_seats_of(seats)
            .map(|seat| {
                seat.state().chains.values().map(|chain| (chain.id, chain.height)).collect()
            })
            .collect();
        finals.len() == 1
            && self.oracle.check_cheats(seats, is_barred).is_ok()
            && self.honest_seats_of(seats).all(|seat| self.owes(seat).is_none())
    }

    /// What a seat still lacks, of which chain: the state that it must execute on, or rent that the main chain took.
    fn owes(&self, seat: &Seat) -> Option<(B256, &'static str)> {
        let state = seat.state();
        let lacks = |chain: &Chain| {
            let paid = self.rent(chain.id);
            let left = chain.paid_through_s.saturating_sub(state.time_ms / 1_000);
            let is_heard = paid < chain.paid_through_s + DAY_S.max(left / 8);
            if !seat.ledgers().has(chain.hash) {
                Some("the state of its newest block")
            } else if !is_heard && chain.pending.is_none() {
                Some("rent that was paid")
            } else {
                None
            }
        };
        state.chains.values().find_map(|chain| Some((chain.id, lacks(chain)?)))
    }

    pub(super) fn check_end(&self) -> Result<(), Violation> {
        if let Some((_, before)) = &self.quiet {
            for (chain, now) in self.views() {
                let before = before.get(&chain).copied().unwrap_or(now);
                if now != before {
                    return Err(Violation::Restless { chain, before, now });
                }
            }
        }
        let open: Vec<_> =
            self.scenario.payments.iter().filter(|planned| !self.is_made(planned)).collect();
        if open.is_empty() && self.is_handed_over() && self.all_agree() {
            return Ok(());
        }
        for group in self.main.whole() {
            self.oracle.check_cheats(&group.seats, |node| {
                let mut seats = self.honest_seats_of(&group.seats);
                seats.any(|seat| seat.state().barred.contains(&node))
            })?;
        }
        let after_ms = self.now_ms - self.scenario.heals_ms;
        if let Some(seat) = self.suspended() {
            return Err(Violation::Suspended { seat, after_ms });
        }
        let me = |seat: &Seat| seat.tip().header.height;
        let short = self.honest_seats().find_map(|seat| Some((me(seat), self.owes(seat)?)));
        if open.is_empty()
            && self.is_handed_over()
            && let Some((height, (chain, what))) = short
        {
            return Err(Violation::Lacks { height, chain, what });
        }
        let tips: Vec<_> = self.honest_seats().map(|seat| seat.describe()).collect();
        let first = open.first().map(|planned| (planned.chain, planned.nonce, planned.payment));
        let what = format!("{first:?}; {}", tips.join(" | "));
        Err(Violation::NoProgress { after_ms, open: open.len(), what })
    }
}

fn is_in(seat: &Seat, newest: &Seats) -> bool {
    let seats = &seat.state().seats;
    (seats.group, seats.epoch) == (newest.group, newest.epoch)
}
