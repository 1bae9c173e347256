//! Watching the ends of processes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use mainstay_supervisors::{Child, Down, ExitReason, Monitor};
use mainstay_tests::probe::{Bed, Order, Probe, order, within};

use crate::{alone, side_by_side};

fn poll_once(monitor: &mut Monitor) -> Poll<Down> {
    Pin::new(monitor).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_monitor_of_the_dead_tells_at_once() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    order(&process, Order::fail("gone"));
    within(process.ended()).await;
    let Poll::Ready(down) = poll_once(&mut process.monitor()) else {
        panic!("it waits for the dead")
    };
    assert_eq!(
        (down.process, down.reason),
        (process, ExitReason::failed("gone"))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_monitor_waits_for_the_living() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let mut monitor = process.monitor();
    assert_eq!(monitor.process(), &process);
    assert_eq!(poll_once(&mut monitor), Poll::Pending);
    process.kill();
    let down = within(monitor).await;
    assert_eq!((down.process, down.reason), (process, ExitReason::Killed));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_monitors_all_learn_of_one_end() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let waiting: Vec<_> = (0..1000).map(|_| tokio::spawn(process.monitor())).collect();
    order(&process, Order::fail("gone"));
    for monitor in waiting {
        let down = within(monitor).await.expect("a monitor does not panic");
        assert_eq!(
            (down.process, down.reason),
            (process.clone(), ExitReason::failed("gone"))
        );
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn demonitor_tells_an_end_that_has_come_and_nothing_otherwise() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    assert_eq!(process.monitor().demonitor(), None);
    let mut polled = process.monitor();
    assert_eq!(poll_once(&mut polled), Poll::Pending);
    let unpolled = process.monitor();
    process.kill();
    within(process.ended()).await;
    for monitor in [polled, unpolled] {
        let down = monitor.demonitor().expect("it has ended");
        assert_eq!(
            (down.process, down.reason),
            (process.clone(), ExitReason::Killed)
        );
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn dropped_monitors_disturb_neither_the_process_nor_those_that_stay() {
    let bed = Bed::new();
    let process = alone(&bed, Probe::new().child("a")).await;
    let mut stays = process.monitor();
    assert_eq!(poll_once(&mut stays), Poll::Pending);
    for _ in 0..10_000 {
        let mut monitor = process.monitor();
        assert_eq!(poll_once(&mut monitor), Poll::Pending);
    }
    process.kill();
    assert_eq!(within(stays).await.reason, ExitReason::Killed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_monitor_outlives_the_runtime_and_so_does_a_handle() {
    let bed = Bed::new();
    let process = alone(&bed, Child::task("a", |_| std::future::pending::<()>())).await;
    let monitor = process.monitor();
    drop(bed);
    assert_eq!(within(monitor).await.reason, ExitReason::Shutdown);
    assert_eq!(process.exit_reason(), Some(ExitReason::Shutdown));
}

#[tokio::test(start_paused = true)]
async fn processes_watch_each_other_without_sharing_their_fate() {
    let bed = Bed::new();
    let [a, b] = side_by_side(&bed, [Probe::new().child("a"), Probe::new().child("b")]).await;
    let watched = b.clone();
    let (told, learnt) = tokio::sync::oneshot::channel();
    let watch = move |_| async move {
        told.send(watched.monitor().await).expect("the test waits");
        Ok(())
    };
    order(&a, Order::run(watch));
    order(&b, Order::fail("gone"));
    let down = within(learnt).await.expect("it watches");
    assert_eq!((down.process, down.reason), (b, ExitReason::failed("gone")));
    assert!(a.is_alive());
    bed.end().await;
}
