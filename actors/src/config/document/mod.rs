//! Documents: whole configurations that never change.

mod diff;
mod fit;
mod put;
mod rebase;

use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use diff::Difference;

use super::ConfigError;
use super::error::Obstacle;
use super::path::ConfigPath;
use super::size::bytes_of;
use super::value::{ConfigKind, ConfigValue};

/// A whole configuration: a map that never changes. A changed one is another document, which shares with this one all that is
/// the same in both; cloning costs a counter.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Always a map.
    root: ConfigValue,
    bytes: u64,
}

/// What putting a value into a document came to.
#[derive(Debug)]
pub(crate) struct Replaced {
    pub(crate) document: Document,
    pub(crate) previous: Option<ConfigValue>,
}

impl Default for Document {
    fn default() -> Self {
        Self::of_map(ConfigValue::Map(Arc::default()))
    }
}

impl Document {
    /// A document with this content.
    ///
    /// # Errors
    ///
    /// [`ConfigError::WrongKind`] if it is no map.
    pub fn new(root: impl Into<ConfigValue>) -> Result<Self, ConfigError> {
        let root = root.into();
        match root.kind() {
            ConfigKind::Map => Ok(Self::of_map(root)),
            found => Err(ConfigError::WrongKind {
                path: ConfigPath::root(),
                expected: ConfigKind::Map,
                found,
            }),
        }
    }

    fn of_map(root: ConfigValue) -> Self {
        let bytes = bytes_of(&root);
        Self { root, bytes }
    }

    /// The whole as a value; a map.
    #[must_use]
    pub const fn root(&self) -> &ConfigValue {
        &self.root
    }

    /// What counts towards [`bytes_max`](mainstay_specs::ConfigServerSpec::bytes_max): the bytes of all keys and strings, and 8
    /// for each value.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The value at a path, if there is one.
    #[must_use]
    pub fn get(&self, path: &ConfigPath) -> Option<&ConfigValue> {
        let mut segments = path.segments().iter();
        segments.try_fold(&self.root, |value, segment| value.step(segment))
    }

    /// The value at a path.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotFound`], which tells how far the path leads.
    pub fn find(&self, path: &ConfigPath) -> Result<&ConfigValue, ConfigError> {
        let mut value = &self.root;
        for (depth, segment) in path.segments().iter().enumerate() {
            value = value.step(segment).ok_or_else(|| ConfigError::NotFound {
                path: path.clone(),
                obstacle: Obstacle::new(path, depth, value),
            })?;
        }
        Ok(value)
    }

    /// The document with `value` at `path`.
    ///
    /// Maps that are missing on the way are made; a null on the way becomes a map; an index that is the length of a list adds an
    /// element.
    pub(crate) fn with(
        &self,
        path: &ConfigPath,
        value: ConfigValue,
    ) -> Result<Replaced, ConfigError> {
        if path.is_root() {
            let document = Self::new(value)?;
            let previous = Some(self.root.clone());
            return Ok(Replaced { document, previous });
        }
        let mut root = self.root.clone();
        let added = bytes_of(&value);
        let put = put::put(&mut root, path, value)?;
        let removed = put.previous.as_ref().map_or(0, bytes_of);
        let bytes = self.bytes + put.made + added - removed;
        Ok(Replaced {
            document: Self { root, bytes },
            previous: put.previous,
        })
    }

    /// `value` as it may stand at `path`: of the kind that is there.
    pub(crate) fn fit(
        &self,
        path: &ConfigPath,
        value: ConfigValue,
    ) -> Result<ConfigValue, ConfigError> {
        match self.get(path) {
            Some(present) => fit::fit(path, value, present),
            None => Ok(value),
        }
    }

    /// What is different in `other`, in the order of the paths. Maps and lists are compared by their parts, anything else as a
    /// whole.
    #[must_use]
    pub fn diff(&self, other: &Self) -> Vec<Difference> {
        diff::diff(&self.root, &other.root)
    }

    /// This document with `over` laid over it: maps that are in both are merged, anything else of `over` replaces what is here.
    #[must_use]
    pub fn merge(&self, over: &Self) -> Self {
        Self::of_map(merge(&self.root, &over.root))
    }

    /// This document, which was made of `base`, as it is on another base: see [`rebase`].
    pub(crate) fn rebased(&self, base: &Self, onto: &Self) -> Self {
        if base == onto {
            return self.clone();
        }
        // Maps stay maps, and these are.
        let root = rebase::rebase(Some(&base.root), Some(&self.root), Some(&onto.root));
        root.map_or_else(|| self.clone(), Self::of_map)
    }
}

fn merge(under: &ConfigValue, over: &ConfigValue) -> ConfigValue {
    let (ConfigValue::Map(entries), ConfigValue::Map(over)) = (under, over) else {
        return over.clone();
    };
    let mut merged = entries.clone();
    for (key, value) in over.iter() {
        let value = entries
            .get(key)
            .map_or_else(|| value.clone(), |under| merge(under, value));
        Arc::make_mut(&mut merged).insert(Arc::clone(key), value);
    }
    ConfigValue::Map(merged)
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
