//! What is different between two trees.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::config::path::ConfigPath;
use crate::config::value::ConfigValue;

/// A place where one document is different from another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// Where.
    pub path: ConfigPath,
    /// What was there; `None` if nothing was.
    pub previous: Option<ConfigValue>,
    /// What is there; `None` if nothing is.
    pub value: Option<ConfigValue>,
}

pub(super) fn diff(previous: &ConfigValue, value: &ConfigValue) -> Vec<Difference> {
    let mut walk = Walk {
        at: Vec::new(),
        differences: Vec::new(),
    };
    walk.both(previous, value);
    walk.differences
}

struct Walk {
    at: Vec<Box<str>>,
    differences: Vec<Difference>,
}

impl Walk {
    fn both(&mut self, previous: &ConfigValue, value: &ConfigValue) {
        match (previous, value) {
            // What is shared is the same; this is what makes the difference to a changed copy cheap.
            (ConfigValue::Map(a), ConfigValue::Map(b)) if Arc::ptr_eq(a, b) => {}
            (ConfigValue::List(a), ConfigValue::List(b)) if Arc::ptr_eq(a, b) => {}
            (ConfigValue::Map(a), ConfigValue::Map(b)) => self.maps(a, b),
            (ConfigValue::List(a), ConfigValue::List(b)) => self.lists(a, b),
            (previous, value) if previous == value => {}
            (previous, value) => self.note(Some(previous), Some(value)),
        }
    }

    fn maps(
        &mut self,
        previous: &BTreeMap<Arc<str>, ConfigValue>,
        value: &BTreeMap<Arc<str>, ConfigValue>,
    ) {
        let (mut left, mut right) = (previous.iter().peekable(), value.iter().peekable());
        loop {
            let key = match (left.peek(), right.peek()) {
                (Some((a, _)), Some((b, _))) => Arc::clone((*a).min(*b)),
                (Some((key, _)), None) | (None, Some((key, _))) => Arc::clone(key),
                (None, None) => return,
            };
            let previous = left.next_if(|(other, _)| **other == key);
            let value = right.next_if(|(other, _)| **other == key);
            self.inside(
                (&*key).into(),
                previous.map(|(_, it)| it),
                value.map(|(_, it)| it),
            );
        }
    }

    fn lists(&mut self, previous: &[ConfigValue], value: &[ConfigValue]) {
        for nth in 0..previous.len().max(value.len()) {
            self.inside(nth.to_string().into(), previous.get(nth), value.get(nth));
        }
    }

    fn inside(
        &mut self,
        segment: Box<str>,
        previous: Option<&ConfigValue>,
        value: Option<&ConfigValue>,
    ) {
        self.at.push(segment);
        match (previous, value) {
            (Some(previous), Some(value)) => self.both(previous, value),
            (previous, value) => self.note(previous, value),
        }
        self.at.pop();
    }

    fn note(&mut self, previous: Option<&ConfigValue>, value: Option<&ConfigValue>) {
        self.differences.push(Difference {
            path: ConfigPath::of_existing(&self.at),
            previous: previous.cloned(),
            value: value.cloned(),
        });
    }
}
