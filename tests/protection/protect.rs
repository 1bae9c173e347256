//! `#[mainstay::protect]`.

use std::future::{Future, pending};
use std::pin::Pin;

use mainstay_actors::limiter::RateKey;
use mainstay_actors::protection::{Guard, Protection, ProtectionError};
use mainstay_supervisors::{Child, current};

use super::support::{Bed, NoDisk, without_pool};

/// What the functions of a service come to that has guards.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error("there is no such order")]
    Unknown,
    #[error(transparent)]
    Disk(#[from] NoDisk),
    #[error(transparent)]
    Refused(#[from] ProtectionError<std::convert::Infallible>),
}

impl OrderError {
    fn guard(&self) -> Option<Guard> {
        match self {
            Self::Refused(why) => why.guard(),
            _ => None,
        }
    }
}

struct Orders {
    protection: Protection,
}

#[mainstay::protect(operation = self.protection, key = User(customer))]
impl Orders {
    pub(crate) async fn find(&self, customer: &str, number: u64) -> Result<u64, OrderError> {
        if number == 0 {
            return Err(OrderError::Unknown);
        }
        Ok(number)
    }

    pub(crate) fn boxed<'a>(
        &'a self,
        customer: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<String, OrderError>> + Send + 'a>> {
        Box::pin(async move { Ok(customer.to_owned()) })
    }

    #[allow(clippy::manual_async_fn)]
    pub(crate) fn later(
        &self,
        customer: String,
    ) -> impl Future<Output = Result<String, OrderError>> {
        async move { Ok(customer) }
    }

    #[protect(cost = 3)]
    pub(crate) async fn export(&self, customer: String) -> Result<String, OrderError> {
        // It gives away what the key was made of.
        Ok(customer)
    }

    pub(crate) async fn hang(&self, customer: &str) -> Result<(), OrderError> {
        let _ = customer;
        pending().await
    }

    #[unprotected]
    pub(crate) fn name(&self) -> &str {
        self.protection.name().as_str()
    }
}

#[mainstay::protect(operation = "orders", key = shop, error = |why| why.to_string())]
async fn count(shop: u64) -> Result<u64, String> {
    Ok(shop)
}

#[tokio::test(start_paused = true)]
async fn functions_of_every_form_go_through_the_guards() {
    let bed = Bed::new(without_pool()).await;
    let orders = Orders {
        protection: bed.orders(),
    };
    assert_eq!(orders.name(), "orders");
    assert_eq!(orders.find("ada", 7).await.expect("it works"), 7);
    assert_eq!(orders.boxed("ada").await.expect("it works"), "ada");
    assert_eq!(
        orders.later("ada".to_owned()).await.expect("it works"),
        "ada"
    );
    let refused = orders.find("ada", 7).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    assert_eq!(
        orders.export("eve".to_owned()).await.expect("it works"),
        "eve"
    );
    let refused = orders.boxed("eve").await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    let refused = orders.later("eve".to_owned()).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::RateLimit));
    let counts = bed.counts();
    assert_eq!((counts.successes, counts.rate_limited), (4, 3));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn errors_of_a_function_are_its_own_and_failures_to_the_breaker() {
    let bed = Bed::new(without_pool()).await;
    let orders = Orders {
        protection: bed.orders(),
    };
    for _ in 0..2 {
        let failed = orders.find("ada", 0).await.unwrap_err();
        assert!(matches!(failed, OrderError::Unknown), "{failed}");
    }
    let refused = orders.find("ada", 7).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Circuit));
    bed.breaker.reset();
    let late = orders.hang("eve").await.unwrap_err();
    assert_eq!(late.to_string(), "orders was not done in its time, 2s");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_of_a_name_is_that_of_the_namespace_of_the_process() {
    let bed = Bed::new(without_pool()).await;
    assert_eq!(
        count(1).await,
        Err("no protection is configured for orders".to_owned())
    );
    let (answer, answered) = tokio::sync::oneshot::channel();
    let answer = std::sync::Mutex::new(Some(answer));
    let child = Child::task("counter", move |_| {
        let answer = answer.lock().expect("no panic").take();
        async move {
            assert!(current().is_some());
            if let Some(answer) = answer {
                answer.send(count(7).await).ok();
            }
        }
    });
    let child = child.restart(mainstay_supervisors::specs::Restart::Temporary);
    bed.namespace.start_child(child).await.expect("it starts");
    assert_eq!(answered.await.expect("it answers"), Ok(7));
    let left = bed.limiter.status(RateKey::id(7)).expect("it has a key");
    assert_eq!(left.expect("it has a key").remaining, 2);
    assert_eq!(bed.counts().successes, 1);
    bed.end().await;
}
