//! Telemetry in a test.

use mainstay_actors::TelemetryService;
use mainstay_specs::PathPattern;

use super::TestContext;
use crate::testkit::capture::{Capture, Emitted};

impl TestContext {
    /// The telemetry service of the namespace.
    ///
    /// # Panics
    ///
    /// If the test was not told to have it.
    #[must_use]
    #[track_caller]
    pub fn telemetry(&self) -> TelemetryService {
        let Some(telemetry) = TelemetryService::in_namespace(self.namespace()) else {
            panic!("this test has no telemetry: add `telemetry` to its services")
        };
        telemetry
    }

    /// The telemetry events of this namespace that fit a pattern, such as `"**"` for all, from now on.
    ///
    /// ```
    /// use mainstay::testkit::{TestContext, emitted, run, Service, TestOptions};
    ///
    /// let options = TestOptions::new("example").services([Service::Telemetry]);
    /// run(options, async |cx: TestContext| {
    ///     let events = cx.emitted("app.**");
    ///     let opened = cx.telemetry().event("app.breaker.opened")?;
    ///     opened.emit(|| ([("failure_count", 5_u64)], [("service", "mail")]));
    ///     events.assert(emitted("app.breaker.opened")?.measuring("failure_count", 5_u64).saying("service", "mail"));
    ///     events.refute(emitted("app.breaker.closed")?);
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// If the test was not told to have telemetry, for a text that is no pattern, and if there are as many handlers as there may be.
    #[track_caller]
    pub fn emitted(&self, pattern: &str) -> Capture<Emitted> {
        let telemetry = self.telemetry();
        let pattern = match PathPattern::new(pattern) {
            Ok(pattern) => pattern,
            Err(error) => panic!("the pattern {pattern:?}: {error}"),
        };
        // As many captures as a test likes, each under a name of its own.
        let taken = telemetry.status().handlers.len();
        let mut names = (taken..).map(|nth| format!("testkit capture {nth}"));
        let is_free = |name: &String| {
            let handlers = telemetry.status().handlers;
            !handlers.iter().any(|handler| handler.name == *name)
        };
        let name = names.find(is_free).unwrap_or_default();
        match Emitted::new(&telemetry, pattern, &name) {
            Ok(source) => Capture::new(source),
            Err(error) => panic!("events cannot be captured: {error}"),
        }
    }
}
