//! How an archive group gets its key: a ceremony of all its seats, over its log.
//!
//! ```text
//! each seat      Member: the public keys of an Identity made for this epoch                      in the log
//! each dealer    Dealing: a commitment to a random polynomial, and a sealed value for each player
//! each player    Ack: my value is right                                                          to the dealer
//! each dealer    Transcript: the commitment, acks, and the values of who sent none               in the log
//! all            the first transcripts that are usable, more than two thirds, make the key: a Tally
//! ```
//!
//! The key is the sum of what the selected dealers dealt: unknown to all as long as one of them is honest, and more
//! than two thirds of the seats are needed to use it. A third of the dealers may be silent, lie about values, or
//! contradict themselves. All take the same transcripts, those in the log up to an entry that they agree on (each
//! dealer's first), so all have the same key. When too few are usable, the group begins again with the next round.
//!
//! Messages are signed by the members' identities, so it does not matter how they travel; only the order of
//! transcripts does. Values are sealed for their players (HPKE). Everything follows from what goes in: who restarts
//! gives its [`Dealer`] the same entropy and acks again, its [`Player`] the same dealings, and goes on.
//!
//! # When a group changes
//!
//! [`Ceremony::fresh`] makes a new key: the rule for a new epoch. What members had before is worth nothing then.
//!
//! [`Ceremony::reshare`] gives new members shares of the same key: more than two thirds of the old members deal. Old
//! and new shares do not go together, and one epoch's parts are refused in another. But more than two thirds of the
//! **old** shares still make seeds, for they are shares of the same key: all depends on their owners destroying them.
//! Two groups that split must not share a key, so both begin afresh.
//!
//! # What is assumed
//!
//! A dealer shows in the log the values whose players sent no ack in time. When honest players are cut off from honest
//! dealers for that long, up to two thirds of the shares become known to who controls a third: the time for acks should
//! be long, and [`super::bls::GroupKey::revealed`] says whose shares are affected.
//!
//! The mathematics is that of the crate `commonware-cryptography` (Joint-Feldman, and Desmedt's resharing).

mod identity;
mod parties;

pub use identity::{Identity, Member};
pub use parties::{Ack, Dealer, Dealing, Player, SealedValue, Tally, Transcript};

use std::collections::BTreeMap;

use alloy::primitives::{B256, Keccak256};
use commonware_cryptography::{
    bls12381::{
        dkg::feldman_desmedt::{Info, Reveal},
        primitives::{sharing::Mode, variant::MinSig},
    },
    ed25519,
};
use commonware_utils::{N3f1, ordered::Set};
use conet_bindings::certificate::SEATS_MAX;

use super::bls::GroupKey;
use crate::keys::NodeId;

const NAMESPACE: &[u8] = b"CoNET seed ceremony 1";

/// Why a ceremony does not go on as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DkgError {
    /// Nobody, too many, one twice, or one key twice.
    #[error(
        "expected 1 to {SEATS_MAX} members with keys of their own, found {found}, or one twice"
    )]
    Members {
        /// How many.
        found: usize,
    },
    /// Keys that the member does not hold.
    #[error("expected keys that {node} holds, found others")]
    MemberInvalid {
        /// The member.
        node: NodeId,
    },
    /// Not a dealer of this ceremony, or not with these keys.
    #[error("expected a dealer, found {node}")]
    NotDealer {
        /// Who it is.
        node: NodeId,
    },
    /// Not a player of this ceremony, or not with these keys.
    #[error("expected a player, found {node}")]
    NotPlayer {
        /// Who it is.
        node: NodeId,
    },
    /// The signature is another's, or over something else.
    #[error("expected the signature of {node}, found another")]
    SignatureInvalid {
        /// Who should have signed.
        node: NodeId,
    },
    /// A commitment that cannot be.
    #[error("expected a commitment of dealer {dealer} for this ceremony, found another: {detail}")]
    CommitmentInvalid {
        /// The dealer.
        dealer: NodeId,
        /// In what it differs.
        detail: String,
    },
    /// No value for this player, or one that does not fit the commitment.
    #[error("expected a value for {player} that fits the commitment of {dealer}, found none")]
    ValueInvalid {
        /// The dealer.
        dealer: NodeId,
        /// The player.
        player: NodeId,
    },
    /// Bytes that are no transcript.
    #[error("expected a transcript of {dealer}, found other bytes")]
    TranscriptMalformed {
        /// The dealer.
        dealer: NodeId,
    },
    /// Only a dealer's first transcript counts.
    #[error("expected one transcript of {dealer}, found another")]
    TranscriptTwice {
        /// The dealer.
        dealer: NodeId,
    },
    /// The ceremony failed. It is to be held again, as the next round.
    #[error(
        "expected {needed} usable transcripts, found {found}; faulty: {faulty:?}, silent: {silent:?}"
    )]
    TooFewTranscripts {
        /// More than two thirds of the dealers.
        needed: u32,
        /// How many there are.
        found: u32,
        /// Who lied, provably, and how.
        faulty: Vec<(NodeId, String)>,
        /// Whose transcript is missing, or says that too many players were out of reach.
        silent: Vec<NodeId>,
    },
    /// This node lost something: a share, or a dealing that it had acknowledged.
    #[error("expected all that this node was sent, found that something is missing: {detail}")]
    LocalStateMissing {
        /// What.
        detail: String,
    },
}

