//! The tokio runtime is dropped under the trees: everything ends at once, and nobody panics or waits.

use mainstay_supervisors::{
    Child, DynamicSupervisor, ExitReason, Namespace, Process, StopToken, Supervisor,
};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Probe, runtime, within};

fn threads(workers: usize) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(workers).enable_time();
    builder.build().expect("a runtime")
}

async fn tree(bed: &Bed, notes: &Notes) -> Vec<Process> {
    let kept = notes.clone();
    let actor = Probe::new().holding(move || OnDrop::note(&kept, "dropped"));
    let kept = notes.clone();
    let task = Child::task("task", move |stop: StopToken| {
        let dropped = OnDrop::note(&kept, "dropped");
        async move {
            let _dropped = dropped;
            stop.stopped().await;
        }
    });
    let inner = Supervisor::one_for_one().child(actor.child("inner actor"));
    let tree = Supervisor::one_for_one()
        .child(actor.child("actor"))
        .child(task)
        .child(Child::supervisor("inner", inner))
        .child(Child::supervisor("pool", DynamicSupervisor::new()));
    bed.start(tree).await;
    let pool = bed.started("root/pool").supervisor().expect("a supervisor");
    within(pool.start_child(actor.child("pooled")))
        .await
        .expect("it starts");
    let paths = [
        "",
        "/actor",
        "/task",
        "/inner",
        "/inner/inner actor",
        "/pool",
        "/pool/pooled",
    ];
    paths
        .iter()
        .map(|path| bed.started(&format!("root{path}")))
        .collect()
}

#[test]
fn all_processes_end_and_all_that_they_held_is_dropped() {
    let (bed, notes) = (Bed::new(), Notes::new());
    let thread = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let processes = thread.block_on(tree(&bed, &notes));
    assert!(processes.iter().all(Process::is_alive));
    drop(thread);
    assert_eq!(notes.count("dropped"), 4);
    for process in &processes {
        assert_eq!(process.exit_reason(), Some(ExitReason::Killed), "{process}");
    }
    assert_eq!(bed.runtime.roots(), []);
}

#[test]
fn nothing_is_left_when_several_threads_end_while_they_work() {
    for _ in 0..50 {
        let (bed, notes) = (Bed::new(), Notes::new());
        let threads = threads(2);
        threads.block_on(tree(&bed, &notes));
        // A supervisor may see its children go, and restart some, before it goes itself.
        drop(threads);
        bed.assert_empty();
    }
}

#[test]
fn a_runtime_outlives_tokios_and_works_in_the_next() {
    let runtime = runtime(64);
    let first = threads(1);
    let namespace: Namespace = first
        .block_on(runtime.namespace("test"))
        .expect("it starts");
    drop(first);
    assert!(!namespace.is_running());
    let second = threads(1);
    let next = second
        .block_on(runtime.namespace("test"))
        .expect("it starts");
    assert!(next.is_running() && next != namespace);
    let report = second.block_on(runtime.stop(crate::secs(60)));
    assert!(report.killed.is_empty(), "{report:?}");
}

#[test]
fn a_runtime_may_be_dropped_where_there_is_no_tokio() {
    let (bed, notes) = (Bed::new(), Notes::new());
    let threads = threads(2);
    let processes = threads.block_on(tree(&bed, &notes));
    drop(bed);
    threads.block_on(async {
        for process in &processes {
            assert_eq!(
                within(process.ended()).await,
                ExitReason::Shutdown,
                "{process}"
            );
        }
    });
    assert_eq!(notes.count("dropped"), 4);
}
