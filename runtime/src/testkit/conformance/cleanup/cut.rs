//! What is dropped halfway.

use super::Cleanups;
use super::trial::Trial;
use crate::testkit::conformance::{Violation, same};

const CUT: &str =
    "a run that was dropped halfway leaves the service whole, and the next does what it did not";

/// How often a run is polled before.
const POLLS: usize = 8;

pub(super) async fn a_run_can_be_dropped<C: Cleanups>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for polls in 0..POLLS {
        trial.face.fill().await;
        trial.cut(polls, 1.0).await;
        trial.face.fill().await;
        trial.run(CUT, 1.0).await?;
        if !trial.is_trim() {
            same(CUT, &trial.face.size().await, &0)?;
        }
    }
    Ok(())
}
