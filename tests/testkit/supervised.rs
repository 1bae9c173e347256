//! Children of a test: what ExUnit's own tests ask of supervised processes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use mainstay::specs::Restart;
use mainstay::supervisors::{Child, ExitReason, StartError, Started, SupervisorError, current};
use mainstay::testkit::{
    SUPERVISED, SuperviseError, TestContext, exited, gave_up, restarted, started,
};

use crate::support::{SECOND, failure, idle, outcome};

fn failing(id: &str) -> Child {
    Child::from_start(idle(id).spec().clone(), |_| async {
        Err(StartError::failed("no disk"))
    })
}

#[mainstay::test(start_paused = true)]
async fn a_start_that_fails_gives_its_error_and_keeps_nothing(cx: TestContext) {
    let error = cx.start_supervised(failing("worker")).await.unwrap_err();
    let SuperviseError::Supervisor(SupervisorError::StartFailed(StartError::Failed(error))) = error
    else {
        panic!("{error}")
    };
    assert_eq!(error.to_string(), "no disk");
    cx.start_supervised(idle("worker"))
        .await
        .expect("the id is free");
}

#[mainstay::test(start_paused = true)]
async fn a_start_that_panics_gives_the_panic(cx: TestContext) {
    let child = Child::from_start(idle("worker").spec().clone(), |_| async {
        panic!("no memory");
    });
    let error = cx.start_supervised(child).await.unwrap_err();
    let SuperviseError::Supervisor(SupervisorError::StartFailed(StartError::Panicked(panic))) =
        error
    else {
        panic!("{error}")
    };
    assert_eq!(panic.message(), "no memory");
}

#[mainstay::test(start_paused = true)]
async fn a_start_with_nothing_to_run_is_said(cx: TestContext) {
    let child = Child::from_start(idle("worker").spec().clone(), |_| async {
        Ok(Started::Ignore)
    });
    let error = cx.start_supervised(child).await.unwrap_err();
    assert!(matches!(error, SuperviseError::Ignored), "{error}");
}

#[test]
fn children_are_stopped_in_reverse_and_before_the_callbacks_run() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let ended = outcome(|cx| async move {
        let mut processes = Vec::new();
        for id in ["first", "second", "third"] {
            let notes = Arc::clone(&notes);
            let child = Child::task(id, move |stop| {
                let notes = Arc::clone(&notes);
                async move {
                    stop.stopped().await;
                    // Long enough for another one to come between, if it did not wait.
                    tokio::time::sleep(SECOND).await;
                    notes.lock().expect("no panic").push(id.to_owned());
                }
            });
            processes.push(cx.start_supervised(child).await.expect("it starts"));
        }
        cx.on_exit(move || async move {
            let ends: Vec<_> = processes.iter().map(|it| it.exit_reason()).collect();
            assert_eq!(ends, vec![Some(ExitReason::Shutdown); 3]);
            notes.lock().expect("no panic").push("callback".to_owned());
        });
    });
    ended.expect("it passes");
    let seen = seen.lock().expect("no panic");
    assert_eq!(*seen, ["third", "second", "first", "callback"]);
}

#[mainstay::test(start_paused = true)]
async fn a_permanent_child_is_restarted_however_often_it_crashes(cx: TestContext) {
    let mut last = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let mut events = cx.events();
    for _ in 0..100 {
        last.kill();
        events
            .wait_for(exited("worker").of(&last), SECOND)
            .await
            .expect("it ends");
        let event = events.wait_for(restarted("worker"), SECOND).await;
        last = event.expect("it is restarted").kind.process().clone();
    }
    cx.events().refute(gave_up(SUPERVISED));
    assert_eq!(cx.events().count(restarted("worker")), 100);
}

#[mainstay::test(start_paused = true)]
async fn a_temporary_child_is_not_restarted(cx: TestContext) {
    let child = idle("worker").restart(Restart::Temporary);
    let process = cx.start_supervised(child).await.expect("it starts");
    process.kill();
    process.ended().await;
    // Its supervisor has answered, and so has come to the end of the child.
    let error = cx.stop_supervised("worker").await.unwrap_err();
    assert_eq!(error.to_string(), "no such child");
    assert_eq!(cx.events().count(started("worker")), 1);
    cx.start_supervised(idle("worker"))
        .await
        .expect("the id is free");
}

#[mainstay::test(start_paused = true)]
async fn an_id_that_is_known_is_refused(cx: TestContext) {
    let first = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let error = cx.start_supervised(idle("worker")).await.unwrap_err();
    let SuperviseError::Supervisor(SupervisorError::AlreadyStarted(process)) = error else {
        panic!("{error}")
    };
    assert_eq!(process, first);
    let error = cx.start_supervised(idle("a/b")).await.unwrap_err();
    assert!(error.to_string().starts_with("the id \"a/b\": "), "{error}");
}

