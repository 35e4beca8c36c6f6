//! What is asked of the roulette, and what a seed gives.

use alloy::primitives::{B256, keccak256};
use alloy_rlp::{BufMut, Decodable, Encodable, RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use super::{
    draw::Draw,
    pool::{Lineup, Pool, Waiting},
    selection::Problem,
};
use crate::keys::NodeId;

/// How many entries lie between a request and the entry whose seed draws for it, at least. When the request is final,
/// no seat has signed that seed yet.
pub const SEED_DELAY: u64 = 2;

/// How many turns a draw takes at most, with those of nodes that are passed over: its cost and its record have a limit.
pub const TURNS_MAX: usize = 1_024;

/// The most nodes that one request asks for.
pub const NODES_MAX: u16 = 256;

/// Asks for members of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Request {
    /// The chain.
    pub chain: B256,
    /// The height from which they are members.
    pub height: u64,
    /// What they do: one bit of [`conet_bindings::roles`].
    pub role: u16,
    /// How many are wanted.
    pub seats: u16,
    /// How many more stand by.
    pub standbys: u16,
    /// Whether a node has a lot for each seat that it offers, or one as everybody.
    pub weighted: bool,
    /// Who is not to be drawn: the chain's members now, and those it lost for cause.
    pub members: Vec<NodeId>,
    /// The entry that the request is in.
    pub logged_at: u64,
    /// The entry whose seed draws.
    pub seed_height: u64,
    /// [`Lineup::digest`] of the pool when the request was logged.
    pub pool: B256,
}

impl Request {
    /// What it is known by.
    #[must_use]
    pub fn id(&self) -> B256 {
        keccak256(alloy_rlp::encode(self))
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        let wanted = self.seats.checked_add(self.standbys);
        if !wanted.is_some_and(|wanted| (1..=NODES_MAX).contains(&wanted)) {
            return Err(Problem::Wanted { seats: self.seats, standbys: self.standbys });
        }
        if self.role.count_ones() != 1 {
            return Err(Problem::Role { found: self.role });
        }
        let least = self.logged_at.saturating_add(SEED_DELAY);
        if self.seed_height < least {
            return Err(Problem::SeedTooEarly { least, found: self.seed_height });
        }
        Ok(())
    }
}

/// Why a node whose turn it was is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Unfit {
    /// It is a member of the chain already, or was.
    Member = 1,
    /// It cheated.
    Barred = 2,
    /// It does not wait any more: it left, joined anew, or was drawn for something else.
    Gone = 3,
}

impl Encodable for Unfit {
    fn encode(&self, out: &mut dyn BufMut) {
        (*self as u8).encode(out);
    }

    fn length(&self) -> usize {
        1
    }
}

impl Decodable for Unfit {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        match u8::decode(buf)? {
            1 => Ok(Self::Member),
            2 => Ok(Self::Barred),
            3 => Ok(Self::Gone),
            _ => Err(alloy_rlp::Error::Custom("expected 1, 2 or 3 for why a node is unfit")),
        }
    }
}

/// A node that was passed over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct Skipped {
    /// The node.
    pub node: NodeId,
    /// Why.
    pub reason: Unfit,
}

/// What a seed draws for a request.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable,
)]
pub struct Outcome {
    /// Who was drawn, in order: first the members, then who stands by. Fewer than wanted when no more were fit, or not
    /// within [`TURNS_MAX`]: the rest needs another request.
    pub nodes: Vec<NodeId>,
    /// Who was passed over on the way, in order.
    pub skipped: Vec<Skipped>,
}

impl Outcome {
    /// Draws: from the lineup of the request, passing over whom `now` has no more.
    #[must_use]
    pub fn of(request: &Request, seed: B256, lineup: &Lineup, now: &Pool) -> Self {
        let Request { chain, height, role, weighted, .. } = *request;
        let mut outcome = Self::default();
        let Some(lots) = lineup.lots(role, weighted) else { return outcome };
        let order = Draw { seed, chain, height, role }.order(lots);
        let mut turns = order.take(TURNS_MAX).filter_map(|place| lineup.waiting().get(place));
        let wanted = usize::from(request.seats) + usize::from(request.standbys);
        while outcome.nodes.len() < wanted
            && let Some(waiting) = turns.next()
        {
            let node = waiting.offer.node;
            match unfit(request, now, waiting) {
                Some(reason) => outcome.skipped.push(Skipped { node, reason }),
                None => outcome.nodes.push(node),
            }
        }
        outcome
    }
}

fn unfit(request: &Request, now: &Pool, waiting: &Waiting) -> Option<Unfit> {
    let node = waiting.offer.node;
    if now.is_barred(node) {
        Some(Unfit::Barred)
    } else if request.members.contains(&node) {
        Some(Unfit::Member)
    } else if !now.waits(waiting) {
        Some(Unfit::Gone)
    } else {
        None
    }
}
