//! The log's items: proposed, checked, final.

use std::sync::Arc;

use alloy::primitives::B256;

use super::{
    checkpoint::Checkpoint,
    desk::{Desk, ITEMS_MAX},
    shown::Shown,
};
use crate::{
    archive::{Image, Item, Leaves, Notice, ProvenNotice, State, notice},
    journal::{Frozen, Record},
    keys::NodeId,
    log::{Application, Certificate, Check, Entry, EntryHeader, EntryProof},
    message::Message,
    outbox::Outbox,
    vote::Ballot,
};

/// An entry that is final, but whose certificate is not here.
pub(super) struct Unproven {
    header: EntryHeader,
    /// The state after it; none after an epoch's last one.
    state: Option<State>,
}

/// Where a chain stands since an entry.
struct News {
    proven: Arc<ProvenNotice>,
    concerned: Vec<NodeId>,
    /// Whether this node did not know it yet.
    is_new: bool,
}

impl Application for Desk {
    fn propose(&mut self, mut header: EntryHeader, out: &mut Outbox) -> Option<Entry> {
        let before = self.state_after(header.parent)?;
        let mut state = before.begin(header.height, header.time_ms);
        let mut items = Vec::new();
        let mut spreading = std::mem::take(&mut self.spreading);
        let mut shown =
            Shown::new(&self.charges, &mut spreading, self.limits.shown_bytes_max, self.now_ms);
        // Whom the others did not follow last time may have known what they do not: it is for the one after.
        let complains = header.view == header.parent_view + 1;
        for item in self.candidates() {
            let is_complaint = matches!(item, Item::Complaint(_));
            // What this seat does not know, or no more, it would not vote for either.
            let may_be = items.len() < ITEMS_MAX
                && (complains || !is_complaint)
                && self.vouches_for(&item, &state);
            if may_be && shown.admits(&item) && state.apply(&item).is_ok() {
                shown.note(&item);
                items.push(item);
            }
        }
        for item in self.blocks_for(&state) {
            if items.len() < ITEMS_MAX && state.apply(&item).is_ok() {
                items.push(item);
            }
        }
        for message in shown.into_messages() {
            out.send_all(self.seats.nodes(), message);
        }
        self.spreading = spreading;
        state.finish();
        header.items_hash = Item::hash_all(&items);
        header.notices_root = state.notices_root();
        header.state_hash = state.checkpoint_hash();
        let entry = Entry { header, items };
        self.states.insert(entry.id(), state);
        Some(entry)
    }

    fn check(&mut self, entry: &Entry) -> Check {
        let id = entry.id();
        if self.states.contains_key(&id) {
            return Check::Valid;
        }
        let Some(before) = self.state_after(entry.header.parent) else { return Check::Unknown };
        if entry.items.len() > ITEMS_MAX {
            return Check::Invalid;
        }
        if !entry.items.iter().all(|item| self.vouches_for(item, before)) {
            return Check::Unknown;
        }
        match before.after(entry) {
            Ok(state) if says_so(&entry.header, &state) => {
                self.states.insert(id, state);
                Check::Valid
            }
            _ => Check::Invalid,
        }
    }

    fn follow(&mut self, entry: &Entry) {
        let id = entry.id();
        let Some(before) = self.state_after(entry.header.parent) else { return };
        if !self.states.contains_key(&id)
            && let Ok(state) = before.after_voted(entry)
            && says_so(&entry.header, &state)
        {
            self.states.insert(id, state);
        }
    }

    fn finalized(&mut self, entry: &Entry, out: &mut Outbox) {
        let id = entry.id();
        if self.state.is_over() {
            self.unproven.push(Unproven { header: entry.header.clone(), state: None });
            return;
        }
        let known = self.states.remove(&id).map_or_else(|| self.state.after_voted(entry), Ok);
        let Ok(state) = known else {
            self.diverged = Some(id);
            return;
        };
        if state.is_checkpoint() {
            self.checkpoint = Some(Checkpoint::new(entry.header.clone(), state.clone()));
        }
        self.unproven.push(Unproven { header: entry.header.clone(), state: Some(state.clone()) });
        self.take_state(id, state, out);
    }

