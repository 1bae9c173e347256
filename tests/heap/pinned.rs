//! Free memory that the allocator keeps, as each page of it holds something that is in use.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use mainstay::alloc;
use mainstay_actors::MemoryManager;
use mainstay_actors::memory::{
    CleanupAnswer, CleanupClass, CleanupOptions, CleanupReport, Measure, MemoryCleanup,
    MemorySetup, PressureLevel,
};
use mainstay_supervisors::specs::{
    CleanupSpec, CleanupStrategySpec, MemoryManagerSpec, ServiceName,
};
use mainstay_supervisors::{HeapUse, Namespace, NamespacePlan, Runtime};
use tokio::time::{Duration, sleep};

use crate::alone;

const THREADS: usize = 8;
const BLOCKS: usize = 5_000;
/// One in so many blocks stays.
const STAYS: usize = 50;

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

fn live() -> u64 {
    HeapUse::live_now().expect("it is measured")
}

/// What this process has resident, as the system says.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).expect("a number");
    pages.parse::<u64>().expect("a number") * 4096
}

/// Blocks of 200 to 2,200 bytes that several threads have allocated.
#[derive(Debug)]
struct Table(Mutex<Vec<Vec<u8>>>);

impl Table {
    fn new() -> Self {
        let fill = |_| {
            thread::spawn(|| {
                let blocks = (0..BLOCKS).map(|nth| vec![1_u8; 200 + nth * 7 % 2_000]);
                blocks.collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..THREADS).map(fill).collect();
        let parts = threads.into_iter().map(|one| one.join().expect("no panic"));
        Self(Mutex::new(parts.flatten().collect()))
    }
}

impl MemoryCleanup for Table {
    fn class(&self) -> CleanupClass {
        CleanupClass::Cache
    }

    fn cleanup<'a>(
        &'a self,
        _: &'a Namespace,
        _: &'a ServiceName,
        _: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        Box::pin(async move {
            let (mut blocks, mut nth) = (self.0.lock().expect("whole"), 0);
            let before = blocks.len();
            blocks.retain(|_| {
                nth += 1;
                nth % STAYS == 0
            });
            Ok(CleanupReport::entries((before - blocks.len()) as u64))
        })
    }
}

/// An allocator that is told to give back what is free, and does so only when a test lets it.
#[derive(Debug, Default)]
struct Trim {
    asked: AtomicU64,
    works: AtomicBool,
}

impl Trim {
    fn trim(&self) -> Option<bool> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.works.load(Ordering::Relaxed) {
            alloc::trim()
        } else {
            Some(false)
        }
    }
}

async fn start(trim: &Arc<Trim>) -> (Runtime, Namespace) {
    let cleanup = CleanupSpec::default().strategies([CleanupStrategySpec::Trim]);
    let spec = MemoryManagerSpec::default().cleanup(cleanup);
    let trim = Arc::clone(trim);
    let setup = MemorySetup::new(spec).by_hand().trim(move || trim.trim());
    let plan = NamespacePlan::new().service(MemoryManager::child_with(setup));
    let runtime = Runtime::new();
    let namespace = runtime.start_namespace("bed".parse().expect("a name"), plan);
    let namespace = namespace.await.expect("it starts");
    (runtime, namespace)
}

#[tokio::test(start_paused = true)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
async fn a_cleanup_of_pages_that_stay_resident_has_worked_and_is_followed_by_one_trim_and_no_other_cleanup()
 {
    let _alone = alone();
    let trim = Arc::new(Trim::default());
    let (runtime, namespace) = start(&trim).await;
    let memory = MemoryManager::of(&namespace);
    let table = Arc::new(Table::new());
    let strategy: Arc<dyn MemoryCleanup> = Arc::<Table>::clone(&table);
    let registered = memory.register_cleanup(name("table"), strategy);
    registered.expect("there is room").keep();
    let (live_full, resident_full) = (live(), resident());
    // What is resident beside that which is in use, such as the program itself, is left out: trimming cannot help with it.
    let (beside, limit) = (resident_full - live_full, live_full / 9 * 10);
    let gauge = memory
        .register_gauge(name("resident"))
        .expect("there is room");
    let sample = || {
        let used = resident().saturating_sub(beside);
        gauge.set(Measure::bytes(used, limit));
        memory.check_now()
    };
    let after_a_while = async || {
        for _ in 0..200 {
            sample().await.expect("a sample");
            sleep(Duration::from_secs(1)).await;
        }
    };
    after_a_while().await;
    // Nearly all is free, and the system sees nothing of it.
    assert!(
        live() < live_full - live_full / 2,
        "{} of {live_full}",
        live()
    );
    let resident_then = resident();
    assert!(
        resident_then > resident_full / 20 * 19,
        "{resident_then} of {resident_full}"
    );
    assert_eq!(memory.check_pressure(), PressureLevel::High);
    let stats = memory.cleanup_stats();
    let runs: Vec<u64> = stats.strategies.iter().map(|one| one.runs).collect();
    assert_eq!((runs, trim.asked.load(Ordering::Relaxed)), (vec![1, 1], 1));
    assert_eq!(
        (stats.rounds, stats.target_met, stats.missed),
        (1, 1, 0),
        "{stats:?}"
    );
    // Given back, it is no pressure.
    trim.works.store(true, Ordering::Relaxed);
    after_a_while().await;
    assert!(
        resident() < resident_full / 2,
        "{} of {resident_full}",
        resident()
    );
    assert_eq!(memory.check_pressure(), PressureLevel::Low);
    drop(gauge);
    runtime.stop(Duration::from_secs(60)).await;
}
