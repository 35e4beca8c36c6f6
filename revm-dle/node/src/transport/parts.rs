//! Long parcels that come in parts.
//!
//! Each part shows the parcel's head, with its sender's signature, and the hash that the signature is over: whose it is
//! is known with the first part, and each sender has its own room. A sender's oldest parcel makes way for its newest.

use std::collections::HashMap;

use alloy::primitives::B256;
use bytes::{Bytes, BytesMut};
use conet_committee::keys::NodeId;
use conet_wire::ledgers::{PROOF_LEN, Part, parts_of};

use super::{
    TransportLimits,
    parcel::{HEAD_LEN, Kind, Parcel, ParcelError, contents_hash},
};

/// Why a part is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PartError {
    #[error(transparent)]
    Parcel(#[from] ParcelError),
    #[error("expected at most {max} bytes, found {found}")]
    TooLong { max: usize, found: usize },
    #[error("expected at most {max} bytes of unfinished parcels, found more")]
    Full { max: usize },
}

/// What a part shows of its parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    /// Its head alone.
    pub(super) head: Parcel,
    /// The hash of its contents.
    pub(super) contents: B256,
}

impl Proof {
    pub(super) fn parse(proof: &[u8; PROOF_LEN]) -> Result<Self, ParcelError> {
        let (head, hash) = proof.split_at(HEAD_LEN);
        let head = Parcel::parse(Bytes::copy_from_slice(head))?;
        if head.kind != Kind::Messages {
            return Err(ParcelError::Malformed);
        }
        Ok(Self { head, contents: B256::from_slice(hash) })
    }
}

/// An unfinished parcel.
#[derive(Debug)]
struct Unfinished {
    proof: Proof,
    length: u32,
    parts: Vec<Option<Bytes>>,
    bytes: usize,
    began_ms: u64,
}

/// All unfinished parcels.
#[derive(Debug)]
pub(super) struct Gathering {
    unfinished: HashMap<(NodeId, u64), Unfinished>,
    bytes: usize,
    limits: TransportLimits,
}

impl Gathering {
    pub(super) fn new(limits: TransportLimits) -> Self {
        Self { unfinished: HashMap::new(), bytes: 0, limits }
    }

    /// Whether this is a part of a parcel whose signature was checked with another part.
    pub(super) fn knows(&self, proof: &Proof, length: u32) -> bool {
        let key = (proof.head.from, proof.head.sequence);
        let found = self.unfinished.get(&key);
        found.is_some_and(|found| found.proof == *proof && found.length == length)
    }

    /// Takes a part of a parcel whose signature holds. The parcel, when it was the last.
    pub(super) fn add(
        &mut self,
        proof: Proof,
        part: &Part<'_>,
        now_ms: u64,
    ) -> Result<Option<Parcel>, PartError> {
        self.forget_late(now_ms);
        let (found, max) = (part.length as usize + HEAD_LEN, self.limits.parcel_bytes_max);
        if found > max {
            return Err(PartError::TooLong { max, found });
        }
        let max = self.limits.unfinished_bytes_max;
        if self.bytes + part.bytes.len() > max {
            return Err(PartError::Full { max });
        }
        let key = (proof.head.from, proof.head.sequence);
        if !self.knows(&proof, part.length) {
            self.begin(proof, part.length, now_ms);
        }
        let Some(whole) = self.unfinished.get_mut(&key) else { return Ok(None) };
        let place = whole.parts.get_mut(part.index as usize).filter(|place| place.is_none());
        if let Some(place) = place {
            *place = Some(Bytes::copy_from_slice(part.bytes));
            whole.bytes += part.bytes.len();
            self.bytes += part.bytes.len();
        }
        if whole.bytes < whole.length as usize {
            return Ok(None);
        }
        let whole = self.remove(key);
        whole.map(Unfinished::finish).transpose().map_err(Into::into)
    }

    fn begin(&mut self, proof: Proof, length: u32, now_ms: u64) {
        let from = proof.head.from;
        // Two with one sequence: the newer counts.
        self.remove((from, proof.head.sequence));
        let own = self.unfinished.keys().filter(|(sender, _)| *sender == from);
        let mut own: Vec<_> = own.copied().collect();
        own.sort_unstable();
        let room = self.limits.unfinished_per_sender_max.saturating_sub(1);
        let too_many = own.len().saturating_sub(room);
        for oldest in own.into_iter().take(too_many) {
            self.remove(oldest);
        }
        let key = (from, proof.head.sequence);
        let parts = vec![None; parts_of(length)];
        let fresh = Unfinished { proof, length, parts, bytes: 0, began_ms: now_ms };
        self.unfinished.insert(key, fresh);
    }

