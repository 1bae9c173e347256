//! `wrk` as a child process, and what it has to say.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::options::Options;
use crate::Outcome;

const SCRIPT: &str = include_str!("load.lua");

/// How long an answer may take.
const PATIENCE: &str = "10s";

/// Begins to ask. The script is put into `folder`.
pub(super) fn begin(
    options: &Options,
    to: SocketAddr,
    token: &str,
    folder: &Path,
) -> Outcome<Child> {
    let script = folder.join("load.lua");
    std::fs::write(&script, SCRIPT)?;
    let child = Command::new("wrk")
        .args(["--threads", "2", "--timeout", PATIENCE])
        .args(["--connections", &options.connections.to_string()])
        .args(["--duration", &format!("{}s", options.seconds)])
        .arg("--script")
        .arg(&script)
        .arg(format!("http://{to}"))
        .args(["--", token])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    child.map_err(|error| format!("wrk cannot be started, is it installed? {error}").into())
}

/// Who answered what.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    pub(super) status: u16,
    /// The guard that has refused, if one has.
    pub(super) guard: Option<String>,
    /// The code of the error, if it is one.
    pub(super) code: Option<String>,
}

/// What came of all requests.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) answers: BTreeMap<Kind, u64>,
    pub(super) requests: u64,
    pub(super) took: Duration,
    /// Connections that were refused.
    pub(super) refused: u64,
    /// Connections that broke off while they were read or written.
    pub(super) broken: u64,
    /// Requests that were not answered in time.
    pub(super) late: u64,
    /// The median, the 99th percentile and the longest of the answers.
    pub(super) latency: [Duration; 3],
}

impl Asked {
    /// What the script has written.
    pub(super) fn read(text: &str) -> Outcome<Self> {
        let mut asked = Self::default();
        for line in text.lines() {
            let wrong = || format!("wrk says what it should not: {line}");
            let mut words = line.split_whitespace();
            let first = words.next().unwrap_or_default();
            let words: Vec<&str> = words.collect();
            let number = |nth: usize| words.get(nth).and_then(|word| word.parse::<u64>().ok());
            let micros = |nth| number(nth).map(Duration::from_micros).ok_or_else(wrong);
            match first {
                "@answers" => {
                    let kind = kind(&words[1..]).ok_or_else(wrong)?;
                    asked.answers.insert(kind, number(0).ok_or_else(wrong)?);
                }
                "@errors" => {
                    let counts = [0, 1, 2, 3].map(number);
                    let [Some(refused), Some(read), Some(written), Some(late)] = counts else {
                        return Err(wrong().into());
                    };
                    (asked.refused, asked.broken, asked.late) = (refused, read + written, late);
                }
                "@requests" => {
                    asked.requests = number(0).ok_or_else(wrong)?;
                    asked.took = micros(1)?;
                }
                "@latency" => asked.latency = [micros(0)?, micros(1)?, micros(2)?],
                _ => {}
            }
        }
        if asked.requests == 0 {
            return Err(format!("wrk got no answer at all:\n{text}").into());
        }
        Ok(asked)
    }

    /// Answers of 500 and more that no guard explains.
    pub(super) fn unexplained(&self) -> u64 {
        let bare = |kind: &Kind| kind.status >= 500 && kind.guard.is_none();
        let bare = self.answers.iter().filter(|(kind, _)| bare(kind));
        bare.map(|(_, count)| count).sum()
    }
}

fn kind(words: &[&str]) -> Option<Kind> {
    let &[status, guard, code] = words else {
        return None;
    };
    let given = |word: &str| (word != "-").then(|| word.to_owned());
    Some(Kind {
        status: status.parse().ok()?,
        guard: given(guard),
        code: given(code),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_writes_is_read() {
        let text = "Running 1m test\n@answers 7 200 - -\n@answers 2 503 pool unavailable\n@answers 1 500 - internal\n\
                    @errors 1 2 3 4\n@requests 10 1500000\n@latency 100 200 300\n";
        let asked = Asked::read(text).unwrap();
        assert_eq!((asked.requests, asked.unexplained()), (10, 1));
        assert_eq!((asked.refused, asked.broken, asked.late), (1, 5, 4));
        assert_eq!(asked.took, Duration::from_millis(1500));
        assert_eq!(asked.latency[1], Duration::from_micros(200));
        assert_eq!(asked.answers.len(), 3);
        assert!(Asked::read("unable to connect to 127.0.0.1:1").is_err());
    }
}
