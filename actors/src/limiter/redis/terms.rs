//! What a limiter goes by, and what it does by itself when the server does not answer.

use std::sync::Arc;

use mainstay_specs::{
    Fault, NamespaceName, OnMissingKey, OnUnavailable, RateLimitConfig, RedisBackend, ServiceName,
    SpecPath,
};

use super::super::digest::{Digest, Secret};
use super::super::error::RegisterLimiterError;
use super::super::handle::Limiter;
use super::super::key::RateKey;
use super::policy::{Mark, Policy};
use super::question::Part;

/// A configuration that was found valid, and what follows from it.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) config: Arc<RateLimitConfig>,
    pub(super) on_unavailable: OnUnavailable,
    pub(super) version: u64,
    /// What counts here meanwhile.
    pub(super) local: Option<Limiter>,
    policy: Policy,
    secret: Secret,
    /// What the names of its keys begin with.
    front: String,
}

/// What a key is known by: in the server, and where it is counted here meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub(super) there: Digest,
    pub(super) here: Option<Digest>,
}

/// Where the backend of a configuration is.
fn place() -> SpecPath {
    SpecPath::root().field("backend").field("redis")
}

/// The backend of a configuration that is to have one.
pub(super) fn backend(config: &RateLimitConfig) -> Result<&RedisBackend, RegisterLimiterError> {
    config.validate().map_err(RegisterLimiterError::Config)?;
    let none = || {
        let fault = Fault::new("expected where the Redis is, found none").at(place());
        RegisterLimiterError::Config(fault.into())
    };
    config.backend.redis.as_ref().ok_or_else(none)
}

/// That the client cannot make anything of the address.
pub(super) fn wrong_url(told: &str) -> RegisterLimiterError {
    let fault = Fault::new(format!("expected the address of a Redis: {told}"));
    RegisterLimiterError::Config(fault.at(place().field("url")).into())
}

impl Terms {
    pub(super) fn new(
        name: &ServiceName,
        namespace: Option<&NamespaceName>,
        config: RateLimitConfig,
        version: u64,
    ) -> Result<Self, RegisterLimiterError> {
        let backend = backend(&config)?;
        let on_unavailable = backend.on_unavailable;
        let policy = Policy::of(&config);
        let namespace = namespace.map_or("", NamespaceName::as_str);
        // Whatever is in braces picks the slot of a cluster. Names hold no slash, so that no two limiters make the same.
        let front = format!(
            "{{{}/{namespace}}}/{name}/{}/",
            backend.prefix,
            policy.terms()
        );
        let secret = Secret::of(backend.secret.as_bytes());
        let local = match on_unavailable {
            OnUnavailable::Local { one_of } => Some(local(name, namespace, &config, one_of)?),
            _ => None,
        };
        Ok(Self {
            config: Arc::new(config),
            on_unavailable,
            version,
            local,
            policy,
            secret,
            front,
        })
    }

    /// What a key is known by.
    pub(super) fn keys(&self, key: RateKey<'_>) -> Keys {
        let here = |local: &Limiter| local.cell().digest_to_look(Some(key)).ok().flatten();
        Keys {
            there: key.digest(self.secret),
            here: self.local.as_ref().and_then(here),
        }
    }

    /// Whether calls without a key are let through only because it looks on.
    pub(super) fn looks_on_without_key(&self) -> bool {
        let (config, missing) = (&self.config, self.config.on_missing_key);
        config.shadow && !matches!(missing, OnMissingKey::Share | OnMissingKey::Admit)
    }

    /// Whether the counts of both are the same ones in the server.
    pub(super) fn counts_as(&self, other: &Self) -> bool {
        self.front == other.front && self.secret == other.secret
    }

    /// What the server is asked for one key.
    pub(super) fn part(&self, digest: Digest, cost: u32) -> Part {
        let Digest { place, tag } = digest;
        Part {
            policy: self.policy,
            key: format!("{}{place:016x}{tag:016x}", self.front),
            digest,
            cost,
            shadow: self.config.shadow,
            mark: Mark { whole: 0, part: 0 },
        }
    }
}

/// A limiter of this machine, for its part of the limit.
fn local(
    name: &ServiceName,
    namespace: &str,
    config: &RateLimitConfig,
    one_of: u32,
) -> Result<Limiter, RegisterLimiterError> {
    let mut config = config.clone();
    config.backend = mainstay_specs::Backend::default();
    // It was found that a part is at least 1.
    config.limit /= one_of;
    config.burst_limit = config.burst_limit.map(|burst| burst / one_of);
    let capacity = config.capacity();
    config.cost_max = config.cost_max.map(|cost| cost.min(capacity));
    let namespace = NamespaceName::new(namespace).ok();
    Limiter::born(name.clone(), namespace, config)
}
