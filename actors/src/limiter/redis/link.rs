//! The connection to a server, which the limiters of a namespace with the same backend share, and what is known of that server.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::RedisBackend;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::clock::Clock;
use super::super::error::Unavailable;
use super::answer::Answer;
use super::grant::Grant;
use super::outage::{Leave, Outage};
use super::question::Question;
use super::script::Scripts;
use super::stats::RedisStats;

/// A connection, made when it is first needed.
pub(in crate::limiter) struct Link {
    client: Client,
    backend: RedisBackend,
    scripts: Scripts,
    kept: Mutex<Kept>,
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

#[derive(Default)]
struct Kept {
    /// Counts the managers: one that failed is given up once.
    number: u64,
    manager: Option<ConnectionManager>,
}

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
    withheld: AtomicU64,
    reloaded: AtomicU64,
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
            client: Client::open(backend.url.as_str())?,
            backend: backend.clone(),
            scripts: Scripts::default(),
            kept: Mutex::default(),
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
        let result = match timeout(limit, self.send(question)).await {
            Ok(Err(error)) if !error.is_timeout() => Err(told(&error)),
            Ok(Ok(value)) => question.read(&value),
            _ => {
                self.counts.late.fetch_add(1, Ordering::Relaxed);
                Err(Unavailable::TooSlow { within: limit })
            }
        };
        self.heard(leave, &result);
        result
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
        // Whatever is wrong with the connection, the next one is a new one: a server that is gone without a word never says so.
        lock(&self.kept).manager = None;
        *lock(&self.last) = Some(error.to_string());
    }

    async fn send(&self, question: &Question) -> RedisResult<Value> {
        let (number, mut manager) = self.manager()?;
        let result = self.call(&mut manager, question).await;
        match result {
            // A connection that has been idle may have ended since, and nobody noticed. If it ended under way, the same may be taken
            // twice; it may not be given back twice.
            Err(error)
                if error.is_io_error() && !error.is_timeout() && question.can_be_repeated() =>
            {
                let mut manager = self.another(number)?;
                self.call(&mut manager, question).await
            }
            result => result,
        }
    }

    async fn call(
        &self,
        manager: &mut ConnectionManager,
        question: &Question,
    ) -> RedisResult<Value> {
        if let Some(call) = question.forgetting() {
            return call.query_async(manager).await;
        }
        let script = self.scripts.of(question.shapes());
        let call = question.command("EVALSHA", &script.hash);
        match call.query_async(manager).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.counts.reloaded.fetch_add(1, Ordering::Relaxed);
                let call = question.command("EVAL", &script.text);
                call.query_async(manager).await
            }
            result => result,
        }
    }

    /// The manager there is, or a new one.
    fn manager(&self) -> RedisResult<(u64, ConnectionManager)> {
        let mut kept = lock(&self.kept);
        if kept.manager.is_none() {
            let config = ConnectionManagerConfig::new()
                // Whether and when another try makes sense is decided here.
                .set_number_of_retries(0)
                .set_response_timeout(None)
                // Calls end by themselves; this is for an attempt that nobody waits for any more.
                .set_connection_timeout(Some(2 * self.backend.time_limit));
            let client = self.client.clone();
            kept.manager = Some(ConnectionManager::new_lazy_with_config(client, config)?);
            kept.number += 1;
        }
        let number = kept.number;
        // There is one: it was made where it was missing.
        let manager = kept.manager.clone();
        manager
            .map(|manager| (number, manager))
            .ok_or_else(|| RedisError::from((ErrorKind::Client, "there is no connection")))
    }

    /// One in place of that with this number, which has failed.
    fn another(&self, number: u64) -> RedisResult<ConnectionManager> {
        {
            let mut kept = lock(&self.kept);
            if kept.number == number {
                kept.manager = None;
            }
        }
        self.manager().map(|(_, manager)| manager)
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
