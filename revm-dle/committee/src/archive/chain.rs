//! What the log knows of one chain.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use conet_bindings::roles;
use conet_ledger::block::Header;
use serde::{Deserialize, Serialize};

use super::{drawn::Drawn, few::Few, item::Opening, signers::Signers, traps::Commitment};
use crate::keys::NodeId;

/// For how many heights ahead validators are drawn: one block may stand on a certified one, and a draw takes some ticks.
pub const DRAWN_AHEAD: u64 = 3;

/// A chain. A million of them at rest are to fit in a GiB: what most have not takes next to no room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Its id.
    pub id: B256,
    /// Its series.
    pub series: u32,
    /// Hash of the series' genesis.
    pub genesis: B256,
    /// How many witnesses it has when its group is whole.
    pub witnesses: u8,
    /// How many validators sign each block.
    pub validators: u8,
    /// How many sign; 0 for all.
    pub quorum: u8,
    /// The newest final block's height.
    pub height: u64,
    /// And its hash.
    pub hash: B256,
    /// Until when storage is paid. Seconds since 1970.
    pub paid_through_s: u64,
    /// Pico-dollars for a unit of gas.
    pub gas_price: u64,
    /// The first block of the present creator and witnesses.
    pub since: u64,
    /// Counts groups and voided blocks, over all heights. A block of an older view is void.
    pub view: u64,
    /// Who makes blocks. None while it is drawn.
    pub creator: Option<NodeId>,
    /// By what the creator sets traps: what it had committed to when it got its place, or when the newest block became final.
    pub trap: Option<Commitment>,
    /// The witnesses, in the order in which they came.
    pub witness: Vec<NodeId>,
    /// The validators of the next blocks.
    pub validator: Drawn,
    /// Those of the newest final block.
    pub last_validators: Vec<NodeId>,
    /// What the seats are judging.
    pub pending: Option<Box<Pending>>,
    /// Who must answer, and until when: chain time in milliseconds.
    pub accused: Few<NodeId, u64>,
    /// Witnesses and validators who were accused in this view: each is once.
    pub blamed: Few<NodeId>,
    /// Open places, and the entry that asked for a draw.
    pub requested: Few<Place, u64>,
}

/// A place in a chain's group that is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// Who makes blocks.
    Creator,
    /// A witness.
    Witness(u8),
    /// A validator of the block of a height.
    Validator(u64, u8),
}

impl Place {
    /// The role and the height that its draw is for.
    #[must_use]
    pub const fn drawn_as(self, next_height: u64) -> (u16, u64) {
        match self {
            Self::Creator => (roles::CREATOR, next_height),
            Self::Witness(_) => (roles::WITNESS, next_height),
            Self::Validator(height, _) => (roles::VALIDATOR, height),
        }
    }
}

/// A block that seats have words on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The block.
    pub header: Header,
    /// Its hash.
    pub hash: B256,
    /// Whether its whole group signed it; else a member disagrees.
    pub certified: bool,
    /// Members that voted for it.
    pub signers: BTreeSet<NodeId>,
    /// Members that got another outcome.
    pub refusers: BTreeSet<NodeId>,
    /// Seats that found it right.
    pub accepted: BTreeSet<NodeId>,
    /// Seats that found it wrong.
    pub refused: BTreeSet<NodeId>,
    /// Until when active seats must have said something.
    pub deadline_ms: u64,
}

impl Chain {
    /// A new one, without a group.
    #[must_use]
    pub fn new(opening: &Opening) -> Self {
        Self {
            id: opening.chain,
            series: opening.series,
            genesis: opening.genesis,
            witnesses: opening.witnesses,
            validators: opening.validators,
            quorum: opening.quorum,
            height: opening.height,
            hash: opening.genesis,
            paid_through_s: opening.paid_through_s,
            gas_price: opening.gas_price,
            since: opening.height + 1,
            view: 0,
            creator: opening.creator,
            trap: None,
            witness: Vec::new(),
            validator: Drawn::default(),
            last_validators: Vec::new(),
            pending: None,
            accused: Few::default(),
            blamed: Few::default(),
            requested: Few::default(),
        }
    }

