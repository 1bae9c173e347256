//! OTP supervision on ractor and tokio.

mod call;
mod event;
mod exit;
mod namespace;
mod process;
mod runtime;
mod start;
mod supervisor;
mod tree;

pub use call::CallError;
pub use event::{Delivery, Event, EventKind, EventStream, HISTORY};
pub use exit::{ExitReason, Failure, IntoExit, Panic, Term};
pub use mainstay_specs as specs;
pub use namespace::Namespace;
pub use process::{
    Down, ExitSignal, ExitSignals, Monitor, Pid, Process, ProcessKind, Ready, StopToken, current,
};
pub use runtime::{Runtime, StopReport};
pub use start::{Child, StartContext, StartError, Started};
pub use supervisor::{
    Blueprint, ChildCounts, ChildInfo, ChildStatus, DynamicSupervisor, PartitionRef,
    PartitionSupervisor, SimpleRef, SimpleSupervisor, SpecError, Supervisor, SupervisorError,
    SupervisorRef, check_childspecs,
};
pub use tree::{NodeState, TreeNode};
