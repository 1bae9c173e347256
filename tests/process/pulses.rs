//! Whether a process gets on, as it can be seen from outside.

use std::sync::mpsc;
use std::time::Duration;

use mainstay_supervisors::specs::ServiceName;
use mainstay_supervisors::{Child, Fault, ProgressWatch, Supervisor, SupervisorRef, Vitals};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, order, running, within};
use tokio::time::{Instant, sleep};

use crate::alone;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A message that takes this long, at an await.
fn taking(time: Duration) -> Order {
    Order::run(move |_| async move {
        sleep(time).await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn each_message_is_a_turn_and_the_one_in_hand_is_seen_to_be() {
    let bed = Bed::new();
    let actor = alone(&bed, Probe::new().child("a")).await;
    sleep(secs(1)).await;
    // `post_start`.
    let idle = actor.pulse();
    assert_eq!((idle.turns(), idle.is_at_work()), (1, false));
    order(&actor, taking(secs(5)));
    order(&actor, taking(secs(5)));
    sleep(secs(1)).await;
    let first = actor.pulse();
    assert_eq!((first.turns(), first.is_at_work()), (1, true));
    sleep(secs(1)).await;
    assert!(actor.pulse().is_in_turn_of(first));
    sleep(secs(5)).await;
    let second = actor.pulse();
    assert_eq!((second.turns(), second.is_at_work()), (2, true));
    assert!(!second.is_in_turn_of(first));
    assert!(!second.is_polled());
    sleep(secs(60)).await;
    assert_eq!(
        (actor.pulse().turns(), actor.pulse().is_at_work()),
        (3, false)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_and_a_panic_end_the_turn_too() {
    for fatal in [Order::fail("no disk"), Order::panic()] {
        let bed = Bed::new();
        let actor = alone(&bed, Probe::new().child("a")).await;
        sleep(secs(1)).await;
        order(&actor, fatal);
        within(actor.ended()).await;
        let pulse = actor.pulse();
        assert_eq!((pulse.turns(), pulse.is_at_work()), (2, false));
        assert!(!pulse.is_polled());
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_acts_for_a_process_elsewhere_is_not_taken_for_its_own_polls() {
    let bed = Bed::new();
    let actor = alone(&bed, Probe::new().child("a")).await;
    sleep(secs(1)).await;
    let before = actor.pulse();
    let seen = actor.scope(async { actor.pulse() }).await;
    assert_eq!(seen, before);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn polls_of_tasks_and_of_supervisors_are_counted() {
    let bed = Bed::new();
    let task = Child::task("task", |_stop| async {
        loop {
            sleep(secs(1)).await;
        }
    });
    let root = bed.start(Supervisor::one_for_one().child(task)).await;
    let task = running(&root, "task").await;
    let (before, above) = (task.pulse(), root.process().pulse());
    sleep(Duration::from_millis(10_500)).await;
    assert_eq!(task.pulse().polls() - before.polls(), 10);
    assert_eq!(task.pulse().turns(), 0);
    assert_eq!(root.process().pulse(), above);
    within(root.which_children()).await.expect("it runs");
    assert_eq!(root.process().pulse().polls(), above.polls() + 1);
    bed.end().await;
}

/// Looks at this tree every second, so often, and gives what the last look told of `path`.
async fn looked(root: &SupervisorRef, looks: u32, path: &str) -> mainstay_supervisors::Progress {
    let mut watch = ProgressWatch::new();
    let mut last = None;
    for _ in 0..looks {
        let (vitals, all) = Vitals::below(root.process(), 1_000);
        assert!(all);
        let progress = watch.look(Instant::now(), &vitals);
        let nth = vitals.iter().position(|vitals| vitals.path == path);
        last = Some(progress[nth.expect("it is there")]);
        sleep(secs(1)).await;
    }
    last.expect("there was a look")
}

#[tokio::test(start_paused = true)]
async fn an_actor_with_a_backlog_is_not_stuck_and_one_with_an_endless_handler_is() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    namespace.count_messages(true);
    for name in ["busy", "stuck"] {
        let name_of = ServiceName::new(name).expect("a name");
        let child = Probe::new().child(name).name(name_of);
        within(namespace.start_child(child))
            .await
            .expect("it starts");
    }
    let service = |name| namespace.service::<Order>(ServiceName::new(name).expect("a name"));
    let (busy, stuck) = (service("busy"), service("stuck"));
    for _ in 0..1_000 {
        busy.cast(taking(Duration::from_millis(110)))
            .expect("it runs");
    }
    stuck
        .cast(Order::hang(&Notes::new(), "hangs"))
        .expect("it runs");
    stuck.cast(taking(secs(1))).expect("it runs");
    let root = namespace.root().expect("it runs");
    // Both are at work.
    sleep(Duration::from_millis(1)).await;
    // The watches look 20 times in 20 seconds.
    let (of_busy, of_stuck) = tokio::join!(
        looked(&root, 20, "test/children/busy"),
        looked(&root, 20, "test/children/stuck"),
    );
    let busy = busy.process().expect("it runs");
    assert_eq!(busy.waiting(), Some(1_000 - 182));
    assert_eq!(
        of_busy.in_turn,
        Some(Duration::ZERO),
        "it is at another one at each look"
    );
    assert_eq!(
        of_busy.oldest,
        Some(secs(19)),
        "the one to come next was there from the first look on"
    );
    assert_eq!(of_stuck.in_turn, Some(secs(19)));
    assert_eq!(of_stuck.oldest, Some(secs(19)));
    assert_eq!((of_busy.in_poll, of_stuck.in_poll), (None, None));
    stuck.process().expect("it runs").kill();
    drop(namespace);
    bed.runtime.stop(secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_counted_the_messages_that_wait_are_unknown() {
    let bed = Bed::new();
    let actor = alone(&bed, Probe::new().child("a")).await;
    assert_eq!(actor.waiting(), None);
    let root = bed.started("root").supervisor().expect("a supervisor");
    assert_eq!(looked(&root, 3, "root/a").await.oldest, None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hung_process_is_in_no_poll_and_an_actor_in_no_turn_unless_it_was_at_work() {
    let bed = Bed::new();
    let actor = alone(&bed, Probe::new().child("a")).await;
    sleep(secs(1)).await;
    assert!(actor.inject(Fault::Hang));
    sleep(secs(5)).await;
    // The fault strikes a supervision event, which is a turn.
    let pulse = actor.pulse();
    assert!(pulse.is_at_work() && !pulse.is_polled());
    actor.kill();
    within(actor.ended()).await;
    bed.end().await;
}

/// Real threads: one of them does not give itself back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_does_not_end_is_seen_from_another_thread_for_as_long_as_it_lasts() {
    let bed = Bed::new();
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let actor = alone(&bed, Probe::new().child("a")).await;
    order(
        &actor,
        Order::run(move |_| async move {
            begun.send(()).ok();
            released.recv().ok();
            Ok(())
        }),
    );
    within(begins).await.expect("it begins");
    let root = bed.started("root").supervisor().expect("a supervisor");
    let (mut watch, begun) = (ProgressWatch::new(), Instant::now());
    let mut at = |seconds| {
        let (vitals, _) = Vitals::below(root.process(), 1_000);
        watch.look(begun + secs(seconds), &vitals)[1]
    };
    assert_eq!(at(0).in_poll, Some(secs(0)));
    assert_eq!(at(7).in_poll, Some(secs(7)));
    assert_eq!(at(9).in_turn, Some(secs(9)));
    release.send(()).expect("it waits for it");
    while actor.pulse().is_at_work() {
        tokio::task::yield_now().await;
    }
    assert_eq!((at(10).in_poll, at(10).in_turn), (None, None));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_waits_for_the_start_of_a_child_is_seen_to() {
    let bed = Bed::new();
    let root = bed.start(Supervisor::one_for_one()).await;
    let slow = Probe::new().pre_start(|_| async {
        sleep(secs(30)).await;
        Ok(())
    });
    let adding = {
        let (root, slow) = (root.clone(), slow.child("slow"));
        tokio::spawn(async move { root.start_child(slow).await })
    };
    sleep(secs(1)).await;
    assert_eq!(looked(&root, 10, "root").await.starting, Some(secs(9)));
    within(adding)
        .await
        .expect("it does not panic")
        .expect("it starts");
    assert_eq!(looked(&root, 2, "root").await.starting, None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn processes_that_are_gone_are_forgotten() {
    let bed = Bed::new();
    let root = bed
        .start(Supervisor::one_for_one().children(["a", "b", "c"].map(|id| Probe::new().child(id))))
        .await;
    let mut watch = ProgressWatch::new();
    let (vitals, _) = Vitals::below(root.process(), 1_000);
    assert_eq!(watch.look(Instant::now(), &vitals).len(), 4);
    assert_eq!(watch.len(), 4);
    watch.look(Instant::now(), &vitals[..1]);
    assert_eq!(watch.len(), 1);
    watch.look(Instant::now(), &[]);
    assert!(watch.is_empty());
    bed.end().await;
}
