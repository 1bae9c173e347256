//! Children: a spec together with how to start it, and what a start comes to.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use mainstay_specs::{Backoff, ChildId, ChildSpec, ChildType, Restart, ServiceName, Shutdown};
use ractor::{Actor, ActorRuntime};

use crate::exit::{ExitReason, Failure, IntoExit, Panic, Term};
use crate::process::{
    ChargedTo, Host, Life, Owner, Process, ProcessKind, Ready, StopToken, spawn_task, start_error,
};
use crate::registry::RegisterError;
use crate::runtime::Scope;
use crate::supervisor::{Blueprint, SpecError};

/// What a start function came to, when it did not fail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Started {
    /// The child runs.
    Process {
        /// The process that [`StartContext`] has made.
        process: Process,
        /// What the start function wants to tell whoever asked for the start.
        info: Option<Term>,
    },
    /// There is nothing to run; this is no failure. A static supervisor keeps the spec, without a process.
    Ignore,
}

impl Started {
    /// The process, if there is one.
    #[must_use]
    pub const fn process(&self) -> Option<&Process> {
        match self {
            Self::Process { process, .. } => Some(process),
            Self::Ignore => None,
        }
    }

    /// Adds something to tell whoever asked for the start.
    #[must_use]
    pub fn with_info(self, info: Term) -> Self {
        match self {
            Self::Process { process, .. } => Self::Process {
                process,
                info: Some(info),
            },
            Self::Ignore => Self::Ignore,
        }
    }
}

impl From<Process> for Started {
    fn from(process: Process) -> Self {
        Self::Process {
            process,
            info: None,
        }
    }
}

/// Why a child did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The start function returned this error.
    #[error("{0}")]
    Failed(Failure),
    /// The start function, or the actor's `pre_start`, panicked.
    #[error("panicked: {0}")]
    Panicked(Panic),
    /// The task ended before it said that it is ready.
    #[error("ended before it was ready: {0}")]
    Exited(ExitReason),
    /// The child is a supervisor, and this child of it did not start. Those started before it have been stopped.
    #[error("child {id}: {error}")]
    Child {
        /// The child that did not start.
        id: ChildId,
        /// Why.
        error: Box<Self>,
    },
    /// The child is a supervisor, and its specs are wrong. Nothing was started.
    #[error("{0}")]
    Spec(#[from] SpecError),
    /// The name in its spec could not be had.
    #[error("the name {name:?}: {error}")]
    Register {
        /// The name.
        name: ServiceName,
        /// Why not.
        error: RegisterError,
    },
    /// Its spec gives a name, but it does not live in a namespace.
    #[error("the name {0:?}: there is no namespace to register it in")]
    NoNamespace(ServiceName),
    /// The runtime or namespace it should have lived in is stopping.
    #[error("the runtime is stopping")]
    Stopping,
}

impl StartError {
    /// An error of the start function's own.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(Failure::new(error))
    }
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

type StartFn =
    dyn Fn(StartContext) -> BoxFuture<'static, Result<Started, StartError>> + Send + Sync;

/// What a child is made of, with its start function in place.
struct Recipe<S: ?Sized> {
    spec: ChildSpec,
    made_at: &'static Location<'static>,
    /// The text given as its id is no name; said when it is to be started.
    wrong: Option<Box<SpecError>>,
    start: S,
}

/// A child: its spec, and how it is started. Cheap to clone; every start, and every restart, calls the start function
/// anew.
///
/// A text that is no [`ChildId`] is refused when the child is to be started, with [`SpecError::Name`].
#[derive(Clone)]
pub struct Child(Arc<Recipe<StartFn>>);

fn nameless() -> ChildId {
    ChildId::new("nameless").unwrap_or_else(|_| unreachable!("it is a name"))
}

