//! Parcels: messages of one node to another, under one signature.
//!
//! ```text
//! version 1 │ kind 1 │ from 8 │ to 8 │ sequence 8 │ signature 64 │ contents        numbers are big-endian
//! contents = [ length 4 │ message ] …                                             messages as postcard has them
//! ```
//!
//! The signature is the sender's wallet's, EIP-712: `Parcel(uint8 kind,uint64 from,uint64 to,uint64 sequence,bytes32
//! contents)`, with the keccak256 of the contents, under the domain "CoNET DLE", version "1", the main chain's id, and its
//! `Slasher`: of one network, whatever group. The sequence is the sender's clock in microseconds, and grows: it is a time and a counter in one.
//!
//! A parcel proves its sender to whoever reads it, so an archive node can pass on what it cannot change.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::{Eip712Domain, SolStruct as _},
};
use bytes::{BufMut as _, Bytes, BytesMut};
use conet_committee::{
    keys::{Compact, Keys, NodeId, Registry},
    message::Message,
};

use crate::clock;

/// Bytes before the contents.
pub const HEAD_LEN: usize = 90;

const VERSION: u8 = 1;

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        struct Parcel {
            uint8 kind;
            uint64 from;
            uint64 to;
            uint64 sequence;
            bytes32 contents;
        }
    }
}

/// What a parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Messages.
    Messages = 1,
    /// A participant asks for its stream. It has no contents.
    Listen = 2,
}

/// Why bytes are no parcel that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// Too short, or of another version or kind.
    #[error("expected a parcel of version {VERSION}, found other bytes")]
    Malformed,
    /// Nobody has this id.
    #[error("expected a registered node, found {node}")]
    Unknown {
        /// The sender.
        node: NodeId,
    },
    /// Another's signature, or over other contents.
    #[error("expected the signature of {node}, found another")]
    Forged {
        /// The sender.
        node: NodeId,
    },
    /// For another node.
    #[error("expected a parcel for {expected}, found one for {found}")]
    NotOurs {
        /// This node.
        expected: NodeId,
        /// Whose it is.
        found: NodeId,
    },
    /// Too old, from the future, or seen before.
    #[error("expected a new parcel, found a late or repeated one of {node}")]
    Replayed {
        /// The sender.
        node: NodeId,
    },
    /// Too many nodes send at once.
    #[error("expected at most {max} senders, found another one")]
    TooManySenders {
        /// The limit.
        max: usize,
    },
}

/// A parcel. Its bytes are shared, not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// What it is.
    pub kind: Kind,
    /// Who sent it.
    pub from: NodeId,
    /// For whom it is.
    pub to: NodeId,
    /// The sender's clock in microseconds; each parcel has a higher one.
    pub sequence: u64,
    signature: Compact,
    whole: Bytes,
}

impl Parcel {
    /// Takes the head apart. Nothing is checked yet.
    ///
    /// # Errors
    /// [`ParcelError::Malformed`].
    pub fn parse(whole: Bytes) -> Result<Self, ParcelError> {
        let head = whole.get(..HEAD_LEN).ok_or(ParcelError::Malformed)?;
        let word = |at: usize| {
            let bytes = head.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_be_bytes).ok_or(ParcelError::Malformed)
        };
        let kind = match head {
            [VERSION, 1, ..] => Kind::Messages,
            [VERSION, 2, ..] if whole.len() == HEAD_LEN => Kind::Listen,
            _ => return Err(ParcelError::Malformed),
        };
        let (from, to, sequence) = (NodeId(word(2)?), NodeId(word(10)?), word(18)?);
        let signature = head.get(26..).ok_or(ParcelError::Malformed)?;
        let signature = Compact::from_slice(signature);
        Ok(Self { kind, from, to, sequence, signature, whole })
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.whole
    }

    fn contents(&self) -> &[u8] {
        self.whole.get(HEAD_LEN..).unwrap_or_default()
    }

    /// The messages in it, each with its length; an error for what is none.
    pub fn messages(&self) -> impl Iterator<Item = Result<(Message, usize), ParcelError>> + '_ {
        let mut rest = self.contents();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let message = next_message(&mut rest);
            if message.is_err() {
                rest = &[];
            }
            Some(message)
        })
    }
}

fn next_message(rest: &mut &[u8]) -> Result<(Message, usize), ParcelError> {
    let (length, tail) = rest.split_first_chunk::<4>().ok_or(ParcelError::Malformed)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (bytes, tail) = tail.split_at_checked(length).ok_or(ParcelError::Malformed)?;
    *rest = tail;
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok((message, length)),
        _ => Err(ParcelError::Malformed),
    }
}