    fn certified(&mut self, certificate: &Certificate, out: &mut Outbox) {
        let unproven = std::mem::take(&mut self.unproven);
        let headers = unproven.iter().map(|each| each.header.clone()).collect();
        let whole = EntryProof { headers, certificate: certificate.clone() };
        // What comes after an epoch's last entry is not in the journal.
        if whole.headers.last().map(EntryHeader::id) != Some(certificate.entry) {
            return;
        }
        let new = self.checkpoint.as_ref().filter(|newest| newest.proof.is_none());
        let covered = new.map_or(0, |checkpoint| checkpoint.header.height);
        let (mut news, mut covers) = (Vec::new(), None);
        for (index, Unproven { header, state }) in unproven.into_iter().enumerate() {
            let Some(state) = state else { continue };
            let headers = whole.headers.get(index..).unwrap_or_default().to_vec();
            let proof = EntryProof { headers, certificate: certificate.clone() };
            self.note_changed(&state, &proof, &mut news);
            covers = covers.or_else(|| (header.height == covered).then_some(proof));
        }
        // Written before anything that it proves is told.
        if let Some(proof) = covers {
            self.keep_checkpoint(proof, out);
        }
        for News { proven, concerned, is_new } in news {
            if is_new && proven.entry() > covered {
                out.persist(Record::Proven(Box::new(ProvenNotice::clone(&proven))));
            }
            let notice = Box::new(Arc::unwrap_or_clone(proven));
            out.send_all(&concerned, Message::Notice(notice));
        }
    }

    fn checkpoint(&self) -> Option<&EntryProof> {
        self.checkpoint.as_ref()?.proof.as_ref()
    }

    fn checkpoint_state(&self) -> Option<Image> {
        self.checkpoint.as_ref().map(|checkpoint| checkpoint.shown(self.limits.pages_max))
    }

    fn adopt(&mut self, proof: EntryProof, frozen: Image, out: &mut Outbox) -> bool {
        let Some((id, state)) = self.thaw_checkpoint(proof, &frozen) else { return false };
        self.write_checkpoint(out);
        self.go_on_from(id, state, out);
        true
    }

    fn saw(&mut self, ballot: &Ballot, out: &mut Outbox) {
        Self::saw(self, ballot, out);
    }

    fn is_busy(&self) -> bool {
        self.has_business()
    }

    fn is_over(&self) -> bool {
        self.state.is_over()
    }
}

/// Whether a header says of the state after its entry what is so.
fn says_so(header: &EntryHeader, state: &State) -> bool {
    state.notices_root() == header.notices_root && state.checkpoint_hash() == header.state_hash
}

impl Desk {
    /// Notes whose ledgers are not here, after a state whose way was not seen.
    pub(super) fn note_missing(&mut self) {
        for chain in self.state.chains.values() {
            if !self.ledgers.has(chain.hash) {
                self.missing.insert(chain.id, chain.hash);
            }
        }
    }

    fn state_after(&self, id: B256) -> Option<&State> {
        if id == self.tip { Some(&self.state) } else { self.states.get(&id) }
    }

    /// What waits for an entry, in the order in which it should be tried: what ends something before what begins it.
    fn candidates(&self) -> Vec<Item> {
        let rank = |item: &Item| match item {
            Item::Evidence(..) | Item::Caught(_) => 0,
            Item::Seed(_) => 1,
            Item::Open(_) => 2,
            Item::Join(_) | Item::Member(_) | Item::Transcript(_) => 3,
            Item::Return(_) => 4,
            Item::Answer(_) => 5,
            Item::Disagreement(_) => 6,
            Item::Block(..) | Item::Words(_) => 7,
            Item::Complaint(_) => 8,
            Item::Paid(_) | Item::Want(_) => 9,
            Item::Handover(_) => 10,
        };
        // Seeds in the order in which they draw.
        let order = |item: &Item| match item {
            Item::Seed(seed) => seed.height,
            _ => 0,
        };
        let mut items = self.items.clone();
        items.sort_by_key(|item| (rank(item), order(item)));
        items
    }

    /// Takes the state after an entry that is final, and does what follows from it.
    pub(super) fn take_state(&mut self, id: B256, state: State, out: &mut Outbox) {
        let height = state.height;
        let changed: Vec<Notice> = state.notices();
        out.announce(&state);
        self.tell_draws(&state, out);
        self.state = state;
        self.tip = id;
        self.states.retain(|_, state| state.height > height);
        for notice in &changed {
            if self.ledgers.has(notice.hash) {
                self.missing.remove(&notice.chain);
                self.ledgers.finalized(notice.chain, notice.hash);
            } else {
                self.missing.insert(notice.chain, notice.hash);
            }
            self.bring_to_accused(notice.chain, out);
        }
        self.forget_decided();
        self.openings.retain(|chain, _| !self.state.chains.contains_key(chain));
        let items = std::mem::take(&mut self.items);
        self.items = items.into_iter().filter(|item| self.is_current(item)).collect();
        self.forget_charges();
        if self.state.handover().is_none() {
            self.queue_successors();
        }
        self.consider_all(out);
        self.ask_for_pending(out);
        self.make_seed_parts(out);
        self.go_on_with_ceremony(out);
    }

