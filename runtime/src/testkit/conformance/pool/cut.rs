//! What is dropped halfway.

use mainstay_actors::pool::{ConnectionPool, LeaseEnd};

use super::Connections;
use super::trial::{Trial, polled};
use crate::testkit::conformance::Violation;

const MAKING: &str = "a connection whose making was dropped halfway is in the way of no other";
const PING: &str = "after a ping that was dropped halfway, a connection is not clean, or works";
const RESET: &str = "after a reset that was dropped halfway, a connection is not clean, or shows nothing of what was left in it";
const OPERATION: &str = "after a borrower's operation that was dropped halfway, a connection is not clean, or answers and shows nothing of it";
const CLOSING: &str = "a connection whose closing was dropped halfway is in the way of no other";

/// How often what is dropped is polled before.
const POLLS: usize = 8;

pub(super) async fn making_can_be_dropped<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for times in 0..POLLS {
        polled(times, trial.manager.create_connection(&trial.options)).await;
    }
    works(trial, MAKING).await
}

pub(super) async fn a_ping_can_be_dropped<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for times in 0..POLLS {
        let mut connection = trial.make(PING).await?;
        polled(times, trial.manager.ping_connection(&mut connection)).await;
        if trial.comes_back(&mut connection, LeaseEnd::Dropped).await? {
            trial.answers(PING, &mut connection).await?;
        }
        trial.close(connection).await?;
    }
    works(trial, PING).await
}

pub(super) async fn a_reset_can_be_dropped<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for times in 0..POLLS {
        let mut connection = trial.make(RESET).await?;
        trial.soil(&mut connection).await?;
        polled(times, trial.manager.reset_connection(&mut connection)).await;
        if trial.comes_back(&mut connection, LeaseEnd::Dropped).await? {
            trial.is_unsoiled(RESET, &mut connection).await?;
        }
        trial.close(connection).await?;
    }
    works(trial, RESET).await
}

pub(super) async fn an_operation_can_be_dropped<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for times in 0..POLLS {
        let mut connection = trial.make(OPERATION).await?;
        polled(times, trial.face.operate(&mut connection)).await;
        if trial.comes_back(&mut connection, LeaseEnd::Dropped).await? {
            trial.answers(OPERATION, &mut connection).await?;
            trial.is_unsoiled(OPERATION, &mut connection).await?;
        }
        trial.close(connection).await?;
    }
    works(trial, OPERATION).await
}

pub(super) async fn closing_can_be_dropped<C: Connections>(
    trial: &Trial<'_, C>,
) -> Result<(), Violation> {
    for times in 0..POLLS {
        let mut connection = trial.make(CLOSING).await?;
        trial.soil(&mut connection).await?;
        polled(times, trial.manager.close_connection(connection)).await;
    }
    works(trial, CLOSING).await
}

async fn works<C: Connections>(trial: &Trial<'_, C>, rule: &'static str) -> Result<(), Violation> {
    let mut connection = trial.make(rule).await?;
    trial.answers(rule, &mut connection).await?;
    trial.is_unsoiled(rule, &mut connection).await?;
    trial.close(connection).await
}
