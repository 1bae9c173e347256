//! The group `instrument`: casts through a `ServiceRef` to an actor that is measured, one that is not, and a bare one of ractor's.
//!
//! `cast-metered` is all that a namespace with telemetry measures, recorded in its metrics store; `cast-hooked` the timing alone.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_actors::{MetricsStore, ProcessMetrics};
use mainstay_specs::{MetricsSpec, ProcessMetricsSpec};
use mainstay_supervisors::{
    Child, Handled, Meter, Meters, Namespace, NamespacePlan, Process, Runtime, ServiceRef,
};
use ractor::rpc::CallResult;
use ractor::{Actor, ActorRef};

use crate::flavour::Stage;
use crate::worker::{Worker, WorkerMessage};
use crate::{Comparison, Contest, Flavour, Options, Outcome};

const CASTS: u32 = 5_000;
/// Never reached.
const LIMIT: Duration = Duration::from_secs(1);
/// What measuring may add to a raw cast.
const TARGET: f64 = 1.30;

const GROUP: &[Comparison] = &[
    (&["cast-metered.ct"], metered_on_one_thread),
    (&["cast-metered.mt"], metered_on_two_workers),
    (&["cast-hooked.ct"], hooked_on_one_thread),
    (&["cast-hooked.mt"], hooked_on_two_workers),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn metered_on_one_thread(options: &Options) -> Outcome<()> {
    let measured = Measured::Recorded;
    cast(Flavour::CurrentThread, "cast-metered.ct", options, measured)
}

fn metered_on_two_workers(options: &Options) -> Outcome<()> {
    let measured = Measured::Recorded;
    cast(Flavour::TwoWorkers, "cast-metered.mt", options, measured)
}

fn hooked_on_one_thread(options: &Options) -> Outcome<()> {
    let measured = Measured::Thrown;
    cast(Flavour::CurrentThread, "cast-hooked.ct", options, measured)
}

fn hooked_on_two_workers(options: &Options) -> Outcome<()> {
    let measured = Measured::Thrown;
    cast(Flavour::TwoWorkers, "cast-hooked.mt", options, measured)
}

/// How an actor is measured.
#[derive(Clone, Copy)]
enum Measured {
    Not,
    /// All is timed, and what is told is thrown away.
    Thrown,
    /// All is recorded.
    Recorded,
}

/// The hook alone: all is timed, and what is told is thrown away.
fn hook() -> Arc<dyn Meters> {
    struct Ignoring;
    impl Meter for Ignoring {
        fn handled(&self, message: &Handled) {
            std::hint::black_box(message);
        }
    }
    Arc::new(|_: &Process| Some(Arc::new(Ignoring) as Arc<dyn Meter>))
}

/// The time until all casts are handled: the last one is followed by a call.
fn cast(
    flavour: Flavour,
    name: &'static str,
    options: &Options,
    measured: Measured,
) -> Outcome<()> {
    let stage = flavour.build()?;
    let (_metered, metered) = supervised(&stage, measured)?;
    let (_plain, plain) = supervised(&stage, Measured::Not)?;
    let bare: ActorRef<WorkerMessage> =
        stage.run(async { Ok(Actor::spawn(None, Worker, None).await?.0) })?;
    Contest::new([name], "ns", || round(&stage, &metered))
        .peer("ractor", [TARGET], || {
            let bare = bare.clone();
            stage.run(async move {
                let began = Instant::now();
                for _ in 0..CASTS {
                    bare.cast(WorkerMessage::Add(1))?;
                }
                match bare.call(WorkerMessage::Total, Some(LIMIT)).await? {
                    CallResult::Success(_) => Ok([each(began)]),
                    _ => Err("the worker did not answer".into()),
                }
            })
        })
        .peer("unmetered", [TARGET], || round(&stage, &plain))
        .run(options)
}

type Service = Arc<ServiceRef<WorkerMessage>>;

fn round(stage: &Stage, service: &Service) -> Outcome<[f64; 1]> {
    let service = Arc::clone(service);
    stage.run(async move {
        let began = Instant::now();
        for _ in 0..CASTS {
            service.cast(WorkerMessage::Add(1))?;
        }
        service.call(WorkerMessage::Total, LIMIT).await?;
        Ok([each(began)])
    })
}

/// The tree is up as long as runtime and namespace are kept.
fn supervised(stage: &Stage, measured: Measured) -> Outcome<((Runtime, Namespace), Service)> {
    stage.run(async move {
        let runtime = Runtime::new();
        let mut plan = NamespacePlan::new();
        if let Measured::Recorded = measured {
            plan = plan
                .service(MetricsStore::child(MetricsSpec::default()))
                .service(ProcessMetrics::child(ProcessMetricsSpec::default()));
        }
        let namespace = runtime.start_namespace("bench".parse()?, plan).await?;
        if let Measured::Thrown = measured {
            namespace.set_meters(Some(hook()));
        }
        let child = Child::actor("worker", || (Worker, None));
        let child = child.name("worker".parse()?);
        namespace.start_child(child).await?;
        let service = namespace.service("worker".parse()?);
        Ok(((runtime, namespace), Arc::new(service)))
    })
}

/// Nanoseconds a cast.
fn each(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e9 / f64::from(CASTS)
}
