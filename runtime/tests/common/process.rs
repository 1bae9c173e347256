//! A program that runs.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Within so long a program has to say what it has to say and to end; far more than any needs, as many may run at a time.
const LIMIT: Duration = Duration::from_secs(120);

/// What a program that has ended leaves.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    /// None if a signal has killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Runs a program to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut process = Process::start(command);
        let (stdout, stderr) = (process.stdout.rest(), process.stderr.rest());
        Self {
            code: process.code(),
            stdout,
            stderr,
        }
    }
}

/// A program that runs. Killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self {
            child,
            stdout: Lines::of(stdout),
            stderr: Lines::of(stderr),
        }
    }

    /// Sends it the signal of this name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &kill]).status();
        assert!(sent.unwrap().success(), "{kill}");
    }

    /// What it ends with, once it has nothing more to say.
    pub(crate) fn code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a program prints.
pub(crate) struct Lines {
    /// Only ever had to itself: so that threads can share a program whose lines one of them reads.
    lines: Mutex<Receiver<String>>,
    until: Instant,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let (told, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            loop {
                let mut line = String::new();
                // What is no UTF-8 ends it as well, and the test with it.
                if pipe.read_line(&mut line).unwrap() == 0 || told.send(line).is_err() {
                    break;
                }
            }
        });
        let until = Instant::now() + LIMIT;
        Self {
            lines: Mutex::new(lines),
            until,
        }
    }

    /// The next line with its end, unless there is none any more.
    fn line(&mut self) -> Option<String> {
        let left = self.until.saturating_duration_since(Instant::now());
        match self.lines.get_mut().unwrap().recv_timeout(left) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the program has not ended within {LIMIT:?}"),
        }
    }

    /// All that comes until it ends, as it is.
    fn rest(&mut self) -> String {
        let mut rest = String::new();
        while let Some(line) = self.line() {
            rest.push_str(&line);
        }
        rest
    }
}

impl Iterator for Lines {
    type Item = String;

    /// A line without its end. Waits for it.
    fn next(&mut self) -> Option<String> {
        let mut line = self.line()?;
        if line.ends_with('\n') {
            line.pop();
        }
        Some(line)
    }
}