    /// Whether creator and all witnesses are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.creator.is_some() && self.witness.len() == usize::from(self.witnesses)
    }

    /// Creator and witnesses.
    pub fn group(&self) -> impl Iterator<Item = NodeId> {
        self.creator.into_iter().chain(self.witness.iter().copied())
    }

    /// Who signs the block of a height; `None` while somebody is still to be drawn.
    #[must_use]
    pub fn signers(&self, height: u64) -> Option<Signers> {
        let count = self.validator.count(height);
        let is_drawn = self.is_whole() && count == usize::from(self.validators);
        let creator = self.creator.filter(|_| is_drawn)?;
        Some(Signers::new(creator, &self.witness, self.validator.of(height), self.quorum))
    }

    /// All who have a part in the chain now.
    pub fn members(&self) -> impl Iterator<Item = NodeId> {
        self.group().chain(self.validator.nodes())
    }

    /// The same, each once.
    pub(super) fn members_once(&self) -> Vec<NodeId> {
        let mut once = Vec::new();
        for node in self.members() {
            if !once.contains(&node) {
                once.push(node);
            }
        }
        once
    }

    /// Whether a node has any part in the chain now.
    #[must_use]
    pub fn involves(&self, node: NodeId) -> bool {
        self.members().any(|member| member == node)
    }

    /// Whether a node was accused in the present view: that is done once.
    #[must_use]
    pub fn has_accused(&self, node: NodeId) -> bool {
        self.accused.contains(&node) || self.blamed.contains(&node)
    }

    /// Whether a header is of this chain's next block, by those who make it now.
    #[must_use]
    pub fn is_next(&self, header: &Header) -> bool {
        let about = &header.proposal;
        about.chain == self.id
            && about.series == self.series
            && about.view == self.view
            && about.height == self.height + 1
            && about.parent == self.hash
            && about.paid_through_s == self.paid_through_s
            && about.gas_price == self.gas_price
            && self.names_signers(header)
    }

    /// Whether a header names those who sign its height.
    #[must_use]
    pub fn names_signers(&self, header: &Header) -> bool {
        let signers = self.signers(header.proposal.height);
        signers.is_some_and(|signers| header.proposal.members_hash == signers.hash())
    }

    /// When something is due.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = u64> {
        let judging = self.pending.as_ref().map(|pending| pending.deadline_ms);
        judging.into_iter().chain(self.accused.values().copied())
    }

    /// Places that nobody has.
    fn open_places(&self) -> BTreeSet<Place> {
        let mut open = BTreeSet::new();
        if self.creator.is_none() {
            open.insert(Place::Creator);
        }
        let missing = usize::from(self.witnesses).saturating_sub(self.witness.len());
        open.extend((0..=u8::MAX).take(missing).map(Place::Witness));
        if open.is_empty() {
            for height in self.height + 1..=self.height + DRAWN_AHEAD {
                let drawn = self.validator.count(height);
                let indices = (0..self.validators).skip(drawn);
                open.extend(indices.map(|index| Place::Validator(height, index)));
            }
        }
        open
    }

    /// A place that the next block needs, and nobody has or is to be drawn for.
    pub(super) fn next_blocks_place(&self) -> Option<Place> {
        let mut open = self.open_places().into_iter();
        // What was asked for is drawn.
        let open = open.find(|place| !self.requested.contains(place))?;
        let is_needed = !matches!(open, Place::Validator(height, _) if height > self.height + 1);
        is_needed.then_some(open)
    }

    /// Takes out the last validator of a later block than the next one who is fit for something else.
    pub(super) fn take_from_ahead(&mut self, fit: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        self.validator.take_last(self.height + 2, fit).map(|(_, node)| node)
    }

    /// Asks for draws of open places that are not asked for yet, if that may be; for others not any more.
    pub(super) fn request_open_places(&mut self, entry: u64, may_ask: bool) {
        let open = self.open_places();
        // What was asked for is drawn, whatever happens meanwhile: else who knows the seed before the others could have
        // another draw.
        let (height, drawn) = (self.height, &self.validator);
        self.requested.retain(|place, _| match place {
            Place::Validator(at, index) => *at > height && usize::from(*index) >= drawn.count(*at),
            _ => open.contains(place),
        });
        for place in open.into_iter().filter(|_| may_ask) {
            if !self.requested.contains(&place) {
                self.requested.insert(place, entry);
            }
        }
    }

    /// Gives a place to who was drawn for it.
    pub(super) fn seat(&mut self, place: Place, node: NodeId) {
        match place {
            Place::Creator => self.creator = Some(node),
            Place::Witness(_) => self.witness.push(node),
            Place::Validator(height, _) => self.validator.push(height, node),
        }
        self.requested.remove(&place);
    }

    /// A new view: nothing of the old one counts any more.
    pub(super) fn begin_view(&mut self) {
        self.view += 1;
        self.pending = None;
        self.accused.clear();
        self.blamed.clear();
    }

    /// Takes a member out. In a creator's place comes the first witness, in a witness' place a validator of the last
    /// block, if it can; other places stay open, to be drawn.
    pub(super) fn remove(&mut self, node: NodeId, may_serve: impl Fn(NodeId) -> bool) {
        self.leave_blocks(node);
        let before = self.group().count();
        self.witness.retain(|witness| *witness != node);
        if self.creator == Some(node) {
            self.creator = (!self.witness.is_empty()).then(|| self.witness.remove(0));
        }
        self.last_validators.retain(|validator| *validator != node);
        if self.group().count() == before {
            return;
        }
        let members: Vec<_> = self.group().collect();
        let fit = |validator: &NodeId| !members.contains(validator) && may_serve(*validator);
        if let Some(next) = self.last_validators.iter().position(fit) {
            let promoted = self.last_validators.remove(next);
            self.leave_blocks(promoted);
            match self.creator {
                None => self.creator = Some(promoted),
                Some(_) => self.witness.push(promoted),
            }
        }
    }

    /// For blocks that a node was drawn for all are drawn anew.
    fn leave_blocks(&mut self, node: NodeId) {
        let heights: BTreeSet<_> =
            self.validator.iter().filter(|(_, drawn)| *drawn == node).map(|(at, _)| at).collect();
        self.validator.retain(|height, _| !heights.contains(&height));
    }

    /// Lists take no more room than they need.
    pub(super) fn shrink(&mut self) {
        self.witness.shrink_to_fit();
        self.last_validators.shrink_to_fit();
    }
}
