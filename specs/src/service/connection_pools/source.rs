//! What the connections of a pool go to.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Args;
use crate::finding::{Finding, Report};
use crate::kinds::Kinds;
use crate::path::At;
use crate::suggest::hint;

/// What the connections of a pool go to.
///
/// In RON: `source: sqlite(path: "app.db")`, `source: postgres(url: "postgres://…")`, `source: redis(url: "redis://…")`,
/// `source: other(kind: "ldap", args: (…))`. A program can open those whose feature it was built with (`sqlite`, `postgres`,
/// `redis`), and the others it has registered; a node that cannot does not boot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum PoolSource {
    /// A file of SQLite.
    #[non_exhaustive]
    Sqlite {
        /// The file, made if it is not there. `:memory:` is a database of the pool's own, which is gone with it.
        path: String,
        /// Whether it is only read; then it has to be there. Default: no.
        #[serde(default, skip_serializing_if = "is_false")]
        read_only: bool,
        /// How long a statement waits for another connection's lock, at most 10 minutes. Default: 5 s.
        #[serde(with = "crate::duration", default = "busy_timeout")]
        busy_timeout: Duration,
    },
    /// A server of PostgreSQL.
    #[non_exhaustive]
    Postgres {
        /// Where it is, as libpq has it: `postgres://[user[:password]@]host[:port][/database][?option=value]`. Not shown by [`Debug`].
        url: String,
    },
    /// A Redis or Valkey.
    #[non_exhaustive]
    Redis {
        /// Where it is: `redis://[user[:password]@]host[:port][/number of the database]`, or `unix:///path`. Not shown by [`Debug`].
        url: String,
    },
    /// What the application has registered under this name.
    #[non_exhaustive]
    Other {
        /// The name.
        kind: String,
        /// What its factory is given. Not shown by [`Debug`]: there may be a password in it. Default: none.
        #[serde(default, skip_serializing_if = "Args::is_empty")]
        args: Args,
    },
}

impl PoolSource {
    /// A file of SQLite, made if it is not there.
    #[must_use]
    pub fn sqlite(path: impl Into<String>) -> Self {
        Self::Sqlite {
            path: path.into(),
            read_only: false,
            busy_timeout: busy_timeout(),
        }
    }

    /// A server of PostgreSQL.
    #[must_use]
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::Postgres { url: url.into() }
    }

    /// A Redis or Valkey.
    #[must_use]
    pub fn redis(url: impl Into<String>) -> Self {
        Self::Redis { url: url.into() }
    }

    /// What the application has registered under this name, made from these arguments.
    #[must_use]
    pub fn other(kind: impl Into<String>, args: Args) -> Self {
        let kind = kind.into();
        Self::Other { kind, args }
    }

    /// The word for it: `sqlite`, `postgres`, `redis`, or the name that the application has registered.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres { .. } => "postgres",
            Self::Redis { .. } => "redis",
            Self::Other { kind, .. } => kind,
        }
    }

    pub(super) fn check(&self, report: &mut Report, at: &At<'_>) {
        let (field, wrong) = match self {
            Self::Sqlite {
                path, busy_timeout, ..
            } => {
                if *busy_timeout > BUSY_MAX {
                    let found = humantime::format_duration(*busy_timeout);
                    let message = format!("expected at most 10m, found {found}");
                    report.add(Finding::new(at.field("busy_timeout"), message));
                }
                ("path", wrong_path(path))
            }
            Self::Postgres { url } => ("url", wrong_url(url, &["postgres", "postgresql"], &[])),
            Self::Redis { url } => {
                let hosts = ["redis", "valkey"];
                let sockets = ["unix", "redis+unix", "valkey+unix"];
                ("url", wrong_url(url, &hosts, &sockets))
            }
            Self::Other { kind, .. } => ("kind", kind.is_empty().then(|| NO_NAME.to_owned())),
        };
        if let Some(message) = wrong {
            report.add(Finding::new(at.field(field), message));
        }
    }

    pub(super) fn check_kind(&self, kinds: &dyn Kinds, report: &mut Report, at: &At<'_>) {
        let Self::Other { kind, args } = self else {
            return;
        };
        let place = at.field("kind");
        if kind.is_empty() {
            return; // It was told.
        }
        if !kinds.knows_pool(kind) {
            let hint = hint(kind, &kinds.pool_names());
            let message = format!("unknown kind of connection `{kind}`, {hint}");
            report.add(Finding::new(place, message));
            return;
        }
        let Err(faults) = kinds.check_pool(kind, args) else {
            return;
        };
        let inside = at.field("args");
        for fault in faults {
            let mut finding = Finding::new(inside.clone(), "").and_on(place.clone());
            finding.fault = fault.inside(&inside);
            finding.rests_on_fields = true;
            report.add(finding);
        }
    }

    pub(crate) const fn args_mut(&mut self) -> Option<&mut Args> {
        match self {
            Self::Other { args, .. } => Some(args),
            Self::Sqlite { .. } | Self::Postgres { .. } | Self::Redis { .. } => None,
        }
    }
}

