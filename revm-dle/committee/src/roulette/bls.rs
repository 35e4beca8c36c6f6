//! Seeds as threshold BLS signatures over BLS12-381: 48 bytes in G1, keys in G2. The shares come from a ceremony of the
//! whole group, [`super::dkg`]; nobody ever holds the key itself.

use std::{collections::BTreeMap, num::NonZeroU32};

use alloy::primitives::{B256, Bytes, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
use commonware_cryptography::{
    bls12381::{
        dkg::feldman_desmedt::Output,
        primitives::{
            group::Share,
            ops::{self, threshold},
            sharing::ModeVersion,
            variant::{MinSig, PartialSignature, Variant},
        },
    },
    ed25519,
};
use commonware_parallel::Sequential;
use commonware_utils::Participant;
use conet_bindings::certificate::{SEATS_MAX, quorum};
use zeroize::Zeroizing;

use super::seed::{NAMESPACE, Partial, Seed, SeedError, SeedKey, SeedPoint, SeedSigner};
use crate::keys::NodeId;

/// More than any group has seats: what decoding allocates for at most.
pub(super) const PARTIES_MAX: NonZeroU32 = NonZeroU32::MIN.saturating_add(SEATS_MAX as u32 - 1);

pub(super) type Published = Output<MinSig, ed25519::PublicKey>;
type Signature = <MinSig as Variant>::Signature;

/// Bytes that are no key, or a share of another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found other bytes")]
pub struct KeyError {
    /// What they should be.
    pub expected: &'static str,
}

/// A group's key in one epoch, as everybody knows it: what its ceremony gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKey {
    /// Whose share has which number.
    nodes: Vec<NodeId>,
    published: Published,
}

#[derive(RlpEncodable, RlpDecodable)]
struct Encoded {
    nodes: Vec<NodeId>,
    published: Bytes,
}

impl GroupKey {
    /// What a ceremony gave; `nodes` in the order of its players.
    pub(super) fn new(nodes: Vec<NodeId>, published: Published) -> Self {
        // Else each share's public part is computed when it is first needed, in the midst of a seed.
        published.public().precompute_partial_publics();
        Self { nodes, published }
    }

    pub(super) const fn published(&self) -> &Published {
        &self.published
    }

    /// Who has a share.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Whose shares could be known to others, for dealers had to show parts of them. When they are more than a third,
    /// the group should hold another ceremony.
    pub fn revealed(&self) -> impl Iterator<Item = NodeId> + '_ {
        let players = self.published.players();
        let places = self.published.revealed().iter().filter_map(|key| players.position(key));
        places.filter_map(|place| self.nodes.get(place).copied())
    }

    /// The key that seeds are checked with: who has it needs nothing else of this.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.published.public().public())
    }

    /// What stands for all of it.
    #[must_use]
    pub fn id(&self) -> B256 {
        keccak256(self.encode())
    }

    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let published = self.published.encode().to_vec().into();
        alloy_rlp::encode(Encoded { nodes: self.nodes.clone(), published }).into()
    }

    /// From bytes. They are those of this group only if somebody vouches for their [`Self::id`].
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let wrong = KeyError { expected: "a group's key" };
        let Encoded { nodes, published } =
            alloy_rlp::decode_exact(bytes).map_err(|_| wrong.clone())?;
        let limits = (PARTIES_MAX, ModeVersion::v0());
        let published = Published::decode_cfg(Copying(published.as_ref()), &limits);
        let published = published.map_err(|_| wrong.clone())?;
        let sharing = published.public();
        let counts = [published.players().len(), sharing.total().get() as usize];
        let distinct = nodes.iter().collect::<std::collections::BTreeSet<_>>().len();
        if counts != [nodes.len(); 2]
            || distinct != nodes.len()
            || sharing.required() as usize != quorum(nodes.len())
        {
            return Err(wrong);
        }
        Ok(Self::new(nodes, published))
    }

    /// A node's share from the bytes that it kept.
    ///
    /// # Errors
    /// [`KeyError`], also when it is a share of another key, or of another epoch.
    pub fn restore_share(&self, node: NodeId, kept: &[u8]) -> Result<SeedShare, KeyError> {
        let wrong = KeyError { expected: "the node's share of this key" };
        let share = Share::decode(Copying(kept)).map_err(|_| wrong.clone())?;
        let own =
            self.number(node).and_then(|own| self.published.public().partial_public(own).ok());
        if own != Some(share.public::<MinSig>()) {
            return Err(wrong);
        }
        Ok(SeedShare { node, share })
    }

    fn number(&self, node: NodeId) -> Option<Participant> {
        let number = self.nodes.iter().position(|other| *other == node)?;
        u32::try_from(number).ok().map(Participant::new)
    }

    fn parse(&self, partial: &Partial) -> Option<PartialSignature<MinSig>> {
        let index = self.number(partial.node)?;
        let value = Signature::decode(Copying(partial.signature.as_ref())).ok()?;
        Some(PartialSignature { index, value })
    }

    fn is_good(&self, point: &SeedPoint, parsed: &PartialSignature<MinSig>) -> bool {
        let sharing = self.published.public();
        threshold::verify_message::<MinSig>(sharing, NAMESPACE, &point.message(), parsed).is_ok()
    }

    /// The seed that these parts make, if they are good.
    fn recover<'a>(
        &self,
        point: &SeedPoint,
        parsed: impl Iterator<Item = &'a PartialSignature<MinSig>>,
    ) -> Result<Seed, SeedError> {
        let parts: BTreeMap<_, _> = parsed.map(|part| (part.index, part)).collect();
        let (point, needed, found) = (*point, self.needed(), parts.len());
        let sharing = self.published.public();
        let signature = threshold::recover(sharing, parts.into_values(), &Sequential)
            .map_err(|_| SeedError::QuorumMissing { point, needed, found })?;
        let seed = Seed { point, signature: signature.encode().to_vec().into() };
        self.verify(&seed)?;
        Ok(seed)
    }
}

