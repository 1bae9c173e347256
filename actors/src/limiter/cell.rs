//! The state of a limiter, which outlives the keeper.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{Inherit, NamespaceName, OnFull, OnMissingKey, RateLimitConfig, ServiceName};

use super::clock::Clock;
use super::digest::{Digest, Secret};
use super::error::{RateLimitError, RateLimitExceeded, RegisterLimiterError};
use super::key::RateKey;
use super::line::Line;
use super::method::{At, Look, Ratio};
use super::stats::{LimiterStats, RateLimitStatus};
use super::table::{Shard, Table, Terms};

/// What callers, the keeper and observers share.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) table: Table,
    pub(super) clock: Clock,
    secret: Secret,
    pub(super) line: Line,
    pub(super) name: ServiceName,
    namespace: Option<NamespaceName>,
    config: Mutex<Kept>,
}

/// The configuration, and its versions.
#[derive(Debug)]
struct Kept {
    config: Arc<RateLimitConfig>,
    version: u64,
    terms: Terms,
}

/// What was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) look: Look,
    pub(crate) limit: u32,
    /// Of the terms; 0 if nothing was taken from the key.
    pub(crate) version: u64,
}

impl Taken {
    /// Nothing at all.
    pub(crate) const NOTHING: Self = Self {
        look: Look {
            left: Ratio::ZERO,
            full_in: Ratio::ZERO,
            mark: 0,
        },
        limit: 0,
        version: 0,
    };
}

/// Why nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Come back in so many nanoseconds.
    Limited { wait: u64, limit: u32 },
    /// One call may cost no more than this.
    TooCostly { max: u32 },
    /// There is no room for the key.
    Full,
}

impl Cell {
    /// A limiter that nobody has used; its configuration was found valid.
    pub(crate) fn new(
        name: ServiceName,
        namespace: Option<NamespaceName>,
        config: RateLimitConfig,
        clock: Clock,
    ) -> Self {
        let terms = Terms::of(&config, 1);
        Self {
            table: Table::new(&config, terms),
            clock,
            secret: Secret::random(),
            line: Line::default(),
            name,
            namespace,
            config: Mutex::new(Kept {
                config: Arc::new(config),
                version: 1,
                terms,
            }),
        }
    }

