//! Starting and finding namespaces by name.

use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Weak};

use mainstay_specs::{ChildId, NamespaceName};
use tokio::sync::Mutex;

use super::{Namespace, NamespaceError, NamespaceInner, NamespacePlan};
use crate::exit::ExitReason;
use crate::process::{Process, current};
use crate::runtime::{Core, Runtime};

/// Where the namespace of one name is, or comes to be. The lock is held while it starts, so that it starts once.
pub(crate) type Place = Arc<Mutex<Occupant>>;

/// The last namespace that was started in a place, or is being started. It may be stopping, or gone.
#[derive(Default)]
pub(crate) struct Occupant {
    inner: Weak<NamespaceInner>,
    owner: Weak<Owner>,
    root: Option<Process>,
}

/// A place that somebody looks at. It is forgotten after, if nothing was started there.
struct Visit {
    core: Arc<Core>,
    name: NamespaceName,
    place: Option<Place>,
}

impl Visit {
    fn new(core: &Arc<Core>, name: &NamespaceName) -> (Self, Place) {
        let place = core.place_of(name);
        let visit = Self {
            core: Arc::clone(core),
            name: name.clone(),
            place: Some(Arc::clone(&place)),
        };
        (visit, place)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.place = None;
        let is_vacant = |place: &Place| {
            let occupant = place.try_lock();
            occupant.is_ok_and(|occupant| !occupant.root.as_ref().is_some_and(Process::is_alive))
        };
        self.core.forget_place(&self.name, is_vacant);
    }
}

/// Stops the namespace when the last handle from outside is dropped.
pub(crate) struct Owner(pub(super) Arc<NamespaceInner>);

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(root) = self.0.root.get() {
            root.stop(ExitReason::Shutdown);
        }
    }
}

impl Occupant {
    /// The namespace, if it runs; if it is stopping, waits until it has.
    async fn join(&self) -> Option<Namespace> {
        let root = self.root.as_ref().filter(|root| root.is_alive())?;
        if let Some(owner) = self.owner.upgrade()
            && !root.is_asked_to_stop()
        {
            return Some(Namespace::from_owner(owner));
        }
        if let Some(inner) = self.inner.upgrade() {
            let namespace = Namespace::from_inner(inner);
            // Asked from within, it would wait for itself.
            if current().and_then(|process| process.namespace()).as_ref() == Some(&namespace) {
                return Some(namespace);
            }
        }
        root.ended().await;
        None
    }
}

impl Runtime {
    /// The namespace of this name: the one that runs, or a new one without services.
    ///
    /// # Errors
    ///
    /// A text that is no name; a runtime that is stopping.
    #[track_caller]
    pub fn namespace(
        &self,
        name: impl AsRef<str>,
    ) -> impl Future<Output = Result<Namespace, NamespaceError>> + Send {
        let made_at = Location::caller();
        let name = NamespaceName::new(name);
        async move {
            let name = name?;
            let (_visit, place) = Visit::new(self.core(), &name);
            let mut running = place.lock().await;
            if let Some(namespace) = running.join().await {
                return Ok(namespace);
            }
            let plan = NamespacePlan::new();
            self.begin((name, made_at), plan, &mut running).await
        }
    }

    /// Starts a namespace from a plan.
    ///
    /// # Errors
    ///
    /// [`NamespaceError::AlreadyRunning`]; a child that does not start, in which case nothing is left of it.
    #[track_caller]
    pub fn start_namespace(
        &self,
        name: NamespaceName,
        plan: NamespacePlan,
    ) -> impl Future<Output = Result<Namespace, NamespaceError>> + Send {
        let made_at = Location::caller();
        async move {
            let (_visit, place) = Visit::new(self.core(), &name);
            let mut running = place.lock().await;
            if running.join().await.is_some() {
                return Err(NamespaceError::AlreadyRunning(name));
            }
            self.begin((name, made_at), plan, &mut running).await
        }
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
        (name, made_at): (NamespaceName, &'static Location<'static>),
        plan: NamespacePlan,
        place: &mut Occupant,
    ) -> Result<Namespace, NamespaceError> {
        let id = ChildId::new(name.as_str())?;
        let inner = Arc::new(NamespaceInner::new(
            name.clone(),
            Arc::downgrade(self.core()),
        ));
        let begun = |root: &Process| {
            // The root keeps the record until it ends; the record knows the root, whose end breaks the circle.
            let (kept, core) = (Arc::clone(&inner), Arc::downgrade(self.core()));
            let forget = Box::new(move || forget(&core, &kept));
            root.life().on_end(forget).unwrap_or_else(|forget| forget());
            // Before it has started: should nobody wait for that any more, the next one waits for its end.
            *place = Occupant {
                inner: Arc::downgrade(&inner),
                owner: Weak::new(),
                root: Some(root.clone()),
            };
        };
        let tree = plan.tree(made_at);
        let started = self
            .start_root((id, made_at), Arc::downgrade(&inner), tree.into(), begun)
            .await;
        let root = started.map_err(|error| NamespaceError::Start {
            name: name.clone(),
            error,
        })?;
        inner.root.set(root.process().clone()).ok();
        let owner = Arc::new(Owner(inner));
        place.owner = Arc::downgrade(&owner);
        Ok(Namespace::from_owner(owner))
    }
}

fn forget(core: &Weak<Core>, inner: &NamespaceInner) {
    inner.cells.clear();
    inner.meters.set(None);
    if let Some(core) = core.upgrade() {
        core.forget_place(&inner.name, |_| true);
    }
}
