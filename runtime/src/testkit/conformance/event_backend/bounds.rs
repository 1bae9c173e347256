//! How much is kept.

use mainstay_actors::event_store::{Appended, Event, EventId, Refused, StoreBounds};

use super::samples::{event, moment, numbered};
use super::trial::{ROOM, Trial};
use crate::testkit::conformance::{Violation, same};

const LOWEST: &str = "of more events than there may be, those with the lowest numbers go";
const NO_ROOM: &str =
    "a group with a number so low that it would go at once is not stored, and the others are";
const LOWERED: &str =
    "of far more events than there may be, 1,000 go in one transaction, and two for each new one";
const BYTES: &str =
    "of more bytes than there may be, events go with the lowest numbers, but the last one stays";

pub(super) async fn are_kept_by_the_lowest_going(trial: &mut Trial) -> Result<(), Violation> {
    let bounds = StoreBounds::new(3, 1 << 30);
    // The later the number, the earlier the time: it is the number that counts.
    append(trial, LOWEST, vec![event("a", 9), event("b", 8)], bounds, 0).await?;
    append(trial, LOWEST, vec![event("c", 7), event("d", 6)], bounds, 1).await?;
    append(trial, LOWEST, vec![numbered(20, "e")], bounds, 1).await?;
    let many = (0..5).map(|_| event("f", 1)).collect();
    append(trial, LOWEST, many, bounds, 5).await
}

pub(super) async fn count_bytes_too(trial: &mut Trial) -> Result<(), Violation> {
    let sized = |bytes: usize| {
        let data = "x".repeat(bytes);
        let event = Event::builder("e").wall_time(moment(0)).data(data.as_str());
        event.build().expect("an event")
    };
    let bounds = StoreBounds::new(1000, 2000);
    append(trial, BYTES, vec![sized(700), sized(700)], bounds, 0).await?;
    append(trial, BYTES, vec![sized(700)], bounds, 1).await?;
    append(trial, BYTES, vec![sized(10), sized(10)], bounds, 0).await?;
    append(trial, BYTES, vec![sized(5000)], bounds, 4).await?;
    append(trial, BYTES, vec![sized(1)], bounds, 1).await
}

/// Whoever gives an event a number that is lower than all that there is room for is told so.
pub(super) async fn have_no_room_for_what_would_go_at_once(
    trial: &mut Trial,
) -> Result<(), Violation> {
    let bounds = StoreBounds::new(3, 1 << 30);
    let id = |number| EventId::new(number).expect("not 0");
    append(
        trial,
        NO_ROOM,
        vec![numbered(10, "a"), numbered(20, "b")],
        bounds,
        0,
    )
    .await?;
    append(
        trial,
        NO_ROOM,
        vec![numbered(5, "there is room")],
        bounds,
        0,
    )
    .await?;
    let groups = vec![
        trial.group([numbered(4, "low"), event("new", 0)]),
        trial.group([numbered(15, "above")]),
        trial.group([numbered(6, "low beside that")]),
        trial.group([numbered(20, "b")]),
    ];
    let appended = trial.append(groups.clone(), bounds).await?;
    let expected = vec![
        Err(Refused::NoRoom(id(4))),
        Ok(vec![id(15)]),
        Err(Refused::NoRoom(id(6))),
        Ok(vec![id(20)]),
    ];
    same(NO_ROOM, &appended.groups, &expected)?;
    same(NO_ROOM, &appended.passed_over, &vec![(3, id(20))])?;
    same(NO_ROOM, &appended.evicted, &1)?;
    trial.note(&groups[1], &[id(15)]);
    trial.events.remove(0);
    trial.look(NO_ROOM).await?;
    // Nor is there room where there are too many bytes.
    let bytes = trial.should_use().bytes;
    let full = StoreBounds::new(100, bytes);
    let group = trial.group([numbered(9, "low")]);
    let appended = trial.append(vec![group], full).await?;
    same(
        NO_ROOM,
        &appended.groups,
        &vec![Err(Refused::NoRoom(id(9)))],
    )?;
    trial.look(NO_ROOM).await
}

/// Where there is much more than may be, it goes in parts.
pub(super) async fn that_were_lowered_are_kept_in_parts(
    trial: &mut Trial,
) -> Result<(), Violation> {
    let group = trial.group((0..2200).map(|at| event("e", at)));
    let appended = trial.append(vec![group.clone()], ROOM).await?;
    let ids: Vec<EventId> = appended.groups.into_iter().flatten().flatten().collect();
    trial.note(&group, &ids);
    let bounds = StoreBounds::new(100, 1 << 30);
    append(trial, LOWERED, vec![event("new", 0)], bounds, 1002).await?;
    append(trial, LOWERED, vec![], bounds, 1000).await?;
    append(trial, LOWERED, vec![], bounds, 99).await?;
    append(trial, LOWERED, vec![], bounds, 0).await
}

/// Stores events, after which so many have to have gone.
async fn append(
    trial: &mut Trial,
    rule: &'static str,
    events: Vec<Event>,
    bounds: StoreBounds,
    evicted: u64,
) -> Result<(), Violation> {
    let group = trial.group(events);
    let appended = trial.append(vec![group.clone()], bounds).await?;
    let Appended { groups, .. } = &appended;
    let ids: Vec<EventId> = groups.iter().flatten().flatten().copied().collect();
    trial.note(&group, &ids);
    let gone = usize::try_from(evicted)
        .unwrap_or(usize::MAX)
        .min(trial.events.len());
    trial.events.drain(..gone);
    same(rule, &appended.evicted, &evicted)?;
    same(rule, &appended.usage, &trial.should_use())?;
    trial.look(rule).await
}
