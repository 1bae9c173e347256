//! What is only made believe, for drills and tests: pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::super::result::{CheckResult, HealthResult};
use super::super::status::HealthStatus;

/// What a check is to look like, until then.
#[derive(Clone, Debug)]
pub(crate) struct Pretence {
    pub(crate) number: u64,
    pub(crate) part: Cow<'static, str>,
    pub(crate) status: HealthStatus,
    pub(crate) message: Cow<'static, str>,
    pub(crate) until: Duration,
}

/// All pretences about one check, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pretences(BTreeMap<u64, Pretence>);

impl Pretences {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, pretence: Pretence) {
        self.0.insert(pretence.number, pretence);
    }

    pub(crate) fn remove(&mut self, number: u64) -> bool {
        self.0.remove(&number).is_some()
    }

    /// Forgets those whose time is up; whether there were any.
    pub(crate) fn expire(&mut self, now: Duration) -> bool {
        let before = self.0.len();
        self.0.retain(|_, pretence| pretence.until > now);
        self.0.len() != before
    }

    /// When the next one's time is up.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.0.values().map(|pretence| pretence.until).min()
    }

    /// Makes a result look as it is to look, and says whether it is another now. What is really worse stays.
    pub(crate) fn put_on(&self, real: HealthResult, now: Duration) -> (HealthResult, bool) {
        let mut checks = real.checks.clone();
        let mut changed = false;
        for pretence in self.0.values().filter(|pretence| pretence.until > now) {
            changed |= put_on(pretence, &mut checks);
        }
        if !changed {
            return (real, false);
        }
        let mut pretended = HealthResult::at(checks, real.timestamp, real.duration);
        pretended.status = pretended.status.max(real.status);
        (pretended, true)
    }
}

fn put_on(pretence: &Pretence, checks: &mut Vec<CheckResult>) -> bool {
    let same = checks.iter_mut().find(|check| check.name == pretence.part);
    match same {
        Some(real) if real.status >= pretence.status => false,
        Some(real) => {
            real.status = pretence.status;
            real.message = pretence.message.clone();
            real.metadata.insert(SIMULATED, true.into());
            true
        }
        None => {
            let made = CheckResult::new(
                pretence.part.clone(),
                pretence.status,
                pretence.message.clone(),
            );
            checks.push(made.with(SIMULATED, true));
            true
        }
    }
}

const SIMULATED: Cow<'static, str> = Cow::Borrowed("simulated");

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn pretence(number: u64, status: HealthStatus) -> Pretence {
        Pretence {
            number,
            part: "disk".into(),
            status,
            message: "as told".into(),
            until: s(10),
        }
    }

    fn real(status: HealthStatus) -> HealthResult {
        HealthResult::single(CheckResult::new("disk", status, "as found"))
    }

    #[test]
    fn what_is_really_worse_is_not_masked() {
        let mut pretences = Pretences::default();
        pretences.add(pretence(1, HealthStatus::Degraded));
        let (shown, simulated) = pretences.put_on(real(HealthStatus::Unhealthy), s(1));
        assert_eq!((shown.message(), simulated), ("as found", false));
        let (shown, simulated) = pretences.put_on(real(HealthStatus::Healthy), s(1));
        assert_eq!((shown.message(), simulated), ("as told", true));
        assert_eq!(shown.status, HealthStatus::Degraded);
        assert_eq!(shown.checks[0].metadata["simulated"], true);
    }

    #[test]
    fn it_ends_when_its_time_is_up() {
        let mut pretences = Pretences::default();
        pretences.add(pretence(1, HealthStatus::Unhealthy));
        assert_eq!(pretences.next(), Some(s(10)));
        let (shown, _) = pretences.put_on(real(HealthStatus::Healthy), s(10));
        assert_eq!(shown.status, HealthStatus::Healthy);
        assert!(!pretences.expire(s(9)));
        assert!(pretences.expire(s(10)));
        assert_eq!((pretences.next(), pretences.is_empty()), (None, true));
    }
}
