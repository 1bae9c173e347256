//! What tests run on, and what they may return.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use mainstay::testkit::{Service, TestContext, TestOptions, try_run};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Barrier;
use tokio::time::Instant;

use crate::support::{SECOND, counter, text_of};

#[mainstay::test]
async fn a_test_has_one_thread_unless_told(_cx: TestContext) {
    let handle = Handle::current();
    assert_eq!(handle.runtime_flavor(), RuntimeFlavor::CurrentThread);
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_test_with_threads_has_them(cx: &TestContext) {
    let handle = Handle::current();
    assert_eq!(handle.runtime_flavor(), RuntimeFlavor::MultiThread);
    assert_eq!(handle.metrics().num_workers(), 3);
    // Three tasks that block until all three run: each has a thread.
    let barrier = Arc::new(std::sync::Barrier::new(3));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            cx.spawn("blocker", async move { barrier.wait().is_leader() })
        })
        .collect();
    let mut leaders = 0;
    for task in tasks {
        leaders += u32::from(task.await.expect("no panic"));
    }
    assert_eq!(leaders, 1);
}

#[mainstay::test(flavor = "multi_thread")]
async fn children_run_on_threads_too(cx: TestContext) {
    for id in ["a", "b"] {
        cx.start_supervised(counter(id)).await.expect("it starts");
    }
    for id in ["a", "b"] {
        cx.whereis(id).expect("it runs").kill();
    }
    for id in ["a", "b"] {
        cx.wait_for(id, SECOND * 10).await.expect("it is restarted");
    }
}

#[mainstay::test(start_paused = true)]
async fn an_hour_passes_at_once(_cx: TestContext) {
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(3600));
}

#[mainstay::test(start_paused = true)]
async fn a_test_may_return_a_result(cx: TestContext) -> Result<(), Box<dyn std::error::Error>> {
    cx.config().update("greeting", "hello").await?;
    let greeting: String = cx.config().get_as("greeting")?;
    assert_eq!(greeting, "hello");
    Ok(())
}

#[mainstay::test]
async fn a_test_may_take_nothing() {}

#[mainstay::test(start_paused = true)]
#[should_panic(expected = "as it should")]
async fn a_test_that_should_panic_does(cx: TestContext) {
    assert!(!cx.namespace().is_running(), "as it should");
}

#[mainstay::test(start_paused = true)]
async fn what_a_test_holds_need_not_be_sent_to_other_threads(cx: TestContext) {
    let local = std::rc::Rc::new(1);
    cx.config().update("n", 1).await.expect("it is there");
    assert_eq!(*local, 1);
}

#[mainstay::test(services = [])]
async fn a_test_may_have_no_services(cx: TestContext) {
    let root = cx.namespace().root().expect("it runs");
    let children = root.which_children().await.expect("it runs");
    let ids: Vec<&str> = children.iter().map(|child| child.id.as_str()).collect();
    assert_eq!(ids, ["children"]);
}

#[mainstay::test(services = [config_server])]
async fn a_test_may_name_its_services(cx: TestContext) {
    assert!(cx.whereis("config_server").is_some());
}

#[test]
fn asking_for_a_service_that_is_not_there_says_what_to_do() {
    let options = TestOptions::new("inner").services([]);
    let text = text_of(try_run(options, |cx| async move { drop(cx.config()) }));
    let first = text.lines().next();
    assert_eq!(
        first,
        Some(
            "the test panicked: this test has no config server: add `config_server` to its services"
        )
    );
}

#[test]
fn a_service_twice_is_a_test_that_does_not_start() {
    let options = TestOptions::new("inner").services([Service::ConfigServer; 2]);
    let text = text_of(try_run(options, |_| async {}));
    assert!(
        text.starts_with("the test could not start: the namespace"),
        "{text}"
    );
}

#[test]
fn the_last_call_of_those_that_exclude_each_other_counts() {
    let threads = NonZeroUsize::new(2).expect("it is not 0");
    let options = TestOptions::new("inner")
        .worker_threads(threads)
        .start_paused(true);
    let ended = try_run(options, |_| async {
        let flavor = Handle::current().runtime_flavor();
        assert_eq!(flavor, RuntimeFlavor::CurrentThread);
        tokio::time::sleep(Duration::from_secs(3600)).await;
    });
    ended.expect("it passes");
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_barrier_of_tasks_opens(cx: TestContext) {
    let barrier = Arc::new(Barrier::new(50));
    let tasks = (0..50).map(|_| {
        let barrier = Arc::clone(&barrier);
        cx.spawn("waiter", async move { barrier.wait().await.is_leader() })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut leaders = 0;
    for task in tasks {
        leaders += u32::from(task.await.expect("no panic"));
    }
    assert_eq!(leaders, 1);
}

mod renamed {
    //! As for a crate that finds `mainstay` elsewhere.

    mod facade {
        pub(super) use mainstay as inner;
    }

    #[mainstay::test(crate = "self::facade::inner", start_paused = true)]
    async fn the_crate_may_be_found_elsewhere(cx: facade::inner::testkit::TestContext) {
        assert!(cx.namespace().is_running());
    }
}
