//! The log of a test.

use mainstay::testkit::{TestContext, TestOptions, try_run};

use crate::support::{SECOND, counter, failure, idle, text_of};

#[mainstay::test(start_paused = true)]
async fn a_test_reads_its_own_log(cx: TestContext) {
    tokio::time::sleep(SECOND * 3).await;
    tracing::info!(answer = 42, "hello");
    tracing::debug!("not kept");
    let lines = cx.logs().lines();
    let ours: Vec<&String> = lines.iter().filter(|line| line.contains("hello")).collect();
    assert_eq!(ours, ["+3.000s  INFO testkit::logs: hello answer=42"]);
    assert!(!cx.logs().contains("not kept"));
    assert_eq!(cx.logs().dropped(), 0);
}

#[mainstay::test(start_paused = true)]
async fn what_supervisors_report_is_in_it(cx: TestContext) {
    cx.start_supervised(counter("counter"))
        .await
        .expect("it starts");
    cx.simulate_crash("counter").await.expect("it is restarted");
    assert!(cx.logs().contains("child terminated"));
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2, log = "debug")]
async fn all_threads_of_the_test_log_to_it(cx: TestContext) {
    let workers = Vec::from_iter((0..2).map(|nth| {
        let barrier = std::sync::Arc::new(std::sync::Barrier::new(1));
        cx.spawn("worker", async move {
            barrier.wait();
            tracing::debug!(nth, "from a worker");
        })
    }));
    for worker in workers {
        worker.await.expect("no panic");
    }
    let blocking = tokio::task::spawn_blocking(|| tracing::debug!("from a blocking thread"));
    blocking.await.expect("no panic");
    tracing::debug!("from the test");
    for text in [
        "from a worker nth=0",
        "from a worker nth=1",
        "from a blocking thread",
        "from the test",
    ] {
        assert!(cx.logs().contains(text), "{text} is not in\n{}", cx.logs());
    }
}

#[test]
fn it_is_shown_when_the_test_fails_and_only_that_of_this_test() {
    let other = try_run(TestOptions::new("other"), |_| async {
        tracing::warn!("of the other")
    });
    other.expect("it passes");
    let text = failure(|cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        tracing::warn!("something is odd");
        Err::<(), _>("it failed")
    });
    let expected = "the test returned an error: \"it failed\"\n---- log ----\n+0.000s  WARN testkit::logs: something is odd";
    assert_eq!(text, expected);
}

#[test]
fn a_filter_that_is_none_is_a_test_that_does_not_start() {
    let options = TestOptions::new("inner").log("mainstay=loud");
    let text = text_of(try_run(options, |_| async {}));
    let expected = "the test could not start: the option `log`: expected a filter such as \"debug\" or \"mainstay=trace,info\", found \"mainstay=loud\"";
    assert!(text.starts_with(expected), "{text}");
}

#[mainstay::test(log = "off")]
async fn it_may_be_switched_off(cx: TestContext) {
    tracing::error!("of no interest");
    assert_eq!(cx.logs().lines(), Vec::<String>::new());
}
