//! A configuration at one moment, and what may come after it.

use std::sync::Arc;
use std::time::SystemTime;

use super::ConfigError;
use super::document::Document;
use super::event::{Change, Reload, Reset};
use super::history::{History, Stamp};
use super::path::{ConfigPath, IntoConfigPath};
use super::rules::Plan;
use super::stats::PathStatus;
use super::value::ConfigValue;

/// The configuration at one moment: all of one version, whatever happens meanwhile. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    document: Document,
    /// The content at the start, with which it is compared to tell what was changed since.
    base: Document,
    version: u64,
    history: History,
    updates: u64,
    resets: u64,
    last_update: Option<SystemTime>,
    plan: Arc<Plan>,
}

/// A wish to change the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) path: ConfigPath,
    pub(crate) value: ConfigValue,
    /// The version it was made for, if it matters.
    pub(crate) expected: Option<u64>,
    /// Whether the value may be of another kind than the one that is there.
    pub(crate) any_kind: bool,
}

impl Snapshot {
    /// What a plan begins with.
    pub(crate) fn first(plan: Arc<Plan>, at: SystemTime) -> Self {
        Self {
            document: plan.initial.clone(),
            base: plan.initial.clone(),
            version: 0,
            history: History::new(at),
            updates: 0,
            resets: 0,
            last_update: None,
            plan,
        }
    }

    /// The same configuration, which is to go by another plan from now on.
    pub(crate) fn under(&self, plan: Arc<Plan>) -> Self {
        Self {
            plan,
            ..self.clone()
        }
    }

    pub(crate) const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The content.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// How many changes, updates and resets, have led here; 0 is the content at the start.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many of the changes were updates.
    #[must_use]
    pub const fn updates_count(&self) -> u64 {
        self.updates
    }

    /// How many of the changes were resets.
    #[must_use]
    pub const fn resets_count(&self) -> u64 {
        self.resets
    }

    /// When the last change was made.
    #[must_use]
    pub const fn last_update(&self) -> Option<SystemTime> {
        self.last_update
    }

    /// The value at a path.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`], [`ConfigError::NotFound`].
    pub fn get(&self, path: impl IntoConfigPath) -> Result<ConfigValue, ConfigError> {
        self.document.find(&path.into_path()?).cloned()
    }

    /// The value at a path, as a `T`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`], [`ConfigError::NotFound`], [`ConfigError::Decode`].
    pub fn get_as<T: serde::de::DeserializeOwned>(
        &self,
        path: impl IntoConfigPath,
    ) -> Result<T, ConfigError> {
        let path = path.into_path()?;
        self.document.find(&path)?.decode().map_err(|error| {
            let inside = [path.segments(), &error.path].concat();
            ConfigError::Decode {
                path: ConfigPath::of_existing(&inside),
                message: error.message,
            }
        })
    }

    /// What is known of a path, whether there is something or not.
    #[must_use]
    pub fn status_of(&self, path: &ConfigPath) -> PathStatus {
        let value = self.document.get(path);
        let past = value.map(|_| self.history.of(path.segments()));
        PathStatus {
            path: path.clone(),
            exists: value.is_some(),
            kind: value.map(ConfigValue::kind),
            version: past.map(|past| past.last.version),
            changed_at: past.map(|past| past.last.at),
            changes_count: past.map_or(0, |past| past.changes),
            updatable: self.plan.is_updatable(path),
        }
    }

    /// The version that made what lies at a path what it is; none if nothing does.
    pub(crate) fn version_of(&self, path: &ConfigPath) -> Option<u64> {
        self.document.get(path)?;
        Some(self.history.of(path.segments()).last.version)
    }

    /// What comes after an update.
    pub(crate) fn update(
        &self,
        update: Update,
        now: SystemTime,
    ) -> Result<(Self, Change), ConfigError> {
        self.plan.check_request(&update.path, &update.value)?;
        if let Some(expected) = update.expected
            && expected != self.version
        {
            return Err(ConfigError::VersionMismatch {
                expected,
                found: self.version,
            });
        }
        let path = update.path;
        let value = if update.any_kind {
            update.value
        } else {
            self.document.fit(&path, update.value)?
        };
        let replaced = self.document.with(&path, value.clone())?;
        self.plan.check_whole(&replaced.document)?;
        let mut next = self.next(replaced.document, now);
        next.updates += 1;
        let change = Change {
            path,
            previous: replaced.previous,
            value,
            version: next.version,
        };
        Ok((next, change))
    }

    /// What comes after a reset.
    pub(crate) fn reset(&self, now: SystemTime) -> (Self, Reset) {
        let mut next = self.next(self.plan.initial.clone(), now);
        next.resets += 1;
        next.base = self.plan.initial.clone();
        let reset = Reset {
            changes: self.document.diff(&next.document).into(),
            version: next.version,
        };
        (next, reset)
    }

    /// What comes after another plan, whose start what was not changed since the start follows; with what is to be told of that, if it has
    /// made a difference.
    ///
    /// # Errors
    ///
    /// If what would come of it is not as the plan has it.
    pub(crate) fn reload(
        &self,
        plan: &Arc<Plan>,
        now: SystemTime,
    ) -> Result<(Self, Option<Reload>), ConfigError> {
        let document = self.document.rebased(&self.base, &plan.initial);
        plan.check(&document)?;
        let changes = self.document.diff(&document);
        let (next, reload) = if changes.is_empty() {
            (self.clone(), None)
        } else {
            let next = self.next(document, now);
            let reload = Reload {
                changes: changes.into(),
                version: next.version,
            };
            (next, Some(reload))
        };
        let next = Self {
            base: plan.initial.clone(),
            ..next.under(Arc::clone(plan))
        };
        Ok((next, reload))
    }

    fn next(&self, document: Document, now: SystemTime) -> Self {
        let version = self.version + 1;
        let stamp = Stamp { version, at: now };
        Self {
            history: self.history.after(&self.document.diff(&document), stamp),
            document,
            base: self.base.clone(),
            version,
            updates: self.updates,
            resets: self.resets,
            last_update: Some(now),
            plan: Arc::clone(&self.plan),
        }
    }
}

#[cfg(test)]
mod tests;
