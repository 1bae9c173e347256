//! Ten thousand who want a connection of one pool at a time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay_actors::pool::PoolError;
use mainstay_supervisors::specs::PoolConfig;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::support::{Bed, Pool, counts, millis, plain, seconds, settle};

const CALLERS: u32 = 10_000;

/// As many as a pool may have.
const MAX: u32 = 8;

fn crowded(waiters_max: u32) -> PoolConfig {
    plain(MAX)
        .min_size(MAX)
        .connects_max(MAX)
        .waiters_max(waiters_max)
        .checkout_timeout(seconds(60))
        .idle_timeout(None)
        .max_lifetime(None)
}

/// What each has come to, in the order in which they did, with the number of the caller.
type Ends = Arc<Mutex<Vec<(u32, Result<(), &'static str>)>>>;

/// Has all of them ask in the order of their numbers, each of whom keeps what it gets for so long.
fn all_ask(pool: &Pool, keeps: Duration) -> (JoinSet<()>, Ends) {
    let ends = Ends::default();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (pool, ends) = (pool.clone(), Arc::clone(&ends));
        callers.spawn(async move {
            let end = match pool.checkout().await {
                Ok(lease) => {
                    sleep(keeps).await;
                    drop(lease);
                    Ok(())
                }
                Err(PoolError::QueueFull { .. }) => Err("full"),
                Err(PoolError::Timeout { .. }) => Err("late"),
                Err(_) => Err("other"),
            };
            ends.lock().expect("nobody panics").push((number, end));
        });
    }
    (callers, ends)
}

/// Lets so many go on as far as they can.
async fn settle_all() {
    for _ in 0..20 {
        settle().await;
    }
}

fn of(ends: &Ends, which: Result<(), &str>) -> Vec<u32> {
    let ends = ends.lock().expect("nobody panics");
    let those = ends.iter().filter(|(_, end)| *end == which);
    those.map(|&(number, _)| number).collect()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_are_served_one_after_the_other_in_the_order_in_which_they_came() {
    let bed = Bed::new().await;
    let pool = bed.pool(crowded(CALLERS)).await;
    let begun = Instant::now();
    let (callers, ends) = all_ask(&pool, millis(1));
    callers.join_all().await;
    assert_eq!(begun.elapsed(), millis(u64::from(CALLERS / MAX)));
    let everybody: Vec<_> = (0..CALLERS).collect();
    assert_eq!(of(&ends, Ok(())), everybody);
    let totals = pool.stats().totals;
    assert_eq!(
        (totals.lent, totals.opened),
        (u64::from(CALLERS), u64::from(MAX))
    );
    assert_eq!(totals.waited, u64::from(CALLERS - MAX));
    // The last of them came with the first.
    let longest = millis(u64::from(CALLERS / MAX) - 1);
    assert_eq!(totals.longest_wait, longest);
    // One turn is over each millisecond: twice as many of them in each step.
    let waits = pool.stats().waits.into_iter();
    let waits: Vec<_> = waits.map(|step| step.count / u64::from(MAX)).collect();
    assert_eq!(waits[..11], [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    assert_eq!(waits[11..], [226, 0, 0, 0], "less than two seconds");
    assert_eq!(counts(&pool), [MAX, 0, 0, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_callers_those_beyond_the_line_are_refused_at_once_and_all_others_served() {
    let bed = Bed::new().await;
    let pool = bed.pool(crowded(1024)).await;
    let (callers, ends) = all_ask(&pool, millis(1));
    settle_all().await;
    assert_eq!(of(&ends, Err("full")).len() as u32, CALLERS - 1024 - MAX);
    callers.join_all().await;
    assert_eq!(of(&ends, Ok(())), Vec::from_iter(0..1024 + MAX));
    let totals = pool.stats().totals;
    assert_eq!(totals.queue_full, u64::from(CALLERS - 1024 - MAX));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_callers_each_has_an_answer_when_its_time_is_up() {
    let bed = Bed::new().await;
    let config = crowded(CALLERS).checkout_timeout(millis(95));
    let pool = bed.pool(config).await;
    let begun = Instant::now();
    let (callers, ends) = all_ask(&pool, millis(10));
    callers.join_all().await;
    // Ten turns: the last ones begin at 90 ms.
    let served = 10 * MAX;
    assert_eq!(of(&ends, Ok(())), Vec::from_iter(0..served));
    assert_eq!(of(&ends, Err("late")).len() as u32, CALLERS - served);
    assert_eq!(begun.elapsed(), millis(100));
    assert_eq!(counts(&pool), [MAX, 0, 0, 0, 0, 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_who_go_away_leave_nothing_behind() {
    let bed = Bed::new().await;
    let pool = bed.pool(crowded(CALLERS)).await;
    let (callers, _) = all_ask(&pool, seconds(3600));
    settle_all().await;
    assert_eq!(counts(&pool), [0, MAX, 0, 0, 0, CALLERS - MAX]);
    drop(callers);
    settle_all().await;
    assert_eq!(counts(&pool), [MAX, 0, 0, 0, 0, 0]);
    assert_eq!(pool.stats().totals.opened, u64::from(MAX));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_callers_on_four_threads_all_get_a_connection_that_nobody_else_has() {
    let bed = Bed::new().await;
    let pool = bed.pool(crowded(CALLERS)).await;
    let used: Arc<[AtomicU32; MAX as usize]> = Arc::default();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (pool, used) = (pool.clone(), Arc::clone(&used));
        callers.spawn(async move {
            let lease = pool.checkout().await.expect("all have a minute");
            let users = &used[lease.number as usize - 1];
            assert_eq!(users.fetch_add(1, Ordering::SeqCst), 0, "it is shared");
            tokio::task::yield_now().await;
            users.fetch_sub(1, Ordering::SeqCst);
        });
    }
    callers.join_all().await;
    let totals = pool.stats().totals;
    assert_eq!(
        (totals.lent, totals.opened),
        (u64::from(CALLERS), u64::from(MAX))
    );
    bed.end().await;
}
