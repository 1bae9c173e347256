//! What it frees.

use super::Cleanups;
use super::trial::{Trial, broken};
use crate::testkit::conformance::{Violation, same};

const ALL: &str = "when all is wanted, all goes that can";
const TOLD: &str = "a run that has freed something says so";
const NOTHING: &str =
    "where there is nothing to be freed, a run succeeds and says that nothing has gone";
const LESS: &str = "when less is wanted, no more goes than when all is";
const AGAIN: &str = "a service that was cleaned works, and can be cleaned again";

/// How often a service is cleaned.
const TIMES: usize = 5;

pub(super) async fn all_is_freed_when_all_is_wanted<C: Cleanups>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    trial.face.fill().await;
    if trial.is_trim() {
        return trial.run(ALL, 1.0).await.map(drop);
    }
    if trial.face.size().await == 0 {
        return Err(broken(ALL, "something to be freed", "nothing"));
    }
    let report = trial.run(ALL, 1.0).await?;
    same(ALL, &trial.face.size().await, &0)?;
    let says_so = report.entries > 0 || report.bytes.is_some_and(|bytes| bytes > 0);
    same(TOLD, &says_so, &true)
}

pub(super) async fn nothing_is_freed_when_there_is_nothing<C: Cleanups>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    if trial.is_trim() {
        return Ok(());
    }
    let report = trial.run(NOTHING, 1.0).await?;
    let told = (report.entries, report.bytes.unwrap_or(0));
    same(NOTHING, &told, &(0, 0))
}

pub(super) async fn less_is_freed_when_less_is_wanted<C: Cleanups>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    if trial.is_trim() {
        return trial.run(LESS, 0.0).await.map(drop);
    }
    trial.face.fill().await;
    let full = trial.face.size().await;
    trial.run(LESS, 0.0).await?;
    let left = trial.face.size().await;
    if left > full {
        return Err(broken(
            LESS,
            &format!("at most {full} to be left"),
            &left.to_string(),
        ));
    }
    // What nobody would miss may be all there is; what is left goes when all is wanted.
    trial.run(LESS, 1.0).await?;
    same(LESS, &trial.face.size().await, &0)
}

pub(super) async fn it_works_again_and_again<C: Cleanups>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for _ in 0..TIMES {
        trial.face.fill().await;
        if !trial.is_trim() && trial.face.size().await == 0 {
            return Err(broken(AGAIN, "something to be freed", "nothing"));
        }
        trial.run(AGAIN, 1.0).await?;
        if !trial.is_trim() {
            same(AGAIN, &trial.face.size().await, &0)?;
        }
    }
    Ok(())
}