    fn remove(&mut self, key: (NodeId, u64)) -> Option<Unfinished> {
        let removed = self.unfinished.remove(&key)?;
        self.bytes -= removed.bytes;
        Some(removed)
    }

    fn forget_late(&mut self, now_ms: u64) {
        let patience = self.limits.body_ms_max;
        let is_late = |whole: &Unfinished| now_ms.saturating_sub(whole.began_ms) > patience;
        let late = self.unfinished.iter().filter(|(_, whole)| is_late(whole));
        let late: Vec<_> = late.map(|(key, _)| *key).collect();
        for key in late {
            self.remove(key);
        }
    }
}

impl Unfinished {
    fn finish(self) -> Result<Parcel, ParcelError> {
        let mut whole = BytesMut::with_capacity(HEAD_LEN + self.bytes);
        whole.extend_from_slice(self.proof.head.bytes());
        for part in self.parts.iter().flatten() {
            whole.extend_from_slice(part);
        }
        let contents = whole.get(HEAD_LEN..).unwrap_or_default();
        if contents_hash(contents) != self.proof.contents {
            return Err(ParcelError::Forged { node: self.proof.head.from });
        }
        Parcel::parse(whole.freeze())
    }
}

#[cfg(test)]
mod tests {
    use conet_wire::ledgers::PART_BYTES;

    use super::*;

    const NOW: u64 = 1_000_000;
    /// Of two parts, the second of one byte.
    const LENGTH: u32 = PART_BYTES as u32 + 1;

    fn proof(from: u64, sequence: u64) -> Proof {
        let mut head = vec![1, 1];
        for word in [from, 9, sequence] {
            head.extend(word.to_be_bytes());
        }
        head.resize(HEAD_LEN, 0);
        Proof { head: Parcel::parse(head.into()).unwrap(), contents: B256::ZERO }
    }

    fn last(bytes: &[u8]) -> Part<'_> {
        Part { proof: &[0; PROOF_LEN], length: LENGTH, index: 1, bytes }
    }

    fn gathering() -> Gathering {
        Gathering::new(TransportLimits {
            parcel_bytes_max: 2 << 20,
            unfinished_per_sender_max: 2,
            unfinished_bytes_max: 5,
            body_ms_max: 10,
            ..TransportLimits::default()
        })
    }

    #[test]
    fn a_senders_oldest_parcel_makes_way_for_its_newest() {
        let mut gathering = gathering();
        for (from, sequence) in [(1, 5), (1, 6), (2, 1), (1, 7)] {
            assert_eq!(gathering.add(proof(from, sequence), &last(b"x"), NOW), Ok(None));
        }
        let knows = |from, sequence| gathering.knows(&proof(from, sequence), LENGTH);
        let known = [knows(1, 5), knows(1, 6), knows(1, 7), knows(2, 1)];
        assert_eq!(known, [false, true, true, true]);
        assert_eq!(gathering.bytes, 3);
        // The same sequence with other contents is another parcel, in its place.
        let other = Proof { contents: B256::repeat_byte(1), ..proof(1, 7) };
        assert!(!gathering.knows(&other, LENGTH) && !gathering.knows(&proof(1, 7), LENGTH + 1));
        assert_eq!(gathering.add(other, &last(b"x"), NOW), Ok(None));
        assert_eq!((gathering.unfinished.len(), gathering.bytes), (3, 3));
    }

    #[test]
    fn all_together_have_so_much_room_and_so_much_time() {
        let mut gathering = gathering();
        for from in 1..=5 {
            assert_eq!(gathering.add(proof(from, 1), &last(b"x"), NOW), Ok(None));
        }
        let full = Err(PartError::Full { max: 5 });
        assert_eq!(gathering.add(proof(6, 1), &last(b"x"), NOW + 10), full);
        assert_eq!(gathering.add(proof(6, 1), &last(b"x"), NOW + 11), Ok(None));
        assert_eq!((gathering.unfinished.len(), gathering.bytes), (1, 1));
        let long = Part { length: 3 << 20, ..last(b"x") };
        let refused = gathering.add(proof(7, 1), &long, NOW + 11);
        assert!(matches!(refused, Err(PartError::TooLong { .. })));
    }
}
