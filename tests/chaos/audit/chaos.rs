//! The chaos was one: what is to go wrong in a run of full length went wrong, each of it.

use std::collections::BTreeMap;

use mainstay::testkit::ChaosKind;

use crate::book::Pages;
use crate::load::USERS;
use crate::reloads::Reloads;
use crate::strikes::Hits;

/// Each way to strike was taken so often at least.
const EACH_KIND_MIN: usize = 5;

/// So many tasks that connect were struck at least.
const CONNECTORS_MIN: u64 = 10;

/// So many reloads of each kind at least were done.
const RELOADS_MIN: u64 = 3;

/// What callers were told, each at least once.
const ANSWERS: [&str; 21] = [
    "done",
    "failed",
    "panicked",
    "timed out",
    "circuit",
    "memory",
    "rate_limit",
    "pool",
    "room held",
    "no room",
    "room given up",
    "tokens",
    "no tokens",
    "tokens given up",
    "tickets given up",
    "permit held",
    "no permit",
    "shelf done",
    "shelf refused",
    "shelf failed",
    "shelf given up",
];

/// What did not go wrong, a line each.
pub(crate) fn faults(hits: &Hits, pages: &Pages, reloads: &Reloads, quota: u32) -> Vec<String> {
    let mut faults = Vec::new();
    strikes(hits, &mut faults);
    for what in ANSWERS {
        if !pages.answers.contains_key(what) {
            faults.push(format!("no caller was told: {what}"));
        }
    }
    let (in_place, with_restarts) = (reloads.in_place, reloads.with_restarts);
    if hits.connectors < CONNECTORS_MIN {
        let connectors = hits.connectors;
        faults.push(format!("{connectors} connectors were struck only"));
    }
    if in_place < RELOADS_MIN || with_restarts < RELOADS_MIN {
        faults.push(format!(
            "{in_place} reloads were done in place, and {with_restarts} with restarts"
        ));
    }
    let begun = USERS.map(|user| pages.begun.get(user).copied().unwrap_or_default());
    let [others @ .., last] = begun;
    let quota = u64::from(quota);
    if last != quota || others.iter().any(|begun| !(1..quota).contains(begun)) {
        faults.push(format!(
            "{USERS:?} began {begun:?}; only the last one was to reach {quota}"
        ));
    }
    faults
}

fn strikes(hits: &Hits, faults: &mut Vec<String>) {
    let mut kinds = BTreeMap::<ChaosKind, usize>::new();
    for kind in hits.processes.values().flatten() {
        *kinds.entry(*kind).or_default() += 1;
    }
    for kind in ChaosKind::ALL {
        let count = kinds.get(kind).copied().unwrap_or_default();
        if count < EACH_KIND_MIN {
            faults.push(format!("{kind} was done {count} times only"));
        }
    }
    let spared = hits.targets.iter().filter(|it| !hits.struck.contains(*it));
    faults.extend(spared.map(|path| format!("{path} was never struck")));
    let struck = hits.processes.len() as u64;
    if hits.missed * 10 >= struck {
        let missed = hits.missed;
        faults.push(format!(
            "there was nobody to strike {missed} times, and {struck} were struck"
        ));
    }
}
