//! Supervisors.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Supervisor`], the builder; what is started as a supervisor |
//! | `decide.rs` | who is restarted, in which order, or whether to give up: pure |
//! | `history.rs`, `budget.rs` | how often restarts happened of late; how many are left: [`RestartBudget`] |
//! | `spec.rs` | refusing wrong flags and specs |
//! | `table.rs` | the children as the supervisor knows them |
//! | `entries.rs` | a map for keys in ascending order |
//! | `hub.rs` | what others hold of a supervisor: mailbox and table |
//! | `message.rs`, `inbox.rs` | what it receives; where that waits |
//! | `office.rs` | what every supervisor has: restart record, timers, reports |
//! | `serve.rs` | the loop of a supervisor |
//! | `server.rs` | the supervisor whose children have ids and an order |
//! | `dynamic/` | the supervisor whose children have neither |
//! | `doom.rs` | killing a whole tree |
//! | `launch.rs`, `stop.rs` | one start and one stop of one child |
//! | `handle.rs` | [`SupervisorRef`] |

mod budget;
mod decide;
#[cfg(test)]
mod decide_tests;
mod doom;
mod dynamic;
mod entries;
mod error;
mod handle;
mod history;
mod hub;
mod inbox;
mod launch;
mod message;
mod office;
mod partition;
mod serve;
mod server;
mod spec;
mod stop;
mod table;

use std::num::NonZeroUsize;
use std::sync::Arc;

use mainstay_specs::{Strategy, SupervisorFlags};
use tokio::sync::oneshot;

pub use budget::RestartBudget;
pub(crate) use decide::Key;
pub(crate) use doom::kill_tree;
pub use dynamic::{DynamicSupervisor, SimpleRef, SimpleSupervisor};
pub use error::{SpecError, SupervisorError};
pub use handle::{ChildCounts, ChildInfo, ChildStatus, SupervisorRef};
pub(crate) use hub::Hub;
pub(crate) use message::Message;
pub use partition::{PartitionRef, PartitionSupervisor};
pub(crate) use table::{ChildState, Entry};

use crate::exit::ExitReason;
use crate::process::{Process, spawn_supervisor};
use crate::runtime::Scope;
use crate::start::{Child, StartError};
use serve::Serve;
use server::Server;

/// A supervisor to be: its flags, and its children in start order.
///
/// Start it at the top with `Runtime::start`, or under another with [`Child::supervisor`]. The start is synchronous:
/// it is complete when all children have started, and leaves nothing behind when one does not.
///
/// For children that come and go at run time and need no order, take a [`DynamicSupervisor`].
#[derive(Clone, Debug, Default)]
#[must_use = "a supervisor does nothing until it is started"]
pub struct Supervisor {
    flags: SupervisorFlags,
    children: Vec<Child>,
    /// If it is a partition supervisor.
    partitions: Option<NonZeroUsize>,
    /// Children may be added before the last of those it begins with.
    room: bool,
}

impl Supervisor {
    /// A supervisor with these flags and no children.
    pub const fn new(flags: SupervisorFlags) -> Self {
        Self {
            flags,
            children: Vec::new(),
            partitions: None,
            room: false,
        }
    }

    /// Only the failed child is restarted.
    pub fn one_for_one() -> Self {
        Self::new(SupervisorFlags::new(Strategy::OneForOne))
    }

    /// All children are restarted when one fails.
    pub fn one_for_all() -> Self {
        Self::new(SupervisorFlags::new(Strategy::OneForAll))
    }

    /// The failed child and those started after it are restarted.
    pub fn rest_for_one() -> Self {
        Self::new(SupervisorFlags::new(Strategy::RestForOne))
    }

    /// Allows `restarts` within `period`; one more ends the supervisor.
    pub fn intensity(mut self, restarts: u32, period: std::time::Duration) -> Self {
        self.flags = self.flags.intensity(restarts, period);
        self
    }

