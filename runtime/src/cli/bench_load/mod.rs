//! `mainstay bench-load`: many requests to a running node, and how it bore them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what is asked for, and the table |
//! | `drive.rs` | one connection, which asks again and again |
//! | `tally.rs` | what came of it: counts and a histogram; pure |

mod drive;
mod tally;

use std::pin::pin;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::{ClientError, Target};
use super::exit::Exit;
use super::print;
use super::signals::{Caught, Signal, caught};
use drive::drive;
use tally::Tally;

/// Where the load goes, and how much.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Options {
    /// Where the node listens
    #[arg(long, default_value = "http://127.0.0.1:4000")]
    url: String,
    /// What is asked for; several are asked for one after the other, each for as long
    #[arg(long = "path", value_name = "PATH", default_value = "/livez")]
    paths: Vec<String>,
    /// How many connections ask at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// For how many seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// The token of the node, for what is not told to everybody
    #[arg(long, env = "MAINSTAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

pub(super) async fn bench_load(options: Options) -> Exit {
    // Before anything is asked: what is wrong with the last path is not to be found after minutes.
    let targets = options.paths.iter().map(|path| target(&options, path));
    let targets: Vec<Target> = match targets.collect() {
        Ok(targets) => targets,
        Err(error) => return print::error(Exit::Usage, error),
    };
    let mut signals = match caught() {
        Ok(signals) => signals,
        Err(error) => {
            return print::error(Exit::Failure, format_args!("cannot catch signals: {error}"));
        }
    };
    print::out(heading());
    let mut exit = Exit::Done;
    for (path, target) in options.paths.iter().zip(&targets) {
        let (tally, took, signal) = load(&options, target, &mut signals).await;
        print::out(line(path, &tally, took));
        print::out(tally.others());
        if let Some(signal) = signal {
            print::status(format_args!("{}: ended before its time", signal.name()));
            return Exit::Signal(signal.number());
        }
        if tally.is_bad() {
            exit = Exit::Failure;
        }
    }
    exit
}

/// What is wrong with a request is wrong with each.
fn target(options: &Options, path: &str) -> Result<Target, ClientError> {
    let target = Target::of(&options.url, path)?;
    target.request("*/*", options.token.as_deref())?;
    Ok(target)
}

/// All connections at once, until the time is up or a signal comes: what came of it, and how long it took.
async fn load(
    options: &Options,
    target: &Target,
    signals: &mut Caught,
) -> (Tally, Duration, Option<Signal>) {
    let began = Instant::now();
    let until = began + Duration::from_secs(options.seconds);
    let (cut_short, told) = watch::channel(false);
    let drives = (0..options.connections).map(|_| {
        let (target, token, told) = (target.clone(), options.token.clone(), told.clone());
        tokio::spawn(async move { drive(&target, token.as_deref(), until, told).await })
    });
    let mut whole = pin!(whole(drives.collect()));
    tokio::select! {
        tally = whole.as_mut() => (tally, began.elapsed(), None),
        signal = signals.next() => {
            cut_short.send_replace(true);
            (whole.await, began.elapsed(), Some(signal))
        }
    }
}

async fn whole(drives: Vec<JoinHandle<Tally>>) -> Tally {
    let mut whole = Tally::default();
    for drive in drives {
        // It is neither aborted, nor does it panic.
        whole.add(&drive.await.unwrap_or_default());
    }
    whole
}

fn heading() -> String {
    format!(
        "{:<32} {:>12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "path", "requests/s", "p50", "p99", "max", "answered", "refused", "failed"
    )
}

fn line(path: &str, tally: &Tally, took: Duration) -> String {
    let rate = tally.answers() as f64 / took.as_secs_f64();
    let at = |share| text(tally.quantile(share));
    format!(
        "{path:<32} {rate:>12.0} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        at(0.5),
        at(0.99),
        text(tally.longest()),
        tally.answered(),
        tally.refused(),
        tally.failed(),
    )
}

fn text(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{micros}us"),
        micros @ 10_000..10_000_000 => format!("{}ms", micros / 1000),
        micros => format!("{}s", micros / 1_000_000),
    }
}

const AFTER: &str = "\
Each connection asks, reads the answer and asks again. Refused are answers in which a guard says that it has refused, and answers 429 and 503 that
say when to come back; failed are other answers 429, those of 500 and more, connections that are refused and answers that break off. All else
is answered; what is not of 200 to 299 has a line of its own. At a signal it tells what there is.

Exit codes:
  0  nothing failed
  1  something failed, or nothing was answered
  2  wrong arguments
  128 + the number of the signal that came before the time was up";
