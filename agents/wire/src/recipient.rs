//! The side channel: which key an OpenPGP message is encrypted to, read without
//! decrypting and without touching more than its first bytes.
//!
//! White paper, *Send Peer-to-Peer*, steps 4–6; RFC 9580 sections 4.2 (packet
//! framing), 5.1 (PKESK), 5.13 (SEIPD) and 6.2 (armor). Accepted is exactly one
//! PKESK packet, version 3 or 6, that names one key, followed by one SEIPD
//! packet, version 1 or 2. Everything else is refused by name: this is all a
//! relay may learn, so there is nothing to be lenient about.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use crate::openpgp;

/// How much of a message's start suffices to read its recipient, in bytes.
/// Callers hand over this much, or the whole message if it is shorter; of a
/// longer slice the rest is not looked at.
pub const HEAD_BYTES: usize = 1024;

/// The longest PKESK packet body accepted, in bytes. X25519 needs at most 108
/// and ECDH over Curve25519 at most 96; keys of other kinds are not CoNET's.
pub const PKESK_BYTES_MAX: usize = 256;

/// The longest run of armor before the first base64 line, in bytes.
const ARMOR_HEADER_BYTES_MAX: usize = 512;

const ARMOR_BEGIN: &[u8] = b"-----BEGIN PGP MESSAGE-----";
const TAG_PKESK: u8 = 1;
const TAG_SEIPD: u8 = 18;

/// The name of an encryption key, as a PKESK packet spells it: perhaps only a
/// key id. A key's own name is always a whole fingerprint, and another type,
/// [`crate::openpgp::Handle`], so that no certificate is ever looked up, stored
/// or checked by a key id; every one of those is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Handle {
    /// 8-byte key id: the last 8 bytes of a v4 fingerprint, the first 8 of a v6 one.
    KeyId([u8; 8]),
    /// 20-byte fingerprint of a v4 key.
    V4([u8; 20]),
    /// 32-byte fingerprint of a v6 key.
    V6([u8; 32]),
}

impl Handle {
    /// The key id of the key this handle names.
    #[must_use]
    pub fn key_id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        match self {
            Self::KeyId(bytes) => id = *bytes,
            Self::V4(bytes) => id.copy_from_slice(&bytes[12..]),
            Self::V6(bytes) => id.copy_from_slice(&bytes[..8]),
        }
        id
    }

    /// Whether `self`, read from a message, names the key with the full handle `full`.
    #[must_use]
    pub fn names(&self, full: &Handle) -> bool {
        match self {
            Self::KeyId(id) => *id == full.key_id(),
            _ => self == full,
        }
    }
}

impl From<openpgp::Handle> for Handle {
    fn from(handle: openpgp::Handle) -> Self {
        match handle {
            openpgp::Handle::V4(fingerprint) => Self::V4(fingerprint),
            openpgp::Handle::V6(fingerprint) => Self::V6(fingerprint),
        }
    }
}

/// Why no recipient could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// The bytes end before the recipient does.
    #[error("the message ends after {found} bytes, before its recipient is complete")]
    Truncated {
        /// Bytes seen.
        found: usize,
    },
    /// The first byte starts neither an OpenPGP packet nor armor.
    #[error("expected an OpenPGP packet or armor, found a first byte of {found:#04x}")]
    NotOpenPgp {
        /// The byte in question.
        found: u8,
    },
    /// Another packet stands where a PKESK or SEIPD packet is expected.
    #[error("expected packet {expected}, found {found}")]
    UnexpectedPacket {
        /// RFC 9580 packet type expected.
        expected: u8,
        /// RFC 9580 packet type found.
        found: u8,
    },
    /// A second recipient. Messages to several keys are split by their sender.
    #[error("expected one recipient, found another PKESK packet")]
    SeveralRecipients,
    /// The PKESK names no key.
    #[error("expected a named recipient, found a wildcard")]
    Wildcard,
    /// A packet version that is not accepted.
    #[error("packet {packet}: version {found} is not accepted")]
    Version {
        /// RFC 9580 packet type.
        packet: u8,
        /// The version found.
        found: u8,
    },
    /// A length that this packet never has in a message for a CoNET key.
    #[error("packet {packet}: a length of {found} bytes is not accepted")]
    Length {
        /// RFC 9580 packet type.
        packet: u8,
        /// Length found.
        found: usize,
    },
    /// A fingerprint of a key version that is not accepted, or of another length.
    #[error(
        "expected the fingerprint of a v4 or v6 key, found {found} bytes for version {version}"
    )]
    Fingerprint {
        /// Key version found.
        version: u8,
        /// Length of key version and fingerprint, as found.
        found: u8,
    },
    /// Partial or indeterminate length where a definite one is required.
    #[error("a PKESK packet without a definite length")]
    IndefiniteLength,
    /// The armor is not valid.
    #[error("the armor is not valid: {0}")]
    Armor(&'static str),
}

