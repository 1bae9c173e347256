//! What happened in the namespace of a test, to be asserted, refuted, put in order and waited for.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Capture`], [`Source`], [`Matcher`] |
//! | `collect.rs` | sorting the events of a runtime by namespace |
//! | `supervision.rs` | [`Supervision`]: the events of supervisors |
//! | `matchers.rs` | [`started`], [`exited`] and so on: what to look for among them |

mod collect;
mod matchers;
mod supervision;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

pub(super) use collect::{Collector, Sink};
pub(super) use matchers::is_named;
pub use matchers::{
    SupervisionMatcher, exited, gave_up, restarted, shutdown_failed, start_failed, started,
    terminated,
};
pub use supervision::Supervision;

/// How many events a failure shows at most: the last ones.
const SHOWN_MAX: usize = 60;

/// Where a [`Capture`] has its events from.
///
/// A source keeps what has happened since it began. Events have places, counted from 0, which do not change.
pub trait Source: Send + Sync + 'static {
    /// What happens there.
    type Event: Clone + Send;

    /// What has happened from this place on, without waiting.
    fn since(&self, place: usize) -> Vec<Self::Event>;

    /// How many events were lost, because there were too many at once.
    fn missed(&self) -> u64;

    /// Waits until there is an event at this place, or one of somebody else's; at once if there is.
    fn more(&self, place: usize) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// The event as a line of text.
    fn line(event: &Self::Event) -> String;
}

/// What to look for in a [`Capture`]; shown in failures.
pub trait Matcher<E>: fmt::Display {
    /// Whether this event is one of those.
    fn matches(&self, event: &E) -> bool;
}

impl<E, M: Matcher<E> + ?Sized> Matcher<E> for &M {
    fn matches(&self, event: &E) -> bool {
        (**self).matches(event)
    }
}

/// An event that was to be seen, or not to be seen, and what was seen. `Debug` shows it as `Display` does, for `unwrap`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unexpected(String);

impl fmt::Debug for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The events of a source from a certain one on, and a mark among them from which [`wait_for`](Self::wait_for) looks.
///
/// Asserting looks at what has happened by then and never waits; it is to be preceded by something that was waited for. A
/// source keeps so much for those who have not looked yet, a runtime of the kit's 65,536 events: what was lost is said in failures, and
/// nothing can be refuted then.
#[derive(Debug)]
#[must_use = "a capture asserts nothing by itself"]
pub struct Capture<S> {
    source: S,
    first: usize,
    mark: usize,
}

impl<S: Source> Capture<S> {
    /// All events of this source.
    pub const fn new(source: S) -> Self {
        Self {
            source,
            first: 0,
            mark: 0,
        }
    }

    /// Only what happens from now on.
    pub fn from_now(mut self) -> Self {
        self.first += self.all().len();
        self.mark = self.first;
        self
    }

    /// What has happened so far.
    #[must_use]
    pub fn all(&self) -> Vec<S::Event> {
        self.source.since(self.first)
    }

    /// What has happened so far, as lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.all().iter().map(S::line).collect()
    }

    /// How many of the events so far match.
    #[must_use]
    pub fn count(&self, matcher: impl Matcher<S::Event>) -> usize {
        let all = self.all();
        all.iter().filter(|event| matcher.matches(event)).count()
    }

    /// The first event so far that matches.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn assert(&self, matcher: impl Matcher<S::Event>) -> S::Event {
        let mut all = self.all();
        match all.iter().position(|event| matcher.matches(event)) {
            Some(place) => all.swap_remove(place),
            None => panic!(
                "{}",
                self.unexpected(&format!("expected an event: {matcher}"))
            ),
        }
    }

    /// Asserts that no event so far matches.
    ///
    /// # Panics
    ///
    /// If one does, or if events were lost, so that nobody can say.
    #[track_caller]
    pub fn refute(&self, matcher: impl Matcher<S::Event>) {
        let all = self.all();
        let found = all.iter().find(|event| matcher.matches(event));
        if let Some(event) = found {
            let line = S::line(event);
            let text = format!("expected no event: {matcher}; found: {line}");
            panic!("{}", self.unexpected(&text));
        }
        let missed = self.source.missed();
        assert!(
            missed == 0,
            "expected no event: {matcher}; {missed} were lost, so that nobody can say"
        );
    }

    /// Asserts that events that match these came in this order, whatever came between them.
    ///
    /// # Panics
    ///
    /// With the first one that did not come after those before it.
    #[track_caller]
    pub fn assert_order<M: Matcher<S::Event>>(&self, matchers: impl IntoIterator<Item = M>) {
        let all = self.all();
        let mut rest = all.iter();
        let mut before: Vec<String> = Vec::new();
        for matcher in matchers {
            if !rest.any(|event| matcher.matches(event)) {
                let after = match before.is_empty() {
                    true => String::new(),
                    false => format!(" after {}", before.join(", ")),
                };
                let text = format!("expected an event: {matcher}{after}");
                panic!("{}", self.unexpected(&text));
            }
            before.push(matcher.to_string());
        }
    }

    /// Waits for the next event that matches, from the mark on, and sets the mark behind it: a second call waits for a second
    /// event. What has happened already counts.
    ///
    /// Cancel safety: the mark stays where it is when this is dropped.
    ///
    /// # Errors
    ///
    /// [`Unexpected`], with what was seen instead and where this was called, when the time is up.
    #[track_caller]
    pub fn wait_for<M: Matcher<S::Event>>(
        &mut self,
        matcher: M,
        limit: Duration,
    ) -> impl Future<Output = Result<S::Event, Unexpected>> + use<'_, S, M> {
        self.wait_until(matcher, limit, Location::caller())
    }

    async fn wait_until<M: Matcher<S::Event>>(
        &mut self,
        matcher: M,
        limit: Duration,
        place: &'static Location<'static>,
    ) -> Result<S::Event, Unexpected> {
        let deadline = Instant::now().checked_add(limit);
        let mut seen = self.mark;
        loop {
            for event in self.source.since(seen) {
                seen += 1;
                if matcher.matches(&event) {
                    self.mark = seen;
                    return Ok(event);
                }
            }
            let more = self.source.more(seen);
            let in_time = match deadline {
                Some(deadline) => timeout_at(deadline, more).await.is_ok(),
                None => {
                    more.await;
                    true
                }
            };
            if !in_time {
                let text = format!("no event within {limit:?}: {matcher}; waited for at {place}");
                return Err(self.unexpected(&text));
            }
        }
    }

    fn unexpected(&self, what: &str) -> Unexpected {
        let lines = self.lines();
        let mut text = what.to_owned();
        let missed = self.source.missed();
        if missed > 0 {
            text.push_str(&format!("\n({missed} events were lost)"));
        }
        if lines.is_empty() {
            text.push_str("\nseen: nothing");
            return Unexpected(text);
        }
        let hidden = lines.len().saturating_sub(SHOWN_MAX);
        text.push_str("\nseen:");
        if hidden > 0 {
            text.push_str(&format!("\n  ({hidden} before these)"));
        }
        for line in &lines[hidden..] {
            text.push_str(&format!("\n  {line}"));
        }
        Unexpected(text)
    }
}
