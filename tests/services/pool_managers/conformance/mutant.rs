//! Managers that do something wrong.

use std::cell::Cell;

use mainstay::testkit::conformance::{self, Connections, Violation};
use mainstay::testkit::{MockConnection, MockConnections, MockError, MockOptions};
use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

use super::super::soon;

/// What a manager does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Nothing,
    SaysClean,
    ForgetsToReset,
    TrustsTheDead,
    AnswersForTheDead,
    HangsOnClosing,
    SharesOne,
    SoilsByPing,
    CleansTooEarly,
    MissesWhatWasCutOff,
}

/// A manager of mocks that does something wrong.
struct Mutant {
    wrong: Wrong,
    mock: MockConnections,
}

impl ConnectionPool for Mutant {
    type Conn = MockConnection;
    type Options = MockOptions;
    type Error = MockError;

    async fn create_connection(&self, options: &MockOptions) -> Result<MockConnection, MockError> {
        self.mock.create_connection(options).await
    }

    async fn close_connection(&self, connection: MockConnection) {
        if self.wrong == Wrong::HangsOnClosing && connection.is_severed() {
            std::future::pending::<()>().await;
        }
        self.mock.close_connection(connection).await;
    }

    async fn ping_connection(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        if self.wrong == Wrong::SoilsByPing {
            connection.soil();
        }
        let answer = self.mock.ping_connection(connection).await;
        if self.wrong == Wrong::AnswersForTheDead {
            return Ok(());
        }
        answer
    }

    async fn reset_connection(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        if self.wrong == Wrong::ForgetsToReset {
            return Ok(());
        }
        self.mock.reset_connection(connection).await
    }

    fn condition(&self, connection: &mut MockConnection, end: LeaseEnd) -> Condition {
        match (self.wrong, end) {
            (Wrong::SaysClean, LeaseEnd::CheckedIn | LeaseEnd::Dropped)
                if !connection.is_severed() =>
            {
                Condition::Clean
            }
            (Wrong::TrustsTheDead, LeaseEnd::OwnerDied) if !connection.is_severed() => {
                Condition::Clean
            }
            (Wrong::CleansTooEarly, LeaseEnd::Cancelled) => Condition::Clean,
            _ => self.mock.condition(connection, end),
        }
    }
}

/// With whether an operation was begun and has not ended.
struct OnMutant(Wrong, Cell<bool>);

impl Connections for OnMutant {
    type Manager = Mutant;

    fn manager(&self) -> Mutant {
        let mock = MockConnections::new();
        let wrong = self.0;
        Mutant { wrong, mock }
    }

    fn options(&self) -> MockOptions {
        MockOptions::default()
    }

    async fn soil(&self, connection: &mut MockConnection) -> bool {
        connection.soil();
        true
    }

    async fn is_soiled(&self, connection: &mut MockConnection) -> bool {
        let is_shared = self.0 == Wrong::SharesOne && connection.id() > 1;
        let is_cut_off = self.0 == Wrong::MissesWhatWasCutOff && self.1.get();
        connection.is_soiled() || is_shared || is_cut_off
    }

    async fn operate(&self, _connection: &mut MockConnection) {
        self.1.set(true);
        tokio::task::yield_now().await;
        self.1.set(false);
    }

    async fn sever(&self, connection: &mut MockConnection) -> bool {
        connection.sever();
        true
    }
}

async fn held_against_the_suite(wrong: Wrong) -> Result<(), Violation> {
    soon(conformance::connection_pool(&OnMutant(
        wrong,
        Cell::new(false),
    )))
    .await
}

#[tokio::test(start_paused = true)]
async fn each_rule_is_broken_by_a_manager_that_does_that_wrong() {
    assert_eq!(held_against_the_suite(Wrong::Nothing).await, Ok(()));
    let rules = [
        (
            Wrong::SaysClean,
            "a connection in which something was left is not clean",
        ),
        (
            Wrong::ForgetsToReset,
            "a connection that was brought back is clean, answers, and shows nothing of what was left in it",
        ),
        (
            Wrong::TrustsTheDead,
            "the connection of a borrower that panicked or died is not clean",
        ),
        (
            Wrong::AnswersForTheDead,
            "a connection that was ended from the other side does not answer, and is broken",
        ),
        (
            Wrong::HangsOnClosing,
            "whatever is done with a connection comes to an end within 10 seconds",
        ),
        (
            Wrong::SharesOne,
            "what is done in one connection is not seen in another",
        ),
        (
            Wrong::SoilsByPing,
            "a new connection is clean, and answers a ping",
        ),
        (
            Wrong::CleansTooEarly,
            "a connection in which something was left is not clean",
        ),
        (
            Wrong::MissesWhatWasCutOff,
            "after a borrower's operation that was dropped halfway, a connection is not clean, or answers and shows nothing of it",
        ),
    ];
    for (wrong, rule) in rules {
        let broken = held_against_the_suite(wrong)
            .await
            .expect_err("it is wrong");
        assert_eq!(broken.rule, rule, "{wrong:?}: {broken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_violation_says_what_should_have_come_and_what_came() {
    let broken = held_against_the_suite(Wrong::SaysClean).await;
    assert_eq!(
        broken.expect_err("it is wrong").to_string(),
        "broken: a connection in which something was left is not clean; expected it not to be clean after CheckedIn, \
         found that it is"
    );
}
