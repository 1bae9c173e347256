//! What has changed.

use std::cmp::Ordering;
use std::time::SystemTime;

use serde::Serialize;

use super::error::{BaselineError, Regressions};
use super::estimate::Estimate;
pub use super::profile::Measure;
use super::profile::Profile;
use super::take::Baseline;
use super::tolerance::Tolerance;

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Something of it got worse, whatever got better.
    Regressed,
    /// It had samples enough, and now there are none.
    Missing,
    /// There are fewer samples than are asked for, then or now.
    TooFewSamples,
    /// It was not there.
    New,
    /// Something of it got better, and nothing worse.
    Improved,
    /// It differs no more than it may, or than chance explains.
    Same,
}

impl Verdict {
    /// The words for it, as in a table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Missing => "missing",
            Self::TooFewSamples => "too few samples",
            Self::New => "new",
            Self::Improved => "improved",
            Self::Same => "same",
        }
    }
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// In a word.
    pub verdict: Verdict,
    /// What got worse.
    pub worse: Vec<Measure>,
    /// What got better.
    pub better: Vec<Measure>,
    /// How it fared.
    pub before: Option<Profile>,
    /// How it fares now. It or [`before`](Self::before) is there.
    pub now: Option<Profile>,
}

/// What became of all operations of two baselines.
///
/// Its text is a table of what is not the same, with a line that counts all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    #[serde(serialize_with = "crate::metrics::stats::rfc3339")]
    pub(super) before: SystemTime,
    #[serde(serialize_with = "crate::metrics::stats::rfc3339")]
    pub(super) now: SystemTime,
    pub(super) changes: Vec<Change>,
}

impl Baseline {
    /// What has changed from this to `now`, by a tolerance. The windows may differ: all that is compared is by sample or by second.
    ///
    /// # Errors
    ///
    /// [`BaselineError::Tolerance`].
    pub fn compare(&self, now: &Self, tolerance: &Tolerance) -> Result<Comparison, BaselineError> {
        tolerance.validate()?;
        let (mut old, mut new) = (self.operations.iter(), now.operations.iter());
        let (mut before, mut after) = (old.next(), new.next());
        let mut changes = Vec::new();
        // Both are sorted: whichever is first is looked at next, both if they are the same operation.
        loop {
            let order = match (before, after) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.order(other),
            };
            let was = before.filter(|_| order.is_le());
            let is = after.filter(|_| order.is_ge());
            changes.push(Change::of(was.cloned(), is.cloned(), tolerance));
            before = if order.is_le() { old.next() } else { before };
            after = if order.is_ge() { new.next() } else { after };
        }
        Ok(Comparison {
            before: self.taken,
            now: now.taken,
            changes,
        })
    }
}

impl Comparison {
    /// What became of each operation, sorted by name and tags.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Of how many operations this became.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let changes = self.changes.iter();
        changes.filter(|change| change.verdict == verdict).count()
    }

    /// For tests and pipelines.
    ///
    /// # Errors
    ///
    /// [`Regressions`], whose text is the table, if an operation regressed or is missing: what is not measured any more may be as
    /// bad as it likes.
    pub fn check(self) -> Result<(), Regressions> {
        if self.count(Verdict::Regressed) + self.count(Verdict::Missing) == 0 {
            Ok(())
        } else {
            Err(Regressions(Box::new(self)))
        }
    }
}

impl Change {
    fn of(before: Option<Profile>, now: Option<Profile>, tolerance: &Tolerance) -> Self {
        let enough = |profile: &Profile| profile.count >= tolerance.samples_min;
        let (mut worse, mut better) = (Vec::new(), Vec::new());
        let verdict = match (&before, &now) {
            (None, _) => Verdict::New,
            (Some(before), None) if enough(before) => Verdict::Missing,
            (Some(before), Some(now)) if enough(before) && enough(now) => {
                for measure in Measure::ALL {
                    match differs(measure, before, now, tolerance) {
                        Ordering::Greater => worse.push(measure),
                        Ordering::Less => better.push(measure),
                        Ordering::Equal => {}
                    }
                }
                if !worse.is_empty() {
                    Verdict::Regressed
                } else if better.is_empty() {
                    Verdict::Same
                } else {
                    Verdict::Improved
                }
            }
            (Some(_), _) => Verdict::TooFewSamples,
        };
        Self {
            verdict,
            worse,
            better,
            before,
            now,
        }
    }

    /// How it fares, or fared if it is missing.
    pub(super) fn profile(&self) -> Option<&Profile> {
        self.now.as_ref().or(self.before.as_ref())
    }
}

/// Greater if it is worse, less if it is better. What too little is known of is no different.
fn differs(measure: Measure, before: &Profile, now: &Profile, tolerance: &Tolerance) -> Ordering {
    let (Some(was), Some(is)) = (before.measure(measure), now.measure(measure)) else {
        return Ordering::Equal;
    };
    let Some(margin) = tolerance.margin(measure, was.value, before.unit) else {
        return Ordering::Equal;
    };
    // Each may be off by as much as its bucket is wide.
    let blur = if matches!(measure, Measure::P50 | Measure::P95 | Measure::P99) {
        before.blur * was.value + now.blur * is.value
    } else {
        0.0
    };
    let rises =
        |from: Estimate, to: Estimate| to.low > from.high && to.value - from.value > margin + blur;
    let order = if rises(was, is) {
        Ordering::Greater
    } else if rises(is, was) {
        Ordering::Less
    } else {
        Ordering::Equal
    };
    if measure == Measure::Rate {
        order.reverse()
    } else {
        order
    }
}
