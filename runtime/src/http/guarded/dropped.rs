//! Requests that are given up at each of their awaits: nothing is lost of what the guards have given.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use mainstay_actors::breaker::{CircuitBreaker, CircuitState};
use mainstay_actors::limiter::{AnyLimiter, RateKey};
use mainstay_actors::memory::PressureSimulation;
use mainstay_actors::protection::ProtectionCounts;
use mainstay_actors::{
    CircuitBreakerRegistry, EventStore, MemoryManager, ProtectionRegistry, RateLimiterRegistry,
};
use mainstay_specs::NodeSpec;
use mainstay_supervisors::{Child, Namespace, StopToken};
use tokio::sync::oneshot;

use crate::Node;
use crate::http::router::router;
use crate::http::settings::Settings;
use crate::http::token::Token;

/// All kinds of requests go through one breaker and one limit, and have bytes of memory reserved for them.
fn spec() -> String {
    let kinds = [
        "api.config.reads",
        "api.config.writes",
        "api.events.reads",
        "api.events.writes",
    ];
    let operations = kinds.map(|kind| {
        format!(
            r#"(name: "{kind}", config: (deadline: "20s", circuit: "api", rate_limit: (limiter: "api"),
                memory: (class: write, bytes: 1048576)))"#
        )
    });
    format!(
        r#"(namespaces: [(name: "production", services: (
            telemetry: (), config_server: (initial: (size: 1), update_limit: None),
            event_store: (backend: memory),
            memory_manager: (simulation: true, psi: false, budget: 1125899906842624),
            circuit_breakers: (breakers: [(name: "api", config: (failure_threshold: 1))]),
            rate_limiters: (limiters: [(name: "api", config: (limit: 1, window: "1day"))]),
            protections: (operations: [{}]),
        ))], http: (enabled: false))"#,
        operations.join(", ")
    )
}

/// A node, and its API without a socket.
struct Bed {
    node: Node,
    namespace: Namespace,
    api: TowerToHyperService<Router>,
    breaker: CircuitBreaker,
    limiter: AnyLimiter,
    memory: MemoryManager,
}

impl Bed {
    async fn new() -> Self {
        let builder = Node::builder();
        let spec = NodeSpec::from_ron(&spec(), &builder).expect("it is valid");
        let node = builder.boot(&spec).await.expect("it starts");
        let settings = Settings::new(node.state(), &spec.http, Token::new("secret"));
        let namespace = node.namespace("production").expect("it runs");
        let memory = MemoryManager::of(&namespace);
        // Of which writes are delayed.
        let short = PressureSimulation::ratio(0.85).lasting(Duration::from_secs(24 * 3600));
        memory.simulate(short).expect("it may be");
        let breaker = CircuitBreakerRegistry::of(&namespace).circuit("api");
        let limiter = RateLimiterRegistry::of(&namespace).limiter("api");
        Self {
            api: TowerToHyperService::new(router(Arc::new(settings), token(&node).await)),
            breaker: breaker.expect("it is of the spec"),
            limiter: limiter.expect("it is of the spec"),
            memory,
            namespace,
            node,
        }
    }

    /// Whoever comes next is the probe, and has the only token.
    async fn make_ready(&self) {
        self.breaker.reset();
        let failed = self.breaker.execute_sync(|| Err::<(), _>("no disk"));
        assert!(failed.is_err());
        let limiter = self.limiter.local().expect("it is of this process");
        limiter.reset(RateKey::global()).expect("it has a key");
        tokio::time::advance(self.breaker.config().reset_timeout).await;
    }

    /// What has come of all requests.
    fn counts(&self) -> [ProtectionCounts; 4] {
        let stats = ProtectionRegistry::of(&self.namespace).stats();
        let counts: Vec<_> = stats.into_iter().map(|one| one.counts).collect();
        counts.try_into().expect("there are four kinds")
    }

    fn sum(&self, of: impl Fn(&ProtectionCounts) -> u64) -> u64 {
        self.counts().iter().map(of).sum()
    }

    /// Nobody has anything of the guards; of the token there is as much as is left.
    fn assert_nothing_is_held(&self, left: u32, at: &str) {
        let stats = self.breaker.stats();
        assert!(stats.probes.is_empty(), "{at}: {:?}", stats.probes);
        assert_eq!(self.memory.admission_stats().reserved, 0, "{at}");
        assert_eq!(self.sum(ProtectionCounts::running), 0, "{at}");
        let limiter = self.limiter.local().expect("it is of this process");
        let status = limiter.status(RateKey::global()).expect("it has a key");
        assert_eq!(status.map(|status| status.remaining), Some(left), "{at}");
        let store = EventStore::in_namespace(&self.namespace).expect("it runs");
        let store = store.stats();
        assert_eq!((store.waiting, store.questions_waiting), (0, 0), "{at}");
    }

