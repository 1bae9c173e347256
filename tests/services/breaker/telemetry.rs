//! What is told to the telemetry and the metrics of the namespace.

use std::time::Duration;

use mainstay::testkit::{Capture, Emitted, TestContext};
use mainstay_actors::breaker::{CircuitBreaker, CircuitBreakerRegistry, CircuitState};
use mainstay_actors::metrics::{Tags, TimeWindow};
use mainstay_actors::telemetry::{CATALOGUE, Event, EventDescriptor, TelemetryService};
use mainstay_actors::{MetricsStore, Telemetry};
use mainstay_supervisors::specs::{
    CircuitBreakersSpec, CircuitConfig, HalfOpen, OpenTime, TelemetrySpec,
};

use super::support::{Bed, advance, alone, fail, name, succeed, touchy};

const ALL: &str = "foundation.circuit_breaker.*";

fn breaker(cx: &TestContext, config: CircuitConfig) -> CircuitBreaker {
    let breakers = CircuitBreakerRegistry::of(cx.namespace());
    let made = breakers.register_circuit(name("db"), config);
    made.expect("it is new")
}

fn text(event: &Event, name: &str) -> String {
    let value = event.metadata().get(name);
    value
        .unwrap_or_else(|| panic!("{name} of {event}"))
        .to_string()
}

/// The last segment of the path, the number, and what it went to if it is a step.
fn told(events: &Capture<Emitted>) -> Vec<(String, String)> {
    let path = |event: &Event| event.path().segments().last().map(str::to_owned);
    let events = events.all();
    let told = events
        .iter()
        .map(|event| (path(event).expect("a path"), text(event, "sequence")));
    told.collect()
}

