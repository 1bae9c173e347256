//! What supervisors do for no reason is noticed: the story of a small tree is held against one that its supervisor does not go by.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay::testkit::ChaosKind;
use mainstay_supervisors::{Delivery, EventKind, EventStream, NamespacePlan, Process, Runtime};
use tokio::time::sleep;

use crate::causes::Tree;
use crate::reloads::Window;
use crate::story::Story;
use crate::strikes::Hits;

/// The children `a`, `b`, `c`, under a root that restarts with each what comes after it.
struct Small {
    runtime: Runtime,
    app: Namespace,
    events: EventStream,
    hits: Hits,
    windows: Vec<Window>,
}

impl Small {
    async fn start() -> Self {
        let runtime = Runtime::new();
        let waits = |id| Child::task(id, |stop: StopToken| async move { stop.stopped().await });
        let plan = NamespacePlan::new();
        let plan = plan.service(waits("a")).service(waits("b"));
        let name = "app".parse().unwrap();
        let app = runtime
            .start_namespace(name, plan.service(waits("c")))
            .await;
        let events = runtime.events_after(0);
        let (app, hits) = (app.unwrap(), Hits::default());
        Self {
            runtime,
            app,
            events,
            hits,
            windows: Vec::new(),
        }
    }

    fn process(&self, path: &str) -> Process {
        let mut all = self.app.processes().into_iter();
        all.find(|it| it.path() == path && it.is_alive()).unwrap()
    }

    /// Stops it, as its supervisor does.
    async fn stop(&self, path: &str) {
        self.process(path).stop(ExitReason::Shutdown);
        sleep(Duration::from_secs(1)).await;
    }

    async fn strike(&mut self, path: &str) {
        let process = self.process(path);
        process.kill();
        let kinds = vec![ChaosKind::Kill];
        self.hits.processes.insert(process.pid(), kinds);
        sleep(Duration::from_secs(1)).await;
    }

    /// A reload that is to restart `c`, with what comes after it, begins after this event.
    fn reload_after(&mut self, after: u64) {
        self.windows.push(Window {
            after,
            until: u64::MAX,
            restarted: vec!["app/c".to_owned(), "app/children".to_owned()],
            is_done: true,
        });
    }

    fn reload_begins(&mut self) {
        self.reload_after(self.runtime.last_event());
    }

    fn reload_ends(&mut self) {
        let last = self.runtime.last_event();
        self.windows.last_mut().unwrap().until = last;
    }

    /// The event of the first end of it.
    fn end_of(&self, path: &str) -> u64 {
        let mut events = self.runtime.events_after(0);
        while let Some(Delivery::Event(event)) = events.try_next() {
            if matches!(&event.kind, EventKind::Exited { process, .. } if process.path() == path) {
                return event.id;
            }
        }
        panic!("{path} has not ended");
    }

    /// What is not accounted for, if the root goes by this strategy; without numbers of processes.
    async fn faults(mut self, strategy: &'static str) -> Vec<String> {
        let tree = Tree::of(&self.app).supervised("app", strategy);
        let story = Story::read(&mut self.events);
        let faults = story.faults(&tree, &self.hits, &self.windows, &self.app.processes());
        drop(self.app);
        self.runtime.stop(Duration::from_secs(5)).await;
        let words = faults.iter().map(|fault| {
            let fault = fault.split(" by Window").next().unwrap();
            let words = fault.split(' ').filter(|word| !word.starts_with('#'));
            words.collect::<Vec<_>>().join(" ")
        });
        words.collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_restarted_as_the_tree_wants_it_is_accounted_for() {
    let mut small = Small::start().await;
    small.strike("app/b").await;
    small.strike("app/b").await;
    small.strike("app/a").await;
    assert_eq!(small.faults("rest_for_one").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_strike_does_not_account_for_a_stop_after_its_successor_has_started() {
    let mut small = Small::start().await;
    small.strike("app/b").await;
    small.stop("app/c").await;
    assert_eq!(
        small.faults("rest_for_one").await,
        [
            "app/c ended with shutdown, and nobody had struck",
            "app/children ended with shutdown, and nobody had struck",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_stops_what_it_is_to_let_alone_is_not_accounted_for() {
    let mut small = Small::start().await;
    small.strike("app/b").await;
    assert_eq!(
        small.faults("one_for_one").await,
        [
            "app/children ended with shutdown, and nobody had struck",
            "app/c ended with shutdown, and nobody had struck",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_lets_alone_what_it_is_to_stop_is_not_accounted_for() {
    let mut small = Small::start().await;
    small.strike("app/b").await;
    assert_eq!(
        small.faults("order_reversed").await,
        [
            "app/children ended with shutdown, and nobody had struck",
            "app/c ended with shutdown, and nobody had struck",
            "app/b was restarted without app/a",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_permanent_process_that_has_just_ended_is_not_accounted_for() {
    let small = Small::start().await;
    small.process("app/c").stop(ExitReason::Normal);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        small.faults("rest_for_one").await,
        [
            "app/c ended with normal, and nobody had struck",
            "app/children ended with shutdown, and nobody had struck",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_reload_restarts_is_accounted_for() {
    let mut small = Small::start().await;
    small.reload_begins();
    small.stop("app/c").await;
    small.reload_ends();
    assert_eq!(small.faults("rest_for_one").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_reload_does_not_account_for_a_stop_before_it_or_after_it() {
    let mut small = Small::start().await;
    small.stop("app/c").await;
    small.reload_begins();
    small.stop("app/c").await;
    small.reload_ends();
    small.stop("app/c").await;
    assert_eq!(
        small.faults("rest_for_one").await,
        [
            "app/c ended with shutdown, and nobody had struck",
            "app/children ended with shutdown, and nobody had struck",
            "app/c ended with shutdown, and nobody had struck",
            "app/children ended with shutdown, and nobody had struck",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reload_does_not_account_for_a_stop_of_one_that_is_not_in_it() {
    let mut small = Small::start().await;
    small.reload_begins();
    small.stop("app/b").await;
    small.reload_ends();
    assert_eq!(
        small.faults("rest_for_one").await,
        ["app/b ended with shutdown, and nobody had struck"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reload_does_not_account_for_an_end_that_is_no_stop() {
    let mut small = Small::start().await;
    small.reload_begins();
    small.process("app/c").kill();
    sleep(Duration::from_secs(1)).await;
    small.reload_ends();
    assert_eq!(
        small.faults("rest_for_one").await,
        ["app/c ended with killed, and nobody had struck"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_restarts_nothing_of_what_it_is_to_is_not_accounted_for() {
    let mut small = Small::start().await;
    small.strike("app/c").await;
    small.reload_begins();
    small.reload_ends();
    assert_eq!(
        small.faults("rest_for_one").await,
        ["app/c was not restarted", "app/children was not restarted",]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_was_put_back_need_not_have_restarted_anything() {
    let mut small = Small::start().await;
    small.reload_begins();
    small.reload_ends();
    small.windows[0].is_done = false;
    assert_eq!(small.faults("rest_for_one").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_reload_goes_on_with_what_a_strike_has_ended_just_before_it() {
    let mut small = Small::start().await;
    small.strike("app/c").await;
    small.reload_after(small.end_of("app/c"));
    small.reload_ends();
    assert_eq!(small.faults("rest_for_one").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_strike_before_a_reload_does_not_account_for_what_was_started_again_before_it() {
    let mut small = Small::start().await;
    small.strike("app/c").await;
    small.reload_begins();
    small.stop("app/children").await;
    small.reload_ends();
    assert_eq!(
        small.faults("rest_for_one").await,
        ["app/c was not restarted"]
    );
}
