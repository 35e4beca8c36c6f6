//! Two bodies of 4,096 bytes that make a session.
//!
//! ```text
//! message = representative (32) ‖ what Noise sends after the key
//! payload = version (1) ‖ last byte of the representative (1) ‖ minute (4) ‖ zeros
//! ```
//!
//! The payload says nothing about the nodes. The minute, with a
//! [`crate::veil::ReplayWindow`], keeps a recorded first message from being
//! answered; the last byte of the representative authenticates its two free
//! bits, so that a flipped one is not answered either.

use std::sync::{Arc, OnceLock};

use snow::HandshakeState;
use zeroize::Zeroizing;

use super::noise::{self, EphemeralSlot};
use super::record::PeerSession;
use crate::veil::aead::AeadError;
use crate::veil::elligator::{self, EphemeralKey, KEY_LEN};
use crate::veil::keys::{TransportPublic, TransportSecret};
use crate::veil::padding::{self, PaddingError};

/// Length of both bodies.
pub const HANDSHAKE_LEN: usize = 4096;

const VERSION: u8 = 1;
const PAYLOAD_HEADER_LEN: usize = 6;
/// Key, encrypted static key and tag, payload tag.
const FIRST_PAYLOAD_LEN: usize = HANDSHAKE_LEN - 32 - 48 - 16;
/// Key and payload tag.
const SECOND_PAYLOAD_LEN: usize = HANDSHAKE_LEN - 32 - 16;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// A body of another length.
    #[error("a handshake of {found} bytes; expected {expected}")]
    Size {
        /// The length of handshakes.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// Noise refuses: another key, another chain, another protocol, or tampering.
    #[error("not a handshake for us: {0}")]
    Noise(snow::Error),
    /// A version that we do not know.
    #[error("version {found}; expected {expected}")]
    Version {
        /// The version that we know.
        expected: u8,
        /// The version found.
        found: u8,
    },
    /// The free bits of the representative were changed on the way.
    #[error("the representative ends in {found:#04x}; its sender sent {expected:#04x}")]
    FreeBits {
        /// What the sender sent.
        expected: u8,
        /// What arrived.
        found: u8,
    },
    /// The padding is not zero.
    #[error(transparent)]
    Padding(#[from] PaddingError),
    /// The session's keys cannot be used.
    #[error(transparent)]
    Aead(#[from] AeadError),
}

impl From<snow::Error> for PeerError {
    fn from(error: snow::Error) -> Self {
        Self::Noise(error)
    }
}

/// The side that opened the connection, waiting for the answer.
pub struct Initiator(HandshakeState);

impl Initiator {
    /// Starts a session: the body to post. `minute` is unix time / 60.
    pub fn start(
        identity: &TransportSecret,
        remote: &TransportPublic,
        chain_id: u64,
        minute: u32,
        rng: &mut impl rand::CryptoRng,
    ) -> Result<(Self, Vec<u8>), PeerError> {
        let slot: EphemeralSlot = Arc::new(OnceLock::new());
        let key = slot.get_or_init(|| EphemeralKey::generate(rng));
        let mut state = noise::initiator(identity, remote, chain_id, Arc::clone(&slot))?;
        let body = write(&mut state, key, minute, FIRST_PAYLOAD_LEN)?;
        Ok((Self(state), body))
    }

    /// Reads the answer.
    pub fn finish(self, body: &[u8]) -> Result<PeerSession, PeerError> {
        let mut state = self.0;
        read(&mut state, body, SECOND_PAYLOAD_LEN)?;
        session(state)
    }
}

/// The side that was called, before it answers.
///
/// Whether to answer is the caller's decision: whether [`Self::remote`] is a
/// node that it knows, and whether [`Self::minute`] and [`Self::encapsulated`]
/// are new to its [`crate::veil::ReplayWindow`].
pub struct Responder {
    state: HandshakeState,
    slot: EphemeralSlot,
    remote: TransportPublic,
    minute: u32,
    encapsulated: [u8; KEY_LEN],
}

impl Responder {
    /// Reads a first message.
    pub fn read(identity: &TransportSecret, chain_id: u64, body: &[u8]) -> Result<Self, PeerError> {
        check_len(body)?;
        let slot: EphemeralSlot = Arc::new(OnceLock::new());
        let mut state = noise::responder(identity, chain_id, Arc::clone(&slot))?;
        let (encapsulated, minute) = read(&mut state, body, FIRST_PAYLOAD_LEN)?;
        let remote = state
            .get_remote_static()
            .and_then(|key| key.try_into().ok())
            .map(TransportPublic)
            .ok_or(snow::Error::Input)?;
        Ok(Self { state, slot, remote, minute, encapsulated })
    }

    /// Who calls: the static key that the first message proves.
    #[must_use]
    pub fn remote(&self) -> TransportPublic {
        self.remote
    }

    /// The caller's unix time / 60.
    #[must_use]
    pub fn minute(&self) -> u32 {
        self.minute
    }

    /// The caller's ephemeral key.
    #[must_use]
    pub fn encapsulated(&self) -> &[u8; KEY_LEN] {
        &self.encapsulated
    }

    /// Answers: the body to return, and the session.
    pub fn reply(
        mut self,
        rng: &mut impl rand::CryptoRng,
    ) -> Result<(Vec<u8>, PeerSession), PeerError> {
        let key = self.slot.get_or_init(|| EphemeralKey::generate(rng));
        let body = write(&mut self.state, key, self.minute, SECOND_PAYLOAD_LEN)?;
        Ok((body, session(self.state)?))
    }
}

fn write(
    state: &mut HandshakeState,
    key: &EphemeralKey,
    minute: u32,
    payload_len: usize,
) -> Result<Vec<u8>, PeerError> {
    let [.., last] = *key.representative();
    let mut payload = Vec::with_capacity(payload_len);
    payload.extend_from_slice(&[VERSION, last]);
    payload.extend_from_slice(&minute.to_be_bytes());
    payload.resize(payload_len, 0);

    let mut body = vec![0; HANDSHAKE_LEN];
    let written = state.write_message(&payload, &mut body)?;
    let public = body.first_chunk_mut::<KEY_LEN>().ok_or(snow::Error::Input)?;
    public.copy_from_slice(key.representative());
    match written {
        HANDSHAKE_LEN => Ok(body),
        found => Err(PeerError::Size { expected: HANDSHAKE_LEN, found }),
    }
}

/// Reads a message: the other side's ephemeral key and minute.
fn read(
    state: &mut HandshakeState,
    body: &[u8],
    payload_len: usize,
) -> Result<([u8; KEY_LEN], u32), PeerError> {
    check_len(body)?;
    let mut message = body.to_vec();
    let key = message.first_chunk_mut::<KEY_LEN>().ok_or(snow::Error::Input)?;
    let [.., found] = *key;
    *key = elligator::reveal(key);
    let encapsulated = *key;

    let mut payload = vec![0; payload_len];
    state.read_message(&message, &mut payload)?;
    let too_short = PaddingError::Length { expected: payload_len, found: PAYLOAD_HEADER_LEN };
    let (&[version, expected, m0, m1, m2, m3], rest) =
        payload.split_first_chunk::<PAYLOAD_HEADER_LEN>().ok_or(too_short)?;
    if version != VERSION {
        return Err(PeerError::Version { expected: VERSION, found: version });
    }
    if expected != found {
        return Err(PeerError::FreeBits { expected, found });
    }
    padding::check_zero(rest)?;
    Ok((encapsulated, u32::from_be_bytes([m0, m1, m2, m3])))
}

fn check_len(body: &[u8]) -> Result<(), PeerError> {
    match body.len() {
        HANDSHAKE_LEN => Ok(()),
        found => Err(PeerError::Size { expected: HANDSHAKE_LEN, found }),
    }
}

/// The transport keys, from Noise's `Split()`.
fn session(mut state: HandshakeState) -> Result<PeerSession, PeerError> {
    let (calling, called) = state.dangerously_get_raw_split();
    let (calling, called) = (Zeroizing::new(calling), Zeroizing::new(called));
    let session = match state.is_initiator() {
        true => PeerSession::new(&calling, &called),
        false => PeerSession::new(&called, &calling),
    };
    Ok(session?)
}
