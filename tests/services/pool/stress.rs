//! Borrowers on several threads, some of them processes that die with what they have, while every part of the pool is ended, sized and
//! evicted at random, also twice in a row.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::pool::{ConnectionPoolSupervisor, PoolError};
use mainstay_supervisors::Child;
use mainstay_supervisors::specs::Restart;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::support::{Bed, Pool, millis, plain, seconds};

const MAX: u32 = 4;

/// For how long.
const STRESS: Duration = Duration::from_secs(2);

/// Who uses which connection: nobody two at a time, whatever was taken away from whom.
#[derive(Clone, Debug, Default)]
struct Uses(Arc<Mutex<HashMap<u64, Arc<AtomicBool>>>>);

impl Uses {
    fn of(&self, number: u64) -> Arc<AtomicBool> {
        let mut uses = self.0.lock().expect("nobody panics");
        Arc::clone(uses.entry(number).or_default())
    }
}

/// Numbers by chance (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", 2014: SplitMix64).
#[derive(Debug)]
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, end: u64) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// Borrows once, and gives it back in one way or another.
async fn borrow(pool: &Pool, uses: &Uses, way: u64) -> Result<(), PoolError> {
    let lease = pool.checkout_within(millis(500)).await?;
    let used = uses.of(lease.number);
    assert!(!used.swap(true, Ordering::SeqCst), "two have one");
    sleep(Duration::from_micros(way * 50)).await;
    used.store(false, Ordering::SeqCst);
    match way {
        0 => lease.discard(),
        1 => drop(lease.detach()),
        _ => drop(lease),
    }
    Ok(())
}

fn start_borrowers(bed: &Bed, pool: &Pool, uses: &Uses, ended: &Arc<AtomicBool>) -> JoinSet<()> {
    let mut borrowers = JoinSet::new();
    for nth in 0..12_u64 {
        let (pool, uses, ended) = (pool.clone(), uses.clone(), Arc::clone(ended));
        borrowers.spawn(async move {
            let mut turn = nth;
            while !ended.load(Ordering::Relaxed) {
                // Whoever is refused, or whose lease was taken away, asks again.
                borrow(&pool, &uses, turn % 9).await.ok();
                turn += 1;
            }
        });
    }
    let namespace = bed.namespace.clone();
    let (pool, uses, ended) = (pool.clone(), uses.clone(), Arc::clone(ended));
    borrowers.spawn(async move {
        let mut nth = 0_u64;
        while !ended.load(Ordering::Relaxed) {
            nth += 1;
            let (pool, uses) = (pool.clone(), uses.clone());
            let dies = move |_| {
                let (pool, uses) = (pool.clone(), uses.clone());
                async move {
                    borrow(&pool, &uses, 2).await.ok();
                    let lease = pool.checkout_within(millis(200)).await;
                    match nth % 3 {
                        0 => std::mem::forget(lease),
                        1 => panic!("as it should"),
                        _ => std::future::pending::<()>().await,
                    }
                }
            };
            let child = Child::task(format!("borrower-{nth}"), dies).restart(Restart::Temporary);
            if let Ok(started) = namespace.start_child(child).await {
                sleep(millis(5)).await;
                if let Some(process) = started.process() {
                    process.kill();
                }
            }
        }
    });
    borrowers
}

/// Ends a part, or changes something, by chance.
async fn disturb(bed: &Bed, pool: &Pool, what: u64) {
    let service = ConnectionPoolSupervisor::of(&bed.namespace);
    match what {
        0 => service.iter().for_each(|pools| pools.process().kill()),
        1 => pool.resize(0, 2).expect("it may be"),
        2 => pool.resize(1, MAX).expect("it may be"),
        3 => drop(pool.evict(Duration::ZERO)),
        4 => drop(pool.rotate("second", millis(5))),
        5 => drop(pool.health_check().await),
        6 => {
            pool.suspend();
            sleep(millis(2)).await;
            pool.resume();
        }
        _ => {
            let part = ["keeper", "connectors", "health_monitor"][what as usize % 3];
            if let Some(process) = bed.find_part(part).await {
                process.kill();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_is_ended_meanwhile_nothing_is_lost_and_nobody_shares() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(MAX).min_size(1)).await;
    let (uses, ended) = (Uses::default(), Arc::new(AtomicBool::new(false)));
    let borrowers = start_borrowers(&bed, &pool, &uses, &ended);
    let seed = std::process::id();
    let chance = Chance(AtomicU64::new(seed.into()));
    let begun = Instant::now();
    while begun.elapsed() < STRESS {
        disturb(&bed, &pool, chance.below(14)).await;
        // None at all now and then: two in a row.
        sleep(millis(chance.below(4) * 10)).await;
    }
    ended.store(true, Ordering::Relaxed);
    borrowers.join_all().await;
    pool.resize(1, MAX).expect("it may be");

    let until = Instant::now() + seconds(20);
    loop {
        let stats = pool.stats();
        if stats.live == stats.idle
            && stats.live <= MAX
            && bed.server.open().len() as u32 == stats.live
        {
            break;
        }
        assert!(Instant::now() < until, "seed {seed}: {stats:?}");
        sleep(millis(10)).await;
    }
    let mut leases = Vec::new();
    for _ in 0..MAX {
        leases.push(pool.checkout_within(seconds(10)).await.expect("each place"));
    }
    assert_eq!(pool.stats().waiting, 0, "seed {seed}");
    drop(leases);
    bed.end().await;
}
