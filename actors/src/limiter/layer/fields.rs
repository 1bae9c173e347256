//! The header fields.

use std::fmt::Write;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use mainstay_specs::ServiceName;

use super::policy::QuotaUnit;
use crate::limiter::{RateLimitError, RateLimitStatus};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What a client is told of one policy.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) name: ServiceName,
    pub(super) quota: u32,
    pub(super) unit: QuotaUnit,
    pub(super) window: Duration,
    /// None of a request that was let through without being counted.
    pub(super) left: Option<Left>,
}

/// What a key has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left {
    pub(super) remaining: u32,
    /// How much that is if the request does not count after all.
    pub(super) uncounted: u32,
    pub(super) then: Duration,
}

impl Left {
    /// What a key has left of a request that was refused, after which nothing is told to come later than the request may.
    pub(super) fn refused(status: &RateLimitStatus, error: &RateLimitError) -> Self {
        let then = match status.retry_after {
            Some(time) if status.remaining == 0 => time,
            _ => status.reset_after,
        };
        Self {
            remaining: status.remaining,
            uncounted: status.remaining,
            then: then.min(error.retry_after().unwrap_or(Duration::MAX)),
        }
    }
}

/// Whole seconds, rounded up.
pub(super) const fn seconds(time: Duration) -> u64 {
    let part = (time.subsec_nanos() > 0) as u64;
    time.as_secs().saturating_add(part)
}

/// Adds what is to be told, behind what others have told.
pub(super) fn tell(headers: &mut HeaderMap, told: &[Told]) {
    let mut policies = String::new();
    let mut limits = String::new();
    for one in told {
        one.write_policy(&mut policies);
        one.write_limit(&mut limits);
    }
    for (name, value) in [(POLICY, policies), (LIMIT, limits)] {
        // Nothing but visible characters and spaces has been written.
        if let Ok(value) = HeaderValue::try_from(value)
            && !value.is_empty()
        {
            headers.append(name, value);
        }
    }
}

/// Says when to come back, unless that has been said.
pub(super) fn tell_when(headers: &mut HeaderMap, seconds: u64) {
    let when = || HeaderValue::from(seconds);
    headers.entry(RETRY_AFTER).or_insert_with(when);
}

impl Told {
    /// The request was refused after all, by another limiter.
    #[cfg(feature = "redis")]
    pub(super) fn refuse(&mut self, error: &RateLimitError) {
        self.uncount();
        if let Some(left) = &mut self.left {
            left.then = left.then.min(error.retry_after().unwrap_or(Duration::MAX));
        }
    }

    /// What was taken has gone back.
    pub(super) const fn uncount(&mut self) {
        if let Some(left) = &mut self.left {
            left.remaining = left.uncounted;
        }
    }

    fn write_policy(&self, to: &mut String) {
        write_name(to, &self.name);
        // Writing to a string does not fail.
        write!(to, ";q={}", self.quota).ok();
        if self.unit == QuotaUnit::ContentBytes {
            to.push_str(";qu=\"content-bytes\"");
        }
        write!(to, ";w={}", seconds(self.window).max(1)).ok();
    }

    fn write_limit(&self, to: &mut String) {
        if let Some(left) = self.left {
            write_name(to, &self.name);
            write!(to, ";r={};t={}", left.remaining, seconds(left.then)).ok();
        }
    }
}

/// Begins an item of a list with a string (RFC 9651, 4.1.6). What a string cannot hold is encoded as in a URL.
fn write_name(to: &mut String, name: &ServiceName) {
    if !to.is_empty() {
        to.push_str(", ");
    }
    to.push('"');
    for byte in name.as_str().bytes() {
        match byte {
            b'"' | b'\\' => to.extend(['\\', char::from(byte)]),
            0x20..=0x7e if byte != b'%' => to.push(char::from(byte)),
            _ => {
                write!(to, "%{byte:02X}").ok();
            }
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Told {
        Told {
            name: ServiceName::new(name).expect("a name"),
            quota: 100,
            unit: QuotaUnit::Requests,
            window: Duration::from_secs(60),
            left: Some(Left {
                remaining: 42,
                uncounted: 43,
                then: Duration::from_millis(17_001),
            }),
        }
    }

    fn headers(told: &[Told]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        tell(&mut headers, told);
        let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
        let each = headers.iter();
        each.map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    fn of(policy: &str, limit: &str) -> Vec<(String, String)> {
        let named = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        [("ratelimit-policy", policy), ("ratelimit", limit)]
            .map(named)
            .to_vec()
    }

    #[test]
    fn policies_and_limits_are_lists_of_structured_fields() {
        let one = told("api");
        assert_eq!(
            headers(std::slice::from_ref(&one)),
            of("\"api\";q=100;w=60", "\"api\";r=42;t=18")
        );
        let bytes = Told {
            unit: QuotaUnit::ContentBytes,
            window: Duration::from_millis(1500),
            left: None,
            ..told("up")
        };
        assert_eq!(
            headers(&[bytes, one]),
            of(
                "\"up\";q=100;qu=\"content-bytes\";w=2, \"api\";q=100;w=60",
                "\"api\";r=42;t=18"
            )
        );
        assert_eq!(headers(&[]), []);
    }

    #[test]
    fn any_name_is_a_string() {
        assert_eq!(
            headers(&[told("a\"b\\c%é")]),
            of(
                "\"a\\\"b\\\\c%25%C3%A9\";q=100;w=60",
                "\"a\\\"b\\\\c%25%C3%A9\";r=42;t=18"
            )
        );
    }

    #[test]
    fn a_part_of_a_second_is_a_second() {
        for (nanoseconds, whole) in [
            (0, 0),
            (1, 1),
            (999_999_999, 1),
            (1_000_000_000, 1),
            (1_000_000_001, 2),
        ] {
            assert_eq!(seconds(Duration::from_nanos(nanoseconds)), whole);
        }
        assert_eq!(seconds(Duration::MAX), u64::MAX);
    }
}
