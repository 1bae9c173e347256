//! What the meter of a process is told.

use std::sync::Arc;
use std::time::Duration;

use mainstay_supervisors::specs::{Restart, ServiceName};
use mainstay_supervisors::{
    CallError, Child, ExitReason, Fault, Handled, Meter, Meters, Namespace, Process, ServiceRef,
    Supervisor, current,
};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, Order, Probe, order, within};
use tokio::task::yield_now;
use tokio::time::sleep;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Notes what it is told, each line begun with the last part of the path of the process.
struct Noting {
    who: String,
    notes: Notes,
}

impl Noting {
    fn note(&self, text: impl std::fmt::Display) {
        self.notes.add(format!("{}: {text}", self.who));
    }
}

impl Meter for Noting {
    fn started(&self, _: &Process, restarts: u32) {
        self.note(format_args!("started {restarts}"));
    }

    fn handled(&self, message: &Handled) {
        let wait = message
            .wait
            .map_or_else(|| "?".to_owned(), |wait| format!("{wait:?}"));
        let Handled { run, outcome, .. } = message;
        self.note(format_args!("{outcome:?} wait {wait} run {run:?}"));
    }

    fn refused(&self) {
        self.note("refused");
    }

    fn polled(&self, busy: Duration) {
        self.note(format_args!("polled {busy:?}"));
    }

    fn ended(&self, reason: &ExitReason, unhandled: usize) {
        self.note(format_args!("ended {reason}, {unhandled} unhandled"));
    }
}

/// Gives each process a meter that notes.
fn noting(notes: &Notes) -> Arc<dyn Meters> {
    let notes = notes.clone();
    Arc::new(move |process: &Process| {
        let who = process.id().to_string();
        let notes = notes.clone();
        Some(Arc::new(Noting { who, notes }) as Arc<dyn Meter>)
    })
}

/// A namespace with one probe, `a`, that has this name, measured.
struct Measured {
    bed: Bed,
    namespace: Namespace,
    notes: Notes,
    service: ServiceRef<Order>,
}

impl Measured {
    async fn new() -> Self {
        Self::with(|child| child).await
    }

    async fn with(change: impl FnOnce(Child) -> Child) -> Self {
        let (bed, notes) = (Bed::new(), Notes::new());
        let namespace = within(bed.runtime.namespace("test"))
            .await
            .expect("it starts");
        namespace.set_meters(Some(noting(&notes)));
        let name = ServiceName::new("a").expect("a name");
        let child = Probe::new().child("a").name(name.clone());
        within(namespace.start_child(change(child)))
            .await
            .expect("it starts");
        assert_eq!(notes.take(), ["a: started 0"]);
        let service = namespace.service(name);
        Self {
            bed,
            namespace,
            notes,
            service,
        }
    }

    fn process(&self) -> Process {
        self.service.process().expect("it is registered")
    }

    /// Sends a message that takes this long.
    fn cast(&self, takes: Duration) {
        self.service.cast(taking(takes)).expect("it runs");
    }

    /// Returns when it has handled all that waits.
    async fn caught_up(&self) {
        while self.process().waiting() != Some(0) {
            sleep(ms(1)).await;
        }
        sleep(ms(1)).await;
    }

    async fn end(self) {
        drop(self.namespace);
        self.bed.end().await;
    }
}

