//! Dealers, players, and who counts the transcripts. Messages between them are plain data.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Bytes, FixedBytes, Keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use commonware_codec::{Copying, Decode as _, DecodeExt as _, Encode as _};
use commonware_cryptography::{
    bls12381::{
        dkg::feldman_desmedt::{
            Dealer as DealerState, DealerPrivMsg, DealerPubMsg, Failure, FinalizeError, Logs,
            Player as PlayerState, PlayerAck, SignedDealerLog, observe,
        },
        primitives::variant::MinSig,
    },
    ed25519,
};
use commonware_parallel::Sequential;
use commonware_utils::N3f1;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::{
    super::bls::{GroupKey, PARTIES_MAX, SeedShare},
    Ceremony, DkgError, Identity,
    identity::is_signed,
};
use crate::keys::NodeId;

const DEALING: &[u8] = b"CoNET seed dealing 1";

/// A dealer's value for one player.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct SealedValue {
    /// The player.
    pub player: NodeId,
    /// Only the player opens it.
    pub sealed: Bytes,
}

/// What a dealer deals, for all players.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Dealing {
    /// The dealer.
    pub dealer: NodeId,
    /// To its polynomial: values are checked against it.
    pub commitment: Bytes,
    /// One for each player.
    pub values: Vec<SealedValue>,
    /// The dealer's, over the rest.
    pub signature: FixedBytes<64>,
}

impl Dealing {
    fn signed(&self, ceremony: &Ceremony) -> Vec<u8> {
        let unsigned = Self { signature: FixedBytes::ZERO, ..self.clone() };
        [ceremony.id.as_slice(), &alloy_rlp::encode(&unsigned)].concat()
    }
}

/// What a sealed value is bound to.
fn sealed_for(ceremony: &Ceremony, dealer: NodeId, player: NodeId) -> Vec<u8> {
    let (dealer, player) = (dealer.0.to_be_bytes(), player.0.to_be_bytes());
    [DEALING, ceremony.id.as_slice(), &dealer, &player].concat()
}

/// A player says to a dealer that its value is right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Ack {
    /// The player.
    pub player: NodeId,
    /// The dealer.
    pub dealer: NodeId,
    /// The player's, over the dealer's commitment.
    pub signature: Bytes,
}

/// How a dealer's part ended, for the log: with each player's ack, or the value of who sent none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Transcript {
    /// The dealer.
    pub dealer: NodeId,
    /// Signed by the dealer.
    pub log: Bytes,
}

/// A dealer.
pub struct Dealer {
    node: NodeId,
    ceremony: Ceremony,
    state: DealerState<MinSig, ed25519::PrivateKey>,
}

impl Dealer {
    /// Deals. `share` is that of the key that is shared anew, if one is. `entropy` is secret and random, another for
    /// each ceremony; after a restart the same gives the same dealing. Where it changed, two dealings of one dealer
    /// are about, and neither may come to count.
    ///
    /// # Errors
    /// [`DkgError::NotDealer`], [`DkgError::LocalStateMissing`] without a share.
    pub fn start(
        ceremony: &Ceremony,
        identity: &Identity,
        share: Option<&SeedShare>,
        entropy: &[u8; 32],
    ) -> Result<(Self, Dealing), DkgError> {
        let (node, mut rng) = (identity.node(), rng(ceremony, identity, entropy));
        if *ceremony.dealer(node)? != identity.key() {
            return Err(DkgError::NotDealer { node });
        }
        let share = share.map(|share| share.share().clone());
        let (info, signer) = (ceremony.info.clone(), identity.signer().clone());
        let (state, commitment, values) = DealerState::start::<N3f1>(&mut rng, info, signer, share)
            .map_err(|error| DkgError::LocalStateMissing { detail: error.to_string() })?;

        let values = values.iter().filter_map(|(key, value)| {
            let player = ceremony.players.get(key)?;
            let info = sealed_for(ceremony, node, player.node);
            let sealed = player.seal(&info, &value.encode(), &mut rng)?;
            Some(SealedValue { player: player.node, sealed })
        });
        let mut dealing = Dealing {
            dealer: node,
            values: values.collect(),
            commitment: commitment.encode().to_vec().into(),
            signature: FixedBytes::ZERO,
        };
        dealing.signature = identity.sign(DEALING, &dealing.signed(ceremony));
        Ok((Self { node, ceremony: ceremony.clone(), state }, dealing))
    }

