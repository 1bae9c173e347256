//! All rules, what they watch, and what came of it: the books, without locks and clocks.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use mainstay_specs::{AlertRule, AlertsSpec, NoData};
use tokio::time::Instant;

use super::alert::{AlertReason, AlertState, PerformanceAlert};
use super::error::AlertError;
use super::judge::{Reading, Verdict, judge};
use super::watch::{Change, Phase, step};

/// A moment, by both clocks, and whether it is muted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) time: SystemTime,
    pub(crate) muted: bool,
}

/// What a rule has to say of a metric now.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) rule: Arc<AlertRule>,
    pub(crate) metric: Arc<str>,
    pub(crate) phase: Phase,
    pub(crate) value: Option<f64>,
}

/// What was seen for a rule: all that the store holds, by their names, each at most once. What is not here is gone.
pub(crate) type Readings = BTreeMap<Arc<str>, Option<Reading>>;

#[derive(Debug)]
pub(crate) struct Board {
    /// What it goes by; a new incarnation of the keeper with another spec replaces all rules.
    spec: Arc<AlertsSpec>,
    rules: Vec<Arc<AlertRule>>,
    /// What is pending or firing, by the names of rule and metric. What is neither is not here, so that many metrics cost nothing.
    watches: BTreeMap<(Box<str>, Arc<str>), Watch>,
    /// What has fired and was resolved, the oldest first.
    history: VecDeque<PerformanceAlert>,
    pub(crate) fired: u64,
    pub(crate) resolved: u64,
    /// How often a watch was not begun because there were too many.
    pub(crate) left_out: u64,
}

impl Board {
    pub(crate) fn new(spec: Arc<AlertsSpec>) -> Self {
        Self {
            rules: spec.rules.iter().cloned().map(Arc::new).collect(),
            spec,
            watches: BTreeMap::new(),
            history: VecDeque::new(),
            fired: 0,
            resolved: 0,
            left_out: 0,
        }
    }

    /// Goes by this spec from now on. The one it goes by already changes nothing: rules that were put or taken away since stay so.
    pub(crate) fn adopt(&mut self, spec: &Arc<AlertsSpec>) {
        if self.spec == *spec {
            return;
        }
        let rules = spec.rules.iter().map(|rule| self.kept_or_new(rule.clone()));
        self.rules = rules.collect();
        self.spec = Arc::clone(spec);
        self.trim();
    }

    /// Goes by this spec from now on, but for rules that were put or taken away since, if it says the same of them as the one before.
    ///
    /// # Errors
    ///
    /// There is no room for a rule; it goes by all that comes before it then.
    pub(crate) fn renew(&mut self, spec: &Arc<AlertsSpec>) -> Result<(), AlertError> {
        let old = std::mem::replace(&mut self.spec, Arc::clone(spec));
        self.trim();
        for gone in &old.rules {
            if !spec.rules.iter().any(|rule| rule.name == gone.name) {
                // Somebody may have taken it away before.
                self.remove(&gone.name);
            }
        }
        for rule in &spec.rules {
            if !old.rules.contains(rule) {
                self.put(rule.clone())?;
            }
        }
        Ok(())
    }

    pub(crate) const fn spec(&self) -> &Arc<AlertsSpec> {
        &self.spec
    }

    pub(crate) fn rules(&self) -> &[Arc<AlertRule>] {
        &self.rules
    }

    /// A rule that is the same as before is not begun anew.
    fn kept_or_new(&self, rule: AlertRule) -> Arc<AlertRule> {
        let mut rules = self.rules.iter();
        let same = rules.find(|present| ***present == rule);
        same.map_or_else(|| Arc::new(rule), Arc::clone)
    }

    /// Puts a rule in the place of the one of the same name, or behind all others.
    pub(crate) fn put(&mut self, rule: AlertRule) -> Result<(), AlertError> {
        rule.validate().map_err(AlertError::Invalid)?;
        let max = self.spec.rules_max;
        let place = self
            .rules
            .iter()
            .position(|present| present.name == rule.name);
        let rule = self.kept_or_new(rule);
        match place {
            Some(place) => self.rules[place] = rule,
            None if u32::try_from(self.rules.len()).unwrap_or(u32::MAX) >= max => {
                return Err(AlertError::TooManyRules { max });
            }
            None => self.rules.push(rule),
        }
        Ok(())
    }

