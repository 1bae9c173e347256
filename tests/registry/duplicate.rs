//! Registries whose keys may have many entries: publish and subscribe.

use mainstay_supervisors::{Keys, Registry};
use mainstay_tests::probe::Bed;

use crate::{idle, kill};

fn topics() -> Registry<&'static str, u32> {
    Registry::new(Keys::Duplicate)
}

#[tokio::test(start_paused = true)]
async fn entries_of_a_key_come_in_the_order_of_registration() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let topics = topics();
    for (process, value) in [(&a, 1), (&b, 2), (&a, 3)] {
        topics.register(process, "x", value).expect("there is room");
    }
    let expected = [(a.clone(), 1), (b.clone(), 2), (a.clone(), 3)];
    assert_eq!(topics.lookup(&"x"), expected);
    assert_eq!(topics.whereis(&"x"), Some(a.clone()));
    assert_eq!(topics.keys(&a), ["x", "x"]);
    assert_eq!(topics.values(&a, &"x"), [1, 3]);
    assert_eq!(topics.lookup_match(&"x", |value| *value > 1).len(), 2);
    let stats = topics.stats();
    assert_eq!((stats.entries, stats.keys, stats.processes), (3, 1, 2));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn all_entries_are_dispatched_to_at_once() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let topics = topics();
    topics.register(&a, "x", 1).expect("there is room");
    topics.register(&b, "x", 2).expect("there is room");
    topics.register(&b, "y", 3).expect("there is room");
    let mut seen = Vec::new();
    topics.dispatch(&"x", |entries| seen = entries);
    assert_eq!(seen, [(a, 1), (b, 2)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_one_leaves_the_others() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let topics = topics();
    for (process, key, value) in [(&a, "x", 1), (&b, "x", 2), (&a, "x", 3), (&a, "y", 4)] {
        topics.register(process, key, value).expect("there is room");
    }
    kill(&a).await;
    assert_eq!(topics.lookup(&"x"), [(b.clone(), 2)]);
    assert_eq!((topics.lookup(&"y"), topics.count()), (vec![], 1));
    assert_eq!(topics.keys(&a), Vec::<&str>::new());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn unregister_takes_all_of_a_process_under_a_key_and_a_match_takes_those_that_match() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let topics = topics();
    for (process, value) in [(&a, 1), (&b, 1), (&a, 2), (&a, 1)] {
        topics.register(process, "x", value).expect("there is room");
    }
    topics.unregister_match(&a, &"x", |value| *value == 1);
    assert_eq!(topics.lookup(&"x"), [(b.clone(), 1), (a.clone(), 2)]);
    topics.unregister(&a, &"x");
    assert_eq!(topics.lookup(&"x"), [(b.clone(), 1)]);
    topics.unregister(&b, &"x");
    assert_eq!(topics.stats().keys, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_registration_is_released_without_the_others() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let topics = topics();
    let held: Vec<_> = (0..3)
        .map(|value| topics.register(&a, "x", value).expect("there is room"))
        .collect();
    assert!(held[1].release());
    assert_eq!(topics.values(&a, &"x"), [0, 2]);
    let current: Vec<_> = held
        .iter()
        .map(mainstay_supervisors::Registration::is_current)
        .collect();
    assert_eq!(current, [true, false, true]);
    kill(&a).await;
    assert_eq!(topics.count(), 0);
    bed.end().await;
}