impl Child {
    /// A child that is a plain ractor actor. `make` gives the actor and its start arguments for each incarnation.
    ///
    /// Its start is complete when `pre_start` has returned; an error or a panic there is a failed start. The end of
    /// each incarnation is known only after the actor, its state and its queued messages have been dropped.
    #[track_caller]
    pub fn actor<A, F>(id: impl AsRef<str>, make: F) -> Self
    where
        A: Actor,
        F: Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    {
        Self::named(id, move |cx| {
            let (actor, args) = make();
            cx.host(actor, args)
        })
    }

    /// A child that is a future. Its start is complete at once.
    ///
    /// The token tells it to stop; see [`StopToken`] for one that has no use for it. What the future returns is the
    /// reason of its end: `()` and `Ok` are normal (or as asked), an error is a failure.
    #[track_caller]
    pub fn task<F, B>(id: impl AsRef<str>, body: B) -> Self
    where
        B: Fn(StopToken) -> F + Send + Sync + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
    {
        Self::named(id, move |cx| {
            let process = cx.spawn_task(&body);
            async { Ok(process.into()) }
        })
    }

    /// A child that is a future which says itself when its start is complete. If it ends before, the start has failed.
    #[track_caller]
    pub fn task_ready<F, B>(id: impl AsRef<str>, body: B) -> Self
    where
        B: Fn(StopToken, Ready) -> F + Send + Sync + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
    {
        let body = Arc::new(body);
        Self::named(id, move |cx| {
            let body = Arc::clone(&body);
            async move {
                cx.spawn_task_ready(|stop, ready| body(stop, ready))
                    .await
                    .map(Started::from)
            }
        })
    }

    /// A child that is a supervisor: permanent, of type supervisor, and waited for without limit when it is stopped.
    #[track_caller]
    pub fn supervisor(id: impl AsRef<str>, supervisor: impl Into<Blueprint>) -> Self {
        let blueprint = supervisor.into();
        let child = Self::named(id, move |cx| {
            let blueprint = blueprint.clone();
            async move { cx.start_supervisor(blueprint).await }
        });
        child.with_spec(|spec| spec.child_type = ChildType::Supervisor)
    }

    #[track_caller]
    fn named<F, S>(id: impl AsRef<str>, start: S) -> Self
    where
        S: Fn(StartContext) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Started, StartError>> + Send + 'static,
    {
        let wrong = |error| SpecError::Name {
            text: id.as_ref().to_owned(),
            error,
        };
        let (id, wrong) = match ChildId::new(&id).map_err(wrong) {
            Ok(id) => (id, None),
            Err(wrong) => (nameless(), Some(Box::new(wrong))),
        };
        Self::of(ChildSpec::new(id), Location::caller(), wrong, start)
    }

    /// A child with a start function of its own: anything that can be decided at start, `Started::Ignore` included.
    ///
    /// The function runs in the supervisor, which does nothing else meanwhile. A panic in it is a failed start.
    #[track_caller]
    pub fn from_start<F, S>(spec: ChildSpec, start: S) -> Self
    where
        S: Fn(StartContext) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Started, StartError>> + Send + 'static,
    {
        Self::of(spec, Location::caller(), None, start)
    }

    fn of<F, S>(
        spec: ChildSpec,
        made_at: &'static Location<'static>,
        wrong: Option<Box<SpecError>>,
        start: S,
    ) -> Self
    where
        S: Fn(StartContext) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Started, StartError>> + Send + 'static,
    {
        Self(Arc::new(Recipe {
            spec,
            made_at,
            wrong,
            start: move |cx| -> BoxFuture<'static, _> { Box::pin(start(cx)) },
        }))
    }

    /// Its spec.
    #[must_use]
    pub fn spec(&self) -> &ChildSpec {
        &self.0.spec
    }

    /// Where it was made: the call of the constructor. Clones keep it, and every [`Process`] that is started from them
    /// knows it.
    #[must_use]
    pub fn made_at(&self) -> &'static Location<'static> {
        self.0.made_at
    }

    /// Says that it was made elsewhere: by whom the constructor was called for.
    pub(crate) fn with_made_at(self, made_at: &'static Location<'static>) -> Self {
        self.with(|_, place, _| *place = made_at)
    }

