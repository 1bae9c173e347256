//! A service and all that comes after it, started anew: as its supervisor does when it crashes.

use mainstay_actors::pool::{PoolKinds, RegisterPoolError};
use mainstay_actors::{
    CircuitBreakerRegistry, ConnectionPoolRegistry, ProtectionRegistry, RateLimiterRegistry,
};
use mainstay_specs::{ChildId, NamespaceSpec, ServicePart, ServicesSpec};
use mainstay_supervisors::{
    CHILDREN, Child, ChildStatus, Namespace, SupervisorError, SupervisorRef,
};

use super::children::start_failure;
use super::error::ReloadFailure;
use super::services::{self, Wrong};
use crate::node::NodeBuilder;
use crate::node::plan::children_supervisor;

/// Stops `first` and all that comes after it, last first, and starts what the new spec has from there on, in order. If one does not start, all
/// of them are started as they were, which is tried [`TRIES`] times. `old` is what they have become by that.
///
/// Whatever crashes meanwhile is restarted by the supervisor, with all that comes after it, be it stopped already: it is stopped once more.
///
/// What the program itself has started among the services is stopped and started with them, behind those of the spec that come.
pub(super) async fn restart(
    namespace: &Namespace,
    (old, new): (&mut NamespaceSpec, &NamespaceSpec),
    first: ServicePart,
    builder: &NodeBuilder,
) -> Result<(), ReloadFailure> {
    let path = namespace.name().to_string();
    let gone = || ReloadFailure::new(&path, "the namespace has ended", false);
    let root = namespace.root().ok_or_else(gone)?;
    let rest = Rest {
        namespace,
        root,
        first,
        builder,
    };
    let Err((id, error)) = rest.become_as((old, new)).await else {
        for service in rest.services() {
            services::take_over(service, &mut old.services, &new.services);
        }
        old.supervisor.clone_from(&new.supervisor);
        old.children.clone_from(&new.children);
        return Ok(());
    };
    let mut put_back = rest.become_as((new, old)).await;
    for _ in 1..TRIES {
        if put_back.is_ok() {
            break;
        }
        put_back = rest.become_as((new, old)).await;
    }
    if let Err((id, error)) = &put_back {
        tracing::error!(namespace = %namespace.name(), process = id, %error, "cannot be put back as it was");
    }
    let at = format!("{path}/{id}");
    Err(start_failure(at, error, put_back.is_ok()))
}

/// How often all of them are started as they were, until they start.
const TRIES: u32 = 4;

struct Rest<'a> {
    namespace: &'a Namespace,
    root: SupervisorRef,
    first: ServicePart,
    builder: &'a NodeBuilder,
}

/// What is at fault, by its id.
type Failed = (String, Wrong);

