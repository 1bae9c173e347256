//! The log of one test: what its threads say through `tracing`, kept in a bounded buffer and shown only if the test fails.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Logs`]: the buffer |
//! | `subscribe.rs` | filling it from the threads of a test |

mod subscribe;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use subscribe::Subscription;

/// The environment variable that says what is kept of the log of every test, whatever its options say.
pub const LOG_VARIABLE: &str = "MAINSTAY_TEST_LOG";

/// How many lines are kept. Older ones are counted.
const LINES_MAX: usize = 4096;

/// How long a line may be, in bytes; the rest of it is not kept.
const LINE_BYTES_MAX: usize = 4096;

#[derive(Debug, Default)]
struct Buffer {
    lines: VecDeque<String>,
    dropped: u64,
}

/// What was logged in a test so far. Cheap to clone; all clones are the same log.
///
/// It is what `tracing` was told on the threads of the test: its own, those of its tokio runtime, blocking ones included. The
/// last 4,096 lines are kept. A test that brings its own tokio runtime has an empty log.
#[derive(Clone, Debug, Default)]
pub struct Logs(Arc<Mutex<Buffer>>);

impl Logs {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines, oldest first: time since the start of the test by the clock of tokio, level, target, message and fields.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.iter().cloned().collect()
    }

    /// Whether some line holds this text.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.lock().lines.iter().any(|line| line.contains(text))
    }

    /// How many lines were dropped to make place for later ones.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn push(&self, text: &str) {
        let mut buffer = self.lock();
        for line in text.lines() {
            if buffer.lines.len() == LINES_MAX {
                buffer.lines.pop_front();
                buffer.dropped += 1;
            }
            let end = line.floor_char_boundary(LINE_BYTES_MAX);
            buffer.lines.push_back(line[..end].to_owned());
        }
    }
}

/// All lines, with a first one that says how many are missing.
impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buffer = self.lock();
        if buffer.dropped > 0 {
            writeln!(f, "({} lines before these were dropped)", buffer.dropped)?;
        }
        for line in &buffer.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_lines_make_place_and_are_counted() {
        let logs = Logs::default();
        for nth in 0..LINES_MAX + 2 {
            logs.push(&format!("line {nth}\n"));
        }
        assert_eq!((logs.lines().len(), logs.dropped()), (LINES_MAX, 2));
        assert_eq!(logs.lines()[0], "line 2");
        let text = logs.to_string();
        assert!(text.starts_with("(2 lines before these were dropped)\nline 2\n"));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let logs = Logs::default();
        logs.push(&format!("a{}", "ä".repeat(LINE_BYTES_MAX)));
        assert_eq!(logs.lines()[0].len(), LINE_BYTES_MAX - 1);
    }
}
