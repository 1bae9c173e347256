//! Values from RON, JSON and whatever else serde reads.
//!
//! The input is buffered by serde (that is what `untagged` does) before it becomes a value. It is the one mode in which
//! `ron` tells the names in front of brackets and names that stand alone, instead of dropping them. What is wrong is
//! gathered rather than returned, since an error under `untagged` would be replaced by serde's own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use mainstay_specs::{Fault, SpecPath};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::ConfigValue;

impl<'de> Deserialize<'de> for ConfigValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let reading = Reading::deserialize(deserializer)?;
        match reading.faults.first() {
            None => Ok(reading.value),
            Some(fault) => Err(D::Error::custom(fault)),
        }
    }
}

/// A value as it was read, with all that is wrong with it; of what is wrong, something is in the value too.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) value: ConfigValue,
    pub(crate) faults: Vec<Fault>,
}

impl<'de> Deserialize<'de> for Reading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Buffered::Value(Part(reading)) = Buffered::deserialize(deserializer)?;
        Ok(reading)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Buffered {
    Value(Part),
}

/// A part of a buffered value.
struct Part(Reading);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor)
    }
}

impl Part {
    const fn of(value: ConfigValue) -> Self {
        Self(Reading {
            value,
            faults: Vec::new(),
        })
    }

    fn fault(message: impl Into<String>) -> Self {
        Self(Reading {
            value: ConfigValue::Null,
            faults: vec![Fault::new(message)],
        })
    }
}

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Part, E> {
        Ok(Part::of(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Part, E> {
        Ok(Part::of(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Part, E> {
        Ok(Part::of(value.into()))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Part, E> {
        // `ron` gives every number that a short float holds exactly as one.
        Ok(Part::of(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Part, E> {
        Ok(Part::of(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Part, E> {
        Ok(Part::of(value.into()))
    }

    fn visit_bytes<E>(self, _value: &[u8]) -> Result<Part, E> {
        Ok(Part::fault(
            "expected a string, a number, a bool, a list or a map, found bytes",
        ))
    }

    fn visit_none<E>(self) -> Result<Part, E> {
        Ok(Part::of(ConfigValue::Null))
    }

    fn visit_unit<E>(self) -> Result<Part, E> {
        Ok(Part::of(ConfigValue::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Part, D::Error> {
        Part::deserialize(inner)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Part, D::Error> {
        Part::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Part, A::Error> {
        let (mut values, mut faults) = (Vec::new(), Vec::new());
        while let Some(Part(element)) = elements.next_element()? {
            let at = SpecPath::root().index(values.len());
            faults.extend(element.faults.into_iter().map(|fault| fault.inside(&at)));
            values.push(element.value);
        }
        let value = ConfigValue::List(Arc::new(values));
        Ok(Part(Reading { value, faults }))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Part, A::Error> {
        let (mut map, mut faults) = (BTreeMap::new(), Vec::new());
        while let Some((Key(key), Part(part))) = entries.next_entry()? {
            let key = match key {
                Ok(key) => key,
                Err(found) => {
                    faults.push(Fault::new(format!(
                        "expected a string as key, found {found}"
                    )));
                    continue;
                }
            };
            let at = SpecPath::root().field(&*key);
            faults.extend(part.faults.into_iter().map(|fault| fault.inside(&at)));
            match map.entry(key) {
                Entry::Vacant(place) => drop(place.insert(part.value)),
                Entry::Occupied(_) => faults.push(Fault::new("the key is given twice").at(at)),
            }
        }
        let value = ConfigValue::Map(Arc::new(map));
        Ok(Part(Reading { value, faults }))
    }
}

/// The key of an entry, or what was there instead of a string.
struct Key(Result<Arc<str>, String>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Part(Reading { value, faults }) = Part::deserialize(deserializer)?;
        Ok(Self(match value {
            ConfigValue::String(key) => Ok(key),
            _ if !faults.is_empty() => Err("bytes".to_owned()),
            other => Err(other.kind().to_string()),
        }))
    }
}
