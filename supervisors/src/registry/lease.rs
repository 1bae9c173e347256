//! The face behind which a registry across machines fits.
//!
//! A name is held by a lease: claimed, renewed, released, and lost when it is not renewed in time. For the local
//! registry the lease lasts as long as the process, which it monitors; renewing it only tells whether it still holds.

use std::fmt;
use std::panic::Location;

use super::{Key, Listener, RegisterError, Registration, Registry, Value};
use crate::process::Process;
use crate::start::BoxFuture;

/// A lease was lost: the holder must stop acting under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease was lost")]
pub struct LeaseLost;

/// A held name.
pub trait Lease: fmt::Debug + Send + Sync {
    /// Keeps it for another term.
    fn renew(&self) -> BoxFuture<'_, Result<(), LeaseLost>>;

    /// Gives it up; false if it was lost already.
    fn release(&self) -> BoxFuture<'_, bool>;
}

/// Where names are claimed and found.
///
/// Through the trait a registration does not know where in the code it was made: it names the place in the backend.
pub trait LeaseBackend<K, V>: Send + Sync {
    /// Claims a key for a process, until it ends, the lease is released or is not renewed in time.
    fn claim<'a>(
        &'a self,
        process: &'a Process,
        key: K,
        value: V,
    ) -> BoxFuture<'a, Result<Box<dyn Lease>, RegisterError>>;

    /// The holder of a key.
    fn find<'a>(&'a self, key: &'a K) -> BoxFuture<'a, Option<Process>>;

    /// A stream of changes from now on.
    fn watch(&self) -> Listener<K, V>;
}

impl<K: Key + fmt::Debug, V: Value> Lease for Registration<K, V> {
    fn renew(&self) -> BoxFuture<'_, Result<(), LeaseLost>> {
        let held = if self.is_current() {
            Ok(())
        } else {
            Err(LeaseLost)
        };
        Box::pin(std::future::ready(held))
    }

    fn release(&self) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(Self::release(self)))
    }
}

impl<K: Key + fmt::Debug, V: Value> LeaseBackend<K, V> for Registry<K, V> {
    #[track_caller]
    fn claim<'a>(
        &'a self,
        process: &'a Process,
        key: K,
        value: V,
    ) -> BoxFuture<'a, Result<Box<dyn Lease>, RegisterError>> {
        let made_at = Location::caller();
        let claimed = self
            .register_at(process, key, value, made_at)
            .map(|registration| Box::new(registration) as Box<dyn Lease>);
        Box::pin(std::future::ready(claimed))
    }

    fn find<'a>(&'a self, key: &'a K) -> BoxFuture<'a, Option<Process>> {
        Box::pin(std::future::ready(self.whereis(key)))
    }

    #[track_caller]
    fn watch(&self) -> Listener<K, V> {
        self.listen()
    }
}
