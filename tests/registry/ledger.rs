//! What is held of a namespace or a runtime, and what is left of it when the namespace has ended.

use std::panic::Location;

use mainstay_supervisors::{Child, Holding, Keys, Ledger, Registry, StopToken};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, order, within};
use tokio::time::{Instant, sleep};

use crate::namespaces::get;
use crate::{idle, kill, name, secs};

#[track_caller]
fn line() -> u32 {
    Location::caller().line()
}

/// What is held, in short: kind, name and line.
fn held(ledger: &Ledger) -> Vec<(&'static str, String, u32)> {
    let short = |holding: Holding| {
        assert_eq!(holding.made_at.file(), Location::caller().file());
        (holding.what, holding.name, holding.made_at.line())
    };
    ledger.held().into_iter().map(short).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_told_in_order_until_it_is_given_back() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let ledger = namespace.ledger();
    assert_eq!(held(ledger), []);
    let top = line();
    let first = ledger.hold("lease", "1");
    let second = namespace.ledger().hold("handler", "on exit");
    let (lease, handler) = (
        ("lease", "1".to_owned(), top + 1),
        ("handler", "on exit".to_owned(), top + 2),
    );
    assert_eq!(held(ledger), [lease, handler.clone()]);
    drop(first);
    let later = line();
    let third = ledger.hold("lease", "1");
    let again = ("lease", "1".to_owned(), later + 1);
    assert_eq!(held(ledger), [handler, again]);
    drop((second, third));
    assert_eq!(held(ledger), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_holds_it_and_since_when_is_told() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let started = within(namespace.start_child(Probe::new().child("a"))).await;
    let started = started.expect("it starts");
    let process = started.process().expect("it runs");
    sleep(secs(3)).await;
    let (notes, ledger) = (Notes::new(), namespace.ledger().clone());
    let held = notes.clone();
    let hold = move |_| async move {
        let _hold = ledger.hold("lease", "1");
        held.add("held");
        std::future::pending().await
    };
    order(process, Order::run(hold));
    notes.until("held").await;
    let outside = namespace.ledger().hold("lease", "2");
    let [inner, outer] = namespace.ledger().held().try_into().expect("two");
    let holder = inner.holder.as_ref().map(|holder| holder.pid);
    assert_eq!((holder, outer.holder), (Some(process.pid()), None));
    assert_eq!(inner.since, Instant::now());
    let place = inner.made_at;
    assert_eq!(
        inner.to_string(),
        format!(
            "lease (1), made at {place} by test/children/a {}",
            process.pid()
        )
    );
    kill(process).await;
    assert_eq!(namespace.ledger().held().len(), 1);
    drop(outside);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_namespaces_and_their_runtime_have_a_ledger_each() {
    let bed = Bed::new();
    let (one, two) = (get(&bed, "one").await, get(&bed, "two").await);
    let _hold = one.ledger().hold("lease", "1");
    let counts = [one.ledger(), two.ledger(), bed.runtime.ledger()].map(|it| it.held().len());
    assert_eq!(counts, [1, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_ledger_keeps_nothing_up_and_outlives_the_namespace() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let (root, ledger) = (
        namespace.root().expect("it runs"),
        namespace.ledger().clone(),
    );
    let hold = ledger.hold("lease", "1");
    drop(namespace);
    within(root.process().ended()).await;
    assert_eq!(ledger.held().len(), 1);
    drop(hold);
    assert_eq!(held(&ledger), []);
    // A namespace that comes after it begins anew.
    let _kept = ledger.hold("lease", "2");
    assert_eq!(held(get(&bed, "test").await.ledger()), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn listeners_of_names_are_held_of_the_namespace() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let top = line();
    let listener = namespace.registry().listen();
    let topics = Registry::<String, ()>::with_ledger(Keys::Duplicate, namespace.ledger().clone());
    let topic = topics.listen();
    let listening = |below| ("registry listener", "all names".to_owned(), top + below);
    assert_eq!(held(namespace.ledger()), [listening(1), listening(3)]);
    drop(listener);
    within(namespace.stop(secs(9))).await;
    assert_eq!(held(namespace.ledger()), [listening(3)]);
    drop(topic);
    assert_eq!(held(namespace.ledger()), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn event_streams_and_their_clones_are_held_of_the_runtime() {
    let bed = Bed::new();
    get(&bed, "test").await;
    let last = bed.runtime.last_event();
    let top = line();
    let events = bed.runtime.events();
    let from_first = bed.runtime.events_after(0);
    let clone = events.clone();
    let stream = |after, below| ("event stream", format!("after event {after}"), top + below);
    let all = [stream(last, 1), stream(0, 2), stream(last, 3)];
    assert_eq!(held(bed.runtime.ledger()), all);
    drop((events, from_first));
    assert_eq!(held(bed.runtime.ledger()), all[2..]);
    drop(clone);
    assert_eq!(held(bed.runtime.ledger()), []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn registrations_are_told_with_the_place_where_they_were_made() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let [guest] = idle(&bed).await;
    let top = line();
    let child = Child::task("a", |stop: StopToken| async move { stop.stopped().await });
    let child = child.name(name("in its spec"));
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    let later = line();
    let by_hand = namespace.register(name("by hand"), &guest).expect("free");
    let entries = namespace.registry().entries();
    let places: Vec<_> = entries
        .iter()
        .map(|entry| (entry.key.as_str(), entry.made_at.line()))
        .collect();
    assert_eq!(places, [("in its spec", top + 1), ("by hand", later + 1)]);
    assert_eq!(entries[1].made_at, by_hand.made_at());
    assert_eq!(
        entries[1].to_string(),
        format!(
            "{:?}, held by {guest}, registered at {}",
            name("by hand"),
            by_hand.made_at()
        )
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn entries_under_a_shared_key_are_all_told_in_the_order_of_registration() {
    let bed = Bed::new();
    let [a, b] = idle(&bed).await;
    let topics = Registry::<&str, u32>::new(Keys::Duplicate);
    for (process, key, value) in [(&b, "y", 1), (&a, "x", 2), (&a, "y", 3)] {
        topics.register(process, key, value).expect("there is room");
    }
    let entries = topics.entries().into_iter();
    let entries: Vec<_> = entries.map(|it| (it.key, it.process, it.value)).collect();
    assert_eq!(entries, [("y", b, 1), ("x", a.clone(), 2), ("y", a, 3)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_an_ended_namespace_only_processes_of_elsewhere_are_left_until_they_end() {
    let bed = Bed::new();
    let namespace = get(&bed, "test").await;
    let [one, two] = idle(&bed).await;
    let own = Child::task("own", |stop: StopToken| async move { stop.stopped().await });
    within(namespace.start_child(own.name(name("own"))))
        .await
        .expect("it starts");
    namespace.register(name("one"), &one).expect("it is free");
    let release = namespace.register(name("two"), &two).expect("it is free");
    within(namespace.stop(secs(9))).await;
    let left = || {
        let entries = namespace.registry().entries().into_iter();
        entries.map(|entry| entry.process).collect::<Vec<_>>()
    };
    assert_eq!(left(), [one.clone(), two.clone()]);
    assert!(release.release());
    assert_eq!(left(), std::slice::from_ref(&one));
    kill(&one).await;
    assert_eq!(left(), []);
    bed.end().await;
}
