use std::time::Duration;

use mainstay_specs::{Backoff, ChildId, ServiceName, Strategy, SupervisorFlags};
use mainstay_supervisors::{Child, ExitReason, Namespace, Process, Runtime, Supervisor};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::sleep;

use super::*;
use crate::health::HealthStatus;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Handles a message for as long as that says.
#[derive(Clone)]
struct Slow;

impl Actor for Slow {
    type Msg = Duration;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Duration>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Duration>,
        time: Duration,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        sleep(time).await;
        Ok(())
    }
}

struct Bed {
    _runtime: Runtime,
    namespace: Namespace,
    supervision: Supervision,
}

impl Bed {
    async fn new() -> Self {
        let runtime = Runtime::new();
        let namespace = runtime.namespace("test").await.expect("it starts");
        begin(&namespace);
        let supervision = Supervision::new(&namespace, TreeLimits::default());
        Self {
            _runtime: runtime,
            namespace,
            supervision,
        }
    }

    async fn start(&self, child: Child) -> Process {
        let started = self.namespace.start_child(child).await.expect("it starts");
        started.process().cloned().expect("it runs")
    }

    /// An actor that is registered under its id.
    async fn slow(&self, id: &str) -> mainstay_supervisors::ServiceRef<Duration> {
        let name = ServiceName::new(id).expect("a name");
        let child = Child::actor(id, || (Slow, ())).name(name.clone());
        self.start(child).await;
        self.namespace.service(name)
    }

    /// What is found after so many looks, one each second; the whole first, in words.
    async fn after(&self, looks: u64) -> Vec<String> {
        let mut found = Vec::new();
        for _ in 0..looks {
            found = self.supervision.look();
            sleep(secs(1)).await;
        }
        found.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_in_which_all_is_well_is_healthy() {
    let bed = Bed::new().await;
    let found = bed.supervision.deep_health_check().await;
    assert_eq!(found.status, HealthStatus::Healthy);
    assert_eq!(found.message(), "2 processes get on");
    let figures = &found.checks[0].metadata;
    assert_eq!(figures["running"], 2);
    assert_eq!(figures["all_looked_at"], true);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_is_busy_is_at_most_degraded_and_one_that_is_stuck_is_unhealthy() {
    let bed = Bed::new().await;
    let (busy, stuck) = (bed.slow("busy").await, bed.slow("stuck").await);
    for _ in 0..1_000 {
        busy.cast(Duration::from_millis(300)).expect("it runs");
    }
    stuck.cast(secs(1_000_000)).expect("it runs");
    stuck.cast(secs(1)).expect("it runs");
    sleep(Duration::from_millis(10)).await;
    assert_eq!(
        bed.after(60).await,
        ["processes is healthy: 4 processes get on"]
    );
    let found = bed.after(1).await;
    assert_eq!(
        found,
        [
            "processes is healthy: 2 things are not as they should be among 4 processes",
            "test/children/busy is degraded: is busy: 799 messages wait, the oldest for 1m",
            "test/children/stuck is unhealthy: has been at one message for 1m, and 1 waits behind it",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_actor_for_which_nobody_waits_may_be_at_one_message_for_as_long_as_it_likes() {
    let bed = Bed::new().await;
    let long = bed.slow("long").await;
    long.cast(secs(1_000_000)).expect("it runs");
    sleep(Duration::from_millis(10)).await;
    assert_eq!(
        bed.after(100).await,
        ["processes is healthy: 3 processes get on"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_is_degraded_and_its_supervisor_is_not_for_one_restart()
{
    let bed = Bed::new().await;
    let fails = Child::task("fails", |_| async { Err::<(), _>("no disk") })
        .with_spec(|spec| spec.backoff = Some(Backoff::new(secs(60), secs(60)).jitter(0.0)));
    bed.start(fails).await;
    sleep(Duration::from_millis(500)).await;
    let found = bed.after(1).await;
    assert_eq!(
        found,
        [
            "processes is healthy: 1 thing is not as it should be among 2 processes",
            "test/children/fails is degraded: is started again in 59s, after 1 failures in a row",
        ]
    );
    let id = ChildId::new("fails").expect("an id");
    let children = bed.namespace.children().expect("they run");
    children.terminate_child(&id).await.expect("it is there");
    sleep(secs(5)).await;
    assert_eq!(
        bed.after(1).await,
        ["processes is healthy: 2 processes get on"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_restart_is_what_its_supervisor_has_it_for_and_the_second_in_a_row_is_told() {
    let bed = Bed::new().await;
    let flags = SupervisorFlags::new(Strategy::OneForOne).intensity(2, secs(60));
    let child = Child::task("fails", |_| async {
        sleep(secs(10)).await;
        Err::<(), _>("no disk")
    });
    let above = Supervisor::new(flags).child(child);
    bed.start(Child::supervisor("above", above)).await;
    sleep(secs(11)).await;
    let found = bed.supervision.look();
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["processes is healthy: 4 processes get on"]
    );
    assert_eq!(found[0].metadata["restarts_left_least"], 1);
    sleep(secs(10)).await;
    assert_eq!(
        bed.after(1).await,
        [
            "processes is healthy: 1 thing is not as it should be among 4 processes",
            "test/children/above is degraded: gives up in about 9s if it goes on like this: 2 of 2 restarts within 1m",
        ]
    );
    bed.namespace.stop(secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_has_ended_is_unhealthy() {
    let bed = Bed::new().await;
    bed.namespace.stop(secs(1)).await;
    assert_eq!(
        bed.after(1).await,
        ["supervision is unhealthy: the namespace has ended"]
    );
    let root = bed.namespace.root().expect("it was there");
    assert_eq!(root.process().exit_reason(), Some(ExitReason::Shutdown));
}