fn taking(time: Duration) -> Order {
    Order::run(move |_| async move {
        // No await that is over at once: it would be a millisecond of the timer's.
        if !time.is_zero() {
            sleep(time).await;
        }
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn each_message_that_came_by_name_is_told_of_with_how_long_it_waited_and_ran() {
    let bed = Measured::new().await;
    bed.cast(ms(5));
    bed.cast(ms(7));
    sleep(ms(2)).await;
    bed.cast(ms(0));
    assert_eq!(bed.process().waiting(), Some(2));
    assert_eq!(bed.process().longest_wait(), Some(ms(2)));
    bed.caught_up().await;
    assert_eq!(
        bed.notes.take(),
        [
            "a: Done wait 0ns run 5ms",
            "a: Done wait 5ms run 7ms",
            "a: Done wait 10ms run 0ns",
        ]
    );
    assert_eq!(bed.process().longest_wait(), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_between_two_messages_belongs_to_neither() {
    let bed = Measured::new().await;
    for _ in 0..3 {
        bed.cast(ms(1));
        bed.cast(ms(1));
        bed.caught_up().await;
        assert_eq!(
            bed.notes.take(),
            ["a: Done wait 0ns run 1ms", "a: Done wait 1ms run 1ms"]
        );
        sleep(ms(500)).await;
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_lets_others_run_between_two_messages_does_not_run_meanwhile() {
    let bed = Measured::new().await;
    // More than an actor handles before it lets others run; each of these lets time pass at once.
    for _ in 0..300 {
        bed.cast(ms(0));
    }
    let passes = async {
        for _ in 0..5 {
            tokio::time::advance(ms(3)).await;
        }
    };
    passes.await;
    bed.caught_up().await;
    let lines = bed.notes.take();
    assert_eq!(lines.len(), 300);
    assert!(
        lines.iter().all(|line| line.ends_with("run 0ns")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| !line.contains("wait 0ns")),
        "{lines:?}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn plain_messages_have_no_wait_and_are_not_counted() {
    let bed = Measured::new().await;
    order(&bed.process(), taking(ms(3)));
    order(&bed.process(), taking(ms(4)));
    yield_now().await;
    assert_eq!(bed.process().waiting(), Some(0));
    sleep(ms(10)).await;
    assert_eq!(
        bed.notes.take(),
        ["a: Done wait ? run 3ms", "a: Done wait ? run 4ms"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn plain_messages_between_named_ones_make_waits_shorter_only_until_the_mailbox_is_empty() {
    let bed = Measured::new().await;
    bed.cast(ms(10));
    yield_now().await;
    order(&bed.process(), taking(ms(10)));
    sleep(ms(5)).await;
    bed.cast(ms(10));
    assert_eq!(bed.process().waiting(), Some(1));
    sleep(ms(10)).await;
    // The plain one runs, and is taken for the one that waits behind it.
    assert_eq!(bed.process().waiting(), Some(0));
    bed.caught_up().await;
    sleep(ms(20)).await;
    assert_eq!(
        bed.notes.take(),
        [
            "a: Done wait 0ns run 10ms",
            "a: Done wait 5ms run 10ms",
            "a: Done wait ? run 10ms",
        ]
    );
    bed.cast(ms(1));
    bed.cast(ms(1));
    assert_eq!(bed.process().waiting(), Some(2));
    bed.caught_up().await;
    assert_eq!(
        bed.notes.take(),
        ["a: Done wait 0ns run 1ms", "a: Done wait 1ms run 1ms"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_deep_queue_every_wait_is_known() {
    let bed = Measured::new().await;
    bed.cast(ms(1_000));
    for _ in 0..500 {
        sleep(ms(1)).await;
        bed.cast(ms(0));
    }
    assert_eq!(bed.process().waiting(), Some(500));
    assert_eq!(bed.process().longest_wait(), Some(ms(499)));
    sleep(ms(500)).await;
    bed.caught_up().await;
    let expected = (500..1_000)
        .rev()
        .map(|wait| format!("a: Done wait {:?} run 0ns", ms(wait)));
    let mut lines = vec!["a: Done wait 0ns run 1s".to_owned()];
    lines.extend(expected);
    assert_eq!(bed.notes.take(), lines);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_is_a_message_as_well() {
    let bed = Measured::new().await;
    within(bed.service.call(Order::Pid, ms(100)))
        .await
        .expect("an answer");
    yield_now().await;
    assert_eq!(bed.notes.take(), ["a: Done wait 0ns run 0ns"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_with_a_thousand_messages_queued_leaves_none_that_wait() {
    let bed = Measured::with(|child| child.restart(Restart::Temporary)).await;
    bed.cast(ms(60_000));
    yield_now().await;
    for _ in 0..1_000 {
        bed.cast(ms(0));
    }
    sleep(ms(30)).await;
    let process = bed.process();
    assert_eq!(process.waiting(), Some(1_000));
    process.kill();
    within(process.ended()).await;
    assert_eq!(process.waiting(), Some(0));
    assert_eq!(process.longest_wait(), None);
    assert_eq!(
        bed.notes.take(),
        [
            "a: Cancelled wait 0ns run 30ms",
            "a: ended killed, 1000 unhandled",
        ]
    );
    assert_eq!(bed.service.cast(taking(ms(0))), Err(CallError::NoProcess));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_the_message_in_hand_end_and_drops_the_others() {
    let bed = Measured::with(|child| child.restart(Restart::Temporary)).await;
    bed.cast(ms(10));
    yield_now().await;
    bed.cast(ms(0));
    bed.cast(ms(0));
    let process = bed.process();
    process.stop(ExitReason::Shutdown);
    within(process.ended()).await;
    assert_eq!(
        bed.notes.take(),
        [
            "a: Done wait 0ns run 10ms",
            "a: ended shutdown, 2 unhandled",
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_a_panic_and_faults_are_told_apart_and_restarts_are_counted() {
    let bed = Measured::new().await;
    let mut log = bed.bed.log();
    bed.service.cast(Order::fail("no disk")).expect("it runs");
    log.until("started test/children/a again 1").await;
    // Else these would be too many restarts within five seconds.
    sleep(ms(6_000)).await;
    bed.service.cast(Order::panic()).expect("it runs");
    log.until("started test/children/a again 2").await;
    sleep(ms(6_000)).await;
    bed.cast(ms(50));
    yield_now().await;
    bed.process().inject(Fault::error("a fault"));
    log.until("started test/children/a again 3").await;
    let panic = bed.bed.started("test/children/a");
    assert!(panic.is_alive());
    let lines = bed.notes.take();
    let expected = [
        "a: Error wait 0ns run 0ns",
        "a: ended failed: no disk, 0 unhandled",
        "a: started 1",
        "a: Panic wait 0ns run 0ns",
        "a: ended panicked: on purpose",
        "a: started 2",
        "a: Error wait 0ns run 0ns",
        "a: ended failed: a fault, 0 unhandled",
        "a: started 3",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line} is not {expected}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_successor_is_not_told_of_what_its_predecessor_left() {
    let bed = Measured::new().await;
    bed.cast(ms(1_000));
    yield_now().await;
    for _ in 0..10 {
        bed.cast(ms(0));
    }
    let mut log = bed.bed.log();
    bed.process().kill();
    log.until("started test/children/a again 1").await;
    bed.notes.take();
    assert_eq!(bed.process().waiting(), Some(0));
    bed.cast(ms(2));
    sleep(ms(5)).await;
    assert_eq!(bed.notes.take(), ["a: Done wait 0ns run 2ms"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_of() {
    let limit = std::num::NonZeroUsize::new(1).expect("not zero");
    let bed = Measured::with(|child| child.mailbox_limit(limit)).await;
    bed.cast(ms(5));
    yield_now().await;
    bed.cast(ms(5));
    for _ in 0..2 {
        assert_eq!(bed.service.cast(taking(ms(0))), Err(CallError::Refused(1)));
    }
    assert_eq!(bed.process().waiting(), Some(1));
    bed.caught_up().await;
    sleep(ms(10)).await;
    assert_eq!(
        bed.notes.take(),
        [
            "a: refused",
            "a: refused",
            "a: Done wait 0ns run 5ms",
            "a: Done wait 5ms run 5ms",
        ]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_poll_of_a_task_is_told_of_also_the_one_that_panics() {
    let (bed, notes) = (Bed::new(), Notes::new());
    bed.runtime.set_meters(Some(noting(&notes)));
    let task = Child::task("task", |_| async {
        yield_now().await;
        if true {
            panic!("{ON_PURPOSE}");
        }
    });
    let tree = Supervisor::one_for_one().child(task.restart(Restart::Temporary));
    bed.start(tree).await;
    bed.log()
        .until("exited root/task: panicked: on purpose")
        .await;
    let lines = notes.take();
    let of_task: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("task: "))
        .collect();
    assert_eq!(
        of_task[..3],
        ["task: started 0", "task: polled 0ns", "task: polled 0ns"]
    );
    assert!(
        of_task[3].starts_with("task: ended panicked: on purpose"),
        "{of_task:?}"
    );
    assert_eq!(of_task.len(), 4);
    assert!(lines.iter().any(|line| line == "root: started 0"));
    assert!(lines.iter().any(|line| line == "root: polled 0ns"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_hears_of_no_start_hears_of_no_end() {
    let (bed, notes) = (Bed::new(), Notes::new());
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    namespace.set_meters(Some(noting(&notes)));
    let failing = Probe::new().pre_start(|_| async { Err("no disk".into()) });
    within(namespace.start_child(failing.child("a")))
        .await
        .expect_err("it does not start");
    assert_eq!(notes.take(), Vec::<String>::new());
    drop(namespace);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_meters_of_a_namespace_go_before_those_of_the_runtime() {
    let bed = Bed::new();
    let (own, general) = (Notes::new(), Notes::new());
    bed.runtime.set_meters(Some(noting(&general)));
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    general.take();
    let start = async |id: &str| {
        let child = Probe::new().child(id);
        within(namespace.start_child(child))
            .await
            .expect("it starts");
    };
    namespace.set_meters(Some(noting(&own)));
    start("a").await;
    namespace.set_meters(None);
    start("b").await;
    bed.runtime.set_meters(None);
    start("c").await;
    assert_eq!(own.take(), ["a: started 0"]);
    let general: Vec<String> = general.take();
    assert!(general.contains(&"b: started 0".to_owned()));
    assert!(
        !general
            .iter()
            .any(|line| line.starts_with("a:") || line.starts_with("c:"))
    );
    assert_eq!(bed.started("test/children/a").waiting(), Some(0));
    assert_eq!(bed.started("test/children/c").waiting(), None);
    drop(namespace);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_meter_runs_as_nobody_is_kept_by_nobody_and_may_panic() {
    struct Panicking {
        _held: Arc<()>,
    }
    impl Meter for Panicking {
        fn started(&self, _: &Process, _: u32) {
            panic!("{ON_PURPOSE}")
        }
        fn handled(&self, _: &Handled) {
            assert_eq!(current(), None);
            panic!("{ON_PURPOSE}")
        }
        fn ended(&self, _: &ExitReason, _: usize) {
            panic!("{ON_PURPOSE}")
        }
    }
    let bed = Measured::new().await;
    let kept = Arc::new(());
    let held = Arc::clone(&kept);
    let meters = move |process: &Process| {
        if process.id().as_str() == "c" {
            panic!("{ON_PURPOSE}");
        }
        Some(Arc::new(Panicking {
            _held: Arc::clone(&held),
        }) as Arc<dyn Meter>)
    };
    bed.namespace.set_meters(Some(Arc::new(meters)));
    for id in ["b", "c"] {
        let child = Probe::new().child(id).restart(Restart::Temporary);
        let started = within(bed.namespace.start_child(child)).await;
        let started = started.expect("it starts all the same");
        let process = started.process().expect("it runs");
        order(process, taking(ms(1)));
        order(process, Order::fail("done"));
        let reason = within(process.ended()).await;
        assert_eq!(reason, ExitReason::failed("done"));
    }
    // A handle and the history of events name the process still.
    assert_eq!(Arc::strong_count(&kept), 2);
    bed.namespace.set_meters(None);
    assert_eq!(Arc::strong_count(&kept), 1);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_at_once_are_all_counted_and_all_waits_are_known() {
    let bed = Measured::new().await;
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let service = bed.service.clone();
            tokio::spawn(async move {
                for _ in 0..500 {
                    service.cast(taking(ms(0))).expect("it runs");
                    yield_now().await;
                }
            })
        })
        .collect();
    for sender in senders {
        within(sender).await.expect("no panic");
    }
    bed.notes.until_lines(4_000).await;
    assert_eq!(bed.process().waiting(), Some(0));
    let lines = bed.notes.take();
    assert_eq!(lines.len(), 4_000);
    assert!(lines.iter().all(|line| line.starts_with("a: Done wait ")));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kills_while_many_send_leave_no_message_that_waits() {
    let bed = Measured::with(|child| child.restart(Restart::Temporary)).await;
    let process = bed.process();
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let service = bed.service.clone();
            tokio::spawn(async move {
                while service.cast(taking(ms(0))).is_ok() {
                    yield_now().await;
                }
            })
        })
        .collect();
    bed.notes.until_lines(100).await;
    process.kill();
    within(process.ended()).await;
    for sender in senders {
        within(sender).await.expect("no panic");
    }
    assert_eq!(process.waiting(), Some(0));
    let ends = |line: &&String| line.starts_with("a: ended killed");
    assert_eq!(bed.notes.all().iter().filter(ends).count(), 1);
    bed.end().await;
}
