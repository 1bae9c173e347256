//! What telemetry and metrics are told.

use mainstay_actors::memory::{
    CleanupClass, CleanupPriority, OperationClass, OperationPriority, PressureLevel,
};
use mainstay_actors::telemetry::{Event, TelemetryEvents, Value};
use mainstay_actors::{MetricsStore, Telemetry};
use tokio::time::sleep;

use super::support::{Bed, Doing, name, seconds};

/// The event, without how long anything took.
fn line(event: &Event) -> String {
    let fields = event.metadata().iter();
    let fields = fields.map(|(name, value)| format!("{name}={}", text(value)));
    let counts = event.measurements().iter();
    let counts = counts.filter(|(name, _)| *name != "duration");
    let counts = counts.map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = fields.chain(counts).collect();
    format!("{} {}", event.path(), all.join(" "))
}

fn text(value: &Value) -> String {
    value.to_string()
}

fn told(events: &mut TelemetryEvents) -> Vec<String> {
    let all = std::iter::from_fn(|| events.try_next());
    all.map(|event| line(&event.expect("nothing is lost")))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_round_is_told_from_its_beginning_to_its_end() {
    let bed = Bed::new().await;
    let telemetry = Telemetry::in_namespace(&bed.namespace).expect("it was started");
    let mut events = telemetry.subscribe("foundation.memory.*").expect("a place");
    bed.strategy("thumbnails", Doing::nothing(CleanupClass::Cache));
    bed.memory
        .request_cleanup(&name("thumbnails"), CleanupPriority::Proactive);
    sleep(seconds(2)).await;
    let lines = told(&mut events);
    let cleanup: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("cleanup"))
        .collect();
    assert_eq!(
        cleanup,
        [
            "foundation.memory.cleanup_round_begun namespace=bed round=1 service=thumbnails cause=request priority=proactive",
            "foundation.memory.cleanup_ran namespace=bed round=1 service=thumbnails class=cache result=done error= entries=0",
            "foundation.memory.cleanup_round_ended namespace=bed round=1 service=thumbnails cause=request outcome=done class=cache runs=1",
        ]
    );
    let metrics = MetricsStore::in_namespace(&bed.namespace).expect("it was started");
    let tags = [("service", "thumbnails"), ("result", "done")];
    let runs = metrics.counter("foundation.memory.cleanup_runs", tags);
    assert_eq!(runs.expect("a counter").total(), 1);
    drop(events);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn refusals_are_one_event_a_second_for_each_class_and_reason_and_none_is_lost() {
    let bed = Bed::new().await;
    let telemetry = Telemetry::in_namespace(&bed.namespace).expect("it was started");
    let mut events = telemetry
        .subscribe("foundation.memory.refused")
        .expect("a place");
    bed.simulate(PressureLevel::Critical);
    let refuse = |count: u32| {
        for _ in 0..count {
            let class = OperationClass::Write;
            let refused = bed
                .memory
                .check_operation_allowed(class, 1, OperationPriority::Normal);
            assert!(!refused.is_admitted());
        }
    };
    refuse(1000);
    sleep(seconds(2)).await;
    refuse(10);
    // It crashes before it has told.
    let executor = bed.process("cleanup");
    executor.kill();
    executor.ended().await;
    sleep(seconds(2)).await;
    assert_eq!(
        told(&mut events),
        [
            "foundation.memory.refused namespace=bed class=write reason=level count=1000 total=1000",
            "foundation.memory.refused namespace=bed class=write reason=level count=10 total=1010",
        ]
    );
    drop(events);
    bed.end().await;
}
