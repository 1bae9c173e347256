//! The suite for what can be asked how it fares: that ours pass, and that it finds what is wrong.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mainstay::testkit::conformance::health_checkable;
use mainstay_actors::ConfigServer;
use mainstay_actors::health::{
    CheckResult, CircuitBreakersHealthCheck, ConfigServerHealthCheck, ConnectionPoolsHealthCheck,
    EventStoreHealthCheck, HealthCheckable, HealthResult, HealthStatus, MemoryManagerHealthCheck,
    RateLimitersHealthCheck, TelemetryHealthCheck, check_fn,
};
use mainstay_supervisors::specs::ConfigServerSpec;

use super::support::{Bed, plain};

#[tokio::test(start_paused = true)]
async fn the_checks_of_services_pass_whether_the_services_are_there_or_not() {
    let config = ConfigServer::child(ConfigServerSpec::default());
    let bed = Bed::with_services([config], plain()).await;
    let namespace = &bed.namespace;
    assert_eq!(
        health_checkable(&ConfigServerHealthCheck::new(namespace)).await,
        Ok(())
    );
    assert_eq!(
        health_checkable(&EventStoreHealthCheck::new(namespace)).await,
        Ok(())
    );
    assert_eq!(
        health_checkable(&TelemetryHealthCheck::new(namespace)).await,
        Ok(())
    );
    assert_eq!(
        health_checkable(&CircuitBreakersHealthCheck::new(namespace)).await,
        Ok(())
    );
    assert_eq!(
        health_checkable(&RateLimitersHealthCheck::new(namespace)).await,
        Ok(())
    );
    assert_eq!(
        health_checkable(&ConnectionPoolsHealthCheck::new(namespace)).await,
        Ok(())
    );
    assert_eq!(
        health_checkable(&MemoryManagerHealthCheck::new(namespace)).await,
        Ok(())
    );
    bed.end().await;
}

async fn rule<C: HealthCheckable>(check: C) -> &'static str {
    let broken = health_checkable(&check).await;
    broken.expect_err("it breaks a rule").rule
}

#[tokio::test(start_paused = true)]
async fn one_without_a_name_or_without_words_is_found() {
    let nameless = check_fn(|| async { CheckResult::healthy(" ", "fine") });
    assert_eq!(
        rule(nameless).await,
        "each part has a name of its own, which can be shown whole"
    );
    let wordless = check_fn(|| async { CheckResult::degraded("db", "") });
    assert_eq!(
        rule(wordless).await,
        "what is not healthy says why, in words that can be shown whole"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_never_answers_is_found() {
    let stuck = check_fn(std::future::pending::<CheckResult>);
    assert_eq!(
        rule(stuck).await,
        "whatever is asked is answered within 10 seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_is_called_otherwise_each_time_is_found() {
    let count = AtomicU64::new(0);
    let fickle = check_fn(move || {
        let nth = count.fetch_add(1, Ordering::SeqCst);
        async move { CheckResult::healthy(format!("db{nth}"), "fine") }
    });
    assert_eq!(
        rule(fickle).await,
        "the part about itself is called the same each time"
    );
}

/// Says that all is well although a part is not.
struct Flatters;

impl HealthCheckable for Flatters {
    async fn self_diagnostic(&self) -> CheckResult {
        CheckResult::unhealthy("db", "it is gone")
    }

    async fn deep_health_check(&self) -> HealthResult {
        let mut result = self.health_check().await;
        result.status = HealthStatus::Healthy;
        result
    }
}

/// Takes a lock by hand, and gives it back only if it is let come to its end.
#[derive(Default)]
struct Keeps(AtomicBool);

impl HealthCheckable for Keeps {
    async fn self_diagnostic(&self) -> CheckResult {
        while self.0.swap(true, Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::task::yield_now().await;
        self.0.store(false, Ordering::SeqCst);
        CheckResult::healthy("lock", "it was to be had")
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_flatters_and_one_that_cannot_be_given_up_on_are_found() {
    assert_eq!(
        rule(Flatters).await,
        "the whole fares no better than the worst of its parts"
    );
    assert_eq!(
        rule(Keeps::default()).await,
        "whatever is asked is answered within 10 seconds"
    );
}
