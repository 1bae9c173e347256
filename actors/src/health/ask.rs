//! Asking an actor through its mailbox.

use std::fmt;
use std::time::Duration;

use mainstay_supervisors::{CallError, ServiceRef};
use ractor::RpcReplyPort;
use tokio::time::Instant;

use super::checkable::HealthCheckable;
use super::result::{CheckResult, HealthResult};

/// An actor that is asked with a message how it fares; see [`ask_actor`].
pub struct ActorCheck<M, F> {
    service: ServiceRef<M>,
    limit: Duration,
    ask: F,
}

/// Asks an actor with a message how it fares, whichever holds the name when it is asked, and waits so long for its answer.
///
/// The question waits behind all other messages, and so tells how busy the actor is, too: no answer in time is degraded, as one that is
/// busy is not dead. Where there is no actor, or it ends before it has answered, that is unhealthy. There is one question at a time; one
/// that was given up on is still in the mailbox, and its answer goes nowhere. What can be read without a message should be: an actor is not to be kept from its work by questions about it.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::health::{CheckResult, HealthAggregator, HealthResult, HealthStatus, ask_actor};
/// use mainstay_specs::{HealthAggregatorSpec, NamespaceName, ServiceName};
/// use mainstay_supervisors::{Child, NamespacePlan, Runtime};
/// use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
///
/// struct Search;
///
/// enum Message {
///     DeepHealthCheck(RpcReplyPort<HealthResult>),
/// }
///
/// impl Actor for Search {
///     type Msg = Message;
///     type State = ();
///     type Arguments = ();
///
///     async fn pre_start(&self, _: ActorRef<Message>, (): ()) -> Result<(), ActorProcessingErr> {
///         Ok(())
///     }
///
///     async fn handle(&self, _: ActorRef<Message>, message: Message, (): &mut ()) -> Result<(), ActorProcessingErr> {
///         let Message::DeepHealthCheck(reply) = message;
///         // Whoever has asked may have given up meanwhile, which is no fault of this actor.
///         reply.send(HealthResult::single(CheckResult::healthy("index", "it is fresh"))).ok();
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let name = ServiceName::new("search")?;
/// let search = Child::actor("search", || (Search, ())).name(name.clone());
/// let health = HealthAggregator::child(HealthAggregatorSpec::default());
/// let plan = NamespacePlan::new().service(health).child(search);
/// let runtime = Runtime::new();
/// let app = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
///
/// let check = ask_actor(app.service(name.clone()), Duration::from_secs(1), Message::DeepHealthCheck);
/// HealthAggregator::of(&app).register(name, check, None)?;
/// let health = HealthAggregator::system_health(&app).await?;
/// assert_eq!(health.service("search").map(|it| it.status), Some(HealthStatus::Healthy));
/// # Ok(())
/// # }
/// ```
pub const fn ask_actor<M, F>(service: ServiceRef<M>, limit: Duration, ask: F) -> ActorCheck<M, F>
where
    M: ractor::Message,
    F: Fn(RpcReplyPort<HealthResult>) -> M + Send + Sync + 'static,
{
    ActorCheck {
        service,
        limit,
        ask,
    }
}

impl<M, F> HealthCheckable for ActorCheck<M, F>
where
    M: ractor::Message + Sync,
    F: Fn(RpcReplyPort<HealthResult>) -> M + Send + Sync + 'static,
{
    /// What it answers, as one result: its status, and the words of its worst part.
    async fn self_diagnostic(&self) -> CheckResult {
        let answer = self.deep_health_check().await;
        let message = answer.message().to_owned();
        CheckResult::new(PART, answer.status, message).timed(answer.duration)
    }

    async fn deep_health_check(&self) -> HealthResult {
        let begun = Instant::now();
        let asked = self.service.call(&self.ask, self.limit).await;
        asked.unwrap_or_else(|error| {
            let found = no_answer(&error).timed(begun.elapsed());
            HealthResult::single(found)
        })
    }
}

fn no_answer(error: &CallError) -> CheckResult {
    match error {
        CallError::NoProcess => CheckResult::unhealthy(PART, "Service unavailable"),
        CallError::Timeout(_) | CallError::Refused(_) => {
            CheckResult::degraded(PART, format!("It is busy: {error}"))
        }
        _ => CheckResult::unhealthy(PART, error.to_string()),
    }
}

const PART: &str = "mailbox";

impl<M, F> fmt::Debug for ActorCheck<M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ActorCheck");
        out.field("limit", &self.limit).finish_non_exhaustive()
    }
}
