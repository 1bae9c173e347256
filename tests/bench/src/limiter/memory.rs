//! What a key keeps resident.

use std::process::ExitCode;

use mainstay_actors::limiter::RateKey;

use super::{MANY, MEMORY, governor, ours, refused, text};
use crate::resident::{self, in_child, resident};
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

/// What the child process does: prints the bytes a key.
pub(super) fn print_resident(side: &str) -> ExitCode {
    resident::print(resident_of(side))
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
