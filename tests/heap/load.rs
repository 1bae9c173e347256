//! Many processes that allocate, keep, send on and free, at the same time on several threads: what each is charged with against
//! what it knows that it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mainstay_supervisors::current;
use mainstay_tests::probe::{Bed, within};
use tokio::sync::{Barrier, mpsc};
use tokio::task::yield_now;

use crate::{alone, tasks};

const PROCESSES: usize = 24;
const STEPS: usize = 3_000;
/// The most that a process may be charged with wrongly: 64 KiB, or one part in twenty.
const LEEWAY: i64 = 64 << 10;

/// A block that tells its first owner when it is gone.
struct Block {
    bytes: Vec<u8>,
    owner: Arc<AtomicI64>,
}

impl Block {
    fn new(size: usize, owner: &Arc<AtomicI64>) -> Self {
        let bytes = vec![1; size];
        owner.fetch_add(size as i64, Ordering::Relaxed);
        Self {
            bytes,
            owner: Arc::clone(owner),
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let size = self.bytes.len() as i64;
        self.owner.fetch_sub(size, Ordering::Relaxed);
    }
}

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        let more = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = more.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

type Way = mpsc::Sender<Block>;

async fn work(nth: usize, ways: Vec<Way>, mut inbox: mpsc::Receiver<Block>, all: Arc<Barrier>) {
    let mut numbers = Numbers(nth as u64);
    let owner = Arc::new(AtomicI64::new(0));
    let mut kept: Vec<Block> = Vec::with_capacity(STEPS);
    for _ in 0..STEPS {
        let most = if numbers.below(10) == 0 { 20_000 } else { 300 };
        let size = 1 + numbers.below(most);
        match numbers.below(10) {
            0..4 => kept.push(Block::new(size, &owner)),
            4..7 => {
                let way = &ways[numbers.below(ways.len())];
                // One that is full loses it.
                way.try_send(Block::new(size, &owner)).ok();
            }
            7 => kept.extend(inbox.try_recv().ok()),
            8 => drop(inbox.try_recv().ok()),
            _ if kept.is_empty() => {}
            _ => drop(kept.swap_remove(numbers.below(kept.len()))),
        }
        if numbers.below(20) == 0 {
            yield_now().await;
        }
    }
    all.wait().await;
    let room = kept.capacity() * size_of::<Block>();
    let knows = owner.load(Ordering::Relaxed) + room as i64;
    let charged = current().expect("a process").heap_bytes();
    let charged = charged.expect("it is measured").cast_signed();
    let leeway = LEEWAY.max(knows / 20);
    assert!(
        (charged - knows).abs() <= leeway,
        "{nth}: charged {charged}, holds {knows}"
    );
    // Nobody goes before all have looked.
    all.wait().await;
    drop(kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_process_is_charged_with_is_what_it_holds_under_a_mixed_load_with_messages() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let all = Arc::new(Barrier::new(PROCESSES));
    let (ways, inboxes): (Vec<_>, Vec<_>) = (0..PROCESSES).map(|_| mpsc::channel(64)).unzip();
    let mut running = Vec::new();
    for (nth, inbox) in inboxes.into_iter().enumerate() {
        let task = tasks.async_nolink(work(nth, ways.clone(), inbox, Arc::clone(&all)));
        running.push(within(task).await.expect("it starts"));
    }
    for task in running {
        within(task)
            .await
            .expect("it is charged with what it holds");
    }
    bed.end().await;
}
