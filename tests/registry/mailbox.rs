//! A limit on the messages that wait.

use std::num::NonZeroUsize;

use mainstay_supervisors::{CallError, Namespace, ServiceRef};
use mainstay_tests::probe::{Bed, Notes, Order, Probe, order, within};
use tokio::sync::oneshot;

use crate::{name, secs};

/// Takes at most three messages that wait.
async fn limited(bed: &Bed) -> (Namespace, ServiceRef<Order>) {
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    let limit = NonZeroUsize::new(3).expect("not zero");
    let child = Probe::new()
        .child("a")
        .name(name("service"))
        .mailbox_limit(limit);
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    let service = namespace.service(name("service"));
    (namespace, service)
}

/// Keeps it busy until the sender is used or dropped.
async fn busy(service: &ServiceRef<Order>) -> oneshot::Sender<()> {
    let (go, gone) = oneshot::channel::<()>();
    let notes = Notes::new();
    let begun = notes.clone();
    let wait = move |_| async move {
        begun.add("begun");
        gone.await.ok();
        Ok(())
    };
    service.cast(Order::run(wait)).expect("there is room");
    notes.until("begun").await;
    go
}

fn nothing() -> Order {
    Order::run(|_| async { Ok(()) })
}

#[tokio::test(start_paused = true)]
async fn one_more_than_the_limit_is_refused_until_it_has_caught_up() {
    let bed = Bed::new();
    let (_namespace, service) = limited(&bed).await;
    for _ in 0..3 {
        let go = busy(&service).await;
        for _ in 0..3 {
            service.cast(nothing()).expect("there is room");
        }
        assert_eq!(service.cast(nothing()), Err(CallError::Refused(3)));
        let call = within(service.call(Order::Pid, secs(1))).await;
        assert_eq!(call, Err(CallError::Refused(3)));
        go.send(()).expect("it waits");
        // An answer comes after all that waited.
        while service.cast(nothing()).is_err() {
            tokio::task::yield_now().await;
        }
        within(service.call(Order::Pid, secs(1)))
            .await
            .expect("it has caught up");
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_given_up_wait_all_the_same() {
    let bed = Bed::new();
    let (_namespace, service) = limited(&bed).await;
    let go = busy(&service).await;
    for _ in 0..3 {
        let answer = within(service.call(Order::Pid, secs(1))).await;
        assert_eq!(answer, Err(CallError::Timeout(secs(1))));
    }
    assert_eq!(service.cast(nothing()), Err(CallError::Refused(3)));
    go.send(()).expect("it waits");
    tokio::task::yield_now().await;
    within(service.call(Order::Pid, secs(1)))
        .await
        .expect("it has caught up");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_successor_begins_empty() {
    let bed = Bed::new();
    let (_namespace, service) = limited(&bed).await;
    let go = busy(&service).await;
    for _ in 0..3 {
        service.cast(nothing()).expect("there is room");
    }
    service.process().expect("it is registered").kill();
    bed.log().until("started test/children/a again 1").await;
    let again = busy(&service).await;
    for _ in 0..3 {
        service.cast(nothing()).expect("there is room");
    }
    assert_eq!(service.cast(nothing()), Err(CallError::Refused(3)));
    drop((go, again));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_goes_round_the_handle_is_neither_refused_nor_makes_less_room() {
    let bed = Bed::new();
    let (_namespace, service) = limited(&bed).await;
    let process = service.process().expect("it is registered");
    let go = busy(&service).await;
    for _ in 0..10 {
        order(&process, nothing());
    }
    for _ in 0..3 {
        service.cast(nothing()).expect("there is room");
    }
    assert_eq!(service.cast(nothing()), Err(CallError::Refused(3)));
    go.send(()).expect("it waits");
    while service.cast(nothing()).is_err() {
        tokio::task::yield_now().await;
    }
    within(service.call(Order::Pid, secs(1)))
        .await
        .expect("it has caught up");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_senders_never_exceed_the_limit_and_none_is_kept_out_for_good() {
    let bed = Bed::new();
    let (_namespace, service) = limited(&bed).await;
    let notes = Notes::new();
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (service, notes) = (service.clone(), notes.clone());
            tokio::spawn(async move {
                for _ in 0..100 {
                    while service.cast(Order::note(&notes, "handled")) == Err(CallError::Refused(3))
                    {
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        within(sender).await.expect("no panic");
    }
    notes.until_lines(800).await;
    bed.end().await;
}
