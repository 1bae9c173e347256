//! From its making to its end.

use mainstay_actors::pool::{Condition, ConnectionPool};

use super::Connections;
use super::trial::{DISORDERLY, ORDERLY, Trial, broken, within};
use crate::testkit::conformance::Violation;

const NEW: &str = "a new connection is clean, and answers a ping";
const APART: &str = "what is done in one connection is not seen in another";
const DIED: &str = "the connection of a borrower that panicked or died is not clean";
const ENDED: &str =
    "a connection that was ended from the other side does not answer, and is broken";

/// How many are open at a time.
const SEVERAL: usize = 4;

pub(super) async fn a_new_one_works<C: Connections>(trial: &Trial<'_, C>) -> Result<(), Violation> {
    let mut connection = trial.make(NEW).await?;
    trial.is(NEW, &mut connection, Condition::Clean, &ORDERLY)?;
    for _ in 0..3 {
        trial.answers(NEW, &mut connection).await?;
        // A ping leaves nothing.
        trial.is(NEW, &mut connection, Condition::Clean, &ORDERLY)?;
    }
    trial.close(connection).await
}

pub(super) async fn several_are_apart<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    let mut all = Vec::new();
    for _ in 0..SEVERAL {
        all.push(trial.make(APART).await?);
    }
    let Some((first, others)) = all.split_first_mut() else {
        return Ok(());
    };
    trial.soil(first).await?;
    for other in others {
        trial.is(APART, other, Condition::Clean, &ORDERLY)?;
        trial.is_unsoiled(APART, other).await?;
        trial.answers(APART, other).await?;
    }
    for connection in all {
        trial.close(connection).await?;
    }
    Ok(())
}

pub(super) async fn whoever_died_leaves_it_unclean<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    let mut connection = trial.make(DIED).await?;
    trial.is_not_clean(DIED, &mut connection, &DISORDERLY)?;
    trial.soil(&mut connection).await?;
    trial.is_not_clean(DIED, &mut connection, &DISORDERLY)?;
    trial.close(connection).await
}

pub(super) async fn one_that_ended_is_broken<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    let mut connection = trial.make(ENDED).await?;
    if !within("an end", trial.face.sever(&mut connection)).await? {
        return trial.close(connection).await;
    }
    let answer = within("an error", trial.manager.ping_connection(&mut connection)).await?;
    if answer.is_ok() {
        return Err(broken(ENDED, "a ping to fail", "an answer"));
    }
    trial.is(ENDED, &mut connection, Condition::Broken, &ORDERLY)?;
    trial.is(ENDED, &mut connection, Condition::Broken, &DISORDERLY)?;
    let reset = trial.manager.reset_connection(&mut connection);
    within("a reset", reset).await?.ok();
    trial.is(ENDED, &mut connection, Condition::Broken, &ORDERLY)?;
    trial.close(connection).await
}

/// Whatever state it is in.
pub(super) async fn closing_ends<C: Connections>(trial: &Trial<'_, C>) -> Result<(), Violation> {
    trial.close(trial.make(NEW).await?).await?;
    drop(trial.make(NEW).await?);
    let mut soiled = trial.make(NEW).await?;
    trial.soil(&mut soiled).await?;
    trial.close(soiled).await?;
    let mut severed = trial.make(NEW).await?;
    within("an end", trial.face.sever(&mut severed)).await?;
    trial.close(severed).await
}
