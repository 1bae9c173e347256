//! What people are told of families.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::FAMILIES_MAX;
use crate::metrics::error::MetricsError;
use crate::metrics::name::MetricName;
use crate::metrics::unit::Unit;

/// The most bytes of the text that describes a family.
pub const HELP_BYTES_MAX: usize = 1_024;

/// What people are told of families, whether there are any series of them or not.
#[derive(Debug, Default)]
pub(super) struct Descriptions(HashMap<MetricName, Description>);

#[derive(Debug)]
struct Description {
    help: Arc<str>,
    unit: Option<Unit>,
}

impl Descriptions {
    /// Takes in a description, the first of a family for good; a later one must say the same, and may say the unit for the first
    /// time. `recorded` is the unit of the family, if there is any series of it.
    pub(super) fn add(
        &mut self,
        name: MetricName,
        unit: Option<Unit>,
        recorded: Option<Unit>,
        help: &str,
    ) -> Result<(), MetricsError> {
        if help.is_empty() || help.len() > HELP_BYTES_MAX {
            let found = help.len();
            return Err(MetricsError::Help { name, found });
        }
        self.check(&name, unit)?;
        check_unit(&name, recorded, unit)?;
        let len = self.0.len();
        match self.0.entry(name) {
            Entry::Occupied(there) if *there.get().help != *help => {
                Err(MetricsError::DescriptionClash {
                    name: there.key().clone(),
                    help: there.get().help.as_ref().into(),
                    found: help.into(),
                })
            }
            Entry::Occupied(mut there) => {
                let known = &mut there.get_mut().unit;
                *known = known.or(unit);
                Ok(())
            }
            Entry::Vacant(place) if len >= FAMILIES_MAX => Err(MetricsError::TooManyDescriptions {
                max: FAMILIES_MAX,
                name: place.into_key(),
            }),
            Entry::Vacant(place) => {
                let help = help.into();
                place.insert(Description { help, unit });
                Ok(())
            }
        }
    }

    /// Whether a family may be in this unit.
    pub(super) fn check(&self, name: &MetricName, unit: Option<Unit>) -> Result<(), MetricsError> {
        let described = self.0.get(name).and_then(|description| description.unit);
        check_unit(name, described, unit)
    }

    pub(super) fn help(&self, name: &MetricName) -> Option<&Arc<str>> {
        self.0.get(name).map(|description| &description.help)
    }
}

fn check_unit(
    name: &MetricName,
    unit: Option<Unit>,
    found: Option<Unit>,
) -> Result<(), MetricsError> {
    match (unit, found) {
        (Some(unit), Some(found)) if unit != found => Err(MetricsError::UnitClash {
            name: name.clone(),
            unit,
            found,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MetricName {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_text_stays_and_another_is_refused() {
        let mut all = Descriptions::default();
        assert_eq!(all.add(name("a"), None, None, "What is first."), Ok(()));
        assert_eq!(all.add(name("a"), None, None, "What is first."), Ok(()));
        let refused = all.add(name("a"), None, None, "Another.").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "expected a to be described as \"What is first.\", as it is already, found \"Another.\""
        );
        assert_eq!(
            all.help(&name("a")).map(|help| &**help),
            Some("What is first.")
        );
    }

    #[test]
    fn a_unit_may_be_told_later_and_then_stays() {
        let mut all = Descriptions::default();
        let mut add = |unit, recorded| all.add(name("a"), unit, recorded, "It.");
        assert_eq!(add(None, Some(Unit::Bytes)), Ok(()));
        let refused = add(Some(Unit::Count), Some(Unit::Bytes)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "expected a to be in bytes, as it is already, found count"
        );
        assert_eq!(add(Some(Unit::Bytes), None), Ok(()));
        assert!(matches!(
            add(Some(Unit::Ratio), None),
            Err(MetricsError::UnitClash { .. })
        ));
        assert_eq!(all.check(&name("a"), Some(Unit::Bytes)), Ok(()));
        assert!(all.check(&name("a"), Some(Unit::Count)).is_err());
    }

    #[test]
    fn texts_and_their_number_are_bounded() {
        let mut all = Descriptions::default();
        let refused = all.add(name("a"), None, None, "").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "expected 1 to 1024 bytes as the description of a, found 0"
        );
        let long = "x".repeat(HELP_BYTES_MAX + 1);
        assert!(matches!(
            all.add(name("a"), None, None, &long),
            Err(MetricsError::Help { found: 1_025, .. })
        ));
        for nth in 0..FAMILIES_MAX {
            assert_eq!(all.add(name(&format!("f{nth}")), None, None, "It."), Ok(()));
        }
        let refused = all.add(name("more"), None, None, "It.").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "there are 1000 descriptions of metrics, as many as there may be, and none is of more"
        );
        assert_eq!(all.add(name("f0"), Some(Unit::Count), None, "It."), Ok(()));
    }
}
