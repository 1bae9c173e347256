//! What is held of a runtime or a namespace, and by whom.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::process::{Pid, Process, current};

/// What is held of a runtime or a namespace: subscriptions, listeners, streams, and whatever else somebody was given who should
/// give it back. Cheap to clone; all clones are the same ledger.
///
/// A service notes here what it hands out, so that a test, or an operator, can ask what was not given back and who has it.
/// The ledger keeps nothing up, and can be read when the namespace has ended. Noting and striking out take a lock for a
/// moment: they belong where something is handed out and given back, not where it is used.
///
/// ```
/// use mainstay_supervisors::Runtime;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::new();
/// let app = runtime.namespace("app").await?;
///
/// let lease = app.ledger().hold("lease", "connection 1");
/// let held = app.ledger().held();
/// assert_eq!((held[0].what, held[0].name.as_str()), ("lease", "connection 1"));
///
/// drop(lease);
/// assert!(app.ledger().held().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    /// By number, which is the order in which they were handed out.
    held: BTreeMap<u64, Holding>,
    next: u64,
}

/// Something that is held.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Holding {
    /// What kind of thing it is, such as `config subscription`.
    pub what: &'static str,
    /// Which one of its kind.
    pub name: String,
    /// Where it was handed out, in the code of whoever asked for it.
    pub made_at: &'static Location<'static>,
    /// The process that asked for it, if it was one.
    pub holder: Option<Holder>,
    /// When, by the clock of tokio.
    pub since: Instant,
}

/// Who holds something: what is known of the process, which it does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The ids from the root down to it, joined by `/`.
    pub path: String,
    /// Its number.
    pub pid: Pid,
}

impl Holder {
    fn of(process: &Process) -> Self {
        Self {
            path: process.path(),
            pid: process.pid(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.pid)
    }
}

/// Such as `config subscription (pool), made at src/pool.rs:12:9 by app/children/pool #7`.
impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}), made at {}", self.what, self.name, self.made_at)?;
        match &self.holder {
            Some(holder) => write!(f, " by {holder}"),
            None => Ok(()),
        }
    }
}

/// The right to something that is noted in a [`Ledger`]. Dropping it strikes it out.
#[derive(Debug)]
#[must_use = "it is given back when this is dropped"]
pub struct Hold {
    ledger: Ledger,
    number: u64,
}

impl Ledger {
    /// Notes that the caller holds something, until what is returned is dropped.
    #[track_caller]
    pub fn hold(&self, what: &'static str, name: impl Into<String>) -> Hold {
        self.hold_at(what, name, Location::caller())
    }

    /// As [`hold`](Self::hold), for a caller who was at this place in the code: closures and the bodies of async functions do
    /// not know who called them.
    pub fn hold_at(
        &self,
        what: &'static str,
        name: impl Into<String>,
        made_at: &'static Location<'static>,
    ) -> Hold {
        let holding = Holding {
            what,
            name: name.into(),
            made_at,
            holder: current().as_ref().map(Holder::of),
            since: Instant::now(),
        };
        let mut book = self.lock();
        let number = book.next;
        book.next += 1;
        book.held.insert(number, holding);
        drop(book);
        Hold {
            ledger: self.clone(),
            number,
        }
    }

    /// What is held, in the order in which it was handed out.
    #[must_use]
    pub fn held(&self) -> Vec<Holding> {
        self.lock().held.values().cloned().collect()
    }

    /// A poisoned lock is taken all the same: nothing but the map's own code runs under it.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    pub(crate) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let struck = self.ledger.lock().held.remove(&self.number);
        drop(struck);
    }
}
