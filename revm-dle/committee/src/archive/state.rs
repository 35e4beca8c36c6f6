//! What the log means: the state after an entry, as every seat works it out for itself.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::B256;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::{
    beacon::Beacon,
    ceremony::Ceremony,
    chain::Chain,
    error::{ItemError, Result},
    item::{Handover, Item, SeedOf},
    notice::Notice,
    pages::Pages,
    parts::Part,
    standing::Standing,
    wishes::Wish,
};
use crate::{
    keys::NodeId,
    log::Entry,
    roulette::{
        dkg::Member,
        pool::{Lineup, Pool},
        request::SEED_DELAY,
        selection::{Head, Selection},
    },
    seats::Seats,
    vote::Voting,
};

/// The most nodes whose wishes to be drawn stand. Who comes later waits for room.
pub(super) const WAITING_MAX: u64 = 100_000;

/// What a group fixes for all its chains. Times are chain time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// For how long a seat may look at a listed block.
    pub judging_ms: u64,
    /// For how long a member may leave a complaint unanswered.
    pub answer_ms: u64,
    /// For how long a ceremony waits for transcripts.
    pub ceremony_ms: u64,
    /// For how long a wish to be drawn stands.
    pub wish_ms: u64,
    /// Of so many blocks, a creator sets a trap beside one.
    pub trap_one_in: u64,
    /// Each so many entries have the hash of the state after them.
    pub checkpoint_every: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            judging_ms: 1_000,
            answer_ms: 1_000,
            ceremony_ms: 5_000,
            wish_ms: 3_600_000,
            trap_one_in: 64,
            checkpoint_every: 1_024,
        }
    }
}

/// What somebody did wrong, for the main chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// Who.
    pub node: NodeId,
    /// In which phase of votes it acted: says which role's stake pays.
    pub phase: crate::vote::Phase,
    /// Where; zero: in the log itself.
    pub chain: B256,
    /// At which height.
    pub height: u64,
    /// In which view.
    pub view: u64,
    /// What, as [`conet_bindings::ledger::Offence`] numbers it.
    pub offence: u8,
}

/// Checks seeds. See [`crate::roulette`].
pub trait Seeds: Send + Sync {
    /// The random value of an entry's seed; `None` when the signature is not the group's.
    fn value(&self, height: u64, signature: &[u8]) -> Option<B256>;
}

/// The state. Cheap to clone: entries that are not final yet each have their own.
#[derive(Clone)]
pub struct State {
    /// The group.
    pub seats: Arc<Seats>,
    /// Its rules.
    pub rules: Rules,
    pub(super) voting: Arc<Voting>,
    /// None while the seats make their key.
    pub(super) seeds: Option<Arc<dyn Seeds>>,
    pub(super) ceremony: Option<Arc<Ceremony>>,
    /// Keys for a ceremony to come.
    pub(super) announced: OrdMap<NodeId, Member>,
    /// The entry's height.
    pub height: u64,
    /// The entry's time.
    pub time_ms: u64,
    /// Seats whose word every block needs. Always more than two thirds of all.
    pub active: OrdSet<NodeId>,
    /// Seats that were silent, and the entry that said so.
    pub suspended: OrdMap<NodeId, u64>,
    /// Proven cheats, who never return.
    pub barred: OrdSet<NodeId>,
    /// All chains of the group.
    pub chains: OrdMap<B256, Arc<Chain>>,
    /// What stands for them.
    pub(super) pages: Pages,
    /// In which chains each node has a part.
    pub(super) parts: OrdMap<NodeId, Part>,
    /// Who waits to be drawn.
    pub pool: Pool,
    /// Each node's last wish to be drawn.
    pub(super) wishes: OrdMap<NodeId, Wish>,
    /// When those that stand end by themselves.
    pub(super) expiring: OrdSet<(u64, NodeId)>,
    /// Who waited when draws were asked for, by entry: from them a seed draws, whoever comes and goes since.
    pub(super) lineups: OrdMap<u64, Arc<Lineup>>,
    /// The newest seed that the main chain wanted.
    pub(super) beacon: Option<Beacon>,
    /// The end of the Selection Chain.
    pub selected: Head,
    /// When something is due, and for which chain.
    pub(super) deadlines: OrdSet<(u64, B256)>,
    /// Which chains wait for a draw, and the entry that said so.
    pub(super) requests: OrdSet<(u64, B256)>,
    /// Who holds the next epoch's seats, once the log knows.
    pub(super) handover: Option<Handover>,
    /// Whether this epoch has no more entries.
    pub(super) is_over: bool,
    /// Whether no entry of this epoch was yet.
    pub(super) is_new: bool,
    /// Whether this entry is the first one of its epoch.
    pub(super) is_first: bool,
    /// Until the first entry after a split: who sits in the other half.
    pub(super) siblings: Vec<NodeId>,
    /// Chains for whose places nobody fitted: they ask again when somebody joins the line, or when they change.
    pub(super) hungry: OrdSet<B256>,
    /// How many joined the line in this entry.
    pub(super) joined: usize,
    /// Chains that this entry changed.
    pub(super) changed: BTreeSet<B256>,
    /// Where all chains stand, if this entry commits to that.
    pub(super) standing: Option<Arc<Standing>>,
    /// Of these, whose creator or witnesses are others now, and all there.
    pub regrouped: BTreeSet<B256>,
    /// What this entry found.
    pub findings: Vec<Finding>,
    /// What this entry drew.
    pub selections: Vec<Selection>,
    /// By which seeds, and from whom.
    pub turns: Vec<SeedTurn>,
}

