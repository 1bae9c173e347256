//! Placeholder.
use std::sync::Arc;
#[derive(Debug)]
pub(crate) struct NamespaceInner;
/// A namespace.
#[derive(Clone, Debug)]
pub struct Namespace(Arc<NamespaceInner>);
impl Namespace {
    pub(crate) fn from_inner(inner: Arc<NamespaceInner>) -> Self {
        Self(inner)
    }
}
