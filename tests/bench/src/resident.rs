//! What a side keeps in memory, measured in a process of its own, so that none finds memory that another has touched before it.

use std::fs;
use std::process::{Command, ExitCode};

use crate::Outcome;

/// Has this program measure a side, in a process of its own that is told to with `--resident`.
pub(crate) fn in_child(side: &str) -> Outcome<[f64; 1]> {
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

/// What that process does: prints what it has measured.
pub(crate) fn print(bytes: Outcome<f64>) -> ExitCode {
    match bytes {
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

/// The bytes of this process that are in memory.
pub(crate) fn resident() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("/proc/self/status tells no VmRSS")?
        .parse()?;
    Ok(kibibytes * 1024.0)
}
