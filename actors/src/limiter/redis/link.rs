//! The connection to a server, which the limiters of a namespace with the same backend share, and what is known of that server.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::RedisBackend;
use redis::{Client, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::clock::Clock;
use super::super::error::Unavailable;
use super::super::stats::RedisStats;
use super::answer::Answer;
use super::connection::{Connection, Connections, is_broken};
use super::grant::Grant;
use super::outage::{Leave, Outage};
use super::question::Question;
use super::script::Scripts;

/// A connection, made when it is first needed.
pub(in crate::limiter) struct Link {
    connections: Connections,
    backend: RedisBackend,
    scripts: Scripts,
    outage: Mutex<Outage>,
    clock: Clock,
    in_flight: AtomicU32,
    counts: Counts,
    last: Mutex<Option<String>>,
}

/// Does not show the address, which may hold a password.
impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    withheld: AtomicU64,
    reloaded: AtomicU64,
}

/// The connection that a call goes over, and how many answers had come over it before.
struct Over {
    connection: Connection,
    before: u64,
}

/// A poisoned lock is taken all the same: what is under it is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place among those under way, and leave to ask.
#[derive(Debug)]
struct Place {
    link: Arc<Link>,
    leave: Leave,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.link.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// In nanoseconds.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Link {
    /// To a backend that was found valid. Nothing is sent yet.
    pub(super) fn new(backend: &RedisBackend) -> RedisResult<Self> {
        // A try may have to connect, and be sent again.
        let patience = nanos(backend.time_limit).saturating_mul(2);
        let pauses = (nanos(backend.pause), nanos(backend.pause_max));
        Ok(Self {
            connections: Connections::new(
                Client::open(backend.url.as_str())?,
                2 * backend.time_limit,
            ),
            backend: backend.clone(),
            scripts: Scripts::default(),
            outage: Mutex::new(Outage::new(
                backend.failures_max,
                pauses.0,
                pauses.1,
                patience,
            )),
            clock: Clock::start(),
            in_flight: AtomicU32::new(0),
            counts: Counts::default(),
            last: Mutex::default(),
        })
    }

    /// Whether it can be that of this backend too: what becomes of calls without an answer, how names begin and what keys are hashed
    /// with is each limiter's own matter.
    pub(in crate::limiter) fn serves(&self, backend: &RedisBackend) -> bool {
        let mut common = backend.clone().on_unavailable(self.backend.on_unavailable);
        common.prefix.clone_from(&self.backend.prefix);
        common.secret.clone_from(&self.backend.secret);
        common == self.backend
    }

    /// Asks, within the time limit. What was taken comes with a grant that gives it back if it is dropped, also when the caller is
    /// gone before the answer.
    pub(super) async fn ask(self: &Arc<Self>, question: Question) -> Result<Grant, Unavailable> {
        let handle = Handle::try_current().map_err(|_| Unavailable::NoRuntime)?;
        let place = self.enter()?;
        let (sender, receiver) = oneshot::channel();
        let at = handle.clone();
        handle.spawn(async move {
            let result = place.link.run(&question, place.leave).await;
            let link = Arc::clone(&place.link);
            drop(place);
            let grant = result.map(|answer| Grant::new(link, at, question, answer));
            // One that nobody hears of is dropped, and what it took goes back.
            drop(sender.send(grant));
        });
        receiver.await.unwrap_or(Err(Unavailable::NoRuntime))
    }

    /// Says something of which nobody needs to know what becomes of it, if the server can be asked now.
    pub(super) fn tell(self: &Arc<Self>, handle: &Handle, question: Question) {
        let Ok(place) = self.enter() else { return };
        handle.spawn(async move { place.link.run(&question, place.leave).await.ok() });
    }

