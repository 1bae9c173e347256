//! What the cell keeps of cleanup: the planner, the strategies, and what has come of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mainstay_specs::{
    CleanupSpec, CleanupStrategySpec, MemoryManagerSpec, PressureLevel, ServiceName,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::config_cache::ConfigCacheCleanup;
use super::error::RegisterCleanupError;
use super::event_store::EventStoreCleanup;
use super::plan::{Ended, Key, Known, Look, Order, Planner, Rules, RunEnd, Step};
use super::request::{CleanupRequest, Requested};
use super::strategy::MemoryCleanup;
use super::trim::{ALLOCATOR, AllocatorCleanup, AllocatorTrim};
use crate::memory::cell::lock;
use crate::memory::event::PressureChange;

/// What the cell keeps of cleanup.
#[derive(Debug)]
pub(crate) struct Relief {
    state: Mutex<State>,
    /// There may be something to do.
    pub(super) work: Notify,
    pub(super) counts: Counts,
    /// What time is counted from.
    epoch: Instant,
}

#[derive(Debug)]
struct State {
    planner: Planner,
    strategies: BTreeMap<Key, Arc<dyn MemoryCleanup>>,
    max: u32,
    /// Those of the spec.
    own: Vec<Key>,
    adopted: Option<Adopted>,
    last: Option<Ended>,
    is_closed: bool,
}

/// What the strategies of the spec were made of.
#[derive(Debug)]
struct Adopted {
    spec: CleanupSpec,
    allocator: Option<Arc<dyn AllocatorTrim>>,
}

impl Adopted {
    fn is(&self, spec: &CleanupSpec, allocator: Option<&Arc<dyn AllocatorTrim>>) -> bool {
        let is_same = match (&self.allocator, allocator) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        is_same && self.spec == *spec
    }
}

/// What is counted, over all incarnations of the executor.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) requests: AtomicU64,
    pub(super) coalesced: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) rounds: AtomicU64,
    pub(super) relieved: AtomicU64,
    pub(super) target_met: AtomicU64,
    pub(super) missed: AtomicU64,
    pub(super) freed: AtomicU64,
}

pub(super) fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

/// What the executor is to do.
pub(super) enum Work {
    Run(Order, Arc<dyn MemoryCleanup>),
    /// Something else than a run.
    Step(Step),
}

impl Relief {
    pub(crate) fn new(spec: &MemoryManagerSpec) -> Self {
        let state = State {
            planner: Planner::new(rules(spec)),
            strategies: BTreeMap::new(),
            max: spec.cleanup.strategies_max,
            own: Vec::new(),
            adopted: None,
            last: None,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            work: Notify::new(),
            counts: Counts::default(),
            epoch: Instant::now(),
        }
    }

    /// Goes by another spec from now on. Strategies of Mainstay's own are replaced by those of this spec; at a restart, which has the same, they
    /// stay, and rest as long as they would have.
    pub(crate) fn adopt(
        &self,
        spec: &MemoryManagerSpec,
        allocator: Option<&Arc<dyn AllocatorTrim>>,
    ) {
        let mut state = self.state();
        state.planner.set_rules(rules(spec));
        state.max = spec.cleanup.strategies_max;
        let adopted = state.adopted.as_ref();
        if adopted.is_some_and(|adopted| adopted.is(&spec.cleanup, allocator)) {
            return;
        }
        let own_before = std::mem::take(&mut state.own);
        let gone: Vec<_> = own_before.iter().map(|key| state.remove(*key)).collect();
        for strategy in &spec.cleanup.strategies {
            if let Some((service, strategy)) = own(strategy, allocator) {
                let key = state.add(service, strategy);
                state.own.push(key);
            }
        }
        let adopted = Adopted {
            spec: spec.cleanup.clone(),
            allocator: allocator.cloned(),
        };
        let before = state.adopted.replace(adopted);
        drop(state);
        // Not under the lock: an allocator may have code of its own that runs when it goes.
        drop((gone, before));
        self.work.notify_one();
    }

    /// The level has changed. Called by the keeper, which does not wait for anything of this.
    pub(crate) fn level_changed(&self, _change: &PressureChange) {
        self.work.notify_one();
    }