fn numbered(paths: &[&str]) -> Vec<(String, String)> {
    let numbers = (1..).map(|nth: u64| nth.to_string());
    let paths = paths.iter().map(|path| (*path).to_owned());
    paths.zip(numbers).collect()
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn each_transition_is_emitted_once_in_order_as_the_catalogue_says(cx: TestContext) {
    let events = cx.emitted("**");
    let breaker = breaker(&cx, CircuitConfig::default().failure_threshold(2));
    assert!(succeed(&breaker).await.is_ok());
    for _ in 0..2 {
        assert!(fail(&breaker).await.is_err());
    }
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    assert!(succeed(&breaker).await.is_ok());
    let namespace = cx.namespace().name();
    assert_eq!(
        events.lines(),
        [
            format!(
                "foundation.circuit_breaker.opened failure_count=2 success_count=1 service=db key= namespace={namespace} sequence=1 from=closed to=open cause=failures reason=2 failures within the window"
            ),
            format!(
                "foundation.circuit_breaker.half_opened failure_count=0 success_count=0 service=db key= namespace={namespace} sequence=2 from=open to=half_open cause=time_up reason=it has refused for long enough"
            ),
            format!(
                "foundation.circuit_breaker.closed failure_count=0 success_count=1 service=db key= namespace={namespace} sequence=3 from=half_open to=closed cause=probes_succeeded reason=enough probes succeeded"
            ),
        ]
    );
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn what_somebody_says_is_emitted_with_the_state_it_leads_to(cx: TestContext) {
    let events = cx.emitted(ALL);
    let config = touchy().half_open(HalfOpen::default().inconclusive_max(2));
    let breaker = breaker(&cx, config.clone());
    breaker.force_open();
    breaker.force_closed();
    breaker.disable();
    breaker.metrics_only();
    breaker.reset();
    breaker.reconfigure(config).expect("it is valid");
    assert!(fail(&breaker).await.is_err());
    advance(30).await;
    for _ in 0..2 {
        breaker.try_acquire().expect("a probe").ignore();
    }
    let paths = [
        "forced",
        "forced",
        "forced",
        "forced",
        "closed",
        "reconfigured",
        "opened",
        "half_opened",
        "probes_inconclusive",
    ];
    assert_eq!(told(&events), numbered(&paths));
    for event in events.all() {
        let kind = |kind: &&EventDescriptor| event.path() == kind.path;
        let kind = CATALOGUE.iter().find(kind).expect("it is in the catalogue");
        kind.check(&event).expect("it says what the catalogue says");
    }
    let to: Vec<_> = events.all()[..4]
        .iter()
        .map(|event| text(event, "to"))
        .collect();
    assert_eq!(
        to,
        ["forced_open", "forced_closed", "disabled", "metrics_only"]
    );
    let line = format!(
        "foundation.circuit_breaker.reconfigured version=2 service=db key= namespace={} sequence=6",
        cx.namespace().name()
    );
    assert_eq!(events.lines()[5], line);
    assert!(
        events.lines()[8].starts_with(
            "foundation.circuit_breaker.probes_inconclusive probes=2 service=db key= "
        )
    );
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn breakers_by_key_are_told_apart(cx: TestContext) {
    let events = cx.emitted(ALL);
    let breakers = CircuitBreakerRegistry::of(cx.namespace());
    let shards = breakers.keyed(name("shards"), touchy());
    let shards = shards.expect("it is valid");
    for key in ["a", "b"] {
        let shard = shards.breaker(key).expect("room");
        assert!(fail(&shard).await.is_err());
    }
    let events = events.all();
    let keys: Vec<_> = events
        .iter()
        .map(|event| {
            (
                text(event, "service"),
                text(event, "key"),
                text(event, "sequence"),
            )
        })
        .collect();
    let of = |key: &str| ("shards".to_owned(), key.to_owned(), "1".to_owned());
    assert_eq!(keys, [of("a"), of("b")]);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_handler_sees_the_state_it_is_told_of_and_is_not_told_of_what_it_does(cx: TestContext) {
    let all = cx.emitted(ALL);
    let breaker = breaker(&cx, touchy());
    let (seen, states) = std::sync::mpsc::channel();
    let mine = breaker.clone();
    // It goes on for ever, if it hears of what it does.
    let handler = move |event: &Event| {
        seen.send((event.path().to_string(), mine.state()))
            .expect("somebody listens");
        assert!(mine.try_acquire().is_err());
        mine.reset();
        mine.force_open();
        drop(mine.stats());
    };
    let attached = cx.telemetry().attach("mender", ALL, handler);
    let attached = attached.expect("it is the first");
    assert!(fail(&breaker).await.is_err());
    let states: Vec<_> = states.try_iter().collect();
    let opened = "foundation.circuit_breaker.opened".to_owned();
    assert_eq!(states, [(opened, CircuitState::Open)]);
    let expected = numbered(&["opened", "closed", "forced"]);
    assert_eq!(told(&all), expected);
    attached.detach().await.expect("it is attached");
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn handlers_that_undo_each_others_work_come_to_an_end(cx: TestContext) {
    let all = cx.emitted(ALL);
    let breaker = breaker(&cx, touchy());
    let (one, other) = (breaker.clone(), breaker.clone());
    let telemetry = cx.telemetry();
    let closes = move |_: &Event| one.reset();
    let closes = telemetry.attach("closes", "foundation.circuit_breaker.forced", closes);
    let opens = move |_: &Event| other.force_open();
    let opens = telemetry.attach("opens", "foundation.circuit_breaker.closed", opens);
    let held = (closes.expect("a handler"), opens.expect("a handler"));
    breaker.force_open();
    // Each was called once: then it would have been told of what came of its own doing.
    assert_eq!(told(&all), numbered(&["forced", "closed", "forced"]));
    assert_eq!(breaker.state(), CircuitState::ForcedOpen);
    drop(held);
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn a_handler_that_panics_takes_nothing_from_the_caller_or_from_others(cx: TestContext) {
    let attached = cx.telemetry().attach("broken", ALL, |_: &Event| {
        panic!("{}", mainstay_tests::probe::ON_PURPOSE)
    });
    let attached = attached.expect("it is the first");
    let all = cx.emitted(ALL);
    let breaker = breaker(&cx, touchy());
    assert!(fail(&breaker).await.is_err());
    breaker.reset();
    assert_eq!(told(&all), numbered(&["opened", "closed"]));
    attached.detach().await.expect("it is attached");
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn what_falls_due_is_emitted_by_the_keeper_and_survives_its_crash(cx: TestContext) {
    let spec = CircuitBreakersSpec::default();
    let child = CircuitBreakerRegistry::child(spec);
    cx.start_supervised(child).await.expect("it starts");
    let mut all = cx.emitted(ALL);
    let breaker = breaker(&cx, touchy().open(OpenTime::default().eager()));
    assert!(fail(&breaker).await.is_err());
    cx.simulate_crash("circuit_breakers")
        .await
        .expect("it comes back");
    let half = mainstay::testkit::emitted("foundation.circuit_breaker.half_opened");
    let half = half.expect("a pattern").saying("service", "db");
    all.wait_for(half, Duration::from_secs(31))
        .await
        .expect("the time comes");
    assert_eq!(told(&all), numbered(&["opened", "half_opened"]));
}

#[mainstay::test(start_paused = true, services = [telemetry])]
async fn transitions_are_counted_and_the_state_is_shown(cx: TestContext) {
    let store = MetricsStore::in_namespace(cx.namespace()).expect("it is part of telemetry");
    let breaker = breaker(&cx, touchy());
    let breakers = CircuitBreakerRegistry::of(cx.namespace());
    let shards = breakers.keyed(name("shards"), touchy()).expect("valid");
    for key in ["a", "b"] {
        assert!(fail(&shards.breaker(key).expect("room")).await.is_err());
    }
    let count = |service: &str, to: &str| {
        let tags = Tags::from([("service", service), ("to", to)]);
        let name = "foundation.circuit_breaker.transitions";
        let view = store.view(name, tags, TimeWindow::Minute);
        view.map_or(0, |view| view.count())
    };
    let state = |service: &str| {
        let tags = Tags::from([("service", service)]);
        let name = "foundation.circuit_breaker.state";
        store
            .view(name, tags, TimeWindow::Minute)
            .map(|view| view.last())
    };
    assert_eq!((count("shards", "open"), state("shards")), (2, None));
    assert_eq!((count("db", "open"), state("db")), (0, None));
    assert!(fail(&breaker).await.is_err());
    assert_eq!((count("db", "open"), state("db")), (1, Some(Some(2.0))));
    advance(30).await;
    let probe = breaker.try_acquire().expect("a probe");
    assert_eq!(
        (count("db", "half_open"), state("db")),
        (1, Some(Some(1.0)))
    );
    probe.success();
    assert_eq!((count("db", "closed"), state("db")), (1, Some(Some(0.0))));
}

#[tokio::test(start_paused = true)]
async fn telemetry_that_comes_later_is_found_and_none_is_no_fault() {
    let bed = Bed::new().await;
    let breaker = bed.breaker(touchy());
    breaker.force_open();
    let child = Telemetry::child(TelemetrySpec::default());
    bed.namespace.start_child(child).await.expect("it starts");
    let telemetry = TelemetryService::in_namespace(&bed.namespace).expect("it was started");
    let mut events = telemetry.subscribe(ALL).expect("a pattern");
    breaker.reset();
    let event = events.try_next().expect("an event").expect("no lag");
    assert_eq!(text(&event, "sequence"), "2");
    drop(events);
    let alone = alone(touchy());
    assert!(fail(&alone).await.is_err());
    bed.end().await;
}
