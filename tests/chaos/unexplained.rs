//! What supervisors do for no reason is noticed: the story of a small tree is held against one that its supervisor does not go by.

use std::time::Duration;

use mainstay::prelude::*;
use mainstay::testkit::ChaosKind;
use mainstay_supervisors::{EventStream, NamespacePlan, Process, Runtime};
use tokio::time::sleep;

use crate::causes::Tree;
use crate::story::Story;
use crate::strikes::Hits;

/// The children `a`, `b`, `c`, under a root that restarts with each what comes after it.
struct Small {
    runtime: Runtime,
    app: Namespace,
    events: EventStream,
    hits: Hits,
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

    /// What is not accounted for, if the root goes by this strategy; without numbers of processes.
    async fn faults(mut self, strategy: &'static str) -> Vec<String> {
        let tree = Tree::of(&self.app).supervised("app", strategy);
        let story = Story::read(&mut self.events);
        let faults = story.faults(&tree, &self.hits, &[], &self.app.processes());
        drop(self.app);
        self.runtime.stop(Duration::from_secs(5)).await;
        let words = faults.iter().map(|fault| {
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
