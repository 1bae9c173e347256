//! The rule that a value keeps its kind.

use std::sync::Arc;

use crate::config::ConfigError;
use crate::config::path::ConfigPath;
use crate::config::value::ConfigValue;

/// `value` as it may replace `present`: of the same kind, null on either side excepted; an integer in place of a float becomes
/// one. Entries that are in both maps keep their kinds too. Lists are taken as wholes.
pub(super) fn fit(
    path: &ConfigPath,
    value: ConfigValue,
    present: &ConfigValue,
) -> Result<ConfigValue, ConfigError> {
    fit_at(&mut path.segments().to_vec(), value, present)
}

fn fit_at(
    at: &mut Vec<Box<str>>,
    value: ConfigValue,
    present: &ConfigValue,
) -> Result<ConfigValue, ConfigError> {
    match (value, present) {
        (ConfigValue::Map(mut entries), ConfigValue::Map(present)) => {
            for (key, present) in present.iter() {
                let Some(value) = entries.get(key) else {
                    continue;
                };
                at.push((&**key).into());
                let fitted = fit_at(at, value.clone(), present)?;
                at.pop();
                // Compared first, so that a map that fits as it is is not copied.
                if fitted.kind() != value.kind() || matches!(fitted, ConfigValue::Map(_)) {
                    Arc::make_mut(&mut entries).insert(Arc::clone(key), fitted);
                }
            }
            Ok(ConfigValue::Map(entries))
        }
        (ConfigValue::Integer(value), ConfigValue::Float(_)) if is_exact(value) => {
            Ok(ConfigValue::Float(value as f64))
        }
        (value, present)
            if value.kind() == present.kind() || value.is_null() || present.is_null() =>
        {
            Ok(value)
        }
        (value, present) => Err(ConfigError::WrongKind {
            path: ConfigPath::of_existing(at),
            expected: present.kind(),
            found: value.kind(),
        }),
    }
}

/// Whether the integer is the same as a float.
fn is_exact(value: i128) -> bool {
    (value as f64) as i128 == value
}
