//! The keeper: stores what waits, takes away what is too old, and makes events of alerts.
//!
//! A supervised task and not an actor: whoever wants something of it leaves it in the cell.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use mainstay_supervisors::{Namespace, Ready, StopToken, current};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

use super::alerts::AlertFeed;
use super::ask::remove_part;
use super::backend::Usage;
use super::cell::{Cell, read};
use super::commit::{Pending, commit};
use super::error::EventStoreStartError;
use super::event::Event;
use super::handle::service_name;
use super::memory::MemoryBackend;
use super::terms::Terms;

/// After how long something is tried again that nobody has asked for.
const AGAIN: Duration = Duration::from_secs(1);

/// How many alerts are stored in one transaction.
const ALERTS_MAX: usize = 100;

/// What an incarnation of the keeper works with.
pub(crate) struct Keeper {
    pub(crate) namespace: Namespace,
    pub(crate) cell: Arc<Cell>,
    /// What to go by, if it is not what the cell has already.
    pub(crate) terms: Option<Terms>,
    /// How much there is, if the cell does not know: what a predecessor has begun may change that until the keeper starts, and after.
    pub(crate) usage: Option<Usage>,
}

impl Keeper {
    /// One incarnation of the keeper, until it is told to stop.
    pub(crate) async fn keep(
        self,
        stop: StopToken,
        ready: Ready,
    ) -> Result<(), EventStoreStartError> {
        if let Some(myself) = current() {
            let registered = self.namespace.register(service_name(), &myself);
            registered.map_err(EventStoreStartError::Register)?;
        }
        // From here on nobody else keeps this cell, until this process has ended.
        self.cell.adopt(self.terms, self.usage);
        ready.signal();
        let work = Work {
            cell: self.cell,
            stop,
        };
        work.go_on(AlertFeed::of(&self.namespace)).await;
        Ok(())
    }
}

struct Work {
    cell: Arc<Cell>,
    stop: StopToken,
}

/// When to do what nobody asks for.
struct Due {
    /// Alerts may be there that are not stored yet.
    alerts: Option<Instant>,
    /// There are only such as wait until the pool is used for something else.
    riders: bool,
    /// There is more than may be.
    trim: Option<Instant>,
}

/// What is left of the alerts.
enum Alerts {
    None,
    /// Only such as wait until the pool is used for something else.
    Riders,
    /// There may be more, to be looked for then.
    More(Instant),
}

impl Due {
    fn next(&self) -> Option<Instant> {
        self.alerts.into_iter().chain(self.trim).min()
    }
}

