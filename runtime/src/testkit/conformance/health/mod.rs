//! What everything has to do that can be asked how it fares.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`health_checkable`], the suite |
//! | `answers.rs` | the rules about answers |
//! | `asking.rs` | the rules about being asked |

mod answers;
mod asking;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use mainstay_actors::health::HealthCheckable;
use tokio::time::timeout;

use super::Violation;

/// Holds something that can be asked how it fares against what a [`HealthAggregator`](mainstay_actors::HealthAggregator) relies on. How it
/// fares meanwhile does not matter. It runs in tokio.
///
/// ```
/// use mainstay::actors::health::{CheckResult, check_fn};
/// use mainstay::testkit::conformance;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let check = check_fn(|| async { CheckResult::healthy("queue", "it is short") });
/// assert_eq!(conformance::health_checkable(&check).await, Ok(()));
/// # }
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
pub async fn health_checkable<C: HealthCheckable>(check: &C) -> Result<(), Violation> {
    answers::have_names(check).await?;
    answers::say_what_is_wrong(check).await?;
    answers::have_the_same_parts_each_time(check).await?;
    answers::are_the_worst_of_their_parts(check).await?;
    answers::look_closely_at_least_at_what_they_look_at_anyway(check).await?;
    asking::can_be_given_up(check).await?;
    asking::can_be_done_by_many_at_once(check).await
}

/// How long anything may take: as an aggregator has it that is told nothing else.
const LIMIT: Duration = Duration::from_secs(10);

async fn within<T>(asked: impl Future<Output = T>) -> Result<T, Violation> {
    timeout(LIMIT, asked).await.map_err(|_| Violation {
        rule: "whatever is asked is answered within 10 seconds",
        expected: "an answer".to_owned(),
        found: "none".to_owned(),
    })
}

fn broken(rule: &'static str, expected: &dyn fmt::Display, found: &dyn fmt::Debug) -> Violation {
    Violation {
        rule,
        expected: expected.to_string(),
        found: format!("{found:?}"),
    }
}
