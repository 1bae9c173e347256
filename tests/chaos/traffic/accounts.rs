//! What has to hold of what clients were told.

use std::collections::BTreeMap;

use mainstay::prelude::*;
use mainstay_actors::EventStore;
use mainstay_actors::config::UPDATE_LIMIT;
use mainstay_actors::event_store::EventQuery;
use mainstay_actors::limiter::RateLimiterRegistry;
use mainstay_actors::protection::{Guard, ProtectionRegistry};

use super::EVENTS_MAX;
use super::client::{ASKS, Answer, Asks, Told};
use crate::book::Said;

/// The protected operations, by what is asked, and what they answer if all is well.
const OPERATIONS: [(Asks, &str, u16); 4] = [
    (Asks::ConfigRead, "api.config.reads", 200),
    (Asks::ConfigWrite, "api.config.writes", 200),
    (Asks::EventsRead, "api.events.reads", 200),
    (Asks::EventsWrite, "api.events.writes", 201),
];

/// What does not hold, a line each.
pub(super) async fn faults(app: &Namespace, told: &Told) -> Vec<String> {
    let mut faults = told.broken.clone();
    if told.closed > 0 {
        faults.push(format!("{} connections were closed", told.closed));
    }
    let strange = told.answers.keys().filter(|answer| !is_known(answer));
    faults.extend(strange.map(|answer| format!("nobody is to be told: {answer:?}")));
    for asks in ASKS {
        if count(told, |it| it.asks == asks && it.status / 100 == 2) == 0 {
            faults.push(format!("{asks:?} was never done"));
        }
    }
    operations(app, told, &mut faults);
    events(app, told, &mut faults).await;
    settings(app, told, &mut faults);
    faults
}

/// What may be told: that it is done; who refuses, and when to come back; that the service does, which is just being restarted, and when to
/// come back; of changes, that nobody knows.
fn is_known(answer: &Answer) -> bool {
    let guard = answer.guard.as_deref();
    let changes = matches!(answer.asks, Asks::ConfigWrite | Asks::EventsWrite);
    match (answer.status, guard) {
        (201, None) => answer.asks == Asks::EventsWrite,
        (200, None) => answer.asks != Asks::EventsWrite,
        (429, Some("limiter")) => changes && answer.comes_back,
        (503, Some("circuit")) | (503, None) => answer.asks != Asks::Live && answer.comes_back,
        (504, None) => changes && !answer.comes_back,
        _ => false,
    }
}

fn count(told: &Told, of: impl Fn(&Answer) -> bool) -> u64 {
    let answers = told.answers.iter().filter(|(answer, _)| of(answer));
    answers.map(|(_, count)| count).sum()
}

/// Each request was refused by one guard, or begun; by guard as many as have said so.
fn operations(app: &Namespace, told: &Told, faults: &mut Vec<String>) {
    let mut check = |what: String, found: u64, expected: u64| {
        if found != expected {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    for (asks, name, done) in OPERATIONS {
        let protection = ProtectionRegistry::of(app).protection(name).unwrap();
        let counts = protection.stats().counts;
        let (mut refused, mut own) = (0, 0);
        for (guard, header) in [
            (Guard::Deadline, "deadline"),
            (Guard::Circuit, "circuit"),
            (Guard::Memory, "memory"),
            (Guard::RateLimit, "limiter"),
            (Guard::Pool, "pool"),
        ] {
            let said = count(told, |it| {
                it.asks == asks && it.guard.as_deref() == Some(header)
            });
            let counted = counts.refused(guard);
            let is_limited_twice = asks == Asks::ConfigWrite && guard == Guard::RateLimit;
            // The config server has a limiter of its own, behind those of the API.
            let by_service = if is_limited_twice {
                updates_refused(app)
            } else {
                0
            };
            check(
                format!("{name} refused by {header}"),
                said,
                counted + by_service,
            );
            refused += counted;
            own += by_service;
        }
        let sent = count(told, |it| it.asks == asks);
        check(
            format!("{name} begun or refused"),
            counts.begun + refused,
            sent,
        );
        check(format!("{name} that run"), counts.running(), 0);
        if asks == Asks::EventsWrite {
            check(format!("{name} begun"), counts.begun, EVENTS_MAX);
        }
        let refused_by_service = count(told, |it| {
            it.asks == asks && it.status != done && it.guard.is_none()
        });
        let done = count(told, |it| it.asks == asks && it.status == done);
        check(
            format!("{name} done or not by the service"),
            done + own + refused_by_service,
            counts.begun,
        );
    }
}

fn updates_refused(app: &Namespace) -> u64 {
    let all = RateLimiterRegistry::of(app).stats();
    let updates = all.iter().find(|it| it.name.as_str() == UPDATE_LIMIT);
    updates.map_or(0, |it| it.refused)
}

/// What was acknowledged is there once, with its number; what was refused is not.
async fn events(app: &Namespace, told: &Told, faults: &mut Vec<String>) {
    let store = EventStore::in_namespace(app).unwrap();
    let query = EventQuery::new()
        .event_type("written".parse().unwrap())
        .limit(1000);
    let mut kept = BTreeMap::<String, Vec<_>>::new();
    for event in store.query(query).await.unwrap().events {
        let text = event.data().step("text").and_then(|text| text.as_str());
        let ids = kept.entry(text.unwrap().to_owned()).or_default();
        ids.push(event.id().unwrap());
    }
    for (text, said) in &told.events {
        let found = kept.remove(text).unwrap_or_default();
        let is_right = match said {
            Said::Stored(id) => found == [*id],
            Said::Refused => found.is_empty(),
            Said::Doubtful => found.len() <= 1,
        };
        if !is_right {
            faults.push(format!(
                "the event {text} was {said:?}, and is there as {found:?}"
            ));
        }
    }
    faults.extend(kept.keys().map(|text| format!("nobody has sent {text}")));
}

/// Each setting is what was put there last, as far as that is known.
fn settings(app: &Namespace, told: &Told, faults: &mut Vec<String>) {
    let config = ConfigServer::in_namespace(app).unwrap();
    for (path, values) in &told.settings {
        let known = values.iter().rposition(|(_, is_known)| *is_known);
        let may_be = &values[known.unwrap_or_default()..];
        let found: Option<u64> = config
            .get_with_default(format!("load.{path}"), None)
            .unwrap();
        let is_right = match found {
            Some(found) => may_be.iter().any(|(value, _)| *value == found),
            None => known.is_none(),
        };
        if !is_right {
            faults.push(format!("{path} is {found:?}, expected one of {may_be:?}"));
        }
    }
}
