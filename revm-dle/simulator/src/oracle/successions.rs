//! Who sits next: whom the main chain named, what the log makes of it, and what the seats certify.
//!
//! Who was named may be left out only if it had its time and did not do its part: no keys of it are in the log, or it is
//! barred. The group splits when a seed was named to divide it by, and enough for two groups are left.

use std::collections::BTreeMap;

use alloy::primitives::{B256, U256};
use conet_bindings::statement::{Handover, Split, Statement};
use conet_committee::{
    archive::{
        Item, Named,
        item::{self, Division},
    },
    keys::NodeId,
    log::{Entry, EntryHeader},
    vote::{Ballot, Phase},
};

use super::Violation;

/// For how long whoever is named may take to announce keys: twice the time that a ceremony waits.
const PATIENCE_MS: u64 = 10_000;

/// Seats read the main chain each in its own time: who votes waits so much less than who proposes, at most.
const DRIFT_MS: u64 = 2_500;

/// What is known of it, in one group and those above it.
#[derive(Debug, Clone)]
pub(super) struct Successions {
    holds_ceremonies: bool,
    /// What the main chain named, by the epoch that is to begin.
    named: BTreeMap<u64, Vec<Named>>,
    /// What the log says, by the epoch that is to begin.
    logged: BTreeMap<u64, item::Handover>,
    /// The state that honest seats certified, by the epoch that is to begin.
    certified: BTreeMap<u64, B256>,
    /// What entries say that honest seats wrote down.
    drafts: BTreeMap<B256, item::Handover>,
    /// The entry that has a node's keys for an epoch.
    announced: BTreeMap<(u64, NodeId), u64>,
    /// Since when each honest seat knows, since it last started, whom the main chain names for the newest epoch.
    told: BTreeMap<NodeId, (u64, BTreeMap<NodeId, u64>)>,
    /// The newest final entry of each honest seat, since it last started.
    heights: BTreeMap<NodeId, u64>,
}

/// Whether a list of the log is one of the main chain's, or a part of it.
fn is_part(list: &Named, found: &item::Handover) -> bool {
    let count = found.nodes.len();
    let splits = list.division.filter(|_| count >= 2 * list.least);
    count >= list.least
        && found.nodes.iter().all(|node| list.nodes.contains(node))
        && found.nodes.is_sorted_by(|one, next| one < next)
        && found.division == splits
}

impl Successions {
    pub(super) const fn new(holds_ceremonies: bool) -> Self {
        Self {
            holds_ceremonies,
            named: BTreeMap::new(),
            logged: BTreeMap::new(),
            certified: BTreeMap::new(),
            drafts: BTreeMap::new(),
            announced: BTreeMap::new(),
            told: BTreeMap::new(),
            heights: BTreeMap::new(),
        }
    }

    pub(super) fn see_named(&mut self, named: &Named) {
        self.named.entry(named.epoch).or_default().push(named.clone());
    }

    /// A seat reads whom the main chain names.
    pub(super) fn see_told(&mut self, node: NodeId, named: &Named, now_ms: u64) {
        let (epoch, told) = self.told.entry(node).or_default();
        if named.epoch < *epoch {
            return;
        }
        if named.epoch > *epoch {
            (*epoch, *told) = (named.epoch, BTreeMap::new());
        }
        told.retain(|known, _| named.nodes.contains(known));
        for known in &named.nodes {
            told.entry(*known).or_insert(now_ms);
        }
    }

    /// Whether a seat has known for long enough that a node is named.
    fn had_time(&self, seat: NodeId, (epoch, node): (u64, NodeId), now_ms: u64) -> bool {
        let known = self.told.get(&seat).filter(|(of, _)| *of == epoch);
        let since = known.and_then(|(_, told)| told.get(&node));
        since.is_some_and(|since| now_ms >= since + PATIENCE_MS - DRIFT_MS)
    }

    fn lists(&self, epoch: u64) -> impl Iterator<Item = &Named> {
        self.named.get(&epoch).into_iter().flatten()
    }

    pub(super) fn see_draft(&mut self, entry: &Entry) {
        for item in &entry.items {
            if let Item::Handover(handover) = item {
                self.drafts.insert(entry.id(), handover.clone());
            }
        }
    }

    /// A seat holds an entry, or a state after it, for final.
    pub(super) fn see_final(&mut self, node: NodeId, header: &EntryHeader) {
        self.heights.insert(node, header.height);
    }

    pub(super) fn see_stopped(&mut self, node: NodeId) {
        self.heights.remove(&node);
        self.told.remove(&node);
    }

