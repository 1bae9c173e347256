//! Who depends on itself by way of others.

use std::collections::{BTreeMap, BTreeSet};

use crate::ServiceName;

/// A way from something back to itself along dependencies, if there is one: each depends on the next, and the last is the first.
///
/// `depends_on` says for each what it depends on; what is not in it depends on nothing. Each is looked at once: depth first, by names, so
/// that the answer is the same each time.
///
/// ```
/// use mainstay_specs::{ServiceName, dependency_cycle};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let [api, db, disk] = [ServiceName::new("api")?, ServiceName::new("db")?, ServiceName::new("disk")?];
/// let (on_db, on_disk, on_api) = ([db.clone()], [disk.clone()], [api.clone()]);
/// let fine = [(&api, &on_db[..]), (&db, &on_disk[..])];
/// assert_eq!(dependency_cycle(fine), None);
///
/// let round = [(&api, &on_db[..]), (&db, &on_disk[..]), (&disk, &on_api[..])];
/// assert_eq!(dependency_cycle(round), Some(vec![api.clone(), db, disk, api]));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn dependency_cycle<'a>(
    depends_on: impl IntoIterator<Item = (&'a ServiceName, &'a [ServiceName])>,
) -> Option<Vec<ServiceName>> {
    let edges: BTreeMap<_, _> = depends_on.into_iter().collect();
    let mut done = BTreeSet::new();
    edges
        .keys()
        .find_map(|first| search(first, &edges, &mut done))
}

/// Looks for a cycle from there on, without recursion: chains may be long.
fn search<'a>(
    first: &'a ServiceName,
    edges: &BTreeMap<&'a ServiceName, &'a [ServiceName]>,
    done: &mut BTreeSet<&'a ServiceName>,
) -> Option<Vec<ServiceName>> {
    if done.contains(first) {
        return None;
    }
    let next = |name: &ServiceName| edges.get(name).copied().unwrap_or_default().iter();
    let mut way = vec![(first, next(first))];
    let mut on_the_way = BTreeSet::from([first]);
    while let Some((name, left)) = way.last_mut() {
        let Some(dependency) = left.next() else {
            done.insert(*name);
            on_the_way.remove(*name);
            way.pop();
            continue;
        };
        if on_the_way.contains(dependency) {
            let names = way.iter().map(|(name, _)| (*name).clone());
            let mut cycle: Vec<_> = names.skip_while(|name| name != dependency).collect();
            cycle.push(dependency.clone());
            return Some(cycle);
        }
        if !done.contains(dependency) {
            on_the_way.insert(dependency);
            way.push((dependency, next(dependency)));
        }
    }
    None
}
