//! Namespaces: one supervised subtree each, with its own names.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Namespace`], the handle |
//! | `weak.rs` | [`WeakNamespace`] |
//! | `names.rs` | who is registered, and what waits for a name |
//! | `children.rs` | the children of the application, and the services |
//! | `plan.rs` | [`NamespacePlan`]: what it is to hold |
//! | `place.rs` | starting and finding namespaces by name |
//! | `cells.rs` | state that outlives a crash of its actor |
//! | `error.rs` | [`NamespaceError`] |
//! | `failures.rs` | starts that are to fail, with the feature `test-util` |

mod cells;
mod children;
mod error;
#[cfg(feature = "test-util")]
mod failures;
mod names;
mod place;
mod plan;
mod weak;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use mainstay_specs::{NamespaceName, ServiceName};
use tokio::time::{Instant, timeout};

use cells::Cells;
pub use error::NamespaceError;
#[cfg(feature = "test-util")]
pub use failures::StartFailure;
#[cfg(feature = "test-util")]
use failures::StartFailures;
use place::Owner;
pub(crate) use place::Place;
pub use plan::NamespacePlan;
pub use weak::WeakNamespace;

use crate::exit::ExitReason;
use crate::ledger::Ledger;
use crate::process::{Installed, Meters, Process};
use crate::registry::{Keys, Registry};
use crate::runtime::{Core, StopReport, Time};
use crate::supervisor::{SupervisorRef, kill_tree};
use crate::tree::TreeNode;
use crate::vitals::Vitals;

/// The id of the supervisor under which the application's children live.
pub const CHILDREN: &str = "children";

/// What is known of a registered process beside its name.
pub type Metadata = BTreeMap<String, String>;

/// The names of a namespace.
pub type ServiceRegistry = Registry<ServiceName, Metadata>;

/// A namespace: a supervised subtree with its own names. Two namespaces never see each other.
///
/// A handle, cheap to clone. When the last one that came from [`Runtime`](crate::Runtime) is dropped, the tree is told to stop and
/// nobody waits for it; to wait, use [`stop`](Self::stop). Handles that were only found ([`find_namespace`](crate::Runtime::find_namespace),
/// [`Process::namespace`], a start context) do not keep it up.
#[derive(Clone)]
pub struct Namespace {
    inner: Arc<NamespaceInner>,
    _owner: Option<Arc<Owner>>,
}

impl Namespace {
    pub(crate) const fn from_inner(inner: Arc<NamespaceInner>) -> Self {
        Self {
            inner,
            _owner: None,
        }
    }

    fn from_owner(owner: Arc<Owner>) -> Self {
        Self {
            inner: Arc::clone(&owner.0),
            _owner: Some(owner),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &NamespaceName {
        &self.inner.name
    }

    /// What is held of it: listeners of its names, subscriptions of its services, and what the application hands out. It can be
    /// read when the namespace has ended.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// The names in it. A process of elsewhere that is registered here stays so when the namespace has ended, until it ends
    /// itself: [`Registry::entries`] tells of it.
    #[must_use]
    pub fn registry(&self) -> &ServiceRegistry {
        &self.inner.registry
    }

    /// Has all its processes measured that are started from now on, as [`Runtime::set_meters`](crate::Runtime::set_meters) has it.
    /// While something is set here, the runtime's are not asked. It ends with the namespace.
    pub fn set_meters(&self, meters: Option<Arc<dyn Meters>>) {
        self.inner.meters.set(meters);
    }

    /// Has the messages counted that come by name to its actors that are started from now on, or no longer counted, so that
    /// [`Process::waiting`] is known of all of them. Who has a [`Meter`](crate::Meter) or a mailbox limit is counted anyway.
    ///
    /// It costs each message one atomic addition where it is sent, and an actor a hundred bytes. Default: not counted.
    pub fn count_messages(&self, counted: bool) {
        self.inner.meters.count(counted);
    }

    /// The root of its tree.
    #[must_use]
    pub fn root(&self) -> Option<SupervisorRef> {
        SupervisorRef::from_process(self.inner.root.get()?)
    }

    /// Whether its tree runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.inner.root.get().is_some_and(Process::is_alive)
    }

    /// Whether its tree goes towards its end, or is there already: it was asked to stop, or stops by itself.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        let root = self.inner.root.get();
        root.is_some_and(|root| root.is_asked_to_stop() || root.is_stopping())
    }

    /// How long ago it was started, by the clock of tokio.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// A number that is left to chance, for what is to come out differently in each runtime, such as when to try again. Those of
    /// runtimes with the same [seed](crate::RuntimeBuilder::seed) are the same, if they are asked for in the same order.
    #[must_use]
    pub fn chance(&self) -> u64 {
        let core = self.inner.core.upgrade();
        core.map_or_else(|| fastrand::u64(..), |core| core.chance())
    }

    /// Its tree at this moment.
    #[must_use]
    pub fn tree(&self) -> Option<TreeNode> {
        self.inner.root.get().map(TreeNode::of)
    }

    /// All its processes that are alive, oldest first, as [`Runtime::processes`](crate::Runtime::processes) has it: also while
    /// it is being started, and when it has ended and some were left behind.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        let core = self.inner.core.upgrade();
        core.map(|core| core.census(Some(&self.inner)))
            .unwrap_or_default()
    }

    /// How its processes are doing, as [`Vitals::below`] has it: also while it is being started. None once it has ended.
    #[must_use]
    pub fn vitals(&self, max: usize) -> (Vec<Vitals>, bool) {
        let core = self.inner.core.upgrade();
        let roots = core.map(|core| core.all_roots(Some(&self.inner)));
        let root = roots.unwrap_or_default().into_iter().next();
        root.map_or_else(|| (Vec::new(), true), |root| Vitals::below(&root, max))
    }

    /// Stops its tree in order and waits until nothing of it is left. What has not ended within `limit` is killed, and
    /// named in the report.
    pub async fn stop(&self, limit: Duration) -> StopReport {
        let mut report = StopReport::default();
        if let Some(root) = self.inner.root.get() {
            let time = Time::new(limit);
            root.stop(ExitReason::Shutdown);
            if timeout(time.left(), root.ended()).await.is_err() {
                report.add(&kill_tree(root).await);
            }
            let core = &root.scope_of().runtime;
            core.end_orphans(Some(&self.inner), time, &mut report).await;
        }
        report
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Namespace {}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Namespace").field(&self.inner.name).finish()
    }
}

pub(crate) struct NamespaceInner {
    name: NamespaceName,
    core: Weak<Core>,
    ledger: Ledger,
    registry: ServiceRegistry,
    root: OnceLock<Process>,
    started: Instant,
    cells: Cells,
    pub(crate) meters: Installed,
    #[cfg(feature = "test-util")]
    failures: StartFailures,
}

impl NamespaceInner {
    fn new(name: NamespaceName, core: Weak<Core>) -> Self {
        let ledger = Ledger::default();
        Self {
            name,
            core,
            registry: Registry::with_ledger(Keys::Unique, ledger.clone()),
            ledger,
            root: OnceLock::new(),
            started: Instant::now(),
            cells: Cells::default(),
            meters: Installed::default(),
            #[cfg(feature = "test-util")]
            failures: StartFailures::default(),
        }
    }
}
