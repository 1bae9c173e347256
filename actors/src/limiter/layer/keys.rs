//! Whose request it is, for each way to count.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mainstay_specs::{KeyStrategy, ServiceName};

use super::by_ip::ByIp;
use super::extract::Extract;
use super::head::RequestHead;
use crate::limiter::RateKey;

/// How to find in a request whose it is, for each [`KeyStrategy`] that a limiter may go by. Everybody, and the address of the client,
/// are known from the start; how users, API keys and anything else are found has to be said.
///
/// ```
/// use http::HeaderName;
/// use mainstay_actors::limiter::{ByExtension, ByHeader, ByIp, RequestKeys, TrustedProxies};
///
/// # #[derive(Clone)] struct User { name: String }
/// # #[derive(Clone)] struct Tenant(String);
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = RequestKeys::new()
///     .ip(ByIp::new(TrustedProxies::networks(["10.0.0.0/8"])?))
///     .api_key(ByHeader::new(HeaderName::from_static("x-api-key")))
///     .user(ByExtension::new(|user: &User| &user.name))
///     .custom("tenant".parse()?, ByExtension::new(|tenant: &Tenant| &tenant.0));
/// # drop(keys);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RequestKeys {
    ip: ByIp,
    user: Option<Arc<dyn Extract>>,
    api_key: Option<Arc<dyn Extract>>,
    custom: BTreeMap<ServiceName, Arc<dyn Extract>>,
}

impl RequestKeys {
    /// Everybody, and the peer of the connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how the address of the client is found.
    #[must_use]
    pub fn ip(mut self, by: ByIp) -> Self {
        self.ip = by;
        self
    }

    /// Sets how users are told apart.
    #[must_use]
    pub fn user(mut self, by: impl Extract + 'static) -> Self {
        self.user = Some(Arc::new(by));
        self
    }

    /// Sets where the API key is.
    #[must_use]
    pub fn api_key(mut self, by: impl Extract + 'static) -> Self {
        self.api_key = Some(Arc::new(by));
        self
    }

    /// Sets how to find what is called so.
    #[must_use]
    pub fn custom(mut self, name: ServiceName, by: impl Extract + 'static) -> Self {
        self.custom.insert(name, Arc::new(by));
        self
    }

    /// Whether it is known how to find this.
    pub(super) fn check(
        &self,
        policy: &ServiceName,
        strategy: &KeyStrategy,
    ) -> Result<(), NoExtractor> {
        let known = match strategy {
            KeyStrategy::Global | KeyStrategy::Ip => true,
            KeyStrategy::User => self.user.is_some(),
            KeyStrategy::ApiKey => self.api_key.is_some(),
            KeyStrategy::Custom(name) => self.custom.contains_key(name),
            _ => false,
        };
        if known {
            return Ok(());
        }
        Err(NoExtractor {
            policy: policy.clone(),
            strategy: strategy.clone(),
        })
    }

    /// Whose request it is.
    pub(super) fn find<'r>(
        &'r self,
        strategy: &KeyStrategy,
        request: RequestHead<'r>,
    ) -> Option<FoundKey<'r>> {
        let by = |by: &'r Option<Arc<dyn Extract>>| found(by.as_ref()?, request);
        Some(match strategy {
            KeyStrategy::Global => FoundKey::Whole(RateKey::global()),
            KeyStrategy::Ip => FoundKey::Whole(self.ip.key(request)?),
            KeyStrategy::User => FoundKey::User(by(&self.user)?),
            KeyStrategy::ApiKey => FoundKey::ApiKey(by(&self.api_key)?),
            KeyStrategy::Custom(name) => {
                let (name, by) = self.custom.get_key_value(name)?;
                FoundKey::Custom(name, found(by, request)?)
            }
            // The limiter says what becomes of it.
            _ => return None,
        })
    }
}

fn found<'r>(by: &'r Arc<dyn Extract>, request: RequestHead<'r>) -> Option<Cow<'r, str>> {
    by.extract(request).filter(|value| !value.is_empty())
}

/// A key that may have been put together for this request.
pub(super) enum FoundKey<'r> {
    Whole(RateKey<'static>),
    User(Cow<'r, str>),
    ApiKey(Cow<'r, str>),
    Custom(&'r ServiceName, Cow<'r, str>),
}

impl FoundKey<'_> {
    pub(super) fn key(&self) -> RateKey<'_> {
        match self {
            Self::Whole(key) => *key,
            Self::User(name) => RateKey::user(name),
            Self::ApiKey(key) => RateKey::api_key(key),
            Self::Custom(name, value) => RateKey::custom(name.as_str(), value.as_bytes()),
        }
    }
}

impl fmt::Debug for RequestKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestKeys")
            .field("ip", &self.ip)
            .field("user", &self.user.is_some())
            .field("api_key", &self.api_key.is_some())
            .field("custom", &self.custom.keys())
            .finish()
    }
}

/// A limiter counts by something that nobody has said how to find.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the rate limit {policy} counts by {}, and nobody has said where that is in a request",
    word(strategy)
)]
#[non_exhaustive]
pub struct NoExtractor {
    /// The limiter.
    pub policy: ServiceName,
    /// What it counts by.
    pub strategy: KeyStrategy,
}

fn word(strategy: &KeyStrategy) -> &str {
    match strategy {
        KeyStrategy::Global => "global",
        KeyStrategy::Ip => "ip",
        KeyStrategy::User => "user",
        KeyStrategy::ApiKey => "api_key",
        KeyStrategy::Custom(name) => name.as_str(),
        _ => "something new",
    }
}
