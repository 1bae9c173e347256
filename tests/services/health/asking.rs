//! Actors that are asked through their mailbox.

use std::time::Duration;

use mainstay_actors::health::{CheckResult, HealthResult, HealthStatus, ask_actor};
use mainstay_supervisors::Child;
use mainstay_supervisors::specs::Restart;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::support::{Bed, config, ms, name};

struct Search;

enum Message {
    Work(Duration),
    DeepHealthCheck(RpcReplyPort<HealthResult>),
    Crash,
}

impl Actor for Search {
    type Msg = Message;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Message>,
        (): (),
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        (): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Work(time) => tokio::time::sleep(time).await,
            Message::DeepHealthCheck(reply) => {
                let found = CheckResult::healthy("index", "it is fresh").with("words", 7);
                // Whoever has asked may have given up meanwhile.
                reply.send(HealthResult::single(found)).ok();
            }
            Message::Crash => return Err("as planned".into()),
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_busy_is_degraded_and_one_that_is_not_there_is_unhealthy() {
    let bed = Bed::new().await;
    let child = Child::actor("search", || (Search, ())).name(name("search"));
    let child = child.restart(Restart::Temporary);
    bed.namespace.start_child(child).await.expect("it starts");
    let search = bed.namespace.service(name("search"));
    let check = ask_actor(search.clone(), ms(50), Message::DeepHealthCheck);
    bed.health
        .register(name("search"), check, config())
        .expect("it is registered");

    let health = bed.sweep().await;
    let found = health.service("search").expect("it is there");
    assert_eq!(
        (found.status, &*found.checks[0].name),
        (HealthStatus::Healthy, "index")
    );

    search
        .cast(Message::Work(Duration::from_secs(3)))
        .expect("it is there");
    let health = bed.sweep().await;
    let found = health.service("search").expect("it is there");
    assert_eq!(found.status, HealthStatus::Degraded);
    assert_eq!(found.message, "It is busy: no answer within 50ms");

    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(bed.sweep().await.status, HealthStatus::Healthy);
    search.cast(Message::Work(ms(20))).expect("it is there");
    search.cast(Message::Crash).expect("it is there");
    let health = bed.sweep().await;
    let found = health.service("search").expect("it is there");
    assert_eq!(found.status, HealthStatus::Unhealthy);
    let ended = "the process ended before it answered: ";
    assert!(found.message.starts_with(ended), "{}", found.message);
    let health = bed.sweep().await;
    let found = health.service("search").expect("it is there");
    assert_eq!(found.message, "Service unavailable");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_answer_has_one_question_to_answer_however_often_it_is_looked_at() {
    let bed = Bed::new().await;
    let child = Child::actor("search", || (Search, ())).name(name("search"));
    bed.namespace.count_messages(true);
    let started = bed.namespace.start_child(child).await.expect("it starts");
    let process = started.process().cloned().expect("it runs");
    let search = bed.namespace.service(name("search"));
    let check = ask_actor(search.clone(), ms(50), Message::DeepHealthCheck);
    bed.health
        .register(name("search"), check, config().interval(ms(1000)))
        .expect("it is registered");
    tokio::time::sleep(ms(10)).await;
    search
        .cast(Message::Work(Duration::from_secs(60)))
        .expect("it is there");
    tokio::time::sleep(ms(30_000)).await;
    assert_eq!(bed.status("search"), HealthStatus::Degraded);
    assert_eq!(process.waiting(), Some(1));
    // The answer that comes in the end is not taken for one to the next question.
    tokio::time::sleep(ms(30_500)).await;
    assert_eq!(process.waiting(), Some(0));
    search
        .cast(Message::Work(Duration::from_secs(60)))
        .expect("it is there");
    tokio::time::sleep(ms(1000)).await;
    assert_eq!(bed.status("search"), HealthStatus::Degraded);
    assert_eq!(process.waiting(), Some(1));
    // One that ends with it unanswered is gone, and its successor is asked anew.
    process.kill();
    bed.namespace.registry().wait_for(&name("search")).await;
    tokio::time::sleep(ms(2000)).await;
    assert_eq!(bed.status("search"), HealthStatus::Healthy);
    bed.end().await;
}
