//! What a returned value says of its call.
//!
//! Which of the methods is called is decided where the type is known, by the order in which methods are looked for: those of a
//! type itself, then those of a trait for it, then those of a trait for a reference to it.

use mainstay_supervisors::CallError;
use tokio::time::error::Elapsed;

use crate::MetricsStore;
use crate::metrics::Outcome;

/// A returned value.
#[derive(Debug)]
pub struct Returned<'a, R>(pub &'a R);

impl<T> Returned<'_, Result<T, Elapsed>> {
    /// An error is a timeout.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Timeout,
        }
    }
}

impl<T> Returned<'_, Result<T, CallError>> {
    /// An error is an error, but for a timeout.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(CallError::Timeout(_)) => Outcome::Timeout,
            Err(_) => Outcome::Error,
        }
    }
}

/// Of any other result.
pub trait OfResult {
    /// An error is an error.
    fn outcome(&self) -> Outcome;
}

impl<T, E> OfResult for Returned<'_, Result<T, E>> {
    fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Error,
        }
    }
}

/// Of any other value, such as an `Option`, whose `None` is an answer.
pub trait OfAny {
    /// It is a success.
    fn outcome(&self) -> Outcome;
}

impl<R> OfAny for &Returned<'_, R> {
    fn outcome(&self) -> Outcome {
        Outcome::Success
    }
}

/// What the option `err` may give.
pub trait Verdict {
    /// As an outcome.
    fn outcome(self) -> Outcome;
}

/// Whether it is an error.
impl Verdict for bool {
    fn outcome(self) -> Outcome {
        if self {
            Outcome::Error
        } else {
            Outcome::Success
        }
    }
}

impl Verdict for Outcome {
    fn outcome(self) -> Outcome {
        self
    }
}

/// What the option `err` says of a value.
pub fn judge<R, V: Verdict>(value: &R, judge: impl FnOnce(&R) -> V) -> Outcome {
    judge(value).outcome()
}

/// What the option `store` may be.
pub trait AsStore {
    /// The store, if there is one; else that of the current process's namespace is taken.
    fn as_store(&self) -> Option<MetricsStore>;
}

impl AsStore for MetricsStore {
    fn as_store(&self) -> Option<MetricsStore> {
        Some(self.clone())
    }
}

impl<S: AsStore> AsStore for Option<S> {
    fn as_store(&self) -> Option<MetricsStore> {
        self.as_ref()?.as_store()
    }
}

impl<S: AsStore + ?Sized> AsStore for &S {
    fn as_store(&self) -> Option<MetricsStore> {
        (**self).as_store()
    }
}
