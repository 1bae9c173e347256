//! Running the binary.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

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

/// What a program that has ended leaves.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file of this test's own, in a folder of this run's own.
pub(crate) fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn folder() -> PathBuf {
    let run = format!("cli-{}", std::process::id());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(run);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A node that runs. Killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Lines<BufReader<ChildStderr>>,
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
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut running = Self {
            child,
            stdout,
            stderr,
            welcome: Vec::new(),
            address: String::new(),
        };
        while running.address.is_empty() {
            let Some(line) = running.stdout.next() else {
                panic!("ended: {}", running.errors().join("\n"));
            };
            let line = line.unwrap();
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
        self.stdout.next().unwrap().unwrap()
    }

    /// The next line it complains with.
    pub(crate) fn error(&mut self) -> String {
        self.stderr.next().unwrap().unwrap()
    }

    fn errors(&mut self) -> Vec<String> {
        self.stderr.by_ref().map(Result::unwrap).collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end: the code, and what it has complained with since.
    pub(crate) fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let errors = self.errors();
        let mut rest = String::new();
        for line in self.stdout.by_ref() {
            rest.push_str(&line.unwrap());
        }
        assert_eq!(rest, "", "it has nothing more to say");
        (self.child.wait().unwrap().code(), errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
