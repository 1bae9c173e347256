//! The processes of pools: which there are, and who stands above whom.
//!
//! ```text
//! connection_pools        one for one: a pool that gives up is started anew after a pause that grows, and holds up no other
//! └─ db                   rest for one
//!    ├─ connectors        tasks: each connects, closes, resets or pings one connection
//!    ├─ keeper            starts them
//!    └─ health_monitor    looks whether the pool is well
//! ```

use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{
    Backoff, ChildId, ChildSpec, ChildType, ConnectionPoolsSpec, ServiceName, Shutdown,
};
use mainstay_supervisors::{
    Child, Namespace, Process, StartContext, StartError, Started, Supervisor, SupervisorRef,
    TaskSupervisor,
};

use super::health::monitor;
use super::keeper::keep;
use super::kinds::PoolKinds;
use super::manager::ConnectionPool;
use super::pools::Pools;
use super::premises::Premises;
use super::registry::RegisterPoolError;

/// The id of the child under which the pools of a namespace live, and the name it is registered under.
pub const NAME: &str = "connection_pools";

/// The id of the supervisor of the tasks of a pool.
const CONNECTORS: &str = "connectors";

/// The supervisor of the connection pools of a namespace.
///
/// Each pool is a supervisor below it, called like the pool, with three children: `connectors`, whose tasks connect, close and reset, one
/// connection each; the `keeper`, which starts them; the `health_monitor`. Any of them may crash at any moment: leases and idle
/// connections stay what they are, and who waits goes on waiting. The configuration of a pool, and how its connections are made, are
/// the same after each restart.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPoolSupervisor(());

impl ConnectionPoolSupervisor {
    /// The supervisor as a child, to be started in a namespace, with the kinds of connections that the program was built with.
    ///
    /// The pools of the spec are made at its first start, which fails if one cannot be made; none of them is connected by then. Those
    /// that are there already, also at a restart, stay as they are, and those that were closed since stay away.
    #[must_use]
    #[track_caller]
    pub fn child(spec: ConnectionPoolsSpec) -> Child {
        Self::child_with(spec, PoolKinds::new())
    }

    /// As [`child`](Self::child), with more kinds of connections.
    #[must_use]
    #[track_caller]
    pub fn child_with(spec: ConnectionPoolsSpec, kinds: PoolKinds) -> Child {
        let spec = Arc::new((spec, kinds));
        let child = Child::from_start(supervisor_spec(NAME), move |cx| {
            let spec = Arc::clone(&spec);
            async move { start(&spec.0, &spec.1, cx).await }
        });
        child.name(name(NAME))
    }

    /// It as it runs now in a namespace; none if it does not.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Option<SupervisorRef> {
        namespace.whereis(NAME)?.supervisor()
    }
}

async fn start(
    spec: &ConnectionPoolsSpec,
    kinds: &PoolKinds,
    cx: StartContext,
) -> Result<Started, StartError> {
    let wrong = |faults| StartError::failed(RegisterPoolError::Config(faults));
    spec.validate().map_err(wrong)?;
    let namespace = cx.namespace();
    let namespace =
        namespace.ok_or_else(|| StartError::failed(RegisterPoolError::NotInNamespace))?;
    let pools = Pools::of(&namespace);
    pools
        .adopt(&namespace, spec, kinds)
        .map_err(StartError::failed)?;
    let supervisor = Supervisor::one_for_one()
        .intensity(RESTARTS_OF_POOLS.0, RESTARTS_OF_POOLS.1)
        .children(pools.children());
    cx.start_supervisor(supervisor).await
}

/// The processes of a pool, as a child under [`ConnectionPoolSupervisor`].
pub(crate) fn child<P: ConnectionPool>(premises: &Arc<Premises<P>>) -> Child {
    let child = Child::supervisor(premises.cell.name.as_str(), tree(premises));
    child.backoff(Backoff::new(PAUSE.0, PAUSE.1))
}

/// The processes of a pool.
pub(crate) fn tree<P: ConnectionPool>(premises: &Arc<Premises<P>>) -> Supervisor {
    Supervisor::rest_for_one()
        .intensity(RESTARTS.0, RESTARTS.1)
        .child(connectors(premises))
        .child(keeper(premises))
        .child(health_monitor(premises))
}

fn connectors<P: ConnectionPool>(premises: &Arc<Premises<P>>) -> Child {
    let premises = Arc::clone(premises);
    // There are no more tasks than places for connections, beside those that close what came back too late.
    Child::from_start(supervisor_spec(CONNECTORS), move |cx| {
        let premises = Arc::clone(&premises);
        async move {
            let started = cx.start_supervisor(TaskSupervisor::new()).await?;
            if let Some(tasks) = started.process().and_then(Process::supervisor) {
                premises.add_tasks(tasks.into());
            }
            Ok(started)
        }
    })
}

fn keeper<P: ConnectionPool>(premises: &Arc<Premises<P>>) -> Child {
    let premises = Arc::clone(premises);
    let child = Child::task("keeper", move |stop| keep(Arc::clone(&premises), stop));
    // It waits for leases when the namespace ends: no longer than the configuration says.
    child.shutdown(Shutdown::Infinity)
}

fn health_monitor<P: ConnectionPool>(premises: &Arc<Premises<P>>) -> Child {
    let premises = Arc::clone(premises);
    Child::task("health_monitor", move |stop| {
        monitor(Arc::clone(&premises), stop)
    })
}

impl<P: ConnectionPool> Premises<P> {
    /// Starts the processes anew, and with them all attempts to connect. The pool itself stays: its leases, its queue, its
    /// configuration, and what its connections are made of.
    pub(crate) fn restart(&self) {
        if let Some(tasks) = self.tasks() {
            // Those that come after it are started anew with it.
            tasks.supervisor().process().kill();
        }
    }
}

fn supervisor_spec(id: &str) -> ChildSpec {
    // A name is not empty, short, and without `/` and white space: ours are.
    let mut spec = ChildSpec::new(ChildId::new(id).expect("a name"));
    spec.child_type = ChildType::Supervisor;
    spec
}

pub(crate) fn name(text: &str) -> ServiceName {
    // As above.
    ServiceName::new(text).expect("a name")
}

/// How often the processes of a pool may be started anew within a time, before the pool as a whole is.
const RESTARTS: (u32, Duration) = (5, Duration::from_secs(10));

/// How often all pools together may be started anew as a whole. With the pauses below one pool alone does not come to as many: it is the
/// others' fault, too, if there are more.
const RESTARTS_OF_POOLS: (u32, Duration) = (60, Duration::from_secs(60));

/// How long to wait before a pool is started anew as a whole, at least and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
