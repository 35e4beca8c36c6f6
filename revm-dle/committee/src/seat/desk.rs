//! What a seat works on: the log's state, blocks under judgement, items that wait for an entry.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy::primitives::{B256, Bytes};

use super::{
    EpochKeys, SeatConfig, SeatLimits, SeedKeys, application::Unproven, blocks::Case,
    ceremony::Part, charges::Charges, checkpoint::Checkpoint, evidence::Seen, missing::Asking,
    openings::Known, shown::Spreading, submitted::Submitted,
};
use crate::{
    archive::{
        Image, Item, Named, Pages, ProvenNotice, State,
        chain::DRAWN_AHEAD,
        item::{Wanted, Word},
    },
    keys::NodeId,
    ledger::Ledgers,
    message::Message,
    outbox::Outbox,
    roulette::pool::Pool,
    seats::Seats,
    vote::Voting,
};

/// The most items that wait for an entry.
pub(super) const QUEUE_MAX: usize = 4_096;

/// The most blocks under judgement.
pub(super) const CASES_MAX: usize = 4_096;

/// The most items of one entry.
pub(super) const ITEMS_MAX: usize = 1_024;

/// A seat's desk.
pub struct Desk {
    pub(super) seats: Arc<Seats>,
    pub(super) voting: Voting,
    pub(super) keys: Arc<dyn EpochKeys>,
    /// None until this node has its share of the epoch's key.
    pub(super) seeds: Option<Arc<dyn SeedKeys>>,
    pub(super) part: Part,
    pub(super) ledgers: Box<dyn Ledgers + Send>,
    pub(super) now_ms: u64,
    /// For how long a leader waits for words before it lists a block without them.
    pub(super) patience_ms: u64,
    /// Blocks that this seat has executed and said nothing on, and when it last signed: once a tick, for all of them.
    pub(super) unsaid: BTreeSet<B256>,
    pub(super) signed_ms: u64,
    pub(super) tick_ms: u64,
    /// After the newest final entry.
    pub(super) state: State,
    pub(super) tip: B256,
    /// After entries that are not final.
    pub(super) states: BTreeMap<B256, State>,
    /// Blocks under judgement.
    pub(super) cases: BTreeMap<B256, Case>,
    /// Words on blocks that are not here yet.
    pub(super) loose: BTreeMap<B256, Vec<Word>>,
    /// What this seat said, by chain, height and view.
    pub(super) said: BTreeMap<(B256, u64, u64), Word>,
    pub(super) seen: Seen,
    pub(super) items: Vec<Item>,
    /// Chains that are to begin, and the log does not know yet.
    pub(super) openings: BTreeMap<B256, Known>,
    /// Who shall sit next, as the main chain says, and since when it names each of them for that epoch.
    pub(super) successors: Option<Named>,
    pub(super) named_ms: BTreeMap<NodeId, u64>,
    /// The seed that the main chain wants, as far as this node has read it.
    pub(super) wanted: Option<Wanted>,
    /// Rent that this node has read of and the log does not know: until when each chain is paid.
    pub(super) paid: BTreeMap<B256, u64>,
    /// The hash of the state that this epoch began with; zero in a group's first one.
    pub(super) began_with: B256,
    /// That state, for who missed it, as long as there is no checkpoint to begin with.
    pub(super) frozen: Option<Image>,
    /// Who had seats in epochs before, and has none now: for what only they have.
    pub(super) left: Vec<NodeId>,
    /// Who sits in the other half, since the group split: they may have missed what this node has.
    pub(super) siblings: Vec<NodeId>,
    /// It has no seat now.
    pub(super) is_retired: bool,
    /// What users handed in here and is in no block, by chain.
    pub(super) submitted: BTreeMap<B256, Submitted>,
    /// What those who are accused of silence shall answer.
    pub(super) charges: Charges,
    pub(super) spreading: Spreading,
    /// Parts of seeds, by entry.
    pub(super) parts: BTreeMap<u64, BTreeMap<NodeId, Bytes>>,
    /// The pool that was last told to who draws again, with its digest, and the epoch whose key was.
    pub(super) told_pool: Option<(Pool, B256)>,
    pub(super) told_key: Option<u64>,
    /// Entries that are final, but whose certificate is not here.
    pub(super) unproven: Vec<Unproven>,
    /// The newest state that others can begin with.
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) limits: SeatLimits,
    /// The pages that the journal has of this epoch.
    pub(super) written: Option<Pages>,
    /// Final blocks whose state is not here.
    pub(super) missing: BTreeMap<B256, B256>,
    pub(super) asking: Asking,
    /// An entry that a quorum made final and that breaks the rules here: this node can take no part any more.
    pub(super) diverged: Option<B256>,
}

