//! Another start of a content that was changed since.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::value::ConfigValue;

/// What becomes of a value `now` that was `base` at the start, if the start is to be `onto`: what is as it was at the start is as the new start
/// has it, also if it has it no more; what was changed since stays. Maps are looked at entry by entry, all else as a whole.
pub(super) fn rebase(
    base: Option<&ConfigValue>,
    now: Option<&ConfigValue>,
    onto: Option<&ConfigValue>,
) -> Option<ConfigValue> {
    if base == now {
        return onto.cloned();
    }
    let (Some(ConfigValue::Map(entries)), Some(ConfigValue::Map(new))) = (now, onto) else {
        return now.cloned();
    };
    let old = match base {
        Some(ConfigValue::Map(old)) => Arc::clone(old),
        _ => Arc::default(),
    };
    let keys: BTreeSet<&Arc<str>> = entries.keys().chain(new.keys()).collect();
    let rebased = keys.into_iter().filter_map(|key| {
        let value = rebase(old.get(key), entries.get(key), new.get(key))?;
        Some((Arc::clone(key), value))
    });
    Some(ConfigValue::map(rebased))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(ron: &str) -> ConfigValue {
        ron::from_str(ron).expect("RON")
    }

    fn rebased(base: &str, now: &str, onto: &str) -> ConfigValue {
        let (base, now, onto) = (value(base), value(now), value(onto));
        rebase(Some(&base), Some(&now), Some(&onto)).expect("it is there")
    }

    #[test]
    fn what_was_not_changed_is_as_the_new_start_has_it() {
        let now = rebased(
            "(a: 1, b: 2, c: (d: 3, e: 4))",
            "(a: 1, b: 9, c: (d: 3, e: 8))",
            "(a: 5, b: 6, c: (d: 7, e: 4, f: 0))",
        );
        assert_eq!(now, value("(a: 5, b: 9, c: (d: 7, e: 8, f: 0))"));
    }

    #[test]
    fn what_the_new_start_has_no_more_goes_unless_it_was_changed() {
        let now = rebased("(a: 1, b: 2)", "(a: 1, b: 3)", "(c: 4)");
        assert_eq!(now, value("(b: 3, c: 4)"));
    }

    #[test]
    fn what_was_taken_away_stays_away_and_what_was_added_stays() {
        let now = rebased("(a: 1)", "(b: 2)", "(a: 3)");
        assert_eq!(now, value("(b: 2)"));
    }

    #[test]
    fn a_list_is_one_value() {
        let now = rebased(
            "(a: [1, 2], b: [1])",
            "(a: [1, 9], b: [1])",
            "(a: [3], b: [4])",
        );
        assert_eq!(now, value("(a: [1, 9], b: [4])"));
    }
}
