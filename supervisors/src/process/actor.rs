//! Hosting a plain `ractor::Actor` as a process.
//!
//! The host runs the user's callbacks as part of the process, tells an error from a panic, and sees to it that
//! everything of the user's is dropped before the end is known: the user's actor and state are held beside a share of
//! the [`ExitGuard`], declared before it and so dropped before it. It is not linked in ractor: ractor's own supervision
//! events come before the drop, and its kill cascade takes children down without their `post_stop`.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use ractor::{Actor, ActorProcessingErr, ActorRef, SpawnErr, SupervisionEvent};

use super::current::{Exposed, exposed, poll_within};
use super::timed::Running;
use super::{Control, ExitGuard, MessageOutcome, Process, Within, reason_of};
use crate::exit::{ExitReason, Failure};
use crate::start::StartError;

/// The actor that ractor runs: to be spawned as `process`, whose start is complete when its `pre_start` has returned.
pub(crate) struct Host<A> {
    actor: A,
    guard: ExitGuard,
}

pub(crate) struct HostState<S> {
    /// Told of the end of the message in hand, if the process is killed over it, before what follows is dropped.
    running: Running,
    /// Taken out and dropped in `post_stop`: ractor may put what is left of the state into an event.
    user: Option<S>,
    _guard: ExitGuard,
}

/// What the host returns to ractor when the actor is to end. The reason lies in the exit slot already.
#[derive(Debug, thiserror::Error)]
#[error("the process has ended; its reason is in the exit slot")]
struct Ended;

/// Carries what `pre_start` unwound with through ractor's start error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UnwoundInStart(ExitReason);

impl From<UnwoundInStart> for StartError {
    fn from(UnwoundInStart(reason): UnwoundInStart) -> Self {
        match reason {
            ExitReason::Panicked(panic) => Self::Panicked(panic),
            ExitReason::Failed(failure) => Self::Failed(failure),
            other => Self::Exited(other),
        }
    }
}

impl<A: Actor> Host<A> {
    pub(crate) fn new(process: &Process, actor: A) -> Self {
        process.life().hold_up(true);
        let guard = ExitGuard::new(process.clone());
        Self { actor, guard }
    }

    fn process(&self) -> &Process {
        self.guard.process()
    }

    /// Runs a callback of the user's as part of the process, and settles what it comes to.
    fn run<'h, 's, C, F>(&'h self, running: &'s mut Running, call: C) -> Callback<'h, 's, A, C, F>
    where
        C: FnOnce() -> F,
    {
        let stage = exposed(Stage::Due { call: Some(call) });
        Callback {
            host: self,
            running,
            stage,
        }
    }

    /// Turns what a callback came to into the exit slot's word, if it came to an end.
    fn settle<T>(
        &self,
        result: Result<Result<T, ActorProcessingErr>, Box<dyn std::any::Any + Send>>,
    ) -> Result<T, ActorProcessingErr> {
        let reason = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => ExitReason::from_error(error),
            Err(payload) => reason_of(payload),
        };
        self.process().life().set_outcome(reason);
        Err(Ended.into())
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<C, F> {
        Due { call: Option<C> },
        Running { #[pin] future: F },
    }
}

pin_project! {
    /// A callback of the user's, which runs as part of the process.
    ///
    /// Written out, as each message costs the copying of this future: an async block would keep the message once for
    /// itself and once in the callback's future, and combinators are not seen through by the compiler.
    struct Callback<'h, 's, A, C, F> {
        host: &'h Host<A>,
        running: &'s mut Running,
        #[pin]
        stage: Exposed<Stage<C, F>>,
    }
}

impl<C: FnOnce() -> F, F: Future> Future for Stage<C, F> {
    type Output = F::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // The future is made inside as well: a callback may panic before it returns one.
        if let StageProjection::Due { call } = self.as_mut().project() {
            let call = call
                .take()
                .expect("polled again after its callback panicked");
            let future = call();
            self.as_mut().set(Self::Running { future });
        }
        match self.project() {
            StageProjection::Running { future } => future.poll(cx),
            StageProjection::Due { .. } => unreachable!("it was started above"),
        }
    }
}

