//! Conditions that come to hold.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long [`assert_eventually!`](crate::assert_eventually) waits, unless told otherwise.
pub const EVENTUALLY_LIMIT: Duration = Duration::from_secs(1);

/// How long [`assert_eventually!`](crate::assert_eventually) waits between two looks at least.
pub const POLL: Duration = Duration::from_millis(1);

/// Which part of the time that has passed it waits between two looks. So hours of a clock that stands still take hundreds of
/// looks, not millions, and what comes is seen late by this part of the time it took at most.
const PART: u32 = 64;

/// What [`assert_eventually!`](crate::assert_eventually) is made of.
#[doc(hidden)]
#[derive(Debug)]
pub struct Eventually {
    begun: Instant,
    limit: Duration,
}

impl Eventually {
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let begun = Instant::now();
        Self { begun, limit }
    }

    /// Waits for the next look; false when the last one was it.
    pub async fn again(&self) -> bool {
        let waited = self.begun.elapsed();
        let left = self.limit.saturating_sub(waited);
        if left.is_zero() {
            return false;
        }
        sleep(left.min(POLL.max(waited / PART))).await;
        true
    }
}

/// Waits until a condition holds, and panics if it does not within a second, or the limit after `within:`.
///
/// The condition is evaluated again and again by tokio's clock, at first every millisecond, then each time a 64th of the time
/// waited has passed, and once more in the end; it may await. A text as of `format!` may come last. Prefer what tells, such as a monitor or an event, to what has to be asked.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay::testkit::{TestOptions, assert_eventually, run};
///
/// run(TestOptions::new("it_comes").start_paused(true), |cx| async move {
///     let task = cx.spawn("sleeper", tokio::time::sleep(Duration::from_secs(5)));
///     assert_eventually!(task.is_finished(), within: Duration::from_secs(6));
///     assert_eventually!(cx.events().count(mainstay::testkit::started("config_server")) == 1, "no server");
/// });
/// ```
#[macro_export]
macro_rules! assert_eventually {
    ($condition:expr, within: $limit:expr, $($text:tt)+) => {{
        let __eventually = $crate::testkit::Eventually::new($limit);
        while !$condition {
            if !__eventually.again().await {
                ::core::panic!($($text)+);
            }
        }
    }};
    ($condition:expr, within: $limit:expr $(,)?) => {{
        let __limit: ::core::time::Duration = $limit;
        $crate::assert_eventually!(
            $condition,
            within: __limit,
            "`{}` did not come to hold within {:?}",
            ::core::stringify!($condition),
            __limit
        )
    }};
    ($condition:expr $(,)?) => {
        $crate::assert_eventually!($condition, within: $crate::testkit::EVENTUALLY_LIMIT)
    };
    ($condition:expr, $($text:tt)+) => {
        $crate::assert_eventually!(
            $condition,
            within: $crate::testkit::EVENTUALLY_LIMIT,
            $($text)+
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hours_take_hundreds_of_looks_and_the_last_is_at_the_limit() {
        let limit = Duration::from_secs(3600);
        let (waits, begun) = (Eventually::new(limit), Instant::now());
        let mut looks = 0;
        while waits.again().await {
            looks += 1;
        }
        assert!((500..1000).contains(&looks), "{looks} looks");
        assert_eq!(begun.elapsed(), limit);
    }

    #[tokio::test(start_paused = true)]
    async fn at_first_it_looks_every_millisecond() {
        let (waits, begun) = (Eventually::new(EVENTUALLY_LIMIT), Instant::now());
        for look in 1..=64 {
            assert!(waits.again().await);
            assert_eq!(begun.elapsed(), Duration::from_millis(look));
        }
    }
}
