//! Putting a value into a tree, copying no more than the way to it.

use std::sync::Arc;

use crate::config::ConfigError;
use crate::config::error::Obstacle;
use crate::config::path::ConfigPath;
use crate::config::size::VALUE_BYTES;
use crate::config::value::{ConfigValue, index};

pub(super) struct Put {
    pub(super) previous: Option<ConfigValue>,
    /// The bytes of the keys and maps that were made on the way.
    pub(super) made: u64,
}

/// Puts `value` to `path`. What is shared with other trees is copied first, so that they stay as they are.
pub(super) fn put(
    root: &mut ConfigValue,
    path: &ConfigPath,
    value: ConfigValue,
) -> Result<Put, ConfigError> {
    let mut slot = root;
    for (depth, segment) in path.segments().iter().enumerate() {
        if slot.is_null() {
            *slot = ConfigValue::Map(Arc::default());
        }
        if slot.step(segment).is_none() {
            let made = nested(&path.segments()[depth + 1..], value);
            let made_bytes = add(slot, segment, made).ok_or_else(|| ConfigError::NoPlace {
                path: path.clone(),
                obstacle: Obstacle::new(path, depth, slot),
            })?;
            let below = path.segments()[depth + 1..].iter();
            return Ok(Put {
                previous: None,
                made: made_bytes + below.map(|key| VALUE_BYTES + key.len() as u64).sum::<u64>(),
            });
        }
        // It was just seen to be there.
        let Some(next) = step_mut(slot, segment) else {
            unreachable!("what can be read can be written")
        };
        slot = next;
    }
    Ok(Put {
        previous: Some(std::mem::replace(slot, value)),
        made: 0,
    })
}

fn step_mut<'a>(value: &'a mut ConfigValue, segment: &str) -> Option<&'a mut ConfigValue> {
    match value {
        ConfigValue::Map(entries) => Arc::make_mut(entries).get_mut(segment),
        ConfigValue::List(values) => Arc::make_mut(values).get_mut(index(segment)?),
        _ => None,
    }
}

/// Adds an entry or the next element; gives the bytes of its key, or `None` if there is no place for it.
fn add(slot: &mut ConfigValue, segment: &str, value: ConfigValue) -> Option<u64> {
    match slot {
        ConfigValue::Map(entries) => {
            Arc::make_mut(entries).insert(segment.into(), value);
            Some(segment.len() as u64)
        }
        ConfigValue::List(values) if index(segment) == Some(values.len()) => {
            Arc::make_mut(values).push(value);
            Some(0)
        }
        _ => None,
    }
}

/// The value inside maps with one entry each.
fn nested(keys: &[Box<str>], value: ConfigValue) -> ConfigValue {
    let keys = keys.iter().rev();
    keys.fold(value, |inner, key| ConfigValue::map([(&**key, inner)]))
}
