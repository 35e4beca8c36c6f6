//! Opening a message, ours or anybody's.
//!
//! First everything is authenticated: SEIPD v2 by its tags, SEIPD v1 by its
//! modification detection code. Only then are the packets inside looked at, so
//! that nobody learns anything from how a forged message fails.

use std::{borrow::Cow, fmt, io::Read};

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN};
use sequoia_openpgp::{
    Packet,
    armor::{Kind, Reader, ReaderMode},
    crypto::{
        SessionKey,
        aead::{DecryptionContext, SEIPv2Schedule, Schedule},
        symmetric::{BlockCipherMode, Decryptor as CfbDecryptor, UnpaddingMode},
    },
    packet::{PKESK, SEIP, seip::SEIP2},
    parse::{
        Dearmor, PacketParser, PacketParserBuilder, PacketParserResult, Parse,
        buffered_reader::{BufferedReader, Memory},
    },
    types::SymmetricAlgorithm,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    decryptor::{Decryptor, Unwrapper},
    error::{LibraryError, OpenError},
};

type Library<T> = sequoia_openpgp::Result<T>;
type Secret = Zeroizing<Vec<u8>>;

const SESSION_KEY_LABEL: &[u8] = b"conet/openpgp/session-key/1";
const ARMOR_HEADER: &[u8] = b"-----BEGIN PGP MESSAGE-----";
/// Packets other than the content may not be larger, in bytes.
const PACKET_BYTES_MAX: u32 = 64 << 10;
const READ_STEP: usize = 64 << 10;

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
    let (key_packet, container, ciphertext) = outer(&message)?;
    let recipient = key_packet.recipient().ok_or(OpenError::Wildcard)?;
    let mut failure = None;
    for key in keys.matching(&recipient) {
        let session = key_packet.decrypt(&mut Unwrapper(key), None).ok_or_else(manipulated);
        let opened = session.and_then(|(algorithm, session_key)| {
            Ok((authenticate(&container, &ciphertext, algorithm, &session_key)?, session_key))
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
fn outer(message: &[u8]) -> Result<(PKESK, SEIP, Vec<u8>), OpenError> {
    let first = parse(message, 0).map_err(malformed)?;
    let PacketParserResult::Some(first) = first else {
        return Err(unexpected("a session key packet", None));
    };
    let (first, rest) = first.next().map_err(malformed)?;
    let Packet::PKESK(key_packet) = first else {
        return Err(unexpected("a session key packet", Some(&first)));
    };
    let PacketParserResult::Some(mut container) = rest else {
        return Err(unexpected("encrypted content", None));
    };
    let Packet::SEIP(header) = container.packet.clone() else {
        return Err(unexpected("encrypted content for one recipient", Some(&container.packet)));
    };
    // Else a container could be re-labelled as the weaker one.
    let expected = if key_packet.version() == 6 { 2 } else { 1 };
    if header.version() != expected {
        return Err(OpenError::Version { expected, found: header.version() });
    }
    let mut ciphertext = Vec::with_capacity(message.len());
    container.read_to_end(&mut ciphertext).map_err(|error| OpenError::Malformed(error.into()))?;
    match container.next().map_err(malformed)?.1 {
        PacketParserResult::EOF(_) => Ok((key_packet, header, ciphertext)),
        PacketParserResult::Some(more) => {
            Err(unexpected("the end of the message", Some(&more.packet)))
        }
    }
}

fn parse(packets: &[u8], depth_max: u8) -> Library<PacketParserResult<'_>> {
    PacketParserBuilder::from_bytes(packets)?
        .dearmor(Dearmor::Disabled)
        .automatic_hashing(false)
        .max_packet_size(PACKET_BYTES_MAX)
        .max_recursion_depth(depth_max)
        .build()
}

fn malformed(error: impl Into<LibraryError>) -> OpenError {
    OpenError::Malformed(error.into())
}

fn unexpected(expected: &'static str, found: Option<&Packet>) -> OpenError {
    let found = found.map_or_else(|| "the end".to_owned(), |packet| packet.tag().to_string());
    OpenError::UnexpectedPacket { expected, found }
}

fn hash_session_key(session_key: &SessionKey) -> [u8; 32] {
    Sha256::new().chain_update(SESSION_KEY_LABEL).chain_update(session_key).finalize().into()
}

/// The packets inside, once the whole ciphertext is known to be authentic.
fn authenticate(
    header: &SEIP,
    ciphertext: &[u8],
    algorithm: Option<SymmetricAlgorithm>,
    session_key: &SessionKey,
) -> Library<Secret> {
    match (header, algorithm) {
        (SEIP::V2(header), _) => authenticate_v2(header, ciphertext, session_key),
        (SEIP::V1(_), Some(algorithm)) => authenticate_v1(ciphertext, algorithm, session_key),
        _ => Err(manipulated()),
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

/// The content of the one literal packet inside.
fn content(mut packets: Secret, limits: OpenLimits) -> Result<Secret, OpenError> {
    if let Some(start) = sole_literal(&packets) {
        if packets.len() - start > limits.plaintext_bytes_max {
            return Err(OpenError::TooLong { max: limits.plaintext_bytes_max });
        }
        packets.drain(..start);
        return Ok(packets);
    }
    walk(&packets, limits)
}

/// Where the content starts, if there is nothing but a literal packet as
/// [`seal`](super::seal) makes it. Saves our own messages the parser.
fn sole_literal(packets: &[u8]) -> Option<usize> {
    const HEADER: usize = 12;
    let (header, content) = packets.split_first_chunk::<HEADER>()?;
    let [0xcb, 0xff, a, b, c, d, b'b', 0, 0, 0, 0, 0] = *header else { return None };
    let body = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    (body == content.len() + HEADER - 6).then_some(HEADER)
}

/// Looks for the literal packet among compression and signatures.
fn walk(packets: &[u8], limits: OpenLimits) -> Result<Secret, OpenError> {
    // One deeper than allowed, so that too deep can be told from empty.
    let mut rest = parse(packets, limits.depth_max.saturating_add(1)).map_err(malformed)?;
    let mut found = None;
    let mut seen = 0;
    while let PacketParserResult::Some(mut parser) = rest {
        seen += 1;
        if seen > limits.packets_max {
            return Err(OpenError::TooManyPackets { max: limits.packets_max });
        }
        if parser.recursion_depth() > isize::from(limits.depth_max) {
            return Err(OpenError::TooDeep { max: limits.depth_max });
        }
        match &parser.packet {
            Packet::Literal(_) if found.is_none() => {
                found = Some(read_limited(&mut parser, packets.len(), limits)?);
            }
            Packet::CompressedData(_)
            | Packet::OnePassSig(_)
            | Packet::Signature(_)
            | Packet::Marker(_)
            | Packet::Padding(_) => {}
            other => return Err(unexpected("one literal packet", Some(other))),
        }
        rest = parser.recurse().map_err(malformed)?.1;
    }
    found.ok_or_else(|| unexpected("one literal packet", None))
}

/// Reads the content in steps, and stops at the limit. The buffer grows by
/// hand: `Vec` would leave copies of the plaintext behind.
fn read_limited(
    parser: &mut PacketParser<'_>,
    expected: usize,
    limits: OpenLimits,
) -> Result<Secret, OpenError> {
    let max = limits.plaintext_bytes_max;
    let mut plaintext = Secret::new(Vec::with_capacity(expected.min(max)));
    let mut step = Secret::new(vec![0; READ_STEP.min(expected.max(512))]);
    loop {
        let count = parser.read(&mut step).map_err(malformed)?;
        let Some(read) = step.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(plaintext);
        };
        let len = plaintext.len() + read.len();
        if len > max {
            return Err(OpenError::TooLong { max });
        }
        if len > plaintext.capacity() {
            let mut larger = Secret::new(Vec::with_capacity((2 * len).min(max)));
            larger.extend_from_slice(&plaintext);
            plaintext = larger;
        }
        plaintext.extend_from_slice(read);
    }
}
