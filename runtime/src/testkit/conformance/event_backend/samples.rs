//! Events and questions to try with.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{
    CorrelationId, Direction, Event, EventId, EventProcess, EventQuery, EventType, OrderBy,
};
use mainstay_specs::ServiceName;

/// A moment so many microseconds after a certain one.
pub(super) fn moment(micros: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + micros)
}

pub(super) fn event(event_type: &str, micros: u64) -> Event {
    let event = Event::builder(event_type).wall_time(moment(micros));
    event.build().expect("an event")
}

/// One with a number of its caller's.
pub(super) fn numbered(id: u64, event_type: &str) -> Event {
    let event = Event::builder(event_type)
        .wall_time(moment(id * 1000))
        .id(id);
    event.build().expect("an event")
}

/// Values that are told apart, though some are easily taken for each other.
pub(super) fn values() -> Vec<ConfigValue> {
    vec![
        ConfigValue::Null,
        false.into(),
        true.into(),
        0.into(),
        1.into(),
        ConfigValue::Float(1.0),
        "1".into(),
        "".into(),
        "a\u{0}b\"\\ü🙂\n".into(),
        i64::MIN.into(),
        u64::MAX.into(),
        ConfigValue::Float(f64::MAX),
        ConfigValue::Float(0.1),
        ConfigValue::list([1, 2]),
        ConfigValue::list(Vec::<ConfigValue>::new()),
        ConfigValue::map([("k", ConfigValue::list([ConfigValue::Null, "x".into()]))]),
        ConfigValue::map([("a.b", 1), ("", 2)]),
        ConfigValue::map(Vec::<(&str, ConfigValue)>::new()),
    ]
}

/// Any of a few, so that many have something in common.
pub(super) fn any_event(rng: &mut Rng) -> Event {
    let mut event = Event::builder(format!("type {}", rng.u8(0..3)))
        .wall_time(moment(rng.u64(0..6)))
        .data(any_data(rng));
    if rng.bool() {
        event = event.correlation_id(format!("matter {}", rng.u8(0..3)));
    }
    if rng.bool() {
        event = event.process(format!("process/{}", rng.u8(0..2)));
    }
    if rng.bool() {
        event = event.node(format!("node {}", rng.u8(0..2)));
    }
    if let Some(parent) = EventId::new(rng.u64(0..5)) {
        event = event.parent_id(parent);
    }
    event.build().expect("an event")
}

fn any_data(rng: &mut Rng) -> ConfigValue {
    let values = values();
    let value = values[rng.usize(0..6)].clone();
    match rng.u8(0..3) {
        0 => value,
        1 => ConfigValue::map([("k", value)]),
        _ => ConfigValue::list([value]),
    }
}

pub(super) fn any_query(rng: &mut Rng) -> EventQuery {
    let mut query = EventQuery::new();
    for _ in 0..rng.u8(0..3) {
        let event_type = EventType::new(format!("type {}", rng.u8(0..3)));
        query = query.event_type(event_type.expect("a type"));
    }
    let seldom = |rng: &mut Rng| rng.u8(0..4) == 0;
    if seldom(rng) {
        query = query.from(moment(rng.u64(0..6)));
    }
    if seldom(rng) {
        query = query.until(moment(rng.u64(0..7)));
    }
    if seldom(rng) {
        let matter = CorrelationId::new(format!("matter {}", rng.u8(0..3)));
        query = query.correlation_id(matter.expect("an id"));
    }
    if seldom(rng) {
        let process = EventProcess::new(format!("process/{}", rng.u8(0..2)));
        query = query.process(process.expect("a path"));
    }
    if seldom(rng) {
        let node = ServiceName::new(format!("node {}", rng.u8(0..2)));
        query = query.node(node.expect("a name"));
    }
    if seldom(rng) {
        query = query.after(EventId::new(rng.u64(1..130)).expect("not 0"));
    }
    if seldom(rng) {
        query = query.before(EventId::new(rng.u64(1..130)).expect("not 0"));
    }
    if seldom(rng) {
        query = query.parent_id(EventId::new(rng.u64(1..5)).expect("not 0"));
    }
    if seldom(rng) {
        let path = ["", "k", "0"][rng.usize(0..3)];
        let value = values()[rng.usize(0..6)].clone();
        query = query.data(path, value).expect("a path");
    }
    let by = [OrderBy::Id, OrderBy::Time][rng.usize(0..2)];
    let direction = [Direction::Ascending, Direction::Descending][rng.usize(0..2)];
    query.order(by, direction)
}
