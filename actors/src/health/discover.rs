//! What is checked although nobody has registered it.

use std::sync::Arc;

use super::book::Found;
use super::cell::{Cell, lock};
use super::{foundation, tree};

impl Cell {
    /// Looks what there is to check, and brings the book up to date.
    pub(crate) fn discover(self: &Arc<Self>) {
        let Some(namespace) = self.home.upgrade() else {
            return;
        };
        let spec = self.spec();
        let mut found: Vec<Found> = Vec::new();
        if spec.foundation {
            let mut seen = lock(&self.seen);
            found.extend(foundation::discover(&namespace, &spec.defaults, &mut seen));
        }
        if spec.tree {
            found.extend(tree::discover(&namespace, &spec.tree_limits));
        }
        let now = self.now();
        self.book(|book| book.discover(found, now));
        // A sweep may have waited for what is found no more.
        self.swept.notify_one();
    }
}
