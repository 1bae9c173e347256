//! The metrics of a service.

use std::time::Duration;

use mainstay_actors::metrics::{Aggregation, MetricType, Outcome, Tags, TimeWindow, Unit};

use super::support::{Bed, pass, secs};

fn told(bed: &Bed, aggregation: Aggregation) -> Vec<(String, MetricType, f64, Unit)> {
    let metrics = bed
        .store
        .get_metrics("shop", TimeWindow::Minute, aggregation);
    let metrics = metrics.unwrap().into_iter();
    metrics
        .map(|metric| {
            let value = (metric.value * 1_000.0).round() / 1_000.0;
            (
                metric.name.to_string(),
                metric.metric_type,
                value,
                metric.unit,
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn there_is_one_number_for_each_family_and_what_it_says() {
    let bed = Bed::new().await;
    let checkout = bed
        .store
        .operation("foundation.shop.checkout", [("shop", "1")])
        .unwrap();
    let depth = bed
        .store
        .gauge("shop.queue", Unit::Count, Tags::new())
        .unwrap();
    depth.set(3.0);
    for second in 0..20 {
        for outcome in [Outcome::Success, Outcome::Success, Outcome::Cancelled] {
            checkout.record(outcome, Duration::from_nanos(32_000));
        }
        if second < 10 {
            checkout.record(Outcome::Error, Duration::from_nanos(32_000));
        }
        bed.monitor().increment_counter("shop.visits").unwrap();
        pass(secs(1)).await;
    }
    use MetricType::{ErrorRate, Latency, ResourceUsage, Throughput};
    let latency = 32.0;
    let expected = |latency: f64, throughput, errors, depth, visits| {
        let name = "foundation.shop.checkout".to_owned();
        vec![
            (name.clone(), Latency, latency, Unit::Microseconds),
            (name.clone(), Throughput, throughput, Unit::PerSecond),
            (name, ErrorRate, errors, Unit::Ratio),
            ("shop.queue".to_owned(), ResourceUsage, depth, Unit::Count),
            (
                "shop.visits".to_owned(),
                Throughput,
                visits,
                Unit::PerSecond,
            ),
        ]
    };
    assert_eq!(
        told(&bed, Aggregation::Avg),
        expected(latency, 3.5, 0.2, 3.0, 1.0)
    );
    let slot = told(&bed, Aggregation::Max);
    assert!((slot[0].2 - latency).abs() <= latency / 64.0);
    assert_eq!(slot[1..], expected(0.0, 4.0, 0.333, 3.0, 1.0)[1..]);
    let least = told(&bed, Aggregation::Min);
    assert_eq!(least[1..], expected(0.0, 3.0, 0.0, 3.0, 1.0)[1..]);
    let high: Vec<MetricType> = told(&bed, Aggregation::P99)
        .iter()
        .map(|told| told.1)
        .collect();
    assert_eq!(high, [Latency, Throughput, ErrorRate, Throughput]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_tags_are_those_that_all_series_have_in_common() {
    let bed = Bed::new().await;
    let operation = bed.store.operation("shop.op", [("shop", "1")]).unwrap();
    for outcome in Outcome::ALL {
        operation.record(outcome, secs(1));
    }
    let metrics = bed
        .store
        .get_metrics("shop", TimeWindow::Day, Aggregation::P50)
        .unwrap();
    assert!(
        metrics
            .iter()
            .all(|metric| metric.tags == Tags::from([("shop", "1")]))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_nothing_is_known_of_is_an_error_and_an_idle_one_is_not() {
    let bed = Bed::new().await;
    let refused = bed
        .store
        .get_metrics("shpo", TimeWindow::Minute, Aggregation::Avg);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "no metrics are recorded of a service `shpo`"
    );
    bed.monitor()
        .record_latency("shop.op", secs(1), Tags::new())
        .unwrap();
    pass(secs(80)).await;
    let metrics = bed
        .store
        .get_metrics("shop", TimeWindow::Minute, Aggregation::P99)
        .unwrap();
    let types: Vec<MetricType> = metrics.iter().map(|metric| metric.metric_type).collect();
    assert_eq!(
        types,
        [MetricType::Throughput],
        "the latency of nothing is undefined"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_summary_has_all_aggregations_that_are_defined() {
    let bed = Bed::new().await;
    bed.monitor()
        .record_latency("shop.op", secs(1), Tags::new())
        .unwrap();
    pass(secs(30)).await;
    let summary = bed.monitor().summary("shop", TimeWindow::Hour).unwrap();
    let period = summary.period_end.duration_since(summary.period_start);
    assert_eq!(period.unwrap(), secs(30));
    let name = summary.metrics[0].name.clone();
    let latency = &summary.aggregations[&name][&MetricType::Latency];
    assert_eq!(latency.len(), Aggregation::ALL.len());
    assert_eq!(latency[&Aggregation::Avg], 1e6);
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["aggregations"]["shop.op"]["latency"]["avg"], 1e6);
    bed.end().await;
}
