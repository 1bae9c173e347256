//! What a key keeps resident. Each side is measured in a process of its own, so that none finds memory that the other has touched
//! before it.

use std::fs;
use std::process::{Command, ExitCode};

use mainstay_actors::limiter::RateKey;

use super::{MANY, MEMORY, governor, ours, refused, text};
use crate::{Contest, Options, Outcome};

/// The names of both sides, by what the keys are.
pub(super) const NUMBERS: [&str; 2] = ["ours-number", "governor-number"];
pub(super) const TEXTS: [&str; 2] = ["ours-text", "governor-text"];

pub(super) fn compare(
    name: &'static str,
    [ours, theirs]: [&'static str; 2],
    options: &Options,
) -> Outcome<()> {
    Contest::new([name], "bytes", || in_child(ours))
        .peer("governor", [MEMORY], || in_child(theirs))
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

/// What the child process does: prints the bytes a key.
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
    match side {
        "ours-number" => {
            let limiter = ours(1)?;
            each(|key| Ok(limiter.check(RateKey::id(key)).map(drop)?))
        }
        "ours-text" => {
            let limiter = ours(1)?;
            each(|key| Ok(limiter.check(RateKey::user(&text(key))).map(drop)?))
        }
        "governor-number" => {
            let limiter = governor::<u64>(1)?;
            each(|key| limiter.check_key(&key).map_err(refused))
        }
        "governor-text" => {
            let limiter = governor::<String>(1)?;
            each(|key| limiter.check_key(&text(key)).map_err(refused))
        }
        other => Err(format!("expected a side, found {other:?}").into()),
    }
}

/// Calls with each key once, after which it has nothing left for a year; the bytes that are in memory more after that.
fn each(mut call: impl FnMut(u64) -> Outcome<()>) -> Outcome<f64> {
    let before = resident()?;
    for key in 0..MANY {
        call(key)?;
    }
    Ok((resident()? - before) / MANY as f64)
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
