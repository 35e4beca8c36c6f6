//! Runs without trouble, but for what is asked for.

use conet_committee::{Record, keys::NodeId, seat::Seat};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{Actor, Happening, PATIENCE_MS, Violation, World};
use crate::{
    latency::{Calm, CatchUp, Killed, Timeline},
    scenario::Scenario,
};

/// For how long a seat that is killed is away.
const SEAT_AWAY_MS: u64 = 10_000;

impl World<'_> {
    /// A network without trouble.
    pub(crate) fn calm(calm: Calm) -> Self {
        Self::with(0, ChaCha8Rng::seed_from_u64(0), Scenario::calm(calm), None)
    }

    /// When things happened.
    pub(crate) const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Stops somebody for good.
    pub(crate) fn kill(&mut self, killed: Killed, at_ms: u64) {
        self.at(at_ms, Happening::Kills(killed));
    }

    pub(super) fn kill_now(&mut self, killed: Killed) {
        let chain = self.scenario.chains.first().map(|opening| opening.chain);
        let state = self.honest_seats().next().map(Seat::state);
        let known = chain.and_then(|chain| state?.chains.get(&chain).cloned());
        let node = known.and_then(|chain| match killed {
            Killed::Creator => chain.creator,
            Killed::Witness => chain.witness.last().copied(),
            Killed::Validator => chain.validator.of(chain.height + 2).next(),
            Killed::Seat => self.scenario.seats.last().copied(),
        });
        match (node, killed) {
            // Else its group would wait for it to be active again.
            (Some(node), Killed::Seat) => self.stop_until(node, self.now_ms + SEAT_AWAY_MS),
            (Some(node), _) => self.stop(node),
            (None, _) => {}
        }
    }

    /// Lets the first seat begin late, with an empty journal.
    pub(crate) fn catch_up(&mut self, begins_ms: u64) -> Result<Option<CatchUp>, Violation> {
        let Some(late) = self.scenario.seats.first().copied() else { return Ok(None) };
        self.stop_until(late, begins_ms);
        let (mut behind, ends_ms) = (0, begins_ms + PATIENCE_MS);
        while let Some(((at_ms, _), what)) = self.due.pop_first() {
            if at_ms > ends_ms {
                break;
            }
            self.now_ms = at_ms;
            self.happen(what)?;
            let Some(node) = self.nodes.get(&late) else { break };
            let Actor::Seat(seat) = &node.actor else { continue };
            let height = |seat: &Seat| seat.tip().header.height;
            let newest = self.honest_seats().map(height).max().unwrap_or_default();
            behind = if behind == 0 { newest } else { behind };
            if height(seat) + 2 >= newest {
                let checkpoint = node.disk.records().find_map(|record| match record {
                    Record::Checkpoint(frozen) => Some(frozen.proof.height()),
                    _ => None,
                });
                return Ok(Some(CatchUp { behind, checkpoint, took_ms: self.now_ms - begins_ms }));
            }
        }
        Ok(None)
    }

    fn stop_until(&mut self, id: NodeId, back_ms: u64) {
        self.at(back_ms, Happening::Returns(id));
        self.stop(id);
    }

    fn stop(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.actor = Actor::Down;
        }
    }
}
