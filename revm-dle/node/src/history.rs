//! A seat's Proof of History: a thread that hashes without end, and stamps what this node sees (white paper, *Proof of
//! History*; [`conet_committee::poh`] says what such a record proves, and what it does not).
//!
//! ```text
//! actor ── an entry is final here, a word was said here ─► the thread: hash, hash, stamp, hash, …
//!                                                             └── marks, each few seconds ─► the store
//! GET /dle/v1/history ─► a segment, which anybody can hash again
//! ```
//!
//! The clock goes as fast as the operator lets it: what a record proves is hashes, and each takes any processor a while.
//! It decides nothing: the order of entries, and so of who waits to be drawn, is the log's. A restart goes on from the
//! newest mark on disk; what was hashed after it is lost, and nothing else.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use conet_committee::poh::{Clock, Mark, Point, Segment};
use serde::{Deserialize, Serialize};

use crate::store::{Store, StoreError, Write};

/// How often a stretch of hashes is made.
const TURN: Duration = Duration::from_millis(20);

/// Turns in a second.
const TURNS: u64 = 50;

/// How often marks go to disk, and the longest stretch between two of them.
const SAVE: Duration = Duration::from_secs(5);

/// The clock's speed, and limits of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryLimits {
    /// Hashes a second, at most; 0: no clock.
    pub hashes_per_second: u64,
    /// What was seen and waits to be stamped. What comes on top of it is not stamped.
    pub events_waiting_max: usize,
    /// Marks that stay on disk, the newest ones.
    pub marks_kept: u64,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { hashes_per_second: 100_000, events_waiting_max: 4_096, marks_kept: 200_000 }
    }
}

/// `GET /dle/v1/history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Whose clock it is.
    pub node: u64,
    /// A part of its record.
    pub segment: Segment,
}

/// A running clock. It ends with this, after its last marks are handed to the store.
#[derive(Debug)]
pub(crate) struct Historian {
    events: Option<SyncSender<B256>>,
    thread: Option<JoinHandle<()>>,
}

impl Historian {
    /// Goes on from the newest mark of the store; else begins, at what names the log.
    pub(crate) fn start(
        store: Store,
        beginning: B256,
        limits: HistoryLimits,
    ) -> Result<Self, StoreError> {
        let newest = store.newest_mark()?;
        let clock = newest.map_or_else(|| Clock::new(beginning), |mark| Clock::resume(mark.point));
        // Where a record begins must be in it.
        let marks = if newest.is_none() { vec![clock.checkpoint()] } else { Vec::new() };
        let (events, seen) = sync_channel(limits.events_waiting_max);
        let keeper = Keeper { clock, store, limits, marks, saved: Instant::now() };
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || keeper.run(&seen))
            .map_err(StoreError::Thread)?;
        Ok(Self { events: Some(events), thread: Some(thread) })
    }

    /// Stamps what was seen just now. Never waits: what finds no room is not stamped.
    pub(crate) fn see(&self, event: B256) {
        if let Some(events) = &self.events {
            let _ = events.try_send(event);
        }
    }
}

impl Drop for Historian {
    fn drop(&mut self) {
        drop(self.events.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the history's thread panicked");
        }
    }
}

struct Keeper {
    clock: Clock,
    store: Store,
    limits: HistoryLimits,
    /// Not on disk yet.
    marks: Vec<Mark>,
    saved: Instant,
}

impl Keeper {
    fn run(mut self, seen: &Receiver<B256>) {
        let per_turn = (self.limits.hashes_per_second / TURNS).max(1);
        let mut due = Instant::now() + TURN;
        loop {
            match seen.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(event) => self.marks.push(self.clock.stamp(event)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.clock.tick(per_turn);
                    // Turns that were missed are not made up for: the speed is a limit.
                    due = Instant::now() + TURN;
                }
            }
            if self.saved.elapsed() >= SAVE && !self.save() {
                return;
            }
        }
        self.save();
    }

    /// Whether the store still takes marks.
    fn save(&mut self) -> bool {
        self.saved = Instant::now();
        let newest = self.clock.checkpoint();
        if self.marks.last().is_none_or(|last| last.point != newest.point) {
            self.marks.push(newest);
        }
        let marks = std::mem::take(&mut self.marks);
        self.store.write(vec![Write::Marks(marks, self.limits.marks_kept)], |_| {}).is_ok()
    }
}

/// Where a reader wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// At the newest mark that is no later than so many hashes.
    Count(u64),
    /// Where this was stamped.
    Event(B256),
}

/// A part of what is kept, of so many marks.
pub(crate) fn segment(
    store: &Store,
    since: Since,
    marks_max: usize,
) -> Result<Option<Segment>, StoreError> {
    let Some(first) = store.mark(since)? else { return Ok(None) };
    let Point { count, .. } = first.point;
    let marks = store.marks_after(count, marks_max)?;
    Ok(Some(Segment { marks, ..Segment::from(first.point) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{opened, temporary};

    const FAST: HistoryLimits =
        HistoryLimits { hashes_per_second: 50_000, events_waiting_max: 64, marks_kept: 1_000 };

    fn event(byte: u8) -> B256 {
        B256::repeat_byte(byte)
    }

    /// Waits until what was handed to the store is written.
    fn flush(store: &Store) {
        let (reply, written) = std::sync::mpsc::channel();
        store.write(Vec::new(), move |_| reply.send(()).unwrap()).unwrap();
        written.recv().unwrap();
    }

    fn whole(store: &Store) -> Segment {
        flush(store);
        segment(store, Since::Count(0), 10_000).unwrap().unwrap()
    }

    #[test]
    fn what_was_seen_is_in_the_record_in_order_and_over_restarts() {
        let (_dir, path) = temporary();
        let store = opened(&path);
        let first = Historian::start(store.clone(), event(9), FAST).unwrap();
        first.see(event(1));
        std::thread::sleep(3 * TURN);
        first.see(event(2));
        drop(first);
        let before = whole(&store);
        assert_eq!(before.start, Point { count: 0, hash: event(9) });
        let second = Historian::start(store.clone(), event(9), FAST).unwrap();
        second.see(event(3));
        drop(second);
        let after = whole(&store);
        after.verify(u64::MAX).unwrap();
        assert_eq!(after.marks[..before.marks.len()], before.marks);
        assert!(after.between(event(1), event(2)).unwrap() > 1_000, "two turns at least");
        assert!(after.between(event(2), event(3)).unwrap() > 0);

        let from_two = segment(&store, Since::Event(event(2)), 10_000).unwrap().unwrap();
        from_two.verify(u64::MAX).unwrap();
        assert!(from_two.between(event(1), event(3)).is_err());
        assert_eq!(from_two.end(), after.end());
        assert_eq!(segment(&store, Since::Event(event(7)), 10).unwrap(), None);
    }

    #[test]
    fn old_marks_go_and_what_is_left_still_holds() {
        let (_dir, path) = temporary();
        let store = opened(&path);
        let limits = HistoryLimits { marks_kept: 10, ..FAST };
        let history = Historian::start(store.clone(), event(9), limits).unwrap();
        (0..40).for_each(|byte| history.see(event(byte)));
        drop(history);
        let kept = whole(&store);
        assert_eq!(kept.marks.len(), 9, "and where it begins");
        kept.verify(u64::MAX).unwrap();
        assert!(kept.between(event(35), event(39)).unwrap() >= 4);
        assert_eq!(segment(&store, Since::Event(event(3)), 10).unwrap(), None);
    }
}
