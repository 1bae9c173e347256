//! The memory guard.

use std::time::Duration;

use mainstay_actors::MemoryManager;
use mainstay_actors::limiter::RateKey;
use mainstay_actors::memory::{PressureLevel, PressureSimulation};
use mainstay_actors::protection::{Guard, ProtectionError};
use mainstay_supervisors::specs::{
    AdmissionAction, MemoryDemand, MemoryManagerSpec, OperationClass, OperationPriority,
};

use tokio::time::Instant;

use super::support::{Bed, without_pool, works};

const ADA: RateKey<'static> = RateKey::user("ada");

async fn with_memory(class: OperationClass) -> (Bed, MemoryManager) {
    let demand = MemoryDemand::new(class).bytes(4096);
    let bed = Bed::new(without_pool().memory(demand)).await;
    let spec = MemoryManagerSpec::default().simulation(true);
    let child = MemoryManager::child(spec);
    bed.namespace.start_child(child).await.expect("it starts");
    let memory = MemoryManager::of(&bed.namespace);
    (bed, memory)
}

fn critical(memory: &MemoryManager) {
    let minute = Duration::from_secs(60);
    let simulated = memory.simulate_pressure(PressureLevel::Critical, minute);
    simulated.expect("it may be");
}

#[tokio::test]
async fn at_critical_pressure_writes_are_refused_before_the_limiter_is_asked() {
    let (bed, memory) = with_memory(OperationClass::Write).await;
    let orders = bed.orders();
    orders.key(ADA).run(works).await.expect("there is memory");
    critical(&memory);
    let refused = orders.key(ADA).run(works).await.unwrap_err();
    assert_eq!(refused.guard(), Some(Guard::Memory));
    let ProtectionError::MemoryPressure(why) = &refused else {
        panic!("{refused}");
    };
    assert_eq!((why.class, why.bytes), (OperationClass::Write, 4096));
    assert_eq!(refused.retry_after(), Some(why.retry_after));
    assert_eq!(bed.tokens_left("ada"), 2);
    let totals = bed.breaker.stats().totals;
    assert_eq!((totals.ignored, totals.failures), (1, 0));
    assert_eq!(bed.counts().memory_pressure, 1);
    bed.end().await;
}

#[tokio::test]
async fn what_frees_memory_passes_always() {
    let (bed, memory) = with_memory(OperationClass::Release).await;
    critical(&memory);
    bed.orders().key(ADA).run(works).await.expect("it frees");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_memory_manager_everything_is_let_in() {
    let demand = MemoryDemand::new(OperationClass::Background);
    let demand = demand.bytes(u64::MAX).priority(OperationPriority::Low);
    let bed = Bed::new(without_pool().memory(demand)).await;
    bed.orders()
        .key(ADA)
        .run(works)
        .await
        .expect("nobody minds");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn time_that_is_up_with_the_delay_was_up_at_memory_and_gives_the_bytes_back() {
    let demand = MemoryDemand::new(OperationClass::Write).bytes(1 << 20);
    let spec = MemoryManagerSpec::default().simulation(true).psi(false);
    let child = MemoryManager::child(spec.budget(1 << 50));
    let bed = Bed::new(without_pool().memory(demand)).await;
    bed.namespace.start_child(child).await.expect("it starts");
    let memory = MemoryManager::of(&bed.namespace);
    let high = PressureSimulation::ratio(0.85).lasting(Duration::from_secs(60));
    memory.simulate(high).expect("it may be");
    let ask = || memory.try_reserve(OperationClass::Write, 1 << 20, OperationPriority::Normal);
    let (reservation, delay) = ask().expect("it is let in");
    drop(reservation);
    assert!(!delay.is_zero());

    let orders = bed.orders();
    for by in [delay / 2, delay] {
        let by = Instant::now() + by;
        let late = orders.key(ADA).by(by).run(works).await.unwrap_err();
        assert_eq!(Instant::now(), by);
        assert_eq!(
            late.to_string(),
            "the time for orders was up before it was begun, at the guard `memory`"
        );
        assert_eq!(memory.admission_stats().reserved, 0);
        assert_eq!(bed.tokens_left("ada"), 3);
    }
    let (counts, totals) = (bed.counts(), bed.breaker.stats().totals);
    assert_eq!((counts.late, counts.begun), (2, 0));
    assert_eq!((totals.ignored, totals.failures), (2, 0));
    bed.end().await;
}

#[test]
fn the_table_says_what_becomes_of_a_class() {
    let spec = MemoryManagerSpec::default();
    let write = spec.admission.row(OperationClass::Write);
    assert_eq!(write.at(PressureLevel::Critical), AdmissionAction::Refuse);
    let control = spec.admission.row(OperationClass::Control);
    assert_eq!(control.at(PressureLevel::Critical), AdmissionAction::Allow);
}
