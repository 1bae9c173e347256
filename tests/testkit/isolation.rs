//! Thousands of namespaces at once: nothing of one is seen in another, and nothing is left of any.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use mainstay::actors::ConfigServer;
use mainstay::specs::{ConfigServerSpec, Shutdown};
use mainstay::supervisors::{Child, Fault, Process, Supervisor};
use mainstay::testkit::{Op, TestContext, exited, measure_concurrent_ops, restarted, started};
use tokio::sync::Barrier;
use tokio::time::timeout;

use crate::support::{Count, counter, idle};

/// Longer than anything takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(600);

/// What one namespace has shown of itself.
#[derive(Debug)]
struct Seen {
    name: String,
    count: u32,
    expected: u32,
    value: String,
    entries: usize,
    processes: Vec<Process>,
    lines: Vec<String>,
    restarts: usize,
}

/// A tree of its own for each: a named actor, and a supervisor with a child that crashes by itself once.
async fn live(
    first: &TestContext,
    nth: usize,
    (all, barrier): (usize, &Barrier),
) -> Result<Seen, Box<dyn Error + Send + Sync>> {
    let name = format!("namespace {nth}");
    // Where time is real, a child that is stopped waits for its turn among all the others.
    let patient = |child: Child| child.shutdown(Shutdown::Infinity);
    let config = ConfigServer::child(ConfigServerSpec::default());
    let cx = TestContext::builder().name(&name).beside(first);
    let cx = cx.services([]).service(patient(config)).timeout(LONG);
    let cx = cx.start().await?;
    cx.start_supervised(patient(counter("counter"))).await?;
    let pool = Supervisor::one_for_one().child(patient(idle("fragile")));
    cx.start_supervised(Child::supervisor("pool", pool)).await?;

    // From here on all are there.
    if timeout(LONG, barrier.wait()).await?.is_leader() {
        assert_eq!(first.runtime().namespaces().len(), all + 1);
    }
    timeout(LONG, barrier.wait()).await?;
    let expected = u32::try_from(nth % 7)?;
    let service = cx.service::<Count>("counter");
    // It crashes, and counts anew.
    service.cast(Count::Up)?;
    let before = cx.whereis("counter").ok_or("no counter")?;
    let mut events = cx.events().from_now();
    service.cast(Count::Fail)?;
    before.ended().await;
    events.wait_for(restarted("counter"), LONG).await?;
    // A panic now and then: each is printed.
    let fault = match nth % 500 {
        0 => Fault::panic("on purpose"),
        _ => Fault::error("on purpose"),
    };
    cx.inject("pool/fragile", fault)?;
    events.wait_for(restarted("fragile"), LONG).await?;
    for _ in 0..expected {
        service.cast(Count::Up)?;
    }
    cx.config().update("name", name.as_str()).await?;

    let all = cx.events();
    let seen = Seen {
        count: service.call(Count::Get, LONG).await?,
        expected,
        value: cx.config().get_as("name")?,
        entries: cx.namespace().stats().entries,
        processes: cx.namespace().processes(),
        restarts: all.count(restarted("counter")) + all.count(restarted("fragile")),
        lines: Vec::new(),
        name,
    };
    cx.finish().await?;
    let all = cx.events();
    all.assert_order([
        started("counter"),
        exited("counter"),
        restarted("counter"),
        exited(&seen.name),
    ]);
    Ok(Seen {
        lines: all.lines(),
        ..seen
    })
}

#[mainstay::test(start_paused = true, timeout = "10m", log = "off")]
async fn two_thousand_namespaces_live_side_by_side(cx: TestContext) {
    side_by_side(&cx, 2000).await;
}

#[mainstay::test(
    flavor = "multi_thread",
    worker_threads = 4,
    timeout = "10m",
    log = "off"
)]
async fn namespaces_on_several_threads_live_side_by_side(cx: TestContext) {
    side_by_side(&cx, 200).await;
}

async fn side_by_side(cx: &TestContext, all: usize) {
    let first = cx.clone();
    let barrier = Arc::new(Barrier::new(all));
    let report = measure_concurrent_ops(all, all, move |nth| {
        let (first, barrier) = (first.clone(), Arc::clone(&barrier));
        async move { live(&first, nth, (all, &barrier)).await }
    })
    .await;
    let failed = report.ops().iter().find_map(|op| match op {
        Op::Ok(_) => None,
        Op::Err(error) => Some(error.to_string()),
        Op::Panicked(text) => Some(text.clone()),
        other => panic!("{other:?}"),
    });
    assert_eq!((report.ok(), failed), (all, None));

    let mut owners = BTreeMap::new();
    for seen in report.values() {
        assert_eq!(seen.count, seen.expected, "{}", seen.name);
        assert_eq!(seen.value, seen.name);
        assert_eq!(
            (seen.entries, seen.restarts, seen.processes.len()),
            (2, 2, 7),
            "{}",
            seen.name
        );
        let inside = format!(" {}/", seen.name);
        let itself = format!(" {} #", seen.name);
        for line in &seen.lines {
            assert!(
                line.contains(&inside) || line.contains(&itself),
                "{} has seen {line}",
                seen.name
            );
        }
        // 7 started, 2 of them again; all of these exited; 2 reports.
        assert_eq!(seen.lines.len(), 7 + 2 + 9 + 2, "{:#?}", seen.lines);
        for process in &seen.processes {
            assert!(!process.is_alive(), "{process} is left");
            assert_eq!(
                owners.insert(process.pid(), &seen.name),
                None,
                "{process} has two owners"
            );
        }
    }
    assert_eq!(owners.len(), 7 * all);
    // Only the test's own namespace is left.
    assert_eq!(cx.runtime().namespaces(), [cx.namespace().clone()]);
    assert_eq!(cx.runtime().processes(), cx.namespace().processes());
    let lines = cx.events().lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
}
