//! What is left in a connection.

use mainstay_actors::pool::{Condition, LeaseEnd};

use super::Connections;
use super::trial::{ORDERLY, Trial, broken};
use crate::testkit::conformance::Violation;

const SOILED: &str = "a connection in which something was left is not clean";
const BACK: &str = "a connection that was brought back is clean, answers, and shows nothing of what was left in it";

/// How often one connection is brought back.
const TIMES: usize = 5;

pub(super) async fn nothing_is_handed_on<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for end in [LeaseEnd::CheckedIn, LeaseEnd::Dropped, LeaseEnd::Cancelled] {
        let mut connection = trial.make(SOILED).await?;
        if !trial.soil(&mut connection).await? {
            return trial.close(connection).await;
        }
        trial.is_not_clean(SOILED, &mut connection, &[end])?;
        if trial.comes_back(&mut connection, end).await? {
            is_as_it_was(trial, &mut connection).await?;
        }
        trial.close(connection).await?;
    }
    Ok(())
}

/// Also after something else was left in it.
pub(super) async fn it_can_be_brought_back_again_and_again<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    let mut connection = trial.make(BACK).await?;
    for _ in 0..TIMES {
        if !trial.soil(&mut connection).await? {
            break;
        }
        if trial.manager_says_broken(&mut connection) {
            break;
        }
        if !trial
            .comes_back(&mut connection, LeaseEnd::CheckedIn)
            .await?
        {
            return Err(broken(BACK, "a reset to succeed", "that it failed"));
        }
        is_as_it_was(trial, &mut connection).await?;
    }
    trial.close(connection).await
}

async fn is_as_it_was<C: Connections>(
    trial: &Trial<'_, C>,
    connection: &mut super::trial::Conn<C>,
) -> Result<(), Violation> {
    trial.is(BACK, connection, Condition::Clean, &ORDERLY)?;
    trial.answers(BACK, connection).await?;
    trial.is_unsoiled(BACK, connection).await
}
