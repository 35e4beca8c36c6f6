//! How a stream's keys follow from the client's secret and the agent's random bytes.

use alloy::primitives::{Address, B256, U256, keccak256};
use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
    hkdf,
};
use zeroize::{Zeroize, ZeroizeOnDrop};

const LABEL: &[u8] = b"conet/session/1";

/// The secret a client sends with `listen`: the documents' *temporary session password*.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionSecret([u8; 32]);

impl SessionSecret {
    /// Wraps 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What the signed request says of it.
    #[must_use]
    pub fn commitment(&self) -> B256 {
        keccak256(self.0)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionSecret")
    }
}

/// What a stream's keys are bound to besides the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionBinding {
    /// The listening wallet.
    pub wallet: Address,
    /// The agent's node id.
    pub agent: U256,
    /// EIP-712 digest of the signed request.
    pub request: B256,
}

/// The keys of one stream.
pub struct SessionKeys {
    /// Seals or opens cells.
    pub(crate) push: LessSafeKey,
    /// Seals or opens acknowledgements.
    pub(crate) ack: LessSafeKey,
    /// Names the session in acknowledgements; tells a stranger nothing.
    pub id: [u8; 16],
}

impl std::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKeys")
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl SessionKeys {
    /// Derives the keys; `random` are the 32 bytes that the agent sent first.
    ///
    /// # Errors
    /// Only when the cryptographic library fails.
    pub fn derive(
        secret: &SessionSecret,
        random: &[u8; 32],
        binding: &SessionBinding,
    ) -> Result<Self, Unspecified> {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, random).extract(secret.bytes());
        let agent = binding.agent.to_be_bytes::<32>();
        let key = |direction: &[u8]| -> Result<LessSafeKey, Unspecified> {
            let info =
                [LABEL, direction, binding.wallet.as_slice(), &agent, binding.request.as_slice()];
            Ok(LessSafeKey::new(UnboundKey::from(prk.expand(&info, &AES_256_GCM)?)))
        };
        let mut id = [0; 16];
        let info = [LABEL, b"id", binding.wallet.as_slice(), &agent, binding.request.as_slice()];
        prk.expand(&info, Length(id.len()))?.fill(&mut id)?;
        Ok(Self { push: key(b"push")?, ack: key(b"ack")?, id })
    }
}

/// Four zero bytes and the counter: unique under a key of one direction of one stream.
pub(super) fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}
