//! Messages that come, and messages that do not.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Receive;

/// How long [`assert_receive!`](crate::assert_receive) and [`refute_receive!`](crate::refute_receive) wait, unless told
/// otherwise.
pub const RECEIVE_LIMIT: Duration = Duration::from_millis(100);

/// How many items a failure shows: the last ones.
const SHOWN_MAX: usize = 20;

/// What the macros are made of.
#[doc(hidden)]
pub struct Receiving<'a, R> {
    from: &'a mut R,
    limit: Duration,
    deadline: Option<Instant>,
    others: Vec<String>,
    closed: bool,
}

impl<'a, R: Receive> Receiving<'a, R> {
    pub(super) fn new(from: &'a mut R, limit: Duration) -> Self {
        Self {
            from,
            limit,
            deadline: Instant::now().checked_add(limit),
            others: Vec::new(),
            closed: false,
        }
    }

    /// The next item, until the time is up or no more will come.
    pub async fn next(&mut self) -> Option<R::Item> {
        let next = self.from.receive();
        let next = match self.deadline {
            Some(deadline) => timeout_at(deadline, next).await.ok()?,
            None => next.await,
        };
        self.closed = next.is_none();
        next
    }

    /// Keeps what was not looked for, for the text.
    pub fn skip(&mut self, item: &R::Item) {
        self.others.push(format!("{item:?}"));
    }

    #[must_use]
    pub fn nothing(&self, pattern: &str) -> String {
        let mut text = if self.closed {
            format!("expected `{pattern}`, and no more will come")
        } else {
            format!("expected `{pattern}` within {:?}", self.limit)
        };
        let hidden = self.others.len().saturating_sub(SHOWN_MAX);
        text.push_str(if self.others.is_empty() {
            "; received nothing"
        } else {
            "; received"
        });
        if hidden > 0 {
            text.push_str(&format!("\n  ({hidden} before these)"));
        }
        for item in &self.others[hidden..] {
            text.push_str(&format!("\n  {item}"));
        }
        text
    }

    #[must_use]
    pub fn something(pattern: &str, item: &str) -> String {
        format!("expected nothing like `{pattern}`, received {item}")
    }
}

impl<R> fmt::Debug for Receiving<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Waits until something that matches a pattern is received, and panics if nothing is within 100 ms, or the limit after
/// `within:`. Gives what stands after `=>`, if anything.
///
/// It receives from anything that is [`Receive`](crate::testkit::Receive). What comes before and does not match is taken out as
/// well; it is shown if it fails.
///
/// ```
/// use mainstay::testkit::{TestOptions, assert_receive, refute_receive, run};
///
/// run(TestOptions::new("messages").start_paused(true), |cx| async move {
///     let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
///     sender.send(Ok(7)).await?;
///     sender.send(Err("full")).await?;
///
///     let text = assert_receive!(receiver, Err(text) => text);
///     assert_eq!(text, "full");
///     refute_receive!(receiver, Ok(n) if n > 7);
///     Ok::<_, tokio::sync::mpsc::error::SendError<_>>(())
/// });
/// ```
#[macro_export]
macro_rules! assert_receive {
    ($from:expr, $pattern:pat $(if $guard:expr)? => $value:expr, within: $limit:expr $(,)?) => {{
        use $crate::testkit::Receive as _;
        let mut __receiving = $from.receiving($limit);
        loop {
            let ::core::option::Option::Some(__item) = __receiving.next().await else {
                let __pattern = ::core::stringify!($pattern $(if $guard)?);
                ::core::panic!("{}", __receiving.nothing(__pattern));
            };
            #[allow(unused_variables, unreachable_patterns, clippy::match_single_binding)]
            match __item {
                $pattern $(if $guard)? => break $value,
                __other => __receiving.skip(&__other),
            }
        }
    }};
    ($from:expr, $pattern:pat $(if $guard:expr)? => $value:expr $(,)?) => {
        $crate::assert_receive!(
            $from,
            $pattern $(if $guard)? => $value,
            within: $crate::testkit::RECEIVE_LIMIT
        )
    };
    ($from:expr, $pattern:pat $(if $guard:expr)? $(, within: $limit:expr)? $(,)?) => {
        $crate::assert_receive!(
            $from,
            $pattern $(if $guard)? => (),
            within: $crate::assert_receive!(@limit $($limit)?)
        )
    };
    (@limit) => { $crate::testkit::RECEIVE_LIMIT };
    (@limit $limit:expr) => { $limit };
}

/// Waits for 100 ms, or for the limit after `within:`, and panics if something that matches a pattern is received.
///
/// It receives from anything that is [`Receive`](crate::testkit::Receive). What comes is taken out. Where the clock is paused,
/// it costs no time.
#[macro_export]
macro_rules! refute_receive {
    ($from:expr, $pattern:pat $(if $guard:expr)? $(, within: $limit:expr)? $(,)?) => {{
        use $crate::testkit::Receive as _;
        let mut __receiving = $from.receiving($crate::assert_receive!(@limit $($limit)?));
        while let ::core::option::Option::Some(__item) = __receiving.next().await {
            let __text = ::std::format!("{__item:?}");
            #[allow(unused_variables, unreachable_patterns, clippy::match_single_binding)]
            match __item {
                $pattern $(if $guard)? => {
                    let __pattern = ::core::stringify!($pattern $(if $guard)?);
                    ::core::panic!("expected nothing like `{__pattern}`, received {__text}");
                }
                __other => __receiving.skip(&__other),
            }
        }
    }};
}
