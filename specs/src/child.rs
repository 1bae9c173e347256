//! What a child should be: identity, restart type, how it is shut down.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Backoff, ChildId, ServiceName};

/// When an ended child is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Always, whatever the reason it ended with. The default, as in OTP.
    #[default]
    Permanent,
    /// Only after an abnormal end: an error, a panic or a kill.
    Transient,
    /// Never; the child is forgotten when it ends.
    Temporary,
}

/// How a child is told to stop, and for how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shutdown {
    /// Killed at once, without being asked.
    BrutalKill,
    /// Asked to stop, and killed when it has not ended after this long. In files: `timeout("5s")`.
    Timeout(#[serde(with = "crate::duration")] Duration),
    /// Asked to stop, and waited for without limit.
    Infinity,
}

impl Shutdown {
    /// OTP's default for a child of this type: five seconds for a worker, no limit for a supervisor.
    #[must_use]
    pub const fn default_for(kind: ChildType) -> Self {
        match kind {
            ChildType::Worker => Self::Timeout(Duration::from_secs(5)),
            ChildType::Supervisor => Self::Infinity,
        }
    }
}

/// What a child is, as `count_children` tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildType {
    /// It does work. The default.
    #[default]
    Worker,
    /// It has children of its own.
    Supervisor,
}

/// A child specification: everything OTP's child spec says but how to start it.
///
/// The start function is code and comes beside it: a `Child` of `mainstay-supervisors`, or in a file the name of a
/// *kind* that the application has registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ChildSpec {
    /// Unique under its supervisor.
    pub id: ChildId,
    /// When it is started again. Default: [`Restart::Permanent`].
    #[serde(default)]
    pub restart: Restart,
    /// How it is stopped. Default: [`Shutdown::default_for`] its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<Shutdown>,
    /// Worker or supervisor. Default: worker.
    #[serde(default, rename = "type")]
    pub child_type: ChildType,
    /// Whether its own end can end its supervisor (see `AutoShutdown`). Default: no. Never for a permanent child.
    #[serde(default)]
    pub significant: bool,
    /// Siblings that are started before it, and whose restart restarts it too. Default: none. Not in OTP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ChildId>,
    /// The name it is registered under in its namespace while it runs. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ServiceName>,
    /// How many messages sent through its name may wait in its mailbox; more are refused at the handle. Only for actors:
    /// other children with a limit do not start. Messages that go round the name are not refused, and each that is handled
    /// makes room for one that is counted. Default: no limit, as in OTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox_limit: Option<NonZeroUsize>,
    /// How long to wait before a restart. Default: not at all, as in OTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
}

impl ChildSpec {
    /// A permanent worker with OTP's defaults.
    #[must_use]
    pub const fn new(id: ChildId) -> Self {
        Self {
            id,
            restart: Restart::Permanent,
            shutdown: None,
            child_type: ChildType::Worker,
            significant: false,
            depends_on: Vec::new(),
            name: None,
            mailbox_limit: None,
            backoff: None,
        }
    }

    /// How the child is stopped, with the default for its type filled in.
    #[must_use]
    pub fn effective_shutdown(&self) -> Shutdown {
        self.shutdown
            .unwrap_or_else(|| Shutdown::default_for(self.child_type))
    }

    /// Sets when it is started again.
    #[must_use]
    pub const fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Sets how it is stopped.
    #[must_use]
    pub const fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = Some(shutdown);
        self
    }

    /// Sets whether it is a worker or a supervisor.
    #[must_use]
    pub const fn child_type(mut self, child_type: ChildType) -> Self {
        self.child_type = child_type;
        self
    }

    /// Lets its own end end its supervisor, as far as that one's `AutoShutdown` says.
    #[must_use]
    pub const fn significant(mut self) -> Self {
        self.significant = true;
        self
    }

    /// Adds siblings that are started before it, and whose restart restarts it too.
    #[must_use]
    pub fn depends_on(mut self, siblings: impl IntoIterator<Item = ChildId>) -> Self {
        self.depends_on.extend(siblings);
        self
    }

    /// Sets the name it is registered under while it runs.
    #[must_use]
    pub fn name(mut self, name: ServiceName) -> Self {
        self.name = Some(name);
        self
    }

    /// Limits how many messages may wait in its mailbox.
    #[must_use]
    pub const fn mailbox_limit(mut self, limit: NonZeroUsize) -> Self {
        self.mailbox_limit = Some(limit);
        self
    }

    /// Sets how long to wait before a restart.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }
}
