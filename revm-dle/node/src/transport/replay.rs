//! Parcels that were seen: none counts twice, and none that is late counts at all.

use std::collections::{BTreeSet, HashMap};

use conet_committee::keys::NodeId;

use super::{TransportLimits, parcel::ParcelError};

/// Sequences seen of each sender. A window takes parcels that overtake each other.
#[derive(Debug)]
pub(super) struct Window {
    limits: TransportLimits,
    senders: HashMap<NodeId, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    sequences: BTreeSet<u64>,
    /// All below were seen, or are too old to tell.
    floor: u64,
}

impl Window {
    pub(super) fn new(limits: TransportLimits) -> Self {
        Self { limits, senders: HashMap::new() }
    }

    /// Whether a parcel can still count, without noting it: what is checked before its signature.
    pub(super) fn may_count(
        &self,
        node: NodeId,
        sequence: u64,
        now_us: u64,
    ) -> Result<(), ParcelError> {
        let is_fresh = sequence.abs_diff(now_us) <= self.limits.clock_skew_ms_max * 1_000;
        let seen = self.senders.get(&node);
        let is_new =
            seen.is_none_or(|seen| sequence >= seen.floor && !seen.sequences.contains(&sequence));
        if is_fresh && is_new { Ok(()) } else { Err(ParcelError::Replayed { node }) }
    }

    /// Notes a parcel whose signature holds.
    pub(super) fn note(
        &mut self,
        node: NodeId,
        sequence: u64,
        now_us: u64,
    ) -> Result<(), ParcelError> {
        self.may_count(node, sequence, now_us)?;
        let max = self.limits.senders_max;
        if !self.senders.contains_key(&node) && self.senders.len() >= max {
            self.forget_old(now_us);
            if self.senders.len() >= max {
                return Err(ParcelError::TooManySenders { max });
            }
        }
        let seen = self.senders.entry(node).or_default();
        seen.sequences.insert(sequence);
        let oldest = now_us.saturating_sub(self.limits.clock_skew_ms_max * 1_000);
        while let Some(first) = seen.sequences.first().copied()
            && (first < oldest || seen.sequences.len() > self.limits.sequences_per_sender_max)
        {
            seen.sequences.remove(&first);
            seen.floor = first + 1;
        }
        Ok(())
    }

    /// What is too old to count by its time need not be remembered.
    fn forget_old(&mut self, now_us: u64) {
        let oldest = now_us.saturating_sub(self.limits.clock_skew_ms_max * 1_000);
        self.senders.retain(|_, seen| seen.sequences.last().is_some_and(|last| *last >= oldest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000;

    fn window() -> Window {
        Window::new(TransportLimits {
            clock_skew_ms_max: 10,
            sequences_per_sender_max: 3,
            senders_max: 2,
            ..TransportLimits::default()
        })
    }

    #[test]
    fn nothing_counts_twice_and_parcels_may_overtake() {
        let (mut window, node) = (window(), NodeId(1));
        for sequence in [NOW, NOW + 2, NOW + 1] {
            assert_eq!(window.note(node, sequence, NOW), Ok(()));
            assert_eq!(window.note(node, sequence, NOW), Err(ParcelError::Replayed { node }));
        }
        // The oldest of four is not remembered, and does not count for that.
        assert_eq!(window.note(node, NOW + 3, NOW), Ok(()));
        assert_eq!(window.note(node, NOW, NOW), Err(ParcelError::Replayed { node }));
        assert_eq!(window.note(NodeId(2), NOW, NOW), Ok(()));
    }

    #[test]
    fn what_is_late_or_early_does_not_count() {
        let (mut window, node) = (window(), NodeId(1));
        for sequence in [NOW - 10_001, NOW + 10_001, 0, u64::MAX] {
            assert_eq!(window.note(node, sequence, NOW), Err(ParcelError::Replayed { node }));
        }
    }

    #[test]
    fn senders_are_bounded_and_forgotten() {
        let mut window = window();
        assert_eq!(window.note(NodeId(1), NOW, NOW), Ok(()));
        assert_eq!(window.note(NodeId(2), NOW, NOW), Ok(()));
        let refused = Err(ParcelError::TooManySenders { max: 2 });
        assert_eq!(window.note(NodeId(3), NOW, NOW), refused);
        let later = NOW + 10_001;
        assert_eq!(window.note(NodeId(3), later, later), Ok(()));
        // What was forgotten is too old to count.
        assert!(window.note(NodeId(1), NOW, later).is_err());
    }
}
