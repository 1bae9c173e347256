//! Values to RON, JSON and whatever else serde writes.

use serde::ser::Error;
use serde::{Serialize, Serializer};

use super::ConfigValue;

impl Serialize for ConfigValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serialize_integer(*value, serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::List(values) => values.serialize(serializer),
            Self::Map(entries) => entries.serialize(serializer),
        }
    }
}

fn serialize_integer<S: Serializer>(value: i128, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(value) = i64::try_from(value) {
        return serializer.serialize_i64(value);
    }
    let value = u64::try_from(value)
        .map_err(|_| Error::custom("an integer that does not fit in 64 bits"))?;
    serializer.serialize_u64(value)
}
