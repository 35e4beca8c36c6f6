//! What a leader shows to the seats, so that they can vote for complaints.
//!
//! What is small goes right before the entry. What is large would hold that up longer than the others wait for it: view
//! after view would fail, however patient they get in between. So it follows the entry of a leader's turn, and the
//! complaint is for a later turn of the same leader, when it will have arrived. Whoever hears of it from another seat
//! leaves it to that one for a while.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;

use super::charges::Charges;
use crate::{
    archive::{Item, item::Complaint},
    message::Message,
};

/// Bytes of what an entry's complaints are about that go before it.
pub const SHOWN_BYTES_MAX: usize = 64 << 10;

/// Bytes of what follows an entry: of one complaint at least.
const LATER_BYTES_MAX: usize = 1 << 20;

/// How long what is large takes to arrive everywhere.
const ARRIVES_MS: u64 = 1_000;

/// For how long a seat leaves it to another one.
const LEFT_MS: u64 = 2_000;

/// How long after it was first counted on it is shown once more: it may have been lost.
const AGAIN_MS: u64 = 10_000;

/// What complaints are about: of a chain, height and view, a block or that there is none.
type About = (B256, u64, u64, Option<B256>);

/// Where something large is.
#[derive(Debug, Clone, Copy)]
enum Spread {
    /// Another seat told of it then.
    Heard(u64),
    /// This one showed it then, and had no turn since in which it could have arrived: however seldom turns are, the next
    /// one counts on it.
    Shown(u64),
    /// An entry counted on it first then.
    Tried(u64),
}

/// Whether an entry may have a complaint.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// What it is about goes before the entry.
    Now,
    /// All have it.
    Arrived,
    /// What it is about follows the entry.
    Later,
    /// Not in this turn.
    Never,
}

/// What large things are on their way to all seats.
#[derive(Debug, Default)]
pub(super) struct Spreading {
    known: BTreeMap<About, Spread>,
    /// What follows the entry of this turn.
    following: Vec<Message>,
}

impl Spreading {
    /// Another seat told of what a complaint is about.
    pub(super) fn heard(&mut self, complaint: &Complaint, now_ms: u64) {
        self.known.entry(about(complaint)).or_insert(Spread::Heard(now_ms));
    }

    /// Keeps what is about these heights and views of chains.
    pub(super) fn retain(&mut self, is_needed: impl Fn((B256, u64, u64)) -> bool) {
        self.known.retain(|(chain, height, view, _), _| is_needed((*chain, *height, *view)));
    }

    /// What follows an entry that was just proposed.
    pub(super) fn take_following(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.following)
    }

    /// What a turn means for something large; `fits`: it may be shown in it.
    fn turn(&self, about: About, fits: bool, now_ms: u64) -> Turn {
        match self.known.get(&about) {
            Some(Spread::Shown(at_ms)) if now_ms >= at_ms + ARRIVES_MS => Turn::Arrived,
            Some(Spread::Tried(at_ms)) if now_ms < at_ms + AGAIN_MS => Turn::Arrived,
            Some(Spread::Heard(at_ms)) if now_ms < at_ms + LEFT_MS => Turn::Never,
            Some(Spread::Shown(_)) => Turn::Never,
            _ if fits => Turn::Later,
            _ => Turn::Never,
        }
    }

    /// An entry counts on what was shown.
    fn count_on(&mut self, about: About, now_ms: u64) {
        if let Some(spread @ Spread::Shown(_)) = self.known.get_mut(&about) {
            *spread = Spread::Tried(now_ms);
        }
    }
}

/// What a leader shows with one entry: each thing once, however many are accused of it.
pub(super) struct Shown<'a> {
    charges: &'a Charges,
    spreading: &'a mut Spreading,
    at_once_max: usize,
    now_ms: u64,
    before: BTreeSet<About>,
    messages: Vec<Message>,
    bytes: usize,
    later_bytes: usize,
}

impl<'a> Shown<'a> {
    pub(super) fn new(
        charges: &'a Charges,
        spreading: &'a mut Spreading,
        at_once_max: usize,
        now_ms: u64,
    ) -> Self {
        let (before, messages) = (BTreeSet::new(), Vec::new());
        Self { charges, spreading, at_once_max, now_ms, before, messages, bytes: 0, later_bytes: 0 }
    }

    /// Whether an entry of this turn may have an item. What it is about may follow for a later turn.
    pub(super) fn admits(&mut self, item: &Item) -> bool {
        let Item::Complaint(complaint) = item else { return true };
        let bytes = self.charges.bytes(complaint);
        match self.turn(about(complaint), bytes) {
            Turn::Now => true,
            Turn::Arrived => {
                self.spreading.count_on(about(complaint), self.now_ms);
                true
            }
            Turn::Never => false,
            Turn::Later => {
                if let Some((body, witness)) = self.charges.shown(complaint) {
                    self.later_bytes += bytes;
                    self.spreading.known.insert(about(complaint), Spread::Shown(self.now_ms));
                    let message = Message::Complaint(complaint.clone(), body, witness);
                    self.spreading.following.push(message);
                }
                false
            }
        }
    }