    /// Sets when it is restarted.
    #[must_use]
    pub fn restart(self, restart: Restart) -> Self {
        self.with_spec(|spec| spec.restart = restart)
    }

    /// Sets how it is stopped.
    #[must_use]
    pub fn shutdown(self, shutdown: Shutdown) -> Self {
        self.with_spec(|spec| spec.shutdown = Some(shutdown))
    }

    /// Makes its own end count for its supervisor's automatic shutdown.
    #[must_use]
    pub fn significant(self, significant: bool) -> Self {
        self.with_spec(|spec| spec.significant = significant)
    }

    /// Has it registered under this name in its namespace while it runs: from when its start is complete until its end,
    /// its successor after it. A name that is taken fails the start.
    ///
    /// A name that is held by a process whose supervisor was killed, or a supervisor above that, is going to be free: the start waits for
    /// that, for as long as the one who has the name may take to stop, before the start function is called; if that is not
    /// enough, as that one is in code that does not await, the start fails with [`RegisterError::Orphaned`]. How long that is
    /// says [`Namespace::until_free`](crate::Namespace::until_free).
    #[must_use]
    pub fn name(self, name: ServiceName) -> Self {
        self.with_spec(|spec| spec.name = Some(name))
    }

    /// Names the siblings that are started before it, and whose restart restarts it too.
    #[must_use]
    pub fn depends_on(self, siblings: impl IntoIterator<Item = ChildId>) -> Self {
        self.with_spec(|spec| spec.depends_on = siblings.into_iter().collect())
    }

    /// Limits how many messages sent through a [`ServiceRef`](crate::ServiceRef) may wait in its mailbox. Only for actors;
    /// other children with a limit do not start.
    ///
    /// Messages sent through a plain `ActorRef` are never refused, and each that is handled makes room for one that is
    /// counted: the limit is exact for an actor that is reached through its name only.
    #[must_use]
    pub fn mailbox_limit(self, limit: NonZeroUsize) -> Self {
        self.with_spec(|spec| spec.mailbox_limit = Some(limit))
    }

    /// Makes its restarts wait.
    #[must_use]
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.with_spec(|spec| spec.backoff = Some(backoff))
    }

    pub(crate) fn with_id(self, id: ChildId) -> Self {
        self.with(|spec, _, wrong| {
            spec.id = id;
            *wrong = None;
        })
    }

    /// Changes its spec in any way.
    #[must_use]
    pub fn with_spec(self, change: impl FnOnce(&mut ChildSpec)) -> Self {
        self.with(|spec, _, _| change(spec))
    }

    /// Changes it in place if there is no clone of it, and else a copy that shares the start function.
    fn with(
        mut self,
        change: impl FnOnce(
            &mut ChildSpec,
            &mut &'static Location<'static>,
            &mut Option<Box<SpecError>>,
        ),
    ) -> Self {
        if let Some(recipe) = Arc::get_mut(&mut self.0) {
            change(&mut recipe.spec, &mut recipe.made_at, &mut recipe.wrong);
            return self;
        }
        let shared = self.0;
        let (mut spec, mut made_at) = (shared.spec.clone(), shared.made_at);
        let mut wrong = shared.wrong.clone();
        change(&mut spec, &mut made_at, &mut wrong);
        let start = move |cx| (shared.start)(cx);
        Self(Arc::new(Recipe {
            spec,
            made_at,
            wrong,
            start,
        }))
    }

    pub(crate) fn check_id(&self) -> Result<(), SpecError> {
        match &self.0.wrong {
            Some(wrong) => Err(SpecError::clone(wrong)),
            None => Ok(()),
        }
    }

    pub(crate) fn start(
        &self,
        cx: StartContext,
    ) -> BoxFuture<'static, Result<Started, StartError>> {
        (self.0.start)(cx)
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Child").field(self.spec()).finish()
    }
}

