//! The keeper: looks at the rules again and again, and tells what has come of them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainstay_specs::AlertsSpec;
use mainstay_supervisors::{Namespace, Ready, StopToken, current};
use tokio::task::yield_now;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::alert::{AlertState, PerformanceAlert};
use super::board::Moment;
use super::cell::Cell;
use super::handle::{NAME, service_name};
use super::views;
use crate::metrics::MetricsStore;
use crate::telemetry::{TelemetryService, TelemetryStartError, TypedEmitter};

/// What an incarnation of the keeper works with.
pub(crate) struct Keeper {
    pub(crate) namespace: Namespace,
    pub(crate) cell: Arc<Cell>,
    pub(crate) spec: Arc<AlertsSpec>,
    pub(crate) metrics: MetricsStore,
    pub(crate) telemetry: Option<TelemetryService>,
}

impl Keeper {
    /// One incarnation of the keeper, until it is told to stop.
    pub(crate) async fn keep(
        self,
        stop: StopToken,
        ready: Ready,
    ) -> Result<(), TelemetryStartError> {
        if let Some(myself) = current() {
            let registered = self.namespace.register(service_name(), &myself);
            registered.map_err(|error| TelemetryStartError::Register { name: NAME, error })?;
        }
        // From here on nobody else keeps this cell, until this process has ended.
        self.cell.adopt(&self.spec, Instant::now());
        let emitter = self
            .telemetry
            .as_ref()
            .map(TelemetryService::typed::<PerformanceAlert>);
        ready.signal();
        let mut every = self.spec.every;
        let mut ticks = ticks(every);
        loop {
            tokio::select! {
                biased;
                () = stop.stopped() => return Ok(()),
                () = self.cell.renewed.notified() => {
                    let now = self.cell.board().spec().every;
                    if now != every {
                        (every, ticks) = (now, self::ticks(now));
                    }
                }
                _ = ticks.tick() => self.round(emitter.as_ref()).await,
            }
        }
    }

    /// Looks at all rules once. Between two of them others come to their turn; a kill comes before a rule or after it, so that what has
    /// changed is always told.
    async fn round(&self, emitter: Option<&TypedEmitter<PerformanceAlert>>) {
        let gone = self.cell.board().sweep(self.moment());
        self.tell(&gone, emitter);
        for rule in self.cell.rules() {
            let readings = views::read(&self.metrics, &rule);
            let alerts = self.cell.board().judge(&rule, readings, self.moment());
            self.tell(&alerts, emitter);
            yield_now().await;
        }
        self.cell.count_round();
    }

    fn moment(&self) -> Moment {
        Moment {
            now: Instant::now(),
            time: SystemTime::now(),
            muted: self.cell.is_muted() || self.namespace.is_stopping(),
        }
    }

    fn tell(&self, alerts: &[PerformanceAlert], emitter: Option<&TypedEmitter<PerformanceAlert>>) {
        let namespace = self.namespace.name().as_str();
        for alert in alerts {
            self.cell.tell(alert);
            if let Some(emitter) = emitter {
                emitter.emit(|| alert.clone());
            }
            match alert.state {
                AlertState::Firing => tracing::warn!(namespace, "{alert}"),
                AlertState::Resolved => tracing::info!(namespace, "{alert}"),
            }
        }
    }
}

/// The first is due after as long as the others.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + every, every);
    // After a pause the state of affairs is looked at once, and not for each time that was missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
