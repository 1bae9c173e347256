//! The state of a limiter, which outlives the keeper.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Cell`]: making it, looking at it, changing its configuration |
//! | `take.rs` | takes from keys |
//! | `stress.rs` | that no call is lost or counted twice, whatever else goes on |

#[cfg(test)]
mod stress;
mod take;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mainstay_specs::{Inherit, NamespaceName, OnMissingKey, RateLimitConfig, ServiceName};

use super::clock::Clock;
use super::digest::{Digest, Secret};
use super::error::{RateLimitError, RateLimitExceeded, RegisterLimiterError};
use super::key::RateKey;
use super::line::Line;
use super::method::At;
use super::stats::{LimiterStats, RateLimitStatus};
use super::table::{Table, Terms};
use super::taken::{Refused, Taken};
pub(super) use take::{look_on, too_costly};

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

    /// The digest of the key of a call; none if there is no key and none is needed.
    #[inline(always)]
    pub(crate) fn digest(
        &self,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<Digest>, RateLimitError> {
        match key {
            Some(key) => Ok(Some(key.digest(self.secret))),
            None => self.without_key(),
        }
    }

    /// A call that is let through or refused for want of a key counts as one.
    #[cold]
    fn without_key(&self) -> Result<Option<Digest>, RateLimitError> {
        let missing = self.digest_to_look(None);
        let may = self.config().on_missing_key == OnMissingKey::Admit;
        match missing {
            Err(_) => self.table.lock(0).counts.refused += 1,
            Ok(None) if !may => self.table.lock(0).counts.look_on(),
            Ok(_) => {}
        }
        missing
    }

    /// The digest of a key that is looked at or begins anew.
    pub(crate) fn digest_to_look(
        &self,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<Digest>, RateLimitError> {
        let Some(key) = key else {
            let config = self.config();
            return match config.on_missing_key {
                OnMissingKey::Share => Ok(Some(RateKey::anonymous().digest(self.secret))),
                OnMissingKey::Admit => Ok(None),
                // It refuses nobody.
                _ if config.shadow => Ok(None),
                _ => Err(RateLimitError::MissingKey {
                    policy: self.name.clone(),
                }),
            };
        };
        Ok(Some(key.digest(self.secret)))
    }

    /// Gives back what was taken, as far as time has not done so, to whoever waits for it.
    pub(crate) fn refund(&self, digest: Digest, taken: &Taken, cost: u32) {
        if taken.source.is_nowhere() {
            return;
        }
        let (now, mark) = (self.clock.now(), taken.look.mark);
        if let Some(version) = taken.source.version_of_crowd() {
            self.table.refund_crowd(now, version, mark, cost);
        }
        if let Some(epoch) = taken.source.epoch_of_key() {
            let mut shard = self.table.lock(self.table.shard_of(digest));
            let at = shard.at(now, digest.tag);
            // What is forgotten was idle.
            if shard.is_good(digest.tag, epoch)
                && let Some(slot) = shard.find(digest.tag)
            {
                shard.refund(slot, at, mark, cost);
            }
        }
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
        let wait = wait.filter(|_| !terms.shadow);
        RateLimitStatus {
            limit: terms.limit,
            remaining: u32::try_from(look.left.floor()).unwrap_or(u32::MAX),
            limited: wait.is_some(),
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
            undecided: 0,
            redis: None,
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
