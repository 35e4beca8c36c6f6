//! What nodes do, and how they crash and come back.

use std::sync::Arc;

use conet_committee::{Action, Record, keys::NodeId, message::Message, seat::Event};
use rand::Rng as _;

use super::{Actor, Happening, Violation, World, disk::own_vote};
use crate::byzantine::Liar;

/// How much likelier a member's step ends in a crash than a seat's.
const MEMBER_CRASHES: u32 = 10;

/// Whether a node takes another state with what it writes down here.
const fn goes_on(action: &Action) -> bool {
    matches!(action, Action::Persist(Record::Entry(_) | Record::Checkpoint(_) | Record::Epoch(_)))
}

impl World<'_> {
    pub(super) fn step(&mut self, id: NodeId, event: Event) -> Result<(), Violation> {
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
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        if let Some(behaviour) = &mut node.behaviour {
            let seats = match &node.actor {
                Actor::Seat(seat) => seat.state().seats.clone(),
                _ => self.main.home(id).unwrap_or_else(|| self.seats.clone()),
            };
            let group = self.main.group(self.main.followed_by(id));
            let named = group.and_then(|group| group.named.clone());
            let state = match &node.actor {
                Actor::Seat(seat) => Some(seat.state()),
                _ => None,
            };
            let mut liar = Liar {
                state,
                named: named.as_ref(),
                voting: &node.voting,
                rng: &mut self.rng,
                now_ms: self.now_ms,
                friends: &self.scenario.friends,
                seats: &seats,
                members: &self.scenario.members,
                blocks: self.oracle.blocks_sent(),
            };
            actions = behaviour.twist(actions, &mut liar);
        }
        // Members have less to do.
        let often = if self.scenario.archives.contains(&id) { 1 } else { MEMBER_CRASHES };
        let crashes = self.scenario.crashes > 0
            && !actions.is_empty()
            && self.rng.random_ratio(self.scenario.crashes * often, 100_000);
        let mut is_known = true;
        if crashes {
            let cut = self.rng.random_range(0..=actions.len());
            // The state after an entry that is not written down is nobody's.
            is_known = !actions.split_off(cut).iter().any(goes_on);
        }
        for action in actions {
            self.perform(id, action)?;
        }
        // What a node that crashes knew, others may know from it.
        if is_known {
            self.look(id)?;
            self.certify(id)?;
            self.certify_seed(id)?;
        }
        if crashes {
            self.crash(id);
        } else if self.oracle.is_honest(id) {
            self.oracle.see_done(id)?;
            if let Some(Actor::Member(member)) = self.nodes.get(&id).map(|node| &node.actor) {
                self.oracle.see_member((id, member), self.now_ms)?;
            }
        }
        Ok(())
    }

    fn perform(&mut self, from: NodeId, action: Action) -> Result<(), Violation> {
        self.trace.does(self.now_ms, from, &action);
        let Some(node) = self.nodes.get_mut(&from) else { return Ok(()) };
        match action {
            Action::Persist(record) => {
                if self.oracle.is_honest(from) {
                    match &record {
                        Record::Draft(entry) => self.oracle.see_draft(entry),
                        Record::Checkpoint(frozen) => {
                            if let Some(header) = frozen.proof.headers.first() {
                                self.oracle.see_checkpoint(from, header);
                            }
                        }
                        Record::Entry(entry) => self.oracle.see_entry(from, entry, self.now_ms)?,
                        Record::Certificate(certificate) => {
                            self.oracle.see_certificate(from, certificate)?;
                        }
                        _ => {}
                    }
                }
                node.disk.write(record);
            }
            Action::Send(to, message) => {
                node.disk.sync();
                let group = node.group();
                let written = (node.disk.votes(), self.now_ms);
                self.oracle.see_sent((from, group), &message, written)?;
                if let Actor::Seat(seat) = &node.actor
                    && self.oracle.is_honest(from)
                {
                    self.oracle.see_passed_on(from, seat.state(), &message);
                    self.oracle.see_complaint(from, &message);
                }
                if let (Message::Join(joining), Actor::Member(member)) = (&message, &node.actor) {
                    let notices = member.notices().map(|proven| &proven.notice);
                    let serving = notices.filter(|notice| notice.members().contains(&from));
                    let serving: Vec<_> = serving.map(|notice| notice.chain).collect();
                    self.oracle.see_wish(from, joining, &serving)?;
                }
                self.timeline.see_sent(self.now_ms, &message);
                let message = Arc::new(message);
                for delay in self.scenario.network.arrivals(&mut self.rng, from, to) {
                    self.at(self.now_ms + delay, Happening::Arrives(from, to, message.clone()));
                }
            }
            Action::Report(first, second) if self.oracle.is_honest(from) => {
                self.oracle.see_report(from, &first, &second)?;
            }
            Action::Found(finding) if self.oracle.is_honest(from) => {
                let group = node.group();
                self.oracle.see_found((from, group), &finding)?;
            }
            Action::Drawn(evidence) if self.oracle.is_honest(from) => {
                if let Some(replay) = &mut node.replay {
                    // Seeds are the oracle's to look at.
                    let taken = replay.take(&evidence, |_| true);
                    taken.map_err(|error| Violation::WrongEvidence { node: from, error })?;
                }
            }
            Action::Report(..) | Action::Found(_) | Action::Regrouped(_) | Action::Drawn(_) => {}
        }
        Ok(())
    }

    /// Stops a node. What it wrote last may be torn off, unless it said something since.
    fn crash(&mut self, id: NodeId) {
        let back_ms = self.now_ms + self.rng.random_range(50..5_000);
        self.at(back_ms, Happening::Returns(id));
        self.trace.stops(self.now_ms, id);
        self.oracle.see_stopped(id);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.actor = Actor::Down;
            node.replay = None;
            if self.rng.random_bool(0.5) {
                node.disk.tear(self.rng.random_range(0..=node.disk.loose()));
            }
        }
    }

    pub(super) fn restart(&mut self, id: NodeId) -> Result<(), Violation> {
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        node.disk.sync();
        let Some(node) = self.nodes.get(&id) else { return Ok(()) };
        let ledgers = if self.scenario.keeps_ledgers {
            node.ledgers.after_restart()
        } else {
            self.ledgers(node.ledgers.lies)
        };
        if self.oracle.is_honest(id) {
            let votes = node.disk.records().filter_map(own_vote);
            votes.for_each(|vote| self.oracle.see_restored(vote));
            for record in node.disk.records() {
                if let Record::Block(block, _) = record {
                    self.oracle.see_judged(id, block.header.hash());
                }
            }
        }
        let journal = node.disk.records().cloned().collect();
        let actor = self.actor(id, ledgers.clone(), Some(journal));
        if let Actor::Seat(seat) = &actor
            && self.oracle.is_honest(id)
        {
            self.oracle.see_proofs(id, seat)?;
        }
        if let Some(node) = self.nodes.get_mut(&id) {
            node.actor = actor;
            node.ledgers = ledgers;
            node.wakes_ms = 0;
            node.seen = 0;
        }
        self.probe(id)?;
        if self.is_archive(id) {
            self.open_chains(id)?;
        }
        self.read(id)?;
        self.step(id, Event::Tick)
    }

    /// What a node holds for true now.
    fn look(&mut self, id: NodeId) -> Result<(), Violation> {
        let Some(node) = self.nodes.get_mut(&id) else { return Ok(()) };
        match &node.actor {
            // Liars follow the log, too, and may be the first who know.
            Actor::Seat(seat) if !self.oracle.is_honest(id) => {
                let height = seat.tip().header.height;
                if height != node.seen {
                    self.oracle.see_chains(id, seat.state())?;
                    node.seen = height;
                }
            }
            Actor::Member(_) if !self.oracle.is_honest(id) => {}
            Actor::Seat(seat) => {
                let height = seat.tip().header.height;
                if seat.has_diverged() {
                    return Err(Violation::Diverged { node: id });
                }
                if height != node.seen {
                    self.oracle.see_state(id, seat.state(), node.seen)?;
                    self.timeline.see_state(self.now_ms, seat.state());
                    node.seen = height;
                }
            }
            Actor::Member(member) => {
                for proven in member.notices() {
                    let notice = &proven.notice;
                    let stands = (notice.chain, notice.height, notice.hash);
                    self.oracle.see_notice(id, stands)?;
                }
            }
            Actor::Down => {}
        }
        Ok(())
    }
}
