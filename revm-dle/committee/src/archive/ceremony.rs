//! How the seats of an epoch get the key that makes its seeds: the ceremony of [`crate::roulette::dkg`], in the log.
//!
//! ```text
//! log of the epoch before   Member of each node that is named, signed by its wallet    before the Handover
//! log of the epoch          Transcript of each dealer                                  until all are there, or it is late
//!                           the key                      or, when too few transcripts are usable, the next round
//! ```
//!
//! - *A fresh key for each epoch, by its own seats.* What seats had before is worth nothing then, and nobody has to believe
//!   that they destroyed it. So who leaves has no part in it. Draws that are asked for meanwhile wait, and no epoch ends
//!   before they are done.
//! - *All seats have a share.* With fewer, a third of the seats could hold up seeds that they alone know already, and so
//!   choose which draws come about. So nobody gets a seat whose keys are not in the log, and a group's first epoch waits
//!   for all its seats.

use std::{collections::BTreeMap, sync::Arc};

use alloy::primitives::{B256, Bytes, Keccak256};
use serde::{Deserialize, Serialize};

use super::{
    error::{ItemError, Result},
    item::Announced,
    state::{Seeds, State},
};
use crate::{
    keys::NodeId,
    roulette::{
        bls::GroupKey,
        dkg::{self, Tally, Transcript},
        epoch::EpochKey,
    },
};

/// The most nodes whose keys for the next epoch are kept: all that the main chain ever names in one.
const ANNOUNCED_MAX: usize = 1_024;

/// How many rounds an epoch has numbers for.
const ROUNDS: u64 = 1 << 16;

/// A ceremony under way, or what it gave.
#[derive(Clone)]
pub struct Ceremony {
    /// Counts its attempts.
    pub round: u64,
    /// Until when transcripts are waited for.
    pub until_ms: u64,
    /// Those who take part, once all have said so.
    pub members: BTreeMap<NodeId, dkg::Member>,
    /// The transcripts in the log.
    pub dealing: Option<Dealing>,
    /// What it gave.
    pub key: Option<Arc<GroupKey>>,
}

/// The second part of a ceremony.
#[derive(Clone)]
pub struct Dealing {
    /// What it is about.
    pub ceremony: dkg::Ceremony,
    /// The transcripts, counted.
    pub tally: Tally,
    transcripts: Vec<Transcript>,
}

/// All that does not follow from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frozen {
    round: u64,
    until_ms: u64,
    members: Vec<dkg::Member>,
    transcripts: Option<Vec<Transcript>>,
    key: Option<Bytes>,
}

impl Ceremony {
    pub(super) const fn new(until_ms: u64) -> Self {
        Self { round: 0, until_ms, members: BTreeMap::new(), dealing: None, key: None }
    }

    fn deal(&mut self, (group, epoch): (u32, u64)) -> Option<&mut Dealing> {
        let members: Vec<_> = self.members.values().cloned().collect();
        let ceremony = dkg::Ceremony::fresh(group, epoch * ROUNDS + self.round, &members).ok()?;
        let tally = Tally::new(&ceremony);
        self.dealing = Some(Dealing { ceremony, tally, transcripts: Vec::new() });
        self.dealing.as_mut()
    }

    pub(super) fn freeze(&self) -> Frozen {
        Frozen {
            round: self.round,
            until_ms: self.until_ms,
            members: self.members.values().cloned().collect(),
            transcripts: self.dealing.as_ref().map(|dealing| dealing.transcripts.clone()),
            key: self.key.as_ref().map(|key| key.encode()),
        }
    }

    /// `None`: the bytes are of no ceremony.
    pub(super) fn thaw(frozen: Frozen, of: (u32, u64)) -> Option<Self> {
        let Frozen { round, until_ms, members, transcripts, key } = frozen;
        let members = members.into_iter().map(|member| (member.node, member)).collect();
        let mut ceremony = Self { round, until_ms, members, dealing: None, key: None };
        if let Some(transcripts) = transcripts {
            let dealing = ceremony.deal(of)?;
            for transcript in transcripts {
                dealing.record(transcript)?;
            }
        }
        if let Some(key) = key {
            ceremony.key = Some(Arc::new(GroupKey::decode(&key).ok()?));
        }
        Some(ceremony)
    }
}

impl Dealing {
    fn record(&mut self, transcript: Transcript) -> Option<()> {
        self.tally.record(&transcript).ok()?;
        self.transcripts.push(transcript);
        Some(())
    }

    /// Checks of many things at once need numbers that dealers cannot know before. All seats take the same ones, for all
    /// must come to the same end: those that follow from all transcripts.
    #[must_use]
    pub fn entropy(&self) -> [u8; 32] {
        let mut hasher = Keccak256::new();
        hasher.update(self.ceremony.id());
        hasher.update(alloy_rlp::encode(&self.transcripts));
        hasher.finalize().0
    }

    /// The transcripts, in the log's order.
    #[must_use]
    pub fn transcripts(&self) -> &[Transcript] {
        &self.transcripts
    }
}

impl State {
    /// The ceremony of this epoch, if it holds one.
    #[must_use]
    pub fn ceremony(&self) -> Option<&Ceremony> {
        self.ceremony.as_deref()
    }

