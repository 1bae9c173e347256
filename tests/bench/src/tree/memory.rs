//! What an idle actor keeps resident.

use std::process::ExitCode;

use mainstay_supervisors::{DynamicSupervisor, Runtime};
use ractor::Actor;

use super::{start, worker};
use crate::resident::{self, in_child, resident};
use crate::worker::Worker;
use crate::{Contest, Flavour, Options, Outcome};

const ACTORS: u32 = 50_000;
const TARGET: f64 = 1.25;
const OURS: &str = "ours";
const RACTOR: &str = "ractor";

pub(super) fn idle(options: &Options) -> Outcome<()> {
    Contest::new(["memory-idle"], "bytes", || in_child(OURS))
        .peer(RACTOR, [TARGET], || in_child(RACTOR))
        .run(options)
}

/// What the child process does: prints the bytes an actor.
pub(super) fn print_resident(side: &str) -> ExitCode {
    resident::print(resident_of(side))
}

fn resident_of(side: &str) -> Outcome<f64> {
    let stage = Flavour::CurrentThread.build()?;
    match side {
        OURS => stage.run(ours()),
        RACTOR => stage.run(bare()),
        other => Err(format!("expected {OURS} or {RACTOR}, found {other:?}").into()),
    }
}

async fn ours() -> Outcome<f64> {
    let runtime = Runtime::new();
    let root = start(&runtime, DynamicSupervisor::new()).await?;
    let mut actors = Vec::with_capacity(ACTORS as usize);
    let before = resident()?;
    for _ in 0..ACTORS {
        actors.push(root.start_child(worker("worker", None)).await?);
    }
    settle().await;
    Ok((resident()? - before) / f64::from(ACTORS))
}

async fn bare() -> Outcome<f64> {
    let mut actors = Vec::with_capacity(ACTORS as usize);
    let before = resident()?;
    for _ in 0..ACTORS {
        actors.push(Actor::spawn(None, Worker, None).await?);
    }
    settle().await;
    Ok((resident()? - before) / f64::from(ACTORS))
}

/// Lets every actor come to rest in its loop.
async fn settle() {
    for _ in 0..ACTORS {
        tokio::task::yield_now().await;
    }
}
