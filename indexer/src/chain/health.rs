//! How an endpoint does: its pace, and how long it rests after it failed.

use std::time::{Duration, Instant};

/// The pause after the first failure; it doubles from then on.
const REST_FIRST: Duration = Duration::from_millis(250);

/// The longest pause after failures.
const REST_MAX: Duration = Duration::from_secs(30);

/// The longest that an endpoint may ask to be left alone; it is asked again after that, whatever it said.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// Calls of so long a time may go out at once: a block is asked for by several.
const BURST: Duration = Duration::from_millis(250);

/// When calls may go out.
#[derive(Debug)]
struct Pace {
    /// Between two calls, on average.
    pause: Duration,
    /// Up to when the calls so far fill the time.
    full_until: Option<Instant>,
}

impl Pace {
    /// How long so many calls in one request must wait.
    fn turn(&mut self, calls: u32, now: Instant) -> Duration {
        let begin = self.full_until.map_or(now, |until| until.max(now));
        self.full_until = Some(begin + self.pause.saturating_mul(calls));
        begin.duration_since(now).saturating_sub(BURST)
    }

    /// Lets nothing go out before `until`.
    fn hold(&mut self, until: Instant) {
        let full = until + BURST;
        self.full_until = Some(self.full_until.map_or(full, |until| until.max(full)));
    }
}

/// How an endpoint has done of late.
#[derive(Debug)]
pub(super) struct Health {
    failures: u32,
    rests_until: Option<Instant>,
    is_probed: bool,
    pace: Pace,
}

impl Health {
    pub(super) fn new(calls_per_second_max: u32) -> Self {
        let pause = Duration::from_secs(1) / calls_per_second_max.max(1);
        let pace = Pace { pause, full_until: None };
        Self { failures: 0, rests_until: None, is_probed: false, pace }
    }

    /// How long so many calls in one request must wait, by the rate limit. They count from now on.
    pub(super) fn turn(&mut self, calls: u32, now: Instant) -> Duration {
        self.pace.turn(calls, now)
    }

    /// How long it rests still.
    pub(super) fn rests(&self, now: Instant) -> Option<Duration> {
        self.rests_until?.checked_duration_since(now)
    }

    /// Whether it did well when it was asked last, or was not asked yet.
    pub(super) fn is_well(&self, now: Instant) -> bool {
        self.failures == 0 && self.rests(now).is_none()
    }

    pub(super) fn did_well(&mut self) {
        self.failures = 0;
        self.rests_until = None;
        self.is_probed = false;
    }

    /// It failed; gives how long it rests.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        self.is_probed = false;
        self.failures = self.failures.saturating_add(1);
        let doubled = REST_FIRST.saturating_mul(1 << (self.failures - 1).min(16));
        let rest = doubled.min(REST_MAX).mul_f64(rand::random_range(0.75..1.25));
        self.rests_until = Some(now + rest);
        rest
    }

    /// It wants to be left alone for so long, or does not say for how long. Nothing goes out before.
    pub(super) fn limited(&mut self, wait: Option<Duration>, now: Instant) {
        let rest = self.failed(now);
        let wait = wait.map_or(rest, |wait| wait.min(RETRY_AFTER_MAX));
        self.rests_until = Some(now + wait);
        self.pace.hold(now + wait);
    }

    /// Whether it failed, has rested, and nobody looks yet whether it does well again: the caller looks.
    pub(super) fn begins_probe(&mut self, now: Instant) -> bool {
        let begins = self.failures > 0 && self.rests(now).is_none() && !self.is_probed;
        self.is_probed |= begins;
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_of_a_request_counts() {
        let now = Instant::now();
        let mut health = Health::new(50);
        assert_eq!(health.turn(100, now), Duration::ZERO);
        // Those fill two seconds.
        assert_eq!(health.turn(1, now), Duration::from_secs(2) - BURST);
        // Whatever happens, no more than the limit on average.
        let mut at = now;
        for _ in 0..100 {
            at += health.turn(7, at);
        }
        let took = at.duration_since(now);
        let calls = 100 + 1 + 99 * 7;
        assert!(took + BURST >= Duration::from_secs(1) * calls / 50, "{took:?}");
    }

    #[test]
    fn who_wants_to_be_left_alone_is() {
        let now = Instant::now();
        let mut health = Health::new(1_000);
        health.limited(Some(Duration::from_secs(7)), now);
        assert_eq!(health.turn(1, now), Duration::from_secs(7));
        assert_eq!(health.rests(now), Some(Duration::from_secs(7)));
        assert!(!health.begins_probe(now + Duration::from_secs(6)));
        assert!(health.begins_probe(now + Duration::from_secs(8)));
        assert!(!health.begins_probe(now + Duration::from_secs(8)), "one looks");
        // Nobody is left alone for days.
        health.limited(Some(Duration::from_secs(1_000_000)), now);
        assert_eq!(health.turn(1, now), RETRY_AFTER_MAX);
        // Who does not say for how long rests as after any failure.
        let mut health = Health::new(1_000);
        health.limited(None, now);
        let wait = health.turn(1, now);
        assert!(wait > REST_FIRST / 2 && wait < REST_FIRST * 2, "{wait:?}");
    }
}