/// The draws of one seed in one entry.
#[derive(Debug, Clone)]
pub struct SeedTurn {
    /// The seed.
    pub seed: SeedOf,
    /// The pool before the first draw.
    pub pool: Pool,
    /// [`crate::roulette::pool::Snapshot::digest`] of it.
    pub digest: B256,
    /// How many draws there are.
    pub draws: usize,
}

impl State {
    /// Before the first entry: everybody is active, there are no chains. Without `seeds` the epoch begins with a ceremony.
    #[must_use]
    pub fn new(
        seats: Arc<Seats>,
        rules: Rules,
        voting: Arc<Voting>,
        seeds: Option<Arc<dyn Seeds>>,
        time_ms: u64,
    ) -> Self {
        let active = seats.nodes().iter().copied().collect();
        let mut state = Self {
            seats,
            rules,
            voting,
            seeds: None,
            ceremony: None,
            announced: OrdMap::new(),
            height: 0,
            time_ms,
            active,
            suspended: OrdMap::new(),
            barred: OrdSet::new(),
            chains: OrdMap::new(),
            pages: Pages::default(),
            parts: OrdMap::new(),
            pool: Pool::new(WAITING_MAX),
            wishes: OrdMap::new(),
            expiring: OrdSet::new(),
            lineups: OrdMap::new(),
            beacon: None,
            selected: Head::default(),
            deadlines: OrdSet::new(),
            requests: OrdSet::new(),
            handover: None,
            is_over: false,
            is_new: false,
            is_first: false,
            siblings: Vec::new(),
            hungry: OrdSet::new(),
            joined: 0,
            changed: BTreeSet::new(),
            standing: None,
            regrouped: BTreeSet::new(),
            findings: Vec::new(),
            selections: Vec::new(),
            turns: Vec::new(),
        };
        state.begin_seeds(seeds);
        state
    }

    /// The state after an entry.
    ///
    /// # Errors
    /// The first item that cannot stand.
    pub fn after(&self, entry: &Entry) -> Result<Self> {
        let mut next = self.begin(entry.header.height, entry.header.time_ms);
        for item in &entry.items {
            next.apply(item)?;
        }
        next.finish();
        Ok(next)
    }

    /// The state after an entry that a quorum voted for: they checked its signatures, with the registry as it was then.
    ///
    /// # Errors
    /// The first item that cannot stand.
    pub fn after_voted(&self, entry: &Entry) -> Result<Self> {
        let mut believing = self.clone();
        believing.voting = Arc::new(self.voting.believing());
        let mut next = believing.after(entry)?;
        next.voting = self.voting.clone();
        Ok(next)
    }

