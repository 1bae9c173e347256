//! Events that are too old.

use std::sync::Arc;

use mainstay_actors::event_store::{Event, EventId, EventQuery};

use super::samples::{event, moment};
use super::trial::{ROOM, Trial, WHOLE};
use crate::testkit::conformance::{Violation, same};

const EARLIEST: &str =
    "of the events before a time, the earliest go first, and no more than are asked for";
const MEANWHILE: &str =
    "what is taken away while others are stored goes once, and none of these is lost";
const BEFORE: &str = "an event of that very time stays";

pub(super) async fn go_the_earliest_first(trial: &mut Trial) -> Result<(), Violation> {
    let events = [5, 1, 4, 1, 3, 9].map(|at| event("e", at)).to_vec();
    trial.put(EARLIEST, events, &[1, 2, 3, 4, 5, 6]).await?;
    remove(trial, BEFORE, 1, 10, &[]).await?;
    remove(trial, EARLIEST, 5, 0, &[]).await?;
    remove(trial, EARLIEST, 5, 1, &[2]).await?;
    remove(trial, EARLIEST, 5, 2, &[4, 5]).await?;
    remove(trial, BEFORE, 5, 10, &[3]).await?;
    remove(trial, EARLIEST, 10, 10, &[1, 6]).await?;
    remove(trial, EARLIEST, 10, 10, &[]).await
}

/// Takes away what is stored meanwhile: each event goes once, and none is lost.
pub(super) async fn go_once_each_while_others_come(trial: &mut Trial) -> Result<(), Violation> {
    const GROUPS: u64 = 30;
    let backend = Arc::clone(&trial.backend);
    let groups: Vec<_> = (0..GROUPS)
        .map(|_| trial.group([event("old", 0), event("old", 1), event("new", 9)]))
        .collect();
    let writing = tokio::spawn(async move {
        for group in groups {
            if backend.append(vec![group].into(), ROOM).await.is_err() {
                return;
            }
        }
    });
    let mut removed = 0;
    loop {
        let is_over = writing.is_finished();
        let gone = trial.remove(moment(5), 3).await?;
        removed += gone;
        if is_over && gone == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    same(MEANWHILE, &removed, &(2 * GROUPS))?;
    let left = trial.ask(EventQuery::new(), WHOLE).await?.events;
    let third = |nth: u64| EventId::new(3 * nth);
    let numbers: Vec<_> = (1..=GROUPS).map(third).collect();
    same(MEANWHILE, &left.iter().map(Event::id).collect(), &numbers)?;
    let usage = trial.usage().await?;
    same(
        MEANWHILE,
        &(usage.events, usage.last_id),
        &(GROUPS, 3 * GROUPS),
    )
}

/// Takes events away, of which these have to go.
async fn remove(
    trial: &mut Trial,
    rule: &'static str,
    before: u64,
    at_most: u32,
    gone: &[u64],
) -> Result<(), Violation> {
    let removed = trial.remove(moment(before), at_most).await?;
    let goes = |id: u64| gone.contains(&id);
    trial
        .events
        .retain(|event| event.id().is_none_or(|id| !goes(id.get())));
    same(rule, &removed, &(gone.len() as u64))?;
    trial.look(rule).await
}