/// Reads the recipient from a message's first bytes (see [`HEAD_BYTES`]).
///
/// # Errors
/// [`RecipientError`] says what stands there instead.
pub fn recipient(head: &[u8]) -> Result<Handle, RecipientError> {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    match head.first() {
        None => Err(truncated(head)),
        Some(byte) if byte & 0x80 != 0 => from_packets(head),
        Some(byte) if *byte == b'-' || byte.is_ascii_whitespace() => {
            from_armor(head).map_err(|error| match error {
                // More would not help: nothing behind this is ever looked at.
                RecipientError::Truncated { .. } if head.len() == HEAD_BYTES => {
                    RecipientError::Armor("its recipient comes too late")
                }
                RecipientError::Truncated { .. } => truncated(head),
                other => other,
            })
        }
        Some(byte) => Err(RecipientError::NotOpenPgp { found: *byte }),
    }
}

fn truncated(bytes: &[u8]) -> RecipientError {
    RecipientError::Truncated { found: bytes.len() }
}

fn from_packets(bytes: &[u8]) -> Result<Handle, RecipientError> {
    let (tag, length, body) = packet(bytes)?;
    if tag != TAG_PKESK {
        return Err(RecipientError::UnexpectedPacket { expected: TAG_PKESK, found: tag });
    }
    let length = length.ok_or(RecipientError::IndefiniteLength)?;
    if length > PKESK_BYTES_MAX {
        return Err(RecipientError::Length { packet: TAG_PKESK, found: length });
    }
    let (pkesk, rest) = body.split_at_checked(length).ok_or(truncated(bytes))?;
    let handle = pkesk_recipient(pkesk)?;

    let (tag, length, body) = packet(rest).map_err(|error| match error {
        RecipientError::Truncated { .. } => truncated(bytes),
        other => other,
    })?;
    match tag {
        TAG_SEIPD => {}
        TAG_PKESK => return Err(RecipientError::SeveralRecipients),
        found => return Err(RecipientError::UnexpectedPacket { expected: TAG_SEIPD, found }),
    }
    match (length, body.first()) {
        (Some(0), _) => Err(RecipientError::Length { packet: TAG_SEIPD, found: 0 }),
        (_, Some(1 | 2)) => Ok(handle),
        (_, Some(found)) => Err(RecipientError::Version { packet: TAG_SEIPD, found: *found }),
        (_, None) => Err(truncated(bytes)),
    }
}

/// Splits off one packet header: type, definite length if it has one, and what follows.
fn packet(bytes: &[u8]) -> Result<(u8, Option<usize>, &[u8]), RecipientError> {
    let truncated = RecipientError::Truncated { found: bytes.len() };
    let (&first, rest) = bytes.split_first().ok_or(truncated)?;
    if first & 0x80 == 0 {
        return Err(RecipientError::NotOpenPgp { found: first });
    }
    if first & 0x40 == 0 {
        let width = match first & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return Ok(((first >> 2) & 0x0f, None, rest)),
        };
        let (length, body) = rest.split_at_checked(width).ok_or(truncated)?;
        return Ok(((first >> 2) & 0x0f, Some(big_endian(length)), body));
    }
    let tag = first & 0x3f;
    let (&l0, body) = rest.split_first().ok_or(truncated)?;
    match l0 {
        0..=191 => Ok((tag, Some(usize::from(l0)), body)),
        192..=223 => {
            let (&l1, body) = body.split_first().ok_or(truncated)?;
            Ok((tag, Some(((usize::from(l0) - 192) << 8) + usize::from(l1) + 192), body))
        }
        224..=254 => Ok((tag, None, body)),
        255 => {
            let (length, body) = body.split_at_checked(4).ok_or(truncated)?;
            Ok((tag, Some(big_endian(length)), body))
        }
    }
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| (value << 8) | usize::from(*byte))
}

