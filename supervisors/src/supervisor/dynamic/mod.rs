//! Supervisors whose children come and go, without ids and without an order.

mod server;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use mainstay_specs::{AutoShutdown, ChildSpec, Shutdown, SupervisorFlags};

pub(crate) use server::Server;

use super::error::{SpecError, SupervisorError};
use super::handle::SupervisorRef;
use super::{Blueprint, spec};
use crate::start::{Child, StartContext, StartError, Started};

#[derive(Clone, Debug)]
pub(crate) enum Flavour {
    /// Elixir's DynamicSupervisor: each child brings its spec.
    Dynamic { max_children: usize },
    /// OTP's simple_one_for_one: all children share one spec.
    Simple { template: Arc<ChildSpec> },
}

/// A supervisor to be, whose children are added at run time, as Elixir's `DynamicSupervisor`.
///
/// It starts empty and restarts only the child that failed. Children are known by their processes
/// ([`SupervisorRef::terminate_process`]); the ids in their specs are for people and need not be unique. They are
/// stopped all at once, each within its own shutdown time.
///
/// A start keeps it busy until the child's start is complete. Where many starts are slow, spread them over a
/// [`PartitionSupervisor`](super::PartitionSupervisor).
#[derive(Clone, Debug)]
#[must_use = "a supervisor does nothing until it is started"]
pub struct DynamicSupervisor {
    pub(crate) flags: SupervisorFlags,
    pub(crate) flavour: Flavour,
}

impl Default for DynamicSupervisor {
    fn default() -> Self {
        Self::new()
    }
}

impl DynamicSupervisor {
    /// Without a limit on children, and with three restarts allowed within five seconds.
    pub fn new() -> Self {
        let flags = SupervisorFlags::default().intensity(3, Duration::from_secs(5));
        Self {
            flags,
            flavour: Flavour::Dynamic {
                max_children: usize::MAX,
            },
        }
    }

    /// Allows `restarts` within `period`, over all children together; one more ends the supervisor.
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.flags = self.flags.intensity(restarts, period);
        self
    }

    /// Refuses to start more children than this. One that is being restarted counts.
    pub fn max_children(mut self, max: usize) -> Self {
        self.flavour = Flavour::Dynamic { max_children: max };
        self
    }

    pub(crate) fn check(&self) -> Result<(), SpecError> {
        spec::check_flags(&self.flags)?;
        match &self.flavour {
            Flavour::Simple { template } => spec::check_fields(&self.flags, template),
            Flavour::Dynamic { .. } => Ok(()),
        }
    }

    pub(crate) fn check_child(&self, child: &Child) -> Result<(), SpecError> {
        child.check_id()?;
        let child = child.spec();
        match &self.flavour {
            Flavour::Simple { template } if *child != **template => {
                Err(SpecError::NotFromTemplate(child.id.clone()))
            }
            Flavour::Simple { .. } => Ok(()),
            Flavour::Dynamic { .. } if child.significant => {
                Err(SpecError::SignificantDynamic(child.id.clone()))
            }
            Flavour::Dynamic { .. }
                if child.shutdown == Some(Shutdown::Timeout(Duration::ZERO)) =>
            {
                Err(SpecError::ZeroShutdown(child.id.clone()))
            }
            Flavour::Dynamic { .. } => match child.depends_on.first() {
                Some(needs) => Err(SpecError::UnknownDependency {
                    child: child.id.clone(),
                    needs: needs.clone(),
                }),
                None => spec::check_backoff(child),
            },
        }
    }

    pub(crate) const fn strategy_name(&self) -> &'static str {
        match self.flavour {
            Flavour::Dynamic { .. } => "dynamic",
            Flavour::Simple { .. } => "simple_one_for_one",
        }
    }
}

type Make<A> = dyn Fn(A) -> Child + Send + Sync;

/// A supervisor to be, all of whose children are made from one template: OTP's `simple_one_for_one`.
///
/// A child is started from arguments, and restarted with the same arguments.
pub struct SimpleSupervisor<A> {
    inner: DynamicSupervisor,
    make: Arc<Make<A>>,
}

impl<A: Clone + Send + Sync + 'static> SimpleSupervisor<A> {
    /// All children have this spec and are started by this function. One restart is allowed within five seconds.
    pub fn new<F, S>(template: ChildSpec, start: S) -> Self
    where
        S: Fn(StartContext, A) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Started, StartError>> + Send + 'static,
    {
        let start = Arc::new(start);
        let spec = template.clone();
        let make = move |args: A| {
            let start = Arc::clone(&start);
            Child::from_start(spec.clone(), move |cx| start(cx, args.clone()))
        };
        let flavour = Flavour::Simple {
            template: Arc::new(template),
        };
        Self {
            inner: DynamicSupervisor {
                flags: SupervisorFlags::default(),
                flavour,
            },
            make: Arc::new(make),
        }
    }

    /// As [`new`](Self::new), for specs that come from data.
    ///
    /// # Errors
    ///
    /// [`SpecError::Templates`] unless there is exactly one.
    pub fn from_specs<F, S>(
        specs: impl IntoIterator<Item = ChildSpec>,
        start: S,
    ) -> Result<Self, SpecError>
    where
        S: Fn(StartContext, A) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Started, StartError>> + Send + 'static,
    {
        let mut specs: Vec<ChildSpec> = specs.into_iter().collect();
        match specs.pop() {
            Some(template) if specs.is_empty() => Ok(Self::new(template, start)),
            last => Err(SpecError::Templates(
                specs.into_iter().chain(last).map(|spec| spec.id).collect(),
            )),
        }
    }

    /// Allows `restarts` within `period`, over all children together; one more ends the supervisor.
    #[must_use]
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.inner = self.inner.intensity(restarts, period);
        self
    }

    /// Sets whether the end of significant children, which is all of them if the template is, ends the supervisor.
    #[must_use]
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.inner.flags = self.inner.flags.auto_shutdown(auto_shutdown);
        self
    }

    /// Gives the typed handle of a running supervisor that was made from this one.
    pub fn bind(&self, supervisor: SupervisorRef) -> SimpleRef<A> {
        SimpleRef {
            supervisor,
            make: Arc::clone(&self.make),
            args: PhantomData,
        }
    }
}

impl<A> Clone for SimpleSupervisor<A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            make: Arc::clone(&self.make),
        }
    }
}

impl<A> fmt::Debug for SimpleSupervisor<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimpleSupervisor")
            .field(&self.inner)
            .finish()
    }
}

impl<A> From<SimpleSupervisor<A>> for Blueprint {
    fn from(simple: SimpleSupervisor<A>) -> Self {
        simple.inner.into()
    }
}

/// The typed handle of a running [`SimpleSupervisor`].
pub struct SimpleRef<A> {
    supervisor: SupervisorRef,
    make: Arc<Make<A>>,
    args: PhantomData<fn(A)>,
}

impl<A> SimpleRef<A> {
    /// Starts a child from these arguments.
    ///
    /// # Errors
    ///
    /// A start that fails; that the supervisor is not there.
    #[track_caller]
    pub fn start_child(
        &self,
        args: A,
    ) -> impl Future<Output = Result<Started, SupervisorError>> + Send {
        let child = (self.make)(args).with_made_at(Location::caller());
        async move { self.supervisor.start_child(child).await }
    }

    /// The untyped handle.
    #[must_use]
    pub const fn supervisor(&self) -> &SupervisorRef {
        &self.supervisor
    }
}

impl<A> fmt::Debug for SimpleRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimpleRef").field(&self.supervisor).finish()
    }
}
