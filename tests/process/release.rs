//! Nothing of an incarnation is alive when its end can be seen.

use std::time::Duration;

use mainstay_supervisors::specs::{ChildSpec, Restart};
use mainstay_supervisors::{Child, ExitReason, Process, StopToken, Supervisor};
use mainstay_tests::probe::{
    Bed, Notes, OnDrop, Order, Probe, Release, id, order, running, within,
};

use crate::alone;

fn holder(release: &Release, probe: &Probe) -> Child {
    let (state, actor) = (release.clone(), release.clone());
    let probe = probe.clone().holding(move || state.part("state"));
    probe.keeping(move || actor.part("actor")).child("a")
}

type Way = (&'static str, fn(&Process));

const WAYS: &[Way] = &[
    ("an error", |p| order(p, Order::fail("no disk"))),
    ("a panic", |p| order(p, Order::panic())),
    ("its own stop", |p| {
        p.actor_cell().expect("an actor").stop(None)
    }),
    ("a stop with a text", |p| {
        p.actor_cell().expect("an actor").stop(Some("x".into()))
    }),
    ("a drain", |p| {
        p.actor_cell().expect("an actor").drain().expect("it runs")
    }),
    ("a request", |p| p.stop(ExitReason::Shutdown)),
    ("a kill", Process::kill),
    ("ractor's kill", |p| {
        p.actor_cell().expect("an actor").kill()
    }),
    ("an exit signal", |p| p.exit(ExitReason::failed("signal"))),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_actor_and_its_state_are_dropped_before_its_end_is_seen() {
    for (way, end) in WAYS {
        let bed = Bed::new();
        let release = Release::new();
        let process = alone(&bed, holder(&release, &Probe::new())).await;
        release.follow(&process);
        end(&process);
        within(process.ended()).await;
        assert_eq!(
            release.dropped(),
            ["actor before the exit", "state before the exit"],
            "{way}"
        );
        bed.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_actor_whose_post_stop_goes_wrong_is_dropped_before_its_end_is_seen() {
    for probe in [
        Probe::new().post_stop(|_| async { Err("too late".into()) }),
        Probe::new().post_stop(|_| async { panic!("{}", mainstay_tests::probe::ON_PURPOSE) }),
    ] {
        let bed = Bed::new();
        let release = Release::new();
        let process = alone(&bed, holder(&release, &probe)).await;
        release.follow(&process);
        process.stop(ExitReason::Shutdown);
        within(process.ended()).await;
        assert_eq!(
            release.dropped(),
            ["actor before the exit", "state before the exit"]
        );
        bed.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_killed_handler_holds_is_dropped_before_the_end_is_seen() {
    let bed = Bed::new();
    let release = Release::new();
    let notes = Notes::new();
    let process = alone(&bed, holder(&release, &Probe::new())).await;
    release.follow(&process);
    let (held, begun) = (release.part("in hand"), notes.clone());
    let work = move |_| async move {
        let _held = held;
        begun.add("begun");
        std::future::pending().await
    };
    order(&process, Order::run(work));
    notes.until("begun").await;
    process.kill();
    within(process.ended()).await;
    let parts = [
        "actor before the exit",
        "in hand before the exit",
        "state before the exit",
    ];
    assert_eq!(release.dropped(), parts);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn queued_messages_are_dropped_before_the_end_is_seen() {
    for (way, end) in WAYS.iter().filter(|(way, _)| *way != "a drain") {
        let bed = Bed::new();
        let release = Release::new();
        let notes = Notes::new();
        let process = alone(&bed, holder(&release, &Probe::new())).await;
        release.follow(&process);
        // Keeps the actor busy, so that what follows is queued.
        let (begun, (go, gone)) = (notes.clone(), tokio::sync::oneshot::channel::<()>());
        let busy = move |_| async move {
            begun.add("begun");
            gone.await.ok();
            Ok(())
        };
        order(&process, Order::run(busy));
        notes.until("begun").await;
        let by_message = ["an error", "a panic"].contains(way);
        if by_message {
            end(&process);
        }
        order(&process, Order::Drop(Box::new(release.part("queued"))));
        if !by_message {
            end(&process);
        }
        go.send(()).ok();
        within(process.ended()).await;
        let parts = [
            "actor before the exit",
            "queued before the exit",
            "state before the exit",
        ];
        assert_eq!(release.dropped(), parts, "{way}");
        bed.end().await;
    }
}

/// A task that holds one part in its future.
fn holding_task(release: &Release, notes: &Notes, keeps_token: bool) -> Child {
    let (release, notes) = (release.clone(), notes.clone());
    Child::task("a", move |stop: StopToken| {
        let (held, notes) = (release.part("future"), notes.clone());
        let stop = keeps_token.then_some(stop);
        async move {
            let _held = held;
            notes.add("begun");
            match stop {
                Some(stop) => stop.stopped().await,
                None => std::future::pending().await,
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_task_is_dropped_before_its_end_is_seen() {
    let ends: [fn(&Process); 3] = [
        Process::kill,
        |p| p.stop(ExitReason::Shutdown),
        |p| p.exit(ExitReason::failed("signal")),
    ];
    for keeps_token in [true, false] {
        for end in ends {
            let bed = Bed::new();
            let (release, notes) = (Release::new(), Notes::new());
            let process = alone(&bed, holding_task(&release, &notes, keeps_token)).await;
            release.follow(&process);
            notes.until("begun").await;
            end(&process);
            within(process.ended()).await;
            assert_eq!(release.dropped(), ["future before the exit"]);
            bed.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_never_polled_is_dropped_before_its_end_is_seen() {
    // The guard that makes the end known was captured, and so dropped, before the future.
    let bed = Bed::new();
    let release = Release::new();
    let parts = release.clone();
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        let parts = parts.clone();
        async move {
            let part = parts.part("future");
            let process = cx.spawn_task(move |_| async move {
                let _part = part;
                std::future::pending::<()>().await;
            });
            parts.follow(&process);
            process.kill();
            Ok(process.into())
        }
    });
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let child = child.restart(Restart::Temporary);
    within(supervisor.start_child(child))
        .await
        .expect("it starts");
    within(supervisor.count_children()).await.expect("it runs");
    assert_eq!(release.dropped(), ["future before the exit"]);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_an_actor_held_that_did_not_start_is_dropped_when_its_start_has_failed() {
    for probe in [
        Probe::new().pre_start(|_| async { Err("no disk".into()) }),
        Probe::new().pre_start(|_| async { panic!("{}", mainstay_tests::probe::ON_PURPOSE) }),
    ] {
        let bed = Bed::new();
        let release = Release::new();
        let tree = Supervisor::one_for_one().child(holder(&release, &probe));
        bed.try_start(tree).await.expect_err("it cannot start");
        assert_eq!(release.dropped(), ["actor before the exit"]);
        bed.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_successor_is_started_only_when_its_predecessor_is_gone() {
    for (way, end) in WAYS {
        let bed = Bed::new();
        let notes = Notes::new();
        let seen = notes.clone();
        let probe = Probe::new().holding(move || {
            seen.add("made");
            let seen = seen.clone();
            OnDrop::new(move || {
                std::thread::sleep(Duration::from_millis(3));
                seen.add("dropped");
            })
        });
        let tree = Supervisor::one_for_one().child(probe.child("a"));
        let supervisor = bed.start(tree).await;
        end(&running(&supervisor, "a").await);
        bed.log().until("started root/a again 1").await;
        assert_eq!(notes.all(), ["made", "dropped", "made"], "{way}");
        bed.end().await;
    }
}