    /// A place among those under way; none if there are too many, or the server is known to be gone.
    fn enter(self: &Arc<Self>) -> Result<Place, Unavailable> {
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut place = Place {
            link: Arc::clone(self),
            leave: Leave::Call,
        };
        let max = self.backend.in_flight_max;
        if before >= max {
            self.counts.withheld.fetch_add(1, Ordering::Relaxed);
            return Err(Unavailable::Busy { max });
        }
        let leave = lock(&self.outage).may_ask(self.clock.now());
        place.leave = leave.map_err(|time| {
            self.counts.withheld.fetch_add(1, Ordering::Relaxed);
            let retry_in = Duration::from_nanos(time);
            Unavailable::Paused { retry_in }
        })?;
        Ok(place)
    }

    /// Sends it, and hears what becomes of it.
    async fn run(&self, question: &Question, leave: Leave) -> Result<Answer, Unavailable> {
        let limit = self.backend.time_limit;
        let mut over = None;
        let result = match timeout(limit, self.send(question, &mut over)).await {
            Ok(Err(error)) if !error.is_timeout() => {
                self.look_at(over, Some(&error));
                Err(told(&error))
            }
            Ok(Ok(value)) => question.read(&value),
            _ => {
                self.look_at(over, None);
                self.counts.late.fetch_add(1, Ordering::Relaxed);
                Err(Unavailable::TooSlow { within: limit })
            }
        };
        self.heard(leave, &result);
        result
    }

    /// Gives a connection up over which a call has failed, or has had no answer, if it is of no use any more.
    fn look_at(&self, over: Option<Over>, error: Option<&RedisError>) {
        if let Some(Over { connection, before }) = over
            && is_broken(error, connection.answers() == before)
        {
            self.connections.give_up(&connection);
        }
    }

    fn heard(&self, leave: Leave, result: &Result<Answer, Unavailable>) {
        let mut outage = lock(&self.outage);
        let Err(error) = result else {
            self.counts.answered.fetch_add(1, Ordering::Relaxed);
            return outage.answered();
        };
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        outage.failed(leave, self.clock.now());
        drop(outage);
        *lock(&self.last) = Some(error.to_string());
    }

    /// Sends it, and says over which connection.
    async fn send(&self, question: &Question, over: &mut Option<Over>) -> RedisResult<Value> {
        let mut connection = self.connect(over)?;
        let result = self.call(&mut connection, question).await;
        match result {
            // A connection that has been idle may have ended since, and nobody noticed. If it ended under way, the same may be taken
            // twice; it may not be given back twice.
            Err(error)
                if error.is_io_error() && !error.is_timeout() && question.can_be_repeated() =>
            {
                self.connections.give_up(&connection);
                let mut connection = self.connect(over)?;
                self.call(&mut connection, question).await
            }
            result => result,
        }
    }

    fn connect(&self, over: &mut Option<Over>) -> RedisResult<Connection> {
        let connection = self.connections.get()?;
        *over = Some(Over {
            connection: connection.clone(),
            before: connection.answers(),
        });
        Ok(connection)
    }

    async fn call(&self, connection: &mut Connection, question: &Question) -> RedisResult<Value> {
        if let Some(call) = question.forgetting() {
            return connection.call(&call).await;
        }
        let script = self.scripts.of(question.shapes());
        let call = question.command("EVALSHA", &script.hash);
        match connection.call(&call).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.counts.reloaded.fetch_add(1, Ordering::Relaxed);
                let call = question.command("EVAL", &script.text);
                connection.call(&call).await
            }
            result => result,
        }
    }

    pub(super) fn stats(&self) -> RedisStats {
        let (is_up, outages) = {
            let outage = lock(&self.outage);
            (outage.is_up(), outage.outages())
        };
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RedisStats {
            is_up,
            outages,
            answered: read(&self.counts.answered),
            failed: read(&self.counts.failed),
            late: read(&self.counts.late),
            withheld: read(&self.counts.withheld),
            reloaded: read(&self.counts.reloaded),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            in_flight_max: self.backend.in_flight_max,
            last_failure: lock(&self.last).clone(),
        }
    }
}

/// What went wrong, as the server or the system says it; neither repeats what was sent.
fn told(error: &RedisError) -> Unavailable {
    let told = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.category()),
        None => error.to_string(),
    };
    Unavailable::Failed { told }
}
