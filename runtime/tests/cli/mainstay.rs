//! Running the binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{self, Process};

pub(crate) use crate::common::Ended;

/// The binary with these arguments, and nothing in its environment that it heeds. What it makes is made in this run's folder.
pub(crate) fn mainstay<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command
        .args(args)
        .current_dir(folder())
        .env_remove("MAINSTAY_LOG")
        .env_remove("MAINSTAY_TOKEN");
    command
}

/// What it leaves when it has ended.
pub(crate) fn run(command: &mut Command) -> Ended {
    Ended::of(command)
}

/// A file of this test's own, in a folder of this run's own.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn folder() -> &'static Path {
    common::folder("cli")
}

/// A node that runs. Killed when it is dropped.
pub(crate) struct Running {
    process: Process,
    /// What it has printed until it was up.
    pub(crate) welcome: Vec<String>,
    /// Such as `127.0.0.1:4000`.
    pub(crate) address: String,
}

impl Running {
    /// Starts a node and waits until it says where it listens.
    pub(crate) fn start<'a>(args: impl IntoIterator<Item = &'a str>) -> Self {
        Self::start_command(mainstay(args))
    }

    /// The same by a shell, which has the program and its arguments as `$@`.
    pub(crate) fn start_by<'a>(shell: &str, args: impl IntoIterator<Item = &'a str>) -> Self {
        let program = mainstay(args);
        let mut command = Command::new("sh");
        command
            .args(["-c", shell, "sh"])
            .arg(program.get_program())
            .args(program.get_args())
            .current_dir(folder())
            .env_remove("MAINSTAY_LOG")
            .env_remove("MAINSTAY_TOKEN");
        Self::start_command(command)
    }

    fn start_command(mut command: Command) -> Self {
        // One thread may be blocked for good.
        command
            .env("MAINSTAY_LOG", "off")
            .env("TOKIO_WORKER_THREADS", "2");
        let mut running = Self {
            process: Process::start(&mut command),
            welcome: Vec::new(),
            address: String::new(),
        };
        while running.address.is_empty() {
            let Some(line) = running.process.stdout.next() else {
                panic!("ended: {}", running.errors().join("\n"));
            };
            if let Some(address) = line.strip_prefix("listening on http://") {
                running.address = address.to_owned();
            }
            running.welcome.push(line);
        }
        running
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next line it prints.
    pub(crate) fn line(&mut self) -> String {
        self.process.stdout.next().unwrap()
    }

    /// The next line it complains with.
    pub(crate) fn error(&mut self) -> String {
        self.process.stderr.next().unwrap()
    }

    fn errors(&mut self) -> Vec<String> {
        self.process.stderr.by_ref().collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits for its end: the code, and what it has complained with since.
    pub(crate) fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let errors = self.errors();
        let rest: Vec<String> = self.process.stdout.by_ref().collect();
        assert!(rest.is_empty(), "it has nothing more to say: {rest:?}");
        (self.process.code(), errors)
    }
}
