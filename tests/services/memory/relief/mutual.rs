//! Services that ask while they are cleaned.

use std::sync::Arc;
use std::time::Duration;

use mainstay_actors::memory::{
    CleanupClass, CleanupPriority, CleanupReport, CleanupResult, MemoryManager, OperationClass,
    OperationPriority, PressureLevel, Requested,
};
use mainstay_supervisors::{Child, ServiceRef};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::support::{Bed, Doing, name, next_end, next_round, seconds};

#[tokio::test(start_paused = true)]
async fn a_strategy_may_ask_for_anything_while_it_runs() {
    let bed = Bed::new().await;
    let memory = bed.memory.clone();
    bed.strategy(
        "a",
        Doing::new(CleanupClass::Cache, move |_| {
            let memory = memory.clone();
            async move {
                assert_eq!(memory.check_pressure(), PressureLevel::Critical);
                let class = OperationClass::Release;
                let admission =
                    memory.check_operation_allowed(class, 1 << 30, OperationPriority::Low);
                assert!(admission.is_admitted());
                let again = memory.request_cleanup(&name("a"), CleanupPriority::Emergency);
                // The round of all services is just at this one.
                assert_eq!(again, Requested::Coalesced);
                memory.check_now().await.expect("a sample");
                let more = Arc::new(Doing::nothing(CleanupClass::Cache));
                drop(memory.register_cleanup(name("b"), more).expect("a place"));
                CleanupReport::default()
            }
        }),
    );
    let mut events = bed.memory.subscribe().expect("a place");
    bed.simulate(PressureLevel::Critical);
    assert_eq!(next_end(&mut events).await.result, CleanupResult::Done);
    next_round(&mut events).await;
    drop(events);
    bed.end().await;
}

/// A service that asks for the pressure in each message, as the one of the seed does.
struct Service;

enum Message {
    Store(RpcReplyPort<PressureLevel>),
    Clean(RpcReplyPort<u64>),
}

impl Actor for Service {
    type Msg = Message;
    type State = (MemoryManager, u64);
    type Arguments = MemoryManager;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        memory: MemoryManager,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok((memory, 0))
    }

    async fn handle(
        &self,
        _myself: ActorRef<Message>,
        message: Message,
        (memory, stored): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let level = memory.check_pressure();
        // Asked for from within, and measured anew: whoever runs the cleanup waits for this actor meanwhile.
        memory.request_cleanup(&name("service"), level);
        memory.check_now().await.expect("a sample");
        match message {
            Message::Store(reply) => {
                *stored += 1;
                reply.send(level).ok();
            }
            Message::Clean(reply) => {
                reply.send(std::mem::take(stored)).ok();
            }
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_the_pressure_while_its_own_cleanup_waits_for_it_is_cleaned() {
    let bed = Bed::new().await;
    let memory = bed.memory.clone();
    let child = Child::actor("service", move || (Service, memory.clone()));
    let child = child.name(name("service"));
    bed.namespace.start_child(child).await.expect("it starts");
    let service: ServiceRef<Message> = bed.namespace.service(name("service"));
    for _ in 0..10 {
        let level = service
            .call(Message::Store, seconds(5))
            .await
            .expect("an answer");
        assert_eq!(level, PressureLevel::Low);
    }
    let cleaned = service.clone();
    bed.strategy(
        "service",
        Doing::new(CleanupClass::Cache, move |_| {
            let cleaned = cleaned.clone();
            async move {
                let gone = cleaned.call(Message::Clean, seconds(5)).await;
                CleanupReport::entries(gone.expect("an answer"))
            }
        }),
    );
    let mut events = bed.memory.subscribe().expect("a place");
    let began = tokio::time::Instant::now();
    bed.simulate(PressureLevel::Critical);
    let end = next_end(&mut events).await;
    assert_eq!((end.result, end.entries), (CleanupResult::Done, 10));
    assert_eq!(began.elapsed(), Duration::ZERO);
    drop(events);
    bed.end().await;
}
