//! What of a tree is not as it should be. Pure.
//!
//! | seen | it is |
//! |---|---|
//! | a process has kept its thread for `poll` | unhealthy: stuck |
//! | an actor has been at one message for `message`, and others wait | unhealthy: stuck |
//! | the same, and nobody counts who waits | degraded |
//! | messages have waited for `wait`, and one after the other is handled | degraded: busy |
//! | a supervisor has waited for one start for `start` | degraded |
//! | a child waits for its restart | degraded |
//! | a supervisor has restarted more than once of late, and gives up with its next restart, or soon at the present pace | degraded |
//!
//! An actor that nobody else waits for may be at one message for as long as it likes. Messages that came through a plain `ActorRef` are not
//! known to wait.
//!
//! One restart alone is what a budget is there for, and says nothing of the next: with OTP's default of one restart in 5 s, each that is
//! mended at once would be reported otherwise. What is left of all budgets is told in `restarts_left_least`, be it 0.

use std::time::Duration;

use mainstay_specs::TreeLimits;
use mainstay_supervisors::{NodeState, Progress, RestartBudget, Vitals};

use super::super::result::CheckResult;

/// A result of the whole, and one for each thing that is not as it should be, named by the path of the process.
pub(super) fn judge(
    limits: &TreeLimits,
    vitals: &[Vitals],
    progress: &[Progress],
    all: bool,
) -> Vec<CheckResult> {
    let found = vitals.iter().zip(progress);
    let found: Vec<_> = found
        .flat_map(|(vitals, progress)| of_process(limits, vitals, progress))
        .collect();
    let mut results = vec![whole(vitals, progress, all, found.len())];
    results.extend(found);
    results
}

fn whole(vitals: &[Vitals], progress: &[Progress], all: bool, found: usize) -> CheckResult {
    let count = |state| vitals.iter().filter(|vitals| vitals.state == state).count();
    let running = count(NodeState::Running);
    let message = match found {
        0 => format!("{running} processes get on"),
        1 => format!("1 thing is not as it should be among {running} processes"),
        found => format!("{found} things are not as they should be among {running} processes"),
    };
    let budgets = vitals.iter().filter_map(|vitals| vitals.budget);
    // Of those that restart at all.
    let least_left = budgets.filter(|budget| budget.intensity > 0);
    let least_left = least_left.map(|budget| budget.left()).min();
    let oldest = progress.iter().filter_map(|progress| progress.oldest).max();
    let waiting: usize = vitals.iter().filter_map(|vitals| vitals.waiting).sum();
    CheckResult::healthy("processes", message)
        .with("running", running)
        .with("restarting", count(NodeState::Restarting))
        .with("stopped", count(NodeState::Stopped))
        .with("messages_waiting", waiting)
        .with("oldest_message_ms", oldest.map(millis))
        .with("restarts_left_least", least_left)
        .with("all_looked_at", all)
}

fn of_process(
    limits: &TreeLimits,
    vitals: &Vitals,
    progress: &Progress,
) -> impl Iterator<Item = CheckResult> {
    let found = [
        stuck_poll(limits, vitals, progress)
            .or_else(|| stuck_message(limits, vitals, progress))
            .or_else(|| busy(limits, vitals, progress)),
        slow_start(limits, vitals, progress),
        restarting(vitals),
        vitals.budget.and_then(|budget| spent(vitals, &budget)),
    ];
    found.into_iter().flatten()
}

fn stuck_poll(limits: &TreeLimits, vitals: &Vitals, progress: &Progress) -> Option<CheckResult> {
    let time = progress.in_poll.filter(|time| *time >= limits.poll)?;
    let message = format!("has not given its thread back for {}", words(time));
    let found = CheckResult::unhealthy(vitals.path.clone(), message);
    Some(with_progress(
        found.with("cause", "stuck_poll"),
        vitals,
        progress,
    ))
}

