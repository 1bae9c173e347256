//! An actor that does what a test orders.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use mainstay_supervisors::{Child, ExitReason, Pid, Process, current};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::{Notes, ON_PURPOSE};

/// What a callback comes to.
pub type Outcome = Result<(), ActorProcessingErr>;

type Step = Pin<Box<dyn Future<Output = Outcome> + Send>>;
type Hook = Arc<dyn Fn(ActorRef<Order>) -> Step + Send + Sync>;
type Hold = Arc<dyn Fn() -> Box<dyn Any + Send> + Send + Sync>;

/// What a [`Probe`] is told to do.
pub enum Order {
    /// To run this.
    Run(Box<dyn FnOnce(ActorRef<Self>) -> Step + Send>),
    /// To tell the number of its process.
    Pid(RpcReplyPort<Pid>),
    /// To drop this.
    Drop(Box<dyn Any + Send>),
}

impl Order {
    /// To run this.
    pub fn run<F, S>(run: F) -> Self
    where
        F: FnOnce(ActorRef<Self>) -> S + Send + 'static,
        S: Future<Output = Outcome> + Send + 'static,
    {
        Self::Run(Box::new(move |me| Box::pin(run(me))))
    }

    /// To return an error.
    pub fn fail(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        Self::run(|_| async { Err(error) })
    }

    /// To end itself with this reason.
    #[must_use]
    pub fn throw(reason: ExitReason) -> Self {
        Self::fail(reason)
    }

    /// To panic.
    #[must_use]
    pub fn panic() -> Self {
        Self::run(|_| async { panic!("{ON_PURPOSE}") })
    }

    /// To note this and then to wait for ever, at an await.
    pub fn hang(notes: &Notes, text: &'static str) -> Self {
        let notes = notes.clone();
        Self::run(move |_| async move {
            notes.add(text);
            std::future::pending().await
        })
    }

    /// To note this.
    pub fn note(notes: &Notes, text: impl Into<String>) -> Self {
        let (notes, text) = (notes.clone(), text.into());
        Self::run(move |_| async move {
            notes.add(text);
            Ok(())
        })
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run(_) => "Run",
            Self::Pid(_) => "Pid",
            Self::Drop(_) => "Drop",
        })
    }
}

/// Sends an order to the probe that this process is.
///
/// # Panics
///
/// If it is no probe, or takes no messages any more.
pub fn order(process: &Process, order: Order) {
    let actor = process.actor_ref::<Order>().expect("a probe");
    actor.send_message(order).expect("a probe that runs");
}

/// An actor that does what a test orders, to be: each incarnation is made from it. Cheap to clone.
#[derive(Clone)]
pub struct Probe {
    pre_start: Hook,
    post_start: Hook,
    post_stop: Hook,
    state: Hold,
    kept: Hold,
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}

fn nothing() -> Hook {
    Arc::new(|_| Box::pin(async { Ok(()) }))
}

fn hook<F, S>(run: F) -> Hook
where
    F: Fn(ActorRef<Order>) -> S + Send + Sync + 'static,
    S: Future<Output = Outcome> + Send + 'static,
{
    Arc::new(move |me| Box::pin(run(me)))
}

impl Probe {
    /// One that does nothing by itself.
    #[must_use]
    pub fn new() -> Self {
        Self {
            pre_start: nothing(),
            post_start: nothing(),
            post_stop: nothing(),
            state: Arc::new(|| Box::new(())),
            kept: Arc::new(|| Box::new(())),
        }
    }

    /// One that notes `start <name>` and `stop <name>` when it is started and asked to stop.
    #[must_use]
    pub fn noting(notes: &Notes, name: &'static str) -> Self {
        let (starts, stops) = (notes.clone(), notes.clone());
        Self::new()
            .pre_start(move |_| {
                starts.add(format!("start {name}"));
                async { Ok(()) }
            })
            .post_stop(move |_| {
                stops.add(format!("stop {name}"));
                async { Ok(()) }
            })
    }

    /// Sets what it does in `pre_start`.
    #[must_use]
    pub fn pre_start<F, S>(mut self, run: F) -> Self
    where
        F: Fn(ActorRef<Order>) -> S + Send + Sync + 'static,
        S: Future<Output = Outcome> + Send + 'static,
    {
        self.pre_start = hook(run);
        self
    }

    /// Sets what it does in `post_start`.
    #[must_use]
    pub fn post_start<F, S>(mut self, run: F) -> Self
    where
        F: Fn(ActorRef<Order>) -> S + Send + Sync + 'static,
        S: Future<Output = Outcome> + Send + 'static,
    {
        self.post_start = hook(run);
        self
    }

    /// Sets what it does in `post_stop`.
    #[must_use]
    pub fn post_stop<F, S>(mut self, run: F) -> Self
    where
        F: Fn(ActorRef<Order>) -> S + Send + Sync + 'static,
        S: Future<Output = Outcome> + Send + 'static,
    {
        self.post_stop = hook(run);
        self
    }

    /// Sets what its state holds.
    #[must_use]
    pub fn holding<T: Send + 'static>(
        mut self,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self {
        self.state = Arc::new(move || Box::new(make()));
        self
    }

    /// Sets what the actor itself holds, beside its state.
    #[must_use]
    pub fn keeping<T: Send + 'static>(
        mut self,
        make: impl Fn() -> T + Send + Sync + 'static,
    ) -> Self {
        self.kept = Arc::new(move || Box::new(make()));
        self
    }

    /// One such actor.
    #[must_use]
    pub fn actor(&self) -> Acting {
        let _kept = Mutex::new((self.kept)());
        Acting {
            probe: self.clone(),
            _kept,
        }
    }

    /// A child of this id that is such an actor.
    #[must_use]
    pub fn child(&self, id: &str) -> Child {
        let probe = self.clone();
        Child::actor(id, move || (probe.actor(), ()))
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").finish_non_exhaustive()
    }
}

/// One incarnation of a [`Probe`].
#[derive(Debug)]
pub struct Acting {
    probe: Probe,
    _kept: Mutex<Box<dyn Any + Send>>,
}

impl Actor for Acting {
    type Msg = Order;
    type State = Box<dyn Any + Send>;
    type Arguments = ();

    async fn pre_start(
        &self,
        me: ActorRef<Order>,
        (): (),
    ) -> Result<Self::State, ActorProcessingErr> {
        (self.probe.pre_start)(me).await?;
        Ok((self.probe.state)())
    }

    async fn post_start(&self, me: ActorRef<Order>, _: &mut Self::State) -> Outcome {
        (self.probe.post_start)(me).await
    }

    async fn handle(&self, me: ActorRef<Order>, order: Order, _: &mut Self::State) -> Outcome {
        match order {
            Order::Run(run) => run(me).await,
            Order::Pid(reply) => {
                let pid = current().map(|process| process.pid());
                // Whoever asked may have gone meanwhile.
                pid.map(|pid| reply.send(pid).ok());
                Ok(())
            }
            Order::Drop(value) => {
                drop(value);
                Ok(())
            }
        }
    }

    async fn post_stop(&self, me: ActorRef<Order>, _: &mut Self::State) -> Outcome {
        (self.probe.post_stop)(me).await
    }
}
