//! Supervisors and their children.

use std::collections::HashSet;
use std::pin::Pin;

use mainstay_specs::{
    AutoShutdown, ChangeEffect, ChildId, ChildSpec, NamespaceSpec, NodeChild, SpecChange, SpecPart,
    Strategy,
};
use mainstay_supervisors::{
    CHILDREN, Child, ChildStatus, Namespace, Process, SupervisorError, SupervisorRef,
};

use super::error::ReloadFailure;
use super::family::{Family, family};
use super::services::Wrong;
use crate::node::error::BootError;
use crate::node::kinds::Factories;
use crate::node::plan::child;

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Has the children of a namespace be what they are to be. `old` is what they have become by that, also if it fails.
pub(super) async fn renew(
    namespace: &Namespace,
    old: &mut NamespaceSpec,
    new: &NamespaceSpec,
    changes: &[SpecChange],
    kinds: &Factories,
) -> Result<(), ReloadFailure> {
    let path = namespace.name().to_string();
    let gone = || ReloadFailure::new(&path, "the namespace has ended", false);
    let root = namespace.root().ok_or_else(gone)?;
    // The supervisor of all of them is a child like others, of a supervisor whose other children are the services.
    let mut trees = [whole(old), whole(new)].into_iter();
    let (mut before, after) = (
        trees.next().into_iter().collect(),
        trees.collect::<Vec<_>>(),
    );
    let level = Level {
        supervisor: root,
        path,
        ids: None,
        strategy: Strategy::OneForOne,
    };
    let anew = anew(changes);
    let renewal = Renewal { kinds, anew };
    let done = renewal.level(&level, &mut before, &after).await;
    if let Some(whole) = before.pop() {
        old.supervisor = whole.supervisor.unwrap_or_default();
        old.children = whole.children;
    }
    done
}

fn whole(spec: &NamespaceSpec) -> NodeChild {
    // A name is not empty, short, and without `/` and white space: this one is.
    let id = ChildId::new(CHILDREN).expect("a name");
    let (flags, children) = (spec.supervisor.clone(), spec.children.clone());
    NodeChild::supervisor(ChildSpec::new(id), flags, children)
}

/// Those that are to start anew, by the ids from the children of the namespace down to them.
fn anew(changes: &[SpecChange]) -> HashSet<Vec<ChildId>> {
    let restarts = changes
        .iter()
        .filter(|change| matches!(change.effect, ChangeEffect::Restart { .. }));
    let ids = restarts.filter_map(|change| match &change.part {
        SpecPart::Child { ids, .. } | SpecPart::Supervisor { ids, .. } => Some(ids.clone()),
        _ => None,
    });
    ids.collect()
}

/// A running supervisor.
struct Level {
    supervisor: SupervisorRef,
    path: String,
    /// From the children of the namespace down to it; none for the root of the namespace.
    ids: Option<Vec<ChildId>>,
    strategy: Strategy,
}

impl Level {
    fn ids_of(&self, id: &ChildId) -> Vec<ChildId> {
        let above = self.ids.iter().flatten();
        let own = self.ids.is_some().then_some(id);
        above.chain(own).cloned().collect()
    }

    fn path_of(&self, id: &ChildId) -> String {
        format!("{}/{id}", self.path)
    }

    fn failed(&self, id: &ChildId, error: SupervisorError, put_back: bool) -> ReloadFailure {
        start_failure(self.path_of(id), error.into(), put_back)
    }

    /// Stops a child, and forgets it if it is told to. That it is not there is as good.
    async fn stop(&self, id: &ChildId, forget: bool) -> Result<(), SupervisorError> {
        let done = match self.supervisor.terminate_child(id).await {
            Ok(()) if forget => self.supervisor.delete_child(id).await,
            done => done,
        };
        match done {
            Err(SupervisorError::NotFound) => Ok(()),
            done => done,
        }
    }

    /// Starts a child that was stopped as this one, in its place if it still has one.
    async fn start(&self, child: Child) -> Result<(), SupervisorError> {
        let id = child.spec().id.clone();
        match self.supervisor.change_child(child.clone()).await {
            Ok(()) => self.supervisor.restart_child(&id).await.map(drop),
            Err(SupervisorError::NotFound) => self.supervisor.start_child(child).await.map(drop),
            Err(error) => Err(error),
        }
    }