#[mainstay::test(start_paused = true)]
async fn a_child_knows_the_namespace_of_its_test(cx: TestContext) {
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let child = Child::task("worker", move |stop| {
        let tell = tell.lock().expect("no panic").take();
        async move {
            let namespace = current().and_then(|process| process.namespace());
            if let Some(tell) = tell {
                tell.send(namespace).ok();
            }
            stop.stopped().await;
        }
    });
    cx.start_supervised(child).await.expect("it starts");
    let namespace = told.await.expect("it runs");
    assert_eq!(namespace.as_ref(), Some(cx.namespace()));
}

#[mainstay::test(start_paused = true)]
async fn a_child_stands_under_the_supervisor_of_its_test(cx: TestContext) {
    let process = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let namespace = cx.namespace().name().as_str();
    assert_eq!(namespace, "a_child_stands_under_the_supervisor_of_its_test");
    assert_eq!(process.path(), format!("{namespace}/{SUPERVISED}/worker"));
}

#[mainstay::test(start_paused = true)]
async fn a_child_that_is_stopped_is_forgotten(cx: TestContext) {
    let process = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    cx.stop_supervised("worker").await.expect("it is there");
    assert_eq!(process.exit_reason(), Some(ExitReason::Shutdown));
    let next = cx
        .start_supervised(idle("worker"))
        .await
        .expect("the id is free");
    assert_ne!(next, process);
}

#[mainstay::test(start_paused = true)]
async fn a_linked_child_that_is_stopped_does_not_take_the_test_with_it(cx: TestContext) {
    let process = cx
        .start_supervised_linked(idle("worker"))
        .await
        .expect("it starts");
    cx.stop_supervised("worker").await.expect("it is there");
    assert!(!process.is_alive());
    tokio::task::yield_now().await;
}

#[mainstay::test(start_paused = true)]
async fn a_temporary_child_that_is_stopped_is_forgotten(cx: TestContext) {
    let child = idle("worker").restart(Restart::Temporary);
    let process = cx.start_supervised(child).await.expect("it starts");
    cx.stop_supervised("worker").await.expect("it is there");
    assert_eq!(process.exit_reason(), Some(ExitReason::Shutdown));
    cx.start_supervised(idle("worker"))
        .await
        .expect("the id is free");
}

#[mainstay::test(start_paused = true)]
async fn to_stop_a_child_that_is_not_there_is_an_error(cx: TestContext) {
    let error = cx.stop_supervised("nobody").await.unwrap_err();
    let SuperviseError::Supervisor(SupervisorError::NotFound) = error else {
        panic!("{error}")
    };
    let error = cx.stop_supervised("").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the id: expected a name, found an empty text"
    );
}

#[test]
fn a_test_that_hands_the_error_on_fails_with_it() {
    let text = failure(|cx| async move { cx.stop_supervised("nobody").await });
    assert_eq!(text, "the test returned an error: Supervisor(NotFound)");
}

#[test]
fn outside_of_its_test_nothing_can_be_started() {
    let refused = Arc::new(Mutex::new(None));
    let note = Arc::clone(&refused);
    let ended = outcome(|cx| async move {
        let late = cx.clone();
        cx.on_exit(move || async move {
            let error = late.start_supervised(idle("late")).await.unwrap_err();
            *note.lock().expect("no panic") = Some(error.to_string());
        });
    });
    ended.expect("it passes");
    let refused = refused.lock().expect("no panic").take();
    assert_eq!(refused.as_deref(), Some("the test has ended"));
}

#[test]
fn a_linked_child_takes_the_test_with_it() {
    let reached = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&reached);
    let text = failure(|cx| async move {
        let callback = Arc::clone(&count);
        cx.on_exit(move || async move {
            callback.fetch_add(10, Ordering::SeqCst);
        });
        let child = Child::task("worker", |_| async {
            tokio::time::sleep(SECOND).await;
            Err::<(), _>("out of luck")
        });
        cx.start_supervised_linked(child).await.expect("it starts");
        tokio::time::sleep(SECOND * 2).await;
        count.fetch_add(1, Ordering::SeqCst);
    });
    let expected =
        "inner/supervised/worker #5 is linked to the test and ended: failed: out of luck";
    assert_eq!(text.lines().next(), Some(expected));
    // The test was dropped where it stood, and its end was as ever.
    assert_eq!(reached.load(Ordering::SeqCst), 10);
}

#[mainstay::test(start_paused = true)]
async fn a_linked_child_that_ends_normally_does_not(cx: TestContext) {
    let child = Child::task("worker", |_| async {}).restart(Restart::Temporary);
    let process = cx.start_supervised_linked(child).await.expect("it starts");
    assert_eq!(process.ended().await, ExitReason::Normal);
    tokio::time::sleep(SECOND).await;
}

#[mainstay::test(start_paused = true)]
async fn children_are_restarted_with_the_services_before_them(cx: TestContext) {
    let first = cx
        .start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let mut events = cx.events();
    cx.whereis("config_server").expect("it runs").kill();
    // Of its supervisor, started anew, it is a first start.
    events
        .wait_for(exited("worker").of(&first), SECOND)
        .await
        .expect("it ends");
    let second = events
        .wait_for(started("worker"), SECOND)
        .await
        .expect("it starts");
    assert_ne!(second.kind.process(), &first);
    cx.stop_supervised("worker").await.expect("it is there");
    assert!(!second.kind.process().is_alive());
}
