//! Chaos by a schedule that can be repeated.

use std::sync::mpsc;
use std::time::Duration;

use mainstay::supervisors::{Child, Supervisor};
use mainstay::testkit::{ChaosKind, ChaosMonkey, SUPERVISED, Schedule, TestContext};

use crate::support::{SECOND, counter, failure, idle, outcome};

const MILLI: Duration = Duration::from_millis(1);

/// The events and the log of a run of this seed, as lines.
fn flaky(seed: u64) -> Vec<String> {
    let (tell, told) = mpsc::channel();
    let ended = outcome(move |cx| async move {
        for id in ["a", "b"] {
            cx.start_supervised(counter(id)).await.expect("it starts");
        }
        let pool = Supervisor::rest_for_one()
            .intensity(1000, MILLI)
            .children([idle("first"), idle("second")]);
        cx.start_supervised(Child::supervisor("pool", pool))
            .await
            .expect("it starts");
        let chaos = ChaosMonkey::builder()
            .seed(seed)
            .between(MILLI, MILLI * 900)
            .targets(["a", "b", "pool/first", "pool/second", "config_server"])
            .kind(ChaosKind::Kill, 2)
            .kind(ChaosKind::Crash, 2)
            .kind(ChaosKind::Fail, 2)
            .kind(ChaosKind::Hang, 1)
            .kind(ChaosKind::FailNextStart, 1)
            .lasting(SECOND * 20)
            .start(&cx);
        tell.send(chaos.schedule().to_string())
            .expect("it is there");
        for struck in chaos.finished().await {
            tell.send(struck.to_string()).expect("it is there");
        }
        for line in cx.events().lines() {
            tell.send(line).expect("it is there");
        }
    });
    ended.expect("nothing is left");
    told.into_iter().collect()
}

#[test]
fn a_flaky_schedule_replays_a_hundred_times_from_its_seed() {
    let first = flaky(2026);
    let count = |text: &str| first.iter().filter(|line| line.contains(text)).count();
    for kind in [
        "kill",
        "crash",
        "fail ",
        "hang",
        "fail_next_start",
        "restarted",
        "start failed",
    ] {
        assert!(count(kind) > 0, "there is no {kind} in {first:#?}");
    }
    for nth in 1..100 {
        assert_eq!(flaky(2026), first, "run {nth}");
    }
    assert_ne!(flaky(2027), first);
}

#[mainstay::test(start_paused = true)]
async fn a_schedule_that_was_printed_can_be_repeated(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let printed = "
        chaos, seed 7
          0.100000s kill worker
          0.100001s kill nobody
          5.000000s crash worker
    ";
    let schedule: Schedule = printed.parse().expect("a schedule");
    let run = ChaosMonkey::replay(schedule.clone()).start(&cx);
    assert_eq!(run.schedule(), &schedule);
    let begun = tokio::time::Instant::now();
    let done = run.finished().await;
    assert_eq!(begun.elapsed(), SECOND * 5);
    let hit: Vec<bool> = done.iter().map(|struck| struck.who.is_ok()).collect();
    assert_eq!(hit, [true, false, true]);
}

#[test]
fn the_schedule_is_printed_when_the_test_fails() {
    let text = failure(|cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        let chaos = ChaosMonkey::builder()
            .seed(7)
            .targets(["worker"])
            .strikes(2);
        chaos.start(&cx).finished().await;
        Err::<(), _>("flaky")
    });
    let expected =
        "---- chaos ----\nchaos, seed 7\n  0.100000s kill worker\n  0.200000s kill worker\n";
    assert!(text.contains(expected), "{text}");
}

#[mainstay::test(start_paused = true)]
async fn everybody_who_is_no_supervisor_may_be_struck(cx: TestContext) {
    cx.start_supervised(idle("worker"))
        .await
        .expect("it starts");
    let run = ChaosMonkey::builder()
        .seed(1)
        .strikes(50)
        .every(SECOND * 10)
        .all()
        .start(&cx);
    let struck: std::collections::BTreeSet<_> = run
        .schedule()
        .strikes
        .iter()
        .map(|strike| strike.target.as_str())
        .collect();
    let name = cx.namespace().name();
    let expected = [
        format!("{name}/config_server"),
        format!("{name}/supervised/worker"),
    ];
    assert!(struck.into_iter().eq(expected.iter().map(String::as_str)));
    let done = run.finished().await;
    assert!(done.iter().all(|struck| struck.who.is_ok()));
}

#[mainstay::test(start_paused = true)]
async fn unless_told_otherwise_the_children_of_the_test_are_struck(cx: TestContext) {
    let pool = Supervisor::one_for_one().intensity(100, MILLI);
    let pool = Child::supervisor("pool", pool.child(idle("worker")));
    cx.start_supervised(pool).await.expect("it starts");
    let done = ChaosMonkey::builder().start(&cx).finished().await;
    let path = format!("{}/{SUPERVISED}/pool/worker", cx.namespace().name());
    assert_eq!(done.len(), 10);
    assert!(
        done.iter()
            .all(|struck| struck.strike.target == path && struck.who.is_ok())
    );
}

#[test]
fn chaos_without_anybody_to_strike_is_no_test() {
    let first = |text: String| text.lines().next().map(str::to_owned);
    let text = failure(|cx| async move { drop(ChaosMonkey::builder().start(&cx)) });
    let nobody =
        "the test panicked: there is nobody to strike: nothing was started with `start_supervised`";
    assert_eq!(first(text).as_deref(), Some(nobody));
    let text = failure(|cx| async move {
        drop(ChaosMonkey::builder().targets(["wroker"]).start(&cx));
    });
    let wrong = "the test panicked: there is nobody to strike: no process \"wroker\"; there are [\"inner\", \"inner/config_server\", \"inner/children\"]";
    assert_eq!(first(text).as_deref(), Some(wrong));
}

#[test]
fn chaos_is_over_when_the_test_is() {
    let ended = outcome(|cx| async move {
        cx.start_supervised(idle("worker"))
            .await
            .expect("it starts");
        let endless = ChaosMonkey::builder()
            .lasting(SECOND * 3600)
            .kind(ChaosKind::Hang, 1);
        let run = endless.targets(["worker"]).start(&cx);
        tokio::time::sleep(MILLI * 150).await;
        assert_eq!(run.log().len(), 1);
    });
    ended.expect("nothing is left");
}
