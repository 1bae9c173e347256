//! What is taken for a partition supervisor, and how many partitions it has.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{
    Blueprint, Child, DynamicSupervisor, PartitionRef, PartitionSupervisor, Supervisor,
    TaskSupervisor,
};
use mainstay_tests::probe::{Bed, Probe, within};
use tokio::task::yield_now;

use crate::counts;

fn worker(id: &str) -> Child {
    Probe::new().child(id)
}

#[tokio::test(start_paused = true)]
async fn only_a_partition_supervisor_is_one() {
    let bed = Bed::new();
    let others: [Blueprint; 5] = [
        Supervisor::one_for_one().into(),
        Supervisor::one_for_one().child(worker("a")).into(),
        Supervisor::one_for_all()
            .children([worker("0"), worker("1")])
            .into(),
        DynamicSupervisor::new().into(),
        TaskSupervisor::new().into(),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let supervisor = bed.start(other).await;
        assert!(PartitionRef::new(supervisor).is_none(), "{number}");
    }
    let dynamic = bed.start(DynamicSupervisor::new()).await;
    within(dynamic.start_child(worker("0")))
        .await
        .expect("it starts");
    assert!(PartitionRef::new(dynamic).is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_has_ended_for_good_leaves_its_keys_to_nobody() {
    let bed = Bed::new();
    let child = worker("worker").restart(Restart::Temporary);
    let supervisor = bed
        .start(PartitionSupervisor::new(child).partitions(3))
        .await;
    let before = PartitionRef::new(supervisor.clone()).expect("it has partitions");
    before.route_integer(1).expect("it runs").kill();
    while counts(&supervisor).await[1] > 2 {
        yield_now().await;
    }
    let after = PartitionRef::new(supervisor).expect("it has partitions");
    for partitions in [before, after] {
        assert_eq!(partitions.partitions(), 3);
        let places = (0..6).map(|key| partitions.route_integer(key));
        let places: Vec<_> = places
            .map(|process| process.map(|process| process.id().to_string()))
            .collect();
        let [zero, two] = ["0", "2"].map(|id| Some(id.to_owned()));
        assert_eq!(places, [zero.clone(), None, two.clone(), zero, None, two]);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_one_when_all_its_partitions_have_ended() {
    let bed = Bed::new();
    let child = worker("worker").restart(Restart::Temporary);
    let supervisor = bed
        .start(PartitionSupervisor::new(child).partitions(2))
        .await;
    let partitions = PartitionRef::new(supervisor.clone()).expect("it has partitions");
    for key in 0..2 {
        partitions.route_integer(key).expect("it runs").kill();
    }
    while counts(&supervisor).await[1] > 0 {
        yield_now().await;
    }
    let partitions = PartitionRef::new(supervisor).expect("it is still one");
    assert_eq!(partitions.partitions(), 2);
    assert_eq!(partitions.route("key"), None);
    bed.end().await;
}
