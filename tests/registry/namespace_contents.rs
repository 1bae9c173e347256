//! What namespaces hold: names with metadata, and cells.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mainstay_supervisors::{Metadata, RegisterError, current};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, order, within};
use tokio::time::{Instant, sleep};

use crate::namespaces::get;
use crate::{name, secs};

#[tokio::test(start_paused = true)]
async fn cells_outlive_the_crash_of_their_owner_and_go_with_the_namespace() {
    let bed = Bed::new();
    let notes = Notes::new();
    let namespace = get(&bed, "test").await;
    let made = notes.clone();
    let probe = Probe::new().pre_start(move |_| {
        let namespace = current().and_then(|me| me.namespace());
        let made = made.clone();
        let cell = namespace.expect("it lives in one").cell("state", || {
            made.add("made");
            (AtomicU32::new(0), OnDrop::note(&made, "dropped"))
        });
        cell.0.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    within(namespace.start_child(probe.child("a")))
        .await
        .expect("it starts");
    order(&bed.started("test/children/a"), Order::panic());
    bed.log().until("started test/children/a again 1").await;
    let cell = namespace.find_cell::<(AtomicU32, OnDrop)>("state");
    let starts = cell.expect("it is there").0.load(Ordering::Relaxed);
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
        let process = started
            .expect("it starts")
            .process()
            .expect("it runs")
            .clone();
        namespace
            .register_with(name(child), &process, metadata(tier))
            .expect("it is free");
        processes.insert(child, process);
    }
    let gold = namespace.find_services(|metadata| metadata["tier"] == "gold");
    let expected = [
        (name("a"), processes["a"].clone()),
        (name("c"), processes["c"].clone()),
    ];
    assert_eq!(gold, expected);
    assert_eq!(namespace.metadata(&name("b")), Some(metadata("tin")));
    assert!(namespace.update_metadata(&name("b"), &metadata("iron")));
    assert_eq!(namespace.metadata(&name("b")), Some(metadata("iron")));
    assert!(!namespace.update_metadata(&name("x"), &metadata("iron")));
    assert_eq!(namespace.metadata(&name("x")), None);
    let error = namespace
        .register(name("a"), &processes["b"])
        .expect_err("it is taken");
    assert_eq!(
        error,
        RegisterError::AlreadyRegistered(processes["a"].clone())
    );
    assert_eq!(
        (namespace.stats().entries, namespace.services().len()),
        (3, 3)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_waited_for_as_long_as_allowed() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let begun = Instant::now();
    assert_eq!(
        within(namespace.wait_for(&name("late"), secs(2))).await,
        None
    );
    assert_eq!(begun.elapsed(), secs(2));
    let waiting = {
        let namespace = namespace.clone();
        tokio::spawn(async move { namespace.wait_for(&name("late"), secs(60)).await })
    };
    tokio::task::yield_now().await;
    let child = Probe::new().child("a").name(name("late"));
    let started = within(namespace.start_child(child))
        .await
        .expect("it starts");
    assert_eq!(
        within(waiting).await.expect("no panic").as_ref(),
        started.process()
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn how_long_it_has_run_is_told_by_the_clock_of_tokio() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    sleep(secs(90)).await;
    assert_eq!(namespace.uptime(), secs(90));
    bed.end().await;
}