    /// Whether a key is being made.
    #[must_use]
    pub const fn is_keyless(&self) -> bool {
        self.seeds.is_none()
    }

    pub(super) fn seed_value(&self, height: u64, signature: &[u8]) -> Option<B256> {
        self.seeds.as_ref().and_then(|seeds| seeds.value(height, signature))
    }

    /// The epoch that keys are announced for: this one as long as some are missing, else the next one.
    #[must_use]
    pub fn announced_epoch(&self) -> Option<u64> {
        let ceremony = self.ceremony()?;
        Some(self.seats.epoch + u64::from(ceremony.dealing.is_some()))
    }

    /// A node takes part in an epoch's ceremony.
    pub(super) fn announce(&mut self, announced: &Announced) -> Result<()> {
        let node = announced.member.node;
        if !self.may_announce(announced) {
            return Err(ItemError::Nothing);
        }
        if !self.is_announced(announced) {
            return Err(ItemError::Signature { node });
        }
        self.announced.insert(node, announced.member.clone());
        Ok(())
    }

    /// Whether a node's keys for the next ceremony are in the log.
    #[must_use]
    pub fn has_announced(&self, node: NodeId) -> bool {
        self.announced.contains_key(&node)
    }

    /// Whether a node's keys would be news, and nobody else's.
    #[must_use]
    pub fn may_announce(&self, announced: &Announced) -> bool {
        let member = &announced.member;
        let is_now = self.announced_epoch() == Some(announced.epoch) && self.handover.is_none();
        let may = is_now && !self.barred.contains(&member.node);
        may && self.announced.len() < ANNOUNCED_MAX
            && !self.announced.contains_key(&member.node)
            && self.announced.values().all(|other| other.signing != member.signing)
    }

    /// Whether a node signed for keys that it holds.
    #[must_use]
    pub fn is_announced(&self, announced: &Announced) -> bool {
        let Announced { member, epoch, signature } = announced;
        let signed = Announced::struct_hash(self.seats.log, *epoch, member);
        self.voting.signed(member.node, signed, signature) && member.is_proven()
    }

    /// Whether all these nodes have announced their keys, where the group makes its key itself.
    pub(super) fn have_announced(&self, nodes: &[NodeId]) -> bool {
        self.ceremony.is_none()
            || self.announced_epoch() == Some(self.seats.epoch + 1)
                && nodes.iter().all(|node| self.announced.contains_key(node))
    }

    /// A dealer's part ended.
    pub(super) fn record(&mut self, transcript: &Transcript) -> Result<()> {
        let Some(ceremony) = self.ceremony.as_mut().filter(|known| known.key.is_none()) else {
            return Err(ItemError::Nothing);
        };
        let dealing = Arc::make_mut(ceremony).dealing.as_mut().ok_or(ItemError::Nothing)?;
        dealing.record(transcript.clone()).ok_or(ItemError::Nothing)
    }

    /// The next part of a ceremony, at an entry's time.
    pub(super) fn pass_ceremony(&mut self) {
        let Some(ceremony) = self.ceremony.clone().filter(|known| known.key.is_none()) else {
            return;
        };
        let (mut ceremony, of) =
            (Arc::unwrap_or_clone(ceremony), (self.seats.group, self.seats.epoch));
        let is_late = self.time_ms >= ceremony.until_ms;
        let until_ms = self.time_ms + self.rules.ceremony_ms;
        match &ceremony.dealing {
            None => {
                let mut at_large =
                    self.seats.nodes().iter().filter(|node| !self.barred.contains(*node));
                if !at_large.all(|node| self.announced.contains_key(node)) {
                    return;
                }
                let announced = std::mem::take(&mut self.announced);
                let seated = announced.into_iter().filter(|(node, _)| self.seats.contains(*node));
                ceremony.members = seated.collect();
                ceremony.deal(of);
            }
            Some(dealing) if !dealing.tally.is_complete() && !is_late => return,
            Some(dealing) => match dealing.tally.key(&dealing.entropy()) {
                Ok(key) => {
                    let key = Arc::new(key);
                    self.seeds = Some(Arc::new(EpochKey::new(of, key.clone())));
                    ceremony.key = Some(key);
                }
                Err(_) => {
                    ceremony.round += 1;
                    ceremony.deal(of);
                }
            },
        }
        ceremony.until_ms = until_ms;
        self.ceremony = Some(Arc::new(ceremony));
    }

    /// A ceremony as it was.
    pub(super) fn take_ceremony(&mut self, ceremony: Ceremony) {
        let of = (self.seats.group, self.seats.epoch);
        let seeds = ceremony.key.clone().map(|key| EpochKey::new(of, key));
        self.seeds = seeds.map(|seeds| Arc::new(seeds) as Arc<dyn Seeds>);
        self.ceremony = Some(Arc::new(ceremony));
    }

    /// An epoch begins: with seeds that are given, or with a ceremony.
    pub(super) fn begin_seeds(&mut self, seeds: Option<Arc<dyn Seeds>>) {
        let until_ms = self.time_ms + self.rules.ceremony_ms;
        self.ceremony = seeds.is_none().then(|| Arc::new(Ceremony::new(until_ms)));
        self.seeds = seeds;
    }
}

#[cfg(test)]
mod tests;