    /// The digest of a key; none if there is no key and none is needed.
    #[inline]
    pub(crate) fn digest(
        &self,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<Digest>, RateLimitError> {
        match key {
            Some(key) => Ok(Some(key.digest(self.secret))),
            None => self.without_key(),
        }
    }

    #[cold]
    fn without_key(&self) -> Result<Option<Digest>, RateLimitError> {
        match self.config().on_missing_key {
            OnMissingKey::Share => Ok(Some(RateKey::anonymous().digest(self.secret))),
            OnMissingKey::Admit => Ok(None),
            _ => Err(RateLimitError::MissingKey {
                policy: self.name.clone(),
            }),
        }
    }

    /// Takes so much of a key, if it may: at once, or after those that wait for it.
    #[inline]
    pub(crate) fn take(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        if self.line.is_empty() {
            self.take_now(digest, cost)
        } else {
            self.take_in_line(digest, cost)
        }
    }

    /// Takes so much of a key, if it may, whoever waits.
    #[inline]
    pub(super) fn take_now(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        self.take_counted(digest, cost, true)
    }

    /// As [`take_now`](Self::take_now), of one who will come back: if it may not, it has not been refused yet.
    pub(super) fn try_take(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        self.take_counted(digest, cost, false)
    }

    #[inline(always)]
    fn take_counted(&self, digest: Digest, cost: u32, counts: bool) -> Result<Taken, Refused> {
        let now = self.clock.now();
        let mut shard = self.table.lock(self.table.shard_of(digest));
        let at = shard.at(now, digest.tag);
        if cost > shard.terms.dearest {
            return Err(too_costly(&mut shard));
        }
        match self.table.seat(&mut shard, at) {
            Some(slot) => settle(&mut shard, slot, at, cost, counts),
            None => {
                drop(shard);
                self.take_crowded(digest, cost)
            }
        }
    }

    /// For a new key that found no room in its shard.
    #[cold]
    #[inline(never)]
    fn take_crowded(&self, digest: Digest, cost: u32) -> Result<Taken, Refused> {
        let number = self.table.shard_of(digest);
        self.table.make_room(self.clock.now(), number);
        let now = self.clock.now();
        let mut shard = self.table.lock(number);
        let at = shard.at(now, digest.tag);
        match self.table.seat(&mut shard, at) {
            Some(slot) => settle(&mut shard, slot, at, cost, true),
            None => self.without_seat(&mut shard, at, cost),
        }
    }

    /// What becomes of a new key for which there is no room.
    pub(super) fn without_seat(
        &self,
        shard: &mut Shard,
        at: At,
        cost: u32,
    ) -> Result<Taken, Refused> {
        shard.counts.crowded += 1;
        let (terms, limit) = (shard.terms, shard.terms.limit);
        let nothing = Taken {
            limit,
            ..Taken::NOTHING
        };
        let result = match terms.on_full {
            OnFull::Admit => Ok(nothing),
            OnFull::Refuse => Err(Refused::Full),
            _ => {
                let taken = self.table.take_of_crowd(&terms, at, cost);
                let taken = taken.map(|look| Taken { look, ..nothing });
                taken.map_err(|wait| Refused::Limited { wait, limit })
            }
        };
        count(shard, result, nothing)
    }

    /// Gives back what was taken, as far as time has not done so, to whoever waits for it.
    pub(crate) fn refund(&self, digest: Digest, taken: &Taken, cost: u32) {
        if taken.version == 0 {
            return;
        }
        let now = self.clock.now();
        let mut shard = self.table.lock(self.table.shard_of(digest));
        let at = shard.at(now, digest.tag);
        // What is forgotten was idle. Under other terms, a mark means nothing.
        if shard.terms.version == taken.version
            && let Some(slot) = shard.find(digest.tag)
        {
            shard.refund(slot, at, taken.look.mark, cost);
        }
        drop(shard);
        self.call_next(digest);
    }

    /// Lets a key begin anew.
    pub(crate) fn reset(&self, digest: Digest) {
        self.table.forget(digest);
        self.call_next(digest);
    }

    /// What a key has left.
    pub(crate) fn status(&self, digest: Digest) -> RateLimitStatus {
        let (terms, at, mut state) = self.copy(digest);
        let look = terms.method.look(&state, at);
        let wait = terms.method.take(&mut state, at, 1).err();
        RateLimitStatus {
            limit: terms.limit,
            remaining: u32::try_from(look.left.floor()).unwrap_or(u32::MAX),
            limited: wait.is_some() && !terms.shadow,
            retry_after: wait.map(Duration::from_nanos),
            reset_after: Duration::from_nanos(look.full_in.ceil()),
        }
    }

    /// The state of a key, and what it goes by. One that is not known is as a new one.
    pub(super) fn copy(&self, digest: Digest) -> (Terms, At, Vec<u64>) {
        let now = self.clock.now();
        let mut shard = self.table.lock(self.table.shard_of(digest));
        let (at, terms) = (shard.at(now, digest.tag), shard.terms);
        let state = match shard.find(digest.tag) {
            Some(slot) => shard.state(slot).to_vec(),
            None => {
                let mut state = vec![0; terms.method.words()];
                terms.method.begin(&mut state, at);
                state
            }
        };
        (terms, at, state)
    }

    /// Goes by another configuration that was found valid.
    pub(crate) fn reconfigure(&self, config: RateLimitConfig) -> Result<(), RegisterLimiterError> {
        let mut kept = self.lock();
        let inherit = config.on_change;
        let found = match inherit {
            Inherit::Reset => None,
            Inherit::Proportional => Some("proportional"),
            _ => Some("keep"),
        };
        if let Some(found) = found.filter(|_| config.algorithm != kept.config.algorithm) {
            return Err(RegisterLimiterError::Algorithm { found });
        }
        let mut terms = Terms::of(&config, kept.terms.version);
        if found.is_none() || terms.method != kept.terms.method {
            terms.version += 1;
        }
        let max = config.bytes_max;
        let changed = self.table.change(&config, terms, self.clock.now(), inherit);
        changed.map_err(|needed| RegisterLimiterError::TooManyBytes { needed, max })?;
        kept.config = Arc::new(config);
        kept.version += 1;
        kept.terms = terms;
        drop(kept);
        self.call_all();
        Ok(())
    }

    /// A poisoned lock is taken all the same: what is under it is whole at every moment.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn config(&self) -> Arc<RateLimitConfig> {
        Arc::clone(&self.lock().config)
    }

