//! The signed form of a message: what N1 holds when a wallet vouches for it.
//!
//! White paper, *Send Peer-to-Peer*, steps 1 and 25. The signature is EIP-712
//! by the sender's wallet over sender, reader, id, time, kind, part and content,
//! so that a reader cannot pass the words on to somebody else as if they had
//! been written for them, and nobody can reorder the parts of a file.

use alloy::{
    primitives::{Address, B256, Signature, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolStruct,
};

use crate::{
    network::Network,
    reader::{EndsEarly, Reader},
};

/// What a signed message starts with: a text never starts with NUL.
pub const MAGIC: [u8; 4] = [0, b'C', b'N', 1];

/// Bytes that the signed form adds to its content.
pub const OVERHEAD: usize = 4 + 65 + 20 + 20 + 32 + 8 + 1 + 4 + 4 + 4;

/// The most parts one message may have: 16 GiB at the largest wire size.
pub const PARTS_MAX: u32 = 16 << 10;

mod typed {
    alloy::sol! {
        /// EIP-712 type of a message between two wallets.
        struct Message {
            address from;
            address to;
            bytes32 id;
            uint64 sentAt;
            uint8 kind;
            uint32 part;
            uint32 parts;
            bytes32 contentHash;
        }
    }
}

/// How a message wants to be treated by the reader's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Kept in the mailbox until the reader acknowledges it.
    Mail,
    /// Handed to a connected reader, or refused; never stored.
    Live,
}

impl Kind {
    /// Its byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Mail => 1,
            Self::Live => 2,
        }
    }

    /// Reads the byte back.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Mail),
            2 => Some(Self::Live),
            _ => None,
        }
    }
}

/// Everything the sender signs, beside the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The sending wallet.
    pub from: Address,
    /// The wallet this was written for.
    pub to: Address,
    /// Random, the same for all parts of one message.
    pub id: B256,
    /// Unix time in milliseconds, by the sender's clock.
    pub sent_at: u64,
    /// How the agent treats it.
    pub kind: Kind,
    /// Which part this is, from 0.
    pub part: u32,
    /// How many parts there are, at least 1.
    pub parts: u32,
}

impl Header {
    fn digest(&self, network: &Network, content: &[u8]) -> B256 {
        typed::Message {
            from: self.from,
            to: self.to,
            id: self.id,
            sentAt: self.sent_at,
            kind: self.kind.byte(),
            part: self.part,
            parts: self.parts,
            contentHash: keccak256(content),
        }
        .eip712_signing_hash(&network.message_domain())
    }
}