impl Rest<'_> {
    fn services(&self) -> impl Iterator<Item = ServicePart> + use<> {
        let first = self.first;
        let all = ServicePart::IN_ORDER.into_iter();
        all.filter(move |service| service.is_from(first))
    }

    const fn pools(&self) -> &PoolKinds {
        &self.builder.pools
    }

    /// How often something is tried that a crash makes vain, by which it is started in between. Each of them is a restart by the root: of so
    /// many within its period it gives up, and the namespace ends. If they are further apart, it fails because that runs.
    fn tries(&self) -> u32 {
        self.root.budget().intensity.saturating_add(1)
    }

    async fn become_as(&self, specs: (&NamespaceSpec, &NamespaceSpec)) -> Result<(), Failed> {
        let (old, new) = (&specs.0.services, &specs.1.services);
        let ids = self.ids().await.map_err(|error| failed("", error))?;
        let closed = self.close_pools(old, new).await;
        closed.map_err(|error| failed(ServicePart::ConnectionPools.name(), error))?;
        self.stop(&ids).await?;
        self.forget(&ids, old, new).await?;
        for service in self.services() {
            let Some(child) = services::child(new, service, self.pools()) else {
                continue;
            };
            let is_same = services::is_same(service, old, new);
            let started = self.start(child, is_same).await;
            started.map_err(|error| failed(service.name(), error))?;
            if is_same {
                continue;
            }
            let told = services::tell(self.namespace, service, (old, new), self.pools()).await;
            told.map_err(|error| (service.name().to_owned(), error))?;
        }
        self.start_others(&ids).await?;
        let kinds = &self.builder.kinds;
        let children =
            children_supervisor(specs.1, kinds).map_err(|error| failed(CHILDREN, error))?;
        let started = self.start(children, false).await;
        started.map_err(|error| failed(CHILDREN, error))
    }

    /// Stops these, last first, and those again that have been started meanwhile. What is started after that is stopped by whoever deletes it
    /// or starts it.
    async fn stop(&self, ids: &[ChildId]) -> Result<(), Failed> {
        for _ in 0..self.tries() {
            for id in ids.iter().rev() {
                let stopped = self.root.terminate_child(id).await;
                ignore_missing(stopped).map_err(|error| failed(id.as_str(), error))?;
            }
            let children = self.root.which_children().await;
            let children = children.map_err(|error| failed("", error))?;
            let mut those = children.iter().filter(|child| ids.contains(&child.id));
            if those.all(|child| matches!(child.status, ChildStatus::Stopped)) {
                break;
            }
        }
        Ok(())
    }

    /// The children of the root that come after the last service before `first`.
    async fn ids(&self) -> Result<Vec<ChildId>, SupervisorError> {
        let ids = self.root.which_children().await?.into_iter();
        let ids: Vec<ChildId> = ids.map(|child| child.id).collect();
        let before = |id: &ChildId| {
            let mut all = ServicePart::IN_ORDER.into_iter();
            all.any(|one| one.name() == id.as_str() && !one.is_from(self.first))
        };
        let from = ids.iter().rposition(before).map_or(0, |last| last + 1);
        Ok(ids[from..].to_vec())
    }

    /// While their supervisor runs: pools that are not to go on.
    async fn close_pools(
        &self,
        old: &ServicesSpec,
        new: &ServicesSpec,
    ) -> Result<(), RegisterPoolError> {
        let Some(old) = &old.connection_pools else {
            return Ok(());
        };
        if !ServicePart::ConnectionPools.is_from(self.first) {
            return Ok(());
        }
        let new = new.connection_pools.clone().unwrap_or_default();
        let mut stay = services::same_source(old, &new);
        stay.pools
            .retain(|pool| new.pools.iter().any(|one| one.name == pool.name));
        let registry = ConnectionPoolRegistry::of(self.namespace);
        registry.renew(old, &stay, self.pools()).await
    }

    /// Services that go, with what they keep in the namespace; and all, if one comes that is not the last of them, so that they are put behind
    /// each other in order: also one that has come already, in a try before this one.
    async fn forget(
        &self,
        ids: &[ChildId],
        old: &ServicesSpec,
        new: &ServicesSpec,
    ) -> Result<(), Failed> {
        let has =
            |spec: &ServicesSpec, service| services::child(spec, service, self.pools()).is_some();
        let any_comes = self.services().any(|one| has(new, one) && !has(old, one));
        for service in self.services() {
            let goes = has(old, service) && !has(new, service);
            if goes {
                self.clear(service, old);
            }
            let id = ids.iter().find(|id| id.as_str() == service.name());
            if let Some(id) = id.filter(|_| goes || any_comes) {
                self.delete((id, ids)).await?;
            }
        }
        Ok(())
    }

    /// If it runs again, all of them may: last first, as ever.
    async fn delete(&self, (id, ids): (&ChildId, &[ChildId])) -> Result<(), Failed> {
        let mut deleted = self.root.delete_child(id).await;
        for _ in 1..self.tries() {
            if !is_in_the_way(&deleted) {
                break;
            }
            self.stop(ids).await?;
            deleted = self.root.delete_child(id).await;
        }
        ignore_missing(deleted).map_err(|error| failed(id.as_str(), error))
    }

    /// What it does not hold any more is not found any more.
    fn clear(&self, service: ServicePart, old: &ServicesSpec) {
        match service {
            ServicePart::CircuitBreakers => {
                let registry = CircuitBreakerRegistry::of(self.namespace);
                let old = old.circuit_breakers.clone().unwrap_or_default();
                // It takes away only.
                registry.renew(&old, &Default::default()).ok();
            }
            ServicePart::RateLimiters => {
                let registry = RateLimiterRegistry::of(self.namespace);
                let old = old.rate_limiters.clone().unwrap_or_default();
                registry.renew(&old, &Default::default()).ok();
            }
            ServicePart::Protections => {
                let registry = ProtectionRegistry::of(self.namespace);
                let old = old.protections.clone().unwrap_or_default();
                registry.renew(&old, &Default::default()).ok();
            }
            _ => {}
        }
    }

    /// In its place if it has one; else after all services. One that is the same as before is started from what it was started from then.
    ///
    /// One that runs was started before it is its turn, and maybe as what it was.
    async fn start(&self, child: Child, is_same: bool) -> Result<(), SupervisorError> {
        let mut started = self.start_stopped(child.clone(), is_same).await;
        for _ in 1..self.tries() {
            if !is_in_the_way(&started) {
                break;
            }
            ignore_missing(self.root.terminate_child(&child.spec().id).await)?;
            started = self.start_stopped(child.clone(), is_same).await;
        }
        started
    }

    async fn start_stopped(&self, child: Child, is_same: bool) -> Result<(), SupervisorError> {
        let id = child.spec().id.clone();
        if is_same {
            match self.root.restart_child(&id).await {
                Err(SupervisorError::NotFound) => {}
                started => return started.map(drop),
            }
        }
        match self.root.change_child(child.clone()).await {
            Ok(()) => self.root.restart_child(&id).await.map(drop),
            Err(SupervisorError::NotFound) => self.namespace.start_service(child).await.map(drop),
            Err(error) => Err(error),
        }
    }

    /// What the program has started among the services.
    async fn start_others(&self, ids: &[ChildId]) -> Result<(), Failed> {
        let is_ours = |id: &ChildId| {
            let mut all = ServicePart::IN_ORDER.into_iter();
            id.as_str() == CHILDREN || all.any(|service| service.name() == id.as_str())
        };
        for id in ids.iter().filter(|id| !is_ours(id)) {
            let mut started = self.root.restart_child(id).await.map(drop);
            for _ in 1..self.tries() {
                if !is_in_the_way(&started) {
                    break;
                }
                let stopped = self.root.terminate_child(id).await;
                ignore_missing(stopped).map_err(|error| failed(id.as_str(), error))?;
                started = self.root.restart_child(id).await.map(drop);
            }
            ignore_missing(started).map_err(|error| failed(id.as_str(), error))?;
        }
        Ok(())
    }
}

fn failed(id: &str, error: impl Into<Wrong>) -> Failed {
    (id.to_owned(), error.into())
}

/// Whether something was to be started that its supervisor has started meanwhile, or is about to start.
const fn is_in_the_way(started: &Result<(), SupervisorError>) -> bool {
    matches!(
        started,
        Err(SupervisorError::Running | SupervisorError::Restarting)
    )
}

fn ignore_missing(done: Result<(), SupervisorError>) -> Result<(), SupervisorError> {
    match done {
        Err(SupervisorError::NotFound) => Ok(()),
        done => done,
    }
}
