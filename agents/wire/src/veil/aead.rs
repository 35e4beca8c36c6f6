//! AES-256-GCM under a key and a counter.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey};

/// Length of a tag.
pub(super) const TAG_LEN: usize = MAX_TAG_LEN;

/// A record that cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AeadError {
    /// The key has done its share, or an earlier record under it was refused.
    #[error("the key is used up after {limit} records, or a record was refused")]
    Spent {
        /// Records that one key may seal.
        limit: u64,
    },
    /// The tag does not match.
    #[error("the record does not open under this key and counter")]
    Forged,
    /// A buffer of the wrong length, or the library failed.
    #[error("the library refused a buffer of {found} bytes")]
    Refused {
        /// Bytes in the buffer.
        found: usize,
    },
}

/// A key whose nonce counts records from 0: `base XOR counter` (RFC 9180,
/// section 5.2; with a zero base, the nonces of Noise).
pub(super) struct CounterKey {
    key: LessSafeKey,
    base: [u8; NONCE_LEN],
    counter: u64,
    limit: u64,
}

impl CounterKey {
    /// A key for `limit` records.
    pub(super) fn new(
        key: &[u8; 32],
        base: [u8; NONCE_LEN],
        limit: u64,
    ) -> Result<Self, AeadError> {
        let key = UnboundKey::new(&AES_256_GCM, key)
            .map_err(|_| AeadError::Refused { found: key.len() })?;
        Ok(Self { key: LessSafeKey::new(key), base, counter: 0, limit })
    }

    /// How many more records this key takes.
    pub(super) fn records_left(&self) -> u64 {
        self.limit.saturating_sub(self.counter)
    }

    /// Seals a record in place; its last 16 bytes are overwritten by the tag.
    pub(super) fn seal(&mut self, record: &mut [u8]) -> Result<(), AeadError> {
        let nonce = self.nonce()?;
        let found = record.len();
        let (plain, tag) =
            record.split_last_chunk_mut::<TAG_LEN>().ok_or(AeadError::Refused { found })?;
        let sealed = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::empty(), plain)
            .map_err(|_| AeadError::Refused { found })?;
        tag.copy_from_slice(sealed.as_ref());
        self.counter += 1;
        Ok(())
    }

    /// Opens a record in place. After a failure the key refuses to go on,
    /// because records behind a gap must not be read.
    pub(super) fn open<'a>(&mut self, record: &'a mut [u8]) -> Result<&'a mut [u8], AeadError> {
        let nonce = self.nonce()?;
        match self.key.open_in_place(nonce, Aad::empty(), record) {
            Ok(plain) => {
                self.counter += 1;
                Ok(plain)
            }
            Err(_) => {
                self.counter = self.limit;
                Err(AeadError::Forged)
            }
        }
    }

    /// Opens a record into another buffer if it is the next one; a failure
    /// leaves the key as it was.
    pub(super) fn try_open(&mut self, record: &[u8], plain: &mut [u8]) -> Result<(), AeadError> {
        let nonce = self.nonce()?;
        let found = record.len();
        let (sealed, tag) =
            record.split_last_chunk::<TAG_LEN>().ok_or(AeadError::Refused { found })?;
        self.key
            .open_separate_gather(nonce, Aad::empty(), sealed, tag, plain)
            .map_err(|_| AeadError::Forged)?;
        self.counter += 1;
        Ok(())
    }

    fn nonce(&self) -> Result<Nonce, AeadError> {
        if self.counter >= self.limit {
            return Err(AeadError::Spent { limit: self.limit });
        }
        let mut nonce = self.base;
        let counter = self.counter.to_be_bytes();
        for (byte, count) in nonce.iter_mut().rev().zip(counter.iter().rev()) {
            *byte ^= count;
        }
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}