    /// The namespace has ended.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let strategies = std::mem::take(&mut state.strategies);
        drop(state);
        // What they hold may have code of its own that runs when it goes.
        drop(strategies);
    }

    pub(super) fn register(
        &self,
        service: ServiceName,
        strategy: Arc<dyn MemoryCleanup>,
    ) -> Result<Key, RegisterCleanupError> {
        // It is asked before the lock is taken, as that is code of others.
        let known = known(service, &*strategy);
        let mut state = self.state();
        if state.is_closed {
            return Err(RegisterCleanupError::Stopped);
        }
        if state.strategies.len() >= state.max as usize {
            return Err(RegisterCleanupError::TooMany { max: state.max });
        }
        let key = state.planner.add(known);
        state.strategies.insert(key, strategy);
        drop(state);
        self.work.notify_one();
        Ok(key)
    }

    pub(super) fn unregister(&self, key: Key) {
        let gone = self.state().remove(key);
        // Not under the lock.
        drop(gone);
    }

    pub(super) fn request(&self, request: CleanupRequest) -> Requested {
        let now = self.now();
        let mut state = self.state();
        let requested = if state.is_closed {
            Requested::Stopped
        } else {
            state.planner.request(request, now)
        };
        drop(state);
        add(&self.counts.requests, 1);
        match requested {
            Requested::Queued => self.work.notify_one(),
            Requested::Coalesced => add(&self.counts.coalesced, 1),
            _ => add(&self.counts.refused, 1),
        }
        requested
    }

    /// What is to be done next, with pressure as it is.
    pub(super) fn next(&self, look: &Look) -> Work {
        let now = self.now();
        let mut state = self.state();
        loop {
            let order = match state.planner.step(now, look) {
                Step::Run(order) => order,
                step => {
                    if let Step::End(ended) = &step {
                        state.last = Some(ended.clone());
                    }
                    return Work::Step(step);
                }
            };
            match state.strategies.get(&order.key) {
                Some(strategy) => return Work::Run(order, Arc::clone(strategy)),
                // Both are always changed together.
                None => drop(state.planner.remove(order.key)),
            }
        }
    }

    /// The task of a run is gone.
    pub(super) fn gone(&self, key: Key) {
        self.state().planner.gone(key);
        self.work.notify_one();
    }

    /// Nobody waits for a run any more.
    pub(super) fn finished(&self, key: Key, end: &RunEnd) {
        let now = self.now();
        self.state().planner.finished(key, now, end);
        add(&self.counts.freed, end.freed.unwrap_or(0));
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&Planner, Option<&Ended>) -> T) -> T {
        let state = self.state();
        look(&state.planner, state.last.as_ref())
    }

    /// When that will be, by tokio's clock.
    pub(super) fn instant(&self, time: Duration) -> Instant {
        self.epoch + time
    }

    /// How long it has been there.
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn add(&mut self, service: ServiceName, strategy: Arc<dyn MemoryCleanup>) -> Key {
        let key = self.planner.add(known(service, &*strategy));
        self.strategies.insert(key, strategy);
        key
    }

    fn remove(&mut self, key: Key) -> Option<Arc<dyn MemoryCleanup>> {
        self.planner.remove(key);
        self.strategies.remove(&key)
    }
}

fn known(service: ServiceName, strategy: &dyn MemoryCleanup) -> Known {
    let min_interval = strategy.min_interval().unwrap_or_default();
    Known::new(
        service,
        strategy.class(),
        min_interval,
        strategy.time_limit(),
    )
}

/// A strategy of Mainstay's own; none if it has nothing to work with.
fn own(
    strategy: &CleanupStrategySpec,
    allocator: Option<&Arc<dyn AllocatorTrim>>,
) -> Option<(ServiceName, Arc<dyn MemoryCleanup>)> {
    let (service, strategy): (_, Arc<dyn MemoryCleanup>) = match strategy {
        CleanupStrategySpec::Trim => {
            let allocator = Arc::clone(allocator?);
            (ALLOCATOR, Arc::new(AllocatorCleanup::new(allocator)))
        }
        CleanupStrategySpec::ConfigCache => {
            (crate::config::NAME, Arc::new(ConfigCacheCleanup::new()))
        }
        CleanupStrategySpec::EventStore {
            retention,
            retention_min,
        } => {
            let cleanup = EventStoreCleanup::new(*retention, *retention_min);
            (crate::event_store::NAME, Arc::new(cleanup))
        }
        // Of a spec that knows more than this does: there is none.
        _ => return None,
    };
    // A name is not empty, short, and without `/` and white space: these are.
    Some((ServiceName::new(service).expect("a name"), strategy))
}

fn rules(spec: &MemoryManagerSpec) -> Rules {
    let high = spec.threshold(PressureLevel::High);
    Rules {
        is_enabled: spec.pressure_relief_enabled,
        class_max: spec.cleanup.class_max,
        min_interval: spec.cleanup.min_interval,
        pause_max: spec.cleanup.pause_max,
        time_limit: spec.cleanup.time_limit,
        warning: spec.warning_threshold,
        // From there the level falls to medium.
        goal: (high - spec.hysteresis).max(0.0),
    }
}
