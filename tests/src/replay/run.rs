//! Replays many scenarios at once: they mostly wait. Verdicts are told in the order of the files.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::load::Found;
use super::matching::Difference;
use super::scenario::{Scenario, Story};
use super::verdict::{Mismatch, Tally, Verdict, describe};
use super::{registry, skip, supervision, tasks};

/// How scenarios are replayed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many at once.
    pub jobs: usize,
    /// Whether every step is told.
    pub verbose: bool,
}

/// Far longer than any scenario takes, so that one that hangs is told as a failure.
const PATIENCE: Duration = Duration::from_secs(300);

/// Replays all, and tells in `out` what is not as recorded.
///
/// # Errors
///
/// That `out` cannot be written to; what is still being replayed then goes on unheard.
pub async fn run(found: Vec<Found>, options: Options, out: &mut impl Write) -> io::Result<Tally> {
    let permits = Arc::new(Semaphore::new(options.jobs));
    let start = |found: Found| {
        let (permits, scenario) = (Arc::clone(&permits), found.scenario.clone());
        let verdict = tokio::spawn(async move {
            // The semaphore is never closed; without a permit it would only be slower.
            let _permit = permits.acquire_owned().await.ok();
            replay(&scenario, options.verbose).await
        });
        (found, verdict)
    };
    let running: Vec<(Found, JoinHandle<Verdict>)> = found.into_iter().map(start).collect();
    let mut tally = Tally::default();
    for (Found { file, scenario }, verdict) in running {
        let verdict = verdict.await.unwrap_or_else(|error| gone_wrong(&error));
        tally.add(&verdict);
        write!(out, "{}", describe(&file, &scenario, &verdict))?;
    }
    Ok(tally)
}

async fn replay(scenario: &Scenario, verbose: bool) -> Verdict {
    let attempt = tokio::time::timeout(PATIENCE, tell(scenario, verbose));
    attempt.await.unwrap_or_else(|error| gone_wrong(&error))
}

async fn tell(scenario: &Scenario, verbose: bool) -> Verdict {
    match &scenario.story {
        Story::Supervision(root, steps) => {
            supervision::replay(scenario, root, steps, verbose).await
        }
        Story::Registry(spec, steps) => registry::replay(scenario, spec, steps, verbose).await,
        Story::Tasks(spec, steps) => tasks::replay(scenario, spec, steps, verbose).await,
        Story::Untypable(why) => skip::untypable(why),
    }
}

/// The replay itself panicked or hung.
fn gone_wrong(error: &dyn std::fmt::Display) -> Verdict {
    Verdict::Failed(Mismatch {
        step: None,
        difference: Difference::new("the replay", &"a replay", error),
    })
}
