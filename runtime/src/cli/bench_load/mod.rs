//! `mainstay bench-load`: many requests to a running node, and how it bore them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what is asked for, and the table |
//! | `drive.rs` | one connection, which asks again and again |
//! | `tally.rs` | what came of it: counts and a histogram; pure |

mod drive;
mod tally;

use std::time::Duration;

use clap::Args;
use tokio::time::Instant;

use super::client::{ClientError, Target};
use super::exit::Exit;
use super::print;
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
    print::out(heading());
    let mut exit = Exit::Done;
    for path in &options.paths {
        match load(&options, path).await {
            Ok((tally, took)) => {
                print::out(line(path, &tally, took));
                print::out(tally.refusals());
                if tally.is_bad() {
                    exit = Exit::Failure;
                }
            }
            Err(error) => return print::error(Exit::Usage, error),
        }
    }
    exit
}

/// All connections at once, until the time is up.
async fn load(options: &Options, path: &str) -> Result<(Tally, Duration), ClientError> {
    let url = options.url.trim_end_matches('/');
    let target = Target::of(url, path).ok_or_else(|| ClientError::Url(url.to_owned()))?;
    // What is wrong with it is wrong with each.
    target.request("*/*", options.token.as_deref())?;
    let began = Instant::now();
    let until = began + Duration::from_secs(options.seconds);
    let drives = (0..options.connections).map(|_| {
        let (target, token) = (target.clone(), options.token.clone());
        tokio::spawn(async move { drive(&target, token.as_deref(), until).await })
    });
    let drives: Vec<_> = drives.collect();
    let mut whole = Tally::default();
    for drive in drives {
        // It is neither aborted, nor does it panic.
        whole.add(&drive.await.unwrap_or_default());
    }
    Ok((whole, began.elapsed()))
}

fn heading() -> String {
    format!(
        "{:<32} {:>12} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "path", "requests/s", "p50", "p99", "max", "2xx-4xx", "refused", "failed"
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
        tally.fine(),
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
Each connection asks, reads the answer and asks again. Refused are answers 429 and 503 that say who refused or when to come back; failed are
other answers of 500 and more, connections that are refused and answers that break off.

Exit codes:
  0  nothing failed
  1  something failed
  2  wrong arguments";
