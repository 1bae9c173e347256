//! A process with an allocator of its own.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::pairs::MEASURES;
use crate::Outcome;

/// A process that allocates and frees when it is asked.
pub(super) struct Heap {
    kind: String,
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Heap {
    /// Starts the one with this kind of allocator, which has to be what it has.
    pub(super) fn start(kind: &str) -> Outcome<Self> {
        // Cargo builds the programs of a package for its benches, beside the folder of the bench.
        let bench = env::current_exe()?;
        let folder = bench.parent().and_then(|deps| deps.parent());
        let program = folder
            .ok_or("the bench lies in no folder")?
            .join(format!("heap_{kind}"));
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let (ask, answers) = child
            .stdin
            .take()
            .zip(child.stdout.take())
            .ok_or("no pipes")?;
        let mut heap = Self {
            kind: kind.to_owned(),
            child,
            ask,
            answers: BufReader::new(answers),
        };
        let found = heap.answer()?;
        if found != kind {
            return Err(format!("expected an allocator that is {kind}, found {found}").into());
        }
        Ok(heap)
    }

    /// Nanoseconds a pair, for each measure.
    pub(super) fn round(&mut self) -> Outcome<[f64; MEASURES]> {
        self.ask.write_all(b"\n")?;
        let answer = self.answer()?;
        let times: Vec<f64> = answer
            .split(' ')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        times
            .try_into()
            .map_err(|_| format!("heap_{} said {answer:?}", self.kind).into())
    }

    fn answer(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("heap_{} has ended", self.kind).into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
