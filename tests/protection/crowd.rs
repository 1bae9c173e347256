//! Ten thousand callers at once, on several threads, through one protection with every guard: in the end all of it adds up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainstay::testkit::{MockConnection, MockConnections};
use mainstay_actors::MemoryManager;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::memory::PressureLevel;
use mainstay_actors::protection::{Guard, Protection, ProtectionError};
use mainstay_supervisors::Process;
use mainstay_supervisors::specs::{
    CircuitConfig, Inherit, MemoryDemand, MemoryManagerSpec, OperationClass, RateLimitConfig,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::support::{Bed, NoDisk, all};

const CALLERS: u64 = 10_000;

/// Callers come in ten waves of as many, of which the first four are refused by one guard each.
const WAVE: u64 = CALLERS / 10;

/// The wave of those who do not stay until it is done.
const LAST: u64 = 9;

/// Of so many users, each of which may call so often.
const USERS: u64 = 10;
const LIMIT: u32 = 300;

/// Longer than the test takes.
const LONG: Duration = Duration::from_secs(3 * 60 * 60);

/// What became of a call, as its caller knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Done,
    Failed,
    Refused(Guard),
    /// It did not stay to be told.
    Gone,
}

type Tally = BTreeMap<Told, u64>;

/// Every guard, none of which minds.
async fn bed() -> (Bed, MemoryManager) {
    let demand = MemoryDemand::new(OperationClass::Write).bytes(4096);
    let bed = Bed::new(all().deadline(LONG).memory(demand)).await;
    let spec = MemoryManagerSpec::default().simulation(true).psi(false);
    let child = MemoryManager::child(spec.budget(1 << 50));
    bed.namespace.start_child(child).await.expect("it starts");
    let memory = MemoryManager::of(&bed.namespace);
    let breaker = CircuitConfig::default().failure_threshold(10_000);
    bed.breaker.reconfigure(breaker).expect("it is valid");
    let limit = RateLimitConfig::sliding_window(LIMIT, LONG).on_change(Inherit::Reset);
    bed.limiter.reconfigure(limit).expect("it is valid");
    let mut pool = bed.pool.config().as_ref().clone();
    pool.max_size = 8;
    pool.checkout_timeout = LONG;
    pool.waiters_max = 10_000;
    bed.pool.reconfigure(pool).expect("it is valid");
    (bed, memory)
}

/// Whose call it is: those of the last wave are of others.
fn user(nth: u64, wave: u64) -> String {
    let kind = if wave < LAST { "user" } else { "guest" };
    format!("{kind}-{}", nth % USERS)
}

/// How often these users may still call, all together.
fn left(bed: &Bed, wave: u64) -> u64 {
    let left = |nth| u64::from(bed.tokens_left(&user(nth, wave)));
    (0..USERS).map(left).sum()
}

/// What is done with a connection: every fifth fails.
async fn operate(begun: &AtomicU64) -> Result<(), NoDisk> {
    let nth = begun.fetch_add(1, Ordering::Relaxed);
    tokio::task::yield_now().await;
    if nth % 5 == 4 { Err(NoDisk) } else { Ok(()) }
}

/// One call, by one of this wave.
async fn call(orders: Protection, nth: u64, wave: u64, begun: Arc<AtomicU64>) -> Told {
    let user = user(nth, wave);
    let mut call = orders.key(RateKey::user(&user));
    if wave == 0 {
        call = call.by(Instant::now());
    }
    let call = call.leasing::<MockConnections>().expect("it has a pool");
    let call = call.run(async |_: &mut MockConnection| operate(&begun).await);
    let patience = async {
        if wave < LAST {
            return std::future::pending().await;
        }
        for _ in 0..nth % 7 {
            tokio::task::yield_now().await;
        }
    };
    let answer = tokio::select! {
        biased;
        answer = call => answer,
        () = patience => return Told::Gone,
    };
    match answer {
        Ok(()) => Told::Done,
        Err(ProtectionError::Failed(NoDisk)) => Told::Failed,
        Err(error) => Told::Refused(error.guard().expect("a guard has refused it")),
    }
}

/// Has those of some waves call, and gives what they were told.
async fn let_call(waves: &watch::Sender<u64>, callers: &mut JoinSet<Told>, until: u64) -> Tally {
    let mut told = Tally::new();
    let calls = (until - *waves.borrow()) * WAVE;
    waves.send(until).expect("they wait for it");
    for _ in 0..calls {
        let answer = callers.join_next().await.expect("so many are left");
        *told.entry(answer.expect("no panic")).or_default() += 1;
    }
    told
}

fn paths(bed: &Bed) -> Vec<String> {
    let processes = bed.namespace.processes();
    processes.iter().map(Process::path).collect()
}

/// Ten thousand, each of which calls when it is the turn of its wave.
fn callers(bed: &Bed, wave: &watch::Receiver<u64>, begun: &Arc<AtomicU64>) -> JoinSet<Told> {
    let mut callers = JoinSet::new();
    for nth in 0..CALLERS {
        let (orders, begun) = (bed.orders(), Arc::clone(begun));
        let (mut wave, mine) = (wave.clone(), nth / WAVE);
        callers.spawn(async move {
            wave.wait_for(|wave| *wave > mine).await.expect("it comes");
            call(orders, nth, mine, begun).await
        });
    }
    callers
}