    /// Gives a request up at each of its awaits; how often it waits. It has begun nothing while it waits for its body.
    async fn give_up_each(&self, ask: &Ask, waits: Waits) -> usize {
        for polls in 1.. {
            let at = format!("{} {} {waits:?} {polls}", ask.method, ask.path);
            self.make_ready().await;
            let failures = self.breaker.stats().totals.failures;
            let begun = self.sum(|counts| counts.begun);
            let left = self.sum(|counts| counts.left);
            let answered = GivenUp {
                future: Some(Box::pin(self.api.call(ask.request()))),
                polls,
                waits,
            };
            let answered = answered.await;
            // Whoever does something for it may come to an end with that.
            tokio::time::sleep(Duration::from_millis(10)).await;

            let begun = self.sum(|counts| counts.begun) - begun;
            let left = self.sum(|counts| counts.left) - left;
            let has_body = polls > ask.body.len();
            assert_eq!(begun + left, u64::from(has_body), "{at}");
            let token = u32::from(begun == 0);
            self.assert_nothing_is_held(token, &at);
            assert_eq!(self.breaker.stats().totals.failures, failures, "{at}");
            let Some(response) = answered else {
                let state = match has_body {
                    true => CircuitState::HalfOpen,
                    // Nobody has tried yet.
                    false => CircuitState::Open,
                };
                assert_eq!(self.breaker.state(), state, "{at}");
                continue;
            };
            assert_eq!(response.status(), ask.status, "{at}");
            assert_eq!(self.breaker.state(), CircuitState::Closed, "{at}");
            return polls - 1;
        }
        unreachable!("one is answered at last")
    }
}

/// That of a task which never ends by itself.
async fn token(node: &Node) -> StopToken {
    let (tell, told) = oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let task = Child::task("server", move |stop| {
        let tell = tell.lock().expect("no panic").take();
        async move {
            tell.map(|tell| tell.send(stop.clone()));
            stop.stopped().await;
            Ok::<_, Infallible>(())
        }
    });
    let namespace = node.namespace("production").expect("it runs");
    namespace.start_child(task).await.expect("it starts");
    told.await.expect("it has started")
}

/// A request that can be made again and again.
struct Ask {
    method: &'static str,
    path: &'static str,
    body: &'static [&'static str],
    status: StatusCode,
}

impl Ask {
    /// Its body comes in pieces, each of which is waited for.
    fn request(&self) -> Request {
        let pieces = stream::iter(self.body).then(|piece| async move {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(*piece)
        });
        Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", "localhost")
            .header("authorization", "Bearer secret")
            .header("content-type", "application/json")
            .body(Body::from_stream(pieces))
            .expect("a request")
    }
}

/// When a request is given up that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// As soon as it does.
    NotAtAll,
    /// When it has been told that it may go on.
    UntilItIsWoken,
}

/// A future that is dropped after so many polls. What it comes to, if it does before.
struct GivenUp<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
    waits: Waits,
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for GivenUp<F> {
    type Output = Option<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls > 0 {
            self.polls -= 1;
            let future = self.future.as_mut().expect("it was not given up");
            if let Poll::Ready(Ok(response)) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(response));
            }
            if self.polls > 0 || self.waits == Waits::UntilItIsWoken {
                return Poll::Pending;
            }
        }
        self.future = None;
        Poll::Ready(None)
    }
}

async fn gives_up_each(ask: Ask) {
    let bed = Bed::new().await;
    let mut waits = Vec::new();
    for how in [Waits::NotAtAll, Waits::UntilItIsWoken] {
        waits.push(bed.give_up_each(&ask, how).await);
    }
    // The delay of memory at least, and each piece of the body.
    assert!(
        waits.iter().all(|waits| *waits > ask.body.len()),
        "{waits:?}"
    );
    let counts = bed.counts();
    let done: u64 = counts.iter().map(|counts| counts.successes).sum();
    let given_up = counts.iter().map(|counts| counts.left + counts.cancelled);
    let all: usize = waits.iter().map(|waits| waits - ask.body.len()).sum();
    assert_eq!((done, given_up.sum::<u64>()), (2, all as u64));
    let report = bed.node.stop(Duration::from_secs(60)).await;
    assert_eq!(report.killed, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_of_a_change_of_the_configuration() {
    gives_up_each(Ask {
        method: "PUT",
        path: "/api/config/size",
        body: &["1", "2"],
        status: StatusCode::OK,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_of_a_look_at_the_configuration() {
    gives_up_each(Ask {
        method: "GET",
        path: "/api/config/size",
        body: &[],
        status: StatusCode::OK,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_of_an_event() {
    gives_up_each(Ask {
        method: "POST",
        path: "/api/events",
        body: &["{\"event_type\":", "\"a\"", "}"],
        status: StatusCode::CREATED,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_of_a_question_for_events() {
    gives_up_each(Ask {
        method: "GET",
        path: "/api/events",
        body: &[],
        status: StatusCode::OK,
    })
    .await;
}
