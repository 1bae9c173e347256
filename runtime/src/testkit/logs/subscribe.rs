//! Filling the buffer from the threads of a test.
//!
//! The subscriber is set for each thread, not for the program, so that tests that run at the same time keep their logs apart.

use std::cell::RefCell;
use std::fmt;
use std::io;

use tokio::time::Instant;
use tracing::dispatcher::{self, DefaultGuard, Dispatch};
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::{LOG_VARIABLE, Logs};

thread_local! {
    /// What was set for this thread, which only this thread can take back.
    static SET: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Hands what threads log to a buffer.
#[derive(Clone)]
pub(crate) struct Subscription {
    dispatch: Dispatch,
    /// While `tracing` knows of one subscriber only, a thread without any decides for all whether a line of code logs.
    _second: Dispatch,
}

impl Subscription {
    /// Keeps what the environment, else `filter`, says.
    pub(crate) fn new(logs: &Logs, filter: &str) -> Result<Self, String> {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter_of(filter)?)
            .with_writer(Lines(logs.clone()))
            .with_timer(SinceStart(Instant::now()))
            .with_ansi(false)
            .finish();
        Ok(Self {
            dispatch: Dispatch::new(subscriber),
            _second: Dispatch::new(NoSubscriber::default()),
        })
    }

    /// From here on the thread logs to the buffer.
    pub(crate) fn enter_thread(&self) {
        SET.set(Some(dispatcher::set_default(&self.dispatch)));
    }

    /// The thread ends, or belongs to the test no longer.
    pub(crate) fn leave_thread() {
        drop(SET.take());
    }
}

fn filter_of(option: &str) -> Result<EnvFilter, String> {
    let (place, text) = match std::env::var(LOG_VARIABLE) {
        Ok(text) if !text.is_empty() => (LOG_VARIABLE, text),
        _ => ("the option `log`", option.to_owned()),
    };
    EnvFilter::try_new(&text).map_err(|error| {
        format!("{place}: expected a filter such as \"debug\" or \"mainstay=trace,info\", found {text:?}: {error}")
    })
}

struct Lines(Logs);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            logs: &self.0,
            bytes: Vec::new(),
        }
    }
}

/// What is written of one event, which may come in parts.
struct Line<'a> {
    logs: &'a Logs,
    bytes: Vec<u8>,
}

impl io::Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.logs.push(&String::from_utf8_lossy(&self.bytes));
    }
}

/// Time by the clock of tokio, which may stand still; the wall's says nothing of a test.
struct SinceStart(Instant);

impl FormatTime for SinceStart {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let millis = self.0.elapsed().as_millis();
        write!(writer, "+{}.{:03}s", millis / 1000, millis % 1000)
    }
}
