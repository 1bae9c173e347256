//! Namespaces: separate worlds that come and go whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::specs::{ChildSpec, NamespaceName, Restart, Shutdown, SupervisorFlags};
use mainstay_supervisors::{
    CHILDREN, CallError, Child, ExitReason, Metadata, Namespace, NamespaceError, NamespacePlan,
    RegisterError, Started, SupervisorError,
};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, id, order, within};
use tokio::time::{Instant, sleep};

use crate::{name, secs};

fn ns(text: &str) -> NamespaceName {
    NamespaceName::new(text).expect("a name")
}

async fn get(bed: &Bed, text: &str) -> Namespace {
    within(bed.runtime.namespace(text)).await.expect("it starts")
}

async fn start(bed: &Bed, text: &str, plan: NamespacePlan) -> Namespace {
    within(bed.runtime.start_namespace(ns(text), plan)).await.expect("it starts")
}

/// Takes this many seconds to stop.
fn slow(notes: &Notes, seconds: u64) -> Child {
    let notes = notes.clone();
    let probe = Probe::new().post_stop(move |_| {
        let notes = notes.clone();
        async move {
            sleep(secs(seconds)).await;
            notes.add("slow has stopped");
            Ok(())
        }
    });
    probe.child("slow").shutdown(Shutdown::Infinity)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_who_ask_at_once_get_the_same_one() {
    let bed = Bed::new();
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let runtime = bed.runtime.clone();
            tokio::spawn(async move { runtime.namespace("test").await })
        })
        .collect();
    let mut namespaces = Vec::new();
    for ask in asking {
        namespaces.push(within(ask).await.expect("no panic").expect("it starts"));
    }
    assert!(namespaces.iter().all(|namespace| *namespace == namespaces[0]));
    let lines = bed.log().take();
    assert_eq!(lines, ["started test/children", "started test"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_a_supervisor_for_the_children_of_the_application() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    assert_eq!((namespace.name(), namespace.is_running()), (&ns("test"), true));
    let children = namespace.children().expect("it runs");
    assert_eq!(children.process().path(), "test/children");
    assert_eq!(children.process().id(), &id(CHILDREN));
    let started = within(namespace.start_child(Probe::new().child("a"))).await;
    let process = started.expect("it starts").process().expect("it runs").clone();
    assert_eq!(process.namespace(), Some(namespace.clone()));
    within(namespace.stop_child(&id("a"))).await.expect("it runs");
    let again = within(namespace.stop_child(&id("a"))).await;
    assert!(matches!(again, Err(SupervisorError::NotFound)), "{again:?}");
    let temporary = Probe::new().child("b").restart(Restart::Temporary);
    within(namespace.start_child(temporary)).await.expect("it starts");
    within(namespace.stop_child(&id("b"))).await.expect("it runs");
    assert_eq!(namespace.tree().expect("it runs").count(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_later_is_restarted_with_what_it_may_use() {
    let bed = Bed::new();
    let notes = Notes::new();
    let noting = |name: &'static str| Probe::noting(&notes, name).child(name);
    let plan = NamespacePlan::new()
        .service(noting("one"))
        .service(noting("two"))
        .child(noting("child"));
    let namespace = start(&bed, "test", plan).await;
    assert_eq!(notes.take(), ["start one", "start two", "start child"]);
    order(&bed.started("test/two"), Order::fail("no disk"));
    notes.until("start child").await;
    assert_eq!(notes.take(), ["stop child", "start two", "start child"]);
    order(&bed.started("test/children/child"), Order::fail("no disk"));
    notes.until("start child").await;
    assert_eq!(notes.take(), ["start child"]);
    within(namespace.stop(secs(9))).await;
    assert_eq!(notes.all(), ["stop child", "stop two", "stop one"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_application_says_how_its_children_are_supervised() {
    let bed = Bed::new();
    let flags = SupervisorFlags::default().intensity(0, secs(5));
    let plan = NamespacePlan::new().children_flags(flags).child(Probe::new().child("a"));
    let namespace = start(&bed, "test", plan).await;
    let before = namespace.children().expect("it runs");
    order(&bed.started("test/children/a"), Order::fail("no disk"));
    assert_eq!(within(before.process().ended()).await, ExitReason::Shutdown);
    bed.log().until("started test/children again 1").await;
    assert_ne!(namespace.children().expect("it runs"), before);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_is_not_started_again() {
    let bed = Bed::new();
    let _namespace = get(&bed, "test").await;
    let again = within(bed.runtime.start_namespace(ns("test"), NamespacePlan::new())).await;
    let Err(NamespaceError::AlreadyRunning(running)) = again else {
        panic!("{again:?}")
    };
    assert_eq!(running, ns("test"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_start_leaves_nothing_and_can_be_started_again() {
    let bed = Bed::new();
    let notes = Notes::new();
    let bad = Probe::new().pre_start(|_| async { Err("no disk".into()) });
    let plan = NamespacePlan::new()
        .service(Probe::noting(&notes, "a").child("a"))
        .child(bad.child("bad"));
    let error = within(bed.runtime.start_namespace(ns("test"), plan)).await;
    let text = r#"the namespace "test" did not start: child children: child bad: no disk"#;
    assert_eq!(error.expect_err("it cannot start").to_string(), text);
    assert_eq!(notes.all(), ["start a", "stop a"]);
    bed.assert_empty();
    assert_eq!(bed.runtime.find_namespace("test"), None);
    assert!(get(&bed, "test").await.is_running());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_no_name_and_a_runtime_that_stops_start_none() {
    let bed = Bed::new();
    let error = within(bed.runtime.namespace("a/b")).await;
    assert!(matches!(error, Err(NamespaceError::Name(_))), "{error:?}");
    within(bed.runtime.stop(secs(1))).await;
    let error = within(bed.runtime.namespace("test")).await;
    let text = r#"the namespace "test" did not start: the runtime is stopping"#;
    assert_eq!(error.expect_err("it is too late").to_string(), text);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_run_are_found() {
    let bed = Bed::new();
    let (b, a) = (get(&bed, "b").await, get(&bed, "a").await);
    assert_eq!(bed.runtime.namespaces(), [a.clone(), b.clone()]);
    assert_eq!(bed.runtime.find_namespace("b"), Some(b.clone()));
    assert_eq!(bed.runtime.find_namespace("c"), None);
    within(b.stop(secs(9))).await;
    assert_eq!(bed.runtime.namespaces(), [a]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_until_nothing_is_left_and_names_what_was_killed() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = get(&bed, "test").await;
    let child = slow(&notes, 3).name(name("service"));
    within(namespace.start_child(child.clone())).await.expect("it starts");
    let begun = Instant::now();
    let report = within(namespace.stop(secs(9))).await;
    assert_eq!((report.killed.len(), begun.elapsed()), (0, secs(3)));
    assert!(!namespace.is_running());
    assert_eq!((namespace.whereis("service"), namespace.stats().entries), (None, 0));
    let late = within(namespace.start_child(child)).await;
    assert!(matches!(late, Err(SupervisorError::Call(CallError::NoProcess))), "{late:?}");
    assert!(namespace.children().is_none());

    let namespace = get(&bed, "test").await;
    within(namespace.start_child(slow(&notes, 3))).await.expect("it starts");
    let report = within(namespace.stop(secs(2))).await;
    assert_eq!(report.killed, ["test", "test/children", "test/children/slow"]);
    let again = within(namespace.stop(secs(2))).await;
    assert!(again.killed.is_empty(), "{again:?}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_one_that_is_stopping_gets_a_new_one_when_it_is_gone() {
    let bed = Bed::new();
    let notes = Notes::new();
    let old = get(&bed, "test").await;
    within(old.start_child(slow(&notes, 3))).await.expect("it starts");
    let begun = Instant::now();
    let both = async { tokio::join!(old.stop(secs(9)), get(&bed, "test")) };
    let (_, new) = within(both).await;
    assert_eq!(begun.elapsed(), secs(3));
    assert!(new != old && new.is_running());
    assert_eq!(new.tree().expect("it runs").count(), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_stops_it() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = get(&bed, "test").await;
    let inner = Arc::new(std::sync::Mutex::new(None));
    let kept = Arc::clone(&inner);
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        *kept.lock().expect("no panic") = cx.namespace();
        async { Ok(cx.spawn_actor(Probe::new().actor(), ()).await?.into()) }
    });
    within(namespace.start_child(child)).await.expect("it starts");
    within(namespace.start_child(slow(&notes, 1))).await.expect("it starts");
    let inner = inner.lock().expect("no panic").take().expect("it lives in one");
    assert_eq!(inner, namespace);
    let clone = namespace.clone();
    drop(namespace);
    sleep(secs(9)).await;
    assert!(clone.is_running());
    let root = clone.root().expect("it runs");
    drop(clone);
    // A handle from within does not keep it up.
    assert_eq!(within(root.process().ended()).await, ExitReason::Shutdown);
    assert!(!inner.is_running());
    assert_eq!(notes.all(), ["slow has stopped"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_dropped_is_gone_before_its_successor_starts() {
    // Its place was empty at once, and two of one name ran side by side.
    let bed = Bed::new();
    let notes = Notes::new();
    let old = get(&bed, "test").await;
    within(old.start_child(slow(&notes, 3))).await.expect("it starts");
    drop(old);
    let begun = Instant::now();
    let new = get(&bed, "test").await;
    assert_eq!((begun.elapsed(), notes.all().len()), (secs(3), 1));
    assert_eq!(bed.runtime.namespaces(), [new]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_does_not_make_its_successor_forgotten() {
    // The end of the old one cleared the place of the new one, and a third of the same name could start.
    let bed = Bed::new();
    let notes = Notes::new();
    let old = get(&bed, "test").await;
    within(old.start_child(slow(&notes, 3))).await.expect("it starts");
    let root = old.root().expect("it runs");
    drop(old);
    let new = get(&bed, "test").await;
    within(root.process().ended()).await;
    sleep(secs(9)).await;
    assert_eq!(get(&bed, "test").await, new);
    assert_eq!(bed.runtime.namespaces(), [new]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_by_itself_can_be_had_again() {
    let bed = Bed::new();
    let old = get(&bed, "test").await;
    old.root().expect("it runs").process().kill();
    within(old.root().expect("it is known").process().ended()).await;
    let new = get(&bed, "test").await;
    assert!(new != old && new.is_running() && !old.is_running());
    assert_eq!(get(&bed, "test").await, new);
    drop(old);
    assert!(new.is_running());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn cells_outlive_the_crash_of_their_owner_and_go_with_the_namespace() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = get(&bed, "test").await;
    let made = notes.clone();
    let probe = Probe::new().pre_start(move |_| {
        let namespace = mainstay_supervisors::current().and_then(|me| me.namespace());
        let made = made.clone();
        let cell = namespace.expect("it lives in one").cell("state", || {
            made.add("made");
            (std::sync::atomic::AtomicU32::new(0), OnDrop::note(&made, "dropped"))
        });
        cell.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async { Ok(()) }
    });
    within(namespace.start_child(probe.child("a"))).await.expect("it starts");
    order(&bed.started("test/children/a"), Order::panic());
    bed.log().until("started test/children/a again 1").await;
    let cell = namespace.find_cell::<(std::sync::atomic::AtomicU32, OnDrop)>("state");
    let starts = cell.expect("it is there").0.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!((starts, notes.all()), (2, vec!["made".to_owned()]));
    within(namespace.stop(secs(9))).await;
    assert_eq!(notes.all(), ["made", "dropped"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn cells_are_told_apart_by_type_name_and_namespace() {
    let bed = Bed::new();
    let (one, two) = (get(&bed, "one").await, get(&bed, "two").await);
    let cell = one.cell("x", || 1_u32);
    assert!(Arc::ptr_eq(&cell, &one.cell("x", || 2_u32)));
    assert_eq!((*one.cell("x", || 3_u64), *one.cell("y", || 4_u32)), (3, 4));
    assert_eq!(two.find_cell::<u32>("x"), None);
    assert_eq!(*two.cell("x", || 5_u32), 5);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn names_have_metadata() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let metadata = |tier: &str| Metadata::from([("tier".to_owned(), tier.to_owned())]);
    let mut processes = BTreeMap::new();
    for (child, tier) in [("a", "gold"), ("b", "tin"), ("c", "gold")] {
        let started = within(namespace.start_child(Probe::new().child(child))).await;
        let process = started.expect("it starts").process().expect("it runs").clone();
        namespace.register_with(name(child), &process, metadata(tier)).expect("it is free");
        processes.insert(child, process);
    }
    let gold = namespace.find_services(|metadata| metadata["tier"] == "gold");
    let expected = [(name("a"), processes["a"].clone()), (name("c"), processes["c"].clone())];
    assert_eq!(gold, expected);
    assert_eq!(namespace.metadata(&name("b")), Some(metadata("tin")));
    assert!(namespace.update_metadata(&name("b"), &metadata("iron")));
    assert_eq!(namespace.metadata(&name("b")), Some(metadata("iron")));
    assert!(!namespace.update_metadata(&name("x"), &metadata("iron")));
    assert_eq!(namespace.metadata(&name("x")), None);
    let error = namespace.register(name("a"), &processes["b"]).expect_err("it is taken");
    assert_eq!(error, RegisterError::AlreadyRegistered(processes["a"].clone()));
    assert_eq!((namespace.stats().entries, namespace.services().len()), (3, 3));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_waited_for_as_long_as_allowed() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let begun = Instant::now();
    assert_eq!(within(namespace.wait_for(&name("late"), secs(2))).await, None);
    assert_eq!(begun.elapsed(), secs(2));
    let waiting = {
        let namespace = namespace.clone();
        tokio::spawn(async move { namespace.wait_for(&name("late"), secs(60)).await })
    };
    tokio::task::yield_now().await;
    let child = Probe::new().child("a").name(name("late"));
    let started = within(namespace.start_child(child)).await.expect("it starts");
    assert_eq!(within(waiting).await.expect("no panic").as_ref(), started.process());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn how_long_it_has_run_is_told_by_the_clock_of_tokio() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    sleep(Duration::from_secs(90)).await;
    assert_eq!(namespace.uptime(), secs(90));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousands_live_side_by_side_and_leave_nothing() {
    let bed = Bed::new();
    let starting: Vec<_> = (0..2000)
        .map(|number: u32| {
            let runtime = bed.runtime.clone();
            tokio::spawn(async move {
                let namespace = runtime.namespace(format!("n{number}")).await?;
                let child = Probe::new().child("a").name(name("service"));
                let started = namespace.start_child(child).await;
                assert!(matches!(started, Ok(Started::Process { .. })), "{started:?}");
                Ok::<_, NamespaceError>(namespace)
            })
        })
        .collect();
    let mut namespaces = Vec::new();
    for start in starting {
        namespaces.push(within(start).await.expect("no panic").expect("it starts"));
    }
    assert_eq!(bed.runtime.namespaces().len(), 2000);
    for namespace in &namespaces {
        let process = namespace.whereis("service").expect("it is registered");
        assert_eq!(process.path(), format!("{}/children/a", namespace.name()));
        assert_eq!(namespace.stats().entries, 1);
    }
    drop(namespaces.split_off(1000));
    bed.end().await;
    assert!(namespaces.iter().all(|namespace| namespace.stats().entries == 0));
}
