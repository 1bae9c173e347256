//! Wall times, as they are kept: whole microseconds since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serializer;

/// The first moment that is not kept: the year 9999 is over.
const END: u64 = 253_402_300_800 * 1_000_000;

/// The moment in microseconds, if it is one that is kept: from 1970 to the year 9999.
pub(crate) fn micros(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_micros()).ok().filter(|at| *at < END)
}

/// As [`micros`], but with what is before or after put to the ends: to compare with.
pub(crate) fn bounded_micros(time: SystemTime) -> u64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => u64::try_from(since.as_micros()).map_or(END, |at| at.min(END)),
        Err(_) => 0,
    }
}

/// The moment so many microseconds after 1970.
pub(crate) fn from_micros(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros.min(END - 1))
}

/// RFC 3339 in UTC, such as `2026-11-26T18:00:00.000001Z`.
pub(super) fn serialize<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let kept = from_micros(bounded_micros(*time));
    serializer.collect_str(&humantime::format_rfc3339_micros(kept))
}

/// A moment from RFC 3339 in UTC, such as `2026-11-26T18:00:00Z`, as those of events are written; what is finer than a microsecond is
/// dropped.
///
/// # Errors
///
/// What was expected and what was there.
pub fn parse_time(text: &str) -> Result<SystemTime, String> {
    let time = humantime::parse_rfc3339(text).ok().and_then(micros);
    time.map(from_micros).ok_or_else(|| {
        let found: String = text.chars().take(40).collect();
        format!("expected a time in UTC such as `2026-11-26T18:00:00Z`, found {found:?}")
    })
}
