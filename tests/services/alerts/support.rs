//! Namespaces with telemetry and some rules.

use std::ops::Deref;
use std::time::Duration;

use mainstay_actors::alerts::{AlertEvents, Alerts};
use mainstay_actors::metrics::MetricsStore;
use mainstay_supervisors::specs::{AlertRule, AlertsSpec, Comparison, TelemetrySpec};

use crate::telemetry::support;

/// A bed whose rules can be seen at work.
pub(super) struct Bed {
    bed: support::Bed,
    pub(super) alerts: Alerts,
    pub(super) metrics: MetricsStore,
    events: AlertEvents,
}

impl Bed {
    pub(super) async fn with(rules: impl IntoIterator<Item = AlertRule>) -> Self {
        let spec = rules
            .into_iter()
            .fold(AlertsSpec::default(), AlertsSpec::rule);
        Self::with_spec(spec).await
    }

    pub(super) async fn with_spec(spec: AlertsSpec) -> Self {
        let bed = support::Bed::with(TelemetrySpec::default().alerts(spec)).await;
        let alerts = Alerts::in_namespace(&bed.namespace).expect("they were started");
        let metrics = MetricsStore::in_namespace(&bed.namespace).expect("it was started");
        let events = alerts.subscribe().expect("a stream");
        // From here on the rules are looked at half a second before the test does.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Self {
            bed,
            alerts,
            metrics,
            events,
        }
    }

    /// Waits for so many looks at the rules, and gives what was told meanwhile.
    pub(super) async fn seconds(&mut self, seconds: u64) -> Vec<String> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.told()
    }

    pub(super) fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(alert) = self.events.try_next() {
            told.push(alert.expect("no lag").to_string());
        }
        told
    }

    pub(super) async fn end(self) {
        drop(self.events);
        self.bed.end().await;
    }
}

impl Deref for Bed {
    type Target = support::Bed;

    fn deref(&self) -> &support::Bed {
        &self.bed
    }
}

/// A rule called `r`.
pub(super) fn rule(metric: &str, comparison: Comparison, threshold: f64) -> AlertRule {
    AlertRule::new(
        "r",
        metric.parse().expect("a pattern"),
        comparison,
        threshold,
    )
}
