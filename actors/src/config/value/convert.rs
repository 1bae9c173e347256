//! Rust's own values as values of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ConfigValue;

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for ConfigValue {
            fn from(value: $integer) -> Self {
                Self::Integer(value.into())
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl From<usize> for ConfigValue {
    fn from(value: usize) -> Self {
        Self::Integer(value as i128) // no wider than 64 bits on any platform
    }
}

impl From<isize> for ConfigValue {
    fn from(value: isize) -> Self {
        Self::Integer(value as i128) // no wider than 64 bits on any platform
    }
}

impl From<()> for ConfigValue {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl From<bool> for ConfigValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for ConfigValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<f32> for ConfigValue {
    fn from(value: f32) -> Self {
        Self::Float(value.into())
    }
}

impl From<&str> for ConfigValue {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for ConfigValue {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Arc<str>> for ConfigValue {
    fn from(value: Arc<str>) -> Self {
        Self::String(value)
    }
}

impl<V: Into<Self>> From<Option<V>> for ConfigValue {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<V: Into<Self>> From<Vec<V>> for ConfigValue {
    fn from(values: Vec<V>) -> Self {
        Self::list(values)
    }
}

impl<V: Into<Self>, const N: usize> From<[V; N]> for ConfigValue {
    fn from(values: [V; N]) -> Self {
        Self::list(values)
    }
}

impl<K: Into<Arc<str>>, V: Into<Self>> From<BTreeMap<K, V>> for ConfigValue {
    fn from(entries: BTreeMap<K, V>) -> Self {
        Self::map(entries)
    }
}
