//! The protected operations of a namespace.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`ProtectionsSpec`], [`NamedProtection`] |
//! | `config.rs` | [`ProtectionConfig`]: which guards one operation goes through |

mod config;

pub use config::{MemoryDemand, ProtectionConfig, RateDemand};

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Report};
use crate::path::At;
use crate::{Faults, ServiceName};

/// The operations of a namespace that are protected by name, and how many there may be.
///
/// In RON: `protections: (operations: [(name: "orders", config: (deadline: "2s", circuit: "db"))])`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ProtectionsSpec {
    /// The operations that are configured from the start. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<NamedProtection>,
    /// The most operations, at least 1. Default: 1,024.
    pub operations_max: u32,
}

/// An operation that is configured from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NamedProtection {
    /// The operation, unique in the namespace.
    pub name: ServiceName,
    /// What it goes through. Default: nothing but being measured.
    #[serde(default)]
    pub config: ProtectionConfig,
}

impl Default for ProtectionsSpec {
    fn default() -> Self {
        Self {
            operations: Vec::new(),
            operations_max: 1024,
        }
    }
}

impl ProtectionsSpec {
    /// Adds an operation.
    #[must_use]
    pub fn operation(mut self, name: ServiceName, config: ProtectionConfig) -> Self {
        self.operations.push(NamedProtection { name, config });
        self
    }

    /// Sets the most operations.
    #[must_use]
    pub const fn operations_max(mut self, operations: u32) -> Self {
        self.operations_max = operations;
        self
    }

    /// Checks it as a whole.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        if self.operations_max == 0 {
            let path = at.field("operations_max");
            report.add(Finding::new(path, "expected at least 1, found 0"));
        }
        let list = At::Field(at, "operations");
        let found = self.operations.len();
        if found > self.operations_max as usize {
            let max = self.operations_max;
            let message = format!("expected at most operations_max, which is {max}, found {found}");
            report.add(Finding::new(list.path(), message).and_on(at.field("operations_max")));
        }
        let mut places = HashMap::with_capacity(found);
        for (nth, NamedProtection { name, config }) in self.operations.iter().enumerate() {
            let place = At::Index(&list, nth);
            let first = *places.entry(name).or_insert(nth);
            if first != nth {
                let message = format!("duplicate operation name {name:?}");
                let finding = Finding::new(place.field("name"), message);
                report.add(finding.first_at(At::Index(&list, first).field("name")));
            }
            config.check(report, &At::Field(&place, "config"));
        }
    }
}
