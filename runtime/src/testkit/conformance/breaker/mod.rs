//! What every circuit breaker has to do.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`circuit_breaker`], the suite |
//! | `face.rs` | [`Breaker`]: what a breaker is, as far as the suite goes; [`BreakerSetup`] |
//! | `trial.rs` | one breaker that is tried |
//! | `closed.rs`, `open.rs`, `half_open.rs`, `late.rs`, `race.rs` | the rules |

mod closed;
mod face;
mod half_open;
mod late;
mod open;
mod race;
mod trial;

use std::time::Duration;

pub use face::{Breaker, BreakerSetup};

use super::Violation;
use trial::Trial;

/// With how many failures they open, and how many probes they let through.
const SETUPS: [(u32, u32); 3] = [(1, 1), (3, 2), (5, 3)];

/// Holds a circuit breaker against what users of [`CircuitBreaker`](mainstay_actors::CircuitBreaker) rely on. `make` is to make a new
/// breaker that goes by the setup, each time it is asked.
///
/// Time is that of tokio, whose clock has to stand still: the suite puts it on, and checks each moment exactly.
///
/// ```
/// use mainstay::actors::CircuitBreaker;
/// use mainstay::specs::ServiceName;
/// use mainstay::testkit::conformance::{self, BreakerSetup};
/// use mainstay::testkit::{TestContext, TestOptions, run};
///
/// run(TestOptions::new("my_breaker").start_paused(true), async |_: TestContext| {
///     let name = ServiceName::new("mine")?;
///     let make = |setup: &BreakerSetup| CircuitBreaker::new(name.clone(), setup.config()).expect("it is valid");
///     conformance::circuit_breaker(make).await?;
///     Ok::<(), Box<dyn std::error::Error>>(())
/// });
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
///
/// # Panics
///
/// If the clock of tokio does not stand still.
pub async fn circuit_breaker<B: Breaker>(
    make: impl Fn(&BreakerSetup) -> B,
) -> Result<(), Violation> {
    for (failures, probes) in SETUPS {
        let setup = BreakerSetup {
            failures,
            window: Duration::from_secs(60),
            open_for: Duration::from_secs(30),
            probes,
            probe_deadline: Duration::from_secs(10),
        };
        let trial = || Trial::new(&setup, make(&setup));
        closed::lets_calls_through(&trial())?;
        closed::opens_on_the_nth_failure(&trial())?;
        closed::forgets_old_failures(&trial()).await?;
        closed::learns_nothing_from_neutral_calls(&trial())?;
        closed::counts_panics(&trial())?;
        open::refuses_until_the_time_is_up(&trial()).await?;
        half_open::lets_exactly_the_probes_through(&trial()).await?;
        half_open::hands_permits_on(&trial()).await?;
        half_open::closes_when_all_succeed(&trial()).await?;
        half_open::opens_again_when_one_fails(&trial()).await?;
        half_open::waits_for_no_probe_for_ever(&trial()).await?;
        late::calls_of_before_decide_nothing(&trial()).await?;
        late::probes_of_before_decide_nothing(&trial()).await?;
        late::probes_whose_time_is_up_decide_nothing(&trial()).await?;
        race::exactly_the_probes_win(trial).await?;
    }
    Ok(())
}