impl<A, C, F, T> Future for Callback<'_, '_, A, C, F>
where
    A: Actor,
    C: FnOnce() -> F,
    F: Future<Output = Result<T, ActorProcessingErr>>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let beat = &this.host.process().life().beat;
        beat.begin_turn();
        let polled = poll_within(&mut this.running.current, this.stage, cx);
        let Poll::Ready(result) = polled else {
            beat.end_poll();
            return Poll::Pending;
        };
        beat.end_turn();
        let settled = this.host.settle(result);
        this.running.end(cx, || match &settled {
            Ok(_) => MessageOutcome::Done,
            Err(_) => this.host.process().life().failed_as(),
        });
        Poll::Ready(settled)
    }
}

/// The state is there until `post_stop`, after which ractor calls nothing.
const STATE: &str = "ractor calls no callback after post_stop";

impl<A: Actor> Actor for Host<A> {
    type Msg = A::Msg;
    type State = HostState<A::State>;
    type Arguments = A::Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<A::Msg>,
        args: A::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        self.process()
            .life()
            .set_control(Control::Actor(myself.get_cell()));
        let mut current = Some(self.process().clone());
        // In an async block, so that a callback that panics before it returns its future is caught as well.
        let started = Within::new(&mut current, async {
            self.actor.pre_start(myself, args).await
        })
        .await;
        let user = started.map_err(|payload| UnwoundInStart(reason_of(payload)))??;
        self.process().life().hold_up(false);
        Ok(HostState {
            running: Running::new(self.process(), current),
            user: Some(user),
            _guard: self.guard.clone(),
        })
    }

    fn post_start(
        &self,
        myself: ActorRef<A::Msg>,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send {
        let user = state.user.as_mut().expect(STATE);
        self.run(&mut state.running, || self.actor.post_start(myself, user))
    }

    fn handle(
        &self,
        myself: ActorRef<A::Msg>,
        message: A::Msg,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send {
        state.running.begin();
        let user = state.user.as_mut().expect(STATE);
        self.run(&mut state.running, || {
            self.actor.handle(myself, message, user)
        })
    }

    fn handle_supervisor_evt(
        &self,
        myself: ActorRef<A::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<(), ActorProcessingErr>> + Send {
        state.running.pause();
        let user = state.user.as_mut().expect(STATE);
        self.run(&mut state.running, || async {
            #[cfg(feature = "test-util")]
            if super::fault::is_poke(&event) {
                return Ok(());
            }
            self.actor.handle_supervisor_evt(myself, event, user).await
        })
    }

    async fn post_stop(
        &self,
        myself: ActorRef<A::Msg>,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let cell = myself.get_cell();
        let mut user = state.user.take().expect(STATE);
        // Dropped inside, as part of the process, so that a destructor that panics is caught as well.
        let result = Within::new(&mut state.running.current, async {
            let result = self.actor.post_stop(myself, &mut user).await;
            self.process().life().set_over();
            drop(user);
            result
        })
        .await;
        self.settle(result)?;
        if !self.process().life().set_outcome_as_asked() {
            let clerks = &self.process().scope_of().runtime.clerks;
            clerks.ask(&cell, self.guard.clone()).await;
        }
        Ok(())
    }
}

/// Why the actor of this process did not start.
pub(crate) async fn start_error(process: &Process, error: SpawnErr) -> StartError {
    if process.life().is_killed() {
        // All of it has been dropped, and so its end is known.
        return StartError::Exited(process.ended().await);
    }
    match error {
        SpawnErr::StartupFailed(error) => match error.downcast::<UnwoundInStart>() {
            Ok(unwound) => (*unwound).into(),
            Err(error) => StartError::Failed(Failure::new(error)),
        },
        other => StartError::Failed(Failure::new(other)),
    }
}
