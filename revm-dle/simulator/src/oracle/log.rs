//! The log: which entries may follow which, and who must have said so.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_bindings::roles;
use conet_committee::{
    archive::{Beginning, Item},
    keys::NodeId,
    log::{Certificate, Entry, EntryHeader},
    vote::{Ballot, Phase},
};

use super::{Cast, Violation, cast::Epoch, is_quorum};

/// The most that chain time grows from one entry to the next.
const STEP_MS_MAX: u64 = 1_200;

/// How far an entry may be ahead of true time: honest seats refuse more.
const DRIFT_MS_MAX: u64 = 500;

/// Votes about the log say which step they are in their lower half, and the role in the upper.
const NOTARIZE: u8 = (roles::ARCHIVE.trailing_zeros() as u8) << 4 | 1;
const FINALIZE: u8 = (roles::ARCHIVE.trailing_zeros() as u8) << 4 | 2;

/// A final entry, as far as the next one must fit it.
#[derive(Debug, Clone)]
struct Final {
    id: B256,
    epoch: u64,
    time_ms: u64,
    state_hash: B256,
    /// Seats that came back in it.
    returned: BTreeSet<NodeId>,
}

/// What is known of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: BTreeMap<u64, Final>,
    /// The epochs and views of final entries, by id.
    views: BTreeMap<B256, (u64, u64)>,
    /// Entries that honest seats wrote down.
    drafts: BTreeMap<B256, EntryHeader>,
    /// Honest seats that said something, by epoch, view, phase and entry.
    votes: BTreeMap<(u64, u64, u8, B256), BTreeSet<NodeId>>,
    /// Whether the group has split: nothing follows.
    is_over: bool,
}

/// What the first entry of an epoch stands on.
fn beginning(log: B256, epoch: u64, begun: &Epoch) -> B256 {
    let (height, time_ms) = begun.after;
    let header = EntryHeader {
        log,
        epoch,
        view: 0,
        height,
        parent: B256::ZERO,
        parent_view: 0,
        time_ms,
        items_hash: B256::ZERO,
        notices_root: B256::ZERO,
        state_hash: begun.state_hash,
    };
    header.id()
}

