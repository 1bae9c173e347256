//! What every guard is told of an operation.

use std::time::Duration;

use futures_util::FutureExt;
use mainstay::testkit::MockConnections;
use mainstay_actors::breaker::{CircuitState, Classify, Outcome};
use mainstay_actors::limiter::RateKey;
use mainstay_actors::metrics::{Aggregation, MetricType, TimeWindow};
use mainstay_actors::pool::PoolError;
use mainstay_actors::protection::{Guard, ProtectionError};

use crate::support::{Bed, NoDisk, all, fails, without_pool, works};

const ADA: RateKey<'static> = RateKey::user("ada");

#[tokio::test(start_paused = true)]
async fn failures_open_the_breaker_and_come_through_as_they_are() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    for _ in 0..2 {
        let failed = orders.key(ADA).run(fails).await.unwrap_err();
        assert_eq!(failed.to_string(), "no disk");
        assert_eq!(failed.into_failed(), Some(NoDisk));
    }
    assert_eq!(bed.breaker.state(), CircuitState::Open);
    // What is told is not sooner than what is so.
    tokio::time::advance(Duration::from_micros(500)).await;
    let refused = orders.key(ADA).run(works).await.unwrap_err();
    let again = Duration::from_secs(30) - Duration::from_micros(500);
    assert_eq!(refused.retry_after(), Some(again));
    assert_eq!(
        refused.to_string(),
        "the circuit db is open, come back in 30s"
    );
    assert!(
        matches!(refused, ProtectionError::CircuitOpen(_)),
        "{refused}"
    );
    assert_eq!(refused.outcome(), Outcome::Refused);
    // Nothing was taken for that one.
    assert_eq!(bed.tokens_left("ada"), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_result_means_to_the_breaker_can_be_said() {
    let bed = Bed::new(without_pool()).await;
    let ignoring = |_: &Result<&str, NoDisk>| Outcome::Ignored;
    for _ in 0..3 {
        let call = bed.orders();
        let failed = call.key(ADA).run_with(ignoring, fails).await.unwrap_err();
        assert_eq!(failed.failed(), Some(&NoDisk));
    }
    assert_eq!(bed.breaker.state(), CircuitState::Closed);
    // They have failed all the same.
    assert_eq!(bed.counts().failures, 3);
    bed.end().await;
}

/// The service that the operation asks has no room.
struct Full;

impl Classify<&'static str, NoDisk> for Full {
    fn classify(&self, result: &Result<&'static str, NoDisk>) -> Outcome {
        result.map_or(Outcome::Refused, |_| Outcome::Success)
    }

    fn guard(&self, _: &Result<&'static str, NoDisk>) -> Option<Guard> {
        Some(Guard::Pool)
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_service_behind_it_refuses_opens_no_circuit_and_is_told_as_a_refusal() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    for _ in 0..2 {
        let failed = orders.key(ADA).run_with(Full, fails).await.unwrap_err();
        assert_eq!(failed.failed(), Some(&NoDisk));
    }
    let unnamed = |_: &Result<&str, NoDisk>| Outcome::Refused;
    orders.key(ADA).run_with(unnamed, fails).await.unwrap_err();
    assert_eq!(bed.breaker.state(), CircuitState::Closed);
    assert_eq!(bed.breaker.stats().totals.failures, 0);
    let counts = bed.counts();
    assert_eq!((counts.begun, counts.failures, counts.running()), (3, 0, 0));
    assert_eq!((counts.refused_within, counts.within.pool), (3, 2));
    assert_eq!(counts.refused(Guard::Pool), 0);
    // They were begun.
    assert_eq!(bed.tokens_left("ada"), 0);
    let measured = bed
        .store()
        .views(TimeWindow::Minute, |key| key.name.as_str() == "orders.call");
    assert!(measured.is_empty());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_and_counts_as_a_failure_once() {
    let bed = Bed::new(all()).await;
    let orders = bed.orders();
    let call = orders
        .key(ADA)
        .leasing::<MockConnections>()
        .expect("it has a pool");
    let panics = call.run(async |_: &mut mainstay::testkit::MockConnection| {
        if bed.tokens_left("ada") < 3 {
            panic!("no disk");
        }
        Ok::<_, NoDisk>(())
    });
    let panic = std::panic::AssertUnwindSafe(panics).catch_unwind().await;
    let panic = panic.expect_err("it panics");
    assert_eq!(panic.downcast_ref(), Some(&"no disk"));
    let counts = bed.counts();
    assert_eq!((counts.begun, counts.panics, counts.running()), (1, 1, 0));
    let totals = bed.breaker.stats().totals;
    assert_eq!((totals.failures, totals.panicked), (1, 1));
    assert_eq!(bed.tokens_left("ada"), 2);
    assert_eq!(bed.pool.stats().leased, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_over_what_a_result_means_is_one_of_the_call_to_all() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    let panics = |_: &Result<&str, NoDisk>| -> Outcome { panic!("no idea") };
    let call = orders.key(ADA).run_with(panics, works);
    let panic = std::panic::AssertUnwindSafe(call).catch_unwind().await;
    assert_eq!(
        panic.expect_err("it panics").downcast_ref(),
        Some(&"no idea")
    );
    assert_eq!(bed.breaker.stats().totals.panicked, 1);
    let counts = bed.counts();
    assert_eq!((counts.panics, counts.cancelled), (1, 0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_cannot_connect_counts_as_a_failure_of_what_is_behind_it() {
    use mainstay::testkit::{MockAct, MockOp};
    let bed = Bed::new(all()).await;
    bed.mock.usually(MockOp::Create, MockAct::fail("no route"));
    for _ in 0..2 {
        let orders = bed.orders();
        let call = orders
            .key(ADA)
            .leasing::<MockConnections>()
            .expect("it has a pool");
        let refused = call.run(async |_: &mut mainstay::testkit::MockConnection| works().await);
        let refused = refused.await.unwrap_err();
        assert_eq!(refused.guard(), Some(Guard::Pool));
        let is_connect = matches!(
            &refused,
            ProtectionError::NoConnection(PoolError::Connect { .. })
        );
        assert!(is_connect, "{refused}");
        assert_eq!(refused.outcome(), Outcome::Failure);
    }
    let totals = bed.breaker.stats().totals;
    assert_eq!((totals.failures, totals.ignored), (2, 0));
    assert_eq!(bed.tokens_left("ada"), 3);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn only_what_was_begun_is_measured_and_by_how_it_ended() {
    let bed = Bed::new(without_pool()).await;
    let orders = bed.orders();
    orders.key(ADA).run(works).await.expect("it works");
    orders.key(ADA).run(fails).await.unwrap_err();
    bed.breaker.force_open();
    for _ in 0..5 {
        orders.key(ADA).run(works).await.unwrap_err();
    }
    let metrics = bed
        .store()
        .get_metrics("orders", TimeWindow::Minute, Aggregation::Avg)
        .expect("it is measured");
    let value = |kind: MetricType| {
        let found = metrics.iter().find(|metric| metric.metric_type == kind);
        found.expect("it is there").value
    };
    assert!((value(MetricType::ErrorRate) - 0.5).abs() < f64::EPSILON);
    let calls = bed
        .store()
        .views(TimeWindow::Minute, |key| key.name.as_str() == "orders.call");
    let counts: Vec<_> = calls.iter().map(|series| series.view.count()).collect();
    assert_eq!(counts, [1, 1]);
    bed.end().await;
}
