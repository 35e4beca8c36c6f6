//! What entries of the log hold.

use alloy::primitives::{B256, Bytes, keccak256};
use conet_bindings::ledger::Vote;
use conet_ledger::block::{Header, Outcome};
use serde::{Deserialize, Serialize};

use super::traps::Caught;
use crate::{
    keys::{Compact, NodeId},
    roulette::{
        dkg::{Member, Transcript},
        pool::Offer,
    },
    vote::{Ballot, Phase, Voting},
};

/// One decision. Each proves itself, but for what is a matter of time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Item {
    /// The main chain knows a new chain: its group is to be drawn.
    Open(Opening),
    /// A node wishes to be drawn from now on; or wishes something else, or to be drawn no more.
    Join(Joining),
    /// A certified block, with the seats' words on it so far. With those of all active seats it is final.
    Block(Box<CertifiedHeader>, Vec<Word>),
    /// More words on a block that is listed or disputed.
    Words(Vec<Word>),
    /// A member does not do its part.
    Complaint(Box<Complaint>),
    /// The accused has voted.
    Answer(Ballot),
    /// A member executed the creator's block and got another.
    Disagreement(Box<Disagreement>),
    /// Two votes that exclude each other.
    Evidence(Ballot, Ballot),
    /// Somebody fell into a trap.
    Caught(Box<Caught>),
    /// The seed of an entry that is final.
    Seed(SeedOf),
    /// A seat that was taken for silent is back.
    Return(Returning),
    /// The main chain names who holds the next epoch's seats: this epoch ends.
    Handover(Handover),
    /// A node that has a seat, or is to get one, takes part in the ceremony for an epoch's seeds.
    Member(Box<Announced>),
    /// How a dealer's part in it ended.
    Transcript(Box<Transcript>),
    /// The main chain wants a seed. See [`super::beacon`].
    Want(Wanted),
    /// Rent was paid for a chain.
    Paid(Paid),
}

impl Item {
    /// Whether another one makes no difference beside it: whoever signs can sign the same as often as it likes, and each
    /// signature is another one.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Complaint(one), Self::Complaint(other)) => one.repeats(other),
            (Self::Answer(one), Self::Answer(other)) => {
                one.voter == other.voter && one.vote == other.vote || one.conflicts(other)
            }
            _ => self == other,
        }
    }

    /// What an entry's header names.
    #[must_use]
    pub fn hash_all(items: &[Self]) -> B256 {
        // Serializing into memory does not fail.
        keccak256(postcard::to_allocvec(items).unwrap_or_default())
    }
}

/// A chain begins. Taken from the main chain by every seat for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opening {
    /// The chain's id.
    pub chain: B256,
    /// Its series.
    pub series: u32,
    /// Hash of the genesis header.
    pub genesis: B256,
    /// The genesis' height: 0 in series 1.
    pub height: u64,
    /// The node that makes blocks. None: it is drawn.
    pub creator: Option<NodeId>,
    /// How many witnesses.
    pub witnesses: u8,
    /// How many validators sign each block.
    pub validators: u8,
    /// How many of them all must sign; 0 for all.
    pub quorum: u8,
    /// Until when storage is paid, as the main chain says. Seconds since 1970.
    pub paid_through_s: u64,
    /// Pico-dollars for a unit of gas.
    pub gas_price: u64,
}

/// A node's wish to be drawn. It stands: see [`crate::archive`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Joining {
    /// Who, for which roles, in how many chains at once: no more than its stake is enough for. Every seat reads that for
    /// itself on the main chain, before it votes; all go by the item from then on. For no role or no seat: the wish
    /// before is taken back.
    pub offer: Offer,
    /// Counts its wishes, so that an old one cannot be logged again.
    pub number: u64,
    /// What it commits to for its traps, if it sets any: see [`super::traps`]. Else zero.
    pub trap: B256,
    /// The node's, over [`Self::struct_hash`].
    pub signature: Compact,
}

impl Joining {
    /// What the node signs.
    #[must_use]
    pub fn struct_hash(log: B256, offer: &Offer, number: u64, trap: B256) -> B256 {
        let Offer { node, roles, seats } = *offer;
        let id = keccak256([log, trap].concat());
        tagged(b"CoNET join", id, &[node.0, roles.into(), seats.into(), number])
    }
}

/// A block that its group signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertifiedHeader {
    /// The block.
    pub header: Header,
    /// The members' votes for it: the creator's, the witnesses', the validators'.
    pub ballots: Vec<Ballot>,
}

/// What somebody got by executing a proposal. A refusal names its own outcome, so that it can be held against no other
/// block of the same height and view.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Word {
    /// The vote: for the header that results.
    pub ballot: Ballot,
    /// What resulted; none: what the header in question says.
    pub outcome: Option<Outcome>,
}

impl Word {
    /// Whether it agrees with a header; none when it is not about its proposal, or not in this phase.
    #[must_use]
    pub fn agrees(&self, header: &Header, phase: Phase) -> Option<bool> {
        self.agrees_on(header, header.hash(), phase)
    }

