//! Running an example.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// An example that `cargo test` has built with this test.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = built.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is not there: `cargo test` builds the examples, and `cargo test --test examples` does not",
        path.display()
    );
    let mut command = Command::new(path);
    command
        .current_dir(folder())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null());
    command
}

/// Of this run's own.
pub(crate) fn folder() -> PathBuf {
    let run = format!("examples-{}", std::process::id());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(run);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What it prints, to its end, which is to be a good one.
pub(crate) fn printed(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8(output.stdout),
        String::from_utf8(output.stderr),
    );
    assert!(
        output.status.success(),
        "{}: {}",
        output.status,
        stderr.unwrap()
    );
    stdout.unwrap().lines().map(str::to_owned).collect()
}

/// An example that runs until it is told to stop. Killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdout }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        self.stdout.next().unwrap().unwrap()
    }

    /// As Ctrl-C does; what it prints from then on, to its end, which is to be a good one.
    pub(crate) fn interrupt(mut self) -> Vec<String> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(sent.success());
        let rest = self.stdout.by_ref().map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
