//! Making a message.
//!
//! To a v6 certificate the packets are framed here and not by the library:
//!
//! ```text
//! PKESK v6      111   c1 6d ‖ version, recipient, X25519 ephemeral key, wrapped session key
//! SEIPD v2       42   d2 ff length(4) ‖ version, AES-256, OCB, chunk size octet ‖ salt (32)
//!   literal      12   cb ff length(4) ‖ 'b', no name, no date
//!   plaintext
//! tags           32   of the one chunk, of the whole
//! ```
//!
//! All lengths take five octets and the chunk is always large enough for the
//! whole content, so a message is exactly [`OVERHEAD`] longer than its
//! plaintext, whatever its length.

use std::io::Write;

use aws_lc_rs::agreement::{self, PrivateKey};
use sequoia_openpgp::{
    Packet,
    crypto::{
        self, SessionKey,
        aead::{EncryptionContext, SEIPv2Schedule, Schedule},
        ecdh, mpi,
    },
    packet::pkesk::PKESK6,
    serialize::{
        Serialize,
        stream::{Encryptor, LiteralWriter, Message, Recipient},
    },
    types::{AEADAlgorithm, Features, PublicKeyAlgorithm, SymmetricAlgorithm},
};
use zeroize::Zeroizing;

use super::{
    decryptor::{WRAPPING_CIPHER, wrapping_key, x25519},
    error::{LibraryError, SealError},
    verify::{Handle, PublicCertificate},
};

type Library<T> = sequoia_openpgp::Result<T>;

const CIPHER: SymmetricAlgorithm = SymmetricAlgorithm::AES256;
const AEAD: AEADAlgorithm = AEADAlgorithm::OCB;

const KEY_PACKET: usize = 111;
const CONTENT_HEADER: usize = 6 + 4 + 32;
const LITERAL_HEADER: usize = 6 + 1 + 1 + 4;
const TAG: usize = 16;
/// The largest chunk that every implementation must read.
const CHUNK_MAX: usize = 4 << 20;

/// How much longer than its plaintext a message to a v6 certificate is.
pub const OVERHEAD: usize = KEY_PACKET + CONTENT_HEADER + LITERAL_HEADER + 2 * TAG;

/// The longest plaintext that [`seal`] takes.
pub const SEAL_BYTES_MAX: usize = CHUNK_MAX - LITERAL_HEADER;

/// The length of the plaintext that makes a message of `message_len` bytes to
/// a v6 certificate, or `None` where there is none.
#[must_use]
pub const fn capacity(message_len: usize) -> Option<usize> {
    match message_len.checked_sub(OVERHEAD) {
        Some(len) if len <= SEAL_BYTES_MAX => Some(len),
        _ => None,
    }
}

/// Seals `plaintext` to one recipient: PKESK v6 and SEIPD v2 (AES-256, OCB) to
/// a v6 certificate, PKESK v3 and SEIPD v1 to a v4 one.
///
/// # Errors
///
/// [`SealError::TooLong`] above [`SEAL_BYTES_MAX`]; [`SealError::Library`] if
/// the certificate's key is no point or the library fails.
pub fn seal(plaintext: &[u8], to: &PublicCertificate) -> Result<Vec<u8>, SealError> {
    check_len(plaintext.len(), SEAL_BYTES_MAX)?;
    match to.handle() {
        Handle::V6(_) => seal_v6(plaintext, 0, to),
        Handle::V4(_) => seal_v4(plaintext, to).map_err(failed("sealing to a v4 key")),
    }
}

/// Seals `plaintext` followed by as many zeros as make the message exactly
/// `message_len` bytes long.
///
/// # Errors
///
/// [`SealError::NoSuchLength`] if no message has that length,
/// [`SealError::TooLong`] if the plaintext does not fit into it,
/// [`SealError::Version`] for a v4 certificate, else as [`seal`].
pub fn seal_exact(
    plaintext: &[u8],
    message_len: usize,
    to: &PublicCertificate,
) -> Result<Vec<u8>, SealError> {
    let capacity = capacity(message_len).ok_or(SealError::NoSuchLength {
        min: OVERHEAD,
        max: OVERHEAD + SEAL_BYTES_MAX,
        found: message_len,
    })?;
    check_len(plaintext.len(), capacity)?;
    match to.handle() {
        Handle::V6(_) => seal_v6(plaintext, capacity - plaintext.len(), to),
        Handle::V4(_) => Err(SealError::Version { found: 4 }),
    }
}

fn check_len(found: usize, max: usize) -> Result<(), SealError> {
    if found > max { Err(SealError::TooLong { max, found }) } else { Ok(()) }
}

fn failed<E: Into<LibraryError>>(step: &'static str) -> impl FnOnce(E) -> SealError {
    move |source| SealError::Library { step, source: source.into() }
}

