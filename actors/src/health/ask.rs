//! Asking an actor through its mailbox.

use std::fmt;
use std::time::Duration;

use mainstay_supervisors::{CallError, Process, ServiceRef, current};
use ractor::RpcReplyPort;
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, timeout};

use super::checkable::HealthCheckable;
use super::result::{CheckResult, HealthResult};

/// An actor that is asked with a message how it fares; see [`ask_actor`].
pub struct ActorCheck<M, F> {
    service: ServiceRef<M>,
    limit: Duration,
    ask: F,
    /// The question that is in the mailbox, or was answered when nobody waited any more.
    open: Mutex<Option<Question>>,
}

/// What was asked of whom.
#[derive(Debug)]
struct Question {
    asked: Process,
    answer: oneshot::Receiver<HealthResult>,
}

/// Asks an actor with a message how it fares, whichever holds the name when it is asked, and waits so long for its answer.
///
/// The question waits behind all other messages, and so tells how busy the actor is, too: no answer in time is degraded, as one that is
/// busy is not dead. Where there is no actor, or it ends before it has answered, that is unhealthy. What can be read without a message
/// should be: an actor is not to be kept from its work by questions about it.
///
/// There is never more than one question of this in the mailbox. One that was given up on stays there, and whoever looks next waits for
/// the answer to that one; an answer that came when nobody waited is not used, as it is old. Those who look at the same time do so one
/// after the other, each within its time.
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
        open: Mutex::const_new(None),
    }
}

impl<M, F> ActorCheck<M, F>
where
    M: ractor::Message,
    F: Fn(RpcReplyPort<HealthResult>) -> M + Send + Sync + 'static,
{
    async fn look(&self) -> Result<HealthResult, CallError> {
        let mut open = self.open.lock().await;
        let question = self.question(&mut open)?;
        let answer = tokio::select! {
            biased;
            answer = &mut question.answer => match answer {
                Ok(answer) => Ok(answer),
                Err(_) => Err(dropped(&question.asked).await),
            },
            // What it has left in its mailbox is not always dropped.
            reason = question.asked.ended() => Err(CallError::Exited(reason)),
        };
        *open = None;
        answer
    }

    /// The one that whoever has the name was asked already and has not answered; or a new one.
    fn question<'a>(&self, open: &'a mut Option<Question>) -> Result<&'a mut Question, CallError> {
        let asked = self.service.process().ok_or(CallError::NoProcess)?;
        if current().is_some_and(|own| own.pid() == asked.pid()) {
            return Err(CallError::CallingSelf);
        }
        let before = open.take();
        let question = match before.and_then(|before| before.if_open(&asked)) {
            Some(question) => question,
            None => {
                let (reply, answer) = oneshot::channel();
                let message = (self.ask)((reply, self.limit).into());
                self.service.cast(message)?;
                Question { asked, answer }
            }
        };
        Ok(open.insert(question))
    }
}

impl Question {
    fn if_open(mut self, asked: &Process) -> Option<Self> {
        let is_open = self.asked.pid() == asked.pid()
            && matches!(
                self.answer.try_recv(),
                Err(oneshot::error::TryRecvError::Empty)
            );
        is_open.then_some(self)
    }
}

/// Why a question was dropped unanswered. A process that ends drops what it has left a moment before its end is known.
async fn dropped(asked: &Process) -> CallError {
    let ended = timeout(GRACE, asked.ended()).await;
    ended.map_or(CallError::NoReply, CallError::Exited)
}

const GRACE: Duration = Duration::from_millis(10);

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
        let answer = timeout(self.limit, self.look()).await;
        let answer = answer.unwrap_or(Err(CallError::Timeout(self.limit)));
        answer.unwrap_or_else(|error| {
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
