//! Telemetry.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use mainstay_actors::metrics::Unit;
use mainstay_actors::telemetry::{Metadata, TelemetryService};
use mainstay_supervisors::Namespace;

use super::book::Book;
use crate::Outcome;
use crate::success::sample::Sample;

const SERVICE: &str = "telemetry";
const HEARD: &str = "shop.heard";

pub(super) async fn measure(
    namespace: &Namespace,
    book: &Book,
    looks: usize,
    changes: usize,
) -> Outcome<()> {
    let telemetry = TelemetryService::in_namespace(namespace).ok_or("it was just started")?;
    events(&telemetry, book, looks).await?;
    spans(&telemetry, book, looks).await?;
    metrics(&telemetry, book, looks)?;
    listeners(&telemetry, book, changes).await
}

/// With nobody who listens, and with a handler.
async fn events(telemetry: &TelemetryService, book: &Book, looks: usize) -> Outcome<()> {
    let [mut alone, mut heard, mut named] = <[Sample; 3]>::default();
    let handler = telemetry.attach("count", HEARD, |event| {
        black_box(event.number());
    })?;
    let (lonely, event) = (telemetry.event("shop.order")?, telemetry.event(HEARD)?);
    for nth in 0..looks {
        let cups = nth as f64;
        let say = || ([("cups", cups)], [("size", "large")]);
        alone.time(|| lonely.emit(say));
        heard.time(|| event.emit(say));
        named.time(|| telemetry.execute(HEARD, [("cups", cups)], [("size", "large")]))?;
    }
    handler.detach().await?;
    book.notes(
        SERVICE,
        [("emit", alone), ("emit_heard", heard), ("execute", named)],
    )
}

async fn spans(telemetry: &TelemetryService, book: &Book, looks: usize) -> Outcome<()> {
    let mut measured = Sample::default();
    let span = telemetry.span("shop.checkout")?;
    for _ in 0..looks {
        let work = async { Ok::<_, Infallible>(1) };
        measured
            .time_async(span.measure(Metadata::new(), work))
            .await?;
    }
    book.notes(SERVICE, [("measure", measured)])
}

fn metrics(telemetry: &TelemetryService, book: &Book, looks: usize) -> Outcome<()> {
    let [mut counters, mut gauges, mut histograms, mut states] = <[Sample; 4]>::default();
    for nth in 0..looks {
        let tags = || [("size", "large")];
        counters.time(|| telemetry.emit_counter("shop.orders", 1, tags()))?;
        gauges.time(|| telemetry.emit_gauge("shop.waiting", nth as f64, Unit::Count, tags()))?;
        histograms.time(|| {
            telemetry.emit_histogram("shop.cups", nth as u64 % 100, Unit::Count, tags())
        })?;
        drop(states.time(|| telemetry.status()));
    }
    book.notes(
        SERVICE,
        [
            ("emit_counter", counters),
            ("emit_gauge", gauges),
            ("emit_histogram", histograms),
            ("status", states),
        ],
    )
}

async fn listeners(telemetry: &TelemetryService, book: &Book, changes: usize) -> Outcome<()> {
    let [
        mut attached,
        mut queued,
        mut detached,
        mut subscribed,
        mut flushed,
    ] = <[Sample; 5]>::default();
    for _ in 0..changes {
        let handler = attached.time(|| telemetry.attach("inline", HEARD, |_| {}))?;
        detached.time_async(handler.detach()).await?;
        drop(subscribed.time(|| telemetry.subscribe(HEARD))?);
    }
    // Each has a thread of its own.
    for _ in 0..changes / 10 {
        let handler = queued.time(|| telemetry.attach_queued("queued", HEARD, 16, |_| {}))?;
        flushed
            .time_async(telemetry.flush(Duration::from_secs(5)))
            .await;
        handler.detach().await?;
    }
    book.notes(
        SERVICE,
        [
            ("attach", attached),
            ("attach_queued", queued),
            ("detach", detached),
            ("subscribe", subscribed),
            ("flush", flushed),
        ],
    )
}