/// What a ceremony is about, as all agree on.
#[derive(Debug, Clone)]
pub struct Ceremony {
    id: B256,
    dealers: BTreeMap<ed25519::PublicKey, NodeId>,
    players: BTreeMap<ed25519::PublicKey, Member>,
    info: Info<MinSig, ed25519::PublicKey>,
}

impl Ceremony {
    /// A ceremony for a new key. `round` counts the group's ceremonies, failed ones too.
    ///
    /// # Errors
    /// [`DkgError::Members`], [`DkgError::MemberInvalid`].
    pub fn fresh(group: u32, round: u64, members: &[Member]) -> Result<Self, DkgError> {
        let players = by_key(members)?;
        let dealers = players.iter().map(|(key, member)| (key.clone(), member.node)).collect();
        Self::new((group, round), None, dealers, players)
    }

    /// A ceremony for new shares of the same key, for `members`. Dealers are the members that have shares now.
    ///
    /// # Errors
    /// [`DkgError::Members`], [`DkgError::MemberInvalid`].
    pub fn reshare(
        group: u32,
        round: u64,
        key: &GroupKey,
        members: &[Member],
    ) -> Result<Self, DkgError> {
        let holders = key.published().players().iter().cloned();
        let dealers = holders.zip(key.nodes().iter().copied()).collect();
        Self::new((group, round), Some(key), dealers, by_key(members)?)
    }

    fn new(
        (group, round): (u32, u64),
        previous: Option<&GroupKey>,
        dealers: BTreeMap<ed25519::PublicKey, NodeId>,
        players: BTreeMap<ed25519::PublicKey, Member>,
    ) -> Result<Self, DkgError> {
        let mut hasher = Keccak256::new();
        hasher.update(NAMESPACE);
        hasher.update(group.to_be_bytes());
        hasher.update(round.to_be_bytes());
        hasher.update(previous.map(GroupKey::id).unwrap_or_default());
        let members: Vec<_> = players.values().cloned().collect();
        hasher.update(alloy_rlp::encode(&members));

        let info = Info::new::<N3f1>(
            &[NAMESPACE, &group.to_be_bytes()].concat(),
            round,
            previous.map(|key| key.published().clone()),
            Mode::NonZeroCounter,
            Reveal::V1,
            Set::from_iter_dedup(dealers.keys().cloned()),
            Set::from_iter_dedup(players.keys().cloned()),
        );
        let info = info.map_err(|_| DkgError::Members { found: players.len() })?;
        Ok(Self { id: hasher.finalize(), dealers, players, info })
    }

    /// What it is known by: group, round, members, and the key that is shared anew.
    #[must_use]
    pub const fn id(&self) -> B256 {
        self.id
    }

    /// The players' nodes in the order of their shares.
    fn nodes(&self) -> Vec<NodeId> {
        self.players.values().map(|member| member.node).collect()
    }

    /// The key by which a dealer is known.
    fn dealer(&self, node: NodeId) -> Result<&ed25519::PublicKey, DkgError> {
        let dealer = self.dealers.iter().find(|(_, dealer)| **dealer == node);
        dealer.map(|(key, _)| key).ok_or(DkgError::NotDealer { node })
    }

    /// The key by which a player is known.
    fn player(&self, node: NodeId) -> Result<&ed25519::PublicKey, DkgError> {
        let player = self.players.iter().find(|(_, player)| player.node == node);
        player.map(|(key, _)| key).ok_or(DkgError::NotPlayer { node })
    }
}

fn by_key(members: &[Member]) -> Result<BTreeMap<ed25519::PublicKey, Member>, DkgError> {
    let found = members.len();
    let mut nodes = std::collections::BTreeSet::new();
    let mut by_key = BTreeMap::new();
    for member in members {
        nodes.insert(member.node);
        by_key.insert(member.verify()?, member.clone());
    }
    if !(1..=SEATS_MAX).contains(&found) || [nodes.len(), by_key.len()] != [found; 2] {
        return Err(DkgError::Members { found });
    }
    Ok(by_key)
}

#[cfg(test)]
mod tests;
