//! Callers that give up, at every moment at which they can.

use std::time::Duration;

use mainstay::testkit::{MockAct, MockConnection, MockConnections, MockOp};
use mainstay_actors::MemoryManager;
use mainstay_actors::breaker::CircuitState;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::memory::PressureSimulation;
use mainstay_supervisors::specs::{MemoryDemand, MemoryManagerSpec, OperationClass};

use crate::support::{Bed, NoDisk, Waits, all, fails, given_up, poll_times, settle, works};

const ADA: RateKey<'static> = RateKey::user("ada");

#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_await_gives_back_what_it_has_exactly_once() {
    const WAITS: usize = 5;
    let bed = Bed::new(all()).await;
    let orders = bed.orders();
    // Connected, so that nothing is waited for but the operation.
    drop(bed.pool.checkout().await.expect("there is room"));
    for polls in 0..=WAITS {
        bed.limiter.reset(ADA).expect("it has a key");
        let before = bed.counts();
        let call = orders
            .key(ADA)
            .leasing::<MockConnections>()
            .expect("it has a pool");
        let waits = call.run(async |_: &mut mainstay::testkit::MockConnection| {
            for _ in 0..WAITS {
                tokio::task::yield_now().await;
            }
            Ok::<_, NoDisk>(())
        });
        assert!(!poll_times(waits, polls));
        let after = bed.counts();
        let begun = u64::from(polls > 0);
        assert_eq!(after.begun - before.begun, begun, "{polls}");
        assert_eq!(after.cancelled - before.cancelled, begun, "{polls}");
        assert_eq!(after.left, 0);
        // It was begun, so it has cost something.
        assert_eq!(
            bed.tokens_left("ada"),
            3 - u32::try_from(begun).expect("0 or 1")
        );
        assert_eq!(bed.breaker.stats().totals.cancelled, polls as u64);
        assert_eq!(bed.pool.stats().leased, 0);
        drop(bed.pool.checkout().await.expect("one is made anew"));
    }
    assert_eq!(bed.breaker.state(), CircuitState::Closed);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_while_it_waits_for_a_connection_has_cost_nothing() {
    let bed = Bed::new(all()).await;
    let orders = bed.orders();
    let lease = bed.pool.checkout().await.expect("the only one");
    for polls in 1..4 {
        let call = orders
            .key(ADA)
            .leasing::<MockConnections>()
            .expect("it has a pool");
        let waits = call.run(async |_: &mut mainstay::testkit::MockConnection| works().await);
        assert!(!poll_times(waits, polls));
        assert_eq!(bed.tokens_left("ada"), 3);
        let counts = bed.counts();
        assert_eq!((counts.left, counts.begun), (polls as u64, 0));
        assert_eq!(bed.pool.stats().waiting, 0);
    }
    let totals = bed.breaker.stats().totals;
    assert_eq!((totals.cancelled, totals.failures), (3, 0));
    drop(lease);
    bed.end().await;
}

/// A bed in which each guard has to be waited for that can be, but the operation's own waits.
async fn slow() -> (Bed, MemoryManager) {
    let demand = MemoryDemand::new(OperationClass::Write).bytes(1 << 20);
    let bed = Bed::new(all().memory(demand)).await;
    let spec = MemoryManagerSpec::default().simulation(true).psi(false);
    let child = MemoryManager::child(spec.budget(1 << 50));
    bed.namespace.start_child(child).await.expect("it starts");
    let memory = MemoryManager::of(&bed.namespace);
    // Writes are delayed.
    let short = PressureSimulation::ratio(0.85).lasting(Duration::from_secs(24 * 3600));
    memory.simulate(short).expect("it may be");
    let made = MockAct::succeed().after(Duration::from_millis(10));
    bed.mock.usually(MockOp::Create, made);
    (bed, memory)
}

/// The next call is the probe.
async fn half_open(bed: &Bed) {
    bed.breaker.reset();
    for _ in 0..2 {
        let failed = bed.breaker.execute(fails).await;
        assert!(failed.is_err());
    }
    tokio::time::advance(bed.breaker.config().reset_timeout).await;
    bed.limiter.reset(ADA).expect("it has a key");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_at_any_wait_for_any_guard_leaves_nothing_behind() {
    let (bed, memory) = slow().await;
    let orders = bed.orders();
    for waits in [Waits::NotAtAll, Waits::UntilItIsWoken] {
        for polls in 1.. {
            let at = format!("{waits:?} {polls}");
            half_open(&bed).await;
            let (before, failures) = (bed.counts(), bed.breaker.stats().totals.failures);
            let call = orders.key(ADA).leasing::<MockConnections>();
            let run = call
                .expect("it has a pool")
                .run(async |_: &mut MockConnection| {
                    tokio::task::yield_now().await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    works().await
                });
            let done = given_up(run, polls, waits).await;
            settle().await;

            let (after, stats) = (bed.counts(), bed.breaker.stats());
            let begun = after.begun - before.begun;
            assert_eq!(begun + after.left - before.left, 1, "{at}");
            assert_eq!(after.running(), 0, "{at}");
            assert!(stats.probes.is_empty(), "{at}");
            assert_eq!(stats.totals.failures, failures, "{at}");
            assert_eq!(u64::from(bed.tokens_left("ada")), 3 - begun, "{at}");
            assert_eq!(memory.admission_stats().reserved, 0, "{at}");
            let pool = bed.pool.stats();
            assert_eq!((pool.leased, pool.waiting), (0, 0), "{at}");
            if done.is_some() {
                assert_eq!(bed.breaker.state(), CircuitState::Closed, "{at}");
                // For memory, and twice in the operation.
                assert!(polls > 3, "{at}");
                break;
            }
            assert_eq!(bed.breaker.state(), CircuitState::HalfOpen, "{at}");
        }
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_exactly_as_many_get_through_as_may_and_nothing_is_left_over() {
    let bed = Bed::new(all()).await;
    let calls = (0..200).map(|nth| {
        let (orders, keys) = (bed.orders(), ["ada", "grace", "edsger", "barbara"]);
        tokio::spawn(async move {
            let key = RateKey::user(keys[nth % 4]);
            let call = orders
                .key(key)
                .leasing::<MockConnections>()
                .expect("it has a pool");
            let run = call.run(async |_: &mut mainstay::testkit::MockConnection| {
                tokio::task::yield_now().await;
                Ok::<_, NoDisk>(())
            });
            run.await.is_ok()
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut through = 0;
    for call in calls {
        through += u32::from(call.await.expect("no panic"));
    }
    assert_eq!(through, 12);
    let counts = bed.counts();
    assert_eq!((counts.begun, counts.successes), (12, 12));
    assert_eq!(counts.rate_limited, 188);
    assert_eq!(bed.pool.stats().leased, 0);
    bed.end().await;
}
