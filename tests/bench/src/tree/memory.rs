//! What an idle actor keeps resident. Each side is measured in a process of its own, so that none finds memory that the
//! other has touched before it.

use std::fs;
use std::process::{Command, ExitCode};

use mainstay_supervisors::{DynamicSupervisor, Runtime};
use ractor::Actor;

use super::{start, worker};
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

fn in_child(side: &str) -> Outcome<[f64; 1]> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--resident", side])
        .output()?;
    let text = String::from_utf8(child.stdout)?;
    let bytes = text.trim().parse().map_err(|_| {
        let said = String::from_utf8_lossy(&child.stderr);
        format!("the process that measures {side} gave no number: {said}")
    })?;
    Ok([bytes])
}

/// What the child process does: prints the bytes an actor.
pub(super) fn print_resident(side: &str) -> ExitCode {
    match resident_of(side) {
        Ok(bytes) => {
            println!("{bytes}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
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

/// The bytes of this process that are in memory.
fn resident() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("/proc/self/status tells no VmRSS")?
        .parse()?;
    Ok(kibibytes * 1024.0)
}