/// What the sender's signature says of the contents.
pub(super) fn contents_hash(contents: &[u8]) -> B256 {
    keccak256(contents)
}

/// A message as it is put into a parcel; `None` when it has no bytes, or is longer than any.
#[must_use]
pub fn encode(message: &Message, bytes_max: usize) -> Option<Bytes> {
    let bytes = postcard::to_allocvec(message).ok()?;
    (bytes.len() <= bytes_max).then(|| bytes.into())
}

/// Makes parcels as one node, and checks those of others.
#[derive(Clone)]
pub struct Sealer {
    me: NodeId,
    keys: Arc<dyn Keys>,
    registry: Arc<dyn Registry>,
    separator: B256,
    last: Arc<AtomicU64>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("me", &self.me).finish_non_exhaustive()
    }
}

impl Sealer {
    /// For one network: the main chain's id, and its `Slasher`.
    #[must_use]
    pub fn new(
        me: NodeId,
        keys: Arc<dyn Keys>,
        registry: Arc<dyn Registry>,
        (main_chain_id, slasher): (u64, Address),
    ) -> Self {
        let domain = Eip712Domain::new(
            Some("CoNET DLE".into()),
            Some("1".into()),
            Some(U256::from(main_chain_id)),
            Some(slasher),
            None,
        );
        let last = Arc::new(AtomicU64::new(0));
        Self { me, keys, registry, separator: domain.separator(), last }
    }

    /// This node.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// A parcel of messages, each as [`encode`] gives it.
    #[must_use]
    pub fn seal(&self, to: NodeId, messages: &[Bytes]) -> Parcel {
        let length = messages.iter().map(|message| message.len() + 4).sum::<usize>();
        let mut contents = BytesMut::with_capacity(HEAD_LEN + length);
        contents.put_bytes(0, HEAD_LEN);
        for message in messages {
            contents.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
            contents.put_slice(message);
        }
        self.finish(Kind::Messages, to, contents)
    }

    /// Asks a node for this participant's stream.
    #[must_use]
    pub fn listen(&self, to: NodeId) -> Parcel {
        let mut contents = BytesMut::with_capacity(HEAD_LEN);
        contents.put_bytes(0, HEAD_LEN);
        self.finish(Kind::Listen, to, contents)
    }

    fn finish(&self, kind: Kind, to: NodeId, mut whole: BytesMut) -> Parcel {
        let (from, sequence) = (self.me, self.next_sequence());
        let contents = contents_hash(whole.get(HEAD_LEN..).unwrap_or_default());
        let signature = self.keys.sign(self.digest(kind, (from, to), sequence, contents));
        let mut head = Vec::with_capacity(HEAD_LEN);
        head.extend([VERSION, kind as u8]);
        head.extend(from.0.to_be_bytes());
        head.extend(to.0.to_be_bytes());
        head.extend(sequence.to_be_bytes());
        head.extend(signature);
        if let Some(place) = whole.get_mut(..HEAD_LEN) {
            place.copy_from_slice(&head);
        }
        Parcel { kind, from, to, sequence, signature, whole: whole.freeze() }
    }

    fn next_sequence(&self) -> u64 {
        let now = clock::unix_us();
        let next = |last: u64| Some(now.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        last.map_or(now, |last| now.max(last.saturating_add(1)))
    }

    /// Whether a parcel is its sender's.
    ///
    /// # Errors
    /// [`ParcelError::Unknown`], [`ParcelError::Forged`].
    pub fn check(&self, parcel: &Parcel) -> Result<(), ParcelError> {
        self.check_head(parcel, contents_hash(parcel.contents()))
    }

    /// Whether a parcel with this head, and contents of this hash, would be its sender's.
    pub(super) fn check_head(&self, parcel: &Parcel, contents: B256) -> Result<(), ParcelError> {
        let node = parcel.from;
        let wallet = self.registry.wallet(node).ok_or(ParcelError::Unknown { node })?;
        let digest = self.digest(parcel.kind, (node, parcel.to), parcel.sequence, contents);
        let is_good = self.keys.verify(wallet, digest, &parcel.signature);
        if is_good { Ok(()) } else { Err(ParcelError::Forged { node }) }
    }

    fn digest(
        &self,
        kind: Kind,
        (from, to): (NodeId, NodeId),
        sequence: u64,
        contents: B256,
    ) -> B256 {
        let typed = types::Parcel { kind: kind as u8, from: from.0, to: to.0, sequence, contents };
        let mut preimage = [0; 66];
        preimage[0] = 0x19;
        preimage[1] = 0x01;
        preimage[2..34].copy_from_slice(self.separator.as_slice());
        preimage[34..].copy_from_slice(typed.eip712_hash_struct().as_slice());
        keccak256(preimage)
    }
}
