//! The series of a process.

use std::sync::OnceLock;

use mainstay_supervisors::Process;

use crate::metrics::{
    Counter, Gauge, Histogram, MetricsError, MetricsStore, Outcome, STATUS, TAG_VALUE_BYTES_MAX,
    Tags, Unit,
};

const WAIT: &str = "process.wait";
const RUN: &str = "process.run";
const BUSY: &str = "process.busy";
const DEPTH: &str = "process.mailbox_depth";
const AGE: &str = "process.mailbox_age";
const REFUSED: &str = "process.refused";
const UNHANDLED: &str = "process.unhandled";
const RESTARTS: &str = "process.restarts";
const ERRORS: &str = "process.errors";

/// What people are told of them.
const DESCRIPTIONS: [(&str, &str); 9] = [
    (WAIT, "How long messages waited until they were handled."),
    (RUN, "How long it took to handle a message."),
    (BUSY, "How long a poll of a task or supervisor took."),
    (DEPTH, "How many messages wait."),
    (AGE, "How long the oldest message has waited."),
    (REFUSED, "Messages that were refused."),
    (UNHANDLED, "Messages that waited when their process ended."),
    (RESTARTS, "How often the process was restarted."),
    (ERRORS, "How often the process ended badly, and how."),
];

/// Tells people what the series are. What the application has told of them before, stays.
pub(super) fn describe(store: &MetricsStore) {
    for (name, help) in DESCRIPTIONS {
        let _first_stays = store.describe(name, None, help);
    }
}

/// The series of one process, resolved when there is first something to record: most processes need few of them.
///
/// One that cannot be had, because the application has given its name to something else, is not recorded.
#[derive(Debug)]
pub(super) struct ProcessSeries {
    store: MetricsStore,
    tags: Tags,
    wait: OnceLock<Option<Histogram>>,
    run: OnceLock<Option<Histogram>>,
    busy: OnceLock<Option<Histogram>>,
}

impl ProcessSeries {
    pub(super) fn new(store: MetricsStore, path: &str) -> Self {
        Self {
            store,
            tags: Tags::from([("process", end_of(path))]),
            wait: OnceLock::new(),
            run: OnceLock::new(),
            busy: OnceLock::new(),
        }
    }

    #[inline]
    pub(super) fn wait(&self) -> Option<&Histogram> {
        let resolve = || self.histogram(WAIT, self.tags.clone());
        self.wait.get_or_init(resolve).as_ref()
    }

    /// Of messages that were handled.
    #[inline]
    pub(super) fn run(&self) -> Option<&Histogram> {
        let resolve = || self.run_as(Outcome::Success);
        self.run.get_or_init(resolve).as_ref()
    }

    #[inline]
    pub(super) fn busy(&self) -> Option<&Histogram> {
        let resolve = || self.histogram(BUSY, self.tags.clone());
        self.busy.get_or_init(resolve).as_ref()
    }

    /// Of messages over which the process has ended.
    pub(super) fn run_as(&self, outcome: Outcome) -> Option<Histogram> {
        let tags = self.tags.clone().with(STATUS, outcome.as_str());
        self.histogram(RUN, tags)
    }

    pub(super) fn count_restart(&self) {
        self.count(RESTARTS, self.tags.clone(), 1);
    }

    pub(super) fn count_refused(&self) {
        self.count(REFUSED, self.tags.clone(), 1);
    }

    pub(super) fn count_unhandled(&self, messages: usize) {
        self.count(UNHANDLED, self.tags.clone(), messages as u64);
    }

    pub(super) fn count_error(&self, kind: &'static str) {
        self.count(ERRORS, self.tags.clone().with("kind", kind), 1);
    }

    fn count(&self, name: &'static str, tags: Tags, by: u64) {
        let counter: Option<Counter> = had(name, self.store.counter(name, tags));
        if let Some(counter) = counter {
            counter.increment(by);
        }
    }

    fn histogram(&self, name: &'static str, tags: Tags) -> Option<Histogram> {
        had(name, self.store.histogram(name, Unit::Nanoseconds, tags))
    }
}

/// How many messages wait for the processes of one path.
#[derive(Debug)]
pub(super) struct Depth {
    depth: Option<Gauge>,
    age: Option<Gauge>,
}

impl Depth {
    pub(super) fn new(store: &MetricsStore, path: &str) -> Self {
        let tags = Tags::from([("process", end_of(path))]);
        let gauge = |name, unit| had(name, store.gauge(name, unit, tags.clone()));
        Self {
            depth: gauge(DEPTH, Unit::Count),
            age: gauge(AGE, Unit::Nanoseconds),
        }
    }

    pub(super) fn note(&self, processes: &[Process]) {
        let waiting: usize = processes.iter().filter_map(Process::waiting).sum();
        let longest = processes.iter().filter_map(Process::longest_wait).max();
        if let Some(depth) = &self.depth {
            depth.set(waiting as f64);
        }
        if let Some(age) = &self.age {
            age.set(longest.unwrap_or_default().as_nanos() as f64);
        }
    }
}

fn had<T>(name: &'static str, series: Result<T, MetricsError>) -> Option<T> {
    let told = |error: &MetricsError| tracing::warn!(name, %error, "processes are not measured");
    series.inspect_err(told).ok()
}

/// The path, without its beginning if it is longer than a tag may be.
fn end_of(path: &str) -> &str {
    let from = path.len().saturating_sub(TAG_VALUE_BYTES_MAX);
    &path[path.ceil_char_boundary(from)..]
}
