//! One manager that is tried.

use std::error::Error;
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};
use tokio::time::timeout;

use super::Connections;
use crate::testkit::conformance::Violation;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Ends of leases after which a connection may be lent again.
pub(super) const ORDERLY: [LeaseEnd; 2] = [LeaseEnd::CheckedIn, LeaseEnd::Dropped];

/// Ends of leases after which nobody can say what was under way.
pub(super) const DISORDERLY: [LeaseEnd; 2] = [LeaseEnd::Panicked, LeaseEnd::OwnerDied];

pub(super) type Conn<C> = <<C as Connections>::Manager as ConnectionPool>::Conn;
type Options<C> = <<C as Connections>::Manager as ConnectionPool>::Options;

const ENDS: &str = "whatever is done with a connection comes to an end within 10 seconds";

pub(super) struct Trial<'a, C: Connections> {
    pub(super) face: &'a C,
    pub(super) manager: C::Manager,
    pub(super) options: Options<C>,
}

impl<'a, C: Connections> Trial<'a, C> {
    pub(super) fn new(face: &'a C) -> Self {
        Self {
            manager: face.manager(),
            options: face.options(),
            face,
        }
    }

    /// A new connection.
    pub(super) async fn make(&self, rule: &'static str) -> Result<Conn<C>, Violation> {
        let made = within(
            "a connection",
            self.manager.create_connection(&self.options),
        )
        .await?;
        made.map_err(|error| broken(rule, "a connection", &chain(&error)))
    }

    pub(super) async fn answers(
        &self,
        rule: &'static str,
        connection: &mut Conn<C>,
    ) -> Result<(), Violation> {
        let answer = within("an answer", self.manager.ping_connection(connection)).await?;
        answer.map_err(|error| broken(rule, "an answer to a ping", &chain(&error)))
    }

    pub(super) async fn close(&self, connection: Conn<C>) -> Result<(), Violation> {
        within("closing it", self.manager.close_connection(connection)).await
    }

    /// Leaves something in it; `false` if the manager promises nothing about that.
    pub(super) async fn soil(&self, connection: &mut Conn<C>) -> Result<bool, Violation> {
        within("leaving something", self.face.soil(connection)).await
    }

    /// It has to be in this condition after each of these ends.
    pub(super) fn is(
        &self,
        rule: &'static str,
        connection: &mut Conn<C>,
        expected: Condition,
        ends: &[LeaseEnd],
    ) -> Result<(), Violation> {
        for end in ends {
            let found = self.manager.condition(connection, *end);
            if found != expected {
                let expected = format!("it to be {expected:?} after {end:?}");
                return Err(broken(rule, &expected, &format!("{found:?}")));
            }
        }
        Ok(())
    }

    /// It must not be clean after any of these ends.
    pub(super) fn is_not_clean(
        &self,
        rule: &'static str,
        connection: &mut Conn<C>,
        ends: &[LeaseEnd],
    ) -> Result<(), Violation> {
        for end in ends {
            if self.manager.condition(connection, *end) == Condition::Clean {
                let expected = format!("it not to be clean after {end:?}");
                return Err(broken(rule, &expected, "that it is"));
            }
        }
        Ok(())
    }

    /// Does with it what a pool does with one that comes back in order. Gives whether it may be lent again.
    pub(super) async fn comes_back(
        &self,
        connection: &mut Conn<C>,
        end: LeaseEnd,
    ) -> Result<bool, Violation> {
        Ok(match self.manager.condition(connection, end) {
            Condition::Clean => true,
            Condition::Broken => false,
            Condition::Dirty => {
                let reset = self.manager.reset_connection(connection);
                within("a reset", reset).await?.is_ok()
            }
        })
    }

    /// Whether it is closed rather than brought back.
    pub(super) fn manager_says_broken(&self, connection: &mut Conn<C>) -> bool {
        self.manager.condition(connection, LeaseEnd::CheckedIn) == Condition::Broken
    }

    /// Nothing may be left in it.
    pub(super) async fn is_unsoiled(
        &self,
        rule: &'static str,
        connection: &mut Conn<C>,
    ) -> Result<(), Violation> {
        if within("a look", self.face.is_soiled(connection)).await? {
            return Err(broken(
                rule,
                "a connection without what was left in it",
                "one with it",
            ));
        }
        Ok(())
    }
}

/// What a future comes to, which must not hang.
pub(super) async fn within<F: Future>(what: &str, future: F) -> Result<F::Output, Violation> {
    let done = timeout(LIMIT, future).await;
    done.map_err(|_| broken(ENDS, what, "nothing"))
}

/// Polls a future so often, lets everything else go on in between, and drops it. Gives whether it ended before.
pub(super) async fn polled<F: Future>(times: usize, future: F) -> bool {
    let mut future = pin!(future);
    for _ in 0..times {
        if poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

pub(super) fn broken(rule: &'static str, expected: &str, found: &str) -> Violation {
    Violation {
        rule,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// An error, with all that it rests on.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        // Writing to a text does not fail.
        write!(text, ": {error}").ok();
        below = error.source();
    }
    text
}
