//! Conditions that come to hold.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long [`assert_eventually!`](crate::assert_eventually) waits, unless told otherwise.
pub const EVENTUALLY_LIMIT: Duration = Duration::from_secs(1);

/// How often [`assert_eventually!`](crate::assert_eventually) looks.
pub const POLL: Duration = Duration::from_millis(1);

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
        let left = self.limit.saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return false;
        }
        sleep(left.min(POLL)).await;
        true
    }
}

/// Waits until a condition holds, and panics if it does not within a second, or the limit after `within:`.
///
/// The condition is evaluated again and again, every millisecond of tokio's clock and once more in the end; it may await. A
/// text as of `format!` may come last. Prefer what tells, such as a monitor or an event, to what has to be asked.
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