/// The key that a whole PKESK body names.
fn pkesk_recipient(pkesk: &[u8]) -> Result<Handle, RecipientError> {
    let short = RecipientError::Length { packet: TAG_PKESK, found: pkesk.len() };
    let (&version, rest) = pkesk.split_first().ok_or(short)?;
    match version {
        3 => match rest.first_chunk::<8>() {
            None => Err(short),
            Some([0, 0, 0, 0, 0, 0, 0, 0]) => Err(RecipientError::Wildcard),
            Some(id) => Ok(Handle::KeyId(*id)),
        },
        6 => match rest {
            [0, ..] => Err(RecipientError::Wildcard),
            [21, 4, fingerprint @ ..] => {
                fingerprint.first_chunk().map(|f| Handle::V4(*f)).ok_or(short)
            }
            [33, 6, fingerprint @ ..] => {
                fingerprint.first_chunk().map(|f| Handle::V6(*f)).ok_or(short)
            }
            [found, version, ..] => {
                Err(RecipientError::Fingerprint { version: *version, found: *found })
            }
            [] | [_] => Err(short),
        },
        found => Err(RecipientError::Version { packet: TAG_PKESK, found }),
    }
}

/// Decodes just enough base64 to read both packet headers, on the stack.
fn from_armor(head: &[u8]) -> Result<Handle, RecipientError> {
    let head = head.trim_ascii_start();
    let after = head.strip_prefix(ARMOR_BEGIN).ok_or({
        if ARMOR_BEGIN.starts_with(head) {
            truncated(head)
        } else {
            RecipientError::Armor("it does not begin as a PGP message")
        }
    })?;
    let text = skip_armor_headers(after)?;

    // PKESK, two headers and a version: always enough.
    const ENCODED: usize = (PKESK_BYTES_MAX + 16) / 3 * 4;
    let mut encoded = [0_u8; ENCODED];
    let mut filled = 0;
    let letters = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        // Padding or the last line: the message ends here.
        .take_while(|byte| !matches!(byte, b'=' | b'-'));
    for (slot, letter) in encoded.iter_mut().zip(letters) {
        *slot = *letter;
        filled += 1;
    }
    let mut decoded = [0_u8; ENCODED / 4 * 3];
    let whole = encoded.get(..filled - filled % 4).unwrap_or_default();
    let length = STANDARD_NO_PAD
        .decode_slice(whole, &mut decoded)
        .map_err(|_| RecipientError::Armor("a character is not base64"))?;
    from_packets(decoded.get(..length).unwrap_or_default())
}

/// Skips the rest of the first line and the `Key: value` lines up to the blank one.
fn skip_armor_headers(text: &[u8]) -> Result<&[u8], RecipientError> {
    const TOO_LONG: RecipientError = RecipientError::Armor("its headers are too long");
    let mut rest = text;
    let mut first = true;
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            let long = text.len() > ARMOR_HEADER_BYTES_MAX;
            return Err(if long { TOO_LONG } else { truncated(text) });
        };
        let (line, next) = rest.split_at(end);
        rest = next.get(1..).unwrap_or_default();
        if text.len() - rest.len() > ARMOR_HEADER_BYTES_MAX {
            return Err(TOO_LONG);
        }
        match line.trim_ascii() {
            [] if first => first = false,
            [] => return Ok(rest),
            _ if first => return Err(RecipientError::Armor("text after its first line")),
            line if !line.contains(&b':') => {
                return Err(RecipientError::Armor("no blank line after its headers"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
