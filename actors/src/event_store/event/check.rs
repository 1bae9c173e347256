//! What data are accepted: what JSON can carry and everybody can read back as it was.

use mainstay_specs::{Fault, SpecPath};

use crate::config::ConfigValue;

/// The deepest nesting: values are walked with one stack frame a level, and JSON is read no deeper.
const DEPTH_MAX: usize = 100;

/// The integers that are accepted: those that some 64-bit type holds.
pub(super) const INTEGERS: std::ops::RangeInclusive<i128> = i64::MIN as i128..=u64::MAX as i128;

/// How many faults are told of one event.
const FAULTS_MAX: usize = 20;

/// All that makes data unfit.
pub(crate) fn check_data(data: &ConfigValue) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(data, &SpecPath::root(), 0, &mut faults);
    faults
}

fn walk(value: &ConfigValue, at: &SpecPath, depth: usize, faults: &mut Vec<Fault>) {
    if faults.len() >= FAULTS_MAX {
        return;
    }
    let mut wrong = |message: String| faults.push(Fault::new(message).at(at.clone()));
    match value {
        ConfigValue::Float(number) if !number.is_finite() => {
            wrong(format!("expected a finite number, found {number}"));
        }
        ConfigValue::Integer(number) if !INTEGERS.contains(number) => {
            wrong(format!("expected an integer of 64 bits, found {number}"));
        }
        ConfigValue::List(_) | ConfigValue::Map(_) if depth == DEPTH_MAX => {
            wrong(format!(
                "expected at most {DEPTH_MAX} lists and maps inside each other"
            ));
        }
        ConfigValue::List(values) => {
            for (nth, value) in values.iter().enumerate() {
                walk(value, &at.clone().index(nth), depth + 1, faults);
            }
        }
        ConfigValue::Map(entries) => {
            for (key, value) in entries.iter() {
                walk(value, &at.clone().field(&**key), depth + 1, faults);
            }
        }
        _ => {}
    }
}
