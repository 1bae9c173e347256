//! Values as types of the reader's own.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{ConfigKind, ConfigValue};

/// Why a value is not what its reader takes it for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The way from the value to the part that does not fit, from the outside in.
    pub path: Vec<Box<str>>,
    /// What was expected and what was found.
    pub message: String,
}

impl DecodeError {
    fn inside(mut self, segment: &str) -> Self {
        self.path.insert(0, segment.into());
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            path: Vec::new(),
            message: message.to_string(),
        }
    }
}

impl ConfigValue {
    /// Reads the value as a `T`.
    ///
    /// A struct is read from a map, an enum from a string or from a map with one entry, an option from null or the value
    /// itself, a float from an integer too.
    ///
    /// # Errors
    ///
    /// The first part that does not fit, with the way to it.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        T::deserialize(self)
    }
}

impl<'de> Deserializer<'de> for &'de ConfigValue {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            ConfigValue::Null => visitor.visit_unit(),
            ConfigValue::Bool(value) => visitor.visit_bool(*value),
            ConfigValue::Integer(value) => visit_integer(*value, visitor),
            ConfigValue::Float(value) => visitor.visit_f64(*value),
            ConfigValue::String(value) => visitor.visit_borrowed_str(value),
            ConfigValue::List(values) => {
                let mut elements = Elements { values, next: 0 };
                let read = visitor.visit_seq(&mut elements)?;
                elements.end()?;
                Ok(read)
            }
            ConfigValue::Map(entries) => visitor.visit_map(Entries {
                rest: entries.iter(),
                value: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            ConfigValue::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let variant = match self {
            ConfigValue::String(name) => Variant { name, value: None },
            ConfigValue::Map(entries) if entries.len() == 1 => {
                let entry = entries.iter().next();
                let (name, value) = entry.ok_or_else(|| no_variant(ConfigKind::Map))?;
                Variant {
                    name,
                    value: Some(value),
                }
            }
            other => return Err(no_variant(other.kind())),
        };
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn visit_integer<'de, V: Visitor<'de>>(value: i128, visitor: V) -> Result<V::Value, DecodeError> {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => visitor.visit_i64(value),
        (_, Ok(value)) => visitor.visit_u64(value),
        _ => visitor.visit_i128(value),
    }
}

fn no_variant(found: ConfigKind) -> DecodeError {
    de::Error::custom(format!(
        "expected a string or a map with one entry, found {found}"
    ))
}

struct Elements<'de> {
    values: &'de [ConfigValue],
    next: usize,
}

impl Elements<'_> {
    /// Refuses elements that the reader has left over, as a tuple does.
    fn end(&self) -> Result<(), DecodeError> {
        if self.next == self.values.len() {
            return Ok(());
        }
        let (expected, found) = (self.next, self.values.len());
        Err(de::Error::custom(format!(
            "expected a list of {expected} elements, found {found}"
        )))
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some(value) = self.values.get(self.next) else {
            return Ok(None);
        };
        let read = seed.deserialize(value);
        let read = read.map_err(|error| error.inside(&self.next.to_string()))?;
        self.next += 1;
        Ok(Some(read))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len() - self.next)
    }
}

struct Entries<'de> {
    rest: std::collections::btree_map::Iter<'de, std::sync::Arc<str>, ConfigValue>,
    value: Option<(&'de str, &'de ConfigValue)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        seed.deserialize(de::value::BorrowedStrDeserializer::new(key))
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        let (key, value) = self
            .value
            .take()
            .ok_or_else(|| de::Error::custom("the value was asked for before its key"))?;
        seed.deserialize(value).map_err(|error| error.inside(key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A variant of an enum: its name, and what is in it.
struct Variant<'de> {
    name: &'de str,
    value: Option<&'de ConfigValue>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), DecodeError> {
        let name = de::value::BorrowedStrDeserializer::new(self.name);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> Variant<'de> {
    fn content(&self) -> Result<&'de ConfigValue, DecodeError> {
        let missing = || de::Error::custom(format!("expected a value in `{}`", self.name));
        self.value.ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        match self.value {
            None | Some(ConfigValue::Null) => Ok(()),
            Some(value) => Err(de::Error::custom(format!(
                "expected nothing in `{}`, found {}",
                self.name,
                value.kind()
            ))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, DecodeError> {
        seed.deserialize(self.content()?)
            .map_err(|error| error.inside(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.content()?
            .deserialize_any(visitor)
            .map_err(|error| error.inside(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.tuple_variant(0, visitor)
    }
}