    fn turn(&self, about: About, bytes: usize) -> Turn {
        if bytes <= self.at_once_max {
            let fits = self.before.contains(&about) || self.bytes + bytes <= self.at_once_max;
            return if fits { Turn::Now } else { Turn::Never };
        }
        let fits = self.later_bytes == 0 || self.later_bytes + bytes <= LATER_BYTES_MAX;
        self.spreading.turn(about, fits, self.now_ms)
    }

    /// Notes an item of the entry.
    pub(super) fn note(&mut self, item: &Item) {
        let Item::Complaint(complaint) = item else { return };
        let bytes = self.charges.bytes(complaint);
        if bytes <= self.at_once_max
            && let Some((body, witness)) = self.charges.shown(complaint)
            && self.before.insert(about(complaint))
        {
            self.bytes += bytes;
            self.messages.push(Message::Complaint(complaint.clone(), body, witness));
        }
    }

    /// What seats must see before they vote.
    pub(super) fn into_messages(self) -> Vec<Message> {
        self.messages
    }
}

fn about(complaint: &Complaint) -> About {
    let block = complaint.block.as_ref().map(|(header, _)| header.hash());
    (complaint.chain, complaint.height, complaint.view, block)
}

#[cfg(test)]
mod tests {
    use super::{super::charges::Unmade, *};
    use crate::keys::{Compact, NodeId};

    const CHAIN: B256 = B256::repeat_byte(1);

    /// A complaint that no block is made of transactions, which take a byte.
    fn complaint() -> Complaint {
        let (accused, by) = (NodeId(1), NodeId(2));
        let (height, view, signature) = (1, 0, Compact::ZERO);
        Complaint { chain: CHAIN, height, view, accused, by, block: None, signature }
    }

    /// A turn: whether the entry may have the complaint, and how much is shown before it and after it.
    fn turn(spreading: &mut Spreading, at_once_max: usize, now_ms: u64) -> (bool, usize, usize) {
        let mut charges = Charges::default();
        charges.keep_unmade(CHAIN, Unmade { height: 1, view: 0, transactions: Vec::new() });
        let item = Item::Complaint(Box::new(complaint()));
        let mut shown = Shown::new(&charges, spreading, at_once_max, now_ms);
        let admits = shown.admits(&item);
        if admits {
            shown.note(&item);
        }
        let before = shown.into_messages().len();
        (admits, before, spreading.take_following().len())
    }

    #[test]
    fn what_is_small_goes_before_the_entry() {
        let mut spreading = Spreading::default();
        spreading.heard(&complaint(), 5);
        assert_eq!(turn(&mut spreading, 1, 5), (true, 1, 0));
    }

    #[test]
    fn what_is_large_follows_one_entry_and_is_for_a_later_one() {
        let mut spreading = Spreading::default();
        assert_eq!(turn(&mut spreading, 0, 5), (false, 0, 1));
        assert_eq!(turn(&mut spreading, 0, 4 + ARRIVES_MS), (false, 0, 0));
        assert_eq!(turn(&mut spreading, 0, 5 + ARRIVES_MS), (true, 0, 0));
        let tried_ms = 5 + ARRIVES_MS;
        assert_eq!(turn(&mut spreading, 0, tried_ms + AGAIN_MS - 1), (true, 0, 0));
        assert_eq!(turn(&mut spreading, 0, tried_ms + AGAIN_MS), (false, 0, 1), "lost, perhaps");
    }

    #[test]
    fn whose_turns_are_seldom_counts_on_what_it_showed_too() {
        let mut spreading = Spreading::default();
        let seldom_ms = 2 * AGAIN_MS;
        assert_eq!(turn(&mut spreading, 0, 0), (false, 0, 1));
        assert_eq!(turn(&mut spreading, 0, seldom_ms), (true, 0, 0));
        assert_eq!(turn(&mut spreading, 0, 2 * seldom_ms), (false, 0, 1));
        assert_eq!(turn(&mut spreading, 0, 3 * seldom_ms), (true, 0, 0));
    }

    #[test]
    fn what_another_seat_tells_of_is_left_to_it_for_a_while() {
        let mut spreading = Spreading::default();
        spreading.heard(&complaint(), 5);
        spreading.heard(&complaint(), 6);
        assert_eq!(turn(&mut spreading, 0, 4 + LEFT_MS), (false, 0, 0));
        assert_eq!(turn(&mut spreading, 0, 5 + LEFT_MS), (false, 0, 1));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut spreading = Spreading::default();
        spreading.heard(&complaint(), 5);
        spreading.retain(|place| place == (CHAIN, 1, 0));
        assert_eq!(spreading.known.len(), 1);
        spreading.retain(|place| place == (CHAIN, 2, 0));
        assert!(spreading.known.is_empty());
    }
}