    /// Sets whether the end of significant children ends the supervisor.
    pub fn auto_shutdown(mut self, auto_shutdown: mainstay_specs::AutoShutdown) -> Self {
        self.flags = self.flags.auto_shutdown(auto_shutdown);
        self
    }

    /// Adds a child, to be started after those before it.
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Leaves room before the last of its children: see [`SupervisorRef::start_early`].
    pub(crate) fn with_room(mut self) -> Self {
        self.room = true;
        self
    }

    fn partitioned(mut self, partitions: NonZeroUsize) -> Self {
        self.partitions = Some(partitions);
        self
    }

    /// Adds several children.
    pub fn children(mut self, children: impl IntoIterator<Item = Child>) -> Self {
        self.children.extend(children);
        self
    }
}

/// Anything that can be started as a supervisor: made from the builders by `into()`.
#[derive(Clone, Debug)]
pub struct Blueprint(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Static(Supervisor),
    Dynamic(DynamicSupervisor),
    /// Found wrong while it was put together; said when it is started.
    Wrong(SpecError),
}

impl From<Supervisor> for Blueprint {
    fn from(supervisor: Supervisor) -> Self {
        Self(Kind::Static(supervisor))
    }
}

impl From<DynamicSupervisor> for Blueprint {
    fn from(supervisor: DynamicSupervisor) -> Self {
        Self(Kind::Dynamic(supervisor))
    }
}

impl From<SpecError> for Blueprint {
    fn from(error: SpecError) -> Self {
        Self(Kind::Wrong(error))
    }
}

/// Checks flags and specs as a start would, and starts nothing.
///
/// # Errors
///
/// The first fault, in the order in which OTP looks: flags, then children from left to right.
pub fn check_childspecs(flags: &SupervisorFlags, children: &[Child]) -> Result<(), SpecError> {
    spec::in_start_order(flags, children.to_vec()).map(drop)
}

impl Blueprint {
    /// What can be found wrong without starting anything: before there is a process.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        match &self.0 {
            Kind::Wrong(error) => Err(error.clone()),
            Kind::Static(supervisor) => spec::check_flags(&supervisor.flags),
            Kind::Dynamic(supervisor) => supervisor.check(),
        }
    }
}

/// Runs `process` as this supervisor: returns when its children have started.
pub(crate) async fn start(
    process: Process,
    scope: &Arc<Scope>,
    blueprint: Blueprint,
) -> Result<(), StartError> {
    let (told, started) = oneshot::channel();
    let inner = scope.below(process.id());
    match blueprint.0 {
        Kind::Wrong(error) => return Err(error.into()),
        Kind::Static(supervisor) => {
            let strategy = strategy_name(supervisor.flags.strategy);
            let (hub, inbox) = Hub::new(strategy, supervisor.flags.clone(), supervisor.partitions);
            let mut server =
                Server::new(process.clone(), Arc::clone(&hub), inner, supervisor.flags);
            process.life().hold_up(true);
            spawn_supervisor(&process, hub, async move {
                let started = server.init(supervisor.children, supervisor.room).await;
                server.office().process.life().hold_up(false);
                match started {
                    // The starter may have been killed meanwhile; its last word is in the mailbox.
                    Ok(()) => drop(told.send(Ok(()))),
                    Err(error) => {
                        told.send(Err(error)).ok();
                        return ExitReason::Shutdown;
                    }
                }
                server.run(inbox).await
            });
        }
        Kind::Dynamic(supervisor) => {
            let (hub, inbox) = Hub::new(supervisor.strategy_name(), supervisor.flags.clone(), None);
            let server = dynamic::Server::new(process.clone(), Arc::clone(&hub), inner, supervisor);
            spawn_supervisor(&process, hub, async move {
                told.send(Ok(())).ok();
                server.run(inbox).await
            });
        }
    }
    match started.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            process.ended().await;
            Err(error)
        }
        Err(_) => Err(StartError::Exited(process.ended().await)),
    }
}

const fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
    }
}