/// Has each guard in turn refuse a wave, but for the limiter.
async fn refuse(
    bed: &Bed,
    memory: &MemoryManager,
    waves: &watch::Sender<u64>,
    callers: &mut JoinSet<Told>,
) {
    let mut by = async |guard: Guard, until: u64| {
        let told = let_call(waves, callers, until).await;
        assert_eq!(told, Tally::from([(Told::Refused(guard), WAVE)]));
    };
    by(Guard::Deadline, 1).await;
    bed.breaker.force_open();
    by(Guard::Circuit, 2).await;
    bed.breaker.force_closed();
    let critical = memory.simulate_pressure(PressureLevel::Critical, LONG);
    critical.expect("it may be");
    by(Guard::Memory, 3).await;
    memory.stop_simulation();
    let config = bed.pool.config().as_ref().clone();
    let mut nobody_waits = config.clone();
    nobody_waits.waiters_max = 0;
    bed.pool.reconfigure(nobody_waits).expect("it is valid");
    let leases = (0..config.max_size).map(|_| bed.pool.checkout());
    let leases = futures_util::future::join_all(leases).await;
    assert!(leases.iter().all(Result::is_ok));
    by(Guard::Pool, 4).await;
    drop(leases);
    bed.pool.reconfigure(config).expect("it is valid");
    // What the limiter had let through, it has taken back.
    assert_eq!(left(bed, 0), u64::from(LIMIT) * USERS);
}

/// What all the guards say in the end.
async fn audit(bed: &Bed, told: &Tally, begun: u64) {
    let of = |what| told.get(&what).copied().unwrap_or_default();
    let counts = bed.counts();
    for guard in Guard::ALL {
        assert_eq!(counts.refused(guard), of(Told::Refused(guard)), "{guard}");
    }
    assert_eq!(
        (counts.successes, counts.failures),
        (of(Told::Done), of(Told::Failed))
    );
    assert_eq!(counts.left + counts.cancelled, of(Told::Gone));
    assert_eq!((counts.begun, counts.running()), (begun, 0));
    let refused: u64 = Guard::ALL.iter().map(|guard| counts.refused(*guard)).sum();
    assert_eq!(counts.begun + counts.left + refused, CALLERS);

    let breaker = bed.breaker.stats();
    let totals = breaker.totals;
    assert_eq!(
        (totals.successes, totals.failures),
        (counts.successes, counts.failures)
    );
    let through = totals.successes + totals.failures + totals.ignored + totals.cancelled;
    assert_eq!(through + breaker.rejected, CALLERS - counts.late);
    assert_eq!(bed.limiter.stats().refused, counts.rate_limited);
    assert_eq!(bed.limiter.stats().waiting, 0);
    assert_eq!(
        left(bed, 0) + left(bed, LAST),
        u64::from(LIMIT) * USERS * 2 - begun
    );

    // A connection in the midst of whose use a caller has gone is closed by the keeper.
    let pool = async {
        loop {
            let pool = bed.pool.stats();
            if pool.closing + pool.mending + pool.connecting == 0 {
                return pool;
            }
            tokio::task::yield_now().await;
        }
    };
    let pool = tokio::time::timeout(Duration::from_secs(30), pool).await;
    let pool = pool.expect("it comes to rest");
    assert_eq!((pool.leased, pool.waiting, pool.live), (0, 0, pool.idle));
    assert_eq!(bed.mock.counts().open, u64::from(pool.live));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_calls_of_ten_thousand_callers_are_accounted_for() {
    let (bed, memory) = bed().await;
    let begun = Arc::new(AtomicU64::new(0));
    let (waves, wave) = watch::channel(0);
    let mut callers = callers(&bed, &wave, &begun);
    let before = paths(&bed);
    refuse(&bed, &memory, &waves, &mut callers).await;

    // Five waves share what the limiter lets through.
    let mut told = let_call(&waves, &mut callers, LAST).await;
    let now = begun.load(Ordering::Relaxed);
    assert_eq!(now, u64::from(LIMIT) * USERS);
    let expected = [
        (Told::Done, now - now / 5),
        (Told::Failed, now / 5),
        (Told::Refused(Guard::RateLimit), 5 * WAVE - now),
    ];
    assert_eq!(told, Tally::from(expected));

    // Of the last, many do not stay.
    for (what, calls) in let_call(&waves, &mut callers, LAST + 1).await {
        *told.entry(what).or_default() += calls;
    }
    assert!(callers.is_empty());
    for guard in [Guard::Deadline, Guard::Circuit, Guard::Memory, Guard::Pool] {
        told.insert(Told::Refused(guard), WAVE);
    }
    audit(&bed, &told, begun.load(Ordering::Relaxed)).await;
    // Those that have closed connections come to their end as well, and nobody else is there.
    let all_gone = async {
        while paths(&bed) != before {
            tokio::task::yield_now().await;
        }
    };
    let all_gone = tokio::time::timeout(Duration::from_secs(30), all_gone).await;
    assert!(all_gone.is_ok(), "{:?}", paths(&bed));
    bed.end().await;
}
