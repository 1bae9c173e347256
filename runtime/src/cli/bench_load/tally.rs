//! What came of requests: counts and a histogram.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{StatusCode, header, response};

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failed {
    /// There was no connection.
    Connect,
    /// The answer broke off.
    Broken,
    /// There was none in time.
    Late,
}

impl Failed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Broken => "broken off",
            Self::Late => "no answer in time",
        }
    }
}

/// Each power of two is divided into so many steps, so that a time is told to within 3 %.
const STEPS: u32 = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();

#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    answered: u64,
    refused: u64,
    failed: u64,
    longest: Duration,
    /// Times in microseconds: how many in each step.
    steps: BTreeMap<u32, u64>,
    /// What was no success, and how often.
    by: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn answer(&mut self, head: &response::Parts, took: Duration) {
        self.longest = self.longest.max(took);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        *self.steps.entry(step(micros)).or_default() += 1;
        let status = head.status;
        if status.is_success() {
            self.answered += 1;
            return;
        }
        let guard = head.headers.get(GUARD).and_then(|it| it.to_str().ok());
        let is_limited = status == StatusCode::TOO_MANY_REQUESTS;
        let comes_back = head.headers.contains_key(header::RETRY_AFTER);
        let is_told_when = comes_back && (is_limited || status == StatusCode::SERVICE_UNAVAILABLE);
        if guard.is_some() || is_told_when {
            self.refused += 1;
        } else if is_limited || status.is_server_error() {
            self.failed += 1;
        } else {
            self.answered += 1;
        }
        let text = guard.map_or_else(|| status.to_string(), |guard| format!("{status}, {guard}"));
        *self.by.entry(text).or_default() += 1;
    }

    pub(super) fn failure(&mut self, failed: Failed) {
        self.failed += 1;
        *self.by.entry(failed.as_str().to_owned()).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.refused += other.refused;
        self.failed += other.failed;
        self.longest = self.longest.max(other.longest);
        for (step, count) in &other.steps {
            *self.steps.entry(*step).or_default() += count;
        }
        for (text, count) in &other.by {
            *self.by.entry(text.clone()).or_default() += count;
        }
    }

    pub(super) fn answers(&self) -> u64 {
        self.steps.values().sum()
    }

    pub(super) const fn answered(&self) -> u64 {
        self.answered
    }

    pub(super) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(super) const fn failed(&self) -> u64 {
        self.failed
    }

    /// Something failed, or nothing was answered at all.
    pub(super) fn is_bad(&self) -> bool {
        self.failed > 0 || self.answers() == 0
    }

    pub(super) const fn longest(&self) -> Duration {
        self.longest
    }

    /// No more than this was needed by such a share of the answers: the end of a step. Zero without answers.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.answers() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (step, count) in &self.steps {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(end(*step)).min(self.longest);
            }
        }
        Duration::ZERO
    }

    /// What was not answered with a success, a line each.
    pub(super) fn others(&self) -> String {
        let mut text = String::new();
        for (by, count) in &self.by {
            let _infallible = writeln!(text, "  {count} x {by}");
        }
        text
    }
}

/// The step of a time: exact below [`STEPS`], then the highest bits.
const fn step(micros: u64) -> u32 {
    if micros < STEPS as u64 {
        return micros as u32;
    }
    let shift = micros.ilog2() - STEP_BITS;
    (shift + 1) * STEPS + ((micros >> shift) as u32 - STEPS)
}

/// The longest time of a step.
const fn end(step: u32) -> u64 {
    if step < STEPS {
        return step as u64;
    }
    let shift = step / STEPS - 1;
    let low = ((step % STEPS + STEPS) as u64) << shift;
    low + ((1 << shift) - 1)
}

/// In what header an answer says which guard has refused.
const GUARD: &str = "mainstay-guard";

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, fields: &[(&'static str, &'static str)]) -> response::Parts {
        let mut answer = axum::http::Response::new(());
        *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
        for (name, value) in fields {
            let value = header::HeaderValue::from_static(value);
            answer.headers_mut().insert(*name, value);
        }
        answer.into_parts().0
    }

    #[test]
    fn every_time_is_in_a_step_that_ends_no_more_than_a_thirtieth_after_it() {
        for micros in (0..100_000).chain([u64::MAX >> 1, u64::MAX]) {
            let end = end(step(micros));
            assert!(end >= micros, "{micros}");
            assert!(end - micros <= micros / 30, "{micros}: {end}");
        }
    }

    #[test]
    fn the_median_and_the_last_hundredth_are_told() {
        let mut tally = Tally::default();
        for micros in 1..=1000 {
            tally.answer(&head(200, &[]), Duration::from_micros(micros));
        }
        assert_eq!(tally.quantile(0.5), Duration::from_micros(503));
        assert_eq!(tally.quantile(0.99), Duration::from_micros(991));
        assert_eq!(tally.quantile(1.0), Duration::from_micros(1000));
        assert_eq!(tally.longest(), Duration::from_micros(1000));
    }

    #[test]
    fn what_is_no_success_has_a_line_of_its_own_also_where_it_is_no_failure() {
        let mut tally = Tally::default();
        for status in [200, 204, 304, 401, 404, 404] {
            tally.answer(&head(status, &[]), Duration::from_micros(1));
        }
        assert_eq!((tally.answered(), tally.is_bad()), (6, false));
        let lines = "  1 x 304 Not Modified\n  1 x 401 Unauthorized\n  2 x 404 Not Found\n";
        assert_eq!(tally.others(), lines);
    }

    #[test]
    fn whatever_a_guard_refuses_is_a_refusal() {
        let mut tally = Tally::default();
        for (status, guard) in [(403, "rate limit"), (413, "rate limit"), (504, "deadline")] {
            tally.answer(&head(status, &[(GUARD, guard)]), Duration::from_micros(1));
        }
        assert_eq!((tally.refused(), tally.is_bad()), (3, false));
        tally.answer(&head(504, &[]), Duration::from_micros(1));
        assert_eq!((tally.failed(), tally.is_bad()), (1, true));
    }

    #[test]
    fn a_refusal_is_no_failure_if_it_says_who_or_when_and_anything_else_of_500_is_one() {
        let mut tally = Tally::default();
        let took = Duration::from_micros(1);
        tally.answer(&head(404, &[]), took);
        tally.answer(&head(429, &[("retry-after", "1")]), took);
        tally.answer(&head(503, &[(GUARD, "circuit")]), took);
        assert!(!tally.is_bad());
        tally.answer(&head(503, &[]), took);
        tally.answer(&head(500, &[("retry-after", "1")]), took);
        tally.failure(Failed::Connect);
        assert_eq!(
            (tally.answered(), tally.refused(), tally.failed()),
            (1, 2, 3)
        );
        assert!(tally.is_bad());
        assert_eq!(
            tally.others(),
            "  1 x 404 Not Found\n  1 x 429 Too Many Requests\n  1 x 500 Internal Server Error\n  1 x 503 Service Unavailable\n  \
             1 x 503 Service Unavailable, circuit\n  1 x no connection\n"
        );
    }

    #[test]
    fn without_an_answer_nothing_is_good() {
        let tally = Tally::default();
        assert!(tally.is_bad());
        assert_eq!(tally.quantile(0.5), Duration::ZERO);
    }
}
