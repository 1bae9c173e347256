//! Several equal children, and a key that chooses one of them.

use std::collections::BTreeMap;

use mainstay_supervisors::specs::{Backoff, Strategy};
use mainstay_supervisors::{
    Child, DynamicSupervisor, PartitionRef, PartitionSupervisor, Pid, Supervisor,
};
use mainstay_tests::probe::{Bed, Order, Probe, order, within};

use crate::{children, counts, millis, secs};

async fn started(bed: &Bed, partitions: PartitionSupervisor) -> PartitionRef {
    let supervisor = bed.start(partitions).await;
    PartitionRef::new(supervisor).expect("it has partitions")
}

fn four() -> PartitionSupervisor {
    PartitionSupervisor::new(Probe::new().child("worker")).partitions(4)
}

#[tokio::test(start_paused = true)]
async fn partitions_are_numbered_from_zero() {
    let bed = Bed::new();
    let partitions = started(&bed, four()).await;
    assert_eq!(partitions.partitions(), 4);
    let ids: Vec<_> = children(partitions.supervisor())
        .await
        .into_iter()
        .map(|child| child.0)
        .collect();
    assert_eq!(ids, ["0", "1", "2", "3"]);
    assert_eq!(counts(partitions.supervisor()).await, [4, 4, 0, 4]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn there_is_one_for_each_core_unless_told_otherwise() {
    let bed = Bed::new();
    let partitions = started(&bed, PartitionSupervisor::new(Probe::new().child("worker"))).await;
    let cores = std::thread::available_parallelism().expect("it is known");
    assert_eq!(partitions.partitions(), cores.get());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn integers_are_taken_by_their_remainder() {
    let bed = Bed::new();
    let partitions = started(&bed, four()).await;
    for (key, partition) in [
        (0, "0"),
        (3, "3"),
        (4, "0"),
        (-1, "1"),
        (-7, "3"),
        (i64::MAX, "3"),
        (i64::MIN, "0"),
    ] {
        let process = partitions.route_integer(key).expect("it runs");
        assert_eq!(process.id().as_str(), partition, "{key}");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_always_goes_to_the_same_partition_and_all_are_used_alike() {
    let bed = Bed::new();
    let partitions = started(&bed, four()).await;
    let place = |key: &str| partitions.route(key).expect("it runs").id().to_string();
    let mut used = BTreeMap::new();
    for number in 0..4000 {
        let key = format!("user {number}");
        assert_eq!(place(&key), place(&key));
        *used.entry(place(&key)).or_insert(0_u32) += 1;
    }
    assert_eq!(used.len(), 4);
    assert!(
        used.values().all(|count| (700..=1300).contains(count)),
        "{used:?}"
    );
    let mut used = BTreeMap::new();
    for number in 0..4000_u64 {
        let process = partitions.route(&number).expect("it runs");
        *used.entry(process.pid()).or_insert(0_u32) += 1;
    }
    assert!(
        used.values().all(|count| (700..=1300).contains(count)),
        "{used:?}"
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_to_the_successor_after_a_restart_and_to_nobody_meanwhile() {
    let bed = Bed::new();
    let backoff = Backoff::new(millis(100), secs(1)).jitter(0.0);
    let child = Probe::new().child("worker").backoff(backoff);
    let partitions = started(&bed, PartitionSupervisor::new(child).partitions(3)).await;
    let before = partitions.route_integer(7).expect("it runs");
    order(&before, Order::fail("no disk"));
    within(before.ended()).await;
    assert_eq!(partitions.route_integer(7), None);
    assert!(partitions.route_integer(8).is_some());
    bed.log().until("started root/1 again 1").await;
    // The event comes a moment before the table shows it.
    counts(partitions.supervisor()).await;
    let after = partitions.route_integer(7).expect("it runs again");
    assert_eq!((after.id(), after == before), (before.id(), false));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_strategy_can_tie_them_together() {
    let bed = Bed::new();
    let partitions = started(&bed, four().strategy(Strategy::OneForAll)).await;
    let before: Vec<Pid> = pids(&partitions);
    order(
        &partitions.route_integer(2).expect("it runs"),
        Order::fail("no disk"),
    );
    bed.log().until("started root/3 again 1").await;
    counts(partitions.supervisor()).await;
    let after = pids(&partitions);
    assert!(
        before.iter().all(|pid| !after.contains(pid)),
        "{before:?} {after:?}"
    );
    bed.end().await;
}

fn pids(partitions: &PartitionRef) -> Vec<Pid> {
    let pid = |key| partitions.route_integer(key).expect("it runs").pid();
    (0..4).map(pid).collect()
}

#[tokio::test(start_paused = true)]
async fn restarts_are_counted_over_all_partitions() {
    let bed = Bed::new();
    let partitions = started(&bed, four().intensity(2, secs(5))).await;
    for key in 0..3 {
        let process = partitions.route_integer(key).expect("it runs");
        order(&process, Order::fail("no disk"));
        within(process.ended()).await;
    }
    let process = partitions.supervisor().process();
    assert_eq!(
        within(process.ended()).await,
        mainstay_supervisors::ExitReason::Shutdown
    );
    assert_eq!(partitions.route_integer(3), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn slow_starts_under_different_partitions_do_not_wait_for_each_other() {
    let bed = Bed::new();
    let dynamic = Child::supervisor("pool", DynamicSupervisor::new());
    let partitions = started(&bed, PartitionSupervisor::new(dynamic).partitions(3)).await;
    let slow = || {
        let probe = Probe::new().pre_start(|_| async {
            tokio::time::sleep(secs(1)).await;
            Ok(())
        });
        probe.child("slow")
    };
    let begun = tokio::time::Instant::now();
    let pool = |key| {
        partitions
            .route_integer(key)
            .expect("it runs")
            .supervisor()
            .expect("one")
    };
    let (one, two, three) = (pool(0), pool(1), pool(2));
    let started = async {
        tokio::join!(
            one.start_child(slow()),
            two.start_child(slow()),
            three.start_child(slow())
        )
    };
    let (one, two, three) = within(started).await;
    one.and(two).and(three).expect("they start");
    assert_eq!(begun.elapsed(), secs(1));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_without_children_has_no_partitions() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    assert!(PartitionRef::new(supervisor).is_none());
    bed.end().await;
}
