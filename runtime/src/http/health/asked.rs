//! What was asked for, and whether that is there.

use mainstay_actors::health::{HealthAggregator, HealthAnswer, HealthError};
use mainstay_supervisors::Namespace;
use serde::Deserialize;

use super::level::Level;
use super::view::{View, Views};
use crate::http::error::ApiError;
use crate::http::router::App;

/// `?namespace=`, `?group=`, `?sweep=true`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Parameters {
    /// That of one namespace alone.
    pub(super) namespace: Option<String>,
    /// Of the services of one group alone.
    pub(super) group: Option<String>,
    /// To look at everything anew.
    #[serde(default)]
    pub(super) sweep: bool,
}

/// The namespaces that are looked after, with the health of each.
pub(super) async fn views(app: &App, asked: &Parameters, level: Level) -> Result<Views, ApiError> {
    if asked.sweep && level != Level::Full {
        return Err(ApiError::unauthorized());
    }
    let all = aggregators(app, asked.namespace.as_deref())?;
    let answers = if asked.sweep {
        swept(&all).await?
    } else {
        all.iter().map(|(_, health)| health.current()).collect()
    };
    let found = all.into_iter().zip(answers);
    let Some(group) = &asked.group else {
        let views = found.map(|((namespace, _), answer)| View::new(namespace, answer));
        return Ok(Views::new(views.collect()));
    };
    of_group(found, group)
}

/// What all of them find now.
async fn swept(all: &[(String, HealthAggregator)]) -> Result<Vec<HealthAnswer>, ApiError> {
    let sweeps = all.iter().map(|(_, health)| async {
        match health.sweep().await {
            Ok(found) => Ok(HealthAnswer::fresh(found)),
            // What is stopping has a last picture, which is told.
            Err(HealthError::Stopped) => Ok(health.current()),
            Err(error) => Err(ApiError::not_found(error.to_string())),
        }
    });
    let swept = futures_util::future::join_all(sweeps).await;
    swept.into_iter().collect()
}

/// Those of these that have the group.
pub(super) fn in_group(
    all: Vec<(String, HealthAggregator)>,
    group: &str,
) -> Result<Views, ApiError> {
    let current = |(namespace, health): (String, HealthAggregator)| {
        let answer = health.current();
        ((namespace, health), answer)
    };
    of_group(all.into_iter().map(current), group)
}

fn of_group(
    all: impl Iterator<Item = ((String, HealthAggregator), HealthAnswer)>,
    group: &str,
) -> Result<Views, ApiError> {
    let views = all.filter_map(|((namespace, health), answer)| {
        let answer = health.group_of(&answer, group).ok()?;
        Some(View::new(namespace, answer))
    });
    let views: Vec<View> = views.collect();
    if views.is_empty() {
        let none = HealthError::NoGroup(group.to_owned());
        return Err(ApiError::not_found(none.to_string()));
    }
    Ok(Views::new(views))
}

/// Those of all namespaces of the node, or of the one of this name.
pub(super) fn aggregators(
    app: &App,
    name: Option<&str>,
) -> Result<Vec<(String, HealthAggregator)>, ApiError> {
    if let Some(name) = name {
        let namespace = app.namespace(Some(name))?;
        let health = HealthAggregator::in_namespace(&namespace);
        let none =
            || ApiError::not_found(HealthError::NotStarted(namespace.name().clone()).to_string());
        return Ok(vec![(name.to_owned(), health.ok_or_else(none)?)]);
    }
    let node = app.node()?;
    let found: Vec<_> = node.namespaces().iter().filter_map(with_health).collect();
    if found.is_empty() {
        if !node.has_booted() {
            return Err(ApiError::booting());
        }
        let message = "no namespace of this node has a health aggregator";
        return Err(ApiError::not_found(message));
    }
    Ok(found)
}

fn with_health(namespace: &Namespace) -> Option<(String, HealthAggregator)> {
    let health = HealthAggregator::in_namespace(namespace)?;
    Some((namespace.name().to_string(), health))
}
