//! Any event, any question.

use std::time::{Duration, SystemTime};

use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{
    CorrelationId, Direction, Event, EventBuilder, EventId, EventProcess, EventQuery, EventType,
    OrderBy,
};
use mainstay_supervisors::specs::ServiceName;
use proptest::prelude::*;

/// A moment so many microseconds after a certain one.
pub(super) fn moment(micros: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_600_000_000_000_000 + micros)
}

/// Whatever JSON can carry, in whatever shape.
pub(super) fn data() -> impl Strategy<Value = ConfigValue> {
    let finite = any::<f64>().prop_filter("finite", |number| number.is_finite());
    let leaf = prop_oneof![
        Just(ConfigValue::Null),
        any::<bool>().prop_map(ConfigValue::from),
        any::<i64>().prop_map(ConfigValue::from),
        any::<u64>().prop_map(ConfigValue::from),
        finite.prop_map(ConfigValue::from),
        any::<String>().prop_map(|text| ConfigValue::from(text.as_str())),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6);
        let map = prop::collection::btree_map(any::<String>(), inner, 0..6);
        prop_oneof![
            list.prop_map(ConfigValue::list),
            map.prop_map(ConfigValue::map),
        ]
    })
}

/// What somebody says of an event, right or wrong.
pub(super) fn builder() -> impl Strategy<Value = EventBuilder> {
    let text = || prop_oneof![4 => "[a-zäß🙂 ]{1,12}", 1 => any::<String>()];
    let said = (
        text(),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
    );
    let id = prop_oneof![1 => any::<u64>(), 4 => 1..1_000_u64];
    let numbers = (
        prop::option::weighted(0.2, id),
        prop::option::weighted(0.3, any::<u64>()),
        prop::option::weighted(0.5, 0..u64::MAX / 4096),
    );
    (said, numbers, data()).prop_map(|((kind, matter, process, node), (id, parent, at), data)| {
        let mut event = Event::builder(kind).data(data);
        event = matter.iter().fold(event, EventBuilder::correlation_id);
        event = process.iter().fold(event, EventBuilder::process);
        event = node.iter().fold(event, EventBuilder::node);
        event = id.into_iter().fold(event, EventBuilder::id);
        let parent = parent.and_then(EventId::new);
        event = parent.into_iter().fold(event, EventBuilder::parent_id);
        let at = at.map(|at| SystemTime::UNIX_EPOCH + Duration::from_micros(at / 2));
        at.into_iter().fold(event, EventBuilder::wall_time)
    })
}

/// An event that is one, without a number.
pub(super) fn event() -> impl Strategy<Value = Event> {
    builder().prop_filter_map("an event", |builder| {
        let event = builder.build().ok()?;
        event.id().is_none().then_some(event)
    })
}

/// One of few, so that many have something in common.
pub(super) fn alike() -> impl Strategy<Value = Event> {
    let few = || prop::option::of(0..3_u8);
    let said = (0..3_u8, few(), few(), few(), few());
    (said, 0..8_u64, 0..3_i64).prop_map(|((kind, matter, process, node, parent), at, data)| {
        let mut event = Event::builder(format!("t{kind}")).wall_time(moment(at));
        event = event.data(ConfigValue::map([("k", data)]));
        let named = |letter: &str, of: Option<u8>| of.map(|of| format!("{letter}{of}"));
        event = named("m", matter)
            .iter()
            .fold(event, EventBuilder::correlation_id);
        event = named("p", process)
            .iter()
            .fold(event, EventBuilder::process);
        event = named("n", node).iter().fold(event, EventBuilder::node);
        let parent = parent.and_then(|parent| EventId::new(parent.into()));
        event = parent.into_iter().fold(event, EventBuilder::parent_id);
        event.build().expect("an event")
    })
}

/// What is asked, with the offset and the limit, whether it can be or not.
pub(super) fn query() -> impl Strategy<Value = (EventQuery, u64, u32)> {
    let few = || prop::option::weighted(0.2, 0..3_u8);
    let texts = (few(), few(), few(), few());
    let types = prop_oneof![8 => prop::collection::vec(0..4_u8, 0..3), 1 => Just(vec![0; 65])];
    let number = || prop::option::weighted(0.2, 0..12_u64);
    let numbers = (number(), number(), number(), number());
    let offset = prop_oneof![8 => 0..6_u64, 1 => any::<u64>()];
    let limit = prop_oneof![8 => 1..30_u32, 1 => any::<u32>()];
    let order = (any::<bool>(), any::<bool>(), offset, limit);
    let data = prop::option::weighted(0.2, 0..3_i64);
    (types, texts, numbers, data, order).prop_map(|(types, texts, numbers, data, order)| {
        let mut query = EventQuery::new();
        for kind in types {
            query = query.event_type(EventType::new(format!("t{kind}")).expect("a type"));
        }
        query = with_texts(query, texts);
        query = with_numbers(query, numbers);
        if let Some(data) = data {
            query = query.data("k", data).expect("a path");
        }
        let (by_time, down, offset, limit) = order;
        let by = [OrderBy::Id, OrderBy::Time][usize::from(by_time)];
        let direction = [Direction::Ascending, Direction::Descending][usize::from(down)];
        let query = query.order(by, direction).offset(offset).limit(limit);
        (query, offset, limit)
    })
}

type Few = Option<u8>;

fn with_texts(mut query: EventQuery, texts: (Few, Few, Few, Few)) -> EventQuery {
    let (matter, process, node, parent) = texts;
    if let Some(matter) = matter {
        query = query.correlation_id(CorrelationId::new(format!("m{matter}")).expect("an id"));
    }
    if let Some(process) = process {
        query = query.process(EventProcess::new(format!("p{process}")).expect("a path"));
    }
    if let Some(node) = node {
        query = query.node(ServiceName::new(format!("n{node}")).expect("a name"));
    }
    let parent = parent.and_then(|parent| EventId::new(parent.into()));
    parent.into_iter().fold(query, EventQuery::parent_id)
}

type Number = Option<u64>;

fn with_numbers(query: EventQuery, numbers: (Number, Number, Number, Number)) -> EventQuery {
    let (from, until, after, before) = numbers;
    let query = from.map(moment).into_iter().fold(query, EventQuery::from);
    let query = until.map(moment).into_iter().fold(query, EventQuery::until);
    let after = after.and_then(EventId::new);
    let query = after.into_iter().fold(query, EventQuery::after);
    let before = before.and_then(EventId::new);
    before.into_iter().fold(query, EventQuery::before)
}

/// What the query gives of these events, which are in the order of their numbers.
pub(super) fn answer(events: &[Event], query: &EventQuery, offset: u64, limit: u32) -> Vec<u64> {
    let mut fits: Vec<&Event> = events.iter().filter(|event| query.matches(event)).collect();
    let words = format!("{query:?}");
    if words.contains("order_by: Time") {
        fits.sort_by_key(|event| (event.wall_time(), event.id()));
    }
    if words.contains("direction: Descending") {
        fits.reverse();
    }
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    super::numbers(fits.into_iter().skip(offset).take(limit as usize))
}
