//! Calls to whoever holds a name: the answer, or exactly why there is none.

use std::time::Duration;

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{
    CallError, Child, ExitReason, Namespace, Pid, Process, ServiceRef, StopToken, Supervisor,
    current,
};
use mainstay_tests::probe::{Bed, Notes, Order, Outcome, Probe, order, within};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::time::{Instant, sleep};

use crate::{name, secs};

/// A namespace with this child under the name `service`.
pub(crate) async fn serving(bed: &Bed, child: Child) -> (Namespace, ServiceRef<Order>) {
    let namespace = within(bed.runtime.namespace("test"))
        .await
        .expect("it starts");
    let child = child.name(name("service"));
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    let service = namespace.service(name("service"));
    (namespace, service)
}

pub(crate) async fn pid(service: &ServiceRef<Order>) -> Result<Pid, CallError> {
    within(service.call(Order::Pid, secs(1))).await
}

/// A request that is answered with what this future gives, or not at all.
fn request<F, S>(run: F) -> impl FnOnce(RpcReplyPort<()>) -> Order
where
    F: FnOnce(ActorRef<Order>, RpcReplyPort<()>) -> S + Send + 'static,
    S: Future<Output = Outcome> + Send + 'static,
{
    |reply| Order::run(move |me| run(me, reply))
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_the_name_answers() {
    let bed = Bed::new();
    let (namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let process = namespace.whereis("service").expect("it is registered");
    assert_eq!(pid(&service).await, Ok(process.pid()));
    assert_eq!(
        (service.name(), service.process()),
        (&name("service"), Some(process))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_holder_there_is_no_process() {
    let bed = Bed::new();
    let child = Probe::new().child("a").restart(Restart::Temporary);
    let (namespace, service) = serving(&bed, child).await;
    let nobody: ServiceRef<Order> = namespace.service(name("nobody"));
    assert_eq!(pid(&nobody).await, Err(CallError::NoProcess));
    let process = service.process().expect("it is registered");
    order(&process, Order::fail("no disk"));
    within(process.ended()).await;
    assert_eq!(pid(&service).await, Err(CallError::NoProcess));
    assert_eq!(service.process(), None);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_before_it_answers_tells_why() {
    type Way = (fn(&Process) -> Option<Order>, ExitReason);
    let ways: [Way; 5] = [
        (
            |_| Some(Order::fail("no disk")),
            ExitReason::failed("no disk"),
        ),
        (
            |_| Some(Order::throw(ExitReason::shutdown_with("moved"))),
            ExitReason::shutdown_with("moved"),
        ),
        (
            |p| {
                p.stop(ExitReason::Shutdown);
                None
            },
            ExitReason::Shutdown,
        ),
        (
            |p| {
                p.kill();
                None
            },
            ExitReason::Killed,
        ),
        (
            |p| {
                p.actor_cell().expect("an actor").stop(None);
                None
            },
            ExitReason::Normal,
        ),
    ];
    for (end, reason) in ways {
        let bed = Bed::new();
        let child = Probe::new().child("a").restart(Restart::Temporary);
        let (_namespace, service) = serving(&bed, child).await;
        let process = service.process().expect("it is registered");
        // The request is queued behind this one.
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        order(&process, Order::run(|_| async move { Ok(gone.await?) }));
        tokio::task::yield_now().await;
        if let Some(message) = end(&process) {
            order(&process, message);
        }
        let answer = async { tokio::join!(pid(&service), async { go.send(()) }).0 };
        assert_eq!(within(answer).await, Err(CallError::Exited(reason)));
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_fails_on_the_request_tells_why() {
    let bed = Bed::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let failing = request(|_, _reply| async { Err("no disk".into()) });
    let answer = within(service.call(failing, secs(1))).await;
    assert_eq!(
        answer,
        Err(CallError::Exited(ExitReason::failed("no disk")))
    );
    let panicking = request(|_, _reply| async { panic!("{}", mainstay_tests::probe::ON_PURPOSE) });
    bed.log().until("started test/children/a again 1").await;
    let Err(CallError::Exited(ExitReason::Panicked(panic))) =
        within(service.call(panicking, secs(1))).await
    else {
        panic!("it panics")
    };
    assert_eq!(panic.message(), "on purpose");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_in_time_is_not_waited_for() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let seen = notes.clone();
    let slow = request(move |_, reply| async move {
        sleep(secs(5)).await;
        seen.add("carried out");
        seen.add(format!("heard: {}", reply.send(()).is_ok()));
        Ok(())
    });
    let begun = Instant::now();
    let answer = within(service.call(slow, secs(2))).await;
    assert_eq!(answer, Err(CallError::Timeout(secs(2))));
    assert_eq!(begun.elapsed(), secs(2));
    // It is carried out all the same, and its answer disturbs nobody.
    let later = within(service.call(Order::Pid, secs(10))).await;
    assert!(later.is_ok(), "{later:?}");
    assert_eq!(notes.all(), ["carried out", "heard: false"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn no_time_is_a_time() {
    let bed = Bed::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let hanging = request(|_, reply| async move {
        let _reply = reply;
        std::future::pending().await
    });
    let answer = within(service.call(hanging, Duration::ZERO)).await;
    assert_eq!(answer, Err(CallError::Timeout(Duration::ZERO)));
    bed.runtime.stop(secs(60)).await;
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_future_is_dropped_is_carried_out() {
    let bed = Bed::new();
    let notes = Notes::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let seen = notes.clone();
    let slow = request(move |_, reply| async move {
        sleep(secs(5)).await;
        seen.add("carried out");
        drop(reply);
        Ok(())
    });
    tokio::time::timeout(secs(1), service.call(slow, secs(60)))
        .await
        .expect_err("it is slow");
    notes.until("carried out").await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_cannot_call_itself() {
    let bed = Bed::new();
    let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let (tell, told) = tokio::sync::oneshot::channel();
    let own = service.clone();
    let ask = move |_| async move {
        let here = own.call(Order::Pid, secs(1)).await;
        let me = current().expect("a process");
        let spawned = tokio::spawn(async move { me.scope(own.call(Order::Pid, secs(1))).await });
        tell.send((here, spawned.await?)).expect("the test waits");
        Ok(())
    };
    service.cast(Order::run(ask)).expect("it runs");
    let itself = Err(CallError::CallingSelf);
    assert_eq!(
        within(told).await.expect("it asks"),
        (itself.clone(), itself)
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn processes_call_each_other() {
    let bed = Bed::new();
    let (namespace, service) = serving(&bed, Probe::new().child("a")).await;
    let other = Probe::new().child("b").name(name("other"));
    within(namespace.start_child(other))
        .await
        .expect("it starts");
    let asker: ServiceRef<Order> = namespace.service(name("other"));
    let ask = request(move |_, reply| async move {
        service.call(Order::Pid, secs(1)).await?;
        Ok(reply.send(())?)
    });
    assert_eq!(within(asker.call(ask, secs(5))).await, Ok(()));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_by_a_living_process_has_no_reply() {
    for limit in [secs(1), Duration::from_millis(10)] {
        let bed = Bed::new();
        let (_namespace, service) = serving(&bed, Probe::new().child("a")).await;
        let begun = Instant::now();
        let careless = request(|_, _| async { Ok(()) });
        let answer = within(service.call(careless, limit)).await;
        assert_eq!(answer, Err(CallError::NoReply));
        assert!(
            begun.elapsed() <= limit,
            "{:?} of {limit:?}",
            begun.elapsed()
        );
        assert!(pid(&service).await.is_ok());
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_process_that_takes_its_time_is_waited_for_no_longer_than_allowed() {
    // The request is dropped, the process is stopping, and its end is an hour away.
    let bed = Bed::new();
    let slow = Probe::new().post_stop(|_| async {
        sleep(secs(3600)).await;
        Ok(())
    });
    let (_namespace, service) = serving(&bed, slow.child("a")).await;
    let begun = Instant::now();
    let quitting = request(|me, _| async move {
        me.stop(None);
        Ok(())
    });
    let answer = service.call(quitting, secs(2)).await;
    assert_eq!(
        (answer, begun.elapsed()),
        (Err(CallError::Timeout(secs(2))), secs(2))
    );
    let answer = service.call(Order::Pid, secs(2)).await;
    assert_eq!(
        (answer, begun.elapsed()),
        (Err(CallError::Timeout(secs(2))), secs(4))
    );
    bed.runtime.stop(secs(1)).await;
    bed.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_stopping_answers_with_its_reason_when_it_has_ended() {
    let bed = Bed::new();
    let notes = Notes::new();
    let seen = notes.clone();
    let slow = Probe::new().post_stop(move |_| {
        seen.add("stopping");
        async {
            sleep(secs(3)).await;
            Ok(())
        }
    });
    let (_namespace, service) = serving(&bed, slow.child("a").restart(Restart::Temporary)).await;
    let process = service.process().expect("it is registered");
    process.stop(ExitReason::shutdown_with("moved"));
    notes.until("stopping").await;
    let begun = Instant::now();
    let answer = within(service.call(Order::Pid, secs(60))).await;
    let moved = ExitReason::shutdown_with("moved");
    assert_eq!(
        (answer, begun.elapsed()),
        (Err(CallError::Exited(moved)), secs(3))
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_such_messages_is_not_called() {
    let bed = Bed::new();
    let task = Child::task(
        "task",
        |stop: StopToken| async move { stop.stopped().await },
    );
    let supervisor = Child::supervisor("supervisor", Supervisor::one_for_one());
    let actor = Child::actor("actor", || (Other, ()));
    let (namespace, _) = serving(&bed, Probe::new().child("a")).await;
    for child in [task, supervisor, actor] {
        let called = name(child.spec().id.as_str());
        within(namespace.start_child(child.name(called.clone())))
            .await
            .expect("it starts");
        let service: ServiceRef<Order> = namespace.service(called);
        assert_eq!(pid(&service).await, Err(CallError::WrongType));
        let cast = service.cast(Order::run(|_| async { Ok(()) }));
        assert_eq!(cast, Err(CallError::WrongType));
    }
    bed.end().await;
}

/// Takes messages of another type.
struct Other;

impl Actor for Other {
    type Msg = u8;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<u8>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}
