//! Who comes and goes, as a stream; and waiting for somebody to come.

use std::time::Duration;

use mainstay_supervisors::{Keys, Listener, Process, Registry, RegistryEvent};
use mainstay_tests::probe::{Bed, within};
use tokio::sync::broadcast::error::TryRecvError;

use crate::{idle, kill};

/// What has come: what happened, under which key, to whom.
fn all(events: &mut Listener<&'static str, u32>) -> Vec<(&'static str, &'static str, Process)> {
    let mut seen = Vec::new();
    loop {
        seen.push(match events.try_recv() {
            Ok(RegistryEvent::Registered { key, process, .. }) => ("registered", key, process),
            Ok(RegistryEvent::Unregistered { key, process }) => ("unregistered", key, process),
            Ok(RegistryEvent::Expired { key, process }) => ("expired", key, process),
            Err(TryRecvError::Empty) => return seen,
            other => panic!("{other:?}"),
        });
    }
}

#[tokio::test(start_paused = true)]
async fn all_that_happens_is_told_in_order() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Registry::<&str, u32>::default();
    names.register(&a, "before", 0).expect("it is free");
    let mut events = names.listen();
    names.register(&a, "x", 1).expect("it is free");
    names.register(&b, "x", 1).expect_err("it is taken");
    names.update_value(&a, &"x", |value| value + 1);
    names.unregister(&a, &"x");
    names.register(&b, "x", 1).expect("it is free").release();
    kill(&a).await;
    let expected = [
        ("registered", "x", a.clone()),
        ("unregistered", "x", a.clone()),
        ("registered", "x", b.clone()),
        ("unregistered", "x", b.clone()),
        ("expired", "before", a.clone()),
    ];
    assert_eq!(all(&mut events), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_is_told_with_its_value() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Registry::<&str, u32>::default();
    let mut events = names.listen();
    names.register(&a, "x", 42).expect("it is free");
    let event = events.try_recv().expect("an event");
    let RegistryEvent::Registered { value, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(value, 42);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_unregistration_of_nothing_is_told_too_as_in_elixir() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let topics = Registry::<&str, u32>::new(Keys::Duplicate);
    let mut events = topics.listen();
    topics.unregister(&a, &"x");
    assert_eq!(all(&mut events), [("unregistered", "x", a.clone())]);
    // Of two entries only the one that matches goes, and so it is not told yet.
    topics.register(&a, "x", 1).expect("there is room");
    topics.register(&a, "x", 2).expect("there is room");
    all(&mut events);
    topics.unregister_match(&a, &"x", |value| *value == 1);
    assert_eq!(all(&mut events), []);
    topics.unregister_match(&a, &"x", |value| *value == 2);
    assert_eq!(all(&mut events), [("unregistered", "x", a.clone())]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_listeners_are_told_and_those_that_are_gone_are_forgotten() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Registry::<&str, u32>::default();
    let (mut one, mut two, three) = (names.listen(), names.listen(), names.listen());
    assert_eq!(names.stats().listeners, 3);
    drop(three);
    assert_eq!(names.stats().listeners, 2);
    names.register(&a, "x", 1).expect("it is free");
    assert_eq!((all(&mut one).len(), all(&mut two).len()), (1, 1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_falls_behind_is_told_how_far() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Registry::<&str, u32>::default();
    let mut events = names.listen();
    for _ in 0..600 {
        names.register(&a, "x", 1).expect("it is free").release();
    }
    assert_eq!(events.try_recv(), Err(TryRecvError::Lagged(1200 - 1024)));
    assert_eq!(all(&mut events).len(), 1024);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_there_is_not_waited_for() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Registry::<&str, u32>::default();
    names.register(&a, "x", 1).expect("it is free");
    let found = tokio::time::timeout(Duration::ZERO, names.wait_for(&"x")).await;
    assert_eq!(found, Ok(a));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_not_there_is_waited_for() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Registry::<&str, u32>::default();
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let names = names.clone();
            tokio::spawn(async move { names.wait_for(&"x").await })
        })
        .collect();
    tokio::task::yield_now().await;
    names.register(&b, "other", 1).expect("it is free");
    tokio::task::yield_now().await;
    assert!(waiting.iter().all(|wait| !wait.is_finished()));
    names.register(&a, "x", 1).expect("it is free");
    for wait in waiting {
        assert_eq!(within(wait).await.expect("no panic"), a);
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_waits_is_missed() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    for _ in 0..2000 {
        let names = Registry::<&str, u32>::default();
        let waiter = {
            let names = names.clone();
            tokio::spawn(async move { names.wait_for(&"x").await })
        };
        let (names, registrant) = (names.clone(), a.clone());
        let register = tokio::spawn(async move { names.register(&registrant, "x", 1).map(drop) });
        assert_eq!(within(waiter).await.expect("no panic"), a);
        within(register)
            .await
            .expect("no panic")
            .expect("it is free");
    }
    bed.end().await;
}
