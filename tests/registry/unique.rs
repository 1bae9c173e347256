//! Registries whose keys have one owner each.

use mainstay_supervisors::{ExitReason, RegisterError, Registry, RegistryStats};
use mainstay_tests::probe::{Bed, text_of, within};

use crate::{idle, kill};

type Names = Registry<&'static str, u32>;

#[tokio::test(start_paused = true)]
async fn a_key_has_one_owner() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Names::default();
    names.register(&a, "x", 1).expect("it is free");
    for registrant in [&b, &a] {
        let error = names.register(registrant, "x", 2).expect_err("it is taken");
        assert_eq!(error, RegisterError::AlreadyRegistered(a.clone()));
    }
    assert_eq!(names.whereis(&"x"), Some(a.clone()));
    assert_eq!(names.lookup(&"x"), [(a, 1)]);
    assert_eq!(names.count(), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_may_own_many_keys() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Names::default();
    for (process, key) in [(&a, "x"), (&b, "y"), (&a, "z")] {
        names.register(process, key, 0).expect("it is free");
    }
    assert_eq!(names.keys(&a), ["x", "z"]);
    assert_eq!(names.keys(&b), ["y"]);
    let mut all: Vec<_> = names.list().into_iter().map(|entry| entry.0).collect();
    all.sort_unstable();
    assert_eq!(all, ["x", "y", "z"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_found_where_nobody_is() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Names::default();
    assert_eq!(names.whereis(&"x"), None);
    assert_eq!(names.lookup(&"x"), []);
    assert_eq!(names.keys(&a), Vec::<&str>::new());
    assert_eq!(names.values(&a, &"x"), Vec::<u32>::new());
    assert_eq!(names.update_value(&a, &"x", |value| *value), None);
    names.unregister(&a, &"x");
    names.dispatch(&"x", |_| panic!("nobody to dispatch to"));
    assert_eq!(
        (names.count(), names.stats()),
        (0, RegistryStats::default())
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_dead_are_not_registered_and_leave_no_trace() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Names::default();
    let mut events = names.listen();
    kill(&a).await;
    assert_eq!(names.register(&a, "x", 1).err(), Some(RegisterError::Dead));
    assert_eq!((names.whereis(&"x"), names.count()), (None, 0));
    let stats = names.stats();
    assert_eq!((stats.registered_total, stats.expired_total), (0, 0));
    assert!(events.try_recv().is_err());
    names.register(&b, "x", 1).expect("it is free");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_owner_gives_its_key_up_and_another_takes_it() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Names::default();
    let first = names.register(&a, "x", 1).expect("it is free");
    assert_eq!(
        (*first.key(), first.process().clone(), first.value()),
        ("x", a.clone(), 1)
    );
    assert!(first.is_current());
    assert!(first.release());
    assert!(!first.is_current());
    assert!(!first.release());
    let second = names.register(&b, "x", 2).expect("it is free");
    names.unregister(&a, &"x"); // It owns nothing any more.
    assert!(!first.release());
    assert_eq!(names.whereis(&"x"), Some(b.clone()));
    names.unregister(&b, &"x");
    assert!(!second.is_current());
    assert_eq!(names.count(), 0);
    kill(&a).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_a_registration_changes_nothing() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Names::default();
    drop(names.register(&a, "x", 1).expect("it is free"));
    assert_eq!(names.whereis(&"x"), Some(a));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_value_is_changed_in_place_by_its_owner_only() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let names = Names::default();
    let held = names.register(&a, "x", 1).expect("it is free");
    assert_eq!(
        names.update_value(&a, &"x", |value| value + 9),
        Some((10, 1))
    );
    assert_eq!(names.update_value(&b, &"x", |value| value + 9), None);
    assert_eq!((held.value(), names.values(&a, &"x")), (10, vec![10]));
    assert_eq!(
        names.lookup_match(&"x", |value| *value == 10),
        [(a.clone(), 10)]
    );
    assert_eq!(names.lookup_match(&"x", |value| *value == 1), []);
    names.unregister_match(&a, &"x", |value| *value == 1);
    assert!(held.is_current());
    names.unregister_match(&a, &"x", |value| *value == 10);
    assert!(!held.is_current());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_keeps_values_of_its_own() {
    let names = Names::default();
    assert_eq!(names.meta("limit"), None);
    names.put_meta("limit", 7);
    names.put_meta("limit", 8);
    assert_eq!(names.meta("limit"), Some(8));
    assert_eq!(names.delete_meta("limit"), Some(8));
    assert_eq!(
        (names.delete_meta("limit"), names.meta("limit")),
        (None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn figures_are_kept() {
    let bed = Bed::new();
    let [a, b, c] = idle(&bed).await;
    let names = Names::default();
    let _listener = names.listen();
    for (process, key) in [(&a, "x"), (&a, "y"), (&b, "z"), (&c, "u")] {
        names.register(process, key, 0).expect("it is free");
    }
    names.register(&a, "z", 0).expect_err("it is taken");
    names.unregister(&c, &"u");
    kill(&a).await;
    let stats = names.stats();
    assert_eq!((stats.entries, stats.keys, stats.processes), (1, 1, 1));
    assert_eq!(
        (stats.registered_total, stats.expired_total, stats.listeners),
        (4, 2, 1)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_registry_signals_those_in_it_and_takes_nobody_more() {
    let bed = Bed::new();
    let [a, b, c] = idle(&bed).await;
    let names = Names::default();
    names.register(&a, "x", 0).expect("it is free");
    names.register(&b, "y", 0).expect("it is free");
    let mut trapped = b.trap_exit();
    names.stop(&ExitReason::failed("gone"));
    assert_eq!(text_of(&within(a.ended()).await), "failed: gone");
    let signal = within(trapped.next()).await.expect("a signal");
    assert_eq!(signal.reason, ExitReason::failed("gone"));
    assert!(b.is_alive() && c.is_alive());
    assert_eq!(
        names.register(&c, "z", 0).err(),
        Some(RegisterError::Stopped)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn clones_are_the_same_registry_and_others_are_not() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let (one, other) = (Names::default(), Names::default());
    let clone = one.clone();
    clone.register(&a, "x", 0).expect("it is free");
    assert_eq!(
        (one.whereis(&"x"), other.whereis(&"x")),
        (Some(a.clone()), None)
    );
    other.register(&a, "x", 0).expect("it is free");
    kill(&a).await;
    assert_eq!((one.count(), other.count()), (0, 0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_may_go_before_those_in_it() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let value = std::sync::Arc::new(());
    let names = Registry::<&str, _>::default();
    names
        .register(&a, "x", std::sync::Arc::clone(&value))
        .expect("it is free");
    drop(names);
    assert_eq!(std::sync::Arc::strong_count(&value), 1);
    kill(&a).await;
    bed.end().await;
}
