//! Requests to a supervisor that is not there, is going, or is the asker itself: a typed error, never a hang.

use std::sync::{Arc, OnceLock};

use mainstay_supervisors::specs::{ChildSpec, Shutdown};
use mainstay_supervisors::{
    CallError, Child, DynamicSupervisor, ExitReason, Ready, Started, StopToken, Supervisor,
    SupervisorError, SupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, Probe, id, within};

use crate::secs;

/// The answers to all requests.
async fn ask_everything(supervisor: &SupervisorRef) -> Vec<(&'static str, Result<(), CallError>)> {
    fn call<T>(answer: Result<T, SupervisorError>) -> Result<(), CallError> {
        match answer {
            Ok(_) => Ok(()),
            Err(SupervisorError::Call(error)) => Err(error),
            Err(other) => panic!("{other:?}"),
        }
    }
    let (a, process) = (id("a"), supervisor.process().clone());
    within(async {
        let answers = tokio::join!(
            supervisor.which_children(),
            supervisor.count_children(),
            supervisor.start_child(Probe::new().child("new")),
            supervisor.restart_child(&a),
            supervisor.delete_child(&a),
            supervisor.terminate_child(&a),
            supervisor.terminate_process(&process),
            supervisor.get_childspec(&a),
            supervisor.get_childspec_of(&process),
        );
        vec![
            ("which", call(answers.0)),
            ("count", call(answers.1)),
            ("start", call(answers.2)),
            ("restart", call(answers.3)),
            ("delete", call(answers.4)),
            ("terminate", call(answers.5)),
            ("terminate process", call(answers.6)),
            ("spec", call(answers.7)),
            ("spec of", call(answers.8)),
        ]
    })
    .await
}

async fn both(bed: &Bed) -> [SupervisorRef; 2] {
    let hanging = Probe::new().post_stop(|_| std::future::pending());
    let child = hanging.child("a").shutdown(Shutdown::Timeout(secs(3)));
    let dynamic = bed.start(DynamicSupervisor::new()).await;
    within(dynamic.start_child(child.clone()))
        .await
        .expect("it starts");
    [
        bed.start(Supervisor::one_for_one().child(child)).await,
        dynamic,
    ]
}

