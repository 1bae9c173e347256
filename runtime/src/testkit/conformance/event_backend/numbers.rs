//! How events come by their numbers.

use super::samples::{event, moment, numbered};
use super::trial::{ROOM, Trial};
use crate::testkit::conformance::{Violation, same};

const RISE: &str = "numbers begin with 1 and rise in the order in which events are given";
const BEYOND: &str = "a number that is made is above all that were given, by callers too";
const AGAIN: &str = "a number is never made again, though its event has gone";

pub(super) async fn rise_and_are_never_given_again(trial: &mut Trial) -> Result<(), Violation> {
    // Whole milliseconds, as this is about no times.
    let some = |count: u64| (0..count).map(|at| event("e", at * 1000)).collect();
    trial.put(RISE, some(2), &[1, 2]).await?;
    trial.put(RISE, some(1), &[3]).await?;
    trial.put(BEYOND, vec![numbered(7, "own")], &[7]).await?;
    trial.put(BEYOND, some(1), &[8]).await?;
    let mixed = vec![event("a", 0), numbered(12, "own"), event("b", 0)];
    trial.put(BEYOND, mixed, &[13, 12, 14]).await?;
    // One from before.
    trial.put(BEYOND, vec![numbered(5, "own")], &[5]).await?;
    trial.put(BEYOND, some(1), &[15]).await?;
    trial.look(RISE).await?;
    let groups = [trial.group(some(2)), trial.group(some(1))];
    let appended = trial.append(groups.to_vec(), ROOM).await?;
    for (group, ids) in groups.iter().zip(appended.groups.into_iter().flatten()) {
        trial.note(group, &ids);
    }
    trial.look(RISE).await?;
    trial.remove(moment(1_000_000), 1000).await?;
    trial.events.clear();
    trial.look(AGAIN).await?;
    let after = trial.append(vec![trial.group(some(1))], ROOM).await?;
    let ids: Vec<u64> = after
        .groups
        .into_iter()
        .flatten()
        .flatten()
        .map(|id| id.get())
        .collect();
    same(AGAIN, &ids, &vec![19])
}
