//! How much a value takes, and whether that is too much.

use mainstay_specs::{ConfigServerSpec, Fault, Faults, SpecPath};

use super::path::ConfigPath;
use super::value::ConfigValue;

/// What each value counts for, beside its text.
pub(crate) const VALUE_BYTES: u64 = 8;

/// The longest string, in bytes: 1 MiB.
pub const STRING_BYTES_MAX: usize = 1 << 20;

/// The deepest nesting that may be allowed: values are walked with one stack frame a level.
const DEPTH_MAX: u32 = 128;

/// The integers that are accepted: those that some 64-bit type holds.
const INTEGERS: std::ops::RangeInclusive<i128> = i64::MIN as i128..=u64::MAX as i128;

/// How many faults are told of one value.
const FAULTS_MAX: usize = 100;

/// What a value counts for. It must be no deeper than is allowed.
pub(crate) fn bytes_of(value: &ConfigValue) -> u64 {
    let inside = match value {
        ConfigValue::String(text) => text.len() as u64,
        ConfigValue::List(values) => values.iter().map(bytes_of).sum(),
        ConfigValue::Map(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| key.len() as u64 + bytes_of(value))
                .sum()
        }
        _ => 0,
    };
    VALUE_BYTES + inside
}

/// How large a configuration may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) bytes_max: u64,
    pub(crate) depth_max: u32,
    pub(crate) subscribers_max: u32,
}

impl Limits {
    /// The limits of a spec. One that was built in code was not validated yet.
    pub(crate) fn of(spec: &ConfigServerSpec) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut need = |fine: bool, field: &str, message: String| {
            if !fine {
                faults.push(Fault::new(message).at(SpecPath::root().field(field)));
            }
        };
        need(
            spec.bytes_max > 0,
            "bytes_max",
            "expected at least 1, found 0".to_owned(),
        );
        need(
            spec.subscribers_max > 0,
            "subscribers_max",
            "expected at least 1, found 0".to_owned(),
        );
        need(
            (1..=DEPTH_MAX).contains(&spec.depth_max),
            "depth_max",
            format!("expected 1 to {DEPTH_MAX}, found {}", spec.depth_max),
        );
        match Faults::from_list(faults) {
            Some(faults) => Err(faults),
            None => Ok(Self {
                bytes_max: spec.bytes_max,
                depth_max: spec.depth_max,
                subscribers_max: spec.subscribers_max,
            }),
        }
    }

    /// All that makes `value` unfit to stand at `path`, whatever else is in the configuration.
    pub(crate) fn check(&self, path: &ConfigPath, value: &ConfigValue) -> Vec<Fault> {
        let mut check = Check {
            limits: self,
            bytes: 0,
            faults: Vec::new(),
        };
        let above = u32::try_from(path.segments().len()).unwrap_or(u32::MAX);
        if above > self.depth_max {
            check.fault(&At::Root(path), self.too_deep());
        }
        check.value(&At::Root(path), value, above);
        if check.bytes > self.bytes_max {
            check.fault(&At::Root(path), self.too_large());
        }
        check.faults
    }

    fn too_deep(&self) -> String {
        let depth_max = self.depth_max;
        format!("expected at most {depth_max} lists and maps inside each other")
    }

    pub(crate) fn too_large(&self) -> String {
        format!(
            "expected at most {} bytes in all, found more",
            self.bytes_max
        )
    }
}

/// Where the walk is; made a path only for a fault.
enum At<'a> {
    Root(&'a ConfigPath),
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl At<'_> {
    fn path(&self) -> SpecPath {
        match self {
            At::Root(path) => {
                let segments = path.segments().iter();
                segments.fold(SpecPath::root(), |path, segment| path.field(&**segment))
            }
            At::Key(outer, key) => outer.path().field(*key),
            At::Index(outer, nth) => outer.path().index(*nth),
        }
    }
}

struct Check<'a> {
    limits: &'a Limits,
    bytes: u64,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.faults.push(Fault::new(message).at(at.path()));
    }

    /// Walking further would tell nothing new.
    fn is_done(&self) -> bool {
        self.bytes > self.limits.bytes_max || self.faults.len() >= FAULTS_MAX
    }

    /// Checks a value with `above` lists and maps around it.
    fn value(&mut self, at: &At<'_>, value: &ConfigValue, above: u32) {
        self.bytes = self.bytes.saturating_add(VALUE_BYTES);
        match value {
            ConfigValue::Null | ConfigValue::Bool(_) => {}
            ConfigValue::Integer(value) if INTEGERS.contains(value) => {}
            ConfigValue::Integer(_) => self.fault(at, "expected an integer of 64 bits"),
            ConfigValue::Float(value) if value.is_finite() => {}
            ConfigValue::Float(value) => {
                self.fault(at, format!("expected a finite number, found {value}"));
            }
            ConfigValue::String(text) => self.text(at, text),
            ConfigValue::List(_) | ConfigValue::Map(_) if above >= self.limits.depth_max => {
                self.fault(at, self.limits.too_deep());
            }
            ConfigValue::List(values) => {
                for (nth, value) in values.iter().enumerate() {
                    if self.is_done() {
                        return;
                    }
                    self.value(&At::Index(at, nth), value, above + 1);
                }
            }
            ConfigValue::Map(entries) => {
                for (key, value) in entries.iter() {
                    if self.is_done() {
                        return;
                    }
                    self.key(at, key);
                    self.value(&At::Key(at, key), value, above + 1);
                }
            }
        }
    }

    fn key(&mut self, at: &At<'_>, key: &str) {
        self.bytes = self.bytes.saturating_add(key.len() as u64);
        if key.is_empty() {
            self.fault(at, "expected keys that are not empty");
        }
        if key.len() > STRING_BYTES_MAX {
            let found = key.len();
            self.fault(
                at,
                format!("expected keys of at most {STRING_BYTES_MAX} bytes, found {found}"),
            );
        }
    }

    fn text(&mut self, at: &At<'_>, text: &str) {
        self.bytes = self.bytes.saturating_add(text.len() as u64);
        if text.len() > STRING_BYTES_MAX {
            let found = text.len();
            self.fault(
                at,
                format!("expected a string of at most {STRING_BYTES_MAX} bytes, found {found}"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
