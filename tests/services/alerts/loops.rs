//! Alerts do not lead to alerts.

use mainstay_actors::metrics::Tags;
use mainstay_supervisors::specs::{Aspect, Comparison, NoData};

use super::support::{Bed, rule};

#[tokio::test(start_paused = true)]
async fn what_is_counted_of_alerts_sets_off_no_alert() {
    let everything = rule("**", Comparison::Gt, 0.0)
        .aspect(Aspect::Count)
        .no_data(NoData::Resolve);
    let mut bed = Bed::with([everything]).await;
    // As an application would that wants to see its alerts among its metrics.
    let telemetry = bed.telemetry();
    let counts = telemetry.clone();
    let count = move |event: &mainstay_actors::telemetry::Event| {
        let path = event.path().as_str();
        counts
            .emit_counter(path, 1, Tags::new())
            .expect("a counter");
        counts
            .emit_counter(format!("{path}.by_rule"), 1, Tags::new())
            .expect("a counter");
    };
    telemetry
        .attach("count", "foundation.performance.alert", count)
        .expect("it is attached")
        .keep();
    telemetry
        .emit_counter("app.errors", 1, Tags::new())
        .expect("a counter");
    let told = bed.seconds(10).await;
    let of_app = told
        .iter()
        .filter(|line| line.contains("app.errors"))
        .count();
    assert_eq!(of_app, 1);
    assert!(
        !told
            .iter()
            .any(|line| line.contains("foundation.performance")),
        "{told:?}"
    );
    let counted = bed
        .metrics
        .counter("foundation.performance.alert", Tags::new())
        .expect("a counter")
        .total();
    assert_eq!(counted, u64::try_from(told.len()).expect("few"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_alerts_that_panics_does_not_stop_the_alerts() {
    let mut bed = Bed::with([rule("app.*", Comparison::Gt, 0.0).aspect(Aspect::Count)]).await;
    let telemetry = bed.telemetry();
    telemetry
        .attach("broken", "**", |_| panic!("as planned"))
        .expect("it is attached")
        .keep();
    let keeper = bed.process("alerts");
    for name in ["app.a", "app.b"] {
        telemetry
            .emit_counter(name, 1, Tags::new())
            .expect("a counter");
        assert_eq!(bed.seconds(1).await.len(), 1);
    }
    assert_eq!(bed.process("alerts"), keeper);
    bed.end().await;
}
