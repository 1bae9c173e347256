//! Requests that come while the supervisor ends.

use std::sync::Arc;

use mainstay_supervisors::{
    Blueprint, CallError, Child, DynamicSupervisor, ExitReason, Process, Supervisor,
    SupervisorError, SupervisorRef,
};
use mainstay_tests::probe::{runtime, within};
use tokio::task::{JoinHandle, yield_now};

/// Asks until there is no answer any more, and tells why.
fn asking(supervisor: &SupervisorRef) -> JoinHandle<SupervisorError> {
    let supervisor = supervisor.clone();
    tokio::spawn(async move {
        loop {
            if let Err(error) = supervisor.count_children().await {
                return error;
            }
        }
    })
}

/// All requests of some rounds, each of which ends a supervisor at another moment, come to an end.
async fn requests_until(end: fn(&Process), supervisor: fn() -> Blueprint) {
    let runtime = runtime(1);
    for round in 0..1000 {
        let root = within(runtime.start("root", supervisor())).await;
        let root = root.expect("it starts");
        let asking: Vec<_> = (0..6).map(|_| asking(&root)).collect();
        for _ in 0..round % 50 {
            yield_now().await;
        }
        end(root.process());
        for ask in asking {
            let error = within(ask).await.expect("no panic");
            let ended = matches!(
                error,
                SupervisorError::Call(CallError::NoProcess | CallError::Exited(_))
            );
            assert!(ended, "{error:?}");
        }
    }
}

fn dynamic() -> Blueprint {
    DynamicSupervisor::new().into()
}

fn with_ids() -> Blueprint {
    Supervisor::one_for_one().into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_to_a_supervisor_that_is_being_stopped_is_answered_or_told_its_end() {
    let stop = |process: &Process| process.stop(ExitReason::Shutdown);
    requests_until(stop, dynamic).await;
    requests_until(stop, with_ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_to_a_supervisor_that_is_being_killed_is_answered_or_told_its_end() {
    requests_until(Process::kill, dynamic).await;
    requests_until(Process::kill, with_ids).await;
}

/// A child that is refused, and holds something while it is asked for.
fn refused(held: &Arc<()>) -> Child {
    let held = Arc::clone(held);
    let child = Child::task("refused", move |_| {
        let held = Arc::clone(&held);
        async move { drop(held) }
    });
    child.significant(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_kept_of_a_request_that_comes_as_a_supervisor_is_killed() {
    let runtime = runtime(1);
    let mut roots = Vec::new();
    for round in 0..1000 {
        let held = Arc::new(());
        let root = within(runtime.start("root", dynamic())).await;
        let root = root.expect("it starts");
        let asking: Vec<_> = (0..6)
            .map(|_| {
                let (root, child) = (root.clone(), refused(&held));
                tokio::spawn(async move {
                    loop {
                        let answer = root.start_child(child.clone()).await;
                        if let Err(SupervisorError::Call(error)) = answer {
                            return error;
                        }
                    }
                })
            })
            .collect();
        for _ in 0..round % 50 {
            yield_now().await;
        }
        root.process().kill();
        for ask in asking {
            let error = within(ask).await.expect("no panic");
            let ended = matches!(error, CallError::NoProcess | CallError::Exited(_));
            assert!(ended, "{error:?}");
        }
        within(root.process().ended()).await;
        // While the handle is there, so would be what was left in the mailbox.
        roots.push(root);
        assert_eq!(Arc::strong_count(&held), 1, "round {round}");
    }
}
