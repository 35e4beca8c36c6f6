//! Complaints, once more: whoever loses a place for silence was brought what it should have answered, by seats that are
//! honest.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_committee::{
    archive::{Item, item::Complaint},
    keys::NodeId,
    log::Entry,
    message::Message,
};

use super::{Cast, Oracle, Violation};

/// What a complaint is about: the chain, height and view, and the block if it is one.
type About = (B256, u64, u64, Option<B256>);

/// What honest seats were shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Complaints {
    shown: BTreeMap<About, BTreeSet<NodeId>>,
}

fn about(complaint: &Complaint) -> About {
    let block = complaint.block.as_ref().map(|(header, _)| header.hash());
    (complaint.chain, complaint.height, complaint.view, block)
}

impl Oracle {
    /// A message reached an honest archive node, or is its own.
    pub(crate) fn see_complaint(&mut self, seat: NodeId, message: &Message) {
        if let Message::Complaint(complaint, body, _) = message {
            for group in self.groups.values_mut() {
                let can_be_answered = match &complaint.block {
                    Some((header, _)) => header.proposal.body_hash == body.hash(),
                    None => group.books.can_be_made(complaint.chain, &body.transactions),
                };
                if can_be_answered {
                    group.complaints.shown.entry(about(complaint)).or_default().insert(seat);
                }
            }
        }
    }
}

impl Complaints {
    /// A new final entry: more than two thirds of the seats had what its complaints are about.
    pub(super) fn see_items(&self, cast: &Cast, entry: &Entry) -> Result<(), Violation> {
        let (height, epoch) = (entry.header.height, entry.header.epoch);
        let wrong = |why| Err(Violation::WrongEntry { height, node: NodeId(0), why });
        for item in &entry.items {
            let Item::Complaint(complaint) = item else { continue };
            let block = complaint.block.as_ref();
            if block.is_some_and(|(header, _)| header.proposal.chain != complaint.chain) {
                return wrong("somebody is accused for a block of another chain");
            }
            let shown = self.shown.get(&about(complaint));
            let seats = cast.seats(epoch).iter();
            let had = seats.filter(|seat| shown.is_some_and(|shown| shown.contains(seat))).count();
            if !cast.reaches_quorum(epoch, had) {
                return wrong("few could bring the accused what it shall answer");
            }
        }
        Ok(())
    }
}
