//! The local registry as a backend of leases, and backends that break the rules.

use mainstay::testkit::{TestContext, conformance};
use mainstay_supervisors::registry::{Lease, LeaseBackend, LeaseLost, Listener};
use mainstay_supervisors::{Keys, Process, RegisterError, Registration, Registry};

type Local = Registry<String, u32>;

#[mainstay::test(start_paused = true)]
async fn the_local_registry_conforms(cx: TestContext) {
    let registry = Local::new(Keys::Unique);
    let conforms = conformance::lease_backend(&cx, &registry).await;
    assert_eq!(conforms, Ok(()));
    assert_eq!(registry.count(), 0);
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_registry_conforms_with_threads_as_well(cx: TestContext) {
    let registry = Local::new(Keys::Unique);
    assert_eq!(conformance::lease_backend(&cx, &registry).await, Ok(()));
}

#[mainstay::test(start_paused = true)]
async fn a_backend_that_lets_several_in_breaks_a_rule(cx: TestContext) {
    let registry = Local::new(Keys::Duplicate);
    let broken = conformance::lease_backend(&cx, &registry)
        .await
        .unwrap_err();
    assert_eq!(
        broken.rule,
        "a key that is held is refused, with its holder"
    );
    assert!(
        broken.expected.starts_with("Err(AlreadyRegistered("),
        "{broken}"
    );
    assert_eq!(broken.found, "Ok(())");
}

type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A backend whose leases can be given up again and again, or that never answers.
struct Odd {
    registry: Local,
    answers: bool,
}

#[derive(Debug)]
struct OddLease(Registration<String, u32>);

impl Lease for OddLease {
    fn renew(&self) -> Answer<'_, Result<(), LeaseLost>> {
        Box::pin(async { Ok(()) })
    }

    fn release(&self) -> Answer<'_, bool> {
        self.0.release();
        Box::pin(async { true })
    }
}

impl LeaseBackend<String, u32> for Odd {
    fn claim<'a>(
        &'a self,
        process: &'a Process,
        key: String,
        value: u32,
    ) -> Answer<'a, Result<Box<dyn Lease>, RegisterError>> {
        let claimed = self.registry.register(process, key, value);
        Box::pin(
            async move { claimed.map(|claimed| Box::new(OddLease(claimed)) as Box<dyn Lease>) },
        )
    }

    fn find<'a>(&'a self, key: &'a String) -> Answer<'a, Option<Process>> {
        if !self.answers {
            return Box::pin(std::future::pending());
        }
        self.registry.find(key)
    }

    fn watch(&self) -> Listener<String, u32> {
        self.registry.listen()
    }
}

#[mainstay::test(start_paused = true)]
async fn a_backend_that_renews_what_was_released_breaks_a_rule(cx: TestContext) {
    let odd = Odd {
        registry: Local::new(Keys::Unique),
        answers: true,
    };
    let broken = conformance::lease_backend(&cx, &odd).await.unwrap_err();
    assert_eq!(
        broken.to_string(),
        "broken: a lease that was released is lost, and its key is free; expected Err(LeaseLost), found Ok(())"
    );
}

#[mainstay::test(start_paused = true)]
async fn a_backend_that_does_not_answer_breaks_a_rule(cx: TestContext) {
    let odd = Odd {
        registry: Local::new(Keys::Unique),
        answers: false,
    };
    let broken = conformance::lease_backend(&cx, &odd).await.unwrap_err();
    assert_eq!(
        broken.to_string(),
        "broken: an answer, or an event, comes within 10 seconds; expected the answer to a search, found nothing"
    );
}
