//! Why a node does not go by another spec.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use mainstay_specs::{ChangeEffect, Fault, Faults, SpecChange};

use super::plan::Step;
use super::report::lines;

/// Why a node does not go by another spec, or not by all of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReloadError {
    /// The spec is wrong; nothing has changed.
    Spec(Faults),
    /// These changes take a new node; nothing has changed, nor have the others.
    Refused(Vec<SpecChange>),
    /// One step has failed.
    Failed {
        /// What was done before, and stays done.
        applied: Vec<SpecChange>,
        /// What has failed.
        failure: ReloadFailure,
        /// What was not done, or not all of it: first that which failed.
        left: Vec<SpecChange>,
    },
    /// The node is being stopped; nothing has changed.
    Stopping,
    /// It was asked for within a start, by the process of this path; nothing has changed.
    Starting(String),
}

/// The step that has failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReloadFailure {
    /// The path of the process at fault: the ids from the root down to it, joined by `/`.
    pub process: String,
    /// Why.
    pub error: Arc<dyn Error + Send + Sync>,
    /// Whether what has failed is again as it was; if not, it does not run.
    pub put_back: bool,
}

impl ReloadFailure {
    pub(super) fn new(
        process: impl Into<String>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
        put_back: bool,
    ) -> Self {
        Self {
            process: process.into(),
            error: Arc::from(error.into()),
            put_back,
        }
    }

    pub(super) fn stopping(step: &Step) -> Self {
        let process = step
            .namespace()
            .map_or_else(String::new, ToString::to_string);
        Self::new(process, "the node is being stopped", true)
    }
}

impl ReloadError {
    /// What is wrong with the spec, as faults: what is wrong in itself, or what takes a new node, each with its path.
    #[must_use]
    pub fn faults(&self) -> Option<Faults> {
        match self {
            Self::Spec(faults) => Some(faults.clone()),
            Self::Refused(changes) => Faults::from_list(changes.iter().map(fault).collect()),
            Self::Failed { .. } | Self::Stopping | Self::Starting(_) => None,
        }
    }
}

fn fault(change: &SpecChange) -> Fault {
    let message = match &change.effect {
        ChangeEffect::Refused { why } => format!("this takes a new node: {why}"),
        effect => effect.to_string(),
    };
    Fault::new(message).at(change.path.clone())
}

impl From<Faults> for ReloadError {
    fn from(faults: Faults) -> Self {
        Self::Spec(faults)
    }
}

impl fmt::Display for ReloadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = if self.put_back {
            "it is as it was before"
        } else {
            "it does not run now"
        };
        write!(f, "{}: {}; {now}", self.process, self.error)
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(faults) => faults.fmt(f),
            Self::Refused(changes) => lines(changes, f),
            Self::Failed { failure, .. } => failure.fmt(f),
            Self::Stopping => f.write_str("the node is being stopped"),
            Self::Starting(process) => within_a_start(process, f),
        }
    }
}

pub(super) fn within_a_start(process: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "asked for by {process} within a start, for which a reload may have to wait: it would wait for itself"
    )
}

impl Error for ReloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { failure, .. } => Some(&*failure.error),
            _ => None,
        }
    }
}
