//! The children of a namespace: those of the application, and its services.

use mainstay_specs::{ChildId, RestartLimit};

use super::plan::root_flags;
use super::{CHILDREN, Namespace};
use crate::call::CallError;
use crate::start::{Child, Started};
use crate::supervisor::{ChildState, SupervisorError, SupervisorRef};

impl Namespace {
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
    /// As [`SupervisorRef::start_child`]; [`CallError::NoProcess`] if the namespace has stopped.
    pub async fn start_child(&self, child: Child) -> Result<Started, SupervisorError> {
        self.children_or_gone()?.start_child(child).await
    }

    /// Stops a child of the application and forgets it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`].
    pub async fn stop_child(&self, id: &ChildId) -> Result<(), SupervisorError> {
        stop_and_forget(&self.children_or_gone()?, id).await
    }

    /// Adds a service and starts it: after the services that are there, and before the children of the application, which may be there
    /// already. So it is stopped after the children, and they are restarted with it, as with a service of the
    /// [plan](super::NamespacePlan::service).
    ///
    /// # Errors
    ///
    /// As [`start_child`](Self::start_child); nothing is kept of a service that does not start.
    pub async fn start_service(&self, service: Child) -> Result<Started, SupervisorError> {
        self.root_or_gone()?.start_early(service).await
    }

    /// Stops a service and forgets it. Those that came after it, and the children of the application, go on as they are. What it
    /// keeps in cells of the namespace stays there, for another that is started under its name.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotFound`], also for the supervisor of the children, which is no service.
    pub async fn stop_service(&self, id: &ChildId) -> Result<(), SupervisorError> {
        if id.as_str() == CHILDREN {
            return Err(SupervisorError::NotFound);
        }
        stop_and_forget(&self.root_or_gone()?, id).await
    }

    /// Sets how often its root may restart from now on, as [`root_limit`](super::NamespacePlan::root_limit) of its plan. Restarts so far count
    /// against it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Spec`] of [`SpecError::ZeroPeriod`](crate::SpecError::ZeroPeriod) if the period is zero;
    /// [`CallError::NoProcess`] if the namespace has stopped. Nothing has changed then.
    pub async fn set_root_limit(&self, limit: RestartLimit) -> Result<(), SupervisorError> {
        self.root_or_gone()?.change_flags(root_flags(limit)).await
    }

    fn root_or_gone(&self) -> Result<SupervisorRef, SupervisorError> {
        self.root()
            .ok_or(SupervisorError::Call(CallError::NoProcess))
    }

    fn children_or_gone(&self) -> Result<SupervisorRef, SupervisorError> {
        self.children()
            .ok_or(SupervisorError::Call(CallError::NoProcess))
    }
}

async fn stop_and_forget(above: &SupervisorRef, id: &ChildId) -> Result<(), SupervisorError> {
    above.terminate_child(id).await?;
    match above.delete_child(id).await {
        Err(SupervisorError::NotFound) | Ok(()) => Ok(()), // A temporary child is forgotten by being stopped.
        Err(error) => Err(error),
    }
}
