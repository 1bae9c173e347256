//! Where a server is, and what a reset undoes.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use mainstay_specs::PostgresReset;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, SslNegotiation};

use super::error::PostgresError;

/// The least and the most that a query nobody waits for may go on.
const CANCEL_AFTER: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(600));

/// For a server that is nearby.
pub(super) const CANCEL_AFTER_DEFAULT: Duration = Duration::from_millis(250);

/// A server, and how it is used. Nothing of the password is shown.
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// Where the server is, and who asks.
    pub(super) config: Config,
    /// What a reset undoes. Default: [`PostgresReset::Session`].
    pub reset: PostgresReset,
    /// How long a reset, or a goodbye, waits for a query that still runs before it cancels it; 1 ms to 10 minutes. A reset takes up to
    /// three trips to the server, which have to fit in. Default: 250 ms; where that is left as it is, and the server is far away, twice as
    /// long as it took to connect, but no more than 2 s.
    pub cancel_after: Duration,
    /// SQL that each connection runs when it is made, and again after a reset that undoes settings. Default: none. Settings are
    /// better put into the address, as in `?options=-c%20statement_timeout%3D5s`.
    pub setup: String,
}

impl PostgresOptions {
    /// A server as an address says it: `postgres://user:password@host:port/database?…`, or `host=… user=… dbname=…`. A folder as the
    /// host, as in `host=/run/postgresql`, means the socket in it.
    ///
    /// # Errors
    ///
    /// It is not an address, names no server, or asks for TLS.
    pub fn new(url: &str) -> Result<Self, PostgresError> {
        let config = url.parse().map_err(PostgresError::Address)?;
        Self::from_config(config)
    }

    /// A server as the configuration of the client says it.
    ///
    /// # Errors
    ///
    /// It names no server, or asks for TLS.
    pub fn from_config(config: Config) -> Result<Self, PostgresError> {
        let asked = if config.get_ssl_mode() == SslMode::Require {
            Some("sslmode=require")
        } else if config.get_ssl_negotiation() == SslNegotiation::Direct {
            Some("sslnegotiation=direct")
        } else if config.get_channel_binding() == ChannelBinding::Require {
            Some("channel_binding=require")
        } else {
            None
        };
        if let Some(asked) = asked {
            return Err(PostgresError::Tls { asked });
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(PostgresError::NoHost);
        }
        if config.get_ssl_mode() == SslMode::Prefer && !is_on_this_machine(&config) {
            tracing::info!(
                hosts = ?config.get_hosts(),
                "connections to PostgreSQL are made without TLS; say sslmode=disable if that is what is meant"
            );
        }
        Ok(Self {
            config,
            reset: PostgresReset::default(),
            cancel_after: CANCEL_AFTER_DEFAULT,
            setup: String::new(),
        })
    }

    /// Where the server is, and who asks.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Sets what a reset undoes.
    #[must_use]
    pub const fn reset(mut self, reset: PostgresReset) -> Self {
        self.reset = reset;
        self
    }

    /// Sets how long a reset waits for a query that still runs before it cancels it.
    #[must_use]
    pub const fn cancel_after(mut self, time: Duration) -> Self {
        self.cancel_after = time;
        self
    }

    /// Sets the SQL that each connection runs when it is made.
    #[must_use]
    pub fn setup(mut self, sql: impl Into<String>) -> Self {
        self.setup = sql.into();
        self
    }

    /// Finds out whether it can be meant.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Option`]: what cannot be meant, and what would do.
    pub fn check(&self) -> Result<(), PostgresError> {
        let (min, max) = CANCEL_AFTER;
        if (min..=max).contains(&self.cancel_after) {
            return Ok(());
        }
        Err(PostgresError::Option {
            field: "cancel_after",
            expected: "1 ms to 10 minutes",
            found: self.cancel_after,
        })
    }
}

/// Whether all of its hosts are sockets, or the machine itself by its usual name or address.
fn is_on_this_machine(config: &Config) -> bool {
    let here = |host: &Host| match host {
        Host::Tcp(name) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let addresses = config.get_hostaddrs();
    match addresses.is_empty() {
        true => config.get_hosts().iter().all(here),
        false => addresses.iter().all(IpAddr::is_loopback),
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not `options`, nor the setup: settings may be secrets, too.
        f.debug_struct("PostgresOptions")
            .field("hosts", &self.config.get_hosts())
            .field("ports", &self.config.get_ports())
            .field("user", &self.config.get_user())
            .field("database", &self.config.get_dbname())
            .field("reset", &self.reset)
            .field("cancel_after", &self.cancel_after)
            .finish_non_exhaustive()
    }
}
