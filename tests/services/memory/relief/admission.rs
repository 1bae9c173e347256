//! What is let in.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mainstay_actors::MemoryManager;
use mainstay_actors::memory::{
    Admission, Measure, MemoryGauge, MemorySetup, OperationClass, OperationPriority, PressureLevel,
    PressureSimulation, RefusalReason,
};
use mainstay_supervisors::specs::{AdmissionAction, AdmissionRow, AdmissionSpec, NamespaceName};
use mainstay_supervisors::{NamespacePlan, Runtime};
use tokio::time::Instant;

use super::support::{Bed, LONG, name, spec};

const MIB: u64 = 1 << 20;
const NORMAL: OperationPriority = OperationPriority::Normal;

/// A namespace in which so many of 1,000 MiB are taken; critical is 95 % of them.
async fn taken(mib: u64) -> (Bed, MemoryGauge) {
    let bed = Bed::set_up(MemorySetup::new(spec()).by_hand()).await;
    let gauge = bed.memory.register_gauge(name("test")).expect("a place");
    gauge.set(Measure::bytes(mib * MIB, 1000 * MIB));
    bed.memory.check_now().await.expect("a sample");
    (bed, gauge)
}

#[tokio::test(start_paused = true)]
async fn those_who_ask_at_once_are_not_all_let_in() {
    let (bed, gauge) = taken(500).await;
    let reserve = || {
        bed.memory
            .try_reserve(OperationClass::Write, 100 * MIB, NORMAL)
    };
    let mut held: Vec<_> = (0..4).map(|_| reserve().expect("there is room")).collect();
    let refused = reserve().unwrap_err();
    let (room, reserved) = (450 * MIB, 400 * MIB);
    assert_eq!(refused.reason, RefusalReason::NoRoom { room, reserved });
    assert_eq!(refused.level, PressureLevel::Low);
    // So it is for one who only asks.
    let asked = bed
        .memory
        .check_operation_allowed(OperationClass::Write, 100 * MIB, NORMAL);
    assert!(!asked.is_admitted());
    // There is room for what is small, and for what frees memory.
    let small = bed
        .memory
        .try_reserve(OperationClass::Write, 65_535, NORMAL);
    assert_eq!(small.expect("it is let in").0.bytes(), 0);
    let freeing = bed
        .memory
        .try_reserve(OperationClass::Release, 100 * MIB, NORMAL);
    drop(freeing.expect("it is let in"));
    held.pop();
    drop(reserve().expect("there is room again"));
    let (last, delay) = held.pop().expect("three are left");
    let mut last = last;
    assert_eq!((delay, last.bytes()), (Duration::ZERO, 100 * MIB));
    last.shrink(10 * MIB);
    assert_eq!(bed.memory.admission_stats().reserved, 210 * MIB);
    drop((held, last));
    assert_eq!(bed.memory.admission_stats().reserved, 0);
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_operation_says_to_have_taken_counts_once_when_it_is_measured() {
    let (bed, gauge) = taken(500).await;
    let reserve = |mib| {
        let (class, bytes) = (OperationClass::Write, mib * MIB);
        bed.memory.try_reserve(class, bytes, NORMAL)
    };
    let reserved = || bed.memory.admission_stats().reserved / MIB;
    let (mut held, _) = reserve(300).expect("there is room");
    held.taken(200 * MIB);
    gauge.set(Measure::bytes(700 * MIB, 1000 * MIB));
    assert_eq!((held.bytes(), reserved()), (100 * MIB, 300));
    bed.memory.check_now().await.expect("a sample");
    assert_eq!(reserved(), 100);
    // Up to 950 it is 250, of which 100 are reserved.
    drop(reserve(151).unwrap_err());
    drop(reserve(150).expect("there is room"));
    // No more than are reserved.
    held.taken(1 << 60);
    drop(held);
    assert_eq!(reserved(), 100);
    bed.memory.check_now().await.expect("a sample");
    assert_eq!(reserved(), 0);
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_does_not_say_what_it_has_taken_keeps_no_more_from_others_than_it_has_reserved()
 {
    let (bed, gauge) = taken(500).await;
    let reserve = |mib| {
        let (class, bytes) = (OperationClass::Write, mib * MIB);
        bed.memory.try_reserve(class, bytes, NORMAL)
    };
    let (held, _) = reserve(100).expect("there is room");
    gauge.set(Measure::bytes(600 * MIB, 1000 * MIB));
    bed.memory.check_now().await.expect("a sample");
    // It would be 350.
    drop(reserve(251).unwrap_err());
    drop(reserve(250).expect("there is room"));
    drop(held);
    drop(reserve(350).expect("there is room"));
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_sample_for_which_nothing_was_measured_settles_nothing() {
    let (bed, gauge) = taken(500).await;
    let reserved = bed
        .memory
        .try_reserve(OperationClass::Write, 100 * MIB, NORMAL);
    let (mut held, _) = reserved.expect("there is room");
    held.taken(100 * MIB);
    drop(gauge);
    bed.memory.check_now().await.expect("a sample");
    assert_eq!(bed.memory.admission_stats().reserved, 100 * MIB);
    let memory = bed.memory.clone();
    bed.end().await;
    // Nobody measures any more.
    assert_eq!(memory.admission_stats().reserved, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_was_refused_why_and_when_to_come_back() {
    let (bed, gauge) = taken(960).await;
    let refused = bed.memory.try_reserve(OperationClass::Write, 10, NORMAL);
    let refused = refused.unwrap_err();
    let text = refused.to_string();
    let (what, when) = text.split_once("; come back in ").expect("both");
    assert_eq!(
        what,
        "memory pressure is critical, from test: there is no admission for a write of 10 bytes"
    );
    // In milliseconds, and not too soon.
    let whole = refused.retry_after.as_nanos().div_ceil(1_000_000);
    let expected = match (whole / 1000, whole % 1000) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, rest) => format!("{seconds}s {rest}ms"),
    };
    assert_eq!(when, expected);
    let second = Duration::from_secs(1);
    assert!((second * 3 / 2..=second * 5 / 2).contains(&refused.retry_after));
    drop(gauge);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_to_come_back_at_the_same_moment() {
    let (bed, gauge) = taken(960).await;
    let times: std::collections::BTreeSet<Duration> = (0..100)
        .map(|_| {
            let refused = bed.memory.try_reserve(OperationClass::Write, 10, NORMAL);
            refused.unwrap_err().retry_after
        })
        .collect();
    assert!(times.len() > 90, "{times:?}");
    drop(gauge);
    bed.end().await;
}

/// Half way between high, 0.825, and critical.
fn half_way() -> PressureSimulation {
    PressureSimulation::ratio(0.8875).lasting(LONG)
}

#[tokio::test(start_paused = true)]
async fn a_delay_grows_with_pressure_and_is_waited_out() {
    let bed = Bed::new().await;
    bed.memory.simulate(half_way()).expect("it is allowed");
    let began = Instant::now();
    let reserved = bed.memory.reserve(OperationClass::Write, MIB, NORMAL).await;
    let waited = began.elapsed();
    assert!(
        (Duration::from_millis(50)..Duration::from_millis(52)).contains(&waited),
        "{waited:?}"
    );
    drop(reserved.expect("it is let in"));
    let high =
        bed.memory
            .check_operation_allowed(OperationClass::Write, 0, OperationPriority::High);
    let low = bed
        .memory
        .check_operation_allowed(OperationClass::Write, 0, OperationPriority::Low);
    let times = [high, low].map(|one| one.into_result().expect("let in").as_millis());
    assert_eq!(times, [25, 75]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_who_gives_up_while_it_is_delayed_holds_nothing() {
    let bed = Bed::new().await;
    bed.memory.simulate(half_way()).expect("it is allowed");
    {
        let mut delayed = pin!(bed.memory.reserve(OperationClass::Write, MIB, NORMAL));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(delayed.as_mut().poll(&mut cx), Poll::Pending));
        assert_eq!(bed.memory.admission_stats().reserved, MIB);
    }
    assert_eq!(bed.memory.admission_stats().reserved, 0);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn so_many_are_shed_as_pressure_says() {
    let bed = Bed::new().await;
    bed.memory.simulate(half_way()).expect("it is allowed");
    let ask = || {
        bed.memory
            .check_operation_allowed(OperationClass::Background, 0, NORMAL)
    };
    let shed = (0..10_000).filter(|_| !ask().is_admitted()).count();
    // One half; five times as far from it as one would be by chance in a million tries.
    assert!((4_500..5_500).contains(&shed), "{shed}");
    let stats = bed.memory.admission_stats();
    let background = stats.of(OperationClass::Background).expect("a class");
    assert_eq!((background.shed, background.refused), (shed as u64, 0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_table_of_the_applications_own_is_gone_by() {
    use AdmissionAction::{Allow, Refuse};
    let row = AdmissionRow {
        low: Allow,
        medium: Refuse,
        high: Refuse,
        critical: Refuse,
    };
    let bed = Bed::with_spec(spec().admission(AdmissionSpec::default().read(row))).await;
    let ask = || {
        bed.memory
            .check_operation_allowed(OperationClass::Read, 0, NORMAL)
    };
    assert_eq!(ask(), Admission::Allow);
    bed.simulate(PressureLevel::Medium);
    assert!(!ask().is_admitted());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_no_memory_manager_runs_everything_is_let_in() {
    let runtime = Runtime::new();
    let bed = NamespaceName::new("bed").expect("a name");
    let started = runtime.start_namespace(bed, NamespacePlan::new()).await;
    let memory = MemoryManager::of(&started.expect("it starts"));
    for class in OperationClass::ALL {
        let admission = memory.check_operation_allowed(class, 1 << 40, NORMAL);
        assert_eq!(admission, Admission::Allow);
    }
    runtime.stop(LONG).await;
}
