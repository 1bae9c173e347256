//! Waiting, running, and how many wait.

use mainstay_supervisors::specs::ProcessMetricsSpec;
use mainstay_tests::probe::order;
use tokio::time::sleep;

use super::{Bed, assert_about, ms, secs, taking};

const DONE: Option<(&str, &str)> = Some(("status", "success"));

#[tokio::test(start_paused = true)]
async fn waiting_and_running_are_recorded_of_every_message() {
    let bed = Bed::new().await;
    for _ in 0..10 {
        bed.cast(taking(ms(20)));
    }
    sleep(ms(300)).await;
    let run = bed.view("process.run", DONE).expect("it ran");
    assert_eq!(run.count(), 10);
    assert_about(run.quantile(0.99), ms(20));
    let wait = bed.view("process.wait", None).expect("they waited");
    assert_eq!(wait.count(), 10);
    assert_about(wait.max(), ms(180));
    assert_about(wait.quantile(0.5), ms(80));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn messages_that_come_round_the_name_run_and_are_not_known_to_wait() {
    let bed = Bed::new().await;
    order(&bed.process(), taking(ms(5)));
    sleep(ms(10)).await;
    assert_eq!(bed.count("process.run", DONE), 1);
    assert_eq!(bed.count("process.wait", None), 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn how_many_wait_and_for_how_long_is_looked_at_each_second() {
    let bed = Bed::new().await;
    bed.cast(taking(secs(10)));
    sleep(ms(500)).await;
    for _ in 0..31 {
        bed.cast(taking(ms(0)));
    }
    assert_eq!(bed.last("process.mailbox_depth"), None);
    sleep(ms(2_550)).await;
    assert_eq!(bed.last("process.mailbox_depth"), Some(31.0));
    assert_eq!(bed.last("process.mailbox_age"), Some(2.5e9));
    for _ in 31..1_000 {
        bed.cast(taking(ms(0)));
    }
    sleep(secs(1)).await;
    assert_eq!(bed.last("process.mailbox_depth"), Some(1_000.0));
    bed.process().kill();
    sleep(ms(1)).await;
    // The successor has none, and the look of the last second is not left to stand.
    assert_eq!(bed.last("process.mailbox_depth"), Some(0.0));
    assert_eq!(bed.last("process.mailbox_age"), Some(0.0));
    assert_eq!(bed.count("process.unhandled", None), 1_000);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn refusals_are_counted() {
    let limit = std::num::NonZeroUsize::new(2).expect("not zero");
    let spec = ProcessMetricsSpec::default();
    let bed = Bed::with(spec, |child| child.mailbox_limit(limit)).await;
    let sent = (0..10).filter(|_| bed.worker.cast(taking(ms(1))).is_ok());
    assert_eq!(sent.count(), 2);
    assert_eq!(bed.count("process.refused", None), 8);
    bed.end().await;
}
