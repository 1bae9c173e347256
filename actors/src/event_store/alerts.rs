//! Alerts as events.

use mainstay_supervisors::Namespace;

use super::event::Event;
use crate::alerts::{AlertEvents, Alerts, PerformanceAlert};
use crate::config::ConfigValue;

/// The type of the events that alerts are stored as.
///
/// Their data are `rule`, `metric`, `severity`, `state` (`firing`, `resolved`), `reason`, `aspect`, `comparison`, `threshold`, `value`
/// (null if it is not known), `number` (among the alerts of the namespace) and `message`. An alert and its resolution have the same
/// correlation id: rule and metric, if those make one. Each is stored once, unless the backend is lost while it stores one: then it may be
/// there twice, with the same `number`.
pub const ALERT_TYPE: &str = "performance_alert";

/// The alerts of a namespace, from the keeper's side.
#[derive(Debug)]
pub(crate) struct AlertFeed {
    alerts: Alerts,
    wake: AlertEvents,
}

impl AlertFeed {
    /// `None` if there are no alerts, or no room to be told of them.
    pub(crate) fn of(namespace: &Namespace) -> Option<Self> {
        let alerts = Alerts::in_namespace(namespace)?;
        match alerts.subscribe() {
            Ok(wake) => Some(Self { alerts, wake }),
            Err(error) => {
                tracing::warn!(%error, "alerts are not stored as events");
                None
            }
        }
    }

    /// Waits until there are more. What there are is in the history, so that one who has missed some has missed nothing.
    pub(crate) async fn more(feed: &mut Option<Self>) {
        if let Some(feed) = feed
            && feed.wake.next().await.is_some()
        {
            return;
        }
        // There are none, or there will be no more.
        std::future::pending().await
    }

    /// Those with a number above this, each as an event.
    pub(crate) fn after(&self, number: u64) -> Vec<NewAlert> {
        let history = self.alerts.history();
        let new = history.iter().filter(|alert| alert.number > number);
        let new = new.map(|alert| NewAlert {
            number: alert.number,
            event: event(alert),
            is_of_pools: alert.metric.starts_with(OF_POOLS),
        });
        new.collect()
    }
}

/// What the metrics of connection pools begin with: storing an alert of one in a database may lead to the next.
const OF_POOLS: &str = "foundation.connection_pool.";

/// An alert that is not stored yet.
#[derive(Debug)]
pub(crate) struct NewAlert {
    pub(crate) number: u64,
    pub(crate) event: Event,
    pub(crate) is_of_pools: bool,
}

fn event(alert: &PerformanceAlert) -> Event {
    let message = alert.to_string();
    let rule = &alert.rule;
    let data: [(&str, ConfigValue); 11] = [
        ("rule", rule.name.as_str().into()),
        ("metric", (&*alert.metric).into()),
        ("severity", alert.severity().as_str().into()),
        ("state", alert.state.as_str().into()),
        ("reason", said(&alert.reason)),
        ("aspect", rule.aspect.to_string().into()),
        ("comparison", said(&rule.comparison)),
        ("threshold", finite(Some(rule.threshold))),
        ("value", finite(alert.value)),
        ("number", alert.number.into()),
        ("message", message.into()),
    ];
    let event = Event::builder(ALERT_TYPE)
        .wall_time(alert.timestamp)
        .data(ConfigValue::map(data));
    let correlated = event.clone().correlation_id(alert.dedupe_key());
    let built = correlated.build().or_else(|_| event.clone().build());
    // A time that is none is the only thing that can be left to be wrong.
    built.unwrap_or_else(|_| bare(alert))
}

fn bare(alert: &PerformanceAlert) -> Event {
    let event = Event::builder(ALERT_TYPE).data(alert.to_string());
    event.build().expect("a type, a text and the time of now")
}

/// As it is told in JSON.
fn said(word: &impl serde::Serialize) -> ConfigValue {
    let json = serde_json::to_value(word).ok();
    let text = json.as_ref().and_then(serde_json::Value::as_str);
    text.map_or(ConfigValue::Null, Into::into)
}

fn finite(number: Option<f64>) -> ConfigValue {
    let number = number.filter(|number| number.is_finite());
    number.map_or(ConfigValue::Null, Into::into)
}