    /// The process of this child, if it runs.
    async fn process(&self, id: &ChildId) -> Result<Option<Process>, SupervisorError> {
        let children = self.supervisor.which_children().await?;
        let child = children.into_iter().find(|child| child.id == *id);
        Ok(match child.map(|child| child.status) {
            Some(ChildStatus::Running(process)) if process.is_alive() => Some(process),
            _ => None,
        })
    }

    /// Starts it anew, by what its supervisor knows of it.
    async fn anew(&self, id: &ChildId) -> Result<(), SupervisorError> {
        self.supervisor.terminate_child(id).await?;
        self.supervisor.restart_child(id).await.map(drop)
    }
}

/// That something has not started, with the path of what is at fault.
pub(super) fn start_failure(path: String, error: Wrong, put_back: bool) -> ReloadFailure {
    let error = match error.downcast::<SupervisorError>() {
        Ok(error) => *error,
        Err(error) => return ReloadFailure::new(path, error, put_back),
    };
    match error {
        SupervisorError::StartFailed(error) => match BootError::below(path.clone(), error) {
            BootError::Start { path, error } => ReloadFailure::new(path, error, put_back),
            error => ReloadFailure::new(path, error, put_back),
        },
        error => ReloadFailure::new(path, error, put_back),
    }
}

struct Renewal<'a> {
    kinds: &'a Factories,
    anew: HashSet<Vec<ChildId>>,
}

