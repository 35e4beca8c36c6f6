//! Leads the log astray: entries on others than the last notarized one, over views that nobody gave up, of wrong times,
//! with items that cannot stand, or with other items for each. Each in its own turn and once, so that no two of its votes
//! exclude each other.

use std::collections::VecDeque;

use alloy::primitives::{B256, Bytes, keccak256};
use conet_committee::{
    Action,
    archive::{
        Item,
        item::{Handover, SeedOf},
        notice,
    },
    keys::{Compact, NodeId},
    log::{Entry, EntryHeader, LogMessage},
    message::Message,
    vote::{Ballot, Phase},
};
use rand::Rng as _;

use super::{Behaviour, Liar};

/// How many entries, wishes and votes it keeps.
const KEPT_MAX: usize = 8;

#[derive(Default)]
pub(crate) struct Forker {
    parents: VecDeque<EntryHeader>,
    wishes: VecDeque<Item>,
    votes: VecDeque<Ballot>,
    /// Its own entry of a view, once it made one.
    made: Option<(u64, Entry, Ballot)>,
}

fn keep<T>(all: &mut VecDeque<T>, new: T) {
    if all.len() >= KEPT_MAX {
        all.pop_front();
    }
    all.push_back(new);
}

/// One of those who shall sit next, who did its part, gets no seat.
fn leave_out(items: &mut [Item], liar: &Liar<'_>) -> bool {
    let named = items.iter_mut().find_map(|item| match item {
        Item::Handover(handover) => Some(&mut handover.nodes),
        _ => None,
    });
    let Some(nodes) = named else { return false };
    let first = nodes.iter().position(|node| !liar.friends.contains(node));
    first.map(|place| nodes.remove(place)).is_some()
}

impl Behaviour for Forker {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let twist = |action| match action {
            Action::Send(to, Message::Log(LogMessage::Propose(entry, _)))
                if entry.header.view.is_multiple_of(2) =>
            {
                self.lead(to, *entry, liar)
            }
            // What it would have voted for it does not know any more.
            Action::Send(_, Message::Log(LogMessage::Vote(ballot)))
                if self.made.as_ref().is_some_and(|(view, ..)| ballot.vote.view == *view)
                    && ballot.vote.phase == Phase::Notarize.number() =>
            {
                None
            }
            action => Some(action),
        };
        actions.into_iter().filter_map(twist).collect()
    }

    fn hear(&mut self, message: &Message) {
        match message {
            Message::Log(LogMessage::Propose(entry, ballot)) => {
                keep(&mut self.parents, entry.header.clone());
                keep(&mut self.votes, ballot.clone());
                let wishes = entry.items.iter().filter(|item| matches!(item, Item::Join(_)));
                wishes.for_each(|wish| keep(&mut self.wishes, wish.clone()));
            }
            Message::Log(LogMessage::Vote(ballot)) => keep(&mut self.votes, ballot.clone()),
            _ => {}
        }
    }
}

impl Forker {
    fn lead(&mut self, to: NodeId, honest: Entry, liar: &mut Liar<'_>) -> Option<Action> {
        let view = honest.header.view;
        if self.made.as_ref().is_none_or(|(made, ..)| *made != view) {
            let entry = self.entry(honest, liar)?;
            let vote = liar.seats.vote(Phase::Notarize, view, entry.id());
            keep(&mut self.parents, entry.header.clone());
            self.made = Some((view, entry, liar.voting.cast(vote)));
        }
        let (_, mut entry, ballot) = self.made.clone()?;
        if view.is_multiple_of(3) && to.0.is_multiple_of(2) {
            // The same header, and nothing of what it names.
            entry.items.clear();
        }
        Some(Action::Send(to, Message::Log(LogMessage::Propose(Box::new(entry), ballot))))
    }

    fn entry(&self, mut entry: Entry, liar: &mut Liar<'_>) -> Option<Entry> {
        if leave_out(&mut entry.items, liar) {
            entry.header.items_hash = Item::hash_all(&entry.items);
            return Some(entry);
        }
        let header = &mut entry.header;
        let empty = notice::tree(&[]).root();
        match liar.rng.random_range(0..5) {
            0 | 1 => {
                let place = liar.rng.random_range(0..self.parents.len().max(1));
                let parent = self.parents.get(place)?;
                (header.parent, header.parent_view) = (parent.id(), parent.view);
                header.height = parent.height + 1;
                header.time_ms = liar.now_ms.clamp(parent.time_ms + 1, parent.time_ms + 1_200);
                header.notices_root = empty;
                entry.items.clear();
            }
            2 => {
                // As late as the log may be, and later than it is.
                header.time_ms += liar.rng.random_range(1..4) * 700;
                header.notices_root = empty;
                entry.items.clear();
            }
            _ => entry.items.push(self.item(liar)?),
        }
        entry.header.items_hash = Item::hash_all(&entry.items);
        Some(entry)
    }

    /// An item that cannot stand.
    fn item(&self, liar: &mut Liar<'_>) -> Option<Item> {
        Some(match liar.rng.random_range(0..4) {
            0 => {
                let height = liar.rng.random_range(0..200);
                Item::Seed(SeedOf { height, signature: Bytes::from_static(&[7; 32]) })
            }
            1 => {
                let first = self.votes.back()?.clone();
                let mut second = first.clone();
                second.vote.block = keccak256(first.vote.block);
                second.signature = Compact::repeat_byte(7);
                if second.vote.block == B256::ZERO {
                    return None;
                }
                Item::Evidence(first, second)
            }
            2 => {
                // Its own choice for the next epoch.
                let (mut nodes, epoch) = (liar.friends.to_vec(), liar.seats.epoch + 1);
                nodes.extend(liar.seats.nodes().iter().take(2));
                nodes.sort_unstable();
                nodes.dedup();
                Item::Handover(Handover { epoch, nodes, division: None })
            }
            _ => self.wishes.front()?.clone(),
        })
    }
}
