//! What a node has opened in the last minutes, so that a recorded body does
//! nothing when it is sent again.

use std::collections::{BTreeMap, HashSet};

/// How many minutes the clocks of two honest sides may be apart.
pub const MINUTES_APART_MAX: u32 = 5;

/// Why a body is not to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Sealed too long ago, or by a clock that is ahead.
    #[error("sealed in minute {found}; expected at most {MINUTES_APART_MAX} from {expected}")]
    Late {
        /// Our minute.
        expected: u32,
        /// The sender's minute.
        found: u32,
    },
    /// Seen before.
    #[error("its key was seen before")]
    Repeated,
    /// No room to remember more.
    #[error("{entries_max} keys are remembered already")]
    Full {
        /// The limit.
        entries_max: usize,
    },
}

/// The keys seen, by the minute they claim. Forgets a minute as soon as it is
/// too late for it anyway.
///
/// The window is lost when a node stops: within five minutes of a restart a
/// recorded body is answered once more. Agents remember what they stored, so
/// nothing is delivered twice.
#[derive(Debug)]
pub struct ReplayWindow {
    minutes: BTreeMap<u32, HashSet<u128>>,
    entries: usize,
    entries_max: usize,
}

impl ReplayWindow {
    /// A window that remembers at most `entries_max` keys, of 20 to 40 bytes each.
    #[must_use]
    pub fn new(entries_max: usize) -> Self {
        Self { minutes: BTreeMap::new(), entries: 0, entries_max }
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Remembers a key of an opened body, unless it must not be answered.
    pub fn check_and_insert(
        &mut self,
        now_minute: u32,
        minute: u32,
        encapsulated: &[u8; 32],
    ) -> Result<(), ReplayError> {
        if now_minute.abs_diff(minute) > MINUTES_APART_MAX {
            return Err(ReplayError::Late { expected: now_minute, found: minute });
        }
        self.forget(now_minute);
        let seen = self.minutes.entry(minute).or_default();
        let name = short_name(encapsulated);
        if seen.contains(&name) {
            return Err(ReplayError::Repeated);
        }
        if self.entries >= self.entries_max {
            return Err(ReplayError::Full { entries_max: self.entries_max });
        }
        seen.insert(name);
        self.entries += 1;
        Ok(())
    }

    /// Drops the minutes that nobody may use any more: those behind, and those
    /// ahead that are left from before our clock was set back.
    fn forget(&mut self, now_minute: u32) {
        let entries = &mut self.entries;
        self.minutes.retain(|minute, seen| {
            let keep = now_minute.abs_diff(*minute) <= MINUTES_APART_MAX;
            if !keep {
                *entries -= seen.len();
            }
            keep
        });
    }
}

/// Half of a key names it well enough: to make another's key look repeated one
/// would need a second key with the same 128 bits.
fn short_name(encapsulated: &[u8; 32]) -> u128 {
    encapsulated.first_chunk().copied().map_or(0, u128::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_once_in_its_minutes() {
        let mut window = ReplayWindow::new(10);
        assert_eq!(window.check_and_insert(100, 97, &[1; 32]), Ok(()));
        assert_eq!(window.check_and_insert(100, 97, &[1; 32]), Err(ReplayError::Repeated));
        assert_eq!(window.check_and_insert(102, 97, &[1; 32]), Err(ReplayError::Repeated));
        assert_eq!(
            window.check_and_insert(103, 97, &[1; 32]),
            Err(ReplayError::Late { expected: 103, found: 97 })
        );
        assert_eq!(
            window.check_and_insert(91, 97, &[2; 32]),
            Err(ReplayError::Late { expected: 91, found: 97 })
        );
    }

    #[test]
    fn the_window_refuses_when_full_and_forgets_with_time() {
        let mut window = ReplayWindow::new(2);
        assert_eq!(window.check_and_insert(10, 10, &[1; 32]), Ok(()));
        assert_eq!(window.check_and_insert(10, 12, &[2; 32]), Ok(()));
        assert_eq!(
            window.check_and_insert(10, 10, &[3; 32]),
            Err(ReplayError::Full { entries_max: 2 })
        );
        assert_eq!(window.check_and_insert(16, 16, &[3; 32]), Ok(()));
        assert_eq!(window.len(), 2);
        // The clock is set back by a year: nothing stays locked.
        assert_eq!(window.check_and_insert(1, 1, &[4; 32]), Ok(()));
        assert_eq!(window.len(), 1);
    }

    #[test]
    fn minutes_at_the_ends_of_their_range_do_not_overflow() {
        let mut window = ReplayWindow::new(2);
        assert_eq!(window.check_and_insert(0, 0, &[1; 32]), Ok(()));
        assert_eq!(window.check_and_insert(u32::MAX, u32::MAX, &[1; 32]), Ok(()));
    }
}
