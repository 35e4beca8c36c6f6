//! The log: which entries may follow which, and who must have said so.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_bindings::roles;
use conet_committee::{
    archive::Item,
    keys::NodeId,
    log::{Certificate, Entry, EntryHeader},
    vote::{Ballot, Phase},
};

use super::{Cast, Violation, is_quorum};

/// The most that chain time grows from one entry to the next.
const STEP_MS_MAX: u64 = 1_200;

/// How far an entry may be ahead of true time: honest seats refuse more.
const DRIFT_MS_MAX: u64 = 500;

/// Votes about the log say which step they are in their lower half, and the role in the upper.
const NOTARIZE: u8 = (roles::ARCHIVE.trailing_zeros() as u8) << 4 | 1;
const FINALIZE: u8 = (roles::ARCHIVE.trailing_zeros() as u8) << 4 | 2;

/// A final entry, as far as the next one must fit it.
#[derive(Debug)]
struct Final {
    id: B256,
    time_ms: u64,
    /// Seats that came back in it.
    returned: BTreeSet<NodeId>,
}

/// What is known of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: BTreeMap<u64, Final>,
    /// The views of final entries, by id.
    views: BTreeMap<B256, u64>,
    /// Entries that honest seats wrote down.
    drafts: BTreeMap<B256, EntryHeader>,
    /// Honest seats that said something, by view, phase and entry.
    votes: BTreeMap<(u64, u8, B256), BTreeSet<NodeId>>,
}

impl Log {
    pub(super) fn has(&self, height: u64) -> bool {
        self.entries.contains_key(&height)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_about(&self, ballot: &Ballot) -> bool {
        matches!(ballot.vote.phase, NOTARIZE | FINALIZE)
    }

    pub(super) fn see_draft(&mut self, header: &EntryHeader) {
        self.drafts.entry(header.id()).or_insert_with(|| header.clone());
    }

    pub(super) fn count(&mut self, ballot: &Ballot) {
        let vote = &ballot.vote;
        self.votes.entry((vote.view, vote.phase, vote.block)).or_default().insert(ballot.voter);
    }

    fn agrees(&self, cast: &Cast, view: u64, phase: u8, entry: B256) -> bool {
        let honest = self.votes.get(&(view, phase, entry)).map_or(0, BTreeSet::len);
        cast.reaches_quorum(honest)
    }

    /// An honest seat's vote must have its reasons in what others said before.
    pub(super) fn check_vote(&self, cast: &Cast, ballot: &Ballot) -> Result<(), Violation> {
        let (node, vote) = (ballot.voter, &ballot.vote);
        let unfounded = |why| Err(Violation::Unfounded { node, view: vote.view, why });
        if vote.phase == FINALIZE {
            let is_founded =
                vote.block.is_zero() || self.agrees(cast, vote.view, NOTARIZE, vote.block);
            return if is_founded { Ok(()) } else { unfounded("the entry is not notarized") };
        }
        let Some(header) = self.drafts.get(&vote.block) else {
            return unfounded("the seat does not have the entry");
        };
        let is_first = header.height == 1;
        let parent_view = if is_first { 0 } else { header.parent_view };
        if header.view != vote.view {
            return unfounded("the entry is of another view");
        }
        let is_final = self.views.get(&header.parent) == Some(&parent_view);
        if !is_first && !is_final && !self.agrees(cast, parent_view, NOTARIZE, header.parent) {
            return unfounded("its parent is not notarized");
        }
        // Views below a final entry's were settled by that.
        let settled = |view: u64| self.views.values().any(|known| *known >= view);
        let given_up = |view| self.agrees(cast, view, FINALIZE, B256::ZERO) || settled(view);
        if !(parent_view + 1..header.view).all(given_up) {
            return unfounded("a view between is not given up");
        }
        Ok(())
    }

    /// Returns whether it is new.
    pub(super) fn see_entry(
        &mut self,
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
        match before {
            None if height != 1 => return wrong("the one before is not final"),
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
        let known = Final { id: second, time_ms: about.time_ms, returned: returned.collect() };
        self.entries.insert(height, known);
        self.views.insert(second, about.view);
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
        let said = self.votes.get(&(*view, FINALIZE, *entry));
        let stands = |signer: &NodeId| {
            cast.seats.contains(signer)
                && (!cast.is_honest(*signer) || said.is_some_and(|said| said.contains(signer)))
        };
        let found = signers.iter().filter(|signer| stands(signer)).count();
        let is_final = *phase == Phase::Finalize && self.views.get(entry) == Some(view);
        if !is_final || !is_quorum(found, cast.seats.len()) {
            return Err(Violation::NoQuorum { node, view: *view, found });
        }
        Ok(())
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
