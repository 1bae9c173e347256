//! Code of the user's that runs where the library has something in hand: destructors of what start functions hold, and
//! wakers. It may look at everything, and may even panic.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use mainstay_supervisors::{
    Child, DynamicSupervisor, ExitReason, Process, Runtime, StopToken, Supervisor, SupervisorRef,
};
use mainstay_tests::probe::{Bed, Probe, id, running, within};
use tokio::runtime::Builder;

/// Longer than anything here takes: what has not ended by then never will.
const NEVER: Duration = Duration::from_secs(10);

/// Runs a test on a thread of its own, so that a deadlock fails it.
fn without_deadlock<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let (ended, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let tokio = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .expect("a tokio runtime");
        tokio.block_on(test());
        ended.send(()).ok();
    });
    match told.recv_timeout(NEVER) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a deadlock"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => thread.join().expect("it passes"),
    }
}

/// A child whose start function holds this.
fn holding(name: &str, held: impl Send + Sync + 'static) -> Child {
    Child::task(name, move |stop: StopToken| {
        let _ = &held;
        async move { stop.stopped().await }
    })
}

/// Lists all processes when it is dropped.
struct Lists(Runtime, mpsc::Sender<usize>);

impl Drop for Lists {
    fn drop(&mut self) {
        self.1.send(self.0.processes().len()).ok();
    }
}

fn lists(runtime: &Runtime) -> (Lists, mpsc::Receiver<usize>) {
    let (found, told) = mpsc::channel();
    (Lists(runtime.clone(), found), told)
}

/// Panics when it is dropped.
struct Bang;

impl Drop for Bang {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[test]
fn what_a_start_function_holds_may_list_the_processes_when_its_supervisor_ends() {
    without_deadlock(|| async {
        let runtime = Runtime::new();
        let (lists, told) = lists(&runtime);
        let tree = Supervisor::one_for_one().child(holding("a", lists));
        let root = runtime.start("root", tree).await.expect("it starts");
        root.stop(ExitReason::Shutdown).await.expect("it stops");
        assert_eq!(told.try_recv(), Ok(1)); // The supervisor, whose end cannot be seen yet.
    });
}

#[test]
fn what_a_start_function_holds_may_list_the_processes_when_its_child_is_deleted() {
    without_deadlock(|| async {
        let runtime = Runtime::new();
        let (lists, told) = lists(&runtime);
        let root = runtime.start("root", Supervisor::one_for_one()).await;
        let root = root.expect("it starts");
        let started = root.start_child(holding("a", lists)).await;
        drop(started.expect("it starts"));
        root.terminate_child(&id("a")).await.expect("it stops");
        root.delete_child(&id("a")).await.expect("it was stopped");
        assert_eq!(told.recv_timeout(NEVER), Ok(1));
    });
}

#[test]
fn what_a_start_function_holds_may_list_the_processes_when_a_dynamic_child_ends() {
    without_deadlock(|| async {
        let runtime = Runtime::new();
        let (lists, told) = lists(&runtime);
        let root = runtime.start("root", DynamicSupervisor::new()).await;
        let root = root.expect("it starts");
        let started = root.start_child(holding("a", lists)).await;
        let process = started.expect("it starts").process().cloned();
        let process = process.expect("it runs");
        root.terminate_process(&process).await.expect("it stops");
        assert_eq!(told.recv_timeout(NEVER), Ok(1));
    });
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_keeps_no_end_from_being_seen() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one().child(holding("a", Bang));
    let root = bed.start(tree).await.process().clone();
    root.stop(ExitReason::Shutdown);
    assert_eq!(within(root.ended()).await, ExitReason::Shutdown);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_ends_no_supervisor_that_forgets_the_child() {
    let bed = Bed::new();
    let root = bed.start(Supervisor::one_for_one()).await;
    let started = root.start_child(holding("a", Bang)).await;
    drop(started.expect("it starts"));
    within(root.terminate_child(&id("a")))
        .await
        .expect("it stops");
    within(root.delete_child(&id("a")))
        .await
        .expect("it was stopped");
    assert!(root.process().is_alive());
    bed.end().await;
}

struct BadWaker;

impl Wake for BadWaker {
    fn wake(self: Arc<Self>) {
        panic!("on purpose");
    }
}

fn wait_with(monitor: &mut (impl Future + Unpin), waker: Arc<impl Wake + Send + Sync + 'static>) {
    let waker = Waker::from(waker);
    let polled = Pin::new(monitor).poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending));
}

async fn successor(supervisor: &SupervisorRef, before: &Process) -> Process {
    loop {
        let process = running(supervisor, "a").await;
        if process != *before {
            return process;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_waker_that_panics_keeps_nobody_else_from_being_told_of_an_end() {
    let bed = Bed::new();
    let supervisor = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("a")))
        .await;
    let first = running(&supervisor, "a").await;
    let mut monitor = first.monitor();
    wait_with(&mut monitor, Arc::new(BadWaker));
    let other = first.monitor();
    let other = tokio::spawn(other);
    tokio::task::yield_now().await;
    first.kill();
    assert_eq!(
        within(other).await.expect("told").reason,
        ExitReason::Killed
    );
    within(successor(&supervisor, &first)).await;
    bed.end().await;
}

/// Looks at a process, and kills it, in the place where it is woken.
struct Inline(Process, mpsc::Sender<bool>);

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        drop(self.0.monitor().demonitor());
        self.0.kill();
        self.1.send(self.0.is_alive()).ok();
    }
}

#[test]
fn the_waker_of_a_reader_of_events_may_look_at_the_process_that_has_ended() {
    without_deadlock(|| async {
        let runtime = Runtime::new();
        let tree = Supervisor::one_for_one().child(holding("a", ()));
        let root = runtime.start("root", tree).await.expect("it starts");
        let process = running(&root, "a").await;
        let (seen, told) = mpsc::channel();
        let mut events = runtime.events();
        let mut next = Box::pin(events.next());
        wait_with(&mut next, Arc::new(Inline(process.clone(), seen)));
        process.kill();
        assert_eq!(told.recv_timeout(NEVER), Ok(false));
    });
}
