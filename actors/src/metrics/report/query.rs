//! `get_metrics` and `summary` of the store.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::family::FamilyView;
use super::{MetricType, PerformanceMetric, PerformanceSummary};
use crate::metrics::error::MetricsError;
use crate::metrics::handle::MetricsStore;
use crate::metrics::name::MetricName;
use crate::metrics::view::SeriesView;
use crate::metrics::window::{Aggregation, TimeWindow};

/// What the services that come with this library begin with.
const FOUNDATION: &str = "foundation";

impl MetricsStore {
    /// One number for each family of a service and what it says: see [`MetricType`]. Sorted by name and type. What is undefined is
    /// left out: the latency of nothing, and the quantiles of a gauge.
    ///
    /// A service is a path: its families are those with this name and those further in, with or without `foundation.` before it. So
    /// `config_server` has the family `foundation.config_server.get`.
    ///
    /// Latencies are told by sample. Throughput and error rate are told of the whole window for [`Aggregation::Avg`], and else slot by slot:
    /// their maximum is that of the slot in which it was highest.
    ///
    /// # Errors
    ///
    /// [`MetricsError::UnknownService`].
    ///
    /// ```
    /// use mainstay_actors::metrics::{Aggregation, MetricsStore, PerformanceMonitor, TimeWindow};
    /// # use mainstay_specs::{MetricsSpec, NamespaceName};
    /// # use mainstay_supervisors::{NamespacePlan, Runtime};
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
    /// # let runtime = Runtime::new();
    /// # let namespace = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// let monitor = PerformanceMonitor::in_namespace(&namespace).expect("it was started");
    /// monitor.record_latency("shop.checkout", Duration::from_micros(40), [("status", "success")])?;
    ///
    /// let metrics = monitor.get_metrics("shop", TimeWindow::Minute, Aggregation::Max)?;
    /// assert_eq!(metrics[0].name.as_str(), "shop.checkout");
    /// assert!((metrics[0].value - 40.0).abs() <= 40.0 / 64.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_metrics(
        &self,
        service: &str,
        window: TimeWindow,
        aggregation: Aggregation,
    ) -> Result<Vec<PerformanceMetric>, MetricsError> {
        let families = self.families_of(service, window)?;
        Ok(metrics(&families, aggregation, SystemTime::now()))
    }

    /// All numbers of a service over a window.
    ///
    /// # Errors
    ///
    /// [`MetricsError::UnknownService`].
    pub fn summary(
        &self,
        service: &str,
        window: TimeWindow,
    ) -> Result<PerformanceSummary, MetricsError> {
        let families = self.families_of(service, window)?;
        let period_end = SystemTime::now();
        let span = families.iter().map(FamilyView::span).max();
        let before = period_end.checked_sub(span.unwrap_or(Duration::ZERO));
        let aggregations = families.iter();
        Ok(PerformanceSummary {
            service: service.to_owned(),
            window,
            metrics: metrics(&families, Aggregation::Avg, period_end),
            period_start: before.unwrap_or(period_end),
            period_end,
            aggregations: aggregations
                .map(|family| (family.key.name.clone(), by_type(family)))
                .collect(),
        })
    }

    /// At least one, sorted by name.
    fn families_of(
        &self,
        service: &str,
        window: TimeWindow,
    ) -> Result<Vec<FamilyView>, MetricsError> {
        let views = self.views_of(window, |name| belongs_to(name, service));
        let mut families: Vec<FamilyView> = Vec::new();
        for view in views {
            add(&mut families, view);
        }
        if families.is_empty() {
            let service = service.to_owned();
            return Err(MetricsError::UnknownService { service });
        }
        Ok(families)
    }
}

/// Views come sorted by name.
fn add(families: &mut Vec<FamilyView>, view: SeriesView) {
    match families.last_mut() {
        Some(family) if family.key.name == view.key.name => family.add(view),
        _ => families.push(FamilyView::of(view)),
    }
}

fn belongs_to(name: &MetricName, service: &str) -> bool {
    let within = |name: &str| {
        let rest = name.strip_prefix(service);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let bare = name.as_str().strip_prefix(FOUNDATION);
    let bare = bare.and_then(|bare| bare.strip_prefix('.'));
    within(name.as_str()) || bare.is_some_and(within)
}

fn metrics(
    families: &[FamilyView],
    aggregation: Aggregation,
    timestamp: SystemTime,
) -> Vec<PerformanceMetric> {
    let types = families.iter().flat_map(|family| {
        let types = family.types().iter();
        types.map(move |metric_type| (family, *metric_type))
    });
    types
        .filter_map(|(family, metric_type)| {
            Some(PerformanceMetric {
                metric_type,
                name: family.key.name.clone(),
                value: family.value(metric_type, aggregation)?,
                unit: family.unit(metric_type),
                tags: family.tags.clone(),
                timestamp,
            })
        })
        .collect()
}

fn by_type(family: &FamilyView) -> BTreeMap<MetricType, BTreeMap<Aggregation, f64>> {
    let types = family.types().iter().map(|metric_type| {
        let all = Aggregation::ALL.into_iter();
        let values = all.filter_map(|aggregation| {
            let value = family.value(*metric_type, aggregation)?;
            Some((aggregation, value))
        });
        (*metric_type, values.collect())
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_families_at_its_path_and_further_in() {
        let has = |service, name| belongs_to(&MetricName::new(name).unwrap(), service);
        assert!(has("config_server", "foundation.config_server.get"));
        assert!(has(
            "foundation.config_server",
            "foundation.config_server.get"
        ));
        assert!(has("shop", "shop.checkout.total"));
        assert!(has("shop.checkout", "shop.checkout"));
        assert!(!has("shop", "shopping.cart"));
        assert!(!has("get", "foundation.config_server.get"));
        assert!(!has("", "a"));
    }
}
