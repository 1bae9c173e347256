//! Ends and restarts.

use mainstay_actors::metrics::TimeWindow;
use mainstay_supervisors::{Child, StopToken};
use mainstay_tests::probe::Order;
use tokio::time::sleep;

use super::{Bed, ms, taking};

fn kind(kind: &str) -> Option<(&str, &str)> {
    Some(("kind", kind))
}

fn status(status: &str) -> Option<(&str, &str)> {
    Some(("status", status))
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_with_the_series_and_every_kind_of_end_is_counted() {
    let bed = Bed::new().await;
    for _ in 0..3 {
        bed.cast(taking(ms(1)));
        sleep(ms(5)).await;
        bed.cast(Order::fail("no disk"));
        sleep(ms(5)).await;
    }
    for _ in 0..2 {
        bed.cast(Order::panic());
        sleep(ms(5)).await;
    }
    bed.cast(taking(ms(1_000)));
    sleep(ms(5)).await;
    bed.process().kill();
    sleep(ms(5)).await;
    assert_eq!(bed.count("process.restarts", None), 6);
    assert_eq!(bed.count("process.errors", kind("failed")), 3);
    assert_eq!(bed.count("process.errors", kind("panicked")), 2);
    assert_eq!(bed.count("process.errors", kind("killed")), 1);
    assert_eq!(bed.count("process.run", status("success")), 3);
    assert_eq!(bed.count("process.run", status("error")), 3);
    assert_eq!(bed.count("process.run", status("panic")), 2);
    assert_eq!(bed.count("process.run", status("cancelled")), 1);
    assert_eq!(bed.count("process.wait", None), 9);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn tasks_and_supervisors_are_busy_and_processes_of_one_path_share_their_series() {
    let bed = Bed::new().await;
    for id in ["a", "b"] {
        let task = Child::task(id, |stop: StopToken| async move { stop.stopped().await });
        bed.namespace.start_child(task).await.expect("it starts");
    }
    sleep(ms(1)).await;
    let view = |path: &'static str| {
        let tags = [("process", path)];
        bed.store().view("process.busy", tags, TimeWindow::Minute)
    };
    assert_eq!(view("app/children/a").expect("it was polled").count(), 1);
    assert_eq!(view("app/children/b").expect("it was polled").count(), 1);
    assert!(view("app/children").expect("it was polled").count() > 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_series_of_a_process_that_is_gone_for_good_are_forgotten() {
    let bed = Bed::new().await;
    bed.cast(taking(ms(1)));
    sleep(ms(1_500)).await;
    assert!(bed.view("process.wait", None).is_some());
    let id = bed.process().id().clone();
    bed.namespace.stop_child(&id).await.expect("it stops");
    // A reference that is kept, and the history of events, keep nothing of it.
    sleep(ms(2 * 3_600_000)).await;
    for name in [
        "process.wait",
        "process.mailbox_depth",
        "process.mailbox_age",
    ] {
        assert!(bed.view(name, None).is_none(), "{name}");
    }
    bed.end().await;
}
