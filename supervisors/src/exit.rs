//! Why a process ended.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a process ended.
///
/// [`Normal`](Self::Normal), [`Shutdown`](Self::Shutdown) and [`ShutdownWith`](Self::ShutdownWith) are normal ends: a
/// transient child that ends so is not restarted. All others are abnormal, a kill included, as in OTP.
///
/// It is an [`Error`] too, so that an actor can end itself with a reason of its choice from a handler
/// (ractor then runs no `post_stop`): `return Err(ExitReason::shutdown_with("drained").into())`.
///
/// Two reasons are equal when they are of the same kind and read the same.
#[derive(Clone)]
pub enum ExitReason {
    /// It came to its end by itself.
    Normal,
    /// It was asked to stop, or its supervisor gave up.
    Shutdown,
    /// A normal end that says more.
    ShutdownWith(Term),
    /// It was killed: whatever it did was dropped where it stood.
    Killed,
    /// It returned an error.
    Failed(Failure),
    /// It panicked.
    Panicked(Panic),
}

impl ExitReason {
    /// A normal end that says more.
    pub fn shutdown_with(term: impl fmt::Display + Any + Send + Sync) -> Self {
        Self::ShutdownWith(Term::new(term))
    }

    /// An abnormal end with this error.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Failure::new(error))
    }

    /// Whether a transient child that ended so is restarted.
    #[must_use]
    pub const fn is_abnormal(&self) -> bool {
        !matches!(self, Self::Normal | Self::Shutdown | Self::ShutdownWith(_))
    }

    /// The one place where ractor's shapes become reasons: what an actor's plain `stop(reason)` means.
    ///
    /// Without a reason, and after a drain, the end is normal. A kill or an aborted task is a kill only when no
    /// `post_stop` was entered, so the texts that ractor uses for these are plain texts here and cannot be forged.
    pub(crate) fn from_stop(reason: Option<&str>) -> Self {
        match reason {
            None | Some("Drained") => Self::Normal,
            Some(text) => Self::shutdown_with(text.to_owned()),
        }
    }

    /// What an error that a callback returned means: a reason of the actor's choice, or a failure.
    pub(crate) fn from_error(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<Self>() {
            Ok(reason) => *reason,
            Err(error) => Self::Failed(Failure(Arc::from(error))),
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::ShutdownWith(term) => write!(f, "shutdown: {term}"),
            Self::Killed => f.write_str("killed"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Panicked(panic) => write!(f, "panicked: {panic}"),
        }
    }
}

impl fmt::Debug for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExitReason({self})")
    }
}

impl PartialEq for ExitReason {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Normal, Self::Normal)
            | (Self::Shutdown, Self::Shutdown)
            | (Self::Killed, Self::Killed) => true,
            (Self::ShutdownWith(a), Self::ShutdownWith(b)) => a.to_string() == b.to_string(),
            (Self::Failed(a), Self::Failed(b)) => a.to_string() == b.to_string(),
            (Self::Panicked(a), Self::Panicked(b)) => a.message() == b.message(),
            _ => false,
        }
    }
}

impl Eq for ExitReason {}

impl Error for ExitReason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(failure) => Some(failure.error()),
            _ => None,
        }
    }
}

trait TermValue: Any + fmt::Display + Send + Sync {
    fn as_any(&self) -> &dyn Any;
}

impl<T: Any + fmt::Display + Send + Sync> TermValue for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The value carried by [`ExitReason::ShutdownWith`]: anything that can be shown. Cheap to clone.
#[derive(Clone)]
pub struct Term(Arc<dyn TermValue>);

impl Term {
    /// Wraps a value.
    pub fn new(value: impl fmt::Display + Any + Send + Sync) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: Any>(&self) -> Option<&T> {
        (*self.0).as_any().downcast_ref()
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Term({self})")
    }
}

/// The error a process ended with, of its own type. Cheap to clone.
#[derive(Clone)]
pub struct Failure(Arc<dyn Error + Send + Sync>);

impl Failure {
    /// Wraps an error or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The error as it was returned.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + 'static) {
        &*self.0
    }

    /// The error, if it is an `E`.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[derive(Debug)]
struct PanicParts {
    message: String,
    location: Option<String>,
}

/// A caught panic. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Panic(Arc<PanicParts>);

impl Panic {
    pub(crate) fn new(message: String, location: Option<String>) -> Self {
        Self(Arc::new(PanicParts { message, location }))
    }

    /// The text it panicked with; for a payload that is no text, its absence is said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, as `file:line:column`. Absent when somebody replaced the panic hook after the runtime was made.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location() {
            Some(location) => write!(f, "{} at {location}", self.message()),
            None => f.write_str(self.message()),
        }
    }
}

/// What the result of a task's future means as a reason.
pub trait IntoExit {
    /// The reason, or `None` for "as asked": normal, or what the request to stop said.
    fn into_exit(self) -> Option<ExitReason>;
}

impl IntoExit for () {
    fn into_exit(self) -> Option<ExitReason> {
        None
    }
}

/// For a task that only ends by being told to, or by a panic: what a fn returns that never does so.
impl IntoExit for <fn() -> ! as Returns>::Value {
    fn into_exit(self) -> Option<ExitReason> {
        self
    }
}

/// Names `!`, which cannot be written as a type by itself.
#[doc(hidden)]
pub trait Returns {
    type Value;
}

impl<T> Returns for fn() -> T {
    type Value = T;
}

impl IntoExit for ExitReason {
    fn into_exit(self) -> Option<ExitReason> {
        Some(self)
    }
}

impl<T: IntoExit, E: Into<Box<dyn Error + Send + Sync>>> IntoExit for Result<T, E> {
    fn into_exit(self) -> Option<ExitReason> {
        match self {
            Ok(value) => value.into_exit(),
            Err(error) => Some(ExitReason::from_error(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_normal_and_both_shutdowns_are_normal_ends() {
        let reasons = [
            (ExitReason::Normal, false),
            (ExitReason::Shutdown, false),
            (ExitReason::shutdown_with("x"), false),
            (ExitReason::Killed, true),
            (ExitReason::failed("x"), true),
            (ExitReason::Panicked(Panic::new("x".into(), None)), true),
        ];
        for (reason, abnormal) in reasons {
            assert_eq!(reason.is_abnormal(), abnormal, "{reason}");
        }
    }

    #[test]
    fn an_error_keeps_its_type_and_a_reason_thrown_as_error_is_that_reason() {
        let failed = ExitReason::from_error(Box::new(std::io::Error::other("disk")));
        let ExitReason::Failed(failure) = &failed else {
            panic!("{failed}")
        };
        assert_eq!(
            failure
                .downcast_ref::<std::io::Error>()
                .map(ToString::to_string),
            Some("disk".to_owned())
        );
        assert_eq!(
            ExitReason::from_error(ExitReason::Shutdown.into()),
            ExitReason::Shutdown
        );
    }

    #[test]
    fn the_text_killed_in_a_stop_is_a_text_and_no_kill() {
        assert_eq!(
            ExitReason::from_stop(Some("killed")),
            ExitReason::shutdown_with("killed")
        );
        assert_eq!(ExitReason::from_stop(None), ExitReason::Normal);
        assert_eq!(ExitReason::from_stop(Some("Drained")), ExitReason::Normal);
    }

    #[test]
    fn a_term_gives_its_value_back() {
        let ExitReason::ShutdownWith(term) = ExitReason::shutdown_with(7_u32) else {
            unreachable!()
        };
        assert_eq!(
            (term.downcast_ref::<u32>(), term.to_string().as_str()),
            (Some(&7), "7")
        );
    }
}
