//! Questions.

use std::cmp::Ordering;

use fastrand::Rng;
use mainstay_actors::config::ConfigValue;
use mainstay_actors::event_store::{Direction, Event, EventQuery, OrderBy, PageBounds};

use super::samples::{any_event, any_query, event, moment};
use super::trial::{Trial, WHOLE};
use crate::testkit::conformance::{Violation, same};

const FITS: &str = "a question is answered with every event that fits, and no other, in order";
const PAGES: &str = "pages follow each other without a gap, and say whether there are more";
const BYTES: &str = "an answer ends with so many bytes, but has one event at least";

const ORDERS: [(OrderBy, Direction); 4] = [
    (OrderBy::Id, Direction::Ascending),
    (OrderBy::Id, Direction::Descending),
    (OrderBy::Time, Direction::Ascending),
    (OrderBy::Time, Direction::Descending),
];

pub(super) async fn have_every_answer_that_fits(trial: &mut Trial) -> Result<(), Violation> {
    let mut rng = Rng::with_seed(7);
    let events: Vec<Event> = (0..120).map(|_| any_event(&mut rng)).collect();
    let ids: Vec<u64> = (1..=120).collect();
    trial.put(FITS, events, &ids).await?;
    for (by, direction) in ORDERS {
        let all = trial
            .ask(EventQuery::new().order(by, direction), WHOLE)
            .await?;
        let all = numbers(&all.events);
        same(
            FITS,
            &all,
            &expected(&trial.events, &EventQuery::new(), by, direction),
        )?;
    }
    for _ in 0..60 {
        let query = any_query(&mut rng);
        for (by, direction) in ORDERS {
            let found = trial.ask(query.clone().order(by, direction), WHOLE).await?;
            let expected = expected(&trial.events, &query, by, direction);
            let about = |ids: Vec<u64>| format!("{ids:?} for {query:?} by {by:?} {direction:?}");
            same(FITS, &about(numbers(&found.events)), &about(expected))?;
            same(FITS, &found.more, &false)?;
        }
    }
    Ok(())
}

fn numbers(events: &[Event]) -> Vec<u64> {
    events
        .iter()
        .filter_map(Event::id)
        .map(|id| id.get())
        .collect()
}

fn expected(events: &[Event], query: &EventQuery, by: OrderBy, direction: Direction) -> Vec<u64> {
    let mut fits: Vec<&Event> = events.iter().filter(|event| query.matches(event)).collect();
    fits.sort_by(|a, b| {
        let order = match by {
            OrderBy::Time => a.wall_time().cmp(&b.wall_time()),
            _ => Ordering::Equal,
        };
        order.then(a.id().cmp(&b.id()))
    });
    if direction == Direction::Descending {
        fits.reverse();
    }
    fits.iter()
        .filter_map(|event| event.id())
        .map(|id| id.get())
        .collect()
}

pub(super) async fn are_answered_in_pages(trial: &mut Trial) -> Result<(), Violation> {
    let third = |nth: u64| ConfigValue::map([("k", nth % 3)]);
    let event = |nth| {
        let event = Event::builder("e").wall_time(moment(nth % 5));
        event.data(third(nth)).build().expect("an event")
    };
    let events = (0..23).map(event).collect();
    let ids: Vec<u64> = (1..=23).collect();
    trial.put(PAGES, events, &ids).await?;
    let by_data = EventQuery::new().data("k", 1).expect("a path");
    let by_time = by_data.clone().order(OrderBy::Time, Direction::Descending);
    for query in [EventQuery::new(), by_data, by_time] {
        let all = trial.ask(query.clone(), WHOLE).await?.events;
        for limit in [1, 5, 23, 24] {
            let bounds = PageBounds::new(limit, 1 << 30);
            let mut offset = 0;
            while offset <= all.len() {
                let page = trial
                    .ask(query.clone().offset(offset as u64), bounds)
                    .await?;
                let end = all.len().min(offset + limit as usize);
                same(PAGES, &numbers(&page.events), &numbers(&all[offset..end]))?;
                same(PAGES, &page.more, &(end < all.len()))?;
                offset += limit as usize;
            }
        }
    }
    Ok(())
}

pub(super) async fn end_with_so_many_bytes(trial: &mut Trial) -> Result<(), Violation> {
    let events = (0..4).map(|at| event("e", at)).collect();
    trial.put(BYTES, events, &[1, 2, 3, 4]).await?;
    let sizes: Vec<u64> = trial.events.iter().map(Event::serialized_size).collect();
    for (bytes, count) in [
        (1, 1),
        (sizes[0] + sizes[1], 2),
        (sizes[0] + sizes[1] + sizes[2] - 1, 2),
    ] {
        let page = trial
            .ask(EventQuery::new(), PageBounds::new(100, bytes))
            .await?;
        same(BYTES, &(page.events.len(), page.more), &(count, true))?;
    }
    let bounds = PageBounds::new(100, sizes.iter().sum());
    let page = trial.ask(EventQuery::new(), bounds).await?;
    same(BYTES, &(page.events.len(), page.more), &(4, false))
}
