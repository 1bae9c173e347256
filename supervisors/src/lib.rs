//! OTP supervision on ractor and tokio.

mod call;
mod event;
mod exit;
mod namespace;
mod process;
pub mod registry;
mod runtime;
mod service_ref;
mod start;
mod supervisor;
mod task;
mod tree;

pub use call::CallError;
pub use event::{Delivery, Event, EventKind, EventStream, HISTORY};
pub use exit::{ExitReason, Failure, IntoExit, Panic, Term};
pub use mainstay_specs as specs;
pub use namespace::{
    CHILDREN, Metadata, Namespace, NamespaceError, NamespacePlan, ServiceRegistry,
};
pub use process::{
    Down, ExitSignal, ExitSignals, Monitor, Pid, Process, ProcessKind, Ready, StopToken, current,
};
pub use registry::{Keys, RegisterError, Registration, Registry, RegistryEvent, RegistryStats};
pub use runtime::{Runtime, StopReport};
pub use service_ref::ServiceRef;
pub use start::{Child, StartContext, StartError, Started};
pub use supervisor::{
    Blueprint, ChildCounts, ChildInfo, ChildStatus, DynamicSupervisor, PartitionRef,
    PartitionSupervisor, SimpleRef, SimpleSupervisor, SpecError, Supervisor, SupervisorError,
    SupervisorRef, check_childspecs,
};
pub use task::{StreamOptions, Task, TaskError, TaskStream, TaskSupervisor, TaskSupervisorRef};
pub use tree::{NodeState, TreeNode};
