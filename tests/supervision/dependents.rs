//! Children that name what they depend on.

use mainstay_supervisors::specs::Backoff;
use mainstay_supervisors::{Child, Supervisor, SupervisorRef};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, id, order, running, within};

use crate::{millis, secs};

/// `c` depends on `b`, which depends on `a`; `d` on `a`; `e` on nobody.
fn family(notes: &Notes) -> [Child; 5] {
    let child = |name: &'static str, needs: &[&str]| {
        let needs = needs.iter().map(|needed| id(needed));
        Probe::noting(notes, name).child(name).depends_on(needs)
    };
    [
        child("a", &[]),
        child("b", &["a"]),
        child("c", &["b"]),
        child("d", &["a"]),
        child("e", &[]),
    ]
}

async fn started(bed: &Bed, notes: &Notes) -> SupervisorRef {
    let tree = Supervisor::one_for_one().children(family(notes));
    let supervisor = bed.start(tree).await;
    notes.take();
    supervisor
}

#[tokio::test(start_paused = true)]
async fn they_are_restarted_with_what_they_depend_on_directly_or_not() {
    for (failed, restarted) in [
        (
            "a",
            vec![
                "stop d", "stop c", "stop b", "start a", "start b", "start c", "start d",
            ],
        ),
        ("b", vec!["stop c", "start b", "start c"]),
        ("c", vec!["start c"]),
        ("d", vec!["start d"]),
        ("e", vec!["start e"]),
    ] {
        let bed = Bed::new();
        let notes = Notes::new();
        let supervisor = started(&bed, &notes).await;
        let process = running(&supervisor, failed).await;
        order(&process, Order::fail("no disk"));
        within(process.ended()).await;
        within(supervisor.count_children()).await.expect("it runs");
        assert_eq!(notes.all(), restarted, "{failed}");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_depended_on_is_started_first_and_stopped_last() {
    let bed = Bed::new();
    let notes = Notes::new();
    let [a, b, c, d, e] = family(&notes);
    bed.start(Supervisor::one_for_one().children([c, d, e, b, a]))
        .await;
    let starts = ["start a", "start b", "start c", "start d", "start e"];
    assert_eq!(notes.take(), starts);
    bed.end().await;
    assert_eq!(
        notes.all(),
        ["stop e", "stop d", "stop c", "stop b", "stop a"]
    );
}

/// A probe whose second start fails that often.
fn flaky(notes: &Notes, name: &'static str, failures: usize) -> Probe {
    let (starts, stops) = (notes.clone(), notes.clone());
    let (start, stop) = (format!("start {name}"), format!("stop {name}"));
    let mut tries = 0..;
    let next = std::sync::Mutex::new(move || tries.next().expect("it counts on"));
    Probe::new()
        .pre_start(move |_| {
            let attempt: usize = (next.lock().expect("no panic"))();
            let fails = (1..=failures).contains(&attempt);
            starts.add(if fails {
                format!("no {start}")
            } else {
                start.clone()
            });
            async move { if fails { Err("not yet".into()) } else { Ok(()) } }
        })
        .post_stop(move |_| {
            stops.add(stop.clone());
            async { Ok(()) }
        })
}

#[tokio::test(start_paused = true)]
async fn a_dependent_that_does_not_start_again_does_not_keep_the_others_down() {
    // The retry concerned the failed one alone, and those after it in the group were never started again.
    let bed = Bed::new();
    let notes = Notes::new();
    let [a, _, c, d, e] = family(&notes);
    let b = flaky(&notes, "b", 2).child("b").depends_on([id("a")]);
    let tree = Supervisor::one_for_one()
        .intensity(5, secs(5))
        .children([a, b, c, d, e]);
    let supervisor = bed.start(tree).await;
    notes.take();
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    notes.until("start c").await;
    let mut seen = notes.all();
    assert_eq!(seen[..3], ["stop d", "stop c", "stop b"]);
    seen.drain(..3);
    let place = |line: &str| seen.iter().position(|seen| seen == line);
    assert_eq!(seen.iter().filter(|line| *line == "no start b").count(), 2);
    assert!(
        place("start a") < place("start b") && place("start b") < place("start c"),
        "{seen:?}"
    );
    assert!(place("start d").is_some(), "{seen:?}");
    for child in ["a", "b", "c", "d", "e"] {
        assert!(running(&supervisor, child).await.is_alive());
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn dependents_wait_with_the_one_that_waits() {
    let bed = Bed::new();
    let notes = Notes::new();
    let [a, b, c, d, e] = family(&notes);
    let wait = Backoff::new(millis(100), secs(1)).jitter(0.0);
    let tree = Supervisor::one_for_one().children([a.backoff(wait), b, c, d, e]);
    let supervisor = bed.start(tree).await;
    notes.take();
    let begun = tokio::time::Instant::now();
    order(&running(&supervisor, "a").await, Order::fail("no disk"));
    notes.until("start d").await;
    assert_eq!(begun.elapsed(), millis(100));
    let expected = [
        "stop d", "stop c", "stop b", "start a", "start b", "start c", "start d",
    ];
    assert_eq!(notes.all(), expected);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_added_later_may_depend_on_those_that_are_there() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tree = Supervisor::one_for_one().intensity(9, secs(5));
    let supervisor = bed.start(tree.children(family(&notes))).await;
    let late = Probe::noting(&notes, "late")
        .child("late")
        .depends_on([id("e")]);
    within(supervisor.start_child(late))
        .await
        .expect("it starts");
    notes.take();
    order(&running(&supervisor, "e").await, Order::fail("no disk"));
    notes.until("start late").await;
    assert_eq!(notes.take(), ["stop late", "start e", "start late"]);
    // One that is deleted is not restarted any more.
    within(supervisor.terminate_child(&id("late")))
        .await
        .expect("it is known");
    within(supervisor.delete_child(&id("late")))
        .await
        .expect("it is stopped");
    notes.take();
    order(&running(&supervisor, "b").await, Order::fail("no disk"));
    notes.until("start c").await;
    assert_eq!(notes.all(), ["stop c", "start b", "start c"]);
    bed.end().await;
}
