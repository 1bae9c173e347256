//! A registration belongs to one incarnation, to the last moment of it.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{ExitReason, Process, Registry, Supervisor, current};
use mainstay_tests::probe::{Bed, Notes, OnDrop, Order, Probe, order, running, within};

use crate::idle;

type Names = Registry<&'static str, u32>;

/// Every way to end.
const WAYS: &[fn(&Process)] = &[
    |p| order(p, Order::fail("no disk")),
    |p| order(p, Order::panic()),
    |p| p.actor_cell().expect("an actor").stop(None),
    |p| p.actor_cell().expect("an actor").drain().expect("it runs"),
    |p| p.stop(ExitReason::Shutdown),
    Process::kill,
    |p| p.actor_cell().expect("an actor").kill(),
];

/// Registers itself in `pre_start`, and notes whether it could.
fn registering(names: &Names, notes: &Notes) -> Probe {
    let (names, notes) = (names.clone(), notes.clone());
    Probe::new().pre_start(move |_| {
        let me = current().expect("a process");
        match names.register(&me, "x", 0) {
            Ok(_) => notes.add("registered"),
            Err(error) => notes.add(error.to_string()),
        }
        async { Ok(()) }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_is_free_when_the_end_can_be_seen_and_before_the_successor_starts() {
    for end in WAYS {
        let bed = Bed::new();
        let (names, notes) = (Names::default(), Notes::new());
        let tree = Supervisor::one_for_one()
            .intensity(1000, crate::secs(5))
            .child(registering(&names, &notes).child("a"));
        let supervisor = bed.start(tree).await;
        for turn in 1..=20 {
            let process = running(&supervisor, "a").await;
            end(&process);
            within(process.ended()).await;
            assert_ne!(names.whereis(&"x"), Some(process));
            notes.until_lines(turn + 1).await;
        }
        assert_eq!(notes.count("registered"), 21, "{:?}", notes.all());
        bed.end().await;
        assert_eq!(names.count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_is_held_through_post_stop_and_the_drop_of_the_state() {
    let bed = Bed::new();
    let (names, notes) = (Names::default(), Notes::new());
    let seen = {
        let (names, notes) = (names.clone(), notes.clone());
        move |when: &str| {
            let held = names.whereis(&"x").is_some();
            notes.add(format!("{when}: {held}"));
        }
    };
    let (stop, dropped) = (seen.clone(), seen.clone());
    let probe = registering(&names, &notes)
        .post_stop(move |_| {
            stop("post_stop");
            async { Ok(()) }
        })
        .holding(move || {
            let dropped = dropped.clone();
            OnDrop::new(move || dropped("drop"))
        });
    let child = probe.child("a").restart(Restart::Temporary);
    let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
    let process = running(&supervisor, "a").await;
    process.stop(ExitReason::Shutdown);
    within(process.ended()).await;
    seen("ended");
    let expected = [
        "registered",
        "post_stop: true",
        "drop: true",
        "ended: false",
    ];
    assert_eq!(notes.all(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_death_cannot_take_the_name_from_a_successor() {
    let bed = Bed::new();
    let [old, new] = idle(&bed).await;
    let names = Names::default();
    let held = names.register(&old, "x", 1).expect("it is free");
    assert!(held.release());
    let successor = names.register(&new, "x", 2).expect("it is free");
    crate::kill(&old).await;
    assert!(!held.release());
    assert!(successor.is_current());
    assert_eq!(names.whereis(&"x"), Some(new));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_takes_its_key_back_holds_it_until_its_end() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let names = Names::default();
    for turn in 0..1000 {
        let held = names.register(&a, "x", turn).expect("it is free");
        if turn % 2 == 0 {
            assert!(held.release());
        } else {
            names.unregister(&a, &"x");
        }
    }
    let held = names.register(&a, "x", 7).expect("it is free");
    crate::kill(&a).await;
    assert!(!held.is_current());
    let stats = names.stats();
    assert_eq!(
        (stats.entries, stats.registered_total, stats.expired_total),
        (0, 1001, 1)
    );
    bed.end().await;
}
