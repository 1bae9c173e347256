//! Sources of the application's own: those that tell by themselves, and those that are asked.

use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use mainstay_specs::ServiceName;

use super::Measured;
use super::asked::Asked;
use crate::memory::cell::lock;
use crate::memory::error::MemoryError;

/// How much of its own whole a source has in use.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// So many bytes of so many; of no bytes at all, it is full.
    Bytes {
        /// How many are in use.
        used: u64,
        /// How many there are.
        limit: u64,
    },
    /// A share of the whole, from 0 on: 1 is all of it.
    Share(f64),
}

impl Measure {
    /// So many bytes of so many.
    #[must_use]
    pub const fn bytes(used: u64, limit: u64) -> Self {
        Self::Bytes { used, limit }
    }

    /// A share of the whole.
    #[must_use]
    pub const fn share(share: f64) -> Self {
        Self::Share(share)
    }

    pub(crate) fn measured(self) -> Measured {
        match self {
            Self::Bytes { used, limit } => Measured::Bytes { used, limit },
            Self::Share(share) if share.is_finite() && share >= 0.0 => Measured::Share(share),
            Self::Share(share) => {
                Measured::Failed(format!("expected a share from 0 on, found {share}"))
            }
        }
    }
}

/// Why a source could not say how much it has in use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);

impl SourceError {
    /// With this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// A source of pressure that is asked for each sample: a pool of a library, the memory of a device.
///
/// It is asked on a thread of its own, which it may keep as long as it likes: the sampler takes what it has said last. One that has not
/// answered for as long as makes a sample stale, that fails, or that panics, is shown as [failed](crate::memory::SourceState::Failed), and
/// the last share it gave goes on counting until it answers.
pub trait MemorySource: Send + 'static {
    /// How much is in use now.
    ///
    /// # Errors
    ///
    /// Why that is not known.
    fn measure(&mut self) -> Result<Measure, SourceError>;
}

impl<F: FnMut() -> Result<Measure, SourceError> + Send + 'static> MemorySource for F {
    fn measure(&mut self) -> Result<Measure, SourceError> {
        self()
    }
}

/// A source that tells by itself: the budget of a service that knows its own size. It goes when it is dropped.
#[derive(Debug)]
#[must_use = "the source goes when this is dropped"]
pub struct MemoryGauge {
    custom: Arc<Custom>,
    _registration: SourceRegistration,
}

impl MemoryGauge {
    pub(crate) const fn new(custom: Arc<Custom>, registration: SourceRegistration) -> Self {
        Self {
            custom,
            _registration: registration,
        }
    }

    /// Says how much is in use, from the next sample on. It stays until it is said again. A lock for the time of a copy.
    pub fn set(&self, measure: Measure) {
        if let How::Told(told) = &self.custom.how {
            *lock(told) = Some(measure);
        }
    }
}

/// A source that is there until this is dropped.
#[derive(Debug)]
#[must_use = "the source goes when this is dropped"]
pub struct SourceRegistration {
    sources: Weak<CustomSources>,
    custom: Weak<Custom>,
}

impl Drop for SourceRegistration {
    fn drop(&mut self) {
        if let Some(sources) = self.sources.upgrade() {
            let gone = sources.remove(&self.custom);
            // Without the lock: with it may go what others have written.
            drop(gone);
        }
    }
}

/// A source of the application's own.
pub(crate) struct Custom {
    pub(crate) name: ServiceName,
    how: How,
}

enum How {
    Told(Mutex<Option<Measure>>),
    Asked(Asked),
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Custom").field(&self.name).finish()
    }
}

impl Custom {
    /// What it says, and has it asked for the next time; by hand, for this time. After `patience` without an answer it has failed.
    pub(crate) fn read(&self, now: Duration, patience: Duration, by_hand: bool) -> Measured {
        match &self.how {
            How::Told(told) => lock(told).map_or(Measured::Absent, Measure::measured),
            How::Asked(asked) if by_hand => asked.ask_here(),
            How::Asked(asked) => asked.ask(now, patience),
        }
    }
}

/// All sources of the application's own of one namespace.
#[derive(Debug, Default)]
pub(crate) struct CustomSources(Mutex<Vec<Arc<Custom>>>);

impl CustomSources {
    /// Adds one that tells by itself.
    pub(crate) fn tell(
        self: &Arc<Self>,
        name: ServiceName,
        max: u32,
    ) -> Result<MemoryGauge, MemoryError> {
        let custom = Custom {
            name,
            how: How::Told(Mutex::default()),
        };
        let (custom, registration) = self.add(custom, max)?;
        Ok(MemoryGauge::new(custom, registration))
    }

    /// Adds one that is asked.
    pub(crate) fn ask(
        self: &Arc<Self>,
        name: ServiceName,
        source: Box<dyn MemorySource>,
        max: u32,
    ) -> Result<SourceRegistration, MemoryError> {
        let how = How::Asked(Asked::new(name.as_str(), source));
        Ok(self.add(Custom { name, how }, max)?.1)
    }

    fn add(
        self: &Arc<Self>,
        custom: Custom,
        max: u32,
    ) -> Result<(Arc<Custom>, SourceRegistration), MemoryError> {
        let name = custom.name.clone();
        let mut all = lock(&self.0);
        if super::NAMES.contains(&name.as_str()) || all.iter().any(|other| other.name == name) {
            return Err(MemoryError::SourceTaken(name));
        }
        if all.len() >= max as usize {
            return Err(MemoryError::TooManySources { name, max });
        }
        let custom = Arc::new(custom);
        all.push(Arc::clone(&custom));
        let registration = SourceRegistration {
            sources: Arc::downgrade(self),
            custom: Arc::downgrade(&custom),
        };
        Ok((custom, registration))
    }

    fn remove(&self, custom: &Weak<Custom>) -> Option<Arc<Custom>> {
        let mut all = lock(&self.0);
        let nth = all
            .iter()
            .position(|other| std::ptr::eq(Arc::as_ptr(other), custom.as_ptr()))?;
        Some(all.remove(nth))
    }

    /// All there are now.
    pub(crate) fn all(&self) -> Vec<Arc<Custom>> {
        lock(&self.0).clone()
    }
}