    /// Takes a rule away; false if there is none of this name. What it has firing is resolved when the rules are looked at next.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.name != name);
        self.rules.len() < before
    }

    /// Ends what belongs to rules that are no more. Gives what is to be told.
    pub(crate) fn sweep(&mut self, moment: Moment) -> Vec<PerformanceAlert> {
        let rules = std::mem::take(&mut self.rules);
        let is_gone = |_: &(Box<str>, Arc<str>), watch: &mut Watch| {
            !rules.iter().any(|rule| Arc::ptr_eq(rule, &watch.rule))
        };
        let told = self.take(is_gone, AlertReason::RuleGone, moment);
        self.rules = rules;
        told
    }

    /// Judges what was seen for a rule. What it watches and is gone is resolved first, so that there is room for others. Gives what is to
    /// be told.
    ///
    /// A metric that is named, and is to fire without data, is no data when it is gone.
    pub(crate) fn judge(
        &mut self,
        rule: &Arc<AlertRule>,
        mut readings: Readings,
        moment: Moment,
    ) -> Vec<PerformanceAlert> {
        if !self.rules.iter().any(|present| Arc::ptr_eq(present, rule)) {
            return Vec::new(); // It was taken away since it was looked at.
        }
        if rule.metric.is_exact() && rule.no_data == NoData::Fire {
            readings.entry(rule.metric.as_str().into()).or_insert(None);
        }
        let is_gone = |_: &_, watch: &mut Watch| {
            Arc::ptr_eq(&watch.rule, rule) && !readings.contains_key(&watch.metric)
        };
        let mut told = self.take(is_gone, AlertReason::SeriesGone, moment);
        let readings = readings.into_iter();
        told.extend(
            readings.filter_map(|(metric, reading)| self.judge_one(rule, &metric, reading, moment)),
        );
        told
    }

    /// Ends what is watched so, and tells of what fires of it.
    fn take(
        &mut self,
        which: impl FnMut(&(Box<str>, Arc<str>), &mut Watch) -> bool,
        reason: AlertReason,
        moment: Moment,
    ) -> Vec<PerformanceAlert> {
        let taken: Vec<Watch> = self
            .watches
            .extract_if(.., which)
            .map(|(_, watch)| watch)
            .collect();
        let firing = taken
            .into_iter()
            .filter(|watch| matches!(watch.phase, Phase::Firing(_)));
        let change = (Change::Resolved, reason);
        firing
            .map(|watch| self.note(&watch.rule, &watch.metric, change, None, moment))
            .collect()
    }

    fn judge_one(
        &mut self,
        rule: &Arc<AlertRule>,
        metric: &Arc<str>,
        reading: Option<Reading>,
        moment: Moment,
    ) -> Option<PerformanceAlert> {
        let verdict = judge(rule, reading);
        let value = reading
            .filter(|_| verdict != Verdict::NoData)
            .map(|seen| seen.value);
        let key = (rule.name.as_str().into(), Arc::clone(metric));
        let phase = self.watches.get(&key).map(|watch| watch.phase);
        let (next, change) = step(phase, rule, verdict, moment.now, moment.muted);
        match next {
            None => drop(self.watches.remove(&key)),
            Some(_) if phase.is_none() && self.is_full() => {
                self.left_out += 1;
                return None;
            }
            Some(phase) => {
                let (rule, metric) = (Arc::clone(rule), Arc::clone(metric));
                let watch = Watch {
                    rule,
                    metric,
                    phase,
                    value,
                };
                self.watches.insert(key, watch);
            }
        }
        let reason = match verdict {
            Verdict::NoData => AlertReason::NoData,
            Verdict::Bad | Verdict::Fair | Verdict::Good => AlertReason::Value,
        };
        Some(self.note(rule, metric, (change?, reason), value, moment))
    }

    fn is_full(&self) -> bool {
        u32::try_from(self.watches.len()).unwrap_or(u32::MAX) >= self.spec.watches_max
    }

    /// Enters a change into the history.
    fn note(
        &mut self,
        rule: &Arc<AlertRule>,
        metric: &Arc<str>,
        (change, reason): (Change, AlertReason),
        value: Option<f64>,
        moment: Moment,
    ) -> PerformanceAlert {
        let (state, count) = match change {
            Change::Fired => (AlertState::Firing, &mut self.fired),
            Change::Resolved => (AlertState::Resolved, &mut self.resolved),
        };
        *count += 1;
        let alert = PerformanceAlert {
            number: self.fired + self.resolved,
            rule: Arc::clone(rule),
            metric: Arc::clone(metric),
            state,
            value,
            reason,
            at: moment.now,
            timestamp: moment.time,
        };
        self.history.push_back(alert.clone());
        self.trim();
        alert
    }

    fn trim(&mut self) {
        let max = usize::try_from(self.spec.history_max).unwrap_or(usize::MAX);
        let over = self.history.len().saturating_sub(max);
        self.history.drain(..over);
    }

    /// What is pending or firing, by rule and metric.
    pub(crate) fn watches(&self) -> impl Iterator<Item = &Watch> {
        self.watches.values()
    }

    /// What has fired and was resolved, the oldest first.
    pub(crate) fn history(&self) -> Vec<PerformanceAlert> {
        self.history.iter().cloned().collect()
    }
}