impl Desk {
    pub(super) fn new(
        config: &SeatConfig,
        state: State,
        tip: B256,
        ledgers: Box<dyn Ledgers + Send>,
    ) -> Self {
        Self {
            seats: config.seats.clone(),
            voting: config.voting.clone(),
            keys: config.keys.clone(),
            seeds: config.keys.seeds(&config.seats),
            part: Part::default(),
            ledgers,
            now_ms: config.began_ms,
            patience_ms: 3 * config.timing.tick_ms,
            unsaid: BTreeSet::new(),
            signed_ms: 0,
            tick_ms: config.timing.tick_ms,
            state,
            tip,
            states: BTreeMap::new(),
            cases: BTreeMap::new(),
            loose: BTreeMap::new(),
            said: BTreeMap::new(),
            seen: Seen::default(),
            items: Vec::new(),
            openings: BTreeMap::new(),
            successors: None,
            named_ms: BTreeMap::new(),
            wanted: None,
            paid: BTreeMap::new(),
            began_with: B256::ZERO,
            frozen: None,
            left: Vec::new(),
            siblings: Vec::new(),
            is_retired: !config.seats.contains(config.voting.me),
            submitted: BTreeMap::new(),
            charges: Charges::default(),
            spreading: Spreading::default(),
            parts: BTreeMap::new(),
            told_pool: None,
            told_key: None,
            unproven: Vec::new(),
            checkpoint: None,
            limits: SeatLimits { pages_max: config.limits.pages_max.max(1), ..config.limits },
            written: None,
            missing: BTreeMap::new(),
            asking: Asking::default(),
            diverged: None,
        }
    }

    /// Whether this seat answers for what an item says beyond the log: it knows that from users, members and the main chain.
    /// It cannot tell what it has not heard of yet. `before`: the state in which the item shall find its place.
    pub(super) fn vouches_for(&self, item: &Item, before: &State) -> bool {
        match item {
            Item::Open(opening) => self.knows_opening(opening),
            Item::Join(joining) => joining.offer.is_within(&self.voting.offer(joining.offer.node)),
            Item::Handover(handover) => self.knows_successors(handover, before),
            Item::Member(announced) => self.is_invited(announced),
            Item::Want(wanted) => self.knows_want(wanted),
            Item::Paid(paid) => self.knows_paid(paid),
            Item::Complaint(complaint) => self.charges.has(complaint),
            _ => true,
        }
    }

    /// Puts an item on the list for the next entries. Whether it was not on it, and may be.
    pub(super) fn queue(&mut self, item: Item) -> bool {
        let is_known = |item: &Item| self.items.iter().any(|known| known.repeats(item));
        let is_news = self.items.len() < QUEUE_MAX && !is_known(&item) && self.is_current(&item);
        if is_news {
            self.items.push(item);
        }
        is_news
    }

