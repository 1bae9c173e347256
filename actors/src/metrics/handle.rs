//! The handle.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_specs::MetricsSpec;
use mainstay_supervisors::{Child, Namespace, ServiceRegistry};

use super::cell::{Cell, Kept};
use super::error::MetricsError;
use super::key::SeriesKey;
use super::live::{LiveCounter, LiveGauge, LiveHistogram};
use super::name::{IntoMetricName, MetricName};
use super::recorder::{Counter, Gauge, Histogram};
use super::series::{AnySeries, Series};
use super::start;
use super::stats::MetricsStatus;
use super::tags::Tags;
use super::unit::{MetricKind, Unit};
use super::view::{SeriesView, View};
use super::window::TimeWindow;
use crate::instrument::call::Sites;

/// The name under which the keeper of the metrics store is registered in its namespace, and the id of its child.
pub const NAME: &str = "metrics_store";

/// The metrics store of a namespace: a handle, cheap to clone.
///
/// Nothing here sends a message or waits for the keeper, and all of it goes on working while the keeper is down, and after the namespace
/// has ended.
#[derive(Clone, Debug)]
pub struct MetricsStore {
    pub(super) cell: Arc<Cell>,
    registry: ServiceRegistry,
}

impl MetricsStore {
    /// The keeper of the metrics store as a child, to be started in a namespace: before the services that record there.
    ///
    /// A spec that cannot be fails the start with a [`MetricsStartError`](super::MetricsStartError). A restart goes on with the series that
    /// are there, and so does another store that is started later in the same namespace, by its own spec.
    #[must_use]
    #[track_caller]
    pub fn child(spec: MetricsSpec) -> Child {
        start::child(spec)
    }

    /// The metrics store of a namespace; `None` if none has been started in it.
    #[must_use]
    pub fn in_namespace(namespace: &Namespace) -> Option<Self> {
        let kept = namespace.find_cell::<Kept>(NAME)?;
        Some(Self {
            cell: Arc::clone(&kept.0),
            registry: namespace.registry().clone(),
        })
    }

    /// Goes by another spec from now on: series that are there stay, also where there would be no more room for them.
    pub(crate) fn renew(&self, spec: &MetricsSpec) -> Result<(), mainstay_specs::Faults> {
        self.cell.set_limits(&super::limits::Limits::of(spec)?);
        Ok(())
    }

    /// What instrumented functions record to.
    pub(crate) fn sites(&self) -> &Sites {
        &self.cell.sites
    }

    /// A series to count up, made if it is not there.
    ///
    /// If there are as many series as there may be, what is recorded to this one goes to the series of its family that is tagged
    /// [`OVERFLOW`](super::OVERFLOW), and with the same status.
    ///
    /// # Errors
    ///
    /// A wrong name or wrong tags; [`MetricsError::Clash`] and [`MetricsError::ExportClash`] with a family that is there;
    /// [`MetricsError::TooManyFamilies`]; [`MetricsError::UnitClash`] if it was described in another unit, for a counter in any but
    /// [`Unit::Count`].
    pub fn counter(
        &self,
        name: impl IntoMetricName,
        tags: impl Into<Tags>,
    ) -> Result<Counter, MetricsError> {
        let key = key(name, tags, MetricKind::Counter, Unit::Count)?;
        let series = self.cell.series(key, |key, moment| {
            let series = Series::new(key, LiveCounter::default(), moment);
            AnySeries::Counter(Arc::new(series))
        })?;
        match series {
            AnySeries::Counter(series) => Ok(Counter(series)),
            AnySeries::Gauge(_) | AnySeries::Histogram(_) => unreachable!("the kind was checked"),
        }
    }

    /// A series to be set to what is the case, made if it is not there.
    ///
    /// # Errors
    ///
    /// Those of [`counter`](Self::counter).
    pub fn gauge(
        &self,
        name: impl IntoMetricName,
        unit: Unit,
        tags: impl Into<Tags>,
    ) -> Result<Gauge, MetricsError> {
        let key = key(name, tags, MetricKind::Gauge, unit)?;
        let series = self.cell.series(key, |key, moment| {
            let series = Series::new(key, LiveGauge::default(), moment);
            AnySeries::Gauge(Arc::new(series))
        })?;
        match series {
            AnySeries::Gauge(series) => Ok(Gauge(series)),
            AnySeries::Counter(_) | AnySeries::Histogram(_) => unreachable!("the kind was checked"),
        }
    }

    /// A series of samples, made if it is not there.
    ///
    /// # Errors
    ///
    /// Those of [`counter`](Self::counter).
    pub fn histogram(
        &self,
        name: impl IntoMetricName,
        unit: Unit,
        tags: impl Into<Tags>,
    ) -> Result<Histogram, MetricsError> {
        let key = key(name, tags, MetricKind::Histogram, unit)?;
        let budget = &self.cell.budget;
        let series = self.cell.series(key, |key, moment| {
            let live = LiveHistogram::new(Arc::clone(budget));
            AnySeries::Histogram(Arc::new(Series::new(key, live, moment)))
        })?;
        match series {
            AnySeries::Histogram(series) => Ok(Histogram(series)),
            AnySeries::Counter(_) | AnySeries::Gauge(_) => unreachable!("the kind was checked"),
        }
    }

