//! Where the spec of a node comes from, to be read again.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mainstay_specs::{Fault, Faults, NodeSpec, ReadError};

use super::error::{ReloadError, within_a_start};
use crate::node::NodeBuilder;

/// A spec that was read, and what from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadSpec {
    /// The spec.
    pub spec: NodeSpec,
    /// What it came from, such as the name of a file.
    pub name: String,
    /// The text, in which faults are located.
    pub text: String,
}

impl ReadSpec {
    /// What was read.
    #[must_use]
    pub fn new(spec: NodeSpec, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            spec,
            name: name.into(),
            text: text.into(),
        }
    }

    /// Reads a node file.
    ///
    /// # Errors
    ///
    /// As [`NodeSpec::from_file`].
    pub fn from_file(file: impl Into<PathBuf>, builder: &NodeBuilder) -> Result<Self, ReadError> {
        let file = file.into();
        let spec = NodeSpec::from_file(&file, builder)?;
        // It was read a moment before; without it, nothing is located.
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        Ok(Self::new(spec, file.display().to_string(), text))
    }
}

type Read = dyn Fn(&NodeBuilder) -> Result<ReadSpec, ReadError> + Send + Sync;

/// What reads the spec again.
#[derive(Clone)]
pub(crate) struct SpecSource(Arc<Read>);

impl SpecSource {
    pub(crate) fn new(
        read: impl Fn(&NodeBuilder) -> Result<ReadSpec, ReadError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }

    pub(super) fn read(&self, builder: &NodeBuilder) -> Result<ReadSpec, ReadError> {
        (self.0)(builder)
    }
}

impl fmt::Debug for SpecSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpecSource")
    }
}

/// Why a node does not go by what its spec was read from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Nobody has said what to read: see [`NodeBuilder::source`].
    #[error("nobody has said what the spec of this node is read from")]
    NoSource,
    /// Another reload is under way.
    #[error("another reload is under way")]
    Busy,
    /// It was asked for within a start, by the process of this path; nothing has changed.
    #[error(fmt = within_a_start)]
    Starting(String),
    /// There is no spec to be read; nothing has changed.
    #[error(transparent)]
    Read(ReadError),
    /// It was read, and the node does not go by it, or not by all of it.
    #[error("{error}")]
    Reload {
        /// Why.
        #[source]
        error: ReloadError,
        /// What it was read from.
        name: String,
        /// The text.
        text: String,
    },
}

impl SourceError {
    /// All that is wrong, each with its path, and with its line and column as far as it is to be found in the text: faults; changes that take
    /// a new node; what has failed, at the first change that was not made.
    #[must_use]
    pub fn faults(&self) -> Option<Faults> {
        match self {
            Self::Read(ReadError::Faults { faults, .. }) => Some(faults.clone()),
            Self::Read(ReadError::NotUtf8 { position, .. }) => {
                let fault = Fault::new("expected UTF-8 text").positioned(*position, 1);
                Some(fault.into())
            }
            Self::Read(error) => Some(Fault::new(with_cause(error)).into()),
            Self::Reload { error, text, .. } => {
                let faults = error.faults().or_else(|| failed(error));
                faults.map(|faults| faults.located(text))
            }
            Self::NoSource | Self::Busy | Self::Starting(_) => None,
        }
    }

    /// For a terminal: as compilers show what is wrong, with the lines of the text; anything else on one line.
    #[must_use]
    pub fn render(&self) -> String {
        match (self, self.faults()) {
            (Self::Read(error), _) => error.render(),
            (Self::Reload { name, text, .. }, Some(faults)) => faults.render(name, text),
            _ => format!("error: {self}\n"),
        }
    }
}

/// What has failed, where it stands in the spec.
fn failed(error: &ReloadError) -> Option<Faults> {
    let ReloadError::Failed { failure, left, .. } = error else {
        return None;
    };
    let path = left.first().map(|change| change.path.clone());
    let fault = Fault::new(failure.to_string());
    Some(
        path.map_or_else(|| fault.clone(), |path| fault.clone().at(path))
            .into(),
    )
}

fn with_cause(error: &ReadError) -> String {
    match error {
        ReadError::Unreadable { source, .. } => format!("{error}: {source}"),
        error => error.to_string(),
    }
}
