//! A hundred thousand idle actors under one dynamic supervisor: they start, are counted, and stop all at once. Ten million keys
//! through a rate limiter.

mod limiter;

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{Child, DynamicSupervisor, ExitReason, Process, SupervisorRef};
use mainstay_tests::probe::{runtime, within};
use ractor::{Actor, ActorProcessingErr, ActorRef};

const ACTORS: usize = 100_000;
const STARTERS: usize = 4;

struct Idle;

impl Actor for Idle {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

async fn start(supervisor: SupervisorRef, count: usize) -> Vec<Process> {
    let child = Child::actor("idle", || (Idle, ())).restart(Restart::Transient);
    let mut processes = Vec::with_capacity(count);
    for _ in 0..count {
        let started = supervisor
            .start_child(child.clone())
            .await
            .expect("it starts");
        processes.push(started.process().expect("it runs").clone());
    }
    processes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_thousand_idle_actors_start_are_counted_and_stop() {
    let runtime = runtime(1);
    let supervisor = runtime
        .start("root", DynamicSupervisor::new())
        .await
        .expect("it starts");
    let starting: Vec<_> = (0..STARTERS)
        .map(|_| tokio::spawn(start(supervisor.clone(), ACTORS / STARTERS)))
        .collect();
    let mut processes = Vec::with_capacity(ACTORS);
    for start in starting {
        processes.extend(within(start).await.expect("no panic"));
    }
    let counts = within(supervisor.count_children()).await.expect("it runs");
    let expected = (ACTORS, ACTORS, ACTORS, 0);
    assert_eq!(
        (
            counts.specs,
            counts.active,
            counts.workers,
            counts.supervisors
        ),
        expected
    );
    assert_eq!(
        within(supervisor.which_children())
            .await
            .expect("it runs")
            .len(),
        ACTORS
    );
    // One among so many is found and let go without a search.
    let one = processes.swap_remove(ACTORS / 2);
    within(supervisor.terminate_process(&one))
        .await
        .expect("it is there");
    let counts = within(supervisor.count_children()).await.expect("it runs");
    assert_eq!((counts.specs, counts.active), (ACTORS - 1, ACTORS - 1));
    within(supervisor.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    let ends: Vec<_> = processes.iter().map(Process::exit_reason).collect();
    assert!(ends.iter().all(|end| *end == Some(ExitReason::Shutdown)));
    assert_eq!(runtime.roots(), []);
}
