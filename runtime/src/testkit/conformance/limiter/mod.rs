//! What every rate limiter has to do.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`rate_limiter`], the suite |
//! | `face.rs` | [`Limits`]: what a limiter is, as far as the suite goes; [`LimiterSetup`], [`TimedLimiter`] |
//! | `ledger.rs` | what it should do: all that was taken, looked through at each question |
//! | `trial.rs` | one limiter that is tried |
//! | `count.rs`, `edges.rs`, `retry.rs`, `given_back.rs`, `anew.rs`, `clock.rs`, `race.rs` | the rules |

mod anew;
mod clock;
mod count;
mod edges;
mod face;
mod given_back;
mod ledger;
mod race;
mod retry;
mod trial;

use std::time::Duration;

use mainstay_specs::Algorithm;

pub use face::{Held, LimiterSetup, Limits, TimedLimiter};

use super::Violation;
use trial::Trial;

/// Limit, window in nanoseconds, and what a token bucket holds if that is another number. The last two do not come out even.
const SETUPS: [(u32, u64, Option<u32>); 5] = [
    (1, 1_000_000_000, None),
    (5, 1_000_000_000, Some(10)),
    (5, 60_000_000_000, Some(3)),
    (7, 1_000_000_007, None),
    (100, 999_999_937, None),
];

/// Holds a rate limiter against what users of [`Limiter`](mainstay_actors::Limiter) rely on. `make` is to make a new limiter that
/// goes by the setup, each time it is asked, at the time 0 of its own clock.
///
/// The suite sets the clock of the limiter, and checks each moment to the nanosecond. It needs no tokio.
///
/// ```
/// use mainstay::specs::Algorithm;
/// use mainstay::testkit::conformance::{self, LimiterSetup, TimedLimiter};
///
/// let make = |setup: &LimiterSetup| TimedLimiter::new(setup.config());
/// assert_eq!(conformance::rate_limiter(Algorithm::TokenBucket, make), Ok(()));
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
pub fn rate_limiter<L: Limits>(
    algorithm: Algorithm,
    make: impl Fn(&LimiterSetup) -> L,
) -> Result<(), Violation> {
    for (limit, window, burst_limit) in SETUPS {
        let setup = LimiterSetup {
            algorithm,
            limit,
            window: Duration::from_nanos(window),
            burst_limit: burst_limit.filter(|_| algorithm == Algorithm::TokenBucket),
        };
        let trial = || Trial::new(&setup, make(&setup));
        count::exactly_the_limit_at_once(&mut trial())?;
        count::takes_exactly_the_cost(&mut trial())?;
        count::refuses_what_is_too_dear(&mut trial())?;
        count::keeps_keys_apart(&mut trial())?;
        count::looking_takes_nothing(&mut trial())?;
        edges::are_exact(&mut trial())?;
        retry::says_exactly_when(&mut trial())?;
        given_back::can_be_had_again(&mut trial())?;
        given_back::is_not_given_twice(&mut trial())?;
        anew::is_as_new(&mut trial())?;
        clock::may_go_backwards(&mut trial())?;
        race::exactly_the_limit_wins(&setup, || make(&setup))?;
    }
    Ok(())
}
