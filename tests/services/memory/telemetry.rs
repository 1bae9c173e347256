//! What is told to the telemetry and the metrics of the namespace.

use mainstay::testkit::{Capture, Emitted, TestContext};
use mainstay_actors::memory::{Measure, MemoryGauge, MemorySetup};
use mainstay_actors::metrics::{Tags, TimeWindow};
use mainstay_actors::telemetry::{CATALOGUE, Event, EventDescriptor};
use mainstay_actors::{MemoryManager, MetricsStore};
use mainstay_supervisors::specs::MemoryManagerSpec;

use super::support::{name, seconds, settle};

async fn memory(cx: &TestContext) -> (MemoryManager, MemoryGauge) {
    // Nothing is given back, so that nobody but the test asks for samples.
    let spec = MemoryManagerSpec::default()
        .simulation(true)
        .pressure_relief_enabled(false);
    let child = MemoryManager::child_with(MemorySetup::new(spec).by_hand());
    cx.start_supervised(child).await.expect("it starts");
    let memory = MemoryManager::of(cx.namespace());
    let gauge = memory.register_gauge(name("test")).expect("room");
    (memory, gauge)
}

async fn sample(memory: &MemoryManager, gauge: &MemoryGauge, share: f64) {
    gauge.set(Measure::share(share));
    memory.check_now().await.expect("a sample");
    settle().await;
}

/// The last segment of the path, the pressure, and what the metadata says.
fn told(events: &Capture<Emitted>, keys: &[&str]) -> Vec<String> {
    let line = |event: &Event| {
        let kind = |kind: &&EventDescriptor| event.path() == kind.path;
        let kind = CATALOGUE.iter().find(kind).expect("it is in the catalogue");
        kind.check(event).expect("it says what the catalogue says");
        let kind = event.path().segments().last().expect("a path").to_owned();
        let pressure = event.measurements().get("pressure").expect("a number");
        let text = |key: &&str| event.metadata().get(key).map(|value| value.to_string());
        let texts: Option<Vec<String>> = keys.iter().map(text).collect();
        let texts = texts.expect("all are there").join(" ");
        format!("{kind} {} {texts}", pressure.as_f64())
    };
    events.all().iter().map(line).collect()
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn each_change_of_the_level_is_told_whatever_the_level(cx: TestContext) {
    let events = cx.emitted("foundation.memory.pressure");
    let (memory, gauge) = memory(&cx).await;
    for share in [0.75, 0.75, 0.85, 0.97, 0.1] {
        sample(&memory, &gauge, share).await;
    }
    tokio::time::advance(seconds(2)).await;
    sample(&memory, &gauge, 0.1).await;
    memory
        .simulate_pressure(mainstay_actors::memory::PressureLevel::High, seconds(60))
        .expect("it is allowed");
    settle().await;
    let keys = ["from", "to", "level", "cause", "simulated"];
    assert_eq!(
        told(&events, &keys),
        [
            "pressure 0.75 low medium medium test false",
            "pressure 0.85 medium high high test false",
            "pressure 0.97 high critical critical test false",
            "pressure 0.1 critical low low test false",
            "pressure 0.825 low high high simulation true",
        ]
    );
    drop(gauge);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn each_sample_is_told_and_recorded(cx: TestContext) {
    let events = cx.emitted("foundation.memory.check");
    let (memory, gauge) = memory(&cx).await;
    sample(&memory, &gauge, 0.5).await;
    sample(&memory, &gauge, 0.96).await;
    assert_eq!(
        told(&events, &["level", "cause", "simulated", "stale"]),
        [
            "check 0.5 low test false false",
            "check 0.96 critical test false false",
        ]
    );
    let store = MetricsStore::in_namespace(cx.namespace()).expect("it is part of telemetry");
    let last = |name: &str| {
        let view = store.view(name, Tags::new(), TimeWindow::Minute);
        view.and_then(|view| view.last())
    };
    assert_eq!(last("foundation.memory.pressure"), Some(0.96));
    assert_eq!(last("foundation.memory.level"), Some(3.0));
    assert_eq!(last("foundation.memory.heap"), None, "it is not measured");
    drop(gauge);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn what_changed_while_no_keeper_ran_is_told_by_its_successor(cx: TestContext) {
    let events = cx.emitted("foundation.memory.pressure");
    let (memory, gauge) = memory(&cx).await;
    let keeper = cx.namespace().whereis(mainstay_actors::memory::NAME);
    let keeper = keeper.expect("it runs");
    assert!(keeper.inject(mainstay_supervisors::Fault::Hang));
    settle().await;
    sample(&memory, &gauge, 0.99).await;
    assert_eq!(told(&events, &["to"]), Vec::<String>::new());
    keeper.kill();
    keeper.ended().await;
    settle().await;
    assert_eq!(told(&events, &["to"]), ["pressure 0.99 critical"]);
    drop(gauge);
}
