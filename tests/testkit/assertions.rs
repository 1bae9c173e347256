//! Assertions that wait.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay::supervisors::{Delivery, EventKind};
use mainstay::testkit::{TestContext, assert_eventually, assert_receive, refute_receive};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, sleep};

use crate::support::{SECOND, failure, idle};

const MILLI: Duration = Duration::from_millis(1);

/// The first line of why a test failed.
#[track_caller]
fn panic_of<F>(body: fn(TestContext) -> F) -> String
where
    F: Future<Output = ()> + 'static,
{
    let text = failure(body);
    let text = text
        .strip_prefix("the test panicked: ")
        .expect("it panicked");
    text.to_owned()
}

#[mainstay::test(start_paused = true)]
async fn a_condition_that_comes_to_hold_is_waited_for_and_no_longer(cx: TestContext) {
    let task = cx.spawn("sleeper", sleep(MILLI * 30));
    assert_eventually!(task.is_finished());
    let begun = Instant::now();
    assert_eventually!(begun.elapsed() >= MILLI * 30);
    assert_eq!(begun.elapsed(), MILLI * 30);
    assert_eventually!(begun.elapsed() >= SECOND * 5, within: SECOND * 5);
    assert_eq!(begun.elapsed(), SECOND * 5);
}

#[mainstay::test(start_paused = true)]
async fn a_condition_may_await(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let children = cx.namespace().children().expect("it runs");
    let begun = Instant::now();
    assert_eventually!(
        children
            .count_children()
            .await
            .is_ok_and(|count| count.active == 0)
    );
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[test]
fn a_condition_that_never_holds_fails_with_its_text() {
    let text = panic_of(|_| async { assert_eventually!(1 + 1 == 3) });
    assert_eq!(text, "`1 + 1 == 3` did not come to hold within 1s");
    let text = panic_of(|_| async { assert_eventually!(false, within: MILLI * 5) });
    assert_eq!(text, "`false` did not come to hold within 5ms");
    let text = panic_of(|_| async { assert_eventually!(false, "{} is not enough", 7) });
    assert_eq!(text, "7 is not enough");
    let text = panic_of(|_| async { assert_eventually!(false, within: MILLI, "too late") });
    assert_eq!(text, "too late");
}

#[mainstay::test(start_paused = true)]
async fn the_last_look_is_at_the_end_of_the_time(_cx: TestContext) {
    let looks = AtomicU32::new(0);
    let count = || looks.fetch_add(1, Ordering::Relaxed) + 1;
    // At 0, 1 and 2 ms, and at 2.5 ms.
    assert_eventually!(count() == 4, within: MILLI * 5 / 2);
}

#[mainstay::test(start_paused = true)]
async fn what_matches_is_received_and_given(_cx: TestContext) {
    let (sender, mut receiver) = mpsc::channel(8);
    for item in [Err("first"), Ok(1), Ok(7), Ok(8)] {
        sender.send(item).await.expect("it is there");
    }
    let n = assert_receive!(receiver, Ok(n) if n > 5 => n);
    assert_eq!(n, 7);
    assert_receive!(receiver, Ok(8) | Err(_));
    let late = sender.clone();
    tokio::spawn(async move {
        sleep(SECOND).await;
        late.send(Ok(9)).await.expect("it is there");
    });
    assert_receive!(receiver, Ok(9), within: SECOND * 2);
    refute_receive!(receiver, _);
}

#[mainstay::test(start_paused = true)]
async fn nothing_is_waited_for_a_tenth_of_a_second(_cx: TestContext) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<u32>();
    let begun = Instant::now();
    refute_receive!(receiver, _);
    assert_eq!(begun.elapsed(), MILLI * 100);
    refute_receive!(receiver, _, within: SECOND);
    assert_eq!(begun.elapsed(), MILLI * 1100);
    sender.send(1).expect("it is there");
    refute_receive!(receiver, 2);
    drop(sender);
    let begun = Instant::now();
    refute_receive!(receiver, _);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[test]
fn what_is_not_received_is_told_with_what_was() {
    let text = panic_of(|_| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for n in 0..25 {
            sender.send(n).expect("it is there");
        }
        assert_receive!(receiver, n if n > 100);
    });
    let shown: String = (5..25).map(|n| format!("\n  {n}")).collect();
    let expected =
        format!("expected `n if n > 100` within 100ms; received\n  (5 before these){shown}");
    assert_eq!(text, expected);
    let text = panic_of(|_| async {
        let (_, mut receiver) = mpsc::channel::<u32>(1);
        assert_receive!(receiver, 1);
    });
    assert_eq!(
        text,
        "expected `1`, and no more will come; received nothing"
    );
    let text = panic_of(|_| async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(Some(7)).expect("it is there");
        refute_receive!(receiver, Some(n) if n == 7);
    });
    assert_eq!(
        text,
        "expected nothing like `Some(n) if n == 7`, received Some(7)"
    );
}

#[mainstay::test(start_paused = true)]
async fn all_that_is_like_a_stream_can_be_received_from(cx: TestContext) {
    let (sender, mut once) = oneshot::channel();
    sender.send(7).expect("it is there");
    assert_receive!(once, 7);
    refute_receive!(once, _);

    let (sender, mut all) = broadcast::channel(1);
    for n in 0..3 {
        sender.send(n).expect("it is there");
    }
    assert_receive!(all, Err(broadcast::error::RecvError::Lagged(2)));
    assert_receive!(all, Ok(2));

    let mut events = cx.runtime().events();
    let mut names = cx.namespace().registry().listen();
    let mut changes = cx.config().subscribe().expect("it is there");
    cx.start_supervised(crate::support::counter("counter"))
        .await
        .expect("it starts");
    cx.config().update("a", 1).await.expect("it is there");
    assert_receive!(
        events,
        Delivery::Event(event) if matches!(event.kind, EventKind::Started { .. })
    );
    let key = assert_receive!(names, Ok(mainstay::supervisors::RegistryEvent::Registered { key, .. }) => key);
    assert_eq!(key.as_str(), "counter");
    assert_receive!(changes, Ok(_));

    let root = cx.namespace().root().expect("it runs");
    let mut signals = root.process().trap_exit();
    refute_receive!(signals, _);
}

#[mainstay::test(start_paused = true)]
async fn a_receiver_behind_a_reference_is_evaluated_once(_cx: TestContext) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    sender.send(1).expect("it is there");
    sender.send(2).expect("it is there");
    let taken = AtomicU32::new(0);
    let mut place = Some(&mut receiver);
    let mut take = || {
        taken.fetch_add(1, Ordering::Relaxed);
        place.take().expect("it is taken once")
    };
    assert_receive!(take(), 2);
    assert_eq!(taken.load(Ordering::Relaxed), 1);
    let reference = &mut receiver;
    sender.send(3).expect("it is there");
    assert_receive!(reference, 3);
}
