//! What a node is known by in ceremonies.

use alloy::primitives::{B256, Bytes, FixedBytes, Keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{Signer as _, Verifier as _, ed25519};
use hpke::{
    Deserializable as _, OpModeR, OpModeS, Serializable as _,
    aead::AesGcm256,
    kdf::HkdfSha256,
    kem::{Kem, X25519HkdfSha256},
    rand_core::CryptoRng,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::DkgError;
use crate::keys::NodeId;

const NAMESPACE: &[u8] = b"CoNET seed member 1";

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes of the key that a sealed value begins with.
const ENCAPPED_LEN: usize = 32;

/// A node's secret keys for one epoch's ceremony: it signs with one, and values are sealed for the other. When the
/// members after it have their key, it can be destroyed.
#[derive(Clone)]
pub struct Identity {
    node: NodeId,
    signing: ed25519::PrivateKey,
    sealing: PrivateKey,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Identity {
    /// The keys that follow from a secret of 32 random bytes.
    ///
    /// # Errors
    /// [`DkgError::MemberInvalid`], for no secret that occurs.
    pub fn new(node: NodeId, secret: &Zeroizing<[u8; 32]>) -> Result<Self, DkgError> {
        let signing = Zeroizing::new(derive(b"signing", secret).0);
        let signing = ed25519::PrivateKey::decode(Copying(signing.as_slice()));
        let signing = signing.map_err(|_| DkgError::MemberInvalid { node })?;
        let sealing = Zeroizing::new(derive(b"sealing", secret).0);
        let (sealing, _) = X25519HkdfSha256::derive_keypair(sealing.as_slice());
        Ok(Self { node, signing, sealing })
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// What the node announces in the log of its group. It holds in whichever half it falls to when the group splits.
    #[must_use]
    pub fn member(&self) -> Member {
        let sealing = X25519HkdfSha256::sk_to_pk(&self.sealing).to_bytes();
        let mut member = Member {
            node: self.node,
            signing: B256::from_slice(self.key().as_ref()),
            sealing: B256::from_slice(&sealing),
            proof: FixedBytes::ZERO,
        };
        member.proof = self.sign(NAMESPACE, &member.proven());
        member
    }

    pub(super) fn key(&self) -> ed25519::PublicKey {
        self.signing.public_key()
    }

    pub(super) const fn signer(&self) -> &ed25519::PrivateKey {
        &self.signing
    }

    pub(super) fn sign(&self, namespace: &[u8], message: &[u8]) -> FixedBytes<64> {
        FixedBytes::from_slice(self.signing.sign(namespace, message).as_ref())
    }

    /// Opens what [`Member::seal`] sealed.
    pub(super) fn open(&self, info: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (encapped, sealed) = sealed.split_at_checked(ENCAPPED_LEN)?;
        let encapped = EncappedKey::from_bytes(encapped).ok()?;
        let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.sealing,
            &encapped,
            info,
            sealed,
            &[],
        );
        opened.ok().map(Zeroizing::new)
    }
}

fn derive(what: &[u8], secret: &[u8; 32]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(NAMESPACE);
    hasher.update(what);
    hasher.update(secret);
    hasher.finalize()
}

/// A node's public keys for one epoch's ceremony.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// An Ed25519 key.
    pub signing: B256,
    /// An X25519 key.
    pub sealing: B256,
    /// The first key's signature over the second, so that nobody announces another's.
    pub proof: FixedBytes<64>,
}

impl Member {
    fn proven(&self) -> Vec<u8> {
        [self.node.0.to_be_bytes().as_slice(), self.sealing.as_slice()].concat()
    }

    /// Whether the node holds the keys.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.verify().is_ok()
    }

    /// Checks the proof, and gives the key by which the member is known.
    pub(super) fn verify(&self) -> Result<ed25519::PublicKey, DkgError> {
        let invalid = DkgError::MemberInvalid { node: self.node };
        PublicKey::from_bytes(self.sealing.as_slice()).map_err(|_| invalid.clone())?;
        let key = ed25519::PublicKey::decode(Copying(self.signing.as_slice()));
        let key = key.map_err(|_| invalid.clone())?;
        let proven = is_signed(&key, NAMESPACE, &self.proven(), &self.proof);
        if proven { Ok(key) } else { Err(invalid) }
    }

    /// Seals bytes for this member.
    pub(super) fn seal(
        &self,
        info: &[u8],
        bytes: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Option<Bytes> {
        let key = PublicKey::from_bytes(self.sealing.as_slice()).ok()?;
        let sealed = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            info,
            bytes,
            &[],
            rng,
        );
        let (encapped, sealed) = sealed.ok()?;
        Some([encapped.to_bytes().as_slice(), &sealed].concat().into())
    }
}

/// Whether `signature` is that of `key`.
pub(super) fn is_signed(
    key: &ed25519::PublicKey,
    namespace: &[u8],
    message: &[u8],
    signature: &FixedBytes<64>,
) -> bool {
    let signature = ed25519::Signature::decode(Copying(signature.as_slice()));
    signature.is_ok_and(|signature| key.verify(namespace, message, &signature))
}
