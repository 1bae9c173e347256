//! Namespaces.

use super::samples::{event, moment};
use super::trial::{ROOM, Trial};
use crate::testkit::conformance::{Violation, same};

const APART: &str = "namespaces do not see each other";

pub(super) async fn namespaces_do_not_see_each_other(
    mut one: Trial,
    mut other: Trial,
) -> Result<(), Violation> {
    one.put(APART, vec![event("a", 1), event("b", 2)], &[1, 2])
        .await?;
    other.put(APART, vec![event("c", 3)], &[1]).await?;
    one.look(APART).await?;
    other.look(APART).await?;
    same(APART, &other.get(2).await?, &None)?;
    let mut bounds = ROOM;
    bounds.events = 1;
    other.append(vec![], bounds).await?;
    same(APART, &other.remove(moment(10), 10).await?, &1)?;
    other.events.clear();
    one.look(APART).await?;
    other.look(APART).await
}
