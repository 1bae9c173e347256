//! Processes that are killed, and what their supervisors do about it.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay::supervisors::{Delivery, EventKind, EventStream, Namespace, Process};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::node::SERVICES;

/// What was killed, by its path in the namespace, and how often.
#[derive(Debug, Default)]
pub(super) struct Kills {
    pub(super) by: BTreeMap<String, u64>,
    /// How often there was nobody to kill.
    pub(super) missed: u64,
}

/// Kills one after the other until then.
pub(super) async fn kill(app: &Namespace, every: Duration, seed: u64, until: Instant) -> Kills {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut kills = Kills::default();
    let mut ticks = interval(every);
    // So many a second on the whole.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks.tick().await;
    while ticks.tick().await < until {
        let eligible: Vec<Process> = app.processes().into_iter().filter(may_be_killed).collect();
        let Some(process) = random.choice(&eligible) else {
            kills.missed += 1;
            continue;
        };
        *kills.by.entry(kind(process)).or_default() += 1;
        process.kill();
    }
    kills
}

/// Whatever runs, but for what stands for the root of the services and of the children, and connections on their way.
fn may_be_killed(process: &Process) -> bool {
    let path = process.path();
    let (inner, is_supervisor) = inner(&path);
    process.is_alive() && !is_supervisor && !inner.ends_with("connectors/task")
}

/// The path below the supervisors that are spared; whether it is one of them.
fn inner(path: &str) -> (&str, bool) {
    let mut rest = path.split_once('/').map_or("", |(_, rest)| rest);
    for spared in ["children", SERVICES] {
        if rest == spared {
            rest = "";
        } else if let Some(inner) = rest.strip_prefix(spared) {
            rest = inner.strip_prefix('/').unwrap_or(rest);
        }
    }
    (rest, rest.is_empty())
}

/// Its path, without the numbers that tell it from its like.
fn kind(process: &Process) -> String {
    let path = process.path();
    let kind = inner(&path)
        .0
        .trim_end_matches(|it: char| it.is_ascii_digit());
    kind.trim_end_matches('-').to_owned()
}

/// What supervisors have done.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    pub(super) restarted: u64,
    /// By the child and why, how often.
    pub(super) failed_starts: BTreeMap<String, u64>,
    pub(super) gave_up: Vec<String>,
}

/// Counts until it is stopped.
pub(super) async fn count(
    mut events: EventStream,
    stop: tokio::sync::oneshot::Receiver<()>,
) -> Restarts {
    let mut restarts = Restarts::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = tokio::select! {
            biased;
            next = events.next() => next,
            _ = stop.as_mut() => return restarts,
        };
        match next {
            Some(Delivery::Event(event)) => match event.kind {
                EventKind::Started { restarts: 1.., .. } => restarts.restarted += 1,
                EventKind::StartError { child, error, .. } => {
                    let why = format!("{child}: {error}");
                    // Whose number it is says nothing.
                    let why = why.split(" #").next().unwrap_or_default().to_owned();
                    *restarts.failed_starts.entry(why).or_default() += 1;
                }
                EventKind::GaveUp {
                    supervisor, child, ..
                } => restarts.gave_up.push(format!("{supervisor} over {child}")),
                _ => {}
            },
            Some(_) => {}
            None => return restarts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supervisors_that_stand_for_the_root_are_spared_and_nothing_else() {
        for (path, expected) in [
            ("production", ("", true)),
            ("production/children", ("", true)),
            ("production/children/services", ("", true)),
            (
                "production/children/services/config_server",
                ("config_server", false),
            ),
            ("production/children/pool", ("pool", false)),
            (
                "production/children/pool/worker-1",
                ("pool/worker-1", false),
            ),
        ] {
            assert_eq!(inner(path), expected, "{path}");
        }
    }
}