    /// Tells people what a family is: the `HELP` of exports, in place of its name and unit. A sentence or two, of at most
    /// [`HELP_BYTES_MAX`](super::HELP_BYTES_MAX) bytes.
    ///
    /// A family can be described before anything is recorded to it, and stays described as long as the store is there. To say the same
    /// again is fine; the first text stays. With a unit, the family can be recorded in no other from then on. Descriptions, of at most
    /// [`FAMILIES_MAX`](super::FAMILIES_MAX) families, are not part of what the spec bounds.
    ///
    /// ```
    /// # use mainstay_actors::metrics::{MetricsStore, Tags, TextFormat, Unit};
    /// # use mainstay_specs::{MetricsSpec, NamespaceName};
    /// # use mainstay_supervisors::{NamespacePlan, Runtime};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
    /// # let runtime = Runtime::new();
    /// # let namespace = runtime.start_namespace(NamespaceName::new("app")?, plan).await?;
    /// let store = MetricsStore::in_namespace(&namespace).expect("it was started");
    /// store.describe("shop.cart", Unit::Count, "Items in the cart at checkout.")?;
    /// store.histogram("shop.cart", Unit::Count, Tags::new())?.record(3);
    /// let text = TextFormat::Prometheus.write(&[(&[], &store.snapshot())]);
    /// assert!(text.contains("# HELP shop_cart Items in the cart at checkout.\n"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A wrong name; [`MetricsError::Help`]; [`MetricsError::DescriptionClash`] and [`MetricsError::UnitClash`] with what is known of the
    /// family; [`MetricsError::TooManyDescriptions`]. Nothing has changed then.
    pub fn describe(
        &self,
        name: impl IntoMetricName,
        unit: impl Into<Option<Unit>>,
        help: &str,
    ) -> Result<(), MetricsError> {
        let name = name.into_metric_name()?;
        let mut table = self.cell.table_to_change();
        table.describe(name, unit.into(), help)
    }

    /// What is seen of one series. `None` if it is not there.
    #[must_use]
    pub fn view(
        &self,
        name: impl IntoMetricName,
        tags: impl Into<Tags>,
        window: TimeWindow,
    ) -> Option<View> {
        let name = name.into_metric_name().ok()?;
        let series = self.cell.table().series(&name, &tags.into()).cloned()?;
        Some(self.cell.look(|moment| series.view(window, moment)))
    }

    /// What is seen of all series of a family together. `None` if there are none.
    #[must_use]
    pub fn family(&self, name: impl IntoMetricName, window: TimeWindow) -> Option<View> {
        let name = name.into_metric_name().ok()?;
        let (shares, lost_until) = {
            let table = self.cell.table();
            let shares: Vec<AnySeries> = table.family(&name).cloned().collect();
            (shares, table.lost_until(&name))
        };
        self.cell.look(|moment| {
            let views = shares.iter().map(|series| series.view(window, moment));
            let mut family = views.reduce(|mut all, view| {
                all.merge(view);
                all
            })?;
            family.lose(lost_until.map(|until| moment.now.saturating_sub(until)));
            Some(family)
        })
    }

    /// What is seen of each of the series that are asked for, sorted by name and tags.
    ///
    /// Nobody waits for this: recording goes on meanwhile, and new series are made.
    #[must_use]
    pub fn views(
        &self,
        window: TimeWindow,
        select: impl FnMut(&SeriesKey) -> bool,
    ) -> Vec<SeriesView> {
        self.views_among(self.cell.shares(), window, select)
    }

    /// As [`views`](Self::views), of families that are asked for by name first, so that the series of others are not looked at.
    pub(crate) fn views_of(
        &self,
        window: TimeWindow,
        families: impl Fn(&MetricName) -> bool,
    ) -> Vec<SeriesView> {
        let shares = self.cell.table().of_families(families);
        self.views_among(shares, window, |_| true)
    }

    /// What is seen of each series of a family, sorted by tags.
    pub(crate) fn views_in(&self, name: &MetricName, window: TimeWindow) -> Vec<SeriesView> {
        let shares = self.cell.table().family(name).cloned().collect();
        self.views_among(shares, window, |_| true)
    }

    fn views_among(
        &self,
        mut shares: Vec<AnySeries>,
        window: TimeWindow,
        mut select: impl FnMut(&SeriesKey) -> bool,
    ) -> Vec<SeriesView> {
        shares.retain(|series| select(series.key()));
        let mut views: Vec<SeriesView> = self.cell.look(|moment| {
            let views = shares
                .iter()
                .map(|series| series.series_view(window, moment));
            views.collect()
        });
        views.sort_by(|one, other| one.key.order().cmp(&other.key.order()));
        views
    }

    /// The families whose names are asked for, and what their numbers are in. No view is made.
    pub(crate) fn families(&self, select: impl Fn(&MetricName) -> bool) -> Vec<(MetricName, Unit)> {
        self.cell.table().families(select)
    }

    /// The state of the store.
    #[must_use]
    pub fn status(&self) -> MetricsStatus {
        let cell = &self.cell;
        let counts = &cell.counts;
        let limits = cell.limits();
        let ticks = cell.timeline.load().latest();
        let lateness = Duration::from_nanos(counts.lateness.load(Ordering::Relaxed));
        MetricsStatus {
            available: self.registry.whereis(&start::service_name()).is_some(),
            generation: counts.generation.load(Ordering::Relaxed),
            series: cell.table().len(),
            series_max: limits.series_max,
            bytes: cell.budget.bytes(),
            bytes_max: limits.bytes_max,
            overflowed: counts.overflowed.load(Ordering::Relaxed),
            dropped: cell.budget.dropped(),
            unplaced: cell.budget.unplaced(),
            expired: counts.expired.load(Ordering::Relaxed),
            shed: counts.shed.load(Ordering::Relaxed),
            ticks,
            tick_lateness: (ticks > 0).then_some(lateness),
        }
    }
}

fn key(
    name: impl IntoMetricName,
    tags: impl Into<Tags>,
    kind: MetricKind,
    unit: Unit,
) -> Result<SeriesKey, MetricsError> {
    Ok(SeriesKey {
        name: name.into_metric_name()?,
        tags: tags.into(),
        kind,
        unit,
    })
}
