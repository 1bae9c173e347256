//! An event that nobody listens to.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_actors::Telemetry;
use mainstay_actors::telemetry::{
    EventDescriptor, Measurements, Metadata, TelemetryEvent, TypedEmitter,
};
use mainstay_specs::TelemetrySpec;
use mainstay_supervisors::{NamespacePlan, Runtime};

use super::{VALUES, record};
use crate::flavour::Stage;
use crate::{Contest, Flavour, Options, Outcome};

/// Of the least there can be: a relaxed load and a branch.
const TO_LOAD: f64 = 1.5;
/// Of what it may cost at most.
const TO_LIMIT: f64 = 1.0;
/// Nanoseconds.
const LIMIT: f64 = 2.0;

struct Opened {
    failures: u64,
}

impl TelemetryEvent for Opened {
    const DESCRIPTOR: EventDescriptor =
        EventDescriptor::new("bench.breaker.opened", &["failure_count"], &["service"]);

    fn measurements(&self) -> Measurements {
        [("failure_count", self.failures)].into()
    }

    fn metadata(&self) -> Metadata {
        [("service", "bench")].into()
    }
}

/// Against a loop that looks at a shared flag, and against what it may cost.
pub(super) fn unheard(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    let (_runtime, emitter) = emitter(&stage)?;
    let flag = Arc::new(AtomicBool::new(false));
    let values = std::array::from_fn::<u64, VALUES, _>(|nth| nth as u64);
    Contest::new(["event-unheard"], "ns", || {
        let emitter = black_box(&emitter);
        Ok([record(&values, |failures| {
            emitter.emit(|| Opened { failures });
        })])
    })
    .peer("load", [TO_LOAD], || {
        let flag = black_box(&flag);
        Ok([record(&values, |value| {
            if flag.load(Ordering::Relaxed) {
                heard(value);
            }
        })])
    })
    .peer("2ns", [TO_LIMIT], || Ok([LIMIT]))
    .run(options)
}

#[cold]
#[inline(never)]
fn heard(value: u64) {
    black_box(value);
}

fn emitter(stage: &Stage) -> Outcome<(Runtime, TypedEmitter<Opened>)> {
    stage.run(async {
        let runtime = Runtime::new();
        let plan = NamespacePlan::new().service(Telemetry::child(TelemetrySpec::default()));
        let namespace = runtime.start_namespace("bench".parse()?, plan).await?;
        let telemetry = Telemetry::in_namespace(&namespace).ok_or("there is no telemetry")?;
        Ok((runtime, telemetry.typed::<Opened>()))
    })
}
