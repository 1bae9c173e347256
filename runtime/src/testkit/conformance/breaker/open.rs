//! While it is open.

use std::time::Duration;

use super::Breaker;
use super::trial::{TICK, Trial, pass};
use crate::testkit::conformance::{Violation, same};

const OPEN: &str = "while it is open, calls are refused";
const WHEN: &str = "a refusal says how long it is open yet, if it says anything";
const TIME_UP: &str = "when the time is up, a call is let through";

pub(super) async fn refuses_until_the_time_is_up<B: Breaker>(
    trial: &Trial<'_, B>,
) -> Result<(), Violation> {
    trial.open(OPEN)?;
    let open_for = trial.setup.open_for;
    let mut left = open_for;
    for passes in [Duration::ZERO, open_for / 2, open_for / 2 - TICK] {
        pass(passes).await;
        left -= passes;
        for _ in 0..10 {
            let wait = trial.refused(OPEN, format!("{left:?} before the time is up"))?;
            same(WHEN, &wait.unwrap_or(left), &left)?;
        }
    }
    pass(left).await;
    trial.admitted(TIME_UP, "at that moment").map(drop)
}
