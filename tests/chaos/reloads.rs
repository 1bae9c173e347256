//! The node goes by other specs while it is disturbed.

use std::time::Duration;

use mainstay::prelude::*;
use tokio::time::sleep;

use crate::causes::Tree;
use crate::wanted::Wanted;

/// One thing that is another in the next spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Pool(u32),
    Breaker(u32),
    Limiter(u32),
    Deadline(u64),
    Connect(u32),
    Series(u32),
    Initial(u32),
    Healths(u32),
    Unmeasured(u32),
    Tree,
    Desk(u32),
}

impl Change {
    pub(crate) fn by(chance: &mut fastrand::Rng) -> Self {
        match chance.u8(0..11) {
            0 => Self::Pool(chance.u32(2..9)),
            1 => Self::Breaker(chance.u32(2..10)),
            2 => Self::Limiter(chance.u32(20..200)),
            3 => Self::Deadline(chance.u64(500..4_000)),
            4 => Self::Connect(chance.u32(2..6)),
            5 => Self::Series(chance.u32(5_000..20_000)),
            6 => Self::Initial(chance.u32(1..1_000)),
            7 => Self::Healths(chance.u32(50..200)),
            8 => Self::Unmeasured(chance.u32(1..1_000)),
            9 => Self::Tree,
            _ => Self::Desk(chance.u32(1..1_000)),
        }
    }

    const fn apply(self, wanted: &mut Wanted) {
        match self {
            Self::Pool(max) => wanted.pool = max,
            Self::Breaker(count) => wanted.breaker = count,
            Self::Limiter(limit) => wanted.limiter = limit,
            Self::Deadline(millis) => wanted.deadline = millis,
            Self::Connect(count) => wanted.connect = count,
            Self::Series(max) => wanted.series = max,
            Self::Initial(value) => wanted.initial = value,
            Self::Healths(max) => wanted.healths = max,
            Self::Unmeasured(nth) => wanted.unmeasured = nth,
            Self::Tree => wanted.tree = !wanted.tree,
            Self::Desk(nth) => wanted.desk = nth,
        }
    }
}

/// What a reload was let restart, and when, by the events of the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// After this event.
    pub(crate) after: u64,
    /// Up to this one.
    pub(crate) until: u64,
    /// The paths of what was restarted, with all that is below.
    pub(crate) restarted: Vec<String>,
    /// It was done; else it was put back, if anything of it was done.
    pub(crate) is_done: bool,
}

impl Window {
    pub(crate) fn has(&self, event: u64) -> bool {
        self.after < event && event <= self.until
    }

    pub(crate) fn restarts(&self, path: &str) -> bool {
        self.restarted.iter().any(|it| it == path)
    }
}

/// What has become of it.
#[derive(Debug, Default)]
pub(crate) struct Reloads {
    pub(crate) windows: Vec<Window>,
    /// How many were done in place, and how many with restarts.
    pub(crate) in_place: u64,
    pub(crate) with_restarts: u64,
    /// Why a try has failed.
    pub(crate) failures: Vec<String>,
    pub(crate) faults: Vec<String>,
}

/// How often one is tried. A strike may hit what it just starts.
const TRIES_MAX: u32 = 5;

impl Reloads {
    /// Goes by what is wanted then, at last.
    pub(crate) async fn carry_out(
        &mut self,
        changes: &[Change],
        node: &Node,
        tree: &Tree,
        wanted: &mut Wanted,
    ) {
        let old = *wanted;
        for change in changes {
            change.apply(wanted);
        }
        let restarted = restarted(tree, &old, wanted);
        let spec = wanted.spec();
        for _ in 0..TRIES_MAX {
            let after = node.runtime().last_event();
            let done = node.reload(&spec).await;
            let until = node.runtime().last_event();
            let is_done = done.is_ok();
            let is_in_place = restarted.is_empty();
            if !is_in_place {
                let restarted = restarted.clone();
                self.windows.push(Window {
                    after,
                    until,
                    restarted,
                    is_done,
                });
            }
            let Err(error) = done else {
                self.in_place += u64::from(is_in_place);
                self.with_restarts += u64::from(!is_in_place);
                return;
            };
            self.failures.push(error.to_string());
            sleep(Duration::from_secs(1)).await;
        }
        let failures = self.failures.iter().rev().take(TRIES_MAX as usize);
        let failures: Vec<_> = failures.rev().collect();
        self.faults
            .push(format!("{changes:?} could not be reloaded: {failures:?}"));
    }
}

/// What has to be restarted to get from one to the other.
fn restarted(tree: &Tree, old: &Wanted, new: &Wanted) -> Vec<String> {
    let from = |first: &str| tree.from(&format!("app/{first}"));
    if old.unmeasured != new.unmeasured {
        from("telemetry")
    } else if old.tree != new.tree {
        from("health_aggregator")
    } else if old.desk != new.desk {
        vec!["app/children/clerks/clerk-1".to_owned()]
    } else {
        Vec::new()
    }
}
