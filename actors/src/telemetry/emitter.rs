//! The way to emit events of one path.

use std::fmt;
use std::sync::Arc;

use mainstay_specs::EventPath;

use super::fields::{Measurements, Metadata};
use super::hub::Hub;
use super::site::Site;

/// Emits events of one path, resolved once. Cheap to clone; to be kept by whoever emits.
///
/// While nobody listens, an event costs one relaxed load. After the namespace has ended nobody ever listens.
#[derive(Clone)]
pub struct Emitter {
    hub: Arc<Hub>,
    site: Arc<Site>,
}

impl Emitter {
    pub(crate) fn new(hub: Arc<Hub>, path: &EventPath) -> Self {
        let site = hub.site(path);
        Self { hub, site }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &EventPath {
        &self.site.path
    }

    /// Whether anybody listens, as far as is known: beyond the spec's `emitters_max` it is yes.
    #[must_use]
    #[inline]
    pub fn is_heard(&self) -> bool {
        self.site.is_heard()
    }

    /// Tells those who listen, if there is anybody; `say` is called only then.
    ///
    /// Inline handlers are called here and now, in the order in which they were attached; this returns when they have. Queued
    /// handlers and subscribers find the event in their queues. No panic of a handler comes out of here; one of `say` does, and
    /// nobody is told anything then.
    #[inline]
    pub fn emit<M, D>(&self, say: impl FnOnce() -> (M, D))
    where
        M: Into<Measurements>,
        D: Into<Metadata>,
    {
        if self.site.is_heard() {
            self.tell(say);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell<M, D>(&self, say: impl FnOnce() -> (M, D))
    where
        M: Into<Measurements>,
        D: Into<Metadata>,
    {
        self.hub.emit_at(&self.site, || {
            let (measurements, metadata) = say();
            (measurements.into(), metadata.into())
        });
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Emitter").field(&self.site.path).finish()
    }
}
