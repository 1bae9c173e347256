//! Messages to whoever holds a name, without an answer.

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{CallError, Child, ServiceRef, Supervisor};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, within};

use crate::calls::serving;
use crate::{name, secs};

#[tokio::test(start_paused = true)]
async fn messages_arrive_in_order() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    for number in 0..100 {
        service
            .cast(Order::note(&notes, number.to_string()))
            .expect("it runs");
    }
    notes.until_lines(100).await;
    assert_eq!(
        notes.all(),
        (0..100)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_holder_there_is_no_process() {
    let bed = Bed::new();
    let child = Probe::new().child("a").restart(Restart::Temporary);
    let (namespace, service) = serving(&bed, child).await;
    let nobody: ServiceRef<Order> = namespace.service(name("nobody"));
    assert_eq!(nobody.cast(Order::panic()), Err(CallError::NoProcess));
    let process = service.process().expect("it is registered");
    crate::kill(&process).await;
    assert_eq!(service.cast(Order::panic()), Err(CallError::NoProcess));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_may_cast_to_itself() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let (own, seen) = (service.clone(), notes.clone());
    let again = move |_| async move {
        own.cast(Order::note(&seen, "second"))?;
        seen.add("first");
        Ok(())
    };
    service.cast(Order::run(again)).expect("it runs");
    notes.until("second").await;
    assert_eq!(notes.all(), ["first", "second"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_drained_process_takes_no_messages_and_its_successor_does() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let process = service.process().expect("it is registered");
    process
        .actor_cell()
        .expect("an actor")
        .drain()
        .expect("it runs");
    assert_eq!(
        service.cast(Order::note(&notes, "lost")),
        Err(CallError::NoProcess)
    );
    bed.log().until("started test/children/a again 1").await;
    service
        .cast(Order::note(&notes, "arrived"))
        .expect("the successor runs");
    notes.until("arrived").await;
    assert_eq!(notes.all(), ["arrived"]);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_cast_to_one_that_drains_is_handled_or_refused() {
    // Every drain handles what it has taken; so nothing that was taken is lost, restart after restart.
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
    let notes = Notes::new();
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let (service, notes) = (service.clone(), notes.clone());
            tokio::spawn(async move {
                let mut taken = 0;
                while taken < 500 {
                    match service.cast(Order::note(&notes, "handled")) {
                        Ok(()) => taken += 1,
                        Err(CallError::NoProcess) => tokio::task::yield_now().await,
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    for _ in 0..100 {
        let process = within(namespace.wait_for(&name("service"), secs(60)))
            .await
            .expect("it comes");
        process.actor_cell().expect("an actor").drain().ok();
        within(process.ended()).await;
    }
    for sender in senders {
        within(sender).await.expect("no panic");
    }
    notes.until_lines(2000).await;
    assert_eq!(notes.all().len(), 2000);
    bed.end().await;
}