#[tokio::test(start_paused = true)]
async fn the_dead_are_no_process() {
    let bed = Bed::new();
    for supervisor in both(&bed).await {
        within(supervisor.stop(ExitReason::Shutdown))
            .await
            .expect("it stops");
        for (request, answer) in ask_everything(&supervisor).await {
            assert_eq!(answer, Err(CallError::NoProcess), "{request}");
        }
        let stopped = within(supervisor.stop(ExitReason::Shutdown)).await;
        assert_eq!(stopped, Err(CallError::NoProcess));
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_stopping_answer_with_their_reason_when_they_have_stopped() {
    let bed = Bed::new();
    for supervisor in both(&bed).await {
        supervisor
            .process()
            .stop(ExitReason::shutdown_with("moved"));
        tokio::task::yield_now().await;
        let begun = tokio::time::Instant::now();
        for (request, answer) in ask_everything(&supervisor).await {
            let expected = CallError::Exited(ExitReason::shutdown_with("moved"));
            assert_eq!(answer, Err(expected), "{request}");
        }
        assert_eq!(begun.elapsed(), secs(3));
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_killed_answer_that_they_were() {
    let bed = Bed::new();
    for supervisor in both(&bed).await {
        // Busy with this stop, it comes to nothing else.
        supervisor.process().stop(ExitReason::Shutdown);
        tokio::task::yield_now().await;
        let killer = supervisor.process().clone();
        let answers = tokio::join!(ask_everything(&supervisor), async { killer.kill() }).0;
        for (request, answer) in answers {
            assert_eq!(
                answer,
                Err(CallError::Exited(ExitReason::Killed)),
                "{request}"
            );
        }
    }
    within(bed.runtime.stop(secs(60))).await;
    tokio::time::sleep(secs(60)).await;
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn two_may_stop_a_supervisor_and_the_first_reason_counts() {
    let bed = Bed::new();
    let [supervisor, _] = both(&bed).await;
    let both = async {
        tokio::join!(
            supervisor.stop(ExitReason::Shutdown),
            supervisor.stop(ExitReason::Shutdown),
            supervisor.stop(ExitReason::Normal),
        )
    };
    let answers = within(both).await;
    let other = Err(CallError::Exited(ExitReason::Shutdown));
    assert_eq!(answers, (Ok(()), Ok(()), other));
    bed.end().await;
}

/// A supervisor that a start function can find.
type Parent = Arc<OnceLock<SupervisorRef>>;

async fn add(bed: &Bed, make: impl FnOnce(Parent) -> Child) {
    let parent = Parent::default();
    let child = make(Arc::clone(&parent));
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    parent.set(supervisor.clone()).expect("set once");
    within(supervisor.start_child(child))
        .await
        .expect("it starts");
}

async fn assert_calling_self(parent: &Parent) {
    let supervisor = parent.get().expect("it is set");
    for (request, answer) in ask_everything(supervisor).await {
        assert_eq!(answer, Err(CallError::CallingSelf), "{request}");
    }
    let stopped = within(supervisor.stop(ExitReason::Shutdown)).await;
    assert_eq!(stopped, Err(CallError::CallingSelf));
}

#[tokio::test(start_paused = true)]
async fn a_start_function_cannot_call_its_supervisor() {
    let bed = Bed::new();
    add(&bed, |parent| {
        Child::from_start(ChildSpec::new(id("a")), move |_| {
            let parent = Arc::clone(&parent);
            async move {
                assert_calling_self(&parent).await;
                Ok(Started::Ignore)
            }
        })
    })
    .await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_cannot_call_its_supervisor_while_it_starts() {
    let bed = Bed::new();
    add(&bed, |parent| {
        let probe = Probe::new().pre_start(move |_| {
            let parent = Arc::clone(&parent);
            async move {
                assert_calling_self(&parent).await;
                Ok(())
            }
        });
        probe.child("a")
    })
    .await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_cannot_call_its_supervisor_before_it_is_ready() {
    let bed = Bed::new();
    add(&bed, |parent| {
        Child::task_ready("a", move |stop: StopToken, ready: Ready| {
            let parent = Arc::clone(&parent);
            async move {
                assert_calling_self(&parent).await;
                ready.signal();
                stop.stopped().await;
            }
        })
    })
    .await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_cannot_call_the_one_above_while_it_starts() {
    let bed = Bed::new();
    add(&bed, |parent| {
        let inner = Child::from_start(ChildSpec::new(id("b")), move |_| {
            let parent = Arc::clone(&parent);
            async move {
                assert_calling_self(&parent).await;
                Ok(Started::Ignore)
            }
        });
        Child::supervisor("a", Supervisor::one_for_one().child(inner))
    })
    .await;
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_that_has_started_may_call_its_supervisor_at_once() {
    // For a moment after its start it was taken for one that still starts.
    let bed = Bed::new();
    let parent = Parent::default();
    let notes = Notes::new();
    let ask = {
        let (parent, notes) = (Arc::clone(&parent), notes.clone());
        move || {
            let (parent, notes) = (Arc::clone(&parent), notes.clone());
            async move {
                let supervisor = parent.get().expect("it is set");
                let answer = supervisor.count_children().await;
                notes.add(answer.map_or_else(|error| error.to_string(), |_| "ok".to_owned()));
            }
        }
    };
    let supervisor = bed.start(DynamicSupervisor::new()).await;
    parent.set(supervisor.clone()).expect("set once");
    for _ in 0..500 {
        let (one, two, three) = (ask.clone(), ask.clone(), ask.clone());
        let task = Child::task("a", move |stop: StopToken| {
            let ask = one();
            async move {
                ask.await;
                stop.stopped().await;
            }
        });
        let ready = Child::task_ready("a", move |stop: StopToken, ready: Ready| {
            let ask = two();
            async move {
                ready.signal();
                ask.await;
                stop.stopped().await;
            }
        });
        let actor = Probe::new().post_start(move |_| {
            let ask = three();
            async move {
                ask.await;
                Ok(())
            }
        });
        for child in [task, ready, actor.child("a")] {
            within(supervisor.start_child(child))
                .await
                .expect("it starts");
        }
    }
    notes.until_lines(1500).await;
    assert_eq!(notes.count("ok"), 1500);
    bed.end().await;
}
