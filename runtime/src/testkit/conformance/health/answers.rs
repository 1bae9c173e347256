//! Answers say what they are about, and add up.

use mainstay_actors::health::{CheckResult, HealthCheckable, HealthResult, HealthStatus};

use super::{Violation, broken, within};
use crate::testkit::conformance::same;

/// The most bytes of a name or a message that an aggregator shows if it is told nothing else.
const TEXT_MAX: usize = 1024;

async fn parts<C: HealthCheckable>(check: &C) -> Result<Vec<CheckResult>, Violation> {
    let mut parts = vec![within(check.self_diagnostic()).await?];
    parts.extend(within(check.dependency_health_check()).await?);
    Ok(parts)
}

pub(super) async fn have_names<C: HealthCheckable>(check: &C) -> Result<(), Violation> {
    const RULE: &str = "each part has a name of its own, which can be shown whole";
    let mut names = Vec::new();
    for part in parts(check).await? {
        if part.name.trim().is_empty() || part.name.len() > TEXT_MAX {
            return Err(broken(RULE, &"a name of 1 to 1024 bytes", &part.name));
        }
        if names.contains(&part.name) {
            return Err(broken(RULE, &"no name twice", &part.name));
        }
        names.push(part.name);
    }
    Ok(())
}

pub(super) async fn say_what_is_wrong<C: HealthCheckable>(check: &C) -> Result<(), Violation> {
    const RULE: &str = "what is not healthy says why, in words that can be shown whole";
    for part in parts(check).await? {
        let is_wrong = part.status != HealthStatus::Healthy;
        if is_wrong && part.message.trim().is_empty() || part.message.len() > TEXT_MAX {
            return Err(broken(RULE, &"a message of 1 to 1024 bytes", &part));
        }
    }
    Ok(())
}

pub(super) async fn have_the_same_parts_each_time<C: HealthCheckable>(
    check: &C,
) -> Result<(), Violation> {
    const RULE: &str = "the part about itself is called the same each time";
    let first = within(check.self_diagnostic()).await?;
    let again = within(check.self_diagnostic()).await?;
    same(RULE, &again.name, &first.name)
}

pub(super) async fn are_the_worst_of_their_parts<C: HealthCheckable>(
    check: &C,
) -> Result<(), Violation> {
    for whole in [
        within(check.health_check()).await?,
        within(check.deep_health_check()).await?,
    ] {
        adds_up(&whole)?;
    }
    Ok(())
}

fn adds_up(whole: &HealthResult) -> Result<(), Violation> {
    const WORST: &str = "the whole fares no better than the worst of its parts";
    let worst = whole.checks.iter().map(|part| part.status).max();
    let worst = worst.unwrap_or(HealthStatus::Healthy);
    if whole.status < worst {
        return Err(broken(WORST, &worst, &whole.status));
    }
    const SCORE: &str = "a score is from 0 to 1";
    if !(0.0..=1.0).contains(&whole.overall_score) {
        return Err(broken(SCORE, &"0 to 1", &whole.overall_score));
    }
    Ok(())
}

pub(super) async fn look_closely_at_least_at_what_they_look_at_anyway<C: HealthCheckable>(
    check: &C,
) -> Result<(), Violation> {
    const RULE: &str = "a deep check has the part about itself";
    let own = within(check.self_diagnostic()).await?;
    let deep = within(check.deep_health_check()).await?;
    if deep.checks.iter().any(|part| part.name == own.name) {
        return Ok(());
    }
    let names: Vec<_> = deep.checks.iter().map(|part| &part.name).collect();
    Err(broken(RULE, &own.name, &names))
}
