//! The Foundation API under load while actors are killed: what the program `long_load` does, whose docs say how it is used.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the run |
//! | `options.rs` | the command line |
//! | `node.rs` | the node |
//! | `kills.rs` | what is killed, and what is restarted |
//! | `wrk.rs`, `load.lua` | `wrk`, what it asks and what it says |
//! | `memory.rs` | how much memory is resident |
//! | `report.rs` | what is printed, and which rules hold |

mod kills;
mod memory;
mod node;
mod options;
mod report;
mod wrk;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use mainstay::Node;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use self::memory::Samples;
use self::options::Options;
use self::report::Report;
use self::wrk::Asked;
use crate::Outcome;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How long the node may take to be ready again after the last kill, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs it by the command line of this program.
#[must_use]
pub fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let folder = std::env::temp_dir().join(format!("mainstay-long-load-{}", std::process::id()));
    let done = run(&options, &folder);
    std::fs::remove_dir_all(&folder).ok();
    match done {
        Ok(report) => {
            print!("{report}");
            report.exit_code()
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, folder: &Path) -> Outcome<Report> {
    std::fs::create_dir_all(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(load(options, folder))
}

async fn load(options: &Options, folder: &Path) -> Outcome<Report> {
    let node = node::boot(folder).await?;
    let address = node.address().ok_or("the node has no HTTP")?;
    let app = node.namespace("production");
    let app = app.ok_or("expected the namespace `production`")?;
    let (stop, stopped) = oneshot::channel();
    let counted = tokio::spawn(kills::count(node.runtime().events(), stopped));

    let child = wrk::begin(options, address, node::TOKEN, folder)?;
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let watched = tokio::spawn(watch(until));
    let kills = kills::kill(&app, options.kills, options.seed, until).await;
    let output = spawn_blocking(|| child.wait_with_output()).await??;
    let asked = Asked::read(&String::from_utf8_lossy(&output.stdout))?;
    let memory = watched.await??;

    let is_ready = is_ready(&node).await;
    stop.send(()).ok();
    let restarts = counted.await?;
    let left = node.stop(PATIENCE).await.killed;
    Ok(Report {
        asked,
        kills,
        restarts,
        memory,
        is_ready,
        left,
    })
}

async fn watch(until: Instant) -> Outcome<Samples> {
    let began = Instant::now();
    let mut samples = Samples::default();
    let mut next = began;
    while next <= until {
        sleep_until(next).await;
        samples.take(began.elapsed())?;
        next += LOOK;
    }
    Ok(samples)
}

/// Whether it is, soon.
async fn is_ready(node: &Node) -> bool {
    let until = Instant::now() + PATIENCE;
    while !node.readiness().ready {
        if Instant::now() > until {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}