    /// The same, for who knows the header's hash: one block has many words.
    pub(crate) fn agrees_on(&self, header: &Header, hash: B256, phase: Phase) -> Option<bool> {
        let found = match &self.outcome {
            None => hash,
            Some(outcome) => with_outcome(header, outcome).hash(),
        };
        (self.ballot.vote == block_vote(header, phase, found)).then_some(found == hash)
    }
}

/// The header that results when a proposal gives another outcome.
#[must_use]
pub fn with_outcome(header: &Header, outcome: &Outcome) -> Header {
    Header { proposal: header.proposal.clone(), outcome: outcome.clone() }
}

/// What stands for the outcome of a proposal that cannot be executed at all.
#[must_use]
pub const fn impossible() -> Outcome {
    Outcome { gas_used: 0, fees: 0, receipts_root: B256::ZERO, state_root: B256::ZERO }
}

/// Somebody waits for a member in vain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Complaint {
    /// Where.
    pub chain: B256,
    /// For the block of this height.
    pub height: u64,
    /// In this view.
    pub view: u64,
    /// Who does not answer.
    pub accused: NodeId,
    /// Who says so: a member of the chain.
    pub by: NodeId,
    /// Of a witness or validator: the block that it does not vote on, with the creator's vote. Of a creator: none.
    pub block: Option<(Header, Ballot)>,
    /// Of who complains, over [`Self::struct_hash`].
    pub signature: Compact,
}

impl Complaint {
    /// What who complains signs: with the block, so that nobody else can put another one in its place.
    #[must_use]
    pub fn struct_hash(&self) -> B256 {
        let block = self.block.as_ref().map_or(B256::ZERO, |(header, _)| header.hash());
        let id = keccak256([self.chain, block].concat());
        tagged(b"CoNET complaint", id, &[self.height, self.view, self.accused.0])
    }

    /// The same, signed as `voting`'s node, which must be [`Self::by`].
    #[must_use]
    pub fn signed(self, voting: &Voting) -> Self {
        Self { signature: voting.sign(self.struct_hash()), ..self }
    }

    fn repeats(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.chain, it.height, it.view, it.accused, it.by);
        key(self) == key(other)
    }
}

/// The creator's vote on a block, and what another member got for the same proposal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Disagreement {
    /// The creator's block.
    pub header: Header,
    /// The creator's vote.
    pub create: Ballot,
    /// The member's.
    pub other: Word,
}

/// The seed of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeedOf {
    /// The entry's height.
    pub height: u64,
    /// The group's threshold signature.
    pub signature: Bytes,
}

/// A seat is active again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Returning {
    /// Whose seat.
    pub node: NodeId,
    /// A final entry after the one that suspended it.
    pub since: u64,
    /// The node's, over [`Self::struct_hash`].
    pub signature: Compact,
}

impl Returning {
    /// What the node signs.
    #[must_use]
    pub fn struct_hash(log: B256, node: NodeId, since: u64) -> B256 {
        tagged(b"CoNET return", log, &[node.0, since])
    }
}

/// Who is to hold the seats of the next epoch. Taken from the main chain by every seat for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Handover {
    /// The epoch that begins; the one that would, when the group splits.
    pub epoch: u64,
    /// Its nodes, ascending; of both halves, when the group splits.
    pub nodes: Vec<NodeId>,
    /// What divides them into halves; none: the group stays one.
    pub division: Option<Division>,
}

/// The seed by which the main chain divides the nodes of a group that splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Division {
    /// Its number among the group's seeds.
    pub index: u64,
    /// Its value.
    pub seed: B256,
}

/// The main chain wants a seed. Taken from it by every seat for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wanted {
    /// The seed's number there.
    pub index: u64,
    /// A main-chain block that is final: the seed is made after it.
    pub after_block: u64,
}

/// Rent was paid for a chain. Taken from the main chain by every seat for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Paid {
    /// The chain.
    pub chain: B256,
    /// Until when its storage is paid now. Seconds since 1970.
    pub paid_through_s: u64,
}

/// A node's keys for the ceremony of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Announced {
    /// The keys.
    pub member: Member,
    /// The epoch.
    pub epoch: u64,
    /// Of the node's wallet, over [`Self::struct_hash`].
    pub signature: Compact,
}

impl Announced {
    /// What the node signs.
    #[must_use]
    pub fn struct_hash(log: B256, epoch: u64, member: &Member) -> B256 {
        let keys = keccak256(alloy_rlp::encode(member));
        tagged(b"CoNET seed member", keccak256([log, keys].concat()), &[member.node.0, epoch])
    }
}

/// Longer than 64 bytes and not of a type hash's form: it stands for nothing else that is signed in the domain.
fn tagged(tag: &[u8], id: B256, words: &[u64]) -> B256 {
    let mut preimage = tag.to_vec();
    preimage.extend(id);
    preimage.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    keccak256(preimage)
}

/// What members vote about a block.
#[must_use]
pub fn block_vote(header: &Header, phase: Phase, block: B256) -> Vote {
    let about = &header.proposal;
    Vote {
        chain: about.chain,
        height: about.height,
        view: about.view,
        epoch: about.epoch,
        phase: phase.number(),
        block,
    }
}
