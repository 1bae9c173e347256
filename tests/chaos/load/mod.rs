//! The clients: what works while all is disturbed.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Clients`]: what they have |
//! | `orders.rs` | callers of the protected operation, in processes and outside of any |
//! | `events.rs` | those who store events |
//! | `settings.rs` | those who change the configuration |
//! | `room.rs` | those who hold room in memory, and tokens of a limit |
//! | `permits.rs` | those who hold permits by hand, and call through breakers by key |
//! | `tickets.rs` | those who wait for what there is never enough of |
//! | `figures.rs` | those who record, and what alerts are about |
//! | `listeners.rs` | those who are told of events, changes and alerts |

mod events;
mod figures;
mod listeners;
mod orders;
mod permits;
mod room;
mod settings;
mod tickets;

use mainstay::prelude::*;
use mainstay_supervisors::Namespace;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::book::Book;
use crate::database::Database;

pub(crate) use figures::{COUNTED, MEASURED};
pub(crate) use orders::{USERS, clerk};
pub(crate) use permits::FAMILY;

/// What the clients have.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) seed: u64,
    /// What the limiter `quota` lets through of each user.
    pub(crate) quota: u32,
    pub(crate) book: Book,
    pub(crate) database: Database,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Everything may fail.
    Chaos,
    /// Clients do nothing that fails.
    Calm,
    /// Clients go home, but for those who listen.
    Over,
    /// All has been told.
    Told,
}

impl Clients {
    /// What decides what a client does, or who disturbs, that is left to chance: by the seed of the run.
    pub(crate) fn chance(&self, salt: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.wrapping_mul(1_000_003).wrapping_add(salt))
    }

    /// Whether it is time to go home.
    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Over | Phase::Told)
    }

    fn is_calm(&self) -> bool {
        *self.phase.borrow() != Phase::Chaos
    }

    /// All that are no processes. They end by themselves when it is time.
    pub(crate) fn begin(&self, app: &Namespace) -> JoinSet<()> {
        let mut all = JoinSet::new();
        for nth in 0..3 {
            all.spawn(events::writer(self.clone(), app.clone(), nth));
            all.spawn(orders::caller(self.clone(), app.clone(), nth));
        }
        for client in ["first", "second"] {
            all.spawn(settings::changer(self.clone(), app.clone(), client));
        }
        all.spawn(room::holder(self.clone(), app.clone()));
        all.spawn(room::borrower(self.clone(), app.clone()));
        all.spawn(permits::holder(self.clone(), app.clone()));
        all.spawn(permits::keyed(self.clone(), app.clone()));
        all.spawn(tickets::office(self.clone(), app.clone()));
        all.spawn(figures::recorder(self.clone(), app.clone()));
        all.spawn(figures::tides(self.clone(), app.clone()));
        all
    }

    /// Those who listen. They end by themselves when all has been told.
    pub(crate) fn listen(&self, app: &Namespace) -> JoinSet<()> {
        let mut all = JoinSet::new();
        let stream = listeners::subscribe(app);
        all.spawn(listeners::events(self.clone(), stream));
        all.spawn(listeners::config(self.clone(), app.clone()));
        all.spawn(listeners::alerts(self.clone(), app.clone()));
        all
    }
}

/// What a process of the application finds where it runs.
fn here() -> Namespace {
    let process = current().expect("it is a process");
    process.namespace().expect("it is in a namespace")
}