impl Renewal<'_> {
    /// Those that stay are looked at first: what is inside them is done in place.
    fn level<'a>(
        &'a self,
        level: &'a Level,
        old: &'a mut Vec<NodeChild>,
        new: &'a [NodeChild],
    ) -> Later<'a, Result<(), ReloadFailure>> {
        Box::pin(async move {
            let ids = new.iter().map(|child| child.spec.id.clone());
            let changed = ids.filter(|id| self.anew.contains(&level.ids_of(id)));
            let family = family((old, new), &changed.collect(), level.strategy);
            self.go(level, old, &family).await?;
            for id in &family.stay {
                self.stay(level, id, old, new).await?;
            }
            self.restart(level, old, new, &family).await?;
            for id in &family.come {
                self.come(level, id, old, new).await?;
            }
            in_order(old, new);
            Ok(())
        })
    }

    async fn go(
        &self,
        level: &Level,
        old: &mut Vec<NodeChild>,
        family: &Family,
    ) -> Result<(), ReloadFailure> {
        for id in &family.gone {
            let done = level.stop(id, true).await;
            done.map_err(|error| level.failed(id, error, true))?;
            old.retain(|child| child.spec.id != *id);
        }
        Ok(())
    }

    /// It runs on. First its supervisor knows what it is to be, so that it is that also if it is restarted meanwhile.
    async fn stay(
        &self,
        level: &Level,
        id: &ChildId,
        old: &mut [NodeChild],
        new: &[NodeChild],
    ) -> Result<(), ReloadFailure> {
        let (Some(before), Some(after)) = (find_mut(old, id), find(new, id)) else {
            return Ok(());
        };
        if before == after {
            return Ok(());
        }
        let failed = |error| level.failed(id, error, true);
        let was = level.process(id).await.map_err(failed)?;
        let successor = self.made_at(level, after)?;
        match level.supervisor.change_child(successor).await {
            // A temporary one has ended and is forgotten.
            Ok(()) | Err(SupervisorError::NotFound) => {}
            Err(error) => return Err(failed(error)),
        }
        let (Some(_), Some(process)) = (&after.supervisor, was) else {
            before.clone_from(after);
            return Ok(());
        };
        let done = self.inside(level, &process, before, after).await;
        if !process.is_alive() {
            // Whether its successor was started before it was to be another, or after, nobody knows.
            let now = level.process(id).await.map_err(failed)?;
            if now.is_some() {
                level.anew(id).await.map_err(failed)?;
            }
        } else if let Err(failure) = done {
            let kept = self.made_at(level, before)?;
            level.supervisor.change_child(kept).await.map_err(failed)?;
            return Err(failure);
        }
        before.clone_from(after);
        Ok(())
    }

    /// What is inside a supervisor that runs, and its flags: those that forbid what is still there come last.
    async fn inside(
        &self,
        level: &Level,
        process: &Process,
        before: &mut NodeChild,
        after: &NodeChild,
    ) -> Result<(), ReloadFailure> {
        let id = &after.spec.id;
        let path = level.path_of(id);
        let ended = || ReloadFailure::new(&path, "it is just being restarted", true);
        let supervisor = process.supervisor().ok_or_else(ended)?;
        let failed = |error| level.failed(id, error, true);
        let flags = after.supervisor.clone().unwrap_or_default();
        let mut first = flags.clone();
        if let Some(old) = &before.supervisor
            && flags.auto_shutdown == AutoShutdown::Never
        {
            first.auto_shutdown = old.auto_shutdown;
        }
        if before.supervisor.as_ref() != Some(&first) {
            let changed = supervisor.change_flags(first.clone()).await;
            changed.map_err(failed)?;
            before.supervisor = Some(first.clone());
        }
        let inner = Level {
            path: path.clone(),
            ids: Some(level.ids_of(id)),
            strategy: flags.strategy,
            supervisor,
        };
        self.level(&inner, &mut before.children, &after.children)
            .await?;
        if first != flags {
            let changed = inner.supervisor.change_flags(flags.clone()).await;
            changed.map_err(failed)?;
            before.supervisor = Some(flags);
        }
        Ok(())
    }

    /// Stops all, last first, and starts them in order. If one does not start, it and those after it are what they were.
    async fn restart(
        &self,
        level: &Level,
        old: &mut Vec<NodeChild>,
        new: &[NodeChild],
        family: &Family,
    ) -> Result<(), ReloadFailure> {
        for id in family.anew.iter().rev() {
            let done = level.stop(id, false).await;
            done.map_err(|error| level.failed(id, error, false))?;
        }
        let mut failure = None;
        for id in &family.anew {
            let (Some(before), Some(after)) = (find_mut(old, id), find(new, id)) else {
                continue;
            };
            if failure.is_none() {
                match self.start(level, after).await {
                    Ok(()) => {
                        before.clone_from(after);
                        continue;
                    }
                    Err(error) => failure = Some((id, error, true)),
                }
            }
            let before = before.clone();
            if !self.put_back(level, &before).await {
                old.retain(|child| child.spec.id != *id);
                failure =
                    failure.map(|(failed, error, back)| (failed, error, back && failed != id));
            }
        }
        failure.map_or(Ok(()), |(id, error, put_back)| {
            Err(level.failed(id, error, put_back))
        })
    }

    async fn come(
        &self,
        level: &Level,
        id: &ChildId,
        old: &mut Vec<NodeChild>,
        new: &[NodeChild],
    ) -> Result<(), ReloadFailure> {
        let Some(child) = find(new, id) else {
            return Ok(());
        };
        let done = self.start(level, child).await;
        done.map_err(|error| level.failed(id, error, false))?;
        old.push(child.clone());
        Ok(())
    }

    async fn start(&self, level: &Level, spec: &NodeChild) -> Result<(), SupervisorError> {
        let made = self.made(spec, &level.path_of(&spec.spec.id));
        let made = made.map_err(mainstay_supervisors::StartError::failed)?;
        level.start(made).await
    }

    /// Starts a child as it was. If that fails, too, it is forgotten, so that the next reload takes it for one that comes.
    async fn put_back(&self, level: &Level, spec: &NodeChild) -> bool {
        let id = &spec.spec.id;
        let Err(error) = self.start(level, spec).await else {
            return true;
        };
        let child = level.path_of(id);
        tracing::error!(child, %error, "cannot be put back as it was");
        level.stop(id, true).await.ok();
        false
    }

    fn made(&self, spec: &NodeChild, path: &str) -> Result<Child, BootError> {
        child(spec, self.kinds, path)
    }

    fn made_at(&self, level: &Level, spec: &NodeChild) -> Result<Child, ReloadFailure> {
        let path = level.path_of(&spec.spec.id);
        let made = self.made(spec, &path);
        made.map_err(|error| ReloadFailure::new(&path, error, true))
    }
}

fn find<'a>(list: &'a [NodeChild], id: &ChildId) -> Option<&'a NodeChild> {
    list.iter().find(|child| child.spec.id == *id)
}

fn find_mut<'a>(list: &'a mut [NodeChild], id: &ChildId) -> Option<&'a mut NodeChild> {
    list.iter_mut().find(|child| child.spec.id == *id)
}

/// In the order of the new spec, in which they are started when their supervisor is restarted.
fn in_order(old: &mut [NodeChild], new: &[NodeChild]) {
    old.sort_by_cached_key(|child| new.iter().position(|other| other.spec.id == child.spec.id));
}
