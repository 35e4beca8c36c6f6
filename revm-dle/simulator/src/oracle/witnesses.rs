//! Creators that make two blocks for one height and view: a witness that gets both says so to the seats, within a tick.

use std::collections::{BTreeMap, BTreeSet};

use alloy::{
    primitives::{B256, U256, keccak256},
    sol_types::SolValue as _,
};
use conet_bindings::roles;
use conet_committee::{
    archive::Notice,
    keys::NodeId,
    member::Member,
    message::{Message, Proposed},
    vote::Ballot,
};

use super::{Oracle, Place, Violation, key, place};

/// What creators and witnesses vote in.
const CREATE: u8 = (roles::CREATOR.trailing_zeros() as u8) << 4 | 1;
const WITNESS: u8 = (roles::WITNESS.trailing_zeros() as u8) << 4 | 1;

/// Twice the time between two signatures: by then a member has looked at what it got.
const LOOKS_MS: u64 = 100;

/// Where a block is to stand: chain, height, view and epoch.
type Spot = (B256, u64, u64, u64);

const fn spot((chain, height, view, epoch, _): Place) -> Spot {
    (chain, height, view, epoch)
}

/// What each honest witness has, since it last started.
#[derive(Debug, Default)]
pub(super) struct Witnesses(BTreeMap<NodeId, Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Blocks that came when they could be signed, with what was known of the chain then.
    proposed: BTreeMap<Spot, (B256, Notice)>,
    /// Two of them, and since when.
    twice: Vec<(Spot, NodeId, u64)>,
    /// Where it voted: it looks at blocks there.
    voted: BTreeSet<Spot>,
    /// Whom it accused.
    accused: BTreeSet<NodeId>,
}

/// Whether a witness can sign a block as far as its notice says. Of the chain's epoch that says nothing.
fn is_ours(me: NodeId, notice: &Notice, proposed: &Proposed) -> bool {
    let (about, create) = (&proposed.header.proposal, &proposed.create);
    let vote = &create.vote;
    let is_created = (vote.chain, vote.height, vote.view, vote.epoch)
        == (about.chain, about.height, about.view, about.epoch)
        && (vote.phase, vote.block) == (CREATE, proposed.header.hash())
        && proposed.body.hash() == about.body_hash;
    let drawn = notice.validators.iter().find(|(height, _)| *height == about.height);
    let signers = notice.creator.iter().chain(&notice.witnesses);
    let signers = signers.chain(drawn.into_iter().flat_map(|(_, nodes)| nodes));
    let ids: Vec<_> = signers.map(|node| U256::from(node.0)).collect();
    is_created
        && notice.creator == Some(create.voter)
        && notice.witnesses.contains(&me)
        && (about.series, about.view) == (notice.series, notice.view)
        && (notice.height + 1..=notice.height + 2).contains(&about.height)
        && (about.paid_through_s, about.gas_price) == (notice.paid_through_s, notice.gas_price)
        && about.members_hash == keccak256(ids.abi_encode())
}

impl Witnesses {
    /// An honest node says something.
    pub(super) fn see_sent(&mut self, from: NodeId, message: &Message) {
        match message {
            Message::Vote(word) if word.ballot.vote.phase == WITNESS => {
                self.0.entry(from).or_default().voted.insert(spot(place(&word.ballot)));
            }
            Message::Evidence(first, _) => {
                self.0.entry(from).or_default().accused.insert(first.voter);
            }
            _ => {}
        }
    }

    pub(super) fn see_stopped(&mut self, node: NodeId) {
        self.0.remove(&node);
    }

    /// A member reads that an epoch has begun: what was proposed in the one before is nothing to look at for it.
    pub(super) fn see_began(&mut self, node: NodeId) {
        if let Some(seen) = self.0.get_mut(&node) {
            let accused = std::mem::take(&mut seen.accused);
            *seen = Seen { accused, ..Seen::default() };
        }
    }

    fn see_create(&mut self, me: NodeId, notice: &Notice, create: &Ballot, now_ms: u64) {
        let (spot, block) = (spot(place(create)), create.vote.block);
        let seen = self.0.entry(me).or_default();
        let first = seen.proposed.entry(spot).or_insert_with(|| (block, notice.clone()));
        if first.0 != block && first.1 == *notice {
            seen.twice.push((spot, create.voter, now_ms));
        }
    }

    /// Returns whom a member should have accused by now, and has not. When the chain has moved on, it need not.
    fn late(&mut self, member: NodeId, known: &Member, now_ms: u64) -> Option<NodeId> {
        let seen = self.0.get_mut(&member)?;
        let due = seen.twice.extract_if(.., |(.., since_ms)| *since_ms + LOOKS_MS <= now_ms);
        let due: Vec<_> = due.collect();
        let stands = |spot: &Spot| {
            let first = seen.proposed.get(spot).map(|(_, notice)| notice);
            known.notices().any(|proven| Some(&proven.notice) == first)
        };
        let mut late = due.into_iter().filter(|(spot, creator, _)| {
            !seen.accused.contains(creator) && seen.voted.contains(spot) && stands(spot)
        });
        late.next().map(|(_, creator, _)| creator)
    }
}

impl Oracle {
    /// A member reads on the main chain which epochs have begun.
    pub(crate) fn see_began(&mut self, node: NodeId) {
        self.witnesses.see_began(node);
    }

    /// A block reaches an honest member.
    pub(crate) fn see_proposed(
        &mut self,
        (id, member): (NodeId, &Member),
        message: &Message,
        now_ms: u64,
    ) {
        let Message::Propose(proposed) = message else { return };
        let create = &proposed.create;
        let mut notices = member.notices().map(|proven| &proven.notice);
        let notice = notices.find(|notice| notice.chain == create.vote.chain);
        if let Some(notice) = notice.filter(|notice| is_ours(id, notice, proposed))
            && self.is_signed(key(create), create)
        {
            self.witnesses.see_create(id, notice, create, now_ms);
        }
    }

    /// The step of an honest member is over.
    pub(crate) fn see_member(
        &mut self,
        (id, member): (NodeId, &Member),
        now_ms: u64,
    ) -> Result<(), Violation> {
        match self.witnesses.late(id, member, now_ms) {
            Some(cheat) => {
                let what = "it got two blocks of its";
                Err(Violation::Unreported { node: id, cheat, what })
            }
            None => Ok(()),
        }
    }
}
