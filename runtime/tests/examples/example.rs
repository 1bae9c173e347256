//! Running an example.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::common::{self, Ended, Process};

/// An example that `cargo test` has built with this test.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(Path::parent).unwrap();
    let path = built.join("examples").join(name);
    assert!(
        is_up_to_date(&path),
        "{} is not there or older than its source: `cargo test` builds the examples, and `cargo test --test examples` does not",
        path.display()
    );
    let mut command = Command::new(path);
    command.current_dir(folder()).env("RUST_BACKTRACE", "0");
    command
}

/// Nothing that it was built of, which the list beside it tells, has changed since.
fn is_up_to_date(program: &Path) -> bool {
    let Ok(sources) = fs::read_to_string(program.with_extension("d")) else {
        return false;
    };
    let changed = |path: &str| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let built = changed(program.to_str().unwrap());
    // `program: source source …`, with what is a space in a name behind a backslash.
    let (_, sources) = sources.trim_end().split_once(": ").unwrap();
    let sources = sources.replace("\\ ", "\0");
    let mut sources = sources.split(' ').map(|source| source.replace('\0', " "));
    built.is_some() && sources.all(|source| changed(&source).is_some_and(|at| Some(at) <= built))
}

/// Of this run's own.
pub(crate) fn folder() -> PathBuf {
    common::folder("examples").to_owned()
}

/// What it prints, to its end, which is to be a good one.
pub(crate) fn printed(command: &mut Command) -> Vec<String> {
    let ended = Ended::of(command);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout.lines().map(str::to_owned).collect()
}

/// An example that runs until it is told to stop. Killed when it is dropped.
pub(crate) struct Running(Process);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(Process::start(command))
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        self.0.stdout.next().unwrap()
    }

    /// Sends it a signal; what it prints from then on, to its end, which is to be a good one.
    pub(crate) fn stopped_by(mut self, signal: &str) -> Vec<String> {
        self.0.signal(signal);
        let rest = self.0.stdout.by_ref().collect();
        assert_eq!(self.0.code(), Some(0));
        rest
    }
}
