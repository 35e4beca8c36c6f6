//! A seat's part in the ceremony that makes its epoch's key. See [`crate::archive::ceremony`].
//!
//! Everything follows from the node's secret for the epoch, from the log, and from the dealings that it was sent: those
//! it writes down before it acknowledges them, and its share before it uses it.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::B256;

use super::desk::Desk;
use crate::{
    archive::{Item, ceremony, item::Announced},
    journal::{Kept, Record},
    keys::NodeId,
    message::Message,
    outbox::Outbox,
    roulette::{
        dkg::{Ack, Dealer, Dealing, Identity, Player, Transcript},
        epoch::EpochSeeds,
    },
};

/// The most dealings that are kept: of all seats, in several rounds.
const DEALINGS_MAX: usize = 256;

/// A node's part in ceremonies.
#[derive(Default)]
pub(super) struct Part {
    /// Dealings that it acknowledged, with their epochs.
    pub(super) dealings: Vec<(u64, Dealing)>,
    /// Its share of the epoch's key, from the journal.
    pub(super) share: Option<(u64, Kept)>,
    /// Who takes its keys while it has no seat, and in which log: that of the group it follows.
    pub(super) sitting: Vec<NodeId>,
    pub(super) log: Option<B256>,
    announced: Option<Announced>,
    pub(super) round: Option<Round>,
}

/// One ceremony.
pub(super) struct Round {
    id: B256,
    player: Player,
    dealer: Option<Dealer>,
    dealing: Dealing,
    acked: BTreeSet<NodeId>,
    transcript: Option<Transcript>,
    since_ms: u64,
}

impl Desk {
    /// Does what its ceremony asks of it now.
    pub(super) fn go_on_with_ceremony(&mut self, out: &mut Outbox) {
        if self.announce_epoch().is_some() && self.part.announced.is_none() {
            self.announce(out);
        }
        if self.is_retired || self.seeds.is_some() {
            return;
        }
        self.begin_round(out);
        self.finish_dealing(out);
        self.take_share(out);
    }

    /// Says again what may not have arrived.
    pub(super) fn repeat_ceremony(&mut self, out: &mut Outbox) {
        self.announce(out);
        if let Some(round) = &self.part.round {
            match &round.transcript {
                Some(transcript) => {
                    let message = Message::Transcript(Box::new(transcript.clone()));
                    out.send_all(self.seats.nodes(), message);
                }
                None => {
                    let late = self.seats.nodes().iter().filter(|node| !round.acked.contains(node));
                    out.send_all(late, Message::Dealing(Box::new(round.dealing.clone())));
                }
            }
        }
        self.go_on_with_ceremony(out);
    }

    /// The epoch that this node's keys are missing for.
    pub(super) fn announce_epoch(&self) -> Option<u64> {
        let (me, state) = (self.voting.me, &self.state);
        let named = self.successors.as_ref().filter(|named| named.nodes.contains(&me));
        if self.is_retired {
            return named.map(|named| named.epoch);
        }
        let open = state.announced_epoch().filter(|_| !state.has_announced(me))?;
        let is_mine = open == self.seats.epoch || named.is_some_and(|named| named.epoch == open);
        is_mine.then_some(open)
    }

    fn announce(&mut self, out: &mut Outbox) {
        let Some(epoch) = self.announce_epoch() else { return };
        let Some(identity) = self.identity(epoch) else { return };
        if self.part.announced.as_ref().is_none_or(|known| known.epoch != epoch) {
            let member = identity.member();
            let log = self.part.log.filter(|_| self.is_retired).unwrap_or(self.seats.log);
            let signed = Announced::struct_hash(log, epoch, &member);
            let signature = self.voting.sign(signed);
            self.part.announced = Some(Announced { member, epoch, signature });
        }
        let Some(announced) = self.part.announced.clone() else { return };
        let message = Message::Member(Box::new(announced.clone()));
        if self.is_retired {
            return out.send_all(&self.part.sitting, message);
        }
        out.send_all(self.seats.nodes(), message);
        self.queue(Item::Member(Box::new(announced)));
    }

    fn identity(&self, epoch: u64) -> Option<Identity> {
        let secret = self.keys.secret(epoch)?;
        Identity::new(self.voting.me, &secret).ok()
    }

    /// Whether a node may announce keys: it has a seat, or the main chain names it.
    pub(super) fn is_invited(&self, announced: &Announced) -> bool {
        let node = announced.member.node;
        let named = self.successors.as_ref().filter(|named| named.epoch == announced.epoch);
        let is_named = named.is_some_and(|named| named.nodes.contains(&node));
        is_named || announced.epoch == self.seats.epoch && self.seats.contains(node)
    }

    pub(super) fn take_member(&mut self, announced: Announced) {
        let is_news = self.is_invited(&announced) && self.state.may_announce(&announced);
        if is_news && self.state.is_announced(&announced) {
            self.queue(Item::Member(Box::new(announced)));
        }
    }