fn wrong_path(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("expected the path of a file, found an empty text".to_owned());
    }
    let odd = path.starts_with("file:") || path.contains('\0');
    odd.then(|| {
        let found = path.chars().take(64).collect::<String>();
        format!("expected the path of a file, or `:memory:`, found {found:?}")
    })
}

/// What is wrong with an address. Never repeats what may be a password.
fn wrong_url(url: &str, hosts: &[&str], sockets: &[&str]) -> Option<String> {
    let scheme = hosts.first().copied().unwrap_or_default();
    let socket = if sockets.is_empty() {
        String::new()
    } else {
        " or unix:///path".to_owned()
    };
    let expected = format!("expected {scheme}://host[:port][/database]{socket}");
    let Some((found, rest)) = url.split_once("://") else {
        return Some(expected);
    };
    if sockets.contains(&found) {
        let path = rest.starts_with('/') && rest.len() > 1;
        return (!path).then(|| "expected the path of a socket that begins with /".to_owned());
    }
    if !hosts.contains(&found) {
        let found = found.chars().take(16).collect::<String>();
        return Some(format!("{expected}, found {found:?}"));
    }
    wrong_address(rest, scheme)
}

fn wrong_address(rest: &str, scheme: &str) -> Option<String> {
    let rest = rest.split('?').next().unwrap_or(rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let address = authority.rsplit_once('@');
    let address = address.map_or(authority, |(_, address)| address);
    let (host, port) = match address.rsplit_once(':') {
        // The colons of an address of IPv6 are in brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Some(format!("expected a host after {scheme}://"));
    }
    port.filter(|port| port.parse::<u16>().map_or(true, |port| port == 0))?;
    // Not what was found: it is a part of the password if that has a `/` or a `?` in it.
    let mend = "in a password `/` is written %2F, `?` %3F, `#` %23 and `@` %40";
    Some(format!(
        "expected a port from 1 to 65535 after the host; {mend}"
    ))
}

/// Shows neither addresses nor arguments: there may be passwords in them.
impl fmt::Debug for PoolSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite {
                path,
                read_only,
                busy_timeout,
            } => f
                .debug_struct("Sqlite")
                .field("path", path)
                .field("read_only", read_only)
                .field("busy_timeout", busy_timeout)
                .finish(),
            Self::Postgres { .. } => f.write_str("Postgres { url: … }"),
            Self::Redis { .. } => f.write_str("Redis { url: … }"),
            Self::Other { kind, .. } => write!(f, "Other {{ kind: {kind:?}, args: … }}"),
        }
    }
}

const fn busy_timeout() -> Duration {
    Duration::from_secs(5)
}

// As serde asks for it.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

const BUSY_MAX: Duration = Duration::from_secs(600);

const NO_NAME: &str = "expected the name of a kind of connection, found an empty text";
