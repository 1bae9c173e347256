//! Baselines as text.

use std::time::SystemTime;

use mainstay_specs::Args;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::BaselineError;
use super::profile::{Measure, Profile};
use super::take::Baseline;
use crate::metrics::window::TimeWindow;

/// The version of what is written. What has another one is refused: it may mean something else.
pub const BASELINE_VERSION: u32 = 1;

impl Baseline {
    /// Reads what [`to_ron`](Self::to_ron) has written.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Ron`] with all that is wrong, each with its path, and with line and column if it is no RON; [`BaselineError::Version`] of another version;
    /// [`BaselineError::Profile`] if numbers cannot be, or an operation is there twice.
    pub fn from_ron(text: &str) -> Result<Self, BaselineError> {
        let args = Args::from_ron(text)?;
        // Whatever else is in it: what comes later may look different.
        let Mark { version } = args.decode()?;
        if version != BASELINE_VERSION {
            return Err(BaselineError::Version { found: version });
        }
        Self::try_from(args.decode::<Document>()?)
    }

    /// Writes it for people and for [`from_ron`](Self::from_ron), an operation a paragraph, so that two versions of a file can be
    /// compared line by line.
    #[must_use]
    pub fn to_ron(&self) -> String {
        // To a string, of numbers and texts: it does not fail.
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default()).unwrap_or_default()
    }
}

/// All that is looked at first.
#[derive(Deserialize)]
struct Mark {
    version: u32,
}

/// A baseline as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Version,
    #[serde(with = "moment")]
    taken: SystemTime,
    window: TimeWindow,
    operations: Vec<Profile>,
}

/// Comes first in the text, so that nothing else is misunderstood before.
#[derive(Clone, Serialize)]
#[serde(into = "u32")]
struct Version(u32);

impl From<Version> for u32 {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u32::deserialize(deserializer)?;
        if found == BASELINE_VERSION {
            Ok(Self(found))
        } else {
            Err(de::Error::custom(BaselineError::Version { found }))
        }
    }
}

impl Serialize for Baseline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = Document {
            version: Version(BASELINE_VERSION),
            taken: self.taken,
            window: self.window,
            operations: self.operations.clone(),
        };
        document.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Baseline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Document::deserialize(deserializer)?;
        Self::try_from(document).map_err(de::Error::custom)
    }
}

impl TryFrom<Document> for Baseline {
    type Error = BaselineError;

    fn try_from(document: Document) -> Result<Self, BaselineError> {
        let Document {
            taken,
            window,
            mut operations,
            ..
        } = document;
        operations.iter().try_for_each(check)?;
        operations.sort_by(Profile::order);
        let twice = operations
            .windows(2)
            .find(|two| two[0].key() == two[1].key());
        if let Some([one, _]) = twice {
            return Err(wrong(one, "is there twice".to_owned()));
        }
        Ok(Self {
            taken,
            window,
            operations,
        })
    }
}

fn check(profile: &Profile) -> Result<(), BaselineError> {
    if profile.count == 0 {
        return Err(wrong(profile, "expected at least one sample".to_owned()));
    }
    if !(0.0..1.0).contains(&profile.blur) {
        let found = profile.blur;
        return Err(wrong(
            profile,
            format!("expected a part from 0 to 1 as `blur`, found {found}"),
        ));
    }
    for measure in Measure::ALL {
        let Some(estimate) = profile.measure(measure) else {
            continue;
        };
        let most = if measure == Measure::ErrorRate {
            1.0
        } else {
            f64::INFINITY
        };
        if !estimate.is_sound() || estimate.high > most {
            let (low, value, high) = (estimate.low, estimate.value, estimate.high);
            let expected = if most.is_finite() {
                " to 1"
            } else {
                " and finite"
            };
            return Err(wrong(
                profile,
                format!(
                    "expected low, value and high of `{}` in this order, from 0{expected}, found {low}, {value} and {high}",
                    measure.as_str()
                ),
            ));
        }
    }
    Ok(())
}

fn wrong(profile: &Profile, what: String) -> BaselineError {
    BaselineError::Profile {
        operation: format!("{}{}", profile.name, profile.tags),
        what,
    }
}

/// Moments as RFC 3339.
mod moment {
    use super::{Deserialize, Deserializer, Serializer, SystemTime, de};

    pub(super) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_millis(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(|_| {
            let found = de::Unexpected::Str(&text);
            de::Error::invalid_value(found, &"a time such as \"2026-01-31T12:00:00.000Z\"")
        })
    }
}
