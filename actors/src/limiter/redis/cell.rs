//! What the handles of a limiter share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use mainstay_specs::{NamespaceName, OnMissingKey, RateLimitConfig, ServiceName};

use super::super::error::{RateLimitError, RegisterLimiterError, Unavailable};
use super::super::key::RateKey;
use super::super::stats::LimiterStats;
use super::line::Line;
use super::link::Link;
use super::terms::{Keys, Terms};

/// A limiter, all of its counts but those of its keys.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) name: ServiceName,
    namespace: Option<NamespaceName>,
    terms: ArcSwap<Terms>,
    pub(super) link: Arc<Link>,
    pub(super) line: Line,
    admitted: AtomicU64,
    refused: AtomicU64,
    shadowed: AtomicU64,
    undecided: AtomicU64,
    retired: Mutex<Retired>,
}

/// What came of keys that were counted here meanwhile, by limiters that are no more.
#[derive(Clone, Copy, Debug, Default)]
struct Retired {
    crowded: u64,
    evicted: u64,
}

impl Cell {
    pub(super) fn new(
        name: ServiceName,
        namespace: Option<NamespaceName>,
        config: RateLimitConfig,
        link: Arc<Link>,
    ) -> Result<Self, RegisterLimiterError> {
        let terms = Terms::new(&name, namespace.as_ref(), config, 1)?;
        Ok(Self {
            name,
            namespace,
            terms: ArcSwap::from_pointee(terms),
            link,
            line: Line::default(),
            admitted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            shadowed: AtomicU64::new(0),
            undecided: AtomicU64::new(0),
            retired: Mutex::default(),
        })
    }

    pub(super) fn terms(&self) -> Arc<Terms> {
        self.terms.load_full()
    }

    /// A poisoned lock is taken all the same: what is under it is whole at every moment.
    fn retired(&self) -> MutexGuard<'_, Retired> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes by another configuration, if `may` says so of the terms before and after.
    pub(super) fn change(
        &self,
        config: RateLimitConfig,
        may: impl FnOnce(&Terms, &Terms) -> Result<(), RegisterLimiterError>,
    ) -> Result<(), RegisterLimiterError> {
        // One after the other.
        let mut retired = self.retired();
        let before = self.terms();
        let version = before.version + 1;
        let after = Terms::new(&self.name, self.namespace.as_ref(), config, version)?;
        may(&before, &after)?;
        self.terms.store(Arc::new(after));
        if let Some(local) = &before.local {
            let stats = local.stats();
            retired.crowded += stats.crowded;
            retired.evicted += stats.evicted;
        }
        Ok(())
    }

    /// What a key is known by; nothing if there is none and none is needed.
    pub(super) fn keys(
        &self,
        terms: &Terms,
        key: Option<RateKey<'_>>,
    ) -> Result<Option<Keys>, RateLimitError> {
        match (key, terms.config.on_missing_key) {
            (Some(key), _) => Ok(Some(terms.keys(key))),
            (None, OnMissingKey::Share) => Ok(Some(terms.keys(RateKey::anonymous()))),
            (None, OnMissingKey::Admit) => Ok(None),
            // It refuses nobody.
            _ if terms.config.shadow => Ok(None),
            _ => Err(RateLimitError::MissingKey {
                policy: self.name.clone(),
            }),
        }
    }

    /// A call was let through.
    pub(super) fn admit(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    /// A call was refused.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A call was let through that would have been refused.
    pub(super) fn look_on(&self) {
        self.admit();
        self.shadowed.fetch_add(1, Ordering::Relaxed);
    }

    /// The server has not decided a call.
    pub(super) fn miss(&self) {
        self.undecided.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unavailable(&self, reason: Unavailable) -> RateLimitError {
        RateLimitError::Unavailable {
            policy: self.name.clone(),
            reason,
        }
    }

    pub(super) fn too_costly(&self, cost: u32, max: u32) -> RateLimitError {
        RateLimitError::TooCostly {
            policy: self.name.clone(),
            cost,
            max,
        }
    }

    pub(super) fn stats(&self) -> LimiterStats {
        let retired = self.retired();
        let terms = self.terms();
        let local = terms.local.as_ref().map(|local| local.stats());
        let Retired { crowded, evicted } = *retired;
        drop(retired);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (config, local) = (&terms.config, local.as_ref());
        LimiterStats {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            algorithm: config.algorithm,
            limit: config.limit,
            window_ns: u64::try_from(config.window.as_nanos()).unwrap_or(u64::MAX),
            shadow: config.shadow,
            admitted: read(&self.admitted),
            refused: read(&self.refused),
            shadowed: read(&self.shadowed),
            crowded: crowded + local.map_or(0, |local| local.crowded),
            evicted: evicted + local.map_or(0, |local| local.evicted),
            keys: local.map_or(0, |local| local.keys),
            keys_max: config.keys_max,
            bytes: local.map_or(0, |local| local.bytes),
            bytes_max: config.bytes_max,
            waiting: u64::from(self.line.len()),
            config_version: terms.version,
            undecided: read(&self.undecided),
            redis: Some(self.link.stats()),
        }
    }
}