/// What a start function makes its process with. It is used up by that: a start makes one process.
pub struct StartContext {
    scope: Arc<Scope>,
    id: ChildId,
    mailbox_limit: Option<NonZeroUsize>,
    owner: Owner,
    restarts: u32,
    made_at: &'static Location<'static>,
}

impl StartContext {
    pub(crate) fn new(scope: Arc<Scope>, child: &Child, owner: Owner, restarts: u32) -> Self {
        Self {
            scope,
            id: child.spec().id.clone(),
            mailbox_limit: child.spec().mailbox_limit,
            owner,
            restarts,
            made_at: child.made_at(),
        }
    }

    /// The child's id.
    #[must_use]
    pub const fn id(&self) -> &ChildId {
        &self.id
    }

    /// How often the child was started before under this supervisor.
    #[must_use]
    pub const fn restarts(&self) -> u32 {
        self.restarts
    }

    /// The namespace the child is going to live in.
    #[must_use]
    pub fn namespace(&self) -> Option<crate::Namespace> {
        self.scope.namespace()
    }

    fn process(self, kind: ProcessKind) -> Process {
        let hub = Arc::clone(&self.owner.hub);
        let life = Life::new(self.id, kind, self.scope, Some(self.owner), self.made_at);
        let process = Process::new(life, self.mailbox_limit);
        hub.set_starting(process.clone());
        process
    }

    /// Starts an actor, and waits for its `pre_start`.
    ///
    /// # Errors
    ///
    /// What `pre_start` returned or panicked with.
    pub async fn spawn_actor<A: Actor>(
        self,
        actor: A,
        args: A::Arguments,
    ) -> Result<Process, StartError> {
        self.host(actor, args).await
    }

    /// The one future that a start goes through: each layer around another copies what is inside.
    async fn host<A: Actor, T: From<Process>>(
        self,
        actor: A,
        args: A::Arguments,
    ) -> Result<T, StartError> {
        let process = self.process(ProcessKind::Actor);
        let spawn = ActorRuntime::spawn(None, Host::new(&process, actor), args);
        match ChargedTo::new(&process, spawn).await {
            Ok(_) => Ok(process.into()),
            Err(error) => Err(start_error(&process, error).await),
        }
    }

    /// Starts a future.
    pub fn spawn_task<F, B>(self, body: B) -> Process
    where
        B: FnOnce(StopToken) -> F,
        F: Future<Output: IntoExit> + Send + 'static,
    {
        let process = self.process(ProcessKind::Task);
        spawn_task(&process, body);
        process
    }

    /// Starts a future, and waits until it says that it is ready.
    ///
    /// # Errors
    ///
    /// [`StartError::Exited`] if it ends before.
    pub async fn spawn_task_ready<F, B>(self, body: B) -> Result<Process, StartError>
    where
        B: FnOnce(StopToken, Ready) -> F,
        F: Future<Output: IntoExit> + Send + 'static,
    {
        let process = self.process(ProcessKind::Task);
        let (ready, told) = Ready::new(process.clone());
        spawn_task(&process, |stop| body(stop, ready));
        match told.await {
            Ok(()) => Ok(process),
            Err(_) => Err(StartError::Exited(process.ended().await)),
        }
    }

    /// Starts a supervisor, and waits until all its children have started.
    ///
    /// # Errors
    ///
    /// Why it, or one of its children, could not start; nothing of it is left then.
    pub async fn start_supervisor(
        self,
        supervisor: impl Into<Blueprint>,
    ) -> Result<Started, StartError> {
        let blueprint = supervisor.into();
        blueprint.check()?;
        let scope = Arc::clone(&self.scope);
        let process = self.process(ProcessKind::Supervisor);
        crate::supervisor::start(process.clone(), &scope, blueprint).await?;
        Ok(process.into())
    }
}

impl fmt::Debug for StartContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartContext")
            .field("id", &self.id)
            .field("restarts", &self.restarts)
            .finish_non_exhaustive()
    }
}
