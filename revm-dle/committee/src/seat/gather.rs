//! A state that is handed over in parts.
//!
//! ```text
//! who is behind ── Status, or FetchFrozen ─► one that has it
//!                ◄── Checkpoint, or Frozen ──    the state's head, which names its pages, and the first of those
//!                ── FetchPages ─►                those that are neither here nor in the asker's own state
//!                ◄── Pages ──                    until there are all
//! ```
//!
//! Only a state that is known to be the right one is gathered: a quorum made its entry final, or the main chain names it. So
//! is a page, by its hash. Who asks asks one node at a time; when nothing comes for [`Timing::retry_ms`] it asks as in the
//! beginning, and goes on with whoever answers. Pages that did not change are not asked for again when the others have gone
//! on to a newer state meanwhile.
//!
//! [`Timing::retry_ms`]: crate::log::Timing::retry_ms

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes, keccak256};

use super::{Desk, Seat};
use crate::{
    archive::{Image, Page},
    keys::NodeId,
    log::{Checkpoint, EntryProof},
    message::Message,
    outbox::Outbox,
};

/// The most pages in a message, unless configured otherwise.
pub const PAGES_MAX: usize = 256;

/// Bytes of pages from which on a message takes no further one.
const PAGES_BYTES_AIMED: usize = 4 << 20;

/// What is gathered, and what of it is here.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// Its head.
    head: Bytes,
    /// Its entry's height.
    height: u64,
    /// Why its entry is final; none: the main chain says that an epoch begins with it.
    proof: Option<EntryProof>,
    /// Pages that came, with their hashes.
    found: BTreeMap<u16, (B256, Bytes)>,
    /// Pages to ask for.
    missing: BTreeMap<u16, B256>,
    /// When it asked last.
    asked_ms: u64,
}

impl Seat {
    /// Whether pages are on their way.
    pub(super) fn is_gathering(&self) -> bool {
        let until_ms = self.gathering.asked_ms.saturating_add(self.timing.retry_ms);
        !self.gathering.missing.is_empty() && self.desk.now_ms < until_ms
    }

    /// A state that is known to be the right one, with all its pages. If they are not here it asks for some of them, and
    /// keeps what there is.
    pub(super) fn complete(
        &mut self,
        from: NodeId,
        image: Image,
        proof: Option<&EntryProof>,
        out: &mut Outbox,
    ) -> Option<Image> {
        let (named, height) = (image.named()?, image.height()?);
        let is_same = self.gathering.head == image.head;
        // Not to and fro between two states.
        if !is_same && self.is_gathering() && height <= self.gathering.height {
            return None;
        }
        let own = self.desk.state.pages();
        let Gathering { mut found, .. } = std::mem::take(&mut self.gathering);
        found.retain(|prefix, (hash, _)| named.get(prefix) == Some(hash));
        for Page { prefix, chains } in image.pages {
            let hash = named.get(&prefix).copied();
            if let Some(hash) = hash.filter(|hash| *hash == keccak256(&chains)) {
                found.insert(prefix, (hash, chains));
            }
        }
        let is_here = |prefix: &u16, hash: &B256| {
            found.contains_key(prefix) || own.get(*prefix).is_some_and(|mark| mark.hash == *hash)
        };
        let missing = named.iter().filter(|(prefix, hash)| !is_here(prefix, hash));
        let missing: BTreeMap<_, _> = missing.map(|(prefix, hash)| (*prefix, *hash)).collect();
        if missing.is_empty() {
            let page = |prefix: u16| match found.remove(&prefix) {
                Some((_, chains)) => Page { prefix, chains },
                None => self.desk.state.page(prefix),
            };
            return Some(Image { head: image.head, pages: named.into_keys().map(page).collect() });
        }
        let (head, proof) = (image.head, proof.cloned());
        self.gathering = Gathering { head, height, proof, found, missing, asked_ms: 0 };
        self.ask_for_pages(from, out);
        None
    }

    /// Lets go of what it needs no more: it got further without.
    pub(super) fn forget_gathered(&mut self) {
        if !self.is_awaiting() && self.gathering.height <= self.log.tip().header.height {
            self.gathering = Gathering::default();
        }
    }

    fn ask_for_pages(&mut self, from: NodeId, out: &mut Outbox) {
        self.gathering.asked_ms = self.desk.now_ms;
        let prefixes =
            self.gathering.missing.keys().copied().take(self.desk.limits.pages_max).collect();
        let hash = keccak256(&self.gathering.head);
        out.send(from, Message::FetchPages { hash, prefixes });
    }

    /// Pages that were asked for, maybe the last ones.
    pub(super) fn take_pages(&mut self, from: NodeId, pages: Vec<Page>, out: &mut Outbox) {
        let Gathering { missing, found, .. } = &mut self.gathering;
        let before = missing.len();
        for Page { prefix, chains } in pages {
            let hash = missing.get(&prefix).copied();
            if let Some(hash) = hash.filter(|hash| *hash == keccak256(&chains)) {
                missing.remove(&prefix);
                found.insert(prefix, (hash, chains));
            }
        }
        if missing.len() == before {
            return;
        }
        if !missing.is_empty() {
            return self.ask_for_pages(from, out);
        }
        let state = Image { head: self.gathering.head.clone(), pages: Vec::new() };
        match self.gathering.proof.clone() {
            Some(proof) => self.take_checkpoint(from, Checkpoint { proof, state }, out),
            None => self.take_frozen(from, state, out),
        }
    }

    /// Gives pages of a state to who may have it.
    pub(super) fn answer_pages(
        &self,
        from: NodeId,
        hash: B256,
        prefixes: &[u16],
        out: &mut Outbox,
    ) {
        if !self.may_be_handed(from) {
            return;
        }
        let pages = prefixes.iter().take(self.desk.limits.pages_max);
        let pages = short(pages.filter_map(|prefix| self.desk.page_of(hash, *prefix)));
        if !pages.is_empty() {
            out.send(from, Message::Pages(pages));
        } else if self.desk.seats.contains(from) {
            // The others have gone on.
            self.log.send_checkpoint(from, &self.desk, out);
        }
    }
}

/// As many of these pages as one message may have.
pub(super) fn short(pages: impl Iterator<Item = Page>) -> Vec<Page> {
    let mut bytes = 0;
    let fits = |page: &Page| {
        let is_first_or_fits = bytes < PAGES_BYTES_AIMED;
        bytes += page.chains.len();
        is_first_or_fits
    };
    pages.take_while(fits).collect()
}

impl Desk {
    /// A page of a state that this node has.
    fn page_of(&self, hash: B256, prefix: u16) -> Option<Page> {
        let page = match self.checkpoint.as_ref().filter(|own| own.hash() == hash) {
            Some(own) => own.page(prefix),
            None => {
                let kept = self.frozen.as_ref().filter(|_| self.began_with == hash)?;
                let at = kept.pages.binary_search_by_key(&prefix, |page| page.prefix).ok()?;
                kept.pages.get(at)?.clone()
            }
        };
        (!page.chains.is_empty()).then_some(page)
    }

    /// A state that this node has, with as many pages as one message may have.
    pub(super) fn shown(&self, hash: B256) -> Option<Image> {
        if let Some(own) = self.checkpoint.as_ref().filter(|own| own.hash() == hash) {
            return Some(own.shown(self.limits.pages_max));
        }
        let Image { head, pages } = self.frozen.as_ref().filter(|_| self.began_with == hash)?;
        let pages = short(pages.iter().take(self.limits.pages_max).cloned());
        Some(Image { head: head.clone(), pages })
    }
}