    /// Deals, and looks at what others dealt.
    fn begin_round(&mut self, out: &mut Outbox) {
        let Some(ceremony) = self.dealt().map(|dealing| dealing.ceremony.clone()) else { return };
        if self.part.round.as_ref().is_some_and(|round| round.id == ceremony.id()) {
            return;
        }
        let (epoch, keyed_for) = (self.seats.epoch, self.seats.keyed_for);
        let identity = self.identity(keyed_for);
        let (Some(identity), Some(secret)) = (identity, self.keys.secret(keyed_for)) else {
            return;
        };
        let (player, dealer) =
            (Player::new(&ceremony, &identity), Dealer::start(&ceremony, &identity, None, &secret));
        let (Ok(mut player), Ok((mut dealer, dealing))) = (player, dealer) else { return };
        let known = self.part.dealings.iter().filter(|(of, _)| *of == epoch);
        for known in known.map(|(_, known)| known).chain([&dealing]) {
            if let Ok(ack) = player.receive(known)
                && ack.dealer == self.voting.me
            {
                // Its own.
                let _ = dealer.acknowledge(&ack);
            }
        }
        out.send_all(self.seats.nodes(), Message::Dealing(Box::new(dealing.clone())));
        self.part.round = Some(Round {
            id: ceremony.id(),
            player,
            dealer: Some(dealer),
            dealing,
            acked: BTreeSet::from([self.voting.me]),
            transcript: None,
            since_ms: self.now_ms,
        });
    }

    /// The second part of this epoch's ceremony.
    fn dealt(&self) -> Option<&ceremony::Dealing> {
        self.state.ceremony()?.dealing.as_ref()
    }

    pub(super) fn take_dealing(&mut self, dealing: Dealing, out: &mut Outbox) {
        let Some(round) = &mut self.part.round else { return };
        // Of a dealer's dealings the first one counts: the others are not even looked at.
        let is_news = !round.player.has(dealing.dealer);
        let Ok(ack) = round.player.receive(&dealing) else { return };
        let epoch = self.seats.epoch;
        if is_news {
            if self.part.dealings.len() >= DEALINGS_MAX {
                return;
            }
            out.persist(Record::Dealing(epoch, Box::new(dealing.clone())));
            self.part.dealings.push((epoch, dealing));
        }
        out.send(ack.dealer, Message::Ack(ack));
    }

    pub(super) fn take_ack(&mut self, ack: &Ack, out: &mut Outbox) {
        let Some(round) = &mut self.part.round else { return };
        let Some(dealer) = &mut round.dealer else { return };
        if dealer.acknowledge(ack).is_ok() {
            round.acked.insert(ack.player);
            self.finish_dealing(out);
        }
    }

    /// Ends its part as a dealer when all have acknowledged, or half of the time is over.
    fn finish_dealing(&mut self, out: &mut Outbox) {
        let patience_ms = self.state.rules.ceremony_ms / 2;
        let Some(round) = &mut self.part.round else { return };
        let all = self.seats.nodes().iter().all(|node| round.acked.contains(node));
        if !all && self.now_ms < round.since_ms + patience_ms {
            return;
        }
        let Some(dealer) = round.dealer.take() else { return };
        let transcript = dealer.finish();
        round.transcript = Some(transcript.clone());
        out.send_all(self.seats.nodes(), Message::Transcript(Box::new(transcript.clone())));
        self.queue(Item::Transcript(Box::new(transcript)));
    }

    pub(super) fn take_transcript(&mut self, transcript: Transcript) {
        let Some(dealing) = self.dealt() else { return };
        // What is known is not checked again: that costs more than to ask for it.
        let is_known = dealing.tally.recorded().contains(&transcript.dealer);
        if !is_known && dealing.tally.clone().record(&transcript).is_ok() {
            self.queue(Item::Transcript(Box::new(transcript)));
        }
    }

    /// The log has the key: works out its share of it, once.
    fn take_share(&mut self, out: &mut Outbox) {
        let (me, epoch) = (self.voting.me, self.seats.epoch);
        let Some(key) = self.state.ceremony().and_then(|known| known.key.clone()) else { return };
        let kept = self.part.share.as_ref().filter(|(of, _)| *of == epoch);
        let share = match kept {
            Some((_, kept)) => key.restore_share(me, &kept.0).ok(),
            None => {
                let (Some(round), Some(dealing)) = (self.part.round.take(), self.dealt()) else {
                    return;
                };
                let Ok((_, share)) = round.player.finish(&dealing.tally, &dealing.entropy()) else {
                    return;
                };
                let kept = Kept(share.to_kept());
                out.persist(Record::Share(epoch, kept));
                Some(share)
            }
        };
        let Some(share) = share else { return };
        let of = (self.seats.group, epoch);
        self.seeds = Some(Arc::new(EpochSeeds::new(of, key, Arc::new(share))));
        self.part.round = None;
        self.make_seed_parts(out);
    }

    /// The epoch is over, and there is no next one here: what its key follows from is destroyed.
    pub(super) fn destroy_secrets(&mut self) {
        self.seeds = None;
        let (sitting, log) = (std::mem::take(&mut self.part.sitting), self.part.log);
        self.part = Part { sitting, log, ..Part::default() };
    }

    /// Another epoch: what belonged to the one before is destroyed.
    pub(super) fn forget_ceremony(&mut self) {
        let epoch = self.seats.epoch;
        let share = self.part.share.take().filter(|(of, _)| *of == epoch);
        let mut dealings = std::mem::take(&mut self.part.dealings);
        dealings.retain(|(of, _)| *of == epoch);
        let (sitting, log) = (std::mem::take(&mut self.part.sitting), self.part.log);
        self.part = Part { dealings, share, sitting, log, ..Part::default() };
    }
}