    /// An honest seat votes for an entry: those whom it leaves out had their time and did not do their part, as far as the
    /// seat knows the log; or they are barred.
    pub(super) fn check_vote(
        &self,
        ballot: &Ballot,
        now_ms: u64,
        is_barred: impl Fn(NodeId) -> bool,
    ) -> Result<(), Violation> {
        let (node, vote) = (ballot.voter, &ballot.vote);
        let Some(handover) = self.drafts.get(&vote.block) else { return Ok(()) };
        let Some(own) = self.heights.get(&node) else { return Ok(()) };
        if vote.phase != Phase::Notarize.number() {
            return Ok(());
        }
        let is_excused = |left_out: &NodeId| {
            let key = (handover.epoch, *left_out);
            let logged = self.announced.get(&key);
            let is_keyless = self.holds_ceremonies && logged.is_none_or(|logged| logged > own);
            self.had_time(node, key, now_ms) && (is_keyless || is_barred(*left_out))
        };
        let stands = |list: &Named| {
            let mut left_out = list.nodes.iter().filter(|node| !handover.nodes.contains(node));
            is_part(list, handover) && left_out.all(is_excused)
        };
        if !self.lists(handover.epoch).any(stands) {
            let why = "it leaves out who did its part or had no time for it, or the main chain names others";
            return Err(Violation::Unfounded { node, view: vote.view, why });
        }
        Ok(())
    }

    /// A new final entry: whoever shall sit next was named by the main chain.
    pub(super) fn see_items(&mut self, entry: &Entry) -> Result<(), Violation> {
        let header = &entry.header;
        for item in &entry.items {
            match item {
                Item::Member(announced) => {
                    // Only the very first epoch's seats announce keys in it: those of halves have done so in the group above.
                    if announced.epoch != header.epoch + 1 && header.epoch != 1 {
                        let (height, node) = (header.height, announced.member.node);
                        let why = "keys are announced for an epoch that is not the next one";
                        return Err(Violation::WrongEntry { height, node, why });
                    }
                    let key = (announced.epoch, announced.member.node);
                    self.announced.insert(key, header.height);
                }
                Item::Handover(handover) => {
                    let is_next = handover.epoch == header.epoch + 1;
                    let is_one = self.lists(handover.epoch).any(|list| is_part(list, handover));
                    if !is_next || !is_one || self.lacks_keys(handover) {
                        let (height, node) = (header.height, NodeId(0));
                        let why = "those who shall sit next were not named, or have no keys";
                        return Err(Violation::WrongEntry { height, node, why });
                    }
                    self.logged.insert(handover.epoch, handover.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn lacks_keys(&self, handover: &item::Handover) -> bool {
        let mut keys =
            handover.nodes.iter().map(|node| self.announced.get(&(handover.epoch, *node)));
        self.holds_ceremonies && keys.any(|logged| logged.is_none())
    }

    /// Who shall sit in an epoch, as the log says: in both halves, when the group splits.
    pub(super) fn logged(&self, epoch: u64) -> &[NodeId] {
        self.logged.get(&epoch).map_or(&[], |handover| &handover.nodes)
    }

    /// An honest seat certifies what its epoch ended with: the list in the log, without those whom the main chain names no
    /// more.
    pub(super) fn see_statement(
        &mut self,
        node: NodeId,
        epochs_from: u64,
        statement: &Statement,
    ) -> Result<(), Violation> {
        let (nodes, hash, number, index) = match statement {
            Statement::Handover(Handover { nodes, stateHash, epoch, .. }) => {
                (nodes, *stateHash, *epoch, None)
            }
            Statement::Split(Split { nodes, stateHash, epoch, seedIndex, .. }) => {
                (nodes, *stateHash, *epoch, Some(*seedIndex))
            }
            _ => return Ok(()),
        };
        let epoch = epochs_from + number + 1;
        let wrong = |why| Err(Violation::WrongEpoch { epoch, node, why });
        let Some(logged) = self.logged.get(&epoch) else {
            return wrong("the log does not say who sits in it");
        };
        let certified = |list: &Named| {
            let left = list.nodes.iter().filter(|node| logged.nodes.contains(node)).copied();
            let left: Vec<_> = left.collect();
            let splits = list.division.and(logged.division);
            let splits = splits.filter(|_| left.len() >= 2 * list.least);
            (left.len() >= list.least).then_some((left, splits))
        };
        let agrees = |(left, splits): (Vec<NodeId>, Option<Division>)| {
            let same = left.iter().map(|node| U256::from(node.0)).eq(nodes.iter().copied());
            same && splits.map(|division| division.index) == index
        };
        if !self.lists(epoch).filter_map(certified).any(agrees) {
            return wrong("the main chain names others, or the seats do not split as it says");
        }
        if *self.certified.entry(epoch).or_insert(hash) != hash {
            return wrong("another honest seat certified another state");
        }
        Ok(())
    }
}
