//! Looking worse than one is, for drills and tests.

use std::borrow::Cow;
use std::sync::{Arc, Weak};
use std::time::Duration;

use mainstay_specs::ServiceName;

use super::book::Pretence;
use super::cell::Cell;
use super::error::HealthError;
use super::status::HealthStatus;

/// Makes a check look worse than it is, as long as it is there and its time is not up.
///
/// It is seen: the result says that it is simulated. What is really worse is not masked.
#[derive(Debug)]
#[must_use = "what is simulated ends when this is dropped"]
pub struct Simulation {
    cell: Weak<Cell>,
    name: ServiceName,
    number: u64,
}

impl Simulation {
    /// Which check looks worse.
    #[must_use]
    pub const fn service(&self) -> &ServiceName {
        &self.name
    }

    /// Ends it; as dropping it does.
    pub fn end(self) {}
}

impl Drop for Simulation {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.upgrade() {
            let now = cell.now();
            cell.book(|book| book.pretend_no_more(&self.name, self.number, now));
            cell.work.notify_one();
        }
    }
}

/// The longest that anything may be simulated.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Cell {
    pub(crate) fn simulate(
        self: &Arc<Self>,
        name: &ServiceName,
        part: Cow<'static, str>,
        status: HealthStatus,
        message: Cow<'static, str>,
        time: Duration,
    ) -> Result<Simulation, HealthError> {
        self.check_open()?;
        let now = self.now();
        let make = |number| Pretence {
            number,
            part,
            status,
            message,
            until: now.at + time.min(LONGEST),
        };
        let number = self.book(|book| book.pretend(name.as_str(), make, now))?;
        self.work.notify_one();
        Ok(Simulation {
            cell: Arc::downgrade(self),
            name: name.clone(),
            number,
        })
    }
}
