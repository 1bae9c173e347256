//! Checks a whole node.

use std::collections::HashMap;

use crate::finding::{Finding, Report};
use crate::level::{CHILDREN_MAX, Level};
use crate::path::At;
use crate::suggest::hint;
use crate::{
    ChildSpec, ChildType, Faults, Kinds, NamespaceSpec, NodeChild, NodeSpec, SupervisorFlags,
};

/// How many supervisors may be inside each other, those of the namespaces counted.
pub const DEPTH_MAX: usize = 64;

impl NodeSpec {
    /// Checks everything that can be checked before anything is started.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its path. There are no positions, but those of arguments from a file.
    pub fn validate(&self, kinds: &dyn Kinds) -> Result<(), Faults> {
        self.report(kinds).without_text()
    }

    pub(crate) fn report(&self, kinds: &dyn Kinds) -> Report {
        let mut check = Check {
            kinds,
            report: Report::default(),
            children: 0,
        };
        check.node(self);
        check.report
    }
}

struct Check<'a> {
    kinds: &'a dyn Kinds,
    report: Report,
    /// How many children were looked at.
    children: usize,
}

impl Check<'_> {
    fn node(&mut self, node: &NodeSpec) {
        let namespaces = At::Field(&At::Root, "namespaces");
        self.namespace_names(&namespaces, &node.namespaces);
        for (nth, namespace) in node.namespaces.iter().enumerate() {
            self.namespace(&At::Index(&namespaces, nth), namespace);
        }
        node.http
            .check(&mut self.report, &At::Field(&At::Root, "http"));
        if node.shutdown_deadline.is_zero() {
            let message = "expected a deadline longer than zero";
            let path = At::Root.field("shutdown_deadline");
            self.report.add(Finding::new(path, message));
        }
        node.watchdog
            .check(&mut self.report, &At::Field(&At::Root, "watchdog"));
    }

    fn namespace_names(&mut self, at: &At<'_>, namespaces: &[NamespaceSpec]) {
        let mut places = HashMap::with_capacity(namespaces.len());
        for (nth, namespace) in namespaces.iter().enumerate() {
            let first = *places.entry(&namespace.name).or_insert(nth);
            if first != nth {
                let message = format!("duplicate namespace name {:?}", namespace.name);
                let finding = Finding::new(At::Index(at, nth).field("name"), message);
                self.report
                    .add(finding.first_at(At::Index(at, first).field("name")));
            }
        }
    }

    fn namespace(&mut self, at: &At<'_>, namespace: &NamespaceSpec) {
        if namespace.root_limit.period.is_zero() {
            let path = At::Field(at, "root_limit").field("period");
            self.report
                .add(Finding::new(path, "expected a period longer than zero"));
        }
        let (services, place) = (&namespace.services, At::Field(at, "services"));
        services.check(&mut self.report, &place);
        services.check_kinds(self.kinds, &mut self.report, &place);
        self.level(at, Some(&namespace.supervisor), &namespace.children, 1);
    }

    /// Checks the supervisor at `at` and all below it.
    fn level(
        &mut self,
        at: &At<'_>,
        flags: Option<&SupervisorFlags>,
        children: &[NodeChild],
        depth: usize,
    ) {
        let before = self.children;
        self.children = before.saturating_add(children.len());
        if self.children > CHILDREN_MAX {
            if before <= CHILDREN_MAX {
                let message = format!("expected at most {CHILDREN_MAX} children in all");
                self.report.add(Finding::new(at.field("children"), message));
            }
            return;
        }
        let place = At::Field(at, "children");
        let level = Level {
            flags,
            supervisor: &At::Field(at, "supervisor"),
            children: &place,
        };
        let specs: Vec<&ChildSpec> = children.iter().map(|child| &child.spec).collect();
        level.check(&mut self.report, &specs);
        for (nth, child) in children.iter().enumerate() {
            self.child(&At::Index(&place, nth), child, depth);
        }
    }

    fn child(&mut self, at: &At<'_>, child: &NodeChild, depth: usize) {
        self.shape(at, child);
        if let Some(kind) = &child.kind {
            self.kind(at, kind, child);
        }
        let supervises = child.supervisor.is_some() || !child.children.is_empty();
        if supervises && depth == DEPTH_MAX {
            let message = format!("expected at most {DEPTH_MAX} supervisors inside each other");
            self.report.add(Finding::new(at.path(), message));
        } else if supervises {
            self.level(at, child.supervisor.as_ref(), &child.children, depth + 1);
        }
    }

    /// Whether the child is a worker or a supervisor, and nothing of the other.
    fn shape(&mut self, at: &At<'_>, child: &NodeChild) {
        let mut wrong = |path, message: &str| {
            let finding = Finding::new(path, message);
            let finding = finding.and_on(at.field("kind"));
            self.report.add(finding.and_on(at.field("supervisor")));
        };
        let supervises = child.supervisor.is_some();
        match (&child.kind, supervises || !child.children.is_empty()) {
            (Some(_), true) => wrong(
                at.path(),
                "expected either a kind or a supervisor with children, found both",
            ),
            (None, false) => wrong(
                at.path(),
                "expected either a kind or a supervisor with children, found neither",
            ),
            (None, true) if !supervises => wrong(
                at.field("children"),
                "expected a supervisor beside children, `supervisor: ()` takes the defaults",
            ),
            _ => {}
        }
        if child.kind.is_none() && !child.args.is_empty() {
            wrong(
                at.field("args"),
                "expected no arguments without a kind to take them",
            );
        }
        if supervises && child.spec.child_type == ChildType::Worker {
            let message =
                "expected the type of a child with a supervisor to be supervisor, found worker";
            wrong(at.field("type"), message);
        }
    }

    fn kind(&mut self, at: &At<'_>, kind: &str, child: &NodeChild) {
        let path = at.field("kind");
        if !self.kinds.knows(kind) {
            let message = format!("unknown kind `{kind}`, {}", hint(kind, &self.kinds.names()));
            self.report.add(Finding::new(path, message));
            return;
        }
        let Err(faults) = self.kinds.check(kind, &child.args) else {
            return;
        };
        let args = at.field("args");
        for fault in faults {
            let mut finding = Finding::new(args.clone(), "").and_on(path.clone());
            finding.fault = fault.inside(&args);
            finding.rests_on_fields = true;
            self.report.add(finding);
        }
    }
}
