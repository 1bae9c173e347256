//! Namespaces: one supervised subtree each, with its own names.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, Weak};
use std::time::Duration;

use mainstay_specs::{ChildId, NameError, NamespaceName, ServiceName, SupervisorFlags};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::exit::ExitReason;
use crate::process::{Process, current};
use crate::registry::{RegisterError, Registration, Registry, RegistryStats};
use crate::runtime::{Core, Runtime, StopReport};
use crate::service_ref::ServiceRef;
use crate::start::{Child, StartError, Started};
use crate::supervisor::{ChildState, Supervisor, SupervisorError, SupervisorRef, kill_tree};
use crate::tree::TreeNode;

/// The id of the supervisor under which the application's children live.
pub const CHILDREN: &str = "children";

/// What is known of a registered process beside its name.
pub type Metadata = BTreeMap<String, String>;

/// The names of a namespace.
pub type ServiceRegistry = Registry<ServiceName, Metadata>;

/// Why there is no namespace.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// The text is no name.
    #[error("the name of the namespace: {0}")]
    Name(#[from] NameError),
    /// A namespace of this name runs already, and was to be started with a tree of its own.
    #[error("the namespace {0:?} runs already")]
    AlreadyRunning(NamespaceName),
    /// A child of its tree did not start; nothing of it is left.
    #[error("the namespace {name:?} did not start: {error}")]
    Start {
        /// Which.
        name: NamespaceName,
        /// Why.
        #[source]
        error: StartError,
    },
}

/// What a namespace is to hold: services first, in order, then the application's children.
///
/// The services and the supervisor of the children stand under one rest_for_one supervisor, so that what comes later,
/// and may use what comes before, is restarted with it.
#[derive(Clone, Debug, Default)]
#[must_use = "a plan does nothing until a namespace is started from it"]
pub struct NamespacePlan {
    services: Vec<Child>,
    children: Vec<Child>,
    children_flags: SupervisorFlags,
}

impl NamespacePlan {
    /// Neither services nor children.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service, after those before it.
    pub fn service(mut self, service: Child) -> Self {
        self.services.push(service);
        self
    }

    /// Adds a child of the application.
    pub fn child(mut self, child: Child) -> Self {
        self.children.push(child);
        self
    }

    /// Sets how the application's children are supervised. Default: OTP's defaults.
    pub fn children_flags(mut self, flags: SupervisorFlags) -> Self {
        self.children_flags = flags;
        self
    }

    fn tree(self) -> Supervisor {
        let children = Supervisor::new(self.children_flags).children(self.children);
        let root = Supervisor::rest_for_one()
            .intensity(3, Duration::from_secs(5))
            .children(self.services);
        root.child(Child::supervisor(CHILDREN, children))
    }
}

pub(crate) struct NamespaceInner {
    name: NamespaceName,
    registry: ServiceRegistry,
    root: OnceLock<Process>,
    started: Instant,
    cells: std::sync::Mutex<HashMap<(TypeId, Box<str>), Arc<dyn Any + Send + Sync>>>,
}

impl NamespaceInner {
    fn new(name: NamespaceName) -> Self {
        Self {
            name,
            registry: ServiceRegistry::default(),
            root: OnceLock::new(),
            started: Instant::now(),
            cells: std::sync::Mutex::default(),
        }
    }
}

/// Where a namespace of one name is, or comes to be. The lock is held while it starts, so that it starts once.
pub(crate) type Place = Arc<Mutex<Weak<Owner>>>;

/// Stops the namespace when the last handle from outside is dropped.
pub(crate) struct Owner(Arc<NamespaceInner>);

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(root) = self.0.root.get() {
            root.stop(ExitReason::Shutdown);
        }
    }
}