impl SeedKey for GroupKey {
    fn needed(&self) -> usize {
        quorum(self.nodes.len())
    }

    fn has_seat(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    fn verify_partial(&self, point: &SeedPoint, partial: &Partial) -> Result<(), SeedError> {
        let node = partial.node;
        self.number(node).ok_or(SeedError::NoSeat { node })?;
        let good = self.parse(partial).is_some_and(|parsed| self.is_good(point, &parsed));
        if good { Ok(()) } else { Err(SeedError::PartialInvalid { point: *point, node }) }
    }

    fn combine(&self, point: &SeedPoint, partials: &[Partial]) -> Result<Seed, SeedError> {
        let mut parsed: Vec<_> =
            partials.iter().filter_map(|partial| self.parse(partial)).collect();
        match self.recover(point, parsed.iter()) {
            // Checking the seed costs as much as checking one part: only when it is wrong, all are looked at.
            Err(SeedError::SeedInvalid { .. }) => {
                parsed.retain(|part| self.is_good(point, part));
                self.recover(point, parsed.iter())
            }
            outcome => outcome,
        }
    }

    fn verify(&self, seed: &Seed) -> Result<(), SeedError> {
        self.public().verify(seed)
    }
}

/// What seeds of one epoch are checked with: 96 bytes in G2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(<MinSig as Variant>::Public);

impl PublicKey {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        self.0.encode().to_vec().into()
    }

    /// From bytes.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = <MinSig as Variant>::Public::decode(Copying(bytes));
        key.map(Self).map_err(|_| KeyError { expected: "a group's public key" })
    }

    /// Checks a seed.
    ///
    /// # Errors
    /// [`SeedError::SeedInvalid`].
    pub fn verify(&self, seed: &Seed) -> Result<(), SeedError> {
        let wrong = SeedError::SeedInvalid { point: seed.point };
        let signature =
            Signature::decode(Copying(seed.signature.as_ref())).map_err(|_| wrong.clone())?;
        let message = seed.point.message();
        ops::verify_message::<MinSig>(&self.0, NAMESPACE, &message, &signature).map_err(|_| wrong)
    }
}

/// A node's share of a [`GroupKey`]. To be destroyed when its epoch is over.
#[derive(Debug, Clone)]
pub struct SeedShare {
    node: NodeId,
    share: Share,
}

impl SeedShare {
    pub(super) const fn new(node: NodeId, share: Share) -> Self {
        Self { node, share }
    }

    pub(super) const fn share(&self) -> &Share {
        &self.share
    }

    /// The secret bytes to keep, for [`GroupKey::restore_share`].
    #[must_use]
    pub fn to_kept(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.share.encode().to_vec())
    }
}

impl SeedSigner for SeedShare {
    fn sign(&self, point: &SeedPoint) -> Partial {
        let part = threshold::sign_message::<MinSig>(&self.share, NAMESPACE, &point.message());
        Partial { node: self.node, signature: part.value.encode().to_vec().into() }
    }
}