    /// Whether an item may still find its place: after the newest final entry.
    pub(super) fn is_current(&self, item: &Item) -> bool {
        let state = &self.state;
        let in_view = |chain: &B256, height: u64, view: u64| {
            let chain = state.chains.get(chain);
            chain.is_some_and(|chain| view >= chain.view && height > chain.height)
        };
        // What one node can sign as much as it likes of is taken only where it may count soon.
        let is_near = |chain: &B256, height: u64, view: u64| {
            let chain = state.chains.get(chain);
            chain.is_some_and(|chain| {
                (chain.view..=chain.view + 1).contains(&view)
                    && (chain.height + 1..=chain.height + DRAWN_AHEAD).contains(&height)
            })
        };
        match item {
            Item::Open(opening) => {
                !state.chains.contains_key(&opening.chain)
                    && state.seats.branch.keeps(opening.chain)
                    && self.proposes_opening(opening)
            }
            Item::Join(joining) => {
                let node = joining.offer.node;
                let takes_back = joining.offer.is_nothing();
                joining.number > state.wish(node)
                    && (!takes_back || state.offers(node).is_some())
                    && !state.barred.contains(&node)
                    && !state.seats.contains(node)
                    && state.seats.branch.admits(node)
                    && self.vouches_for(item, state)
            }
            Item::Block(block, _) => {
                let about = &block.header.proposal;
                in_view(&about.chain, about.height, about.view)
            }
            Item::Words(_) => false,
            Item::Complaint(complaint) => {
                let chain = state.chains.get(&complaint.chain);
                let is_done = chain.is_some_and(|chain| {
                    complaint.view == chain.view && chain.has_accused(complaint.accused)
                });
                is_near(&complaint.chain, complaint.height, complaint.view) && !is_done
            }
            Item::Answer(ballot) => {
                is_near(&ballot.vote.chain, ballot.vote.height, ballot.vote.view)
            }
            Item::Disagreement(disagreement) => {
                let about = &disagreement.header.proposal;
                in_view(&about.chain, about.height, about.view)
            }
            Item::Evidence(first, _) => !state.barred.contains(&first.voter),
            Item::Caught(caught) => state.check_caught(caught).is_ok(),
            Item::Seed(seed) => state.seeds_wanted().any(|height| height == seed.height),
            Item::Return(returning) => {
                state.suspended.get(&returning.node).is_some_and(|since| returning.since >= *since)
            }
            Item::Handover(handover) => {
                state.handover().is_none() && handover.epoch == state.seats.epoch + 1
            }
            Item::Member(announced) => self.is_invited(announced) && state.may_announce(announced),
            Item::Want(wanted) => state.may_want(wanted) && self.knows_want(wanted),
            Item::Paid(paid) => state.may_pay(paid) && self.knows_paid(paid),
            Item::Transcript(transcript) => {
                let open = state.ceremony().filter(|ceremony| ceremony.key.is_none());
                let dealing = open.and_then(|ceremony| ceremony.dealing.as_ref());
                dealing
                    .is_some_and(|dealing| !dealing.tally.recorded().contains(&transcript.dealer))
            }
        }
    }

    /// Whether there is something that entries must bring.
    pub(super) fn has_business(&self) -> bool {
        let takes_part = !self.is_retired && !self.state.is_over();
        takes_part && self.has_work()
    }

    fn has_work(&self) -> bool {
        !self.items.is_empty()
            || !self.cases.is_empty()
            || !self.missing.is_empty()
            || self.state.waits()
            || self.state.suspended.contains_key(&self.voting.me)
    }

    /// Where a chain of this group stands, as the log told last. Of others, since the group split, there may be older ones.
    pub(super) fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        let keeps = self.seats.branch.keeps(chain);
        keeps.then(|| self.ledgers.notice(chain)).flatten()
    }

    /// Says again what may not have arrived.
    pub(super) fn retry(&mut self, out: &mut Outbox) {
        let seats = self.seats.clone();
        for case in self.cases.values() {
            let about = &case.header.proposal;
            if let Some(word) = self.said.get(&(about.chain, about.height, about.view)) {
                out.send_all(seats.nodes(), Message::Word(word.clone(), case.hash));
            }
        }
        let missing: BTreeSet<_> = self.missing.values().collect();
        for hash in self.loose.keys().filter(|hash| !missing.contains(hash)) {
            let ask = Message::FetchBlock { hash: *hash };
            out.send_all(seats.nodes().iter().chain(&self.left), ask);
        }
        self.ask_for_missing(out);
        self.queue_successors();
        self.review_openings();
        self.ask_for_pending(out);
        self.bring_all(out);
        self.ask_to_return(out);
        self.repeat_seed_parts(out);
    }
}
