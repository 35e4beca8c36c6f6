//! The wall clock, in the units that the protocol uses.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds.
pub(crate) fn unix_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Unix time in seconds.
pub(crate) fn unix_seconds() -> u64 {
    unix_milliseconds() / 1000
}

/// Unix time in minutes, as envelopes carry it.
pub(crate) fn unix_minute() -> u32 {
    u32::try_from(unix_seconds() / 60).unwrap_or(u32::MAX)
}
