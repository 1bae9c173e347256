//! OTP supervision on ractor and tokio: processes in trees, restarted exactly as Erlang does it.
//!
//! ```text
//! Runtime                       everything hangs off it
//! └─ Namespace "production"     a supervised subtree with its own names
//!    └─ Supervisor              which children, which strategy, how many restarts
//!       ├─ Process (actor)      any plain ractor::Actor
//!       ├─ Process (task)       any future
//!       └─ Supervisor           and so on
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use mainstay_supervisors::{Child, Delivery, EventKind, ExitReason, Runtime, Supervisor};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::new();
//! let mut events = runtime.events();
//! let tree = Supervisor::one_for_one()
//!     .intensity(3, Duration::from_secs(5))
//!     .child(Child::task("fragile", |_stop| async { Err::<(), _>("out of luck") }));
//! let root = runtime.start("root", tree).await?;
//!
//! // Three restarts are allowed; the fourth failure ends the supervisor.
//! assert_eq!(root.process().ended().await, ExitReason::Shutdown);
//! let mut restarts = 0;
//! while let Some(Delivery::Event(event)) = events.try_next() {
//!     if let EventKind::Started { restarts: 1.., .. } = event.kind {
//!         restarts += 1;
//!     }
//! }
//! assert_eq!(restarts, 3);
//! # Ok(())
//! # }
//! ```
//!
//! | to | look at |
//! |---|---|
//! | start trees, see events, stop everything | [`Runtime`] |
//! | say what a child is | [`Child`] |
//! | keep children in an order, with ids | [`Supervisor`] |
//! | add and remove children at run time | [`DynamicSupervisor`], [`SimpleSupervisor`] |
//! | spread one busy child over several | [`PartitionSupervisor`] |
//! | run tasks that give results | [`TaskSupervisor`] |
//! | ask a running supervisor for something | [`SupervisorRef`] |
//! | watch, link, stop or kill a process | [`Process`] |
//! | know why a process ended | [`ExitReason`] |
//! | give processes names, find them | [`Namespace`], [`Registry`] |
//! | talk to whoever holds a name, across restarts | [`ServiceRef`] |
//! | have processes measured, ask how many messages wait | [`Meter`], [`Meters`], [`Process::waiting`] |
//! | know how much heap memory a process holds | [`Process::heap_bytes`], [`HeapUse`] |
//! | see whether processes get on, and what is left of restarts, without asking | [`Vitals`], [`ProgressWatch`], [`Process::pulse`], [`RestartBudget`] |
//! | note what was handed out, ask what was not given back | [`Ledger`] |
//! | show the live tree, list what is alive | [`TreeNode`], [`Runtime::processes`], [`Namespace::processes`] |
//!
//! With the feature `test-util`, which is off by default and meant for tests, a process can be made to panic, to fail or to hang
//! (`Process::inject`), and the next start of a child to fail (`Namespace::fail_next_start`).
//!
//! What holds, and is checked against recorded traces of Erlang/OTP: the order of starts, stops and restarts, restart
//! limits, automatic shutdown, and every answer to a management request. What does not: code that does not await cannot
//! be interrupted, not even by a kill; and the profile must unwind on panic, which is refused at compile time otherwise.

mod atomic;
mod builder;
mod call;
mod census;
mod event;
mod exit;
mod flag;
#[cfg(feature = "memory-attribution")]
pub mod heap;
mod heap_use;
mod ledger;
mod namespace;
mod orphans;
mod process;
pub mod registry;
mod runtime;
mod service_ref;
mod start;
mod supervisor;
mod task;
mod tree;
mod vitals;

pub use builder::RuntimeBuilder;
pub use call::CallError;
pub use event::{Delivery, Event, EventKind, EventStream, HISTORY};
pub use exit::{ExitReason, Failure, IntoExit, Panic, Term};
pub use heap_use::HeapUse;
pub use ledger::{Hold, Holder, Holding, Ledger};
pub use mainstay_specs as specs;
#[cfg(feature = "test-util")]
pub use namespace::StartFailure;
pub use namespace::{
    CHILDREN, Metadata, Namespace, NamespaceError, NamespacePlan, ServiceRegistry, WeakNamespace,
};
#[cfg(feature = "test-util")]
pub use process::Fault;
pub use process::{
    Clock, Down, ExitSignal, ExitSignals, Handled, MessageOutcome, Meter, Meters, Monitor, Pid,
    Process, ProcessKind, Pulse, Ready, StopToken, Tick, current,
};
pub use registry::{
    Keys, Listener, RegisterError, Registration, Registry, RegistryEntry, RegistryEvent,
    RegistryStats,
};
pub use runtime::{Runtime, StopReport};
pub use service_ref::ServiceRef;
pub use start::{Child, StartContext, StartError, Started};
pub use supervisor::{
    Blueprint, ChildCounts, ChildInfo, ChildStatus, DynamicSupervisor, PartitionRef,
    PartitionSupervisor, RestartBudget, SimpleRef, SimpleSupervisor, SpecError, Supervisor,
    SupervisorError, SupervisorRef, check_childspecs,
};
pub use task::{StreamOptions, Task, TaskError, TaskStream, TaskSupervisor, TaskSupervisorRef};
pub use tree::{NodeState, TreeNode};
pub use vitals::{Progress, ProgressWatch, Vitals};
