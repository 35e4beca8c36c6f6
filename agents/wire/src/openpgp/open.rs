//! Opening a message, ours or anybody's.
//!
//! First everything is authenticated: SEIPD v2 by its tags, SEIPD v1 by its
//! modification detection code. Only then are the packets inside looked at, so
//! that nobody learns anything from how a forged message fails.

use std::{borrow::Cow, fmt, io::Read};

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use sequoia_openpgp::{
    armor::{Kind, Reader, ReaderMode},
    crypto::{
        SessionKey,
        aead::{DecryptionContext, SEIPv2Schedule, Schedule},
        symmetric::{BlockCipherMode, Decryptor as CfbDecryptor, UnpaddingMode},
    },
    packet::{PKESK, seip::SEIP2},
    parse::{
        Parse,
        buffered_reader::{BufferedReader, Memory},
    },
    types::SymmetricAlgorithm,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    content::{Secret, content},
    decryptor::{Decryptor, Unwrapper},
    error::{LibraryError, OpenError},
    framing::{self, Body, Frame, tag},
};

type Library<T> = sequoia_openpgp::Result<T>;

const SESSION_KEY_LABEL: &[u8] = b"conet/openpgp/session-key/1";
const ARMOR_HEADER: &[u8] = b"-----BEGIN PGP MESSAGE-----";

/// How much a message may unfold to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLimits {
    /// The longest plaintext, in bytes.
    pub plaintext_bytes_max: usize,
    /// How deep compressed packets may be nested; 0 takes none.
    pub depth_max: u8,
    /// How many packets there may be inside: content, compression, signatures.
    pub packets_max: usize,
}

impl Default for OpenLimits {
    /// A plaintext of 4 MiB, one level of compression, 32 packets.
    fn default() -> Self {
        Self { plaintext_bytes_max: 4 << 20, depth_max: 1, packets_max: 32 }
    }
}

/// An opened message. Whoever wrote it is not known: signatures of OpenPGP
/// inside are passed over.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The content of the literal packet.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// SHA-256 of a label and the session key: the same for every copy of this
    /// message and for no other one, however it was packed on its way.
    pub session_key_hash: [u8; 32],
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("plaintext_bytes", &self.plaintext.len())
            .finish_non_exhaustive()
    }
}

/// Opens a message that is sealed to one of `keys`, binary or in ASCII armor.
///
/// # Errors
///
/// An [`OpenError`] that names what was expected and what was found. Anything
/// wrong with the key, the ciphertext or its authentication is
/// [`OpenError::Undecryptable`].
pub fn open(message: &[u8], keys: &Decryptor, limits: OpenLimits) -> Result<Opened, OpenError> {
    let message = without_armor(message)?;
    let (key_packet, container) = outer(&message)?;
    let container = Container::read(&container, key_packet.version())?;
    let recipient = key_packet.recipient().ok_or(OpenError::Wildcard)?;
    let mut failure = None;
    for key in keys.matching(&recipient) {
        let session = key_packet.decrypt(&mut Unwrapper(key), None).ok_or_else(manipulated);
        let opened = session.and_then(|(algorithm, session_key)| {
            Ok((container.authenticate(algorithm, &session_key)?, session_key))
        });
        match opened {
            Ok((packets, session_key)) => {
                let session_key_hash = hash_session_key(&session_key);
                return Ok(Opened { plaintext: content(packets, limits)?, session_key_hash });
            }
            Err(error) => failure = Some(error),
        }
    }
    Err(match failure {
        Some(error) => OpenError::Undecryptable(error.into()),
        None => OpenError::NotForUs { keys: keys.len(), found: recipient.to_string() },
    })
}

/// The packets of the message; armor is taken off first, and only where the
/// message starts with it.
fn without_armor(message: &[u8]) -> Result<Cow<'_, [u8]>, OpenError> {
    if !message.trim_ascii_start().starts_with(ARMOR_HEADER) {
        return Ok(Cow::Borrowed(message));
    }
    let mut packets = Vec::with_capacity(message.len() / 4 * 3);
    Reader::from_bytes(message, ReaderMode::Tolerant(Some(Kind::Message)))
        .read_to_end(&mut packets)
        .map_err(|error| OpenError::Malformed(error.into()))?;
    Ok(Cow::Owned(packets))
}

/// The outer packets: one key packet and one encrypted container.
fn outer(mut message: &[u8]) -> Result<(PKESK, Body<'_>), OpenError> {
    let first = framing::split(&mut message).map_err(malformed)?;
    if first.tag != tag::SESSION_KEY {
        return Err(unexpected("a session key packet", &first));
    }
    let key_packet = PKESK::from_bytes(&*first.body).map_err(malformed)?;
    let container = framing::split(&mut message).map_err(malformed)?;
    if container.tag != tag::ENCRYPTED {
        return Err(unexpected("encrypted content for one recipient", &container));
    }
    if !message.is_empty() {
        let more = framing::split(&mut message).map_err(malformed)?;
        return Err(unexpected("the end of the message", &more));
    }
    Ok((key_packet, container.body))
}

pub(super) fn malformed(error: impl Into<LibraryError>) -> OpenError {
    OpenError::Malformed(error.into())
}

pub(super) fn unexpected(expected: &'static str, found: &Frame<'_>) -> OpenError {
    OpenError::UnexpectedPacket { expected, found: found.name() }
}

