//! Measuring processes.

use serde::{Deserialize, Serialize};

use crate::Faults;
use crate::finding::{Finding, Report};
use crate::path::At;

/// Which processes of a namespace are measured: how long messages wait and run, how many wait, how often each was restarted.
///
/// ```
/// use mainstay_specs::ProcessMetricsSpec;
///
/// let spec = ProcessMetricsSpec::default().except("app/children/chatty");
/// assert!(spec.measures("app/children/worker"));
/// assert!(!spec.measures("app/children/chatty"));
/// assert!(!spec.measures("app/children/chatty/helper"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ProcessMetricsSpec {
    /// Whether any is. Default: yes: it costs less than the sending of a message does.
    pub enabled: bool,
    /// Paths of processes, such as `app/children/worker`, that are not measured, nor is what is below them. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

impl Default for ProcessMetricsSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            except: Vec::new(),
        }
    }
}

impl ProcessMetricsSpec {
    /// Sets whether any process is measured.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Adds a path that is not measured, nor what is below it.
    #[must_use]
    pub fn except(mut self, path: impl Into<String>) -> Self {
        self.except.push(path.into());
        self
    }

    /// Whether the process with this path is measured.
    #[must_use]
    pub fn measures(&self, path: &str) -> bool {
        let is_below = |above: &String| {
            let rest = path.strip_prefix(above.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.enabled && !self.except.iter().any(is_below)
    }

    /// Checks the spec by itself.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path from here.
    pub fn validate(&self) -> Result<(), Faults> {
        let mut report = Report::default();
        self.check(&mut report, &At::Root);
        report.without_text()
    }

    pub(crate) fn check(&self, report: &mut Report, at: &At<'_>) {
        let is_wrong = |path: &&String| path.is_empty() || path.split('/').any(str::is_empty);
        if let Some(path) = self.except.iter().find(is_wrong) {
            let message = format!("expected paths such as `app/children/worker`, found {path:?}");
            report.add(Finding::new(at.field("except"), message));
        }
    }
}
