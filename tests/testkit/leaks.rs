//! Tests that leave something behind fail, and say what and where from.

use std::future::pending;
use std::mem::forget;
use std::sync::mpsc;
use std::time::Duration;

use mainstay::ractor::{Actor, ActorProcessingErr, ActorRef};
use mainstay::specs::{Restart, Shutdown};
use mainstay::supervisors::{
    Child, DynamicSupervisor, ExitReason, Keys, Registry, SimpleSupervisor, Supervisor,
};
use mainstay::testkit::{Leak, TestContext, TestFailures, TestOptions, try_run};

use crate::support::{SECOND, failure, idle, name, outcome};

/// The leaks of a test, which are all that is wrong with it.
#[track_caller]
fn leaks_of(outcome: Result<(), TestFailures>) -> Vec<Leak> {
    let failures = outcome.expect_err("something is left");
    assert_eq!(failures.failures.len(), 1, "{failures}");
    let leaks = failures.leaks().expect("something is left");
    leaks.iter().cloned().collect()
}

#[test]
fn a_process_outside_of_the_namespace_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        let worker = idle("worker");
        let tree = Supervisor::one_for_one().child(worker);
        cx.runtime()
            .start("forgotten", tree)
            .await
            .expect("it starts");
    }));
    let found = leaks.iter().map(|leak| match leak {
        Leak::Process { path, made_at, .. } => {
            (path.as_str(), made_at.file(), made_at.line() - before)
        }
        other => panic!("{other}"),
    });
    let expected = [("forgotten", file!(), 5), ("forgotten/worker", file!(), 2)];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_second_namespace_that_somebody_keeps_up_is_named() {
    let text = failure(|cx| async move {
        forget(cx.runtime().namespace("other").await.expect("it starts"));
    });
    assert!(text.contains("\n  the process other #"), "{text}");
}

#[mainstay::test(start_paused = true)]
async fn a_second_namespace_whose_handle_is_dropped_is_none(cx: TestContext) {
    let other = cx.runtime().namespace("other").await.expect("it starts");
    other.start_child(idle("worker")).await.expect("it starts");
}

#[test]
fn a_task_of_the_context_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        cx.spawn("done", async {});
        cx.spawn("poller", pending::<()>());
    }));
    let [Leak::Task { name, made_at, .. }] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    let place = (made_at.file(), made_at.line() - before);
    assert_eq!((name.as_str(), place), ("poller", (file!(), 3)));
}

#[test]
fn a_task_that_keeps_the_context_is_one_leak_and_no_more() {
    let leaks = leaks_of(outcome(|cx| async move {
        let theirs = cx.clone();
        cx.spawn("keeper", async move {
            pending::<()>().await;
            drop(theirs);
        });
    }));
    assert!(matches!(&leaks[..], [Leak::Task { .. }]), "{leaks:?}");
}

#[test]
fn tasks_that_nobody_named_are_counted() {
    let leaks = leaks_of(outcome(|_| async {
        tokio::spawn(pending::<()>());
        tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
        tokio::spawn(async {});
    }));
    assert_eq!(leaks, [Leak::Tasks { count: 2 }]);
}

#[test]
fn tasks_that_end_in_time_are_none() {
    let ended = outcome(|_| async {
        tokio::spawn(tokio::time::sleep(SECOND / 2));
    });
    ended.expect("nothing is left");
}

/// An actor that stops as soon as it is told anything, with a reason of its own.
struct Quitter;

impl Actor for Quitter {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<()>,
        (): (),
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        myself.stop(Some("done".to_owned()));
        Ok(())
    }
}

#[mainstay::test(start_paused = true)]
async fn an_actor_that_stops_by_itself_leaves_no_task(cx: TestContext) {
    let child = Child::actor("quitter", || (Quitter, ())).restart(Restart::Temporary);
    let quitter = cx.start_supervised(child).await.expect("it starts");
    let actor = quitter.actor_ref::<()>().expect("it is an actor");
    actor.cast(()).expect("it runs");
    assert_eq!(quitter.ended().await, ExitReason::shutdown_with("done"));
}

#[test]
fn a_thread_that_blocks_is_counted() {
    let (let_go, held) = mpsc::channel::<()>();
    let leaks = leaks_of(outcome(move |_| async move {
        tokio::task::spawn_blocking(move || held.recv().is_ok());
    }));
    assert_eq!(leaks, [Leak::Threads { count: 1 }]);
    drop(let_go);
}

#[mainstay::test(start_paused = true)]
async fn a_thread_that_has_done_its_work_is_none(_cx: TestContext) {
    let sum = tokio::task::spawn_blocking(|| 1 + 1);
    assert_eq!(sum.await.expect("no panic"), 2);
}

#[test]
fn a_name_that_a_process_from_elsewhere_holds_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        let tree = Supervisor::one_for_one();
        let other = cx.runtime().start("other", tree).await.expect("it starts");
        let held = cx.namespace().register(name("guest"), other.process());
        held.expect("it is free");
    }));
    let Leak::Registration {
        name,
        process,
        made_at,
        ..
    } = &leaks[0]
    else {
        panic!("{leaks:?}")
    };
    assert_eq!((name.as_str(), &process[..7]), ("guest", "other #"));
    assert_eq!((made_at.file(), made_at.line() - before), (file!(), 4));
    assert!(
        matches!(&leaks[1..], [Leak::Process { path, .. }] if path == "other"),
        "{leaks:?}"
    );
}

