//! Every part of a pool is ended, sized and evicted at random, also twice in a row, while others borrow, some of them processes that die
//! with what they have.

use std::sync::atomic::Ordering;
use std::time::Duration;

use mainstay_actors::pool::ConnectionPoolSupervisor;
use mainstay_supervisors::{ChildStatus, Process, SupervisorRef};
use tokio::time::{Instant, sleep};

use super::chance::Chance;
use super::support::{Bed, Pool, millis, plain, seconds};
use super::uses::Borrowers;

const MAX: u32 = 4;

/// How often the supervisor of all pools may end in a run: one more within 5 s, and the namespace ends.
const ENDS_MAX: u32 = 3;

/// By chance, for a time.
struct Disturbance<'a> {
    bed: &'a Bed,
    pool: &'a Pool,
    chance: Chance,
    ends: u32,
}

impl Disturbance<'_> {
    async fn run(&mut self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let what = self.chance.below(14);
            self.disturb(what).await;
            // None at all now and then: two in a row.
            sleep(millis(self.chance.below(4) * 10)).await;
        }
    }

    /// Ends a part, or changes something.
    async fn disturb(&mut self, what: u64) {
        let pool = self.pool;
        match what {
            0 => self.end_all(),
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
            7 => end(self.pools_child().await),
            _ => {
                let part = ["keeper", "connectors", "health_monitor"][what as usize % 3];
                end(self.part(part).await);
            }
        }
    }

    fn end_all(&mut self) {
        if self.ends < ENDS_MAX
            && let Some(pools) = ConnectionPoolSupervisor::of(&self.bed.namespace)
        {
            self.ends += 1;
            pools.process().kill();
        }
    }

    /// The supervisor of the pool, if there is one just now.
    async fn pools_child(&self) -> Option<Process> {
        let pools = ConnectionPoolSupervisor::of(&self.bed.namespace)?;
        child_of(&pools, "db").await
    }

    async fn part(&self, id: &str) -> Option<Process> {
        let supervisor = self.pools_child().await?.supervisor()?;
        child_of(&supervisor, id).await
    }
}

async fn child_of(supervisor: &SupervisorRef, id: &str) -> Option<Process> {
    let children = supervisor.which_children().await.ok()?;
    let child = children.into_iter().find(|child| child.id.as_str() == id)?;
    match child.status {
        ChildStatus::Running(process) => Some(process),
        _ => None,
    }
}

fn end(process: Option<Process>) {
    if let Some(process) = process {
        process.kill();
    }
}

/// All that there is is idle, and the server knows of nothing else.
fn is_at_rest(bed: &Bed, pool: &Pool) -> bool {
    let stats = pool.stats();
    let all_idle = stats.live == stats.idle && stats.waiting == 0;
    all_idle && (1..=MAX).contains(&stats.live) && bed.server.open().len() as u32 == stats.live
}

/// Within the longest pause before a pool is started anew, and a bit.
async fn until(is_so: impl Fn() -> bool, told: impl Fn() -> String) {
    let end = Instant::now() + seconds(40);
    while !is_so() {
        assert!(Instant::now() < end, "{}", told());
        sleep(millis(10)).await;
    }
}

async fn run(seed: u64, time: Duration, unit: Duration, late: Option<Duration>) {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(MAX).min_size(1)).await;
    let borrowers = Borrowers::new(&pool, unit, late);
    let tasks = borrowers.start(&bed.namespace);
    let mut disturbance = Disturbance {
        bed: &bed,
        pool: &pool,
        chance: Chance::new(seed),
        ends: 0,
    };
    disturbance.run(time).await;
    borrowers.ended.store(true, Ordering::Relaxed);
    tasks.join_all().await;
    pool.resize(1, MAX).expect("it may be");
    let told = || {
        let tree = bed.namespace.tree();
        let tree = tree.map(|tree| tree.to_string()).unwrap_or_default();
        format!(
            "seed {seed}: open {:?} {:?}\n{tree}",
            bed.server.open(),
            pool.stats()
        )
    };
    until(|| borrowers.has_nothing_of_the_dead(), told).await;
    borrowers.clear_away();
    until(|| is_at_rest(&bed, &pool), told).await;

    let mut leases = Vec::new();
    for nth in 0..MAX {
        let lease = pool.checkout_within(seconds(10)).await;
        leases.push(lease.unwrap_or_else(|error| panic!("seed {seed}, lease {nth}: {error}")));
    }
    drop(leases);
    drop(borrowers);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_ended_meanwhile_nothing_is_lost_and_nobody_waits_beyond_its_time() {
    let (first, count) = seeds();
    for seed in first..first + count {
        run(seed, seconds(4), millis(1), Some(millis(1))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_several_threads_nothing_is_lost_either_and_nobody_shares() {
    let seed = u64::from(std::process::id());
    run(seed, seconds(1), Duration::from_micros(50), None).await;
}

/// Eight seeds, or as many as are asked for, as of properties.
fn seeds() -> (u64, u64) {
    let cases = std::env::var("PROPTEST_CASES").ok();
    (0, cases.and_then(|cases| cases.parse().ok()).unwrap_or(8))
}