    /// Takes a player's ack. Twice does no harm.
    ///
    /// # Errors
    /// [`DkgError::NotDealer`] for another dealer's, [`DkgError::NotPlayer`], [`DkgError::SignatureInvalid`].
    pub fn acknowledge(&mut self, ack: &Ack) -> Result<(), DkgError> {
        let node = ack.player;
        if ack.dealer != self.node {
            return Err(DkgError::NotDealer { node: ack.dealer });
        }
        let key = self.ceremony.player(node)?.clone();
        let invalid = DkgError::SignatureInvalid { node };
        let signature =
            PlayerAck::decode(Copying(ack.signature.as_ref())).map_err(|_| invalid.clone())?;
        self.state.receive_player_ack(key, signature).map_err(|_| invalid)
    }

    /// Ends its part: when all players sent an ack, or the time for them is over.
    #[must_use]
    pub fn finish(self) -> Transcript {
        let log = self.state.finalize::<N3f1>().encode().to_vec().into();
        Transcript { dealer: self.node, log }
    }
}

/// A player.
pub struct Player {
    ceremony: Ceremony,
    identity: Identity,
    state: PlayerState<MinSig, ed25519::PrivateKey>,
    acks: BTreeMap<NodeId, Ack>,
}

impl Player {
    /// Joins in.
    ///
    /// # Errors
    /// [`DkgError::NotPlayer`].
    pub fn new(ceremony: &Ceremony, identity: &Identity) -> Result<Self, DkgError> {
        let refused = DkgError::NotPlayer { node: identity.node() };
        if *ceremony.player(identity.node())? != identity.key() {
            return Err(refused);
        }
        let (info, signer) = (ceremony.info.clone(), identity.signer().clone());
        let state = PlayerState::new(info, signer).map_err(|_| refused)?;
        let (ceremony, identity) = (ceremony.clone(), identity.clone());
        Ok(Self { ceremony, identity, state, acks: BTreeMap::new() })
    }

    /// Whether a dealing of this dealer was taken.
    #[must_use]
    pub fn has(&self, dealer: NodeId) -> bool {
        self.acks.contains_key(&dealer)
    }

    /// Checks a dealing and acknowledges it. Of one dealer the first good one counts, also when another comes. It must
    /// be kept before the ack is sent: without it the player could lose its share.
    ///
    /// # Errors
    /// [`DkgError::NotDealer`], [`DkgError::SignatureInvalid`], [`DkgError::CommitmentInvalid`],
    /// [`DkgError::ValueInvalid`]: no ack for this one.
    pub fn receive(&mut self, dealing: &Dealing) -> Result<Ack, DkgError> {
        let (dealer, player) = (dealing.dealer, self.identity.node());
        if let Some(ack) = self.acks.get(&dealer) {
            return Ok(ack.clone());
        }
        let key = self.ceremony.dealer(dealer)?;
        let signed = dealing.signed(&self.ceremony);
        if !is_signed(key, DEALING, &signed, &dealing.signature) {
            return Err(DkgError::SignatureInvalid { node: dealer });
        }
        let unfit = |detail: String| DkgError::CommitmentInvalid { dealer, detail };
        let commitment =
            DealerPubMsg::decode_cfg(Copying(dealing.commitment.as_ref()), &PARTIES_MAX)
                .map_err(|error| unfit(error.to_string()))?;
        let value = self.open(dealing).ok_or(DkgError::ValueInvalid { dealer, player })?;
        let key = key.clone();
        let ack = self.state.dealer_message::<N3f1>(key, commitment, value);
        let ack = ack.map_err(|error| unfit(error.to_string()))?;
        let signature = ack.ok_or_else(|| unfit("a second one".into()))?.encode().to_vec().into();
        let ack = Ack { player, dealer, signature };
        self.acks.insert(dealer, ack.clone());
        Ok(ack)
    }

    fn open(&self, dealing: &Dealing) -> Option<DealerPrivMsg> {
        let player = self.identity.node();
        let info = sealed_for(&self.ceremony, dealing.dealer, player);
        let mut values = dealing.values.iter();
        let value = values.find(|value| value.player == player)?;
        let opened = self.identity.open(&info, &value.sealed)?;
        DealerPrivMsg::decode(Copying(opened.as_slice())).ok()
    }

