//! `Noise_IK_25519_AESGCM_SHA256` with `snow`, and ephemeral keys of ours.
//!
//! The key agreement is X25519, so this is plain Noise; only the ephemeral
//! keys carry a part of low order, which X25519 ignores, and travel as their
//! representatives.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sha2::{Digest, Sha256};
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, Error, HandshakeState};

use crate::veil::aead::TAG_LEN;
use crate::veil::elligator::{EphemeralKey, KEY_LEN};
use crate::veil::keys::{TransportPublic, TransportSecret};

const PATTERN: &str = "Noise_IK_25519_AESGCM_SHA256";
const PROLOGUE: &[u8; 12] = b"conet/peer/1";

/// The ephemeral key of one handshake, drawn when its turn has come.
pub(super) type EphemeralSlot = Arc<OnceLock<EphemeralKey>>;

/// The initiator's state, given whom it calls.
pub(super) fn initiator(
    identity: &TransportSecret,
    remote: &TransportPublic,
    chain_id: u64,
    ephemeral: EphemeralSlot,
) -> Result<HandshakeState, Error> {
    builder(identity, ephemeral)?
        .prologue(&prologue(chain_id))?
        .local_private_key(identity.as_bytes())?
        .remote_public_key(&remote.0)?
        .build_initiator()
}

/// The responder's state.
pub(super) fn responder(
    identity: &TransportSecret,
    chain_id: u64,
    ephemeral: EphemeralSlot,
) -> Result<HandshakeState, Error> {
    builder(identity, ephemeral)?
        .prologue(&prologue(chain_id))?
        .local_private_key(identity.as_bytes())?
        .build_responder()
}

fn builder<'a>(identity: &TransportSecret, ephemeral: EphemeralSlot) -> Result<Builder<'a>, Error> {
    let params: NoiseParams = PATTERN.parse()?;
    let resolver = Resolver { identity: identity.clone(), ephemeral };
    Ok(Builder::with_resolver(params, Box::new(resolver)))
}

fn prologue(chain_id: u64) -> [u8; PROLOGUE.len() + 8] {
    let mut bytes = [0; PROLOGUE.len() + 8];
    let (label, id) = bytes.split_at_mut(PROLOGUE.len());
    label.copy_from_slice(PROLOGUE);
    id.copy_from_slice(&chain_id.to_be_bytes());
    bytes
}

struct Resolver {
    identity: TransportSecret,
    ephemeral: EphemeralSlot,
}

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(NoRandom))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        matches!(choice, DHChoice::Curve25519).then(|| {
            Box::new(VeilDh {
                identity: self.identity.clone(),
                ephemeral: Arc::clone(&self.ephemeral),
                role: Role::Static,
            }) as Box<dyn Dh>
        })
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        matches!(choice, HashChoice::SHA256).then(|| Box::<NoiseSha256>::default() as Box<dyn Hash>)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        matches!(choice, CipherChoice::AESGCM)
            .then(|| Box::<NoiseAesGcm>::default() as Box<dyn Cipher>)
    }
}

/// `snow` wants a generator, but all our randomness comes from the caller.
struct NoRandom;

impl Random for NoRandom {
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Error> {
        Err(Error::Rng)
    }
}

enum Role {
    Static,
    Ephemeral,
}

/// X25519 under our static or our ephemeral key: `snow` makes one object of
/// each and tells them apart by `set` and `generate`.
struct VeilDh {
    identity: TransportSecret,
    ephemeral: EphemeralSlot,
    role: Role,
}

impl Dh for VeilDh {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        KEY_LEN
    }

    fn priv_len(&self) -> usize {
        KEY_LEN
    }

    fn set(&mut self, _: &[u8]) {
        self.role = Role::Static;
    }

    fn generate(&mut self, _: &mut dyn Random) -> Result<(), Error> {
        self.role = Role::Ephemeral;
        self.ephemeral.get().map(|_| ()).ok_or(Error::Rng)
    }

    fn pubkey(&self) -> &[u8] {
        match (&self.role, self.ephemeral.get()) {
            (Role::Ephemeral, Some(key)) => key.public(),
            _ => self.identity.public_ref(),
        }
    }

    fn privkey(&self) -> &[u8] {
        // Read by `snow` only to hand out generated key pairs, which we never ask for.
        &[]
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let public = public.first_chunk::<KEY_LEN>().ok_or(Error::Dh)?;
        let shared = match (&self.role, self.ephemeral.get()) {
            (Role::Static, _) => self.identity.exchange(public),
            (Role::Ephemeral, Some(key)) => key.exchange(public),
            (Role::Ephemeral, None) => return Err(Error::Dh),
        };
        let shared = shared.map_err(|_| Error::Dh)?;
        let out = out.first_chunk_mut::<KEY_LEN>().ok_or(Error::Dh)?;
        out.copy_from_slice(shared.as_slice());
        Ok(())
    }
}

/// SHA-256 as `snow` wants it.
#[derive(Default)]
struct NoiseSha256(Sha256);

impl Hash for NoiseSha256 {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        if let Some(out) = out.first_chunk_mut::<32>() {
            out.copy_from_slice(&self.0.finalize_reset());
        }
    }
}

/// AES-256-GCM as `snow` wants it; None before the first key.
#[derive(Default)]
struct NoiseAesGcm(Option<LessSafeKey>);

impl NoiseAesGcm {
    /// Noise, section 12.4: four zero bytes and the counter.
    fn nonce(counter: u64) -> Nonce {
        let [a, b, c, d, e, f, g, h] = counter.to_be_bytes();
        Nonce::assume_unique_for_key([0, 0, 0, 0, a, b, c, d, e, f, g, h])
    }

    fn seal(&self, nonce: u64, ad: &[u8], plain: &[u8], out: &mut [u8]) -> Option<()> {
        let (sealed, rest) = out.split_at_mut_checked(plain.len())?;
        sealed.copy_from_slice(plain);
        let key = self.0.as_ref()?;
        let tag = key.seal_in_place_separate_tag(Self::nonce(nonce), Aad::from(ad), sealed).ok()?;
        rest.first_chunk_mut::<TAG_LEN>()?.copy_from_slice(tag.as_ref());
        Some(())
    }
}

impl Cipher for NoiseAesGcm {
    fn name(&self) -> &'static str {
        "AESGCM"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new);
    }

    fn encrypt(&self, nonce: u64, ad: &[u8], plain: &[u8], out: &mut [u8]) -> usize {
        if self.seal(nonce, ad, plain, out).is_none() {
            // The trait knows no failure here: send zeros rather than plaintext.
            out.fill(0);
        }
        plain.len() + TAG_LEN
    }

    fn decrypt(
        &self,
        nonce: u64,
        ad: &[u8],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let key = self.0.as_ref().ok_or(Error::Decrypt)?;
        let (sealed, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(Error::Decrypt)?;
        let (out, _) = out.split_at_mut_checked(sealed.len()).ok_or(Error::Decrypt)?;
        key.open_separate_gather(Self::nonce(nonce), Aad::from(ad), sealed, tag, out)
            .map_err(|_| Error::Decrypt)?;
        Ok(sealed.len())
    }
}