/// A namespace: a supervised subtree with its own names. Two namespaces never see each other.
///
/// A handle, cheap to clone. When the last one that came from [`Runtime`] is dropped, the tree is told to stop and
/// nobody waits for it; to wait, use [`stop`](Self::stop). Handles from within ([`Process::namespace`], a start context)
/// do not keep it up.
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

    /// The names in it.
    #[must_use]
    pub fn registry(&self) -> &ServiceRegistry {
        &self.inner.registry
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

    /// The supervisor of the application's children, as it runs now.
    #[must_use]
    pub fn children(&self) -> Option<SupervisorRef> {
        let root = self.root()?;
        let table = root.hub().table();
        let key = table.key_of(&ChildId::new(CHILDREN).ok()?)?;
        match &table.get(key)?.state {
            ChildState::Running(process) => process.supervisor(),
            ChildState::Restarting { .. } | ChildState::Stopped => None,
        }
    }

    /// Adds a child of the application and starts it.
    ///
    /// # Errors
    ///
    /// As [`SupervisorRef::start_child`]; [`crate::CallError::NoProcess`] if the namespace has stopped.
    pub async fn start_child(&self, child: Child) -> Result<Started, SupervisorError> {
        self.children_or_gone()?.start_child(child).await
    }

    /// Stops a child of the application and forgets it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`].
    pub async fn stop_child(&self, id: &ChildId) -> Result<(), SupervisorError> {
        let children = self.children_or_gone()?;
        children.terminate_child(id).await?;
        match children.delete_child(id).await {
            Err(SupervisorError::NotFound) | Ok(()) => Ok(()), // A temporary child is forgotten by being stopped.
            Err(error) => Err(error),
        }
    }

    fn children_or_gone(&self) -> Result<SupervisorRef, SupervisorError> {
        self.children()
            .ok_or(SupervisorError::Call(crate::CallError::NoProcess))
    }

    /// Registers a process under a name of this namespace, until it ends.
    ///
    /// # Errors
    ///
    /// [`RegisterError::AlreadyRegistered`] with the owner of the name; [`RegisterError::Dead`].
    pub fn register(
        &self,
        name: ServiceName,
        process: &Process,
    ) -> Result<Registration<ServiceName, Metadata>, RegisterError> {
        self.register_with(name, process, Metadata::new())
    }

    /// Registers a process with metadata.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    pub fn register_with(
        &self,
        name: ServiceName,
        process: &Process,
        metadata: Metadata,
    ) -> Result<Registration<ServiceName, Metadata>, RegisterError> {
        self.inner.registry.register(process, name, metadata)
    }

    /// The process that holds a name. One hash and no lock.
    #[must_use]
    pub fn whereis(&self, name: &str) -> Option<Process> {
        self.inner.registry.whereis(name)
    }

    /// The metadata of a name.
    #[must_use]
    pub fn metadata(&self, name: &ServiceName) -> Option<Metadata> {
        self.inner
            .registry
            .lookup(name)
            .pop()
            .map(|(_, metadata)| metadata)
    }

    /// Replaces the metadata of a name; false if nobody holds it.
    #[must_use]
    pub fn update_metadata(&self, name: &ServiceName, metadata: Metadata) -> bool {
        let Some(process) = self.whereis(name.as_str()) else {
            return false;
        };
        self.inner
            .registry
            .update_value(&process, name, |_| metadata.clone())
            .is_some()
    }

    /// All names and who holds them, sorted.
    #[must_use]
    pub fn services(&self) -> Vec<(ServiceName, Process, Metadata)> {
        let mut services = self.inner.registry.list();
        services.sort_by(|a, b| a.0.cmp(&b.0));
        services
    }

    /// The names whose metadata fits, sorted.
    pub fn find_services(&self, fits: impl Fn(&Metadata) -> bool) -> Vec<(ServiceName, Process)> {
        let services = self.services().into_iter();
        services
            .filter(|(_, _, metadata)| fits(metadata))
            .map(|(name, process, _)| (name, process))
            .collect()
    }

    /// Waits until somebody holds a name; at once if somebody does. `None` when the time is up.
    pub async fn wait_for(&self, name: &ServiceName, limit: Duration) -> Option<Process> {
        tokio::time::timeout(limit, self.inner.registry.wait_for(name))
            .await
            .ok()
    }

    /// How long ago it was started, by the clock of tokio.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// Figures of the names.
    #[must_use]
    pub fn stats(&self) -> RegistryStats {
        self.inner.registry.stats()
    }

    /// A reference to whoever holds a name when a message is sent; it survives restarts.
    #[must_use]
    pub fn service<M: ractor::Message>(&self, name: ServiceName) -> ServiceRef<M> {
        ServiceRef::new(self.inner.registry.clone(), name)
    }

    /// The cell of this type and name, made with `make` if it is not there yet.
    ///
    /// Cells are the state of services that outlives a crash of their actors: they belong to the namespace and go with
    /// it, and each incarnation of an actor adopts the same ones. `make` must not use the namespace's cells.
    pub fn cell<T: Any + Send + Sync>(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut cells = self
            .inner
            .cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let cell = cells
            .entry((TypeId::of::<T>(), name.into()))
            .or_insert_with(|| Arc::new(make()));
        let cell = Arc::clone(cell);
        drop(cells);
        // What is kept under a type is of that type.
        cell.downcast()
            .unwrap_or_else(|_| unreachable!("a cell is kept under its own type"))
    }

    /// The cell of this type and name, if it is there.
    #[must_use]
    pub fn find_cell<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        let cells = self
            .inner
            .cells
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.get(&(TypeId::of::<T>(), Box::from(name)))?)
            .downcast()
            .ok()
    }

    /// Its tree at this moment.
    #[must_use]
    pub fn tree(&self) -> Option<TreeNode> {
        self.inner.root.get().map(TreeNode::of)
    }

    /// Stops its tree in order and waits until nothing of it is left. What has not ended within `limit` is killed, and
    /// named in the report.
    pub async fn stop(&self, limit: Duration) -> StopReport {
        let mut report = StopReport::default();
        if let Some(root) = self.inner.root.get() {
            root.stop(ExitReason::Shutdown);
            if tokio::time::timeout(limit, root.ended()).await.is_err() {
                report.add(kill_tree(root).await);
            }
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

impl Runtime {
    /// The namespace of this name: the one that runs, or a new one without services.
    ///
    /// # Errors
    ///
    /// A text that is no name; a runtime that is stopping.
    pub async fn namespace(&self, name: impl AsRef<str>) -> Result<Namespace, NamespaceError> {
        let name = NamespaceName::new(name)?;
        let place = self.core().place_of(&name);
        let mut running = place.lock().await;
        if let Some(namespace) = join(&running).await {
            return Ok(namespace);
        }
        self.begin(name, NamespacePlan::new(), &mut running).await
    }

    /// Starts a namespace from a plan.
    ///
    /// # Errors
    ///
    /// [`NamespaceError::AlreadyRunning`]; a child that does not start, in which case nothing is left of it.
    pub async fn start_namespace(
        &self,
        name: NamespaceName,
        plan: NamespacePlan,
    ) -> Result<Namespace, NamespaceError> {
        let place = self.core().place_of(&name);
        let mut running = place.lock().await;
        if join(&running).await.is_some() {
            return Err(NamespaceError::AlreadyRunning(name));
        }
        self.begin(name, plan, &mut running).await
    }

    /// The namespace of this name, if it runs.
    #[must_use]
    pub fn find_namespace(&self, name: &str) -> Option<Namespace> {
        self.namespaces()
            .into_iter()
            .find(|namespace| namespace.name().as_str() == name)
    }

    /// All namespaces that run, by name.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Namespace> {
        let processes = self.roots();
        let mut namespaces: Vec<Namespace> = processes
            .iter()
            .filter_map(|root| root.process().namespace())
            .filter(|namespace| namespace.inner.root.get().is_some())
            .collect();
        namespaces.sort_by(|a, b| a.name().cmp(b.name()));
        namespaces
    }

    async fn begin(
        &self,
        name: NamespaceName,
        plan: NamespacePlan,
        place: &mut Weak<Owner>,
    ) -> Result<Namespace, NamespaceError> {
        let id = ChildId::new(name.as_str())?;
        let inner = Arc::new(NamespaceInner::new(name.clone()));
        let started = self
            .start_root(id, Arc::downgrade(&inner), plan.tree().into())
            .await;
        let root = started.map_err(|error| NamespaceError::Start {
            name: name.clone(),
            error,
        })?;
        inner.root.set(root.process().clone()).ok();
        // The root keeps the record until it ends; the record knows the root, whose end breaks the circle.
        let (kept, core) = (Arc::clone(&inner), Arc::downgrade(self.core()));
        let forget = Box::new(move || forget(&core, &kept));
        root.process()
            .life()
            .on_end(u64::MAX, forget)
            .unwrap_or_else(|forget| forget());
        let owner = Arc::new(Owner(inner));
        *place = Arc::downgrade(&owner);
        Ok(Namespace::from_owner(owner))
    }
}

/// The namespace that is in this place, if it runs; if it is stopping, waits until it has.
async fn join(place: &Weak<Owner>) -> Option<Namespace> {
    let namespace = Namespace::from_owner(place.upgrade()?);
    let root = namespace.inner.root.get()?;
    if !root.is_alive() {
        return None;
    }
    // Asked from within, it would wait for itself.
    if !root.is_asked_to_stop()
        || current().and_then(|process| process.namespace()).as_ref() == Some(&namespace)
    {
        return Some(namespace);
    }
    root.ended().await;
    None
}

fn forget(core: &Weak<Core>, inner: &NamespaceInner) {
    let cells = std::mem::take(&mut *inner.cells.lock().unwrap_or_else(PoisonError::into_inner));
    drop(cells);
    if let Some(core) = core.upgrade() {
        core.forget_place(&inner.name);
    }
}
