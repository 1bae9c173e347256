//! What was asked for, and whether that is there.

use mainstay_actors::health::{HealthAggregator, HealthError};
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
    if asked.sweep {
        let sweeps = all.iter().map(|(_, health)| health.sweep());
        for swept in futures_util::future::join_all(sweeps).await {
            // What is stopping has a last picture, which is told.
            swept.map(drop).or_else(|error| match error {
                HealthError::Stopped => Ok(()),
                error => Err(ApiError::not_found(error.to_string())),
            })?;
        }
    }
    let Some(group) = &asked.group else {
        let views = all.into_iter();
        let views = views.map(|(namespace, health)| View::new(namespace, health.current()));
        return Ok(Views::new(views.collect()));
    };
    in_group(all, group)
}

/// Those of these that have the group.
pub(super) fn in_group(
    all: Vec<(String, HealthAggregator)>,
    group: &str,
) -> Result<Views, ApiError> {
    let views = all.into_iter();
    let views = views.filter_map(|(namespace, health)| {
        let answer = health.group(group).ok()?;
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
        let message = "no namespace of this node has a health aggregator";
        return Err(ApiError::not_found(message));
    }
    Ok(found)
}

fn with_health(namespace: &Namespace) -> Option<(String, HealthAggregator)> {
    let health = HealthAggregator::in_namespace(namespace)?;
    Some((namespace.name().to_string(), health))
}
