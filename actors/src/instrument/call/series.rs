//! The series of a site.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::Site;
use crate::MetricsStore;
use crate::metrics::{Counter, Histogram, MetricsError, Outcome, STATUS, Tags, Unit};

/// The sites that have recorded to one store. As many as there are such functions in the program, at most.
#[derive(Debug, Default)]
pub(crate) struct Sites(ArcSwap<HashMap<usize, Arc<SiteSeries>>>);

impl Sites {
    /// Without a lock once the site is known.
    pub(super) fn of(&self, site: &'static Site) -> Arc<SiteSeries> {
        let place = std::ptr::from_ref(site).addr();
        if let Some(series) = self.0.load().get(&place) {
            return Arc::clone(series);
        }
        self.0.rcu(|known| {
            let mut known = HashMap::clone(known);
            known
                .entry(place)
                .or_insert_with(|| Arc::new(SiteSeries::new(site)));
            known
        });
        Arc::clone(&self.0.load()[&place])
    }
}

const OUTCOMES: usize = Outcome::ALL.len();

/// The series of a site, each resolved when there is first something to record. One that cannot be had is not recorded.
#[derive(Debug)]
pub(super) struct SiteSeries {
    site: &'static Site,
    latency: [OnceLock<Option<Histogram>>; OUTCOMES],
    calls: [OnceLock<Option<Counter>>; OUTCOMES],
    errors: [OnceLock<Option<Counter>>; OUTCOMES],
}

impl SiteSeries {
    fn new(site: &'static Site) -> Self {
        Self {
            site,
            latency: Default::default(),
            calls: Default::default(),
            errors: Default::default(),
        }
    }

    /// Records a call that is over. Those within another call of the service are not counted for the service once more.
    pub(super) fn record(
        &self,
        store: &MetricsStore,
        outcome: Outcome,
        took: Duration,
        is_outermost: bool,
    ) {
        let nth = outcome as usize;
        if self.site.latency {
            let series = self.latency[nth].get_or_init(|| self.resolve_latency(store, outcome));
            if let Some(series) = series {
                series.record_duration(took);
            }
        }
        if self.site.throughput && is_outermost {
            let tag = (STATUS, outcome.as_str());
            count(self.calls[nth].get_or_init(|| self.counter(store, "calls", tag)));
        }
        if self.site.errors && is_outermost && outcome.is_failure() {
            let tag = ("kind", outcome.as_str());
            count(self.errors[nth].get_or_init(|| self.counter(store, "errors", tag)));
        }
    }

    fn resolve_latency(&self, store: &MetricsStore, outcome: Outcome) -> Option<Histogram> {
        let name = self.site.series(self.site.function());
        let tags = Tags::from([(STATUS, outcome.as_str())]);
        had(store.histogram(&name, Unit::Nanoseconds, tags), &name)
    }

    fn counter(&self, store: &MetricsStore, name: &str, tag: (&str, &str)) -> Option<Counter> {
        let name = self.site.series(name);
        had(store.counter(&name, [tag]), &name)
    }
}

fn count(series: &Option<Counter>) {
    if let Some(series) = series {
        series.increment(1);
    }
}

fn had<T>(series: Result<T, MetricsError>, name: &str) -> Option<T> {
    let told = |error: &MetricsError| tracing::warn!(name, %error, "calls are not recorded");
    series.inspect_err(told).ok()
}
