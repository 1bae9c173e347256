//! Services that ask for the pressure while they are being cleaned, and pressure that no cleanup relieves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mainstay_actors::memory::{
    CleanupAnswer, CleanupClass, CleanupOptions, CleanupPriority, CleanupReport, MemoryCleanup,
    MemoryEvent, MemoryManager, OperationClass, OperationPriority, PressureLevel,
};
use mainstay_supervisors::Namespace;
use mainstay_supervisors::specs::ServiceName;
use tokio::time::{sleep, timeout};

use super::support::{Bed, name, seconds};

/// Asks its memory manager for everything there is to ask, while it is being cleaned.
#[derive(Debug, Default)]
struct Asks {
    memory: OnceLock<MemoryManager>,
    runs: AtomicU64,
}

impl MemoryCleanup for Asks {
    fn class(&self) -> CleanupClass {
        CleanupClass::Cache
    }

    fn cleanup<'a>(
        &'a self,
        _: &'a Namespace,
        service: &'a ServiceName,
        _: &'a CleanupOptions,
    ) -> CleanupAnswer<'a> {
        Box::pin(async move {
            let memory = self.memory.get().expect("it was set");
            assert_eq!(memory.check_pressure(), PressureLevel::Critical);
            let (write, normal) = (OperationClass::Write, OperationPriority::Normal);
            let write = memory.check_operation_allowed(write, 1 << 20, normal);
            assert!(!write.is_admitted());
            memory.request_cleanup(service, CleanupPriority::Emergency);
            memory.check_now().await.expect("a sample");
            assert_eq!(memory.stats().pressure_level, PressureLevel::Critical);
            self.runs.fetch_add(1, Ordering::Relaxed);
            Ok(CleanupReport::entries(1))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_the_pressure_while_it_is_cleaned_waits_for_nobody() {
    let bed = Bed::new().await;
    let asks = Arc::new(Asks::default());
    asks.memory
        .set(bed.memory.clone())
        .expect("it is the first");
    let strategy: Arc<dyn MemoryCleanup> = Arc::<Asks>::clone(&asks);
    let strategy = bed.memory.register_cleanup(name("service"), strategy);
    let mut events = bed.memory.subscribe().expect("room");
    let made_up = bed
        .memory
        .simulate_pressure(PressureLevel::Critical, seconds(60));
    made_up.expect("it is allowed");
    let finished = timeout(seconds(1), async {
        loop {
            let event = events.next().await.expect("it goes on");
            if let MemoryEvent::CleanupFinished(end) = event.expect("nothing is lost")
                && end.service.as_str() == "service"
            {
                return;
            }
        }
    });
    finished.await.expect("it does not wait");
    assert_eq!(asks.runs.load(Ordering::Relaxed), 1);
    drop((strategy.expect("room"), events));
    bed.end().await;
}

/// Takes its time, and frees nothing.
#[derive(Debug, Default)]
struct InVain(AtomicU64);

const TAKES: Duration = Duration::from_millis(400);

impl MemoryCleanup for InVain {
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
            sleep(TAKES).await;
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(CleanupReport::entries(0))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn pressure_that_no_cleanup_relieves_takes_less_than_a_twentieth_of_the_time_for_cleanups() {
    let bed = Bed::new().await;
    let in_vain = Arc::new(InVain::default());
    let strategy: Arc<dyn MemoryCleanup> = Arc::<InVain>::clone(&in_vain);
    let strategy = bed.memory.register_cleanup(name("service"), strategy);
    let gauge = bed.gauge();
    // An hour of a level that stays, seen by each of its samples.
    for _ in 0..3600 {
        assert_eq!(bed.sample(&gauge, 0.99).await, PressureLevel::Critical);
        sleep(seconds(1)).await;
    }
    let runs = in_vain.0.load(Ordering::Relaxed);
    assert!(runs > 1, "it is not given up");
    let busy = TAKES * u32::try_from(runs).expect("few");
    assert!(busy < seconds(3600 / 20), "{runs} runs");
    drop((strategy.expect("room"), gauge));
    bed.end().await;
}
