//! References that outlive whom they refer to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mainstay_supervisors::specs::Backoff;
use mainstay_supervisors::{CallError, Child, ExitReason, ServiceRef, Supervisor};
use mainstay_tests::probe::{Bed, Order, Probe, id, order, within};

use crate::calls::{pid, serving};
use crate::{name, secs};

#[tokio::test(start_paused = true)]
async fn a_reference_survives_restarts_and_finds_nobody_in_between() {
    let bed = Bed::new();
    let backoff = Backoff::new(secs(1), secs(1)).jitter(0.0);
    let (_namespace, service) = serving(&bed, Probe::new().child("a").backoff(backoff)).await;
    let before = pid(&service).await.expect("it answers");
    let clone = service.clone();
    let process = service.process().expect("it is registered");
    order(&process, Order::fail("no disk"));
    within(process.ended()).await;
    assert_eq!(pid(&service).await, Err(CallError::NoProcess));
    bed.log().until("started test/children/a again 1").await;
    let after = pid(&service).await.expect("it answers");
    assert!(after > before);
    assert_eq!(pid(&clone).await, Ok(after));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_reference_may_be_there_before_whom_it_refers_to() {
    let bed = Bed::new();
    let (namespace, _) = serving(&bed, Probe::new().child("a")).await;
    let service: ServiceRef<Order> = namespace.service(name("late"));
    assert_eq!(pid(&service).await, Err(CallError::NoProcess));
    let late = Probe::new().child("late").name(name("late"));
    within(namespace.start_child(late))
        .await
        .expect("it starts");
    assert!(pid(&service).await.is_ok());
    within(namespace.stop_child(&id("late")))
        .await
        .expect("it runs");
    assert_eq!(pid(&service).await, Err(CallError::NoProcess));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_reference_leaves_a_holder_that_gave_the_name_up() {
    let bed = Bed::new();
    let (namespace, _) = serving(&bed, Probe::new().child("a")).await;
    let mut pids = Vec::new();
    for child in ["b", "c"] {
        let started = within(namespace.start_child(Probe::new().child(child))).await;
        pids.push(
            started
                .expect("it starts")
                .process()
                .expect("it runs")
                .clone(),
        );
    }
    let service: ServiceRef<Order> = namespace.service(name("role"));
    for process in &pids {
        let held = namespace
            .register(name("role"), process)
            .expect("it is free");
        assert_eq!(pid(&service).await, Ok(process.pid()));
        assert!(held.release());
        assert_eq!(pid(&service).await, Err(CallError::NoProcess));
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_across_many_restarts_are_answered_or_told_why_not() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    let tree = Supervisor::one_for_one()
        .intensity(u32::MAX, secs(5))
        .child(Probe::new().child("a").name(name("service")));
    within(namespace.start_child(Child::supervisor("inner", tree)))
        .await
        .expect("it starts");
    let service: ServiceRef<Order> = namespace.service(name("service"));
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (service, stop) = (service.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answered = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    match service.call(Order::Pid, secs(60)).await {
                        Ok(_) => answered += 1,
                        Err(CallError::NoProcess) => tokio::task::yield_now().await,
                        Err(CallError::Exited(reason)) => {
                            assert!(!matches!(reason, ExitReason::Shutdown))
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
                answered
            })
        })
        .collect();
    for turn in 0..300 {
        let process = within(namespace.wait_for(&name("service"), secs(60)))
            .await
            .expect("it comes");
        match turn % 3 {
            0 => process.kill(),
            1 => process.actor_cell().expect("an actor").stop(None),
            _ => drop(service.cast(Order::fail("no disk"))),
        }
        within(process.ended()).await;
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(within(caller).await.expect("no panic") > 0);
    }
    bed.end().await;
}