fn hash_session_key(session_key: &SessionKey) -> [u8; 32] {
    Sha256::new().chain_update(SESSION_KEY_LABEL).chain_update(session_key).finalize().into()
}

/// The encrypted content: what it takes to authenticate it, and itself.
enum Container<'a> {
    V1(&'a [u8]),
    V2(SEIP2, &'a [u8]),
}

impl<'a> Container<'a> {
    /// Reads the container that belongs to a key packet of `key_version`: else
    /// it could be labelled anew as the weaker one.
    fn read(mut body: &'a [u8], key_version: u8) -> Result<Self, OpenError> {
        let [found] = *framing::take(&mut body).map_err(malformed)?;
        let expected = if key_version == 6 { 2 } else { 1 };
        if found != expected {
            return Err(OpenError::Version { expected, found });
        }
        if found == 1 {
            return Ok(Self::V1(body));
        }
        let [cipher, aead, octet] = *framing::take(&mut body).map_err(malformed)?;
        let salt = *framing::take(&mut body).map_err(malformed)?;
        // Larger octets than any chunk size has become a size that is refused.
        let chunk_size = 64 << octet.min(32);
        let header = SEIP2::new(cipher.into(), aead.into(), chunk_size, salt).map_err(malformed)?;
        Ok(Self::V2(header, body))
    }

    /// The packets inside, once the whole ciphertext is known to be authentic.
    fn authenticate(
        &self,
        algorithm: Option<SymmetricAlgorithm>,
        session_key: &SessionKey,
    ) -> Library<Secret> {
        match (self, algorithm) {
            (Self::V2(header, ciphertext), _) => authenticate_v2(header, ciphertext, session_key),
            (Self::V1(ciphertext), Some(algorithm)) => {
                authenticate_v1(ciphertext, algorithm, session_key)
            }
            (Self::V1(_), None) => Err(manipulated()),
        }
    }
}

fn manipulated() -> sequoia_openpgp::anyhow::Error {
    sequoia_openpgp::Error::ManipulatedMessage.into()
}

/// RFC 9580, section 5.13.2: chunks with their tags, then a tag that counts.
fn authenticate_v2(header: &SEIP2, ciphertext: &[u8], key: &SessionKey) -> Library<Secret> {
    let (cipher, aead) = (header.symmetric_algo(), header.aead());
    if key.len() != cipher.key_size()? {
        return Err(manipulated());
    }
    let tag = aead.digest_size()?;
    let chunk_size = usize::try_from(header.chunk_size())?;
    let schedule = SEIPv2Schedule::new(key, cipher, aead, chunk_size, header.salt())?;
    let context = &mut |key: &SessionKey, nonce: &[u8], ad: &[u8]| -> Library<DecryptionContext> {
        aead.context(cipher, key, ad, nonce)?.for_decryption()
    };

    let end = ciphertext.len().checked_sub(tag).ok_or_else(manipulated)?;
    let (chunks, last) = ciphertext.split_at(end);
    let mut plaintext = Secret::new(vec![0; chunks.len()]);
    let mut rest = plaintext.as_mut_slice();
    let (mut index, mut len) = (0, 0);
    for chunk in chunks.chunks(chunk_size + tag) {
        let size = chunk.len().checked_sub(tag).ok_or_else(manipulated)?;
        let (target, after) = rest.split_at_mut(size);
        schedule.chunk(index, context)?.decrypt_verify(target, chunk)?;
        rest = after;
        index += 1;
        len += size;
    }
    schedule.finalizer(index, len as u64, context)?.decrypt_verify(&mut [], last)?;
    plaintext.truncate(len);
    Ok(plaintext)
}

/// RFC 9580, section 5.13.1: a random block with two bytes repeated, the
/// packets, and the SHA-1 of all that in a packet of its own. The repeated
/// bytes are not checked: the digest covers them, and checking them early tells
/// a forger something.
fn authenticate_v1(
    ciphertext: &[u8],
    algorithm: SymmetricAlgorithm,
    key: &SessionKey,
) -> Library<Secret> {
    const DETECTION_HEADER: [u8; 2] = [0xd3, SHA1_OUTPUT_LEN as u8];
    let source = Memory::with_cookie(ciphertext, Default::default()).into_boxed();
    let (mode, padding) = (BlockCipherMode::CFB, UnpaddingMode::None);
    let mut decryptor = CfbDecryptor::new(algorithm, mode, padding, key, None, source)?;
    let mut plaintext = Secret::new(vec![0; ciphertext.len()]);
    decryptor.read_exact(&mut plaintext)?;

    let prefix = algorithm.block_size()? + 2;
    let end = plaintext.len().checked_sub(SHA1_OUTPUT_LEN).ok_or_else(manipulated)?;
    let (hashed, found) = plaintext.split_at(end);
    let expected = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, hashed);
    let equal = aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_ref(), found);
    if equal.is_err() || !hashed.ends_with(&DETECTION_HEADER) {
        return Err(manipulated());
    }
    let end = end.checked_sub(DETECTION_HEADER.len()).filter(|end| *end >= prefix);
    plaintext.truncate(end.ok_or_else(manipulated)?);
    plaintext.drain(..prefix);
    Ok(plaintext)
}
