//! What limiters do, told to the telemetry and the metrics of their namespace.
//!
//! A limiter is there to refuse, and under attack it refuses millions of calls a second: to tell of each would help the attacker.
//! So nothing is told when it happens. What came of calls is counted anyway, and the keeper tells now and then how much has been
//! added: for each limiter one event of a kind and interval at most, and no call is lost or told twice.

use std::sync::{Mutex, PoisonError};

use mainstay_supervisors::{Namespace, WeakNamespace};

use super::stats::LimiterStats;
use crate::MetricsStore;
use crate::signals::Emitters;
use crate::telemetry::{
    EventDescriptor, RATE_LIMITER_EVICTED, RATE_LIMITER_FULL, RATE_LIMITER_LIMITED,
    RATE_LIMITER_RECONFIGURED, RATE_LIMITER_SHADOWED, RATE_LIMITER_UNDECIDED,
};

/// The calls that were let through, by `policy`.
const ALLOWED: &str = "foundation.rate_limiter.allowed";

/// The calls that were refused, by `policy`.
const LIMITED: &str = "foundation.rate_limiter.limited";

/// Every kind of event that a limiter has, in the order in which they are told.
const KINDS: [EventDescriptor; 6] = [
    RATE_LIMITER_RECONFIGURED,
    RATE_LIMITER_UNDECIDED,
    RATE_LIMITER_LIMITED,
    RATE_LIMITER_SHADOWED,
    RATE_LIMITER_FULL,
    RATE_LIMITER_EVICTED,
];

/// The way to the telemetry of a namespace.
#[derive(Debug)]
pub(crate) struct Signals {
    namespace: WeakNamespace,
    /// Of [`KINDS`], from when there is telemetry.
    emitters: Emitters<{ KINDS.len() }>,
}

/// Up to where a limiter has been told of. It outlives the keeper, so that none of them tells what another has told.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Totals>);

/// Over the life of a limiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    admitted: u64,
    refused: u64,
    /// Of [`KINDS`].
    kinds: [u64; KINDS.len()],
}

impl Totals {
    const fn of(stats: &LimiterStats) -> Self {
        let changes = stats.config_version - 1;
        Self {
            admitted: stats.admitted,
            refused: stats.refused,
            kinds: [
                changes,
                stats.undecided,
                stats.refused,
                stats.shadowed,
                stats.crowded,
                stats.evicted,
            ],
        }
    }

    /// What has been added since.
    fn since(&self, before: &Self) -> Self {
        let mut added = *self;
        added.admitted -= before.admitted;
        added.refused -= before.refused;
        for (added, before) in added.kinds.iter_mut().zip(before.kinds) {
            *added -= before;
        }
        added
    }

    /// The later of both: two who tell at once may have looked in another order than they come here.
    fn max(&self, other: &Self) -> Self {
        let mut later = *self;
        later.admitted = later.admitted.max(other.admitted);
        later.refused = later.refused.max(other.refused);
        for (later, other) in later.kinds.iter_mut().zip(other.kinds) {
            *later = (*later).max(other);
        }
        later
    }
}

impl Told {
    /// What a limiter has come to, and what of it has not been told yet; it is taken to be told from now on.
    fn catch_up(&self, stats: &LimiterStats) -> (Totals, Totals) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let totals = Totals::of(stats).max(&told);
        let added = totals.since(&told);
        *told = totals;
        (totals, added)
    }
}

impl Signals {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.downgrade(),
            emitters: Emitters::new(),
        }
    }

    /// Tells what a limiter has done since it was last told of. Handlers of telemetry are called by this, here and now; no lock
    /// is held meanwhile. What nobody listens to counts as told.
    pub(crate) fn tell(&self, stats: &LimiterStats, told: &Told) {
        let Some(namespace) = self.namespace.upgrade() else {
            return;
        };
        let (totals, added) = told.catch_up(stats);
        if added == Totals::default() {
            return;
        }
        if let Some(store) = MetricsStore::in_namespace(&namespace) {
            let policy = stats.name.as_str();
            add(&store, ALLOWED, policy, added.admitted);
            add(&store, LIMITED, policy, added.refused);
        }
        let emitters = self.emitters.of(&namespace, &KINDS);
        for nth in 0..KINDS.len() {
            let (count, total) = (added.kinds[nth], totals.kinds[nth]);
            if count == 0 {
                continue;
            }
            log(stats, KINDS[nth].path, count, total);
            if let Some(emitters) = emitters {
                let policy = (&stats.name, &namespace);
                emitters[nth].emit(|| {
                    let (name, namespace) = policy;
                    let metadata = crate::telemetry::Metadata::new()
                        .with("policy", name)
                        .with("namespace", namespace.name());
                    ([("count", count), ("total", total)], metadata)
                });
            }
        }
    }
}

fn add(store: &MetricsStore, name: &'static str, policy: &str, count: u64) {
    if count == 0 {
        return;
    }
    match store.counter(name, [("policy", policy)]) {
        Ok(counter) => counter.increment(count),
        Err(error) => tracing::warn!(policy, %error, "a rate limiter is not measured"),
    }
}

fn log(stats: &LimiterStats, event: &'static str, count: u64, total: u64) {
    let policy = stats.name.as_str();
    let namespace = stats.namespace.as_ref().map(|name| name.as_str());
    let failure = stats
        .redis
        .as_ref()
        .and_then(|redis| redis.last_failure.as_deref());
    if event == RATE_LIMITER_UNDECIDED.path {
        tracing::warn!(
            namespace,
            policy,
            event,
            count,
            total,
            failure,
            "rate limiter"
        );
    } else if event == RATE_LIMITER_FULL.path {
        tracing::warn!(namespace, policy, event, count, total, "rate limiter");
    } else {
        tracing::debug!(namespace, policy, event, count, total, "rate limiter");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mainstay_specs::RateLimitConfig;

    use super::*;
    use crate::limiter::{Limiter, RateKey};

    #[test]
    fn what_was_told_is_not_told_again_and_nothing_is_left_out() {
        let config = RateLimitConfig::token_bucket(2, Duration::from_secs(3600));
        let limiter = Limiter::new("api".parse().expect("a name"), config).expect("it is valid");
        let told = Told::default();
        let call = |times: u32| {
            for _ in 0..times {
                limiter.check(RateKey::global()).ok();
            }
            limiter.stats()
        };
        let (early, late) = (call(3), call(4));
        let (totals, added) = told.catch_up(&late);
        assert_eq!((totals.admitted, totals.refused), (2, 5));
        assert_eq!(added, totals);
        // One that has looked before comes after.
        let (again, nothing) = told.catch_up(&early);
        assert_eq!((again, nothing), (totals, Totals::default()));
        let (_, added) = told.catch_up(&call(1));
        assert_eq!((added.admitted, added.kinds), (0, [0, 0, 1, 0, 0, 0]));
    }
}