impl Log {
    pub(super) fn has(&self, height: u64) -> bool {
        self.entries.contains_key(&height)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The group splits.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// A half goes on with what was known.
    pub(super) fn go_on(&mut self) {
        self.is_over = false;
    }

    /// Whether an entry was written down by an honest seat, or is final.
    pub(super) fn knows(&self, entry: B256) -> bool {
        self.views.contains_key(&entry) || self.drafts.contains_key(&entry)
    }

    pub(super) fn is_about(&self, ballot: &Ballot) -> bool {
        matches!(ballot.vote.phase, NOTARIZE | FINALIZE)
    }

    pub(super) fn see_draft(&mut self, header: &EntryHeader) {
        self.drafts.entry(header.id()).or_insert_with(|| header.clone());
    }

    pub(super) fn count(&mut self, ballot: &Ballot) {
        let vote = &ballot.vote;
        let key = (vote.epoch, vote.view, vote.phase, vote.block);
        self.votes.entry(key).or_default().insert(ballot.voter);
    }

    fn agrees(&self, cast: &Cast, (epoch, view): (u64, u64), phase: u8, entry: B256) -> bool {
        let honest = self.votes.get(&(epoch, view, phase, entry)).map_or(0, BTreeSet::len);
        cast.reaches_quorum(epoch, honest)
    }

    /// Nothing is final after the last entry of an epoch, and it says with which state the next one begins.
    pub(super) fn check_last(&self, begins: &Beginning, height: u64) -> Result<(), Violation> {
        let (epoch, node) = (begins.seats.epoch, NodeId(0));
        let wrong = |why| Err(Violation::WrongEpoch { epoch, node, why });
        match self.entries.last_key_value() {
            Some((last, _)) if *last != height => wrong("the one before has more entries"),
            Some((_, last)) if last.state_hash != begins.state_hash => {
                wrong("its state is another")
            }
            Some(_) => Ok(()),
            None => wrong("the one before has no entry"),
        }
    }

    /// An honest seat's vote must have its reasons in what others said before.
    pub(super) fn check_vote(&self, cast: &Cast, ballot: &Ballot) -> Result<(), Violation> {
        let (node, vote) = (ballot.voter, &ballot.vote);
        let unfounded = |why| Err(Violation::Unfounded { node, view: vote.view, why });
        let epoch = vote.epoch;
        if vote.phase == FINALIZE {
            let is_founded =
                vote.block.is_zero() || self.agrees(cast, (epoch, vote.view), NOTARIZE, vote.block);
            return if is_founded { Ok(()) } else { unfounded("the entry is not notarized") };
        }
        let Some(header) = self.drafts.get(&vote.block) else {
            return unfounded("the seat does not have the entry");
        };
        let begun = cast.epoch(epoch);
        let is_first = begun.is_some_and(|begun| header.height == begun.after.0 + 1);
        let parent_view = if is_first { 0 } else { header.parent_view };
        if (header.epoch, header.view) != (epoch, vote.view) {
            return unfounded("the entry is of another view");
        }
        let starts = begun.map(|begun| beginning(header.log, epoch, begun));
        if is_first && epoch > 1 && starts != Some(header.parent) {
            return unfounded("it stands on another end of the epoch before");
        }
        let is_final = self.views.get(&header.parent) == Some(&(epoch, parent_view));
        let parent = (epoch, parent_view);
        if !is_first && !is_final && !self.agrees(cast, parent, NOTARIZE, header.parent) {
            return unfounded("its parent is not notarized");
        }
        // Views below a final entry's were settled by that.
        let settled =
            |view: u64| self.views.values().any(|(e, known)| *e == epoch && *known >= view);
        let given_up =
            |view| self.agrees(cast, (epoch, view), FINALIZE, B256::ZERO) || settled(view);
        if !(parent_view + 1..header.view).all(given_up) {
            return unfounded("a view between is not given up");
        }
        Ok(())
    }

    /// Returns whether it is new.
    pub(super) fn see_entry(
        &mut self,
        cast: &Cast,
        node: NodeId,
        entry: &Entry,
        now_ms: u64,
    ) -> Result<bool, Violation> {
        let (height, second) = (entry.header.height, entry.id());
        if let Some(known) = self.entries.get(&height) {
            let first = known.id;
            if first != second {
                return Err(Violation::TwoEntries { height, node, first, second });
            }
            return Ok(false);
        }
        let wrong = |why| Err(Violation::WrongEntry { height, node, why });
        let about = &entry.header;
        let before = height.checked_sub(1).and_then(|height| self.entries.get(&height));
        if self.is_over {
            return wrong("its group has split before it");
        }
        if about.epoch != cast.epoch_of(height) {
            return wrong("it is of another epoch");
        }
        match before {
            None if height != 1 => return wrong("the one before is not final"),
            Some(before) if before.epoch != about.epoch => {
                let begun = cast.epoch(about.epoch);
                let starts = begun.map(|begun| beginning(about.log, about.epoch, begun));
                if starts != Some(about.parent) {
                    return wrong("it does not begin its epoch");
                }
            }
            Some(before) if before.id != about.parent => return wrong("it stands on another"),
            _ => {}
        }
        let since = before.map_or(0, |before| before.time_ms);
        if about.time_ms <= since || about.time_ms > since + STEP_MS_MAX {
            return wrong("its time is too far from the one before");
        }
        if about.time_ms > now_ms + DRIFT_MS_MAX {
            return wrong("it is from the future");
        }
        if Item::hash_all(&entry.items) != about.items_hash {
            return wrong("its items are others");
        }
        let returned = entry.items.iter().filter_map(|item| match item {
            Item::Return(returning) => Some(returning.node),
            _ => None,
        });
        let known = Final {
            id: second,
            epoch: about.epoch,
            time_ms: about.time_ms,
            state_hash: about.state_hash,
            returned: returned.collect(),
        };
        self.entries.insert(height, known);
        self.views.insert(second, (about.epoch, about.view));
        Ok(true)
    }

    pub(super) fn check_certificate(
        &self,
        cast: &Cast,
        node: NodeId,
        certificate: &Certificate,
    ) -> Result<(), Violation> {
        let Certificate { phase, view, entry, signatures } = certificate;
        let signers: BTreeSet<_> = signatures.iter().map(|(signer, _)| *signer).collect();
        let known = self.place(*entry);
        let epoch = known.map_or(0, |(epoch, _)| epoch);
        let (said, seats) = (self.votes.get(&(epoch, *view, FINALIZE, *entry)), cast.seats(epoch));
        let stands = |signer: &NodeId| {
            seats.contains(signer)
                && (!cast.is_honest(*signer) || said.is_some_and(|said| said.contains(signer)))
        };
        let found = signers.iter().filter(|signer| stands(signer)).count();
        let is_final = *phase == Phase::Finalize && known == Some((epoch, *view));
        if !is_final || !is_quorum(found, seats.len()) {
            return Err(Violation::NoQuorum { node, view: *view, found });
        }
        Ok(())
    }

    /// An entry's epoch and view. Nobody honest may have said yet that it is final: who adopts a state from a liar is the
    /// first.
    fn place(&self, entry: B256) -> Option<(u64, u64)> {
        let draft = || self.drafts.get(&entry).map(|header| (header.epoch, header.view));
        self.views.get(&entry).copied().or_else(draft)
    }

    /// The seats that were active before an entry, too: it may have decided something before they came back.
    pub(super) fn without_returned<'a>(
        &self,
        height: u64,
        active: impl IntoIterator<Item = &'a NodeId>,
    ) -> Vec<NodeId> {
        let returned = self.entries.get(&height).map(|entry| &entry.returned);
        let came_back = |seat: &NodeId| returned.is_some_and(|returned| returned.contains(seat));
        active.into_iter().copied().filter(|seat| !came_back(seat)).collect()
    }
}