impl Work {
    async fn go_on(&self, mut feed: Option<AlertFeed>) {
        let every = self.cell.terms().spec().prune_interval;
        let mut ticks = interval_at(self.cell.next_prune(every), every);
        // After a pause it is looked once, and not for each time that was missed.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = read(&self.cell.counts.refused);
        let mut due = Due {
            alerts: feed.is_some().then(Instant::now),
            riders: false,
            trim: None,
        };
        // Beside all else, so that nobody waits for it who stores.
        let mut pruning: Option<Pin<Box<dyn Future<Output = ()> + Send>>> = None;
        let mut is_used = false;
        loop {
            is_used |= self.store_what_waits().await;
            self.tell_refused(&mut told);
            self.catch_up(&mut due, feed.as_ref(), is_used).await;
            is_used = false;
            let next = due.next();
            tokio::select! {
                biased;
                () = self.stop.stopped() => break,
                _ = ticks.tick(), if pruning.is_none() => {
                    let prune = prune(Arc::clone(&self.cell), self.stop.clone());
                    pruning = Some(Box::pin(prune));
                }
                () = ended(&mut pruning), if pruning.is_some() => {
                    pruning = None;
                    is_used = true;
                }
                () = AlertFeed::more(&mut feed) => due.alerts = Some(Instant::now()),
                () = self.cell.work.notified() => {}
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
        // Who has been promised nothing yet is not left alone.
        self.store_what_waits().await;
        self.store_alerts(feed.as_ref(), true).await;
        self.tell_refused(&mut told);
    }

    /// Does what is due, one transaction of each, so that callers get their turn in between.
    async fn catch_up(&self, due: &mut Due, feed: Option<&AlertFeed>, is_used: bool) {
        if due.alerts.is_some_and(|at| at <= Instant::now()) || (due.riders && is_used) {
            (due.alerts, due.riders) = match self.store_alerts(feed, is_used).await {
                Alerts::More(at) => (Some(at), false),
                Alerts::Riders => (None, true),
                Alerts::None => (None, false),
            };
        }
        let terms = self.cell.terms();
        let usage = self.cell.usage();
        if !terms.bounds().are_broken_by(usage.events, usage.bytes) {
            due.trim = None;
        } else if due.trim.is_none_or(|at| at <= Instant::now()) {
            // A transaction that stores nothing makes room.
            let is_done = self.store(Vec::new).await;
            due.trim = Some(again(is_done));
        }
    }

    /// Stores what waits now, and says whether anything did; what comes to wait meanwhile has its turn later.
    async fn store_what_waits(&self) -> bool {
        let waiting = self.cell.waiting().events;
        let mut left = waiting;
        while left > 0 {
            let mut taken = 0;
            let batch = || {
                let batch = self.cell.next_batch();
                taken = batch.iter().map(Pending::len).sum();
                batch
            };
            self.store(batch).await;
            if taken == 0 {
                break;
            }
            left = left.saturating_sub(taken);
        }
        waiting > 0
    }

    /// Stores a batch, and says whether it has. A panic of the backend is the keeper's own, once all who wait have been told.
    ///
    /// The batch is taken when its turn has come, and nothing is awaited from then on until it is in the hands of a task that outlives
    /// this keeper: whenever the keeper is killed, what waits either still does, or is being stored.
    async fn store(&self, batch: impl FnOnce() -> Vec<Pending>) -> bool {
        // A predecessor that has crashed may have left one that is being stored.
        let turn = Arc::clone(&self.cell.turn).lock_owned().await;
        let (cell, terms) = (Arc::clone(&self.cell), self.cell.terms());
        let runtime = &self.cell.runtime;
        let task = runtime.spawn(commit(cell, terms, batch(), turn));
        match task.await {
            Ok(is_done) => is_done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime ends.
            Err(_) => false,
        }
    }

    /// Stores the alerts that are not stored yet, some at a time. `is_used`: the backend was just used for something else.
    async fn store_alerts(&self, feed: Option<&AlertFeed>, is_used: bool) -> Alerts {
        let last = read(&self.cell.counts.last_alert);
        let alerts = feed.map(|feed| feed.after(last)).unwrap_or_default();
        let Some(first) = alerts.first() else {
            return Alerts::None;
        };
        let is_on_a_pool = self.cell.terms().backend.kind() != MemoryBackend::KIND;
        if is_on_a_pool && !is_used && alerts.iter().all(|alert| alert.is_of_pools) {
            return Alerts::Riders;
        }
        if first.number > last + 1 {
            let lost = first.number - last - 1;
            tracing::warn!(namespace = %self.cell.namespace, lost, "alerts were forgotten before they could be stored");
        }
        let alerts = alerts.into_iter().take(ALERTS_MAX);
        let alerts = alerts.map(|alert| self.alert(alert.number, alert.event));
        let is_stored = self.store(|| alerts.collect()).await;
        Alerts::More(again(is_stored))
    }

    fn alert(&self, number: u64, mut event: Event) -> Pending {
        event.namespace = Some(self.cell.namespace.clone());
        event.monotonic = Some(self.cell.age());
        event.node.clone_from(&self.cell.terms().spec().node);
        Pending::alert(event, number)
    }

    fn tell_refused(&self, told: &mut u64) {
        let refused = read(&self.cell.counts.refused);
        let signals = &self.cell.terms().signals;
        signals.refused(refused - *told, self.cell.waiting().events);
        *told = refused;
    }
}

/// Takes away what is too old, part by part.
async fn prune(cell: Arc<Cell>, stop: StopToken) {
    let terms = cell.terms();
    let oldest = cell.prune_now().checked_sub(terms.spec().max_age);
    let oldest = oldest.unwrap_or(UNIX_EPOCH);
    while !stop.is_stopped() {
        match remove_part(&cell, &terms, oldest, "age").await {
            Ok((_, true)) => {}
            Ok((_, false)) => return,
            Err(error) => {
                cell.note_failure(&error);
                tracing::warn!(namespace = %cell.namespace, %error, "old events are kept");
                return;
            }
        }
    }
}

/// Waits until it has ended, if there is one.
async fn ended(work: &mut Option<Pin<Box<dyn Future<Output = ()> + Send>>>) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// When to go on: at once, or after a pause if the last try has failed.
fn again(is_done: bool) -> Instant {
    Instant::now() + if is_done { Duration::ZERO } else { AGAIN }
}
