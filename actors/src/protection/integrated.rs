//! A service whose one operation goes through all guards: the seed's `IntegratedService`.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;

use mainstay_specs::{ProtectionConfig, ServiceName};
use mainstay_supervisors::Namespace;

use super::error::{ConfigureProtectionError, ProtectionError};
use super::handle::Protection;
use super::passage::{self, Ready, Said};
use super::source::NoPool;
use crate::breaker::ByResult;
use crate::limiter::RateKey;

/// An operation behind all guards of a namespace, and whose each call is: the seed's `IntegratedService`.
///
/// The seed asks the rate limiter first, then the memory manager, then the circuit breaker, and tells the breaker of no outcome, so that it
/// never learns of one. Here a call goes through a [`Protection`], in its order: circuit breaker, memory manager, rate limiter, and then the
/// operation, measured. A call that the breaker or the memory manager refuses takes no token of the limit, one that is refused by any is
/// not measured, and none of them counts as a failure; what the operation comes to is told to the breaker.
///
/// ```
/// use std::time::Duration;
///
/// use mainstay_actors::limiter::{RateKey, RateLimiterRegistry};
/// use mainstay_actors::protection::{Guard, IntegratedService};
/// use mainstay_specs::{ProtectionConfig, RateDemand, RateLimitConfig, ServiceName};
/// use mainstay_supervisors::Runtime;
///
/// struct Order {
///     customer: String,
///     cups: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::new();
/// let namespace = runtime.namespace("shop").await?;
/// let orders = ServiceName::new("orders")?;
/// let limit = RateLimitConfig::token_bucket(1, Duration::from_secs(60));
/// RateLimiterRegistry::of(&namespace).register(orders.clone(), limit)?;
///
/// let config = ProtectionConfig::default().rate_limit(RateDemand::new(orders.clone()));
/// let service = IntegratedService::in_namespace(
///     &namespace,
///     orders,
///     &config,
///     |order: &Order| Some(RateKey::user(&order.customer)),
///     |order: Order| async move { Ok::<_, std::io::Error>(order.cups * 2) },
/// )?;
///
/// let order = || Order { customer: "ada".to_owned(), cups: 2 };
/// assert_eq!(service.enhanced_operation(order()).await?, 4);
/// let refused = service.enhanced_operation(order()).await.unwrap_err();
/// assert_eq!(refused.guard(), Some(Guard::RateLimit));
/// # Ok(())
/// # }
/// ```
pub struct IntegratedService<A, K, O> {
    protection: Protection,
    key: K,
    operation: O,
    args: PhantomData<fn(A)>,
    /// Where it was made.
    at: &'static Location<'static>,
}

impl<A, K, O, F, T, E> IntegratedService<A, K, O>
where
    K: Fn(&A) -> Option<RateKey<'_>>,
    O: Fn(A) -> F,
    F: Future<Output = Result<T, E>>,
{
    /// An operation behind guards that are at hand. `key` says whose a call is, for the rate limiter.
    #[track_caller]
    pub const fn new(protection: Protection, key: K, operation: O) -> Self {
        Self {
            protection,
            key,
            operation,
            args: PhantomData,
            at: Location::caller(),
        }
    }

    /// An operation behind guards of a namespace, by a configuration, as [`Protection::in_namespace`] has it; measured there as `<name>.call`.
    ///
    /// # Errors
    ///
    /// [`ConfigureProtectionError::Config`].
    #[track_caller]
    pub fn in_namespace(
        namespace: &Namespace,
        name: ServiceName,
        config: &ProtectionConfig,
        key: K,
        operation: O,
    ) -> Result<Self, ConfigureProtectionError> {
        let protection = Protection::in_namespace(namespace, name, config)?;
        Ok(Self::new(protection, key, operation))
    }

    /// Runs the operation with these arguments, unless a guard refuses it.
    ///
    /// # Errors
    ///
    /// [`ProtectionError::Unleased`] if the configuration says that it takes a connection of a pool. Else which guard refused it and when to
    /// come back, or what became of it; the operation's own error is in [`ProtectionError::Failed`].
    ///
    /// # Panics
    ///
    /// If the operation does; the guards are told.
    ///
    /// Cancel safety: as that of [`Call::run`](super::Call::run).
    pub async fn enhanced_operation(&self, args: A) -> Result<T, ProtectionError<E>> {
        let said = Said {
            key: (self.key)(&args),
            ..Said::default()
        };
        // Holds nothing of the arguments, which the operation takes.
        let ready = Ready::new(&self.protection, said, self.at);
        let operation = async |(): &mut ()| (self.operation)(args).await;
        passage::through(ready, NoPool(()), ByResult, operation).await
    }
}

impl<A, K, O> IntegratedService<A, K, O> {
    /// Its guards.
    #[must_use]
    pub const fn protection(&self) -> &Protection {
        &self.protection
    }
}

impl<A, K, O> fmt::Debug for IntegratedService<A, K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntegratedService")
            .field("operation", self.protection.name())
            .finish_non_exhaustive()
    }
}
