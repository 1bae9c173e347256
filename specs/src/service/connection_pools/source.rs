//! What the connections of a pool go to.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address::{wrong_path, wrong_url};
use super::settings::{PostgresReset, RedisReset, SqliteReset, SqliteSync};
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
        /// What a commit waits for. Default: [`SqliteSync::Full`].
        #[serde(default)]
        synchronous: SqliteSync,
        /// Whether foreign keys are checked, which SQLite by itself does not do. Default: yes.
        #[serde(default = "yes")]
        foreign_keys: bool,
        /// SQL that each connection runs when it is opened. Not shown by [`Debug`]. Default: none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        setup: String,
        /// What is undone in a connection that was used, before it is lent again. Default: [`SqliteReset::Rollback`].
        #[serde(default)]
        reset: SqliteReset,
    },
    /// A server of PostgreSQL.
    #[non_exhaustive]
    Postgres {
        /// Where it is, as libpq has it: `postgres://[user[:password]@]host[:port][/database][?option=value]`; for a socket without a
        /// host, as in `postgres:///database?host=/run/postgresql`. Not shown by [`Debug`].
        url: String,
        /// What is undone in a connection that was used, before it is lent again. Default: [`PostgresReset::Session`].
        #[serde(default)]
        reset: PostgresReset,
        /// How long that waits for a query that still runs before it is cancelled; 1 ms to 10 minutes. Default: 250 ms, and longer for
        /// a server that is far away.
        #[serde(with = "crate::duration", default = "cancel_after")]
        cancel_after: Duration,
        /// SQL that each connection runs when it is made, and again after a reset that undoes settings. Not shown by [`Debug`].
        /// Default: none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        setup: String,
    },
    /// A Redis or Valkey.
    #[non_exhaustive]
    Redis {
        /// Where it is: `redis://[user[:password]@]host[:port][/number of the database]`, or `unix:///path`. Not shown by [`Debug`].
        url: String,
        /// How long an answer may take, 1 ms to a day; commands that block need more than they wait. Default: 5 s.
        #[serde(with = "crate::duration", default = "response_timeout")]
        response_timeout: Duration,
        /// What becomes of a connection that something is left in. Default: [`RedisReset::Session`].
        #[serde(default)]
        reset: RedisReset,
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
            synchronous: SqliteSync::default(),
            foreign_keys: true,
            setup: String::new(),
            reset: SqliteReset::default(),
        }
    }

    /// A server of PostgreSQL.
    #[must_use]
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::Postgres {
            url: url.into(),
            reset: PostgresReset::default(),
            cancel_after: cancel_after(),
            setup: String::new(),
        }
    }

    /// A Redis or Valkey.
    #[must_use]
    pub fn redis(url: impl Into<String>) -> Self {
        Self::Redis {
            url: url.into(),
            response_timeout: response_timeout(),
            reset: RedisReset::default(),
        }
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
        let mut wrong = |field: &str, message: Option<String>| {
            if let Some(message) = message {
                report.add(Finding::new(at.field(field), message));
            }
        };
        match self {
            Self::Sqlite {
                path,
                read_only,
                busy_timeout,
                ..
            } => {
                let none = Duration::ZERO;
                wrong("busy_timeout", wrong_time(*busy_timeout, none, BUSY_MAX));
                let in_memory = path == ":memory:" && *read_only;
                wrong("read_only", in_memory.then(|| NOTHING_TO_READ.to_owned()));
                wrong("path", wrong_path(path));
            }
            Self::Postgres {
                url, cancel_after, ..
            } => {
                let (least, most) = CANCEL_AFTER;
                wrong("cancel_after", wrong_time(*cancel_after, least, most));
                wrong("url", wrong_url(url, &["postgres", "postgresql"], &[]));
            }
            Self::Redis {
                url,
                response_timeout,
                ..
            } => {
                let (least, most) = ANSWER;
                wrong(
                    "response_timeout",
                    wrong_time(*response_timeout, least, most),
                );
                let sockets = ["unix", "redis+unix", "valkey+unix"];
                wrong("url", wrong_url(url, &["redis", "valkey"], &sockets));
            }
            Self::Other { kind, .. } => {
                wrong("kind", kind.is_empty().then(|| NO_NAME.to_owned()));
            }
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

/// What is wrong with a time that may be from so long to so long.
fn wrong_time(found: Duration, least: Duration, most: Duration) -> Option<String> {
    if (least..=most).contains(&found) {
        return None;
    }
    let text = humantime::format_duration;
    let expected = match least.is_zero() {
        true => format!("at most {}", text(most)),
        false => format!("{} to {}", text(least), text(most)),
    };
    Some(format!("expected {expected}, found {}", text(found)))
}

/// Shows neither addresses nor arguments nor what is run: there may be passwords in them.
impl fmt::Debug for PoolSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite {
                path,
                read_only,
                busy_timeout,
                synchronous,
                foreign_keys,
                reset,
                ..
            } => f
                .debug_struct("Sqlite")
                .field("path", path)
                .field("read_only", read_only)
                .field("busy_timeout", busy_timeout)
                .field("synchronous", synchronous)
                .field("foreign_keys", foreign_keys)
                .field("reset", reset)
                .finish_non_exhaustive(),
            Self::Postgres {
                reset,
                cancel_after,
                ..
            } => f
                .debug_struct("Postgres")
                .field("reset", reset)
                .field("cancel_after", cancel_after)
                .finish_non_exhaustive(),
            Self::Redis {
                response_timeout,
                reset,
                ..
            } => f
                .debug_struct("Redis")
                .field("response_timeout", response_timeout)
                .field("reset", reset)
                .finish_non_exhaustive(),
            Self::Other { kind, .. } => write!(f, "Other {{ kind: {kind:?}, args: … }}"),
        }
    }
}

const fn busy_timeout() -> Duration {
    Duration::from_secs(5)
}

const fn cancel_after() -> Duration {
    Duration::from_millis(250)
}

const fn response_timeout() -> Duration {
    Duration::from_secs(5)
}

const fn yes() -> bool {
    true
}

// As serde asks for it.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

const BUSY_MAX: Duration = Duration::from_secs(600);

/// The least and the most that a query nobody waits for may go on.
const CANCEL_AFTER: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(600));

/// The least and the most that an answer may take.
const ANSWER: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(86_400));

const NOTHING_TO_READ: &str =
    "expected no `read_only` with `:memory:`, in which nobody else writes anything";

const NO_NAME: &str = "expected the name of a kind of connection, found an empty text";
