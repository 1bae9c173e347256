//! What a call and a cast cost: through a `ServiceRef` to a supervised actor, and through an `ActorRef` to a bare one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mainstay_supervisors::{Namespace, NamespacePlan, Runtime, ServiceRef};
use ractor::rpc::CallResult;
use ractor::{Actor, ActorRef};

use super::worker;
use crate::flavour::Stage;
use crate::worker::{Worker, WorkerMessage};
use crate::{Contest, Flavour, Options, Outcome};

const CALLS: u32 = 2_000;
const CASTS: u32 = 5_000;
/// Never reached; both sides pay for the timer.
const LIMIT: Duration = Duration::from_secs(1);
const TARGET: f64 = 1.15;

pub(super) fn call_on_one_thread(options: &Options) -> Outcome<()> {
    call(Flavour::CurrentThread, "call.ct", options)
}

pub(super) fn call_on_two_workers(options: &Options) -> Outcome<()> {
    call(Flavour::TwoWorkers, "call.mt", options)
}

pub(super) fn cast_on_one_thread(options: &Options) -> Outcome<()> {
    cast(Flavour::CurrentThread, "cast.ct", options)
}

pub(super) fn cast_on_two_workers(options: &Options) -> Outcome<()> {
    cast(Flavour::TwoWorkers, "cast.mt", options)
}

fn call(flavour: Flavour, name: &'static str, options: &Options) -> Outcome<()> {
    let stage = flavour.build()?;
    let (_kept, service) = supervised(&stage)?;
    let bare = bare(&stage)?;
    Contest::new([name], "ns", || {
        let service = Arc::clone(&service);
        stage.run(async move {
            let began = Instant::now();
            for _ in 0..CALLS {
                service.call(WorkerMessage::Total, LIMIT).await?;
            }
            Ok([each(began, CALLS)])
        })
    })
    .peer("ractor", [TARGET], || {
        let bare = bare.clone();
        stage.run(async move {
            let began = Instant::now();
            for _ in 0..CALLS {
                total(&bare, Some(LIMIT)).await?;
            }
            Ok([each(began, CALLS)])
        })
    })
    .run(options)
}

/// The time until all casts are handled: the last one is followed by a call.
fn cast(flavour: Flavour, name: &'static str, options: &Options) -> Outcome<()> {
    let stage = flavour.build()?;
    let (_kept, service) = supervised(&stage)?;
    let bare = bare(&stage)?;
    Contest::new([name], "ns", || {
        let service = Arc::clone(&service);
        stage.run(async move {
            let began = Instant::now();
            for _ in 0..CASTS {
                service.cast(WorkerMessage::Add(1))?;
            }
            service.call(WorkerMessage::Total, LIMIT).await?;
            Ok([each(began, CASTS)])
        })
    })
    .peer("ractor", [TARGET], || {
        let bare = bare.clone();
        stage.run(async move {
            let began = Instant::now();
            for _ in 0..CASTS {
                bare.cast(WorkerMessage::Add(1))?;
            }
            total(&bare, Some(LIMIT)).await?;
            Ok([each(began, CASTS)])
        })
    })
    .run(options)
}

/// The tree is up as long as runtime and namespace are kept.
type Supervised = ((Runtime, Namespace), Arc<ServiceRef<WorkerMessage>>);

fn supervised(stage: &Stage) -> Outcome<Supervised> {
    stage.run(async {
        let runtime = Runtime::new();
        let namespace = runtime
            .start_namespace("bench".parse()?, NamespacePlan::new())
            .await?;
        let started = namespace.start_child(worker("worker", None)).await?;
        let process = started.process().ok_or("the worker has no process")?;
        namespace.register("worker".parse()?, process)?;
        let service = namespace.service("worker".parse()?);
        Ok(((runtime, namespace), Arc::new(service)))
    })
}

fn bare(stage: &Stage) -> Outcome<ActorRef<WorkerMessage>> {
    stage.run(async { Ok(Actor::spawn(None, Worker, None).await?.0) })
}

/// Calls a worker through its plain reference.
pub(super) async fn total(
    worker: &ActorRef<WorkerMessage>,
    limit: Option<Duration>,
) -> Outcome<u64> {
    match worker.call(WorkerMessage::Total, limit).await {
        Ok(CallResult::Success(total)) => Ok(total),
        Ok(_) => Err("the worker did not answer".into()),
        Err(_) => Err("the worker is gone".into()),
    }
}

/// Nanoseconds an operation.
pub(super) fn each(began: Instant, operations: u32) -> f64 {
    began.elapsed().as_secs_f64() * 1e9 / f64::from(operations)
}
