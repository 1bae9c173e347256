//! The group `metrics`: what it costs to count, and to record a latency, through handles that are held, compared with the usual libraries.
//!
//! The target is for the fastest of the peers, so it stands at each of them. One thread, and two that record to the same series. The
//! latencies are the same random ones for all, of a few microseconds to some milliseconds.
//!
//! `histogram` is through the handle that all share, `histogram-local` through the recorder that one owner has, as hdrhistogram's recorders
//! have.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | counters and histograms |
//! | `event.rs` | an event that nobody listens to |

mod event;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram as Hdr;
use mainstay_actors::metrics::{MetricsStore, Tags, Unit};
use mainstay_specs::MetricsSpec;
use mainstay_supervisors::{NamespacePlan, Runtime};
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::flavour::Stage;
use crate::{Comparison, Contest, Flavour, Options, Outcome};

/// Of ours by the fastest peer.
const COUNTER_1T: f64 = 0.7;
const HISTOGRAM_1T: f64 = 0.5;
const BOTH_2T: f64 = 0.4;

/// How often all values are recorded in a round, by each thread.
const STRETCHES: usize = 200;

const GROUP: &[Comparison] = &[
    (&["counter.1t"], |options| {
        counters("counter.1t", 1, COUNTER_1T, options)
    }),
    (&["counter.2t"], |options| {
        counters("counter.2t", 2, BOTH_2T, options)
    }),
    (&["histogram.1t"], |options| {
        histograms("histogram.1t", 1, HISTOGRAM_1T, Ours::Shared, options)
    }),
    (&["histogram.2t"], |options| {
        histograms("histogram.2t", 2, BOTH_2T, Ours::Shared, options)
    }),
    (&["histogram-local.1t"], |options| {
        histograms("histogram-local.1t", 1, HISTOGRAM_1T, Ours::Local, options)
    }),
    (&["histogram-local.2t"], |options| {
        histograms("histogram-local.2t", 2, BOTH_2T, Ours::Local, options)
    }),
    (&["event-unheard"], event::unheard),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn counters(name: &'static str, threads: usize, target: f64, options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    let (_runtime, store) = store(&stage)?;
    let ours = store.counter("bench.counter", tags())?;
    let exporter = PrometheusBuilder::new().build_recorder();
    let facade = exporter.register_counter(&key("bench_counter"), &METADATA);
    let client: Counter = Counter::default();
    let ones = [1; VALUES];
    Contest::new([name], "ns", || {
        on_threads(threads, &ones, || |by| ours.increment(by))
    })
    .peer("metrics-exporter-prometheus", [target], || {
        on_threads(threads, &ones, || |by| facade.increment(by))
    })
    .peer("prometheus-client", [target], || {
        on_threads(threads, &ones, || {
            |by| {
                client.inc_by(by);
            }
        })
    })
    .run(options)
}

/// Through what ours is recorded.
#[derive(Clone, Copy)]
enum Ours {
    Shared,
    Local,
}

fn histograms(
    name: &'static str,
    threads: usize,
    target: f64,
    through: Ours,
    options: &Options,
) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    let (_runtime, store) = store(&stage)?;
    let ours = store.histogram("bench.histogram", Unit::Nanoseconds, tags())?;
    let (exporter, facade) = exporter_histogram()?;
    let client = Histogram::new(exponential_buckets(1e-6, 4.0, 12));
    let mut hdr = Hdr::<u64>::new_with_bounds(1, 3_600_000_000_000, 2)?.into_sync();
    let values = latencies();
    Contest::new([name], "ns", || match through {
        Ours::Shared => on_threads(threads, &values, || |value| ours.record(value)),
        Ours::Local => on_threads(threads, &values, || {
            let mut recorder = ours.local();
            move |value| recorder.record(value)
        }),
    })
    .peer("metrics-exporter-prometheus", [target], || {
        let took = on_threads(threads, &values, || {
            |value| facade.record(value as f64 * 1e-9)
        });
        // It keeps each sample until then.
        exporter.handle().run_upkeep();
        took
    })
    .peer("prometheus-client", [target], || {
        on_threads(threads, &values, || {
            |value| client.observe(value as f64 * 1e-9)
        })
    })
    .peer("hdrhistogram", [target], || {
        let took = on_threads(threads, &values, || {
            let mut recorder = hdr.recorder();
            move |value| recorder.saturating_record(value)
        });
        hdr.refresh_timeout(std::time::Duration::ZERO);
        took
    })
    .run(options)
}

fn store(stage: &Stage) -> Outcome<(Runtime, MetricsStore)> {
    stage.run(async {
        let runtime = Runtime::new();
        let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
        let namespace = runtime.start_namespace("bench".parse()?, plan).await?;
        let store = MetricsStore::in_namespace(&namespace).ok_or("there is no metrics store")?;
        Ok((runtime, store))
    })
}

fn exporter_histogram() -> Outcome<(Arc<PrometheusRecorder>, metrics::Histogram)> {
    let buckets: Vec<f64> = exponential_buckets(1e-6, 4.0, 12).collect();
    let matcher = Matcher::Full("bench_histogram".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(matcher, &buckets)?;
    let exporter = Arc::new(builder.build_recorder());
    let histogram = exporter.register_histogram(&key("bench_histogram"), &METADATA);
    Ok((exporter, histogram))
}

fn tags() -> Tags {
    Tags::from([("operation", "get"), ("status", "success")])
}

fn key(name: &'static str) -> Key {
    let labels = vec![
        Label::new("operation", "get"),
        Label::new("status", "success"),
    ];
    Key::from_parts(name, labels)
}

const METADATA: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, None);

/// So few that they stay in the nearest cache.
const VALUES: usize = 1024;

/// Latencies in nanoseconds: the product of random factors, as they come about.
fn latencies() -> [u64; VALUES] {
    let mut random = fastrand::Rng::with_seed(7);
    std::array::from_fn(|_| {
        let factors: f64 = (0..12).map(|_| random.f64() - 0.5).sum();
        (60_000.0 * factors.exp()) as u64
    })
}

/// Records on each thread at the same time; nanoseconds a record, as a thread sees it.
fn on_threads<R: FnMut(u64)>(
    threads: usize,
    values: &[u64; VALUES],
    recorder: impl Fn() -> R + Sync,
) -> Outcome<[f64; 1]> {
    if threads == 1 {
        return Ok([record(values, recorder())]);
    }
    let together = Barrier::new(threads);
    let times: Vec<Option<f64>> = thread::scope(|scope| {
        let (together, recorder) = (&together, &recorder);
        let spawn = |_| {
            scope.spawn(move || {
                let recorder = recorder();
                together.wait();
                record(values, recorder)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running
            .into_iter()
            .map(|thread| thread.join().ok())
            .collect()
    });
    let sum: Option<f64> = times.into_iter().sum();
    Ok([sum.ok_or("a thread panicked")? / threads as f64])
}

/// The median over many short stretches, in each of which all values are recorded once: one in which the machine did something else
/// tells nothing about a record.
fn record(values: &[u64; VALUES], mut record: impl FnMut(u64)) -> f64 {
    let mut stretches: Vec<u64> = (0..STRETCHES)
        .map(|_| {
            let began = Instant::now();
            values.iter().for_each(|value| record(black_box(*value)));
            u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    let (_, median, _) = stretches.select_nth_unstable(STRETCHES / 2);
    *median as f64 / VALUES as f64
}
