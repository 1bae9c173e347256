//! What can happen while a process starts.

use std::sync::Arc;

use mainstay_supervisors::specs::{ChildSpec, Restart};
use mainstay_supervisors::{
    Child, ExitReason, Process, Ready, StartError, Started, StopToken, Supervisor, SupervisorError,
    SupervisorRef, Term, current,
};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, Probe, id, running, text_of, within};
use tokio::sync::{mpsc, oneshot};

fn failed(result: Result<Started, SupervisorError>) -> StartError {
    match result {
        Err(SupervisorError::StartFailed(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Adds a child whose start may fail to an empty supervisor.
async fn add(supervisor: &SupervisorRef, child: Child) -> Result<Started, SupervisorError> {
    within(supervisor.start_child(child.restart(Restart::Temporary))).await
}

#[tokio::test(start_paused = true)]
async fn an_error_in_pre_start_is_a_failed_start_and_keeps_its_type() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let probe = Probe::new().pre_start(|_| async {
        Err(std::io::Error::new(std::io::ErrorKind::AddrInUse, "taken").into())
    });
    let error = failed(add(&supervisor, probe.child("a")).await);
    let StartError::Failed(failure) = &error else {
        panic!("{error:?}")
    };
    let kind = failure
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    assert_eq!(kind, Some(std::io::ErrorKind::AddrInUse));
    assert_eq!(error.to_string(), "taken");
    assert_eq!(
        within(supervisor.count_children())
            .await
            .expect("it runs")
            .specs,
        0
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_pre_start_is_a_failed_start_and_tells_its_place() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let probe = Probe::new().pre_start(|_| async { panic!("{ON_PURPOSE}") });
    let error = failed(add(&supervisor, probe.child("a")).await);
    let StartError::Panicked(panic) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(panic.message(), ON_PURPOSE);
    assert!(
        panic
            .location()
            .is_some_and(|place| place.starts_with(file!())),
        "{panic}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_is_no_process_anybody_hears_of() {
    let bed = Bed::new();
    let probe = Probe::new().pre_start(|_| async { Err("no disk".into()) });
    let error = bed
        .try_start(Supervisor::one_for_one().child(probe.child("a")))
        .await;
    assert_eq!(
        error.expect_err("it cannot start").to_string(),
        "child a: no disk"
    );
    assert_eq!(bed.log().take(), ["start error a: no disk"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_for_the_task_to_say_that_it_is_ready() {
    let bed = Bed::new();
    let (notes, (go, gone)) = (Notes::new(), oneshot::channel::<()>());
    let gone = Arc::new(std::sync::Mutex::new(Some(gone)));
    let seen = notes.clone();
    let slow = Child::task_ready("slow", move |stop: StopToken, ready: Ready| {
        let (seen, gone) = (seen.clone(), gone.lock().expect("no panic").take());
        async move {
            seen.add("begun");
            gone.expect("one start").await.expect("the test goes on");
            seen.add("ready");
            ready.signal();
            stop.stopped().await;
        }
    });
    let tree = Supervisor::one_for_one()
        .child(slow)
        .child(Probe::noting(&notes, "next").child("next"));
    let runtime = bed.runtime.clone();
    let start = tokio::spawn(async move { runtime.start("root", tree).await });
    notes.until("begun").await;
    assert!(!start.is_finished());
    go.send(()).expect("it waits");
    within(start).await.expect("no panic").expect("it starts");
    assert_eq!(notes.all(), ["begun", "ready", "start next"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ends_before_it_is_ready_has_not_started() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    type Body = fn() -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
    let bodies: [(Body, &str); 3] = [
        (|| Ok(()), "normal"),
        (|| Err("no disk".into()), "failed: no disk"),
        (|| panic!("{ON_PURPOSE}"), "panicked: on purpose"),
    ];
    for (body, reason) in bodies {
        let child = Child::task_ready("a", move |_, ready| async move {
            let _ready = ready;
            body()
        });
        let error = failed(add(&supervisor, child).await);
        let StartError::Exited(ended) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(text_of(ended), reason);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_drops_its_ready_signal_has_not_started_when_it_ends() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let notes = Notes::new();
    let (seen, (go, gone)) = (notes.clone(), oneshot::channel::<()>());
    let gone = Arc::new(std::sync::Mutex::new(Some(gone)));
    let child = Child::task_ready("a", move |_, ready| {
        let (seen, gone) = (seen.clone(), gone.lock().expect("no panic").take());
        async move {
            drop(ready);
            seen.add("dropped");
            gone.expect("one start").await.ok();
        }
    });
    let handle = supervisor.clone();
    let start = tokio::spawn(async move { add(&handle, child).await });
    notes.until("dropped").await;
    assert!(!start.is_finished());
    go.send(()).expect("it waits");
    let error = failed(within(start).await.expect("no panic"));
    assert_eq!(error.to_string(), "ended before it was ready: normal");
    bed.end().await;
}

/// A start that hangs, and the process that it has made.
async fn hanging(
    bed: &Bed,
    child: Child,
    mut made: mpsc::UnboundedReceiver<Process>,
) -> (
    SupervisorRef,
    Process,
    tokio::task::JoinHandle<Result<Started, SupervisorError>>,
) {
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let handle = supervisor.clone();
    let start = tokio::spawn(async move { add(&handle, child).await });
    let process = within(made.recv()).await.expect("it begins to start");
    assert!(process.is_alive());
    (supervisor, process, start)
}

fn hanging_actor() -> (Child, mpsc::UnboundedReceiver<Process>) {
    let (made, process) = mpsc::unbounded_channel();
    let probe = Probe::new().pre_start(move |_| {
        let process = current().expect("it is known while it starts");
        made.send(process).expect("the test waits");
        std::future::pending()
    });
    (probe.child("a"), process)
}

fn hanging_task() -> (Child, mpsc::UnboundedReceiver<Process>) {
    let (made, process) = mpsc::unbounded_channel();
    let child = Child::task_ready("a", move |_, ready| {
        let made = made.clone();
        async move {
            let _ready = ready;
            made.send(current().expect("a process"))
                .expect("the test waits");
            std::future::pending::<()>().await;
        }
    });
    (child, process)
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_killed_while_it_starts_has_not_started() {
    for (child, made) in [hanging_actor(), hanging_task()] {
        let bed = Bed::new();
        let (_, process, start) = hanging(&bed, child, made).await;
        process.kill();
        assert_eq!(within(process.ended()).await, ExitReason::Killed);
        let error = failed(within(start).await.expect("no panic"));
        assert_eq!(error.to_string(), "ended before it was ready: killed");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_supervisor_is_killed_while_it_starts_goes_with_it() {
    for (child, made) in [hanging_actor(), hanging_task()] {
        let bed = Bed::new();
        let (supervisor, process, start) = hanging(&bed, child, made).await;
        supervisor.process().kill();
        assert_eq!(within(process.ended()).await, ExitReason::Killed);
        let error = within(start)
            .await
            .expect("no panic")
            .expect_err("nobody answers");
        assert_eq!(
            error.to_string(),
            "the process ended before it answered: killed"
        );
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_is_asked_to_stop_while_it_starts_starts_and_stops() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (go, gone) = oneshot::channel::<()>();
    let gone = Arc::new(std::sync::Mutex::new(Some(gone)));
    let (made, mut process) = mpsc::unbounded_channel();
    let probe = Probe::noting(&notes, "a").pre_start(move |_| {
        made.send(current().expect("a process"))
            .expect("the test waits");
        let gone = gone.lock().expect("no panic").take().expect("one start");
        async move { Ok(gone.await?) }
    });
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let start = tokio::spawn({
        let (supervisor, child) = (supervisor.clone(), probe.child("a"));
        async move { add(&supervisor, child).await }
    });
    let process = within(process.recv()).await.expect("it begins to start");
    process.stop(ExitReason::shutdown_with("early"));
    go.send(()).expect("it waits");
    let started = within(start).await.expect("no panic").expect("it starts");
    assert_eq!(started.process(), Some(&process));
    assert_eq!(text_of(&within(process.ended()).await), "shutdown: early");
    let log = bed.log().until("exited root/a: shutdown: early").await;
    assert_eq!(
        log,
        [
            "started root",
            "started root/a",
            "exited root/a: shutdown: early"
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_can_tell_more_than_its_process() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let child = Child::from_start(ChildSpec::new(id("a")), |cx| async {
        let process = cx.spawn_task(|_| std::future::pending::<()>());
        Ok(Started::from(process).with_info(Term::new(4000_u16)))
    });
    let started = within(supervisor.start_child(child))
        .await
        .expect("it starts");
    let Started::Process { process, info, .. } = started else {
        panic!("it runs")
    };
    assert_eq!(process, running(&supervisor, "a").await);
    assert_eq!(
        info.as_ref().and_then(Term::downcast_ref::<u16>),
        Some(&4000)
    );
    bed.end().await;
}
