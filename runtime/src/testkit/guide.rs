//! How to test what you build: by examples, all of which are run with the tests of this crate.
//!
//! # A test
//!
//! ```toml
//! [dev-dependencies]
//! mainstay = { version = "0.1", default-features = false, features = ["test-util"] }
//! ```
//!
//! A test takes a [`TestContext`]: a namespace that nobody else sees, with the services a node has and room for children of its
//! own. It may return a `Result`, and use `?`.
//!
//! ```test_harness
//! use mainstay::prelude::*;
//! use mainstay::testkit::TestContext;
//! use std::time::Duration;
//!
//! struct Greeter;
//!
//! impl Actor for Greeter {
//!     type Msg = RpcReplyPort<String>;
//!     type State = String;
//!     type Arguments = String;
//!
//!     async fn pre_start(&self, _: ActorRef<Self::Msg>, name: String) -> Result<String, ActorProcessingErr> {
//!         Ok(name)
//!     }
//!
//!     async fn handle(&self, _: ActorRef<Self::Msg>, reply: Self::Msg, name: &mut String) -> Result<(), ActorProcessingErr> {
//!         Ok(reply.send(format!("hello, {name}"))?)
//!     }
//! }
//!
//! #[mainstay::test]
//! async fn the_greeter_greets(cx: TestContext) -> Result<(), Box<dyn std::error::Error>> {
//!     let greeter = Child::actor("greeter", || (Greeter, "world".to_owned()));
//!     cx.start_supervised(greeter.name(ServiceName::new("greeter")?)).await?;
//!
//!     let greeter = cx.service::<RpcReplyPort<String>>("greeter");
//!     let greeting = greeter.call(|reply| reply, Duration::from_secs(1)).await?;
//!     assert_eq!(greeting, "hello, world");
//!     Ok(())
//! }
//! ```
//!
//! Whatever the test comes to, the same happens then, each step within the time of the test: its children are stopped, the last
//! started first; the callbacks of [`on_exit`](TestContext::on_exit) run, the last added first; the namespace is stopped; and the
//! test fails if something is left. What it logged, and the schedule of the chaos it made, are printed if it failed.
//!
//! Without the macro, [`run`](super::run) does the same in a plain `#[test]`. In a tokio runtime that is there already,
//! [`TestContext::builder`] makes a context; its [`run`](super::TestContextBuilder::run) takes the body of the test and sees to the end.
//! Who calls `start` instead calls [`finish`](TestContext::finish) in the end: a context that is dropped without panics.
//!
//! A test fails as well if its namespace ends before it does, unless it was stopped by the test or
//! [may end](TestContext::may_end); if a task of [`spawn`](TestContext::spawn) panics and nobody awaits it; and if a child panics
//! or fails while it is stopped. A test with `#[should_panic]` has to panic itself: what else goes wrong fails it.
//!
//! # Children of the test
//!
//! [`start_supervised`](TestContext::start_supervised) starts a child under a supervisor of the test's own, which restarts it as
//! its spec says and does not tire of it. [`stop_supervised`](TestContext::stop_supervised) stops it before the test ends, for a test of
//! how it stops. A child without which the test makes no sense is started with
//! [`start_supervised_linked`](TestContext::start_supervised_linked): its crash is the end of the test.
//!
//! ```test_harness
//! use mainstay::prelude::*;
//! use mainstay::testkit::{SuperviseError, TestContext};
//!
//! fn worker(id: &str) -> Child {
//!     Child::task(id, |stop: StopToken| async move { stop.stopped().await })
//! }
//!
//! #[mainstay::test]
//! async fn a_worker_stops_when_it_is_asked_to(cx: TestContext) -> Result<(), SuperviseError> {
//!     cx.start_supervised_linked(worker("dependency")).await?;
//!     let process = cx.start_supervised(worker("worker")).await?;
//!     let at_the_end = process.clone();
//!     cx.on_exit(move || async move { assert!(!at_the_end.is_alive()) });
//!
//!     cx.stop_supervised("worker").await?;
//!     assert_eq!(process.exit_reason(), Some(ExitReason::Shutdown));
//!     Ok(())
//! }
//! ```
//!
//! # Time
//!
//! With `start_paused = true` the clock of tokio stands still while anything can go on, and jumps to the next timer when all
//! wait: restart periods, shutdown times and backoff take no time, and come out the same each time. Wait for what tells, not for
//! time: [`Process::ended`](crate::supervisors::Process::ended), [`TestContext::wait_for`], [`Capture::wait_for`](super::Capture::wait_for),
//! [`assert_receive!`](super::assert_receive); for what does not tell, [`assert_eventually!`](super::assert_eventually) looks again and again.
//!
//! ```test_harness
//! use mainstay::prelude::*;
//! use mainstay::testkit::{TestContext, assert_eventually, assert_receive, refute_receive};
//! use std::time::Duration;
//!
//! #[mainstay::test(start_paused = true)]
//! async fn a_ticker_ticks_every_hour(cx: TestContext) {
//!     let (ticks, mut ticked) = tokio::sync::mpsc::unbounded_channel();
//!     let ticker = Child::task("ticker", move |_| {
//!         let ticks = ticks.clone();
//!         async move {
//!             let mut hours = tokio::time::interval(Duration::from_secs(3600));
//!             hours.tick().await; // the first one comes at once
//!             while ticks.send("tick").is_ok() {
//!                 hours.tick().await;
//!             }
//!         }
//!     });
//!     cx.start_supervised(ticker).await.unwrap();
//!
//!     assert_receive!(ticked, "tick");
//!     refute_receive!(ticked, _, within: Duration::from_secs(3599));
//!     assert_receive!(ticked, "tick", within: Duration::from_secs(2));
//!     assert_eventually!(ticked.len() == 1, within: Duration::from_secs(3601));
//! }
//! ```
//!
//! A test that waits for what does not come fails. With the clock paused it does so soon: the clock goes on by a day, however often
//! something else ticks meanwhile, and then nothing wakes the test within two seconds by the clock on the wall. One that blocks
//! its thread, or that is never idle, fails when its `timeout` is up, which is by the clock on the wall. In any case it says what
//! was running. A limit by the clock that is paused is the option `virtual_timeout`.
//!
//! Sockets and threads can be waited for while the clock is paused, but know nothing of it: where all wait for them, the clock jumps
//! to the next timer, a day ahead if there is no other. Time limits are then up at once, as everywhere in tokio; test such code in
//! real time.
//!
//! # What supervisors did
//!
//! [`TestContext::events`] holds what supervisors did in this namespace since its start. [`assert`](super::Capture::assert) and
//! its like look at what has happened so far; [`wait_for`](super::Capture::wait_for) waits for the next one.
//!
//! ```test_harness
//! use mainstay::prelude::*;
//! use mainstay::testkit::{TestContext, Unexpected, exited, gave_up, restarted, started};
//! use std::time::Duration;
//!
//! #[mainstay::test(start_paused = true)]
//! async fn a_pool_gives_up_over_a_child_that_does_not_stay(cx: TestContext) -> Result<(), Unexpected> {
//!     let fragile = Child::task("fragile", |_| async { Err::<(), _>("out of luck") });
//!     let pool = Supervisor::one_for_one().intensity(2, Duration::from_secs(5)).child(fragile);
//!     let pool = Child::supervisor("pool", pool).restart(Restart::Temporary);
//!     cx.start_supervised(pool).await.unwrap();
//!
//!     let mut events = cx.events();
//!     events.wait_for(exited("pool"), Duration::from_secs(1)).await?;
//!     events.assert_order([
//!         started("fragile"),
//!         exited("fragile").with(ExitReason::failed("out of luck")),
//!         restarted("fragile"),
//!         restarted("fragile"),
//!         gave_up("pool"),
//!     ]);
//!     assert_eq!(events.count(restarted("fragile")), 2);
//!     events.refute(gave_up("supervised"));
//!     Ok(())
//! }
//! ```
//!
//! # Chaos
//!
//! Any process of the namespace can be made to fail, by its registered name, its id, or the last ids on the way to it: killed,
//! [crashed](TestContext::crash) with a panic of its own, [made to hang](TestContext::hang) so that its shutdown time is run
//! through, or [not started](TestContext::fail_next_start) the next time.
//! [`simulate_crash`](TestContext::simulate_crash) waits for the successor.
//!
//! ```test_harness
//! use mainstay::prelude::*;
//! use mainstay::testkit::{TestContext, start_failed};
//!
//! #[mainstay::test(start_paused = true)]
//! async fn the_configuration_survives_its_keeper(cx: TestContext) -> Result<(), Box<dyn std::error::Error>> {
//!     cx.config().update("greeting", "hello").await?;
//!     cx.fail_next_start("config_server", "no memory")?;
//!     let (old, new) = cx.simulate_crash("config_server").await?;
//!
//!     assert_ne!(old, new);
//!     assert_eq!(cx.events().count(start_failed("config_server")), 1);
//!     assert_eq!(cx.config().get_as::<String>("greeting")?, "hello");
//!     Ok(())
//! }
//! ```
//!
//! A [`ChaosMonkey`](super::ChaosMonkey) strikes by a [`Schedule`](super::Schedule) that is made from a seed. When the test fails,
//! what was done of it is printed; pasted into the test, it is repeated, and where the clock is paused, so is all that follows from
//! it. The rest of chance, such as by how much a backoff is shortened, is decided by the seed of the test, which is printed too, and
//! set by the option `seed` or the environment variable `MAINSTAY_TEST_SEED`.
//!
//! ```test_harness
//! use mainstay::prelude::*;
//! use mainstay::testkit::{ChaosKind, ChaosMonkey, TestContext};
//! use std::time::Duration;
//!
//! fn worker(id: &str) -> Child {
//!     Child::task(id, |stop: StopToken| async move { stop.stopped().await })
//! }
//!
//! #[mainstay::test(start_paused = true)]
//! async fn workers_come_back_whatever_happens(cx: TestContext) {
//!     for id in ["a", "b"] {
//!         cx.start_supervised(worker(id)).await.unwrap();
//!     }
//!     let chaos = ChaosMonkey::builder()
//!         .seed(7)
//!         .targets(["a", "b"])
//!         .between(Duration::from_millis(10), Duration::from_millis(200))
//!         .kind(ChaosKind::Kill, 3)
//!         .kind(ChaosKind::Crash, 1)
//!         .strikes(20);
//!     chaos.start(&cx).finished().await;
//!     assert!(cx.process("a").is_ok() && cx.process("b").is_ok());
//! }
//!
//! #[mainstay::test(start_paused = true)]
//! async fn the_one_time_it_failed(cx: TestContext) {
//!     cx.start_supervised(worker("a")).await.unwrap();
//!     let printed = "
//!         chaos, seed 7
//!           0.012000s kill a
//!           0.012001s crash a
//!     ";
//!     let chaos = ChaosMonkey::replay(printed.parse().unwrap()).start(&cx);
//!     assert_eq!(chaos.finished().await.len(), 2);
//! }
//! ```
//!
//! # Several namespaces
//!
//! A second context [beside](super::TestContextBuilder::beside) the first shares its runtime, and nothing else: neither names nor
//! events, nor the end. Thousands can be.
//!
//! ```test_harness
//! use mainstay::testkit::TestContext;
//!
//! #[mainstay::test]
//! async fn two_shops_do_not_share_their_settings(cx: TestContext) -> Result<(), Box<dyn std::error::Error>> {
//!     let other = TestContext::builder().name("other").beside(&cx).start().await?;
//!     cx.config().update("open", true).await?;
//!     assert!(other.config().get("open").is_err());
//!     other.finish().await?;
//!     assert!(cx.namespace().is_running());
//!     Ok(())
//! }
//! ```
//!
//! # Leaks
//!
//! After the end of a test nothing of it may be left: no process, no task, no registration of a process from elsewhere, no
//! subscription, listener or event stream, no thread that is still busy; and no process had to be killed because it did not
//! stop in its time. What was told to end has three seconds to do so, whatever the `timeout` is. Whatever is left is named, with
//! where it was made.
//!
//! ```
//! use mainstay::testkit::{TestOptions, try_run};
//!
//! let failed = try_run(TestOptions::new("leaky").start_paused(true), |cx| async move {
//!     cx.spawn("poller", std::future::pending::<()>());
//!     std::mem::forget(cx.config().subscribe_to("pool"));
//! });
//! let text = failed.unwrap_err().to_string();
//! assert!(text.contains("the task \"poller\", spawned at "), "{text}");
//! assert!(text.contains("the config subscription \"pool\", taken at "), "{text}");
//! ```
//!
//! Tasks that are spawned with [`TestContext::spawn`] are named. Those of `tokio::spawn` are counted only, as tokio does not tell who
//! spawned them; and only by the macro and [`run`](super::run), whose tokio runtime is the test's own. `detect_leaks = false` stops all the same,
//! and looks for nothing.
//!
//! # The log
//!
//! What is logged through `tracing` on the threads of a test is kept, and printed if it fails: what is `info` and above, or as
//! the option `log` says, or, before both, the environment variable `MAINSTAY_TEST_LOG`.
//!
//! ```test_harness
//! use mainstay::testkit::TestContext;
//!
//! #[mainstay::test(log = "debug")]
//! async fn a_cache_says_that_it_is_cold(cx: TestContext) {
//!     tracing::debug!(entries = 0, "the cache is cold");
//!     assert!(cx.logs().contains("the cache is cold entries=0"));
//! }
//! ```
//!
//! # Load
//!
//! [`measure_concurrent_ops`](super::measure_concurrent_ops) makes exactly as many calls as it is told, so many at a time, and
//! accounts for each: what must hold under load is asserted with exact figures.
//!
//! ```test_harness
//! use mainstay::testkit::{TestContext, measure_concurrent_ops};
//!
//! #[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
//! async fn every_change_is_a_version(cx: TestContext) {
//!     let config = cx.config();
//!     let report = measure_concurrent_ops(100, 20, move |nth| {
//!         let config = config.clone();
//!         async move { config.update(format!("n{}", nth % 10), 1).await }
//!     })
//!     .await;
//!     assert_eq!((report.ok(), report.err(), report.panicked()), (100, 0, 0));
//!     assert_eq!(cx.config().status().version, 100);
//!     println!("{report}");
//! }
//! ```
//!
//! # Implementations of your own
//!
//! What an implementation of one of Mainstay's traits has to do is a function in [`conformance`](super::conformance).
//!
//! ```test_harness
//! use mainstay::supervisors::{Keys, Registry};
//! use mainstay::testkit::{TestContext, conformance};
//!
//! #[mainstay::test(start_paused = true)]
//! async fn my_backend_conforms(cx: TestContext) -> Result<(), conformance::Violation> {
//!     let backend = Registry::<String, u32>::new(Keys::Unique);
//!     conformance::lease_backend(&cx, &backend).await
//! }
//! ```
//!
//! [`conformance::circuit_breaker`](super::conformance::circuit_breaker) does so for circuit breakers, and
//! [`conformance::rate_limiter`](super::conformance::rate_limiter) for rate limiters of each algorithm, and
//! [`conformance::connection_pool`](super::conformance::connection_pool) for managers of connections.
//!
//! # Connections
//!
//! A pool of [`MockConnections`](super::MockConnections) connects to nothing, and fails when it is told to. What was done is counted.
//!
//! ```test_harness
//! use mainstay::actors::pool::{ConnectionPoolRegistry, ConnectionSpec, PoolError};
//! use mainstay::prelude::*;
//! use mainstay::specs::{ConnectionPoolsSpec, PoolConfig, ServiceName};
//! use mainstay::testkit::{MockAct, MockConnections, MockOp, MockOptions, TestContext};
//!
//! #[mainstay::test(start_paused = true)]
//! async fn whoever_waits_is_told_why_there_is_no_connection(cx: TestContext) -> Result<(), Box<dyn std::error::Error>> {
//!     cx.start_supervised(ConnectionPoolRegistry::child(ConnectionPoolsSpec::default())).await?;
//!     let mock = MockConnections::new();
//!     mock.usually(MockOp::Create, MockAct::fail("out of luck"));
//!
//!     let pools = ConnectionPoolRegistry::of(cx.namespace());
//!     let spec = ConnectionSpec::new(mock.clone(), MockOptions::default());
//!     let db = pools.register_pool(ServiceName::new("db")?, PoolConfig::new(4), spec).await?;
//!     let refused = db.checkout().await.unwrap_err();
//!     assert!(matches!(refused, PoolError::Connect { .. }), "{refused}");
//!     assert_eq!(mock.counts().create.failed, 4); // One attempt, and three more.
//!     Ok(())
//! }
//! ```

#[cfg(doc)]
use super::TestContext;
