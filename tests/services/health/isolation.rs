//! One that panics, hangs or is late changes its own entry and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mainstay_actors::HealthAggregator;
use mainstay_actors::health::{CheckResult, HealthCheckable, HealthStatus};

use super::support::{Act, Bed, Look, config, ms, name, settle};

const HEALTHY: HealthStatus = HealthStatus::Healthy;
const UNHEALTHY: HealthStatus = HealthStatus::Unhealthy;

#[tokio::test(start_paused = true)]
async fn one_that_panics_changes_only_its_own_entry() {
    let bed = Bed::new().await;
    let bad = Look::that(Act::Panic);
    bed.add("bad", &bad);
    bed.add("good", &Look::healthy());
    let health = bed.sweep().await;
    let entry = health.service("bad").expect("it is there");
    assert_eq!(entry.status, UNHEALTHY);
    assert_eq!(entry.message, "the check has panicked: as planned");
    assert_eq!(health.service("good").expect("it is there").status, HEALTHY);
    assert_eq!(bed.health.stats().panics, bad.begun());
    bad.set_status(HEALTHY);
    assert_eq!(bed.sweep().await.status, HEALTHY);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_down_after_its_time_and_not_begun_again_until_it_has_ended() {
    let bed = Bed::new().await;
    let stuck = Look::hangs();
    bed.add_with(
        "stuck",
        &stuck,
        config().time_limit(ms(3000)).interval(ms(1000)),
    );
    bed.add_with("good", &Look::healthy(), config().interval(ms(1000)));
    settle().await;
    tokio::time::sleep(ms(2999)).await;
    assert_eq!(bed.status("stuck"), HealthStatus::Unknown);
    tokio::time::sleep(ms(2)).await;
    let entry = bed.health.service("stuck").expect("it is there");
    assert_eq!(
        (entry.status, entry.message.as_str()),
        (UNHEALTHY, "Health check timeout")
    );
    assert!(entry.running_since.is_some());
    assert_eq!(bed.status("good"), HEALTHY);
    let stats = bed.health.stats();
    assert_eq!((stats.running, stats.stuck, stats.timeouts), (1, 1, 1));

    // A sweep does not wait for one that is known to be stuck.
    let begun = tokio::time::Instant::now();
    let health = bed.sweep().await;
    assert_eq!(begun.elapsed(), ms(0));
    assert_eq!(
        health.service("stuck").expect("it is there").status,
        UNHEALTHY
    );
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!((stuck.begun(), stuck.most()), (1, 1));

    // What it says after its time counts for nothing, but it is asked anew at once.
    stuck.set_status(HealthStatus::Degraded);
    stuck.let_go();
    settle().await;
    let stats = bed.health.stats();
    assert_eq!((stats.late, stats.running, stats.timeouts), (1, 0, 1));
    assert_eq!((stuck.begun(), stuck.ended()), (2, 2));
    assert_eq!(bed.status("stuck"), HealthStatus::Degraded);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_slow_and_is_fast_again_is_healthy_again() {
    let bed = Bed::new().await;
    let look = Look::healthy();
    bed.add_with("db", &look, config().time_limit(ms(500)).interval(ms(1000)));
    settle().await;
    assert_eq!(bed.status("db"), HEALTHY);
    look.set(Act::Wait);
    tokio::time::sleep(ms(1501)).await;
    assert_eq!(bed.status("db"), UNHEALTHY);
    look.set_status(HEALTHY);
    look.let_go();
    settle().await;
    assert_eq!((bed.status("db"), look.begun()), (HEALTHY, 3));
    let entry = bed.health.service("db").expect("it is there");
    assert_eq!((entry.consecutive_failures, entry.running_since), (0, None));
    bed.end().await;
}

/// Takes itself out while it looks.
struct Leaves {
    health: HealthAggregator,
    looked: Arc<AtomicU64>,
}

impl HealthCheckable for Leaves {
    async fn self_diagnostic(&self) -> CheckResult {
        self.looked.fetch_add(1, Ordering::SeqCst);
        assert!(self.health.unregister("leaves"));
        tokio::task::yield_now().await;
        CheckResult::healthy("leaves", "never seen")
    }
}

/// Whoever drops it may look into the book.
impl Drop for Leaves {
    fn drop(&mut self) {
        assert!(!self.health.unregister("leaves"));
        assert_eq!(self.health.stats().checks_max, 1024);
    }
}

#[tokio::test(start_paused = true)]
async fn one_may_take_itself_out() {
    let bed = Bed::new().await;
    bed.add("good", &Look::healthy());
    let looked = Arc::new(AtomicU64::new(0));
    let leaves = Leaves {
        health: bed.health.clone(),
        looked: Arc::clone(&looked),
    };
    bed.health
        .register(name("leaves"), leaves, config())
        .expect("it is registered");
    let health = bed.sweep().await;
    assert_eq!(
        (looked.load(Ordering::SeqCst), health.total_services),
        (1, 1)
    );
    assert_eq!(health.status, HEALTHY);
    bed.end().await;
}

/// Looks so deep that it never ends, and holds something that says when it is let go.
struct Holds(Arc<()>);

impl HealthCheckable for Holds {
    async fn self_diagnostic(&self) -> CheckResult {
        let held = Arc::clone(&self.0);
        std::future::pending::<()>().await;
        drop(held);
        CheckResult::healthy("holds", "never")
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_one_that_hangs_when_the_namespace_has_ended() {
    let bed = Bed::new().await;
    let held = Arc::new(());
    let look = Holds(Arc::clone(&held));
    bed.health
        .register(name("holds"), look, config())
        .expect("it is registered");
    settle().await;
    assert_eq!(Arc::strong_count(&held), 3);
    bed.end().await;
    settle().await;
    assert_eq!(Arc::strong_count(&held), 1);
}

/// What a check may not do, and does: asks for the health of all.
struct AsksBack(HealthAggregator);

impl HealthCheckable for AsksBack {
    async fn self_diagnostic(&self) -> CheckResult {
        let health = self.0.sweep().await;
        let status = health.map_or(UNHEALTHY, |health| health.status);
        CheckResult::new("asks back", status, "what all say")
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_asks_for_the_health_of_all_waits_for_the_deadline_and_no_longer() {
    let bed = Bed::new().await;
    let asks = AsksBack(bed.health.clone());
    bed.health
        .register(name("asks"), asks, config())
        .expect("it is registered");
    bed.add("good", &Look::healthy());
    let begun = tokio::time::Instant::now();
    let health = bed.sweep().await;
    assert_eq!(begun.elapsed(), ms(80));
    assert_eq!(health.service("good").expect("it is there").status, HEALTHY);
    bed.end().await;
}
