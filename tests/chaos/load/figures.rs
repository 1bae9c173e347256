//! Those who record: what they count is counted once, and of each tide somebody is told once.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::{Counter, Histogram, Tags, Unit};
use tokio::time::sleep;

use super::Clients;

pub(crate) const COUNTED: &str = "chaos.counted";
pub(crate) const MEASURED: &str = "chaos.measured";

/// How long a tide lasts, high or low: longer than any keeper is down.
const TIDE: Duration = Duration::from_secs(30);

fn series(app: &Namespace) -> (Counter, Histogram) {
    let metrics = MetricsStore::in_namespace(app).unwrap();
    let counter = metrics.counter(COUNTED, Tags::new()).unwrap();
    let histogram = metrics.histogram(MEASURED, Unit::Bytes, Tags::new());
    (counter, histogram.unwrap())
}

/// Counts and measures, by handles that it keeps and by others.
pub(super) async fn recorder(clients: Clients, app: Namespace) {
    let mut chance = clients.chance(304);
    let kept = series(&app);
    while !clients.is_over() {
        sleep(Duration::from_millis(chance.u64(5..400))).await;
        let (counter, histogram) = if chance.bool() {
            kept.clone()
        } else {
            series(&app)
        };
        let figure = chance.u64(1..100);
        counter.increment(figure);
        histogram.record(figure);
        clients.book.with(|pages| pages.figures.push(figure));
    }
}

/// High tide, and low tide again, of each of which the alerts tell.
pub(super) async fn tides(clients: Clients, app: Namespace) {
    let metrics = MetricsStore::in_namespace(&app).unwrap();
    let tide = metrics.gauge("chaos.tide", Unit::Count, Tags::new());
    let tide = tide.unwrap();
    while !clients.is_over() {
        tide.set(1.0);
        sleep(TIDE).await;
        tide.set(0.0);
        sleep(TIDE).await;
        clients.book.with(|pages| pages.tides += 1);
    }
}
