//! Starting and finding namespaces by name.

use std::sync::{Arc, Weak};

use mainstay_specs::{ChildId, NamespaceName};
use tokio::sync::Mutex;

use super::{Namespace, NamespaceError, NamespaceInner, NamespacePlan};
use crate::exit::ExitReason;
use crate::process::current;
use crate::runtime::{Core, Runtime};

/// Where the namespace of one name is, or comes to be. The lock is held while it starts, so that it starts once.
pub(crate) type Place = Arc<Mutex<Occupant>>;

/// The last namespace that was started in a place. It may be stopping, or gone.
#[derive(Default)]
pub(crate) struct Occupant {
    inner: Weak<NamespaceInner>,
    owner: Weak<Owner>,
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
        let inner = self.inner.upgrade()?;
        let root = inner.root.get()?;
        if let Some(owner) = self.owner.upgrade()
            && root.is_alive()
            && !root.is_asked_to_stop()
        {
            return Some(Namespace::from_owner(owner));
        }
        let namespace = Namespace::from_inner(Arc::clone(&inner));
        // Asked from within, it would wait for itself.
        if current().and_then(|process| process.namespace()).as_ref() == Some(&namespace) {
            return Some(namespace);
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
    pub async fn namespace(&self, name: impl AsRef<str>) -> Result<Namespace, NamespaceError> {
        let name = NamespaceName::new(name)?;
        let place = self.core().place_of(&name);
        let mut running = place.lock().await;
        if let Some(namespace) = running.join().await {
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
        if running.join().await.is_some() {
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
        place: &mut Occupant,
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
        *place = Occupant {
            inner: Arc::downgrade(&owner.0),
            owner: Arc::downgrade(&owner),
        };
        Ok(Namespace::from_owner(owner))
    }
}

fn forget(core: &Weak<Core>, inner: &NamespaceInner) {
    inner.cells.clear();
    if let Some(core) = core.upgrade() {
        core.forget_place(&inner.name);
    }
}
