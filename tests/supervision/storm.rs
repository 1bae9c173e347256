//! Thousands of restarts of a child that owns what only one can have.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use mainstay_supervisors::{
    Child, Delivery, EventKind, ExitReason, Process, StopToken, Supervisor,
};
use mainstay_tests::probe::{Bed, ON_PURPOSE, Order, Outcome, order, running, within};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::secs;

const RESTARTS: u32 = 3000;

/// Holds a listener in its state.
struct Server(SocketAddr);

enum Request {
    Fail,
    Panic,
}

impl Actor for Server {
    type Msg = Request;
    type State = TcpListener;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Request>,
        (): (),
    ) -> Result<TcpListener, ActorProcessingErr> {
        Ok(TcpListener::bind(self.0)?)
    }

    async fn handle(&self, _: ActorRef<Request>, request: Request, _: &mut TcpListener) -> Outcome {
        match request {
            Request::Fail => Err("on request".into()),
            Request::Panic => panic!("{ON_PURPOSE}"),
        }
    }
}

/// A port that is free, chosen once.
fn address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it is bound")
}

/// Ends the child in turn in each way, waits for its successor, and gives what went wrong on the way.
async fn storm(child: Child, end: impl Fn(u32, &Process)) -> Vec<String> {
    let bed = Bed::new();
    let tree = Supervisor::one_for_one()
        .intensity(u32::MAX, secs(5))
        .child(child);
    let supervisor = bed.start(tree).await;
    let mut events = bed.runtime.events();
    let (mut errors, mut restarts) = (Vec::new(), 0);
    end(0, &running(&supervisor, "server").await);
    while restarts < RESTARTS {
        let Some(Delivery::Event(event)) = within(events.next()).await else {
            panic!("the history is too short")
        };
        match event.kind {
            EventKind::Started {
                process,
                restarts: count,
            } => {
                restarts = count;
                if restarts < RESTARTS {
                    end(restarts, &process);
                }
            }
            EventKind::StartError { error, .. } => errors.push(error.to_string()),
            _ => {}
        }
    }
    bed.end().await;
    errors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_actor_that_owns_a_listener_never_finds_its_port_taken() {
    let address = address();
    let child = Child::actor("server", move || (Server(address), ()));
    let send = |process: &Process, request| {
        let actor = process.actor_ref::<Request>().expect("an actor");
        actor.send_message(request).map_err(drop).expect("it runs");
    };
    let errors = storm(child, |turn, process| match turn % 6 {
        0 => process.actor_cell().expect("an actor").stop(None),
        1 => send(process, Request::Panic),
        2 => send(process, Request::Fail),
        3 => process.kill(),
        4 => process.stop(ExitReason::Shutdown),
        _ => process.actor_cell().expect("an actor").kill(),
    });
    assert_eq!(errors.await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_task_that_owns_a_listener_never_finds_its_port_taken() {
    let address = address();
    let (tell, told) = tokio::sync::watch::channel(0_u32);
    let child = Child::task_ready("server", move |stop: StopToken, ready| {
        let mut told = told.clone();
        async move {
            let _listener = TcpListener::bind(address)?;
            told.mark_unchanged();
            ready.signal();
            tokio::select! {
                () = stop.stopped() => Ok(()),
                turn = told.wait_for(|turn| turn % 4 == 1 || turn % 4 == 2) => {
                    assert!(*turn? % 4 != 1, "{ON_PURPOSE}");
                    Err(Box::<dyn std::error::Error + Send + Sync>::from("on request"))
                }
            }
        }
    });
    let errors = storm(child, |turn, process| {
        tell.send(turn).expect("it listens");
        match turn % 4 {
            0 => process.stop(ExitReason::Shutdown),
            3 => process.kill(),
            _ => {}
        }
    });
    assert_eq!(errors.await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn siblings_that_fail_all_the_time_are_all_there_in_the_end() {
    let bed = Bed::new();
    let names = ["a", "b", "c", "d", "e"];
    let children = names.map(|name| mainstay_tests::probe::Probe::new().child(name));
    let tree = Supervisor::one_for_all()
        .intensity(u32::MAX, secs(5))
        .children(children);
    let supervisor = bed.start(tree).await;
    for turn in 0..200 {
        let process = running(&supervisor, names[turn % 5]).await;
        let other = running(&supervisor, names[(turn + 2) % 5]).await;
        process.kill();
        if let Some(actor) = other.actor_ref::<Order>() {
            actor.send_message(Order::panic()).ok();
        }
        within(process.ended()).await;
        within(other.ended()).await;
    }
    for name in names {
        // An end can be seen before the supervisor has heard of it, and so by this thread before its restart.
        let mut process = running(&supervisor, name).await;
        while !process.is_alive() {
            tokio::task::yield_now().await;
            process = running(&supervisor, name).await;
        }
        order(&process, Order::run(|_| async { Ok(()) }));
    }
    let lines = bed.log().take();
    assert!(
        !lines.iter().any(|line| line.starts_with("start error")),
        "{lines:?}"
    );
    bed.end().await;
}
