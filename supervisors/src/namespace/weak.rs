//! References that do not keep a namespace.

use std::fmt;
use std::sync::{Arc, Weak};

use super::{Namespace, NamespaceInner};

impl Namespace {
    /// A reference that does not keep it, for what belongs to it itself, such as what lies in its cells.
    #[must_use]
    pub fn downgrade(&self) -> WeakNamespace {
        WeakNamespace(Arc::downgrade(&self.inner))
    }
}

/// A reference to a namespace that neither keeps it up nor in memory.
#[derive(Clone)]
pub struct WeakNamespace(Weak<NamespaceInner>);

impl WeakNamespace {
    /// The namespace, as long as somebody has it; it may have ended. What this gives does not keep it up, as other handles do
    /// not that were only found.
    #[must_use]
    pub fn upgrade(&self) -> Option<Namespace> {
        self.0.upgrade().map(Namespace::from_inner)
    }
}

impl fmt::Debug for WeakNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakNamespace)")
    }
}