    /// Writes down the newest checkpoint, with what proves it.
    fn keep_checkpoint(&mut self, proof: EntryProof, out: &mut Outbox) {
        let Some(checkpoint) = &mut self.checkpoint else { return };
        checkpoint.proof = Some(proof);
        self.ledgers.keep_standing(checkpoint.standing());
        self.write_checkpoint(out);
    }

    /// Begins with a state that is final: its entry, and the state. None: they do not belong together.
    fn thaw_checkpoint(&mut self, proof: EntryProof, frozen: &Image) -> Option<(B256, State)> {
        let header = proof.headers.first().cloned()?;
        let is_it = frozen.hash() == header.state_hash;
        let state = is_it.then(|| self.state.thaw(frozen)).flatten()?;
        if state.height != header.height {
            return None;
        }
        let id = header.id();
        let checkpoint = Checkpoint::proven(header, state.clone(), proof);
        self.ledgers.keep_standing(checkpoint.standing());
        self.checkpoint = Some(checkpoint);
        Some((id, state))
    }

    fn go_on_from(&mut self, id: B256, state: State, out: &mut Outbox) {
        self.states.clear();
        self.unproven.clear();
        // What was drawn meanwhile was not seen here.
        self.told_pool = None;
        self.take_state(id, state, out);
        self.note_missing();
    }

    /// Takes back the checkpoint that the journal has.
    pub(super) fn restore_checkpoint(
        &mut self,
        proof: EntryProof,
        frozen: &Image,
        said: &mut Outbox,
    ) -> bool {
        let Some((id, state)) = self.thaw_checkpoint(proof, frozen) else { return false };
        self.written = Some(state.pages());
        self.go_on_from(id, state, said);
        true
    }

    /// Writes down what the journal does not have of it.
    fn write_checkpoint(&mut self, out: &mut Outbox) {
        let Some(checkpoint) = &self.checkpoint else { return };
        let Some(proof) = checkpoint.proof.clone() else { return };
        let written = self.written.replace(checkpoint.pages());
        let state = checkpoint.since(written.as_ref());
        let frozen = Frozen { proof, state, is_whole: written.is_none() };
        out.persist(Record::Checkpoint(Box::new(frozen)));
        self.forget_start();
    }

    /// Who missed the state that the epoch began with begins at the checkpoint. Not so the other half.
    fn forget_start(&mut self) {
        if !self.seats.is_half() {
            self.frozen = None;
        }
    }

    /// Notes where the chains stand that an entry changed, and who shall hear of it: all whom it concerns, and who were
    /// concerned before.
    fn note_changed(&mut self, state: &State, proof: &EntryProof, news: &mut Vec<News>) {
        let notices = state.notices();
        let tree = state.standing().is_none().then(|| notice::tree(&notices));
        // Those of one page come one after the other.
        let mut leaves: Option<Leaves> = None;
        for (leaf, notice) in notices.into_iter().enumerate() {
            if let Some(standing) = state.standing() {
                leaves = leaves.filter(|leaves| leaves.are_of(notice.chain));
                leaves = leaves.or_else(|| standing.leaves(notice.chain));
            }
            let path = match (&tree, &leaves) {
                (Some(tree), _) => tree.proof(leaf),
                (None, leaves) => {
                    leaves.as_ref().and_then(|page| Some(page.notice(notice.chain)?.1))
                }
            };
            let path = path.unwrap_or_default();
            let proven = Arc::new(ProvenNotice { notice, path, proof: proof.clone() });
            let (told, before) = self.ledgers.told(proven.notice.chain).unwrap_or_default();
            let mut concerned = proven.notice.members();
            concerned.extend(before);
            concerned.sort_unstable();
            concerned.dedup();
            // A journal that is read again may be behind what was kept.
            let is_new = told < proven.entry();
            if is_new {
                self.ledgers.keep_notice(proven.clone());
            }
            news.push(News { proven, concerned, is_new });
        }
    }
}
