//! Checks the children of one supervisor: as plain child specs, wherever they come from.

use std::collections::HashMap;

use crate::finding::{Finding, Report};
use crate::order::cycles;
use crate::path::At;
use crate::suggest::nearest;
use crate::{AutoShutdown, Backoff, ChildSpec, Faults, Restart, SupervisorFlags};

/// The most children of one supervisor, and of one node in all.
pub const CHILDREN_MAX: usize = 1_000_000;

/// Checks a supervisor and its children, before anything is started.
///
/// Ids are unique; siblings that are depended on exist, and do not depend back; a significant child is not permanent, and
/// its supervisor has an automatic shutdown; the period is not zero; waits before restarts make sense.
///
/// # Errors
///
/// Everything that is wrong, with paths such as `supervisor.period` and `children[2].significant`.
pub fn validate_children(flags: &SupervisorFlags, children: &[&ChildSpec]) -> Result<(), Faults> {
    let mut report = Report::default();
    let level = Level {
        flags: Some(flags),
        supervisor: &At::Field(&At::Root, "supervisor"),
        children: &At::Field(&At::Root, "children"),
    };
    level.check(&mut report, children);
    report.without_text()
}

/// A supervisor and where its parts are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level<'a> {
    /// None when it has no flags by mistake; then only the children are checked.
    pub(crate) flags: Option<&'a SupervisorFlags>,
    pub(crate) supervisor: &'a At<'a>,
    pub(crate) children: &'a At<'a>,
}

impl Level<'_> {
    pub(crate) fn check(&self, report: &mut Report, children: &[&ChildSpec]) {
        if let Some(flags) = self.flags {
            self.check_flags(report, flags);
        }
        if children.len() > CHILDREN_MAX {
            let found = children.len();
            let message = format!("expected at most {CHILDREN_MAX} children, found {found}");
            report.add(Finding::new(self.children.path(), message));
            return;
        }
        let places = self.check_ids(report, children);
        for (nth, child) in children.iter().enumerate() {
            let at = At::Index(self.children, nth);
            self.check_significant(report, &at, child);
            self.check_siblings(report, &at, child, &places);
            if let Some(backoff) = &child.backoff {
                check_backoff(report, &At::Field(&at, "backoff"), backoff);
            }
        }
        for (first, cycle) in cycles(children) {
            let path = At::Index(self.children, first).field("depends_on");
            report.add(Finding::new(path, format!("dependency cycle: {cycle}")));
        }
    }

    fn check_flags(&self, report: &mut Report, flags: &SupervisorFlags) {
        if flags.period.is_zero() {
            let message = "expected a period longer than zero";
            report.add(Finding::new(self.supervisor.field("period"), message));
        }
    }

    /// Tells ids that are given again; returns where each is first.
    fn check_ids<'a>(
        &self,
        report: &mut Report,
        children: &[&'a ChildSpec],
    ) -> HashMap<&'a str, usize> {
        let mut places = HashMap::with_capacity(children.len());
        for (nth, child) in children.iter().enumerate() {
            let first = *places.entry(child.id.as_str()).or_insert(nth);
            if first != nth {
                let path = At::Index(self.children, nth).field("id");
                let message = format!("duplicate child id {:?}", child.id);
                let first = At::Index(self.children, first).field("id");
                report.add(Finding::new(path, message).first_at(first));
            }
        }
        places
    }

    fn check_significant(&self, report: &mut Report, at: &At<'_>, child: &ChildSpec) {
        if !child.significant {
            return;
        }
        let path = at.field("significant");
        if child.restart == Restart::Permanent {
            let message =
                "expected a transient or temporary child to be significant, found a permanent one";
            let finding = Finding::new(path.clone(), message);
            report.add(finding.and_on(at.field("restart")));
        }
        if self
            .flags
            .is_some_and(|flags| flags.auto_shutdown == AutoShutdown::Never)
        {
            let message =
                "expected no significant child, as the supervisor's auto_shutdown is never";
            let finding = Finding::new(path, message);
            report.add(finding.and_on(self.supervisor.field("auto_shutdown")));
        }
    }

    fn check_siblings(
        &self,
        report: &mut Report,
        at: &At<'_>,
        child: &ChildSpec,
        places: &HashMap<&str, usize>,
    ) {
        let depends_on = At::Field(at, "depends_on");
        for (nth, sibling) in child.depends_on.iter().enumerate() {
            let path = || At::Index(&depends_on, nth).path();
            if *sibling == child.id {
                let message = format!("child {sibling:?} depends on itself");
                report.add(Finding::new(path(), message).and_on(at.field("id")));
            } else if !places.contains_key(sibling.as_str()) {
                let near = nearest(sibling.as_str(), places.keys().copied());
                let hint = near.map_or(String::new(), |id| format!(", did you mean {id:?}?"));
                let message = format!("no sibling has the id {sibling:?}{hint}");
                let finding = Finding::new(path(), message);
                report.add(finding.and_on_names_in(self.children.path(), "id"));
            }
        }
    }
}

fn check_backoff(report: &mut Report, at: &At<'_>, backoff: &Backoff) {
    if !(backoff.factor.is_finite() && backoff.factor >= 1.0) {
        let message = format!("expected a factor of at least 1, found {}", backoff.factor);
        report.add(Finding::new(at.field("factor"), message));
    }
    if !(0.0..=1.0).contains(&backoff.jitter) {
        let message = format!("expected a share from 0 to 1, found {}", backoff.jitter);
        report.add(Finding::new(at.field("jitter"), message));
    }
    if backoff.min > backoff.max {
        let (min, max) = (backoff.min, backoff.max);
        let (min, max) = (
            humantime::format_duration(min),
            humantime::format_duration(max),
        );
        let message = format!("expected at most max, which is {max}, found {min}");
        report.add(Finding::new(at.field("min"), message).and_on(at.field("max")));
    }
}
