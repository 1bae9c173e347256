//! Groups of events.

use std::sync::Arc;

use mainstay_actors::event_store::{EventId, EventQuery, Refused};

use super::samples::{event, numbered};
use super::trial::{ROOM, Trial, WHOLE};
use crate::testkit::conformance::{Violation, same};

const WHOLE_OR_NOT: &str =
    "a group with a number that another event has is not stored at all, and the others are";
const AGAIN: &str = "an event that is stored again with its number is passed over";
const SHARED: &str = "groups that are given together are stored as if one were after the other";
const SEEN: &str = "a group is seen whole or not at all";

pub(super) async fn are_stored_whole_or_not_at_all(trial: &mut Trial) -> Result<(), Violation> {
    trial
        .put(WHOLE_OR_NOT, vec![numbered(3, "first")], &[3])
        .await?;
    let groups = vec![
        trial.group([event("a", 0)]),
        trial.group([event("lost", 0), numbered(9, "lost"), numbered(3, "other")]),
        trial.group([event("b", 0), event("c", 0)]),
    ];
    let appended = trial.append(groups.clone(), ROOM).await?;
    let ids = |ids: &[u64]| {
        ids.iter()
            .filter_map(|id| EventId::new(*id))
            .collect::<Vec<_>>()
    };
    let refused = Err(Refused::Taken(EventId::new(3).expect("not 0")));
    let expected = vec![Ok(ids(&[4])), refused, Ok(ids(&[5, 6]))];
    same(WHOLE_OR_NOT, &appended.groups, &expected)?;
    trial.note(&groups[0], &ids(&[4]));
    trial.note(&groups[2], &ids(&[5, 6]));
    trial.look(WHOLE_OR_NOT).await
}

pub(super) async fn may_be_stored_again(trial: &mut Trial) -> Result<(), Violation> {
    trial.put(AGAIN, vec![numbered(2, "e")], &[2]).await?;
    let group = trial.group([numbered(2, "e"), event("new", 0)]);
    let appended = trial.append(vec![group.clone()], ROOM).await?;
    let ids: Vec<EventId> = [2, 3].into_iter().filter_map(EventId::new).collect();
    same(AGAIN, &appended.groups, &vec![Ok(ids.clone())])?;
    same(AGAIN, &appended.passed_over, &vec![(0, ids[0])])?;
    let mut fresh = group;
    fresh.events.remove(0);
    trial.note(&fresh, &ids[1..]);
    trial.look(AGAIN).await
}

/// Groups of one transaction are as those of one after the other.
pub(super) async fn may_share_a_number(trial: &mut Trial) -> Result<(), Violation> {
    let groups = vec![
        trial.group([numbered(7, "e")]),
        trial.group([]),
        trial.group([event("new", 0), numbered(7, "e")]),
        trial.group([numbered(7, "other"), event("lost", 0)]),
        trial.group([event("last", 0)]),
    ];
    let appended = trial.append(groups.clone(), ROOM).await?;
    let id = |number| EventId::new(number).expect("not 0");
    let expected = vec![
        Ok(vec![id(7)]),
        Ok(vec![]),
        Ok(vec![id(8), id(7)]),
        Err(Refused::Taken(id(7))),
        Ok(vec![id(9)]),
    ];
    same(SHARED, &appended.groups, &expected)?;
    same(SHARED, &appended.passed_over, &vec![(2, id(7))])?;
    trial.note(&groups[0], &[id(7)]);
    let mut fresh = groups[2].clone();
    fresh.events.truncate(1);
    trial.note(&fresh, &[id(8)]);
    trial.note(&groups[4], &[id(9)]);
    trial.look(SHARED).await
}

/// Reads while it is written.
pub(super) async fn are_seen_whole(trial: &mut Trial) -> Result<(), Violation> {
    const GROUPS: usize = 30;
    let backend = Arc::clone(&trial.backend);
    let groups: Vec<_> = (0..GROUPS)
        .map(|_| trial.group([event("a", 0), event("b", 0)]))
        .collect();
    let writing = tokio::spawn(async move {
        for group in groups {
            if backend.append(vec![group].into(), ROOM).await.is_err() {
                return;
            }
        }
    });
    loop {
        let is_over = writing.is_finished();
        let page = trial.ask(EventQuery::new(), WHOLE).await?;
        same(SEEN, &(page.events.len() % 2), &0)?;
        if is_over {
            return same(SEEN, &page.events.len(), &(2 * GROUPS));
        }
        tokio::task::yield_now().await;
    }
}