#[test]
fn a_subscription_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        forget(cx.config().subscribe_to("pool"));
    }));
    let [Leak::Held { name, made_at, .. }] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    assert!(name.contains("pool"), "{name}");
    assert_eq!((made_at.file(), made_at.line() - before), (file!(), 2));
}

#[test]
fn a_listener_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        forget(cx.namespace().registry().listen());
    }));
    let [Leak::Held { made_at, .. }] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    assert_eq!((made_at.file(), made_at.line() - before), (file!(), 2));
}

#[test]
fn an_event_stream_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        forget(cx.runtime().events());
    }));
    let [Leak::Held { what, made_at, .. }] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    assert_eq!(*what, "event stream");
    assert_eq!((made_at.file(), made_at.line() - before), (file!(), 2));
}

#[test]
fn what_a_service_notes_in_the_ledger_is_named() {
    let leaks = leaks_of(outcome(|cx| async move {
        forget(cx.namespace().ledger().hold("lease", "connection 1"));
    }));
    let [Leak::Held { what, name, .. }] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    assert_eq!((*what, name.as_str()), ("lease", "connection 1"));
}

#[test]
fn a_process_that_had_to_be_killed_is_named_with_its_place() {
    let before = line!();
    let leaks = leaks_of(outcome(|cx| async move {
        let deaf = Child::task("deaf", |stop| async move {
            let _hears_nothing = stop;
            pending::<()>().await;
        });
        let deaf = deaf.shutdown(Shutdown::Timeout(SECOND));
        cx.start_supervised(deaf).await.expect("it starts");
    }));
    let [Leak::Killed { path, made_at, .. }] = &leaks[..] else {
        panic!("{leaks:?}")
    };
    assert_eq!(path, "inner/supervised/deaf");
    let place = made_at.map(|made_at| (made_at.file(), made_at.line() - before));
    assert_eq!(place, Some((file!(), 2)));
}

#[test]
fn of_dynamic_and_simple_supervisors_as_well() {
    let leaks = leaks_of(outcome(|cx| async move {
        let deaf = || {
            let child = Child::task("deaf", |stop| async move {
                let _hears_nothing = stop;
                pending::<()>().await;
            });
            child.shutdown(Shutdown::Timeout(SECOND))
        };
        let pool = Child::supervisor("dynamic", DynamicSupervisor::new());
        let pool = cx.start_supervised(pool).await.expect("it starts");
        let pool = pool.supervisor().expect("it is one");
        pool.start_child(deaf()).await.expect("it starts");

        let simple = SimpleSupervisor::new(deaf().spec().clone(), |cx, (): ()| async move {
            let process = cx.spawn_task(|stop| async move {
                let _hears_nothing = stop;
                pending::<()>().await;
            });
            Ok(process.into())
        });
        let pool = Child::supervisor("simple", simple.clone());
        let pool = cx.start_supervised(pool).await.expect("it starts");
        let pool = simple.bind(pool.supervisor().expect("it is one"));
        for _ in 0..2 {
            pool.start_child(()).await.expect("it starts");
        }
    }));
    let paths = leaks.iter().map(|leak| match leak {
        Leak::Killed { path, .. } => path.as_str(),
        other => panic!("{other}"),
    });
    // A simple supervisor reports once for all of its children.
    let expected = [
        "inner/supervised/dynamic/deaf",
        "inner/supervised/simple/deaf",
    ];
    assert_eq!(paths.collect::<Vec<_>>(), expected);
}

#[test]
fn a_child_that_is_to_be_killed_is_none() {
    let ended = outcome(|cx| async move {
        let child = Child::task("deaf", |_| pending::<()>()).shutdown(Shutdown::BrutalKill);
        cx.start_supervised(child).await.expect("it starts");
    });
    ended.expect("nothing is left");
}

#[test]
fn what_is_left_after_a_panic_is_told_beside_it() {
    let text = failure(|cx| async move {
        cx.spawn("poller", pending::<()>());
        assert!(!cx.namespace().is_running(), "it runs");
    });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "the test panicked: it runs");
    assert_eq!(lines[1], "the test has left behind:");
    assert!(
        lines[2].starts_with("  the task \"poller\", spawned at "),
        "{text}"
    );
}

#[test]
fn whoever_does_not_want_to_know_is_not_told() {
    let options = TestOptions::new("inner")
        .start_paused(true)
        .detect_leaks(false);
    let ended = try_run(options, |cx| async move {
        cx.spawn("poller", pending::<()>());
        forget(cx.runtime().events());
        let tree = Supervisor::one_for_one();
        cx.runtime().start("forgotten", tree).await.map(drop)
    });
    ended.expect("nothing is looked for");
}

#[mainstay::test(start_paused = true, detect_leaks = false)]
async fn the_macro_can_be_told_so_as_well(cx: TestContext) {
    cx.spawn("poller", pending::<()>());
}

#[mainstay::test(start_paused = true)]
async fn a_registry_of_the_tests_own_is_its_own_affair(cx: TestContext) {
    let registry = Registry::<String, ()>::new(Keys::Unique);
    let root = cx.namespace().root().expect("it runs");
    let held = registry.register(root.process(), "x".to_owned(), ());
    held.expect("it is free");
    forget(registry.listen());
}
