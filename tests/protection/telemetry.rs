//! What is told of refusals.

use std::time::Duration;

use mainstay_actors::TelemetryService;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::metrics::TimeWindow;

use crate::support::{Bed, without_pool, works};

#[tokio::test(start_paused = true)]
async fn a_thousand_refusals_are_one_event_a_second_for_each_guard_and_none_is_lost() {
    let bed = Bed::new(without_pool()).await;
    let telemetry = TelemetryService::in_namespace(&bed.namespace).expect("it runs");
    let mut events = telemetry
        .subscribe("foundation.protection.refused")
        .expect("a pattern");
    let orders = bed.orders();
    // Half way between two reports.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for second in 0..3 {
        for _ in 0..1000 {
            orders.key(RateKey::user("ada")).run(works).await.ok();
        }
        if second == 2 {
            bed.breaker.force_open();
            orders
                .key(RateKey::user("ada"))
                .run(works)
                .await
                .unwrap_err();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        let event = event.expect("it keeps up");
        let text = |key: &str| event.metadata().get(key).map(ToString::to_string);
        let number = |key: &str| event.measurements().get(key).map(ToString::to_string);
        told.push((text("guard"), number("count"), number("total")));
    }
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (some("rate_limit"), some("997"), some("997")),
            (some("rate_limit"), some("1000"), some("1997")),
            (some("circuit"), some("1"), some("1")),
            (some("rate_limit"), some("1000"), some("2997")),
        ]
    );
    let views = bed.store().views(TimeWindow::Minute, |key| {
        key.name.as_str() == "foundation.protection.refused"
    });
    assert_eq!(views.len(), 2);
    bed.end().await;
}
