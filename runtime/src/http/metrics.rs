//! The metrics of all namespaces.
//!
//! To tell them takes a look at every series, on a thread for what blocks. While that is done, whoever else asks for the same waits for the
//! same answer: at most one of each of the three kinds is made at a time, however many ask.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::{Snapshot, TextFormat};

use super::error::ApiError;
use super::flight::Flight;
use super::reply::MetricsReply;
use super::router::App;

/// What is being told.
#[derive(Clone, Debug, Default)]
pub(super) struct Scrapes {
    prometheus: Flight,
    open_metrics: Flight,
    json: Flight,
}

/// As text for Prometheus, in the format that it asks for.
pub(super) async fn text(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let format = format(&headers);
    let flight = match format {
        TextFormat::OpenMetrics => &app.scrapes.open_metrics,
        _ => &app.scrapes.prometheus,
    };
    let stores = stores(&app)?;
    let text = flight.join(move || write(format, &snapshots(&stores)).into());
    answer(text.await, format.content_type())
}

pub(super) async fn json(State(app): State<App>) -> Result<Response, ApiError> {
    let stores = stores(&app)?;
    let make = move || {
        let namespaces = snapshots(&stores);
        // Of numbers and texts, to memory: it does not fail.
        let json = serde_json::to_vec(&MetricsReply { namespaces }).unwrap_or_default();
        Bytes::from(json)
    };
    answer(app.scrapes.json.join(make).await, "application/json")
}

fn answer(made: Option<Bytes>, content_type: &'static str) -> Result<Response, ApiError> {
    let made = made.ok_or_else(|| {
        let message = "the metrics could not be told";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    })?;
    Ok(([(header::CONTENT_TYPE, content_type)], made).into_response())
}

fn write(format: TextFormat, snapshots: &BTreeMap<String, Snapshot>) -> String {
    let labels: Vec<[(&str, &str); 1]> = snapshots
        .keys()
        .map(|namespace| [("namespace", namespace.as_str())])
        .collect();
    let labelled: Vec<(&[(&str, &str)], &Snapshot)> = labels
        .iter()
        .map(<[_; 1]>::as_slice)
        .zip(snapshots.values())
        .collect();
    format.write(&labelled)
}

/// The metrics store of each namespace that has one.
fn stores(app: &App) -> Result<Vec<(String, MetricsStore)>, ApiError> {
    let node = app.node()?;
    let runtime = node.runtime();
    let roots = runtime.roots().into_iter();
    let namespaces = roots.filter_map(|root| runtime.find_namespace(root.process().id().as_str()));
    Ok(namespaces
        .filter_map(|namespace| {
            let store = MetricsStore::in_namespace(&namespace)?;
            Some((namespace.name().to_string(), store))
        })
        .collect())
}

fn snapshots(stores: &[(String, MetricsStore)]) -> BTreeMap<String, Snapshot> {
    let stores = stores.iter();
    stores
        .map(|(namespace, store)| (namespace.clone(), store.snapshot()))
        .collect()
}

/// OpenMetrics, if the caller likes it at least as much as plain text.
fn format(headers: &HeaderMap) -> TextFormat {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let (mut open, mut plain) = (0.0, 0.0);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let liked = match parts.next() {
            Some("application/openmetrics-text") => &mut open,
            Some("text/plain" | "text/*" | "*/*") => &mut plain,
            _ => continue,
        };
        *liked = quality(parts).max(*liked);
    }
    if open > 0.0 && open >= plain {
        TextFormat::OpenMetrics
    } else {
        TextFormat::Prometheus
    }
}

/// How much a media range is liked, 0 to 1, by its parameters.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> f32 {
    let given = parameters.find_map(|parameter| parameter.strip_prefix("q="));
    let given = given.map(|number| number.trim().parse().unwrap_or(0.0));
    given.unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &'static str) -> TextFormat {
        let accept = axum::http::HeaderValue::from_static(accept);
        format(&HeaderMap::from_iter([(header::ACCEPT, accept)]))
    }

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        use TextFormat::{OpenMetrics, Prometheus};
        assert_eq!(format(&HeaderMap::new()), Prometheus);
        assert_eq!(asked("*/*"), Prometheus);
        assert_eq!(asked("text/html,application/xhtml+xml"), Prometheus);
        assert_eq!(asked("application/openmetrics-text"), OpenMetrics);
        // As Prometheus asks.
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(asked(prometheus), OpenMetrics);
        assert_eq!(
            asked("text/plain;q=0.9, application/openmetrics-text;q=0.5"),
            Prometheus
        );
        assert_eq!(asked("application/openmetrics-text;q=0"), Prometheus);
    }
}
