//! The group `instrument`: casts through a `ServiceRef` to an actor that is measured, one that is not, and a bare one of ractor's.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    (&["cast-hooked.ct"], hooked_on_one_thread),
    (&["cast-hooked.mt"], hooked_on_two_workers),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn hooked_on_one_thread(options: &Options) -> Outcome<()> {
    cast(Flavour::CurrentThread, "cast-hooked.ct", options, hook())
}

fn hooked_on_two_workers(options: &Options) -> Outcome<()> {
    cast(Flavour::TwoWorkers, "cast-hooked.mt", options, hook())
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
    meters: Arc<dyn Meters>,
) -> Outcome<()> {
    let stage = flavour.build()?;
    let (_metered, metered) = supervised(&stage, Some(meters))?;
    let (_plain, plain) = supervised(&stage, None)?;
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
fn supervised(
    stage: &Stage,
    meters: Option<Arc<dyn Meters>>,
) -> Outcome<((Runtime, Namespace), Service)> {
    stage.run(async {
        let runtime = Runtime::new();
        let plan = NamespacePlan::new();
        let namespace = runtime.start_namespace("bench".parse()?, plan).await?;
        namespace.set_meters(meters);
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
