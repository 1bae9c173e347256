//! What `#[protect]` writes calls of: to be used through that.

use std::convert::Infallible;
use std::future::Future;
use std::panic::Location;

use mainstay_specs::ServiceName;
use mainstay_supervisors::current;

pub use crate::answer::{Answer, failed, failed_by};

use super::error::ProtectionError;
use super::handle::Protection;
use super::passage::{self, Ready, Said};
use super::registry::ProtectionRegistry;
use super::source::NoPool;
use crate::breaker::ByResult;
use crate::limiter::RateKey;

/// What may be given as the operation.
#[diagnostic::on_unimplemented(
    message = "`operation` of `#[protect]` cannot be a `{Self}`",
    note = "expected a name in quotes, a `Protection`, or a `ServiceName`"
)]
pub trait Protects {
    /// The protection.
    ///
    /// # Errors
    ///
    /// None is configured.
    fn protection(&self) -> Result<Protection, ProtectionError<Infallible>>;
}

impl Protects for Protection {
    fn protection(&self) -> Result<Protection, ProtectionError<Infallible>> {
        Ok(self.clone())
    }
}

impl<P: Protects + ?Sized> Protects for &P {
    fn protection(&self) -> Result<Protection, ProtectionError<Infallible>> {
        (**self).protection()
    }
}

/// The operation of this name in the namespace of the current process.
impl Protects for ServiceName {
    fn protection(&self) -> Result<Protection, ProtectionError<Infallible>> {
        named(self.as_str()).ok_or_else(|| ProtectionError::Unconfigured(self.clone()))
    }
}

fn named(name: &str) -> Option<Protection> {
    let namespace = current()?.namespace()?;
    ProtectionRegistry::of(&namespace).protection(name)
}

/// A name that was found to be one when the program was compiled.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Named(pub &'static str);

impl Protects for Named {
    fn protection(&self) -> Result<Protection, ProtectionError<Infallible>> {
        named(self.0).ok_or_else(|| {
            let name = ServiceName::new(self.0).expect("the macro has looked at it");
            ProtectionError::Unconfigured(name)
        })
    }
}

/// A call that is yet to be made, which holds nothing of that by which its operation and its key were found.
pub struct Prepared(Result<Ready<Protection>, ProtectionError<Infallible>>);

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

/// Prepares a call; nothing is asked or taken for it yet.
#[track_caller]
pub fn prepare(
    operation: &(impl Protects + ?Sized),
    key: Option<RateKey<'_>>,
    cost: Option<u32>,
) -> Prepared {
    let at = Location::caller();
    Prepared(operation.protection().map(|protection| {
        let said = Said {
            key,
            cost,
            ..Said::default()
        };
        Ready::new(protection, said, at)
    }))
}

/// Makes the call: what the body comes to, or why it was not made or not done in time.
///
/// # Errors
///
/// The function's own.
pub async fn run<T, E, F>(
    prepared: Prepared,
    body: F,
    failed: impl FnOnce(ProtectionError<Infallible>) -> Result<T, E>,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let ready = match prepared.0 {
        Ok(ready) => ready,
        Err(why) => return failed(why),
    };
    let operation = async move |(): &mut ()| body.await;
    match passage::through(ready, NoPool(()), ByResult, operation).await {
        Ok(value) => Ok(value),
        Err(error) => match error.split() {
            Ok(error) => Err(error),
            Err(why) => failed(why),
        },
    }
}
