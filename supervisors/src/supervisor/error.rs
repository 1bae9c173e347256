//! What can go wrong with a request to a supervisor.

use mainstay_specs::{ChildId, DependencyCycle, NameError};

use crate::call::CallError;
use crate::process::Process;
use crate::start::StartError;

/// Why a supervisor refuses its flags or the spec of a child. Nothing is started then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The id of a child, or of a root, is no name.
    #[error("the id {text:?}: {error}")]
    Name {
        /// What was given.
        text: String,
        /// What is wrong with it.
        error: NameError,
    },
    /// Two children have this id.
    #[error("two children have the id {0:?}; ids are unique under a supervisor")]
    DuplicateId(ChildId),
    /// A significant child under a supervisor that never shuts down by itself.
    #[error("child {0:?} is significant, but the supervisor's auto_shutdown is never")]
    SignificantUnderNever(ChildId),
    /// A significant child that is always restarted, and so never counts.
    #[error(
        "child {0:?} is significant and permanent; a significant child is transient or temporary"
    )]
    SignificantPermanent(ChildId),
    /// A dynamic supervisor has no automatic shutdown.
    #[error("child {0:?} is significant; children of a dynamic supervisor cannot be")]
    SignificantDynamic(ChildId),
    /// A child of a dynamic supervisor that is given no time to stop; Elixir refuses it too.
    #[error(
        "child {0:?} has a shutdown timeout of zero; under a dynamic supervisor say brutal_kill"
    )]
    ZeroShutdown(ChildId),
    /// A child depends on something that is not there.
    #[error("child {child:?} depends on {needs:?}, which is no sibling of it")]
    UnknownDependency {
        /// The child.
        child: ChildId,
        /// What it names.
        needs: ChildId,
    },
    /// Children depend on each other in a circle.
    #[error("children depend on each other: {0}")]
    DependencyCycle(DependencyCycle),
    /// The period over which restarts are counted is zero.
    #[error("the period is zero; expected the time over which restarts are counted, such as 5s")]
    ZeroPeriod,
    /// The backoff of a child cannot be.
    #[error(
        "the backoff of child {0:?} needs min ≤ max, a factor of at least 1 and a jitter from 0 to 1"
    )]
    Backoff(ChildId),
    /// A simple supervisor makes all its children from its template; this one has another spec.
    #[error("child {0:?} is not made from the template of its supervisor")]
    NotFromTemplate(ChildId),
    /// A simple supervisor makes all its children from one template; these were given.
    #[error("expected exactly one template, found {0:?}")]
    Templates(Vec<ChildId>),
    /// Only the messages of actors can be limited.
    #[error("child {0:?} has a mailbox limit, but is no actor")]
    MailboxLimit(ChildId),
    /// Partitions cannot share a name.
    #[error("child {0:?} has a name, which several partitions cannot share")]
    NamedPartition(ChildId),
    /// A partition supervisor without partitions.
    #[error("expected at least one partition, found none")]
    NoPartitions,
}

/// Why a supervisor did not do what it was asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// No child is known by that id or process.
    #[error("no such child")]
    NotFound,
    /// The child runs; stop it first.
    #[error("the child is running")]
    Running,
    /// The child is about to be restarted.
    #[error("the child is being restarted")]
    Restarting,
    /// A child with this id has this process.
    #[error("a child with this id runs already: {0}")]
    AlreadyStarted(Process),
    /// A child with this id is known, without a process: restart or delete it.
    #[error("a child with this id is known already, and does not run")]
    AlreadyPresent,
    /// The dynamic supervisor has as many children as it may have.
    #[error("the supervisor has as many children as it may have")]
    MaxChildren,
    /// Children of this supervisor have no ids to be named by, only processes. OTP says `simple_one_for_one`.
    #[error("the children of this supervisor are known by their processes only, not by ids")]
    NoIds,
    /// The spec of the child is wrong.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The child did not start.
    #[error("the child did not start: {0}")]
    StartFailed(#[from] StartError),
    /// The supervisor is not there, or ended before it answered.
    #[error(transparent)]
    Call(#[from] CallError),
}