fn seal_v6(plaintext: &[u8], zeros: usize, to: &PublicCertificate) -> Result<Vec<u8>, SealError> {
    let content = literal(plaintext, zeros);
    let session_key = SessionKey::new(32).map_err(failed("drawing a session key"))?;
    let mut message = Vec::with_capacity(OVERHEAD + plaintext.len() + zeros);
    key_packet(&session_key, to)
        .and_then(|packet| packet.serialize(&mut message))
        .map_err(failed("wrapping the session key"))?;
    encrypt(&content, &session_key, &mut message).map_err(failed("encrypting the content"))?;
    debug_assert_eq!(message.len(), OVERHEAD + plaintext.len() + zeros);
    Ok(message)
}

/// The session key, wrapped for the recipient. The library does the same with
/// OpenSSL, in three times the time.
fn key_packet(session_key: &SessionKey, to: &PublicCertificate) -> Library<Packet> {
    let mpi::PublicKey::X25519 { u: recipient } = to.key().mpis() else {
        return Err(
            sequoia_openpgp::Error::InvalidOperation("expected an X25519 key".into()).into()
        );
    };
    let ephemeral = PrivateKey::generate(&agreement::X25519)?;
    let public = ephemeral.compute_public_key()?;
    let shared = x25519(&ephemeral, recipient)?;
    let wrapping_key = wrapping_key(public.as_ref(), recipient, &shared)?;
    let key = ecdh::aes_key_wrap(WRAPPING_CIPHER, &wrapping_key, session_key.as_protected())?;
    let wrapped =
        mpi::Ciphertext::X25519 { e: Box::new(public.as_ref().try_into()?), key: key.into() };
    let fingerprint = Some(to.key().fingerprint());
    Ok(PKESK6::new(fingerprint, PublicKeyAlgorithm::X25519, wrapped)?.into())
}

/// The literal packet; nothing of it is compressed, named or dated.
fn literal(plaintext: &[u8], zeros: usize) -> Zeroizing<Vec<u8>> {
    let body = LITERAL_HEADER - 6 + plaintext.len() + zeros;
    let mut packet = Zeroizing::new(Vec::with_capacity(6 + body));
    packet.extend_from_slice(&packet_header(0xcb, body));
    packet.extend_from_slice(b"b\0\0\0\0\0");
    packet.extend_from_slice(plaintext);
    packet.resize(6 + body, 0);
    packet
}

/// A packet tag with a five-octet length. All bodies here are below 2^32.
fn packet_header(tag: u8, body: usize) -> [u8; 6] {
    let [.., a, b, c, d] = body.to_be_bytes();
    [tag, 0xff, a, b, c, d]
}

/// Appends the SEIPD v2 packet with `content` as its only chunk.
fn encrypt(content: &[u8], session_key: &SessionKey, message: &mut Vec<u8>) -> Library<()> {
    let chunk_size = content.len().next_power_of_two().max(64);
    let octet = chunk_size.trailing_zeros() as u8 - 6;
    let mut salt = [0; 32];
    crypto::random(&mut salt)?;
    let schedule = SEIPv2Schedule::new(session_key, CIPHER, AEAD, chunk_size, &salt)?;

    message.extend_from_slice(&packet_header(0xd2, 4 + 32 + content.len() + 2 * TAG));
    message.extend_from_slice(&[2, CIPHER.into(), AEAD.into(), octet]);
    message.extend_from_slice(&salt);
    let start = message.len();
    message.resize(start + content.len() + 2 * TAG, 0);
    let (_, sealed) = message.split_at_mut(start);
    let (chunk, last) = sealed.split_at_mut(content.len() + TAG);

    let context = &mut |key: &SessionKey, nonce: &[u8], ad: &[u8]| -> Library<EncryptionContext> {
        AEAD.context(CIPHER, key, ad, nonce)?.for_encryption()
    };
    schedule.chunk(0, context)?.encrypt_seal(chunk, content)?;
    // The final tag counts what came before it, so that nothing can be cut off.
    schedule.finalizer(1, content.len() as u64, context)?.encrypt_seal(last, &[])
}

fn seal_v4(plaintext: &[u8], to: &PublicCertificate) -> Library<Vec<u8>> {
    let mut sealed = Vec::new();
    let features = Features::empty().set_seipdv1();
    let recipient = Recipient::new(features, Some(to.key().key_handle()), to.key());
    let message = Encryptor::for_recipients(Message::new(&mut sealed), [recipient])
        .symmetric_algo(CIPHER)
        .build()?;
    let mut literal = LiteralWriter::new(message).build()?;
    literal.write_all(plaintext)?;
    literal.finalize()?;
    Ok(sealed)
}