    pub(crate) fn stats(&self) -> LimiterStats {
        let (config, version) = {
            let kept = self.lock();
            (Arc::clone(&kept.config), kept.version)
        };
        let counts = self.table.counts();
        LimiterStats {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            algorithm: config.algorithm,
            limit: config.limit,
            window_ns: u64::try_from(config.window.as_nanos()).unwrap_or(u64::MAX),
            shadow: config.shadow,
            admitted: counts.admitted,
            refused: counts.refused,
            shadowed: counts.shadowed,
            crowded: counts.crowded,
            evicted: counts.evicted,
            keys: self.table.keys(),
            keys_max: config.keys_max,
            bytes: self.table.bytes(),
            bytes_max: config.bytes_max,
            waiting: self.line.len() as u64,
            config_version: version,
        }
    }

    /// The error that a refusal is to the caller.
    #[inline]
    pub(crate) fn error(&self, refused: Refused, cost: u32) -> RateLimitError {
        let policy = self.name.clone();
        match refused {
            Refused::Limited { wait, limit } => RateLimitError::Exceeded(RateLimitExceeded {
                policy,
                limit,
                retry_after: Duration::from_nanos(wait),
            }),
            Refused::TooCostly { max } => RateLimitError::TooCostly { policy, cost, max },
            Refused::Full => RateLimitError::Full {
                policy,
                keys: self.table.keys(),
            },
        }
    }
}

#[cold]
fn too_costly(shard: &mut Shard) -> Refused {
    shard.counts.refused += 1;
    Refused::TooCostly {
        max: shard.terms.dearest,
    }
}

/// Takes from a key that has a slot.
#[inline]
fn settle(
    shard: &mut Shard,
    slot: usize,
    at: At,
    cost: u32,
    counts: bool,
) -> Result<Taken, Refused> {
    let limit = shard.terms.limit;
    match shard.take(slot, at, cost) {
        Ok(look) => {
            shard.counts.admitted += 1;
            Ok(Taken {
                look,
                limit,
                version: shard.terms.version,
            })
        }
        Err(wait) if !shard.terms.shadow => {
            shard.counts.refused += u64::from(counts);
            Err(Refused::Limited { wait, limit })
        }
        Err(_) => Ok(look_on(shard, slot, at)),
    }
}

/// Lets a call through that would have been refused.
#[cold]
pub(super) fn look_on(shard: &mut Shard, slot: usize, at: At) -> Taken {
    shard.counts.admitted += 1;
    shard.counts.shadowed += 1;
    Taken {
        look: shard.look(slot, at),
        limit: shard.terms.limit,
        version: 0,
    }
}

/// Counts what became of a call without a slot; where the limiter only looks on, it is let through.
fn count(
    shard: &mut Shard,
    result: Result<Taken, Refused>,
    nothing: Taken,
) -> Result<Taken, Refused> {
    match result {
        Err(_) if shard.terms.shadow => {
            shard.counts.admitted += 1;
            shard.counts.shadowed += 1;
            Ok(nothing)
        }
        Err(refused) => {
            shard.counts.refused += 1;
            Err(refused)
        }
        Ok(taken) => {
            shard.counts.admitted += 1;
            Ok(taken)
        }
    }
}
