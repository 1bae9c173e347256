//! Links between processes, exit signals, and trapping them.

use mainstay_supervisors::{Child, ExitReason, ExitSignal, Process, StopToken, Supervisor};
use mainstay_tests::probe::{Bed, Order, Probe, order, running, text_of, within};

use crate::side_by_side;

async fn two_probes(bed: &Bed) -> [Process; 2] {
    side_by_side(bed, [Probe::new().child("a"), Probe::new().child("b")]).await
}

fn parts(signal: Option<ExitSignal>) -> (Option<Process>, ExitReason) {
    let signal = signal.expect("a signal");
    (signal.from, signal.reason)
}

#[tokio::test(start_paused = true)]
async fn each_of_two_linked_processes_ends_abnormally_with_the_other() {
    for first in [0, 1] {
        let bed = Bed::new();
        let pair = two_probes(&bed).await;
        pair[0].link(&pair[1]);
        order(&pair[first], Order::fail("no disk"));
        assert_eq!(
            within(pair[1 - first].ended()).await,
            ExitReason::failed("no disk")
        );
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_reason_but_normal_goes_over_a_link() {
    let reasons = [
        (ExitReason::Shutdown, "shutdown"),
        (ExitReason::shutdown_with("moved"), "shutdown: moved"),
        (ExitReason::failed("bad"), "failed: bad"),
        (ExitReason::Killed, "killed"),
    ];
    for (reason, text) in reasons {
        let bed = Bed::new();
        let [a, b] = two_probes(&bed).await;
        a.link(&b);
        order(&a, Order::throw(reason));
        assert_eq!(text_of(&within(b.ended()).await), text);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_normal_end_goes_over_no_link() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    a.link(&b);
    order(&a, Order::throw(ExitReason::Normal));
    assert_eq!(within(a.ended()).await, ExitReason::Normal);
    pid_of(&b).await;
    assert!(b.is_alive());
    bed.end().await;
}

/// Has the probe answer, and so what was sent to it before has been dealt with.
async fn pid_of(process: &Process) {
    let actor = process.actor_ref::<Order>().expect("a probe");
    let pid = within(actor.call(Order::Pid, None))
        .await
        .expect("it takes messages");
    assert_eq!(pid.expect("it answers"), process.pid());
}

#[tokio::test(start_paused = true)]
async fn who_traps_exits_gets_signals_instead_of_ending() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    let mut signals = b.trap_exit();
    a.link(&b);
    order(&a, Order::fail("no disk"));
    let signal = within(signals.next()).await;
    assert_eq!(parts(signal), (Some(a), ExitReason::failed("no disk")));
    pid_of(&b).await;
    bed.end().await;
    assert_eq!(within(signals.next()).await, None);
}

#[tokio::test(start_paused = true)]
async fn who_traps_exits_is_told_of_normal_ends_too() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    let mut signals = b.trap_exit();
    a.link(&b);
    order(&a, Order::throw(ExitReason::Normal));
    assert_eq!(
        parts(within(signals.next()).await),
        (Some(a), ExitReason::Normal)
    );
    b.exit(ExitReason::Normal);
    assert_eq!(
        parts(within(signals.next()).await),
        (None, ExitReason::Normal)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_cannot_be_trapped_but_the_news_of_one_can() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    let mut signals = b.trap_exit();
    a.link(&b);
    a.exit(ExitReason::Killed);
    assert_eq!(
        parts(within(signals.next()).await),
        (Some(a), ExitReason::Killed)
    );
    b.exit(ExitReason::failed("trapped"));
    assert_eq!(
        parts(within(signals.next()).await),
        (None, ExitReason::failed("trapped"))
    );
    b.exit(ExitReason::Killed);
    assert_eq!(within(b.ended()).await, ExitReason::Killed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_signals_ends_the_trapping() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    drop(b.trap_exit());
    a.link(&b);
    order(&a, Order::fail("no disk"));
    assert_eq!(within(b.ended()).await, ExitReason::failed("no disk"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_traps_last_gets_the_signals() {
    let bed = Bed::new();
    let [a, _] = two_probes(&bed).await;
    let mut first = a.trap_exit();
    let mut second = a.trap_exit();
    assert_eq!(within(first.next()).await, None);
    a.exit(ExitReason::Shutdown);
    assert_eq!(
        parts(within(second.next()).await),
        (None, ExitReason::Shutdown)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn trapping_exits_does_not_keep_a_process_from_being_stopped_by_its_supervisor() {
    let bed = Bed::new();
    let [a, _] = two_probes(&bed).await;
    let mut signals = a.trap_exit();
    bed.end().await;
    assert_eq!(a.exit_reason(), Some(ExitReason::Shutdown));
    assert_eq!(within(signals.next()).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_dead_trap_nothing() {
    let bed = Bed::new();
    let [a, _] = two_probes(&bed).await;
    a.kill();
    within(a.ended()).await;
    assert_eq!(within(a.trap_exit().next()).await, None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_process_goes_on() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    a.link(&b);
    a.link(&b); // Twice is once: one unlink takes it away.
    b.link(&a);
    b.unlink(&a);
    order(&a, Order::fail("no disk"));
    within(a.ended()).await;
    pid_of(&b).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn linking_to_the_dead_delivers_its_reason_at_once() {
    for (reason, text) in [
        (ExitReason::failed("gone"), "failed: gone"),
        (ExitReason::Shutdown, "shutdown"),
        (ExitReason::Killed, "killed"),
    ] {
        for turned in [false, true] {
            let bed = Bed::new();
            let [a, b] = two_probes(&bed).await;
            order(&a, Order::throw(reason.clone()));
            within(a.ended()).await;
            if turned {
                a.link(&b);
            } else {
                b.link(&a);
            }
            assert_eq!(text_of(&within(b.ended()).await), text);
            bed.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn linking_to_one_that_ended_normally_does_nothing() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    order(&a, Order::throw(ExitReason::Normal));
    within(a.ended()).await;
    b.link(&a);
    pid_of(&b).await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_to_oneself_does_nothing() {
    let bed = Bed::new();
    let [a, _] = two_probes(&bed).await;
    a.link(&a);
    order(&a, Order::fail("gone"));
    assert_eq!(within(a.ended()).await, ExitReason::failed("gone"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn three_in_a_circle_end_together_and_once_each() {
    let bed = Bed::new();
    let [a, b, c] = side_by_side(&bed, ["a", "b", "c"].map(|id| Probe::new().child(id))).await;
    a.link(&b);
    b.link(&c);
    c.link(&a);
    order(&b, Order::fail("no disk"));
    for process in [&a, &b, &c] {
        assert_eq!(within(process.ended()).await, ExitReason::failed("no disk"));
    }
    let log = bed.log();
    bed.end().await;
    let lines = { log }.take();
    for id in ["a", "b", "c"] {
        let exits = lines
            .iter()
            .filter(|line| line.starts_with(&format!("exited root/{id}:")));
        assert_eq!(exits.count(), 1, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_made_while_the_other_dies_delivers_its_true_reason() {
    // Between the end and its being known, the reason was not there yet and a kill was made up.
    for _ in 0..300 {
        let bed = Bed::new();
        let [a, b] = two_probes(&bed).await;
        let mut signals = b.trap_exit();
        order(&a, Order::throw(ExitReason::Normal));
        let (one, two) = (a.clone(), b.clone());
        let linking = tokio::task::spawn_blocking(move || {
            while one.is_alive() {
                one.link(&two);
            }
        });
        within(linking).await.expect("it links");
        within(a.ended()).await;
        b.link(&a);
        let reason = parts(within(signals.next()).await).1;
        assert_eq!(reason, ExitReason::Normal);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_takes_its_linked_ones_along_as_killed() {
    let bed = Bed::new();
    let [a, b] = two_probes(&bed).await;
    a.link(&b);
    a.kill();
    assert_eq!(within(b.ended()).await, ExitReason::Killed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn links_join_tasks_and_actors() {
    let bed = Bed::new();
    let task = Child::task("b", |stop: StopToken| async move { stop.stopped().await });
    let [a, b] = side_by_side(&bed, [Probe::new().child("a"), task]).await;
    a.link(&b);
    order(&a, Order::fail("no disk"));
    assert_eq!(within(b.ended()).await, ExitReason::failed("no disk"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn supervisors_heed_no_exit_signals_but_a_kill() {
    let bed = Bed::new();
    let child = Probe::new()
        .child("a")
        .restart(mainstay_supervisors::specs::Restart::Temporary);
    let supervisor = bed.start(Supervisor::one_for_one().child(child)).await;
    let a = running(&supervisor, "a").await;
    let process = supervisor.process();
    process.exit(ExitReason::Shutdown);
    process.exit(ExitReason::failed("bad"));
    process.link(&a);
    order(&a, Order::fail("no disk"));
    within(a.ended()).await;
    within(supervisor.count_children()).await.expect("it runs");
    process.exit(ExitReason::Killed);
    assert_eq!(within(process.ended()).await, ExitReason::Killed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_restarts_what_a_link_has_ended() {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .intensity(3, std::time::Duration::from_secs(5))
        .child(Probe::new().child("a"))
        .child(Probe::new().child("b"));
    let supervisor = bed.start(tree).await;
    let (a, b) = (
        running(&supervisor, "a").await,
        running(&supervisor, "b").await,
    );
    a.link(&b);
    order(&a, Order::fail("no disk"));
    let mut log = bed.log();
    log.until("started root/b again 1").await;
    let (a2, b2) = (
        running(&supervisor, "a").await,
        running(&supervisor, "b").await,
    );
    assert!(a2 != a && b2 != b);
    // The successors are not linked.
    order(&a2, Order::throw(ExitReason::Killed));
    within(a2.ended()).await;
    assert!(b2.is_alive());
    bed.end().await;
}
