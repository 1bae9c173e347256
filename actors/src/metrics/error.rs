//! What can go wrong.

use mainstay_specs::Faults;
use mainstay_supervisors::RegisterError;

use super::name::{MetricName, MetricNameError};
use super::table::HELP_BYTES_MAX;
use super::tags::TagsError;
use super::unit::{MetricKind, Unit};

/// Why a store did not do what it was asked for. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// The name is none.
    #[error(transparent)]
    Name(#[from] MetricNameError),
    /// The tags are too many, too long, or have a key that is none.
    #[error(transparent)]
    Tags(#[from] TagsError),
    /// The family is recorded otherwise already. All series of a name have one kind and one unit.
    #[error(
        "expected {name} to be a {kind} in {unit}, as it is already, found a {found_kind} in {found_unit}"
    )]
    Clash {
        /// The family.
        name: MetricName,
        /// How it is recorded.
        kind: MetricKind,
        /// What its numbers are in.
        unit: Unit,
        /// How it was asked for.
        found_kind: MetricKind,
        /// In which unit it was asked for.
        found_unit: Unit,
    },
    /// Another family is exported under a name that this one would be exported under as well.
    #[error("{name} would be exported as `{exported}`, as {other} is already")]
    ExportClash {
        /// The family that was asked for.
        name: MetricName,
        /// The family that is there.
        other: MetricName,
        /// The name they would share.
        exported: String,
    },
    /// There are as many families as there may be. Names are meant to be written in the program; what varies belongs into tags.
    #[error("there are {max} families of metrics, as many as there may be, and none is {name}")]
    TooManyFamilies {
        /// How many there may be.
        max: usize,
        /// The one there is no room for.
        name: MetricName,
    },
    /// The family is described otherwise already. The first description stays.
    #[error("expected {name} to be described as {help:?}, as it is already, found {found:?}")]
    DescriptionClash {
        /// The family.
        name: MetricName,
        /// What is told of it.
        help: Box<str>,
        /// What was to be told of it.
        found: Box<str>,
    },
    /// The family is recorded, or was described, in another unit.
    #[error("expected {name} to be in {unit}, as it is already, found {found}")]
    UnitClash {
        /// The family.
        name: MetricName,
        /// What its numbers are in.
        unit: Unit,
        /// What they were said to be in.
        found: Unit,
    },
    /// A description is empty, or has more bytes than [`HELP_BYTES_MAX`](super::HELP_BYTES_MAX).
    #[error("expected 1 to {HELP_BYTES_MAX} bytes as the description of {name}, found {found}")]
    Help {
        /// The family.
        name: MetricName,
        /// How many bytes there are.
        found: usize,
    },
    /// There are as many descriptions as there may be.
    #[error(
        "there are {max} descriptions of metrics, as many as there may be, and none is of {name}"
    )]
    TooManyDescriptions {
        /// How many there may be.
        max: usize,
        /// The family that was to be described.
        name: MetricName,
    },
    /// No family belongs to the service: nothing of it was ever recorded, or all of it has expired.
    #[error("no metrics are recorded of a service `{service}`")]
    UnknownService {
        /// The service.
        service: String,
    },
}

/// Why a metrics store did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsStartError {
    /// It was started outside of any namespace.
    #[error("a metrics store lives in a namespace; it was started outside of any")]
    NoNamespace,
    /// Its name is held by another process of the namespace, most likely by another metrics store.
    #[error("the name of the metrics store: {0}")]
    Register(#[from] RegisterError),
    /// The limits in its spec cannot be.
    #[error("the spec of the metrics store is wrong: {0}")]
    Spec(Faults),
}
