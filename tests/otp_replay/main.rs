//! The recorded traces of Erlang/OTP, replayed; and the command that replays them.

mod command;
mod differences;
mod traces;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder with the traces.
const TRACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/otp");

/// A folder of this test with this one file of scenarios, one a line.
fn folder_with(test: &str, lines: &[String]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("otp")
        .join(test);
    fs::create_dir_all(&folder).expect("the build folder can be written to");
    fs::write(folder.join("scenarios.jsonl"), lines.join("\n")).expect("so can this one");
    folder
}
