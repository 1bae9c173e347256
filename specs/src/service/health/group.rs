//! Checks that can be asked for together.

use serde::{Deserialize, Serialize};

use crate::ServiceName;

/// Checks that can be asked for together: those of these names, and those with one of these tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HealthGroup {
    /// What they are called together, unique among the groups of the namespace.
    pub name: ServiceName,
    /// The checks of these names; those that nobody has registered are left out. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<ServiceName>,
    /// The checks with one of these tags. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<ServiceName>,
    /// The checks of these names are left out, whatever their tags. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<ServiceName>,
}

impl HealthGroup {
    /// A group of this name, without anything in it.
    #[must_use]
    pub const fn new(name: ServiceName) -> Self {
        Self {
            name,
            checks: Vec::new(),
            tags: Vec::new(),
            except: Vec::new(),
        }
    }

    /// Adds the check of this name.
    #[must_use]
    pub fn check(mut self, name: ServiceName) -> Self {
        self.checks.push(name);
        self
    }

    /// Adds the checks with this tag.
    #[must_use]
    pub fn tag(mut self, tag: ServiceName) -> Self {
        self.tags.push(tag);
        self
    }

    /// Leaves out the check of this name.
    #[must_use]
    pub fn except(mut self, name: ServiceName) -> Self {
        self.except.push(name);
        self
    }

    /// Whether a check of this name with these tags is in it.
    #[must_use]
    pub fn holds(&self, name: &ServiceName, tags: &[ServiceName]) -> bool {
        let tagged = || tags.iter().any(|tag| self.tags.contains(tag));
        !self.except.contains(name) && (self.checks.contains(name) || tagged())
    }
}