    /// The state after an entry without items: deadlines pass.
    #[must_use]
    pub fn begin(&self, height: u64, time_ms: u64) -> Self {
        let mut next = self.clone();
        next.joined = 0;
        next.changed.clear();
        next.standing = None;
        next.regrouped.clear();
        next.findings.clear();
        next.selections.clear();
        next.turns.clear();
        if next.is_over {
            return next;
        }
        next.height = height;
        next.time_ms = time_ms;
        next.is_first = std::mem::take(&mut next.is_new);
        if next.is_first {
            next.begin_views();
        }
        next.pass_ceremony();
        next.pass_wishes();
        next.pass_deadlines();
        next
    }

    /// Does what an item says. Does nothing when it fails.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn apply(&mut self, item: &Item) -> Result<()> {
        if self.is_over {
            return Err(ItemError::Over { epoch: self.seats.epoch });
        }
        match item {
            Item::Open(opening) => self.open(opening),
            Item::Join(joining) => self.join(joining),
            Item::Block(block, words) => self.list(block, words),
            Item::Words(words) => self.hear(words),
            Item::Complaint(complaint) => self.complain(complaint),
            Item::Answer(answer) => self.answer(answer),
            Item::Disagreement(disagreement) => self.dispute(disagreement),
            Item::Evidence(first, second) => self.convict(first, second),
            Item::Caught(caught) => self.catch(caught),
            Item::Seed(seed) => self.draw(seed),
            Item::Return(returning) => self.reinstate(returning),
            Item::Handover(handover) => self.name_successors(handover),
            Item::Member(announced) => self.announce(announced),
            Item::Transcript(transcript) => self.record(transcript),
            Item::Want(wanted) => self.want(wanted),
            Item::Paid(paid) => self.pay(paid),
        }
    }

    /// The entry has no more items: who waits now is who can be drawn for what it asked for.
    pub fn finish(&mut self) {
        self.feed();
        let asked = self.requests.get_max().is_some_and(|(logged, _)| *logged == self.height);
        if asked || self.lights_now() {
            self.lineups.insert(self.height, Arc::new(self.pool.lineup()));
        }
        let was_over = self.is_over;
        self.is_over = self.has_ended();
        if self.is_over {
            // The next epoch holds another.
            self.ceremony = None;
        }
        // What makes an epoch's last entry final says nothing of its own.
        if self.is_checkpoint() && !was_over {
            self.pages.renew(&self.chains);
            self.standing = Some(Arc::new(self.stand()));
        }
    }

    /// The pool after this entry, if it is one that a seed will draw from, and its digest.
    #[must_use]
    pub fn asked_of(&self) -> Option<(&Pool, B256)> {
        self.lineups.get(&self.height).map(|lineup| (&self.pool, lineup.digest()))
    }

    /// What members of the chains that this entry changed should know.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        let changed = self.changed.iter().filter_map(|id| self.chains.get(id));
        changed.map(|chain| Notice::of(chain)).collect()
    }

    /// Whether something is due that only further entries bring.
    #[must_use]
    pub fn waits(&self) -> bool {
        let is_moving = self.is_ending() || self.is_keyless();
        let draws = !self.requests.is_empty() || !self.lineups.is_empty();
        !self.deadlines.is_empty() || draws || is_moving
    }

    /// The entries whose seeds draws wait for, of those that are final.
    pub fn seeds_wanted(&self) -> impl Iterator<Item = u64> {
        let wanted = self.lineups.keys().map(|logged| logged + SEED_DELAY);
        let can_be_made = !self.is_keyless();
        wanted.take_while(|height| *height <= self.height).filter(move |_| can_be_made)
    }

    /// The chains in which somebody must do something in time: judge a block, or answer.
    pub fn under_way(&self) -> impl Iterator<Item = &Chain> {
        let ids: BTreeSet<_> = self.deadlines.iter().map(|(_, id)| id).collect();
        ids.into_iter().filter_map(|id| self.chains.get(id)).map(|chain| &**chain)
    }

    pub(super) fn chain(&self, id: B256) -> Result<Arc<Chain>> {
        self.chains.get(&id).cloned().ok_or(ItemError::Chain { chain: id })
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("height", &self.height)
            .field("time_ms", &self.time_ms)
            .field("active", &self.active)
            .field("barred", &self.barred)
            .field("chains", &self.chains)
            .finish_non_exhaustive()
    }
}
