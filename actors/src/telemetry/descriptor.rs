//! Kinds of events, declared.

use std::fmt;
use std::marker::PhantomData;

use mainstay_specs::{EVENT_PATH_BYTES_MAX, EventPath};

use super::emitter::Emitter;
use super::event::Event;
use super::fields::{Measurements, Metadata};

/// What a kind of event is called, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventDescriptor {
    /// Its path.
    pub path: &'static str,
    /// What is measured.
    pub measurements: &'static [&'static str],
    /// What is said beside it.
    pub metadata: &'static [&'static str],
}

impl EventDescriptor {
    /// A kind of event.
    ///
    /// # Panics
    ///
    /// If the path is no [`EventPath`] of ASCII characters. In a constant the compiler says so.
    #[must_use]
    pub const fn new(
        path: &'static str,
        measurements: &'static [&'static str],
        metadata: &'static [&'static str],
    ) -> Self {
        assert!(
            is_path(path.as_bytes()),
            "expected a path such as `foundation.config_server.updates`"
        );
        Self {
            path,
            measurements,
            metadata,
        }
    }

    /// Its path, checked.
    #[must_use]
    pub fn event_path(&self) -> EventPath {
        // There is no other way to make one than `new`, which refuses all that is none.
        EventPath::new(self.path).expect("a path")
    }

    /// Whether an event says all that this kind says, and nothing else.
    ///
    /// # Errors
    ///
    /// What is missing, or too much.
    pub fn check(&self, event: &Event) -> Result<(), Undescribed> {
        let (measurements, metadata) = (event.measurements(), event.metadata());
        let names = measurements.iter().map(|(name, _)| name);
        let measured = difference(self.measurements, names);
        let said = difference(self.metadata, metadata.iter().map(|(name, _)| name));
        let path = (event.path() != self.path).then(|| event.path().to_string());
        if path.is_none() && measured.is_none() && said.is_none() {
            return Ok(());
        }
        Err(Undescribed {
            descriptor: *self,
            path,
            measured,
            said,
        })
    }
}

const fn is_path(text: &[u8]) -> bool {
    let (mut at, mut before) = (0, b'.');
    while at < text.len() {
        let byte = text[at];
        let empty = byte == b'.' && before == b'.';
        if empty || byte == b'*' || !byte.is_ascii_graphic() {
            return false;
        }
        before = byte;
        at += 1;
    }
    // An empty text ends with the dot that is thought before it.
    before != b'.' && text.len() <= EVENT_PATH_BYTES_MAX
}

fn difference<'a>(expected: &[&str], found: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut expected: Vec<&str> = expected.to_vec();
    let mut found: Vec<&str> = found.collect();
    expected.sort_unstable();
    found.sort_unstable();
    (expected != found).then(|| format!("expected {expected:?}, found {found:?}"))
}

/// An event does not say what its kind says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Undescribed {
    /// The kind.
    pub descriptor: EventDescriptor,
    /// The path of the event, if it is another.
    pub path: Option<String>,
    /// The difference in what is measured, if there is any.
    pub measured: Option<String>,
    /// The difference in what is said beside it, if there is any.
    pub said: Option<String>,
}

impl fmt::Display for Undescribed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an event is not as `{}` is described",
            self.descriptor.path
        )?;
        if let Some(path) = &self.path {
            write!(f, "; it is `{path}`")?;
        }
        if let Some(difference) = &self.measured {
            write!(f, "; measurements: {difference}")?;
        }
        if let Some(difference) = &self.said {
            write!(f, "; metadata: {difference}")?;
        }
        Ok(())
    }
}

/// A kind of event as a type: a service declares its own.
///
/// ```
/// use mainstay_actors::telemetry::{EventDescriptor, Measurements, Metadata, TelemetryEvent};
///
/// struct Opened {
///     failures: u64,
///     service: &'static str,
/// }
///
/// impl TelemetryEvent for Opened {
///     const DESCRIPTOR: EventDescriptor =
///         EventDescriptor::new("app.breaker.opened", &["failure_count"], &["service"]);
///
///     fn measurements(&self) -> Measurements {
///         [("failure_count", self.failures)].into()
///     }
///
///     fn metadata(&self) -> Metadata {
///         [("service", self.service)].into()
///     }
/// }
/// ```
pub trait TelemetryEvent {
    /// What this kind is called, and what it says.
    const DESCRIPTOR: EventDescriptor;

    /// What was measured.
    fn measurements(&self) -> Measurements;

    /// What is said beside it.
    fn metadata(&self) -> Metadata;
}

/// Emits events of one kind. Cheap to clone.
pub struct TypedEmitter<E> {
    emitter: Emitter,
    kind: PhantomData<fn(E)>,
}

impl<E: TelemetryEvent> TypedEmitter<E> {
    pub(crate) const fn new(emitter: Emitter) -> Self {
        Self {
            emitter,
            kind: PhantomData,
        }
    }

    /// Tells those who listen, if there is anybody; `event` is called only then. As [`Emitter::emit`] in all else.
    #[inline]
    pub fn emit(&self, event: impl FnOnce() -> E) {
        self.emitter.emit(|| {
            let event = event();
            (event.measurements(), event.metadata())
        });
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.emitter.is_heard()
    }
}

impl<E> Clone for TypedEmitter<E> {
    fn clone(&self) -> Self {
        Self {
            emitter: self.emitter.clone(),
            kind: PhantomData,
        }
    }
}

impl<E> fmt::Debug for TypedEmitter<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedEmitter")
            .field(&self.emitter.path())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_for_a_path_in_a_constant_is_one() {
        for good in [
            "a",
            "a.b",
            "foundation.config_server.cache_hits",
            "a-b.c::d",
        ] {
            assert!(is_path(good.as_bytes()), "{good}");
            assert!(EventPath::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a.*", "a b", "größe", "a\n"] {
            assert!(!is_path(bad.as_bytes()), "{bad}");
        }
        assert!(is_path(&[b'x'; EVENT_PATH_BYTES_MAX]));
        assert!(!is_path(&[b'x'; EVENT_PATH_BYTES_MAX + 1]));
    }
}
