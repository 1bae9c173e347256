//! What most programs need: `use mainstay::prelude::*`.

pub use mainstay_actors::breaker::CircuitError;
pub use mainstay_actors::{CircuitBreaker, CircuitBreakerRegistry, ConfigServer, TelemetryService};
pub use mainstay_specs::{
    AutoShutdown, Backoff, ChildId, ChildSpec, ChildType, NamespaceName, NodeSpec, Restart,
    ServiceName, Shutdown, Strategy, SupervisorFlags,
};
pub use mainstay_supervisors::{
    CallError, Child, Down, DynamicSupervisor, ExitReason, Namespace, NamespacePlan,
    PartitionSupervisor, Process, Ready, Runtime, ServiceRef, SimpleSupervisor, StartContext,
    StartError, Started, StopReport, StopToken, Supervisor, SupervisorRef, TaskSupervisor, current,
};
pub use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

pub use crate::node::Node;
