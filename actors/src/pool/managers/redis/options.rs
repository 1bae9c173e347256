//! Where a server is, and what becomes of a connection that something is left in.

use std::fmt;
use std::time::Duration;

use ::redis::{Client, ConnectionInfo};
use mainstay_specs::RedisReset;

use super::error::RedisPoolError;

/// The least and the most that an answer may take.
const ANSWER: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(86_400));

/// A server, and how it is used. Nothing of the password is shown.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisOptions {
    pub(super) info: ConnectionInfo,
    /// How long an answer may take, 1 ms to a day; whoever uses commands that block has to set it higher than those wait. Default: 5 s.
    pub response_timeout: Duration,
    /// What becomes of a connection that something is left in. Default: [`RedisReset::Session`].
    pub reset: RedisReset,
}

impl RedisOptions {
    /// A server as an address says it: `redis://[user[:password]@]host[:port][/number of the database]`, or `unix:///path` for a
    /// socket.
    ///
    /// # Errors
    ///
    /// [`RedisPoolError::Address`]: it is none of these.
    pub fn new(url: &str) -> Result<Self, RedisPoolError> {
        let client = Client::open(url).map_err(RedisPoolError::Address)?;
        Ok(Self {
            info: client.get_connection_info().clone(),
            response_timeout: Duration::from_secs(5),
            reset: RedisReset::default(),
        })
    }

    /// Sets how long an answer may take.
    #[must_use]
    pub const fn response_timeout(mut self, time: Duration) -> Self {
        self.response_timeout = time;
        self
    }

    /// Sets what becomes of a connection that something is left in.
    #[must_use]
    pub const fn reset(mut self, reset: RedisReset) -> Self {
        self.reset = reset;
        self
    }

    /// Finds out whether it can be meant.
    ///
    /// # Errors
    ///
    /// [`RedisPoolError::Option`]: what cannot be meant, and what would do.
    pub fn check(&self) -> Result<(), RedisPoolError> {
        let (min, max) = ANSWER;
        if (min..=max).contains(&self.response_timeout) {
            return Ok(());
        }
        Err(RedisPoolError::Option {
            field: "response_timeout",
            expected: "1 ms to a day",
            found: self.response_timeout,
        })
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("server", &self.info.addr().to_string())
            .field("database", &self.info.redis_settings().db())
            .field("response_timeout", &self.response_timeout)
            .field("reset", &self.reset)
            .finish_non_exhaustive()
    }
}