fn stuck_message(limits: &TreeLimits, vitals: &Vitals, progress: &Progress) -> Option<CheckResult> {
    let time = progress.in_turn.filter(|time| *time >= limits.message)?;
    let path = vitals.path.clone();
    let found = match vitals.waiting {
        Some(0) => return None,
        Some(waiting) => {
            let wait = if waiting == 1 { "waits" } else { "wait" };
            let message = format!(
                "has been at one message for {}, and {waiting} {wait} behind it",
                words(time)
            );
            CheckResult::unhealthy(path, message)
        }
        None => {
            let message = format!(
                "has been at one message for {}; whether others wait is not counted",
                words(time)
            );
            CheckResult::degraded(path, message)
        }
    };
    Some(with_progress(
        found.with("cause", "no_progress"),
        vitals,
        progress,
    ))
}

fn busy(limits: &TreeLimits, vitals: &Vitals, progress: &Progress) -> Option<CheckResult> {
    let time = progress.oldest.filter(|time| *time >= limits.wait)?;
    let waiting = vitals.waiting.unwrap_or_default();
    let message = format!(
        "is busy: {waiting} messages wait, the oldest for {}",
        words(time)
    );
    let found = CheckResult::degraded(vitals.path.clone(), message);
    Some(with_progress(
        found.with("cause", "backlog"),
        vitals,
        progress,
    ))
}

fn slow_start(limits: &TreeLimits, vitals: &Vitals, progress: &Progress) -> Option<CheckResult> {
    let time = progress.starting.filter(|time| *time >= limits.start)?;
    let child = vitals.starting.as_ref()?.id();
    let message = format!("has waited for the start of {child} for {}", words(time));
    let found = CheckResult::degraded(vitals.path.clone(), message);
    Some(
        found
            .with("cause", "slow_start")
            .with("starting_for_ms", millis(time)),
    )
}

fn restarting(vitals: &Vitals) -> Option<CheckResult> {
    if vitals.state != NodeState::Restarting {
        return None;
    }
    let message = match vitals.due_in {
        Some(time) => format!(
            "is started again in {}, after {} failures in a row",
            words(time),
            vitals.failures
        ),
        None => "does not start again: its last restart has failed".to_owned(),
    };
    let found = CheckResult::degraded(vitals.path.clone(), message);
    let due = vitals.due_in.map(millis);
    Some(
        found
            .with("cause", "restarting")
            .with("failures", vitals.failures)
            .with("due_in_ms", due)
            .with("restarts", vitals.restarts),
    )
}

/// From the second restart within the period on. A supervisor that allows none, or one, has never so many: it gives up before.
fn spent(vitals: &Vitals, budget: &RestartBudget) -> Option<CheckResult> {
    let message = match (budget.left(), budget.gives_up_in()) {
        _ if budget.used < 2 => return None,
        (_, Some(time)) => format!(
            "gives up in about {} if it goes on like this: {}",
            words(time),
            restarts(budget)
        ),
        (0, None) => format!("gives up with the next restart: {}", restarts(budget)),
        (_, None) => return None,
    };
    let found = CheckResult::degraded(vitals.path.clone(), message);
    Some(
        found
            .with("cause", "restart_budget")
            .with("restarts_left", budget.left())
            .with("gives_up_in_ms", budget.gives_up_in().map(millis)),
    )
}

fn restarts(budget: &RestartBudget) -> String {
    let RestartBudget {
        used,
        intensity,
        period,
        ..
    } = budget;
    format!("{used} of {intensity} restarts within {}", words(*period))
}

fn with_progress(found: CheckResult, vitals: &Vitals, progress: &Progress) -> CheckResult {
    found
        .with("in_poll_ms", progress.in_poll.map(millis))
        .with("in_message_ms", progress.in_turn.map(millis))
        .with("oldest_message_ms", progress.oldest.map(millis))
        .with("messages_waiting", vitals.waiting)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds, or what is more fitting for less than ten of them.
fn words(time: Duration) -> String {
    let fine = if time < Duration::from_secs(10) {
        Duration::from_millis(millis(time) / 100 * 100)
    } else {
        Duration::from_secs(time.as_secs())
    };
    humantime::format_duration(fine).to_string()
}
