//! What is checked although nobody has registered it.

use std::sync::Arc;

use mainstay_specs::HealthAggregatorSpec;
use mainstay_supervisors::Namespace;

use super::book::Found;
use super::cell::{Cell, lock};
use super::{foundation, tree};

impl Cell {
    /// Looks what there is to check, and brings the book up to date.
    pub(crate) fn discover(self: &Arc<Self>) {
        let Some(namespace) = self.home.upgrade() else {
            return;
        };
        let found = self.find(&namespace, &self.spec());
        let now = self.now();
        self.book(|book| book.discover(found, now));
        // A sweep may have waited for what is found no more.
        self.swept.notify_one();
    }

    /// What there is to check by this spec.
    pub(super) fn find(&self, namespace: &Namespace, spec: &HealthAggregatorSpec) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        if spec.foundation {
            let mut seen = lock(&self.seen);
            found.extend(foundation::discover(namespace, &spec.defaults, &mut seen));
        }
        if spec.tree {
            found.extend(tree::discover(namespace, &spec.tree_limits));
        }
        found
    }
}