/// A message as its reader finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// No wallet vouches for it.
    Unsigned(&'a [u8]),
    /// The wallet in the header signed this content for this reader.
    Signed(Header, &'a [u8]),
}

/// Why the signed form is not accepted. Such a message is shown without a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Shorter than its fields.
    #[error("the signed message {0}")]
    EndsEarly(#[from] EndsEarly),
    /// The kind, part or padding is not valid.
    #[error("the signed message is not well formed: {0}")]
    Malformed(&'static str),
    /// Written for somebody else.
    #[error("written for {found}, expected {expected}")]
    OtherReader {
        /// The wallet reading.
        expected: Address,
        /// The wallet it was signed for.
        found: Address,
    },
    /// The signature is not the claimed sender's.
    #[error("the signature is not by {expected}")]
    Signature {
        /// The claimed sender.
        expected: Address,
    },
    /// The wallet could not sign.
    #[error("the wallet cannot sign: {0}")]
    Signing(String),
}

/// Signs and encodes, without padding.
///
/// # Errors
/// [`MessageError::Signing`] when the wallet cannot sign.
pub fn encode(
    network: &Network,
    wallet: &PrivateKeySigner,
    header: &Header,
    content: &[u8],
) -> Result<Vec<u8>, MessageError> {
    let length =
        u32::try_from(content.len()).map_err(|_| MessageError::Malformed("content above 4 GiB"))?;
    let signature = wallet
        .sign_hash_sync(&header.digest(network, content))
        .map_err(|error| MessageError::Signing(error.to_string()))?;
    let mut bytes = Vec::with_capacity(OVERHEAD + content.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&signature.as_bytes());
    bytes.extend_from_slice(header.from.as_slice());
    bytes.extend_from_slice(header.to.as_slice());
    bytes.extend_from_slice(header.id.as_slice());
    bytes.extend_from_slice(&header.sent_at.to_be_bytes());
    bytes.push(header.kind.byte());
    bytes.extend_from_slice(&header.part.to_be_bytes());
    bytes.extend_from_slice(&header.parts.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(content);
    Ok(bytes)
}

/// Reads what N1 held; a signed form counts only if it is by its sender, for `reader`.
///
/// # Errors
/// [`MessageError`] when something that looks signed does not hold.
pub fn decode<'a>(
    network: &Network,
    reader: Address,
    plaintext: &'a [u8],
) -> Result<Message<'a>, MessageError> {
    let Some(rest) = plaintext.strip_prefix(&MAGIC) else {
        return Ok(Message::Unsigned(plaintext));
    };
    let mut fields = Reader(rest);
    let signature = fields.array::<65>()?;
    let header = Header {
        from: Address::from(fields.array::<20>()?),
        to: Address::from(fields.array::<20>()?),
        id: B256::from(fields.array::<32>()?),
        sent_at: fields.u64()?,
        kind: Kind::from_byte(fields.u8()?).ok_or(MessageError::Malformed("kind"))?,
        part: fields.u32()?,
        parts: fields.u32()?,
    };
    let content = fields.run()?;
    if header.parts == 0 || header.parts > PARTS_MAX || header.part >= header.parts {
        return Err(MessageError::Malformed("part"));
    }
    if !fields.only_zeros() {
        return Err(MessageError::Malformed("padding"));
    }
    if header.to != reader {
        return Err(MessageError::OtherReader { expected: reader, found: header.to });
    }
    let by_sender = signer(&header.digest(network, content), &signature) == Some(header.from);
    if !by_sender {
        return Err(MessageError::Signature { expected: header.from });
    }
    Ok(Message::Signed(header, content))
}

/// Who signed `digest`, or `None`. A high-s signature has a twin and is refused.
#[must_use]
pub fn signer(digest: &B256, signature: &[u8; 65]) -> Option<Address> {
    let signature = Signature::from_raw_array(signature).ok()?;
    if signature.normalize_s().is_some() {
        return None;
    }
    signature.recover_address_from_prehash(digest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::B256;
    use proptest::prelude::*;

    fn network() -> Network {
        Network {
            chain_id: 31_337,
            registry: Address::repeat_byte(1),
            routes: Address::repeat_byte(2),
        }
    }

    fn wallet(byte: u8) -> PrivateKeySigner {
        PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
    }

    fn hello() -> (Header, Vec<u8>) {
        let header = Header {
            from: wallet(7).address(),
            to: wallet(8).address(),
            id: B256::repeat_byte(9),
            sent_at: 1_700_000_000_000,
            kind: Kind::Mail,
            part: 0,
            parts: 1,
        };
        let bytes = encode(&network(), &wallet(7), &header, b"Hello Bobo").unwrap();
        (header, bytes)
    }

    #[test]
    fn a_reader_gets_sender_and_content_back() {
        let (header, mut bytes) = hello();
        assert_eq!(bytes.len(), OVERHEAD + 10);
        bytes.extend_from_slice(&[0; 100]);
        let read = decode(&network(), header.to, &bytes).unwrap();
        assert_eq!(read, Message::Signed(header, b"Hello Bobo"));
    }

    #[test]
    fn a_text_is_unsigned() {
        let read = decode(&network(), wallet(8).address(), b"hi").unwrap();
        assert_eq!(read, Message::Unsigned(b"hi"));
    }

    #[test]
    fn words_for_one_reader_are_refused_by_another() {
        let (_, bytes) = hello();
        let error = decode(&network(), wallet(6).address(), &bytes).unwrap_err();
        assert!(matches!(error, MessageError::OtherReader { .. }));
    }

    #[test]
    fn another_chain_is_another_signature() {
        let (header, bytes) = hello();
        let other = Network { chain_id: 1, ..network() };
        let error = decode(&other, header.to, &bytes).unwrap_err();
        assert_eq!(error, MessageError::Signature { expected: header.from });
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let (header, bytes) = hello();
        for at in MAGIC.len()..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(decode(&network(), header.to, &bad).is_err(), "byte {at}");
        }
    }

    proptest! {
        #[test]
        fn strangers_cannot_panic_the_decoder(mut bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&network(), Address::ZERO, &bytes);
            bytes.splice(0..0, MAGIC);
            let _ = decode(&network(), Address::ZERO, &bytes);
        }
    }
}