    /// The key, and this player's share of it. `entropy` is random; dealers must not know it before.
    ///
    /// # Errors
    /// [`DkgError::TooFewTranscripts`], [`DkgError::LocalStateMissing`].
    pub fn finish(
        self,
        tally: &Tally,
        entropy: &[u8; 32],
    ) -> Result<(GroupKey, SeedShare), DkgError> {
        let mut rng = rng(&self.ceremony, &self.identity, entropy);
        let outcome = self.state.finalize::<N3f1>(&mut rng, tally.logs.clone(), &Sequential);
        let (published, share) = outcome.map_err(|error| match error {
            FinalizeError::Failure(failure) => tally.ceremony.failed(failure),
            FinalizeError::Error(error) => {
                DkgError::LocalStateMissing { detail: error.to_string() }
            }
        })?;
        let key = GroupKey::new(self.ceremony.nodes(), published);
        Ok((key, SeedShare::new(self.identity.node(), share)))
    }
}

/// The transcripts in the log.
#[derive(Clone)]
pub struct Tally {
    ceremony: Ceremony,
    logs: Logs<MinSig, ed25519::PublicKey, N3f1>,
    recorded: BTreeSet<NodeId>,
}

impl Tally {
    /// None yet.
    #[must_use]
    pub fn new(ceremony: &Ceremony) -> Self {
        let logs = Logs::new(ceremony.info.clone());
        Self { ceremony: ceremony.clone(), logs, recorded: BTreeSet::new() }
    }

    /// Takes the next transcript of the log. Whether it is usable shows at the end.
    ///
    /// # Errors
    /// [`DkgError::NotDealer`], [`DkgError::TranscriptTwice`], [`DkgError::TranscriptMalformed`]: it counts as if it
    /// were not in the log.
    pub fn record(&mut self, transcript: &Transcript) -> Result<(), DkgError> {
        let dealer = transcript.dealer;
        let key = self.ceremony.dealer(dealer)?;
        if self.recorded.contains(&dealer) {
            return Err(DkgError::TranscriptTwice { dealer });
        }
        let log = SignedDealerLog::decode_cfg(Copying(transcript.log.as_ref()), &PARTIES_MAX).ok();
        let checked = log.and_then(|log| log.check(&self.ceremony.info));
        let (_, log) = checked
            .filter(|(signer, _)| signer == key)
            .ok_or(DkgError::TranscriptMalformed { dealer })?;
        self.logs.record(key.clone(), log);
        self.recorded.insert(dealer);
        Ok(())
    }

    /// Whose transcripts there are.
    #[must_use]
    pub const fn recorded(&self) -> &BTreeSet<NodeId> {
        &self.recorded
    }

    /// Whether every dealer's is there: nothing more is to be waited for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.recorded.len() == self.ceremony.dealers.len()
    }

    /// The key, for who has no share. `entropy` is random; dealers must not know it before.
    ///
    /// # Errors
    /// [`DkgError::TooFewTranscripts`].
    pub fn key(&self, entropy: &[u8; 32]) -> Result<GroupKey, DkgError> {
        let mut rng = ChaCha20Rng::from_seed(*entropy);
        let published = observe(&mut rng, self.logs.clone(), &Sequential);
        let published = published.map_err(|failure| self.ceremony.failed(failure))?;
        Ok(GroupKey::new(self.ceremony.nodes(), published))
    }
}

impl Ceremony {
    fn failed(&self, failure: Failure<ed25519::PublicKey>) -> DkgError {
        let Failure::InsufficientLogs { required, found, faults, unavailable } = failure;
        let node = |key: &ed25519::PublicKey| self.dealers.get(key).copied();
        let faulty = faults.iter_pairs();
        let faulty = faulty.filter_map(|(key, why)| Some((node(key)?, why.to_string()))).collect();
        let silent = unavailable.iter().filter_map(node).collect();
        DkgError::TooFewTranscripts { needed: required, found, faulty, silent }
    }
}

/// Random numbers for one ceremony: other ones for another, or for another node.
fn rng(ceremony: &Ceremony, identity: &Identity, entropy: &[u8; 32]) -> ChaCha20Rng {
    let mut hasher = Keccak256::new();
    hasher.update(DEALING);
    hasher.update(entropy);
    hasher.update(ceremony.id);
    hasher.update(identity.node().0.to_be_bytes());
    ChaCha20Rng::from_seed(hasher.finalize().0)
}
