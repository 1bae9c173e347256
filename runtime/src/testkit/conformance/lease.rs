//! What every backend of leases has to do.

use std::future::Future;
use std::time::Duration;

use mainstay_specs::Restart;
use mainstay_supervisors::registry::{Lease, LeaseBackend, LeaseLost, Listener};
use mainstay_supervisors::{Child, Process, RegisterError, RegistryEvent, StopToken};
use tokio::time::{sleep, timeout};

use super::{Violation, same};
use crate::testkit::context::TestContext;

/// How long an answer, and an event, may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How often to look for what a backend on another machine hears of a moment later.
const LOOK: Duration = Duration::from_millis(1);

type Backend = dyn LeaseBackend<String, u32>;

/// What is watched, as far as it matters here: what, the key, and the number of the process.
type Seen = (&'static str, String, String);

const FREE: &str = "a key that nobody holds can be claimed, and is found then";
const UNIQUE: &str = "a key that is held is refused, with its holder";
const RENEWED: &str = "a lease that is held can be renewed";
const RELEASED: &str = "a lease that was released is lost, and its key is free";
const ENDED: &str = "the end of a process ends its leases, and those of nobody else";
const SUCCESSOR: &str = "a lease that was lost cannot harm the one after it";
const DEAD: &str = "a process that has ended can claim nothing";
const ONE_WINS: &str = "of claims that come at once, one wins";
const WATCHED: &str = "whoever watches is told of every change, in order";
const ANSWERS: &str = "an answer, or an event, comes within 10 seconds";

/// Holds an empty backend with unique keys against what users of [`LeaseBackend`] rely on. It starts processes in the context, and
/// leaves nothing in the backend.
///
/// ```
/// use mainstay::supervisors::{Keys, Registry};
/// use mainstay::testkit::{TestOptions, conformance, run};
///
/// run(TestOptions::new("my_backend").start_paused(true), |cx| async move {
///     let backend = Registry::<String, u32>::new(Keys::Unique);
///     conformance::lease_backend(&cx, &backend).await
/// });
/// ```
///
/// # Errors
///
/// The first rule that is broken, with what should have come and what came.
///
/// # Panics
///
/// If the context cannot start processes.
pub async fn lease_backend(cx: &TestContext, backend: &Backend) -> Result<(), Violation> {
    let mut suite = Suite {
        backend,
        events: backend.watch(),
    };
    let (a, b) = (process(cx, "a").await, process(cx, "b").await);
    let (c, d) = (process(cx, "c").await, process(cx, "d").await);
    suite.a_claim_keeps_others_out(&a, &b).await?;
    suite.a_release_frees(&a, &b).await?;
    suite.an_end_frees(&a, &b).await?;
    suite.a_successor_is_safe(&b, &c).await?;
    suite.the_dead_claim_nothing(&b).await?;
    suite.one_wins(&c, &d).await
}

/// A process that ends when it is told to, and is not started again.
async fn process(cx: &TestContext, name: &str) -> Process {
    let body = |stop: StopToken| async move { stop.stopped().await };
    let child = Child::task(format!("lease holder {name}"), body).restart(Restart::Temporary);
    match cx.start_supervised(child).await {
        Ok(process) => process,
        Err(error) => panic!("the context cannot start a process: {error}"),
    }
}

async fn within<F: Future>(what: &str, future: F) -> Result<F::Output, Violation> {
    timeout(LIMIT, future).await.map_err(|_| Violation {
        rule: ANSWERS,
        expected: what.to_owned(),
        found: "nothing".to_owned(),
    })
}

fn seen(what: &'static str, key: &str, process: &Process) -> Seen {
    (what, key.to_owned(), process.to_string())
}

struct Suite<'a> {
    backend: &'a Backend,
    events: Listener<String, u32>,
}

type Claimed = Result<Box<dyn Lease>, RegisterError>;

impl Suite<'_> {
    async fn claim(&self, process: &Process, key: &str) -> Result<Claimed, Violation> {
        let claim = self.backend.claim(process, key.to_owned(), 1);
        within("the answer to a claim", claim).await
    }

    /// A claim that has to be granted.
    async fn claimed(
        &self,
        rule: &'static str,
        process: &Process,
        key: &str,
    ) -> Result<Box<dyn Lease>, Violation> {
        self.claim(process, key).await?.map_err(|error| Violation {
            rule,
            expected: format!("a lease of {key:?} for {process}"),
            found: error.to_string(),
        })
    }

    async fn holder(&self, key: &str) -> Result<Option<Process>, Violation> {
        let key = key.to_owned();
        within("the answer to a search", self.backend.find(&key)).await
    }

    /// A moment later at most, nobody holds the key.
    async fn comes_free(&self, rule: &'static str, key: &str) -> Result<(), Violation> {
        let mut holder = self.holder(key).await?;
        let mut looks = LIMIT.as_millis() / LOOK.as_millis();
        while holder.is_some() && looks > 0 {
            sleep(LOOK).await;
            holder = self.holder(key).await?;
            looks -= 1;
        }
        same(rule, &holder, &None)
    }

    async fn renewed(
        &self,
        rule: &'static str,
        lease: &dyn Lease,
        expected: Result<(), LeaseLost>,
    ) -> Result<(), Violation> {
        let renewed = within("the answer to a renewal", lease.renew()).await?;
        same(rule, &renewed, &expected)
    }

    async fn released(
        &self,
        rule: &'static str,
        lease: &dyn Lease,
        expected: bool,
    ) -> Result<(), Violation> {
        let released = within("the answer to a release", lease.release()).await?;
        same(rule, &released, &expected)
    }

    async fn next(&mut self) -> Result<Seen, Violation> {
        let event = within("an event", self.events.recv()).await?;
        let event = event.map_err(|error| Violation {
            rule: WATCHED,
            expected: "an event".to_owned(),
            found: error.to_string(),
        })?;
        match event {
            RegistryEvent::Registered { key, process, .. } => {
                Ok(seen("registered", &key, &process))
            }
            RegistryEvent::Unregistered { key, process } => {
                Ok(seen("unregistered", &key, &process))
            }
            RegistryEvent::Expired { key, process } => Ok(seen("expired", &key, &process)),
            other => Err(Violation {
                rule: WATCHED,
                expected: "registered, unregistered or expired".to_owned(),
                found: format!("{other:?}"),
            }),
        }
    }

    async fn told(&mut self, expected: Vec<Seen>) -> Result<(), Violation> {
        for expected in expected {
            let found = self.next().await?;
            same(WATCHED, &found, &expected)?;
        }
        Ok(())
    }

    async fn a_claim_keeps_others_out(
        &mut self,
        a: &Process,
        b: &Process,
    ) -> Result<(), Violation> {
        same(FREE, &self.holder("x").await?, &None)?;
        let lease = self.claimed(FREE, a, "x").await?;
        self.renewed(RENEWED, &*lease, Ok(())).await?;
        same(FREE, &self.holder("x").await?, &Some(a.clone()))?;
        self.told(vec![seen("registered", "x", a)]).await?;
        for other in [b, a] {
            let refused = self.claim(other, "x").await?.map(drop);
            let expected = Err(RegisterError::AlreadyRegistered(a.clone()));
            same(UNIQUE, &refused, &expected)?;
        }
        self.released(RELEASED, &*lease, true).await?;
        self.told(vec![seen("unregistered", "x", a)]).await
    }

    async fn a_release_frees(&mut self, a: &Process, b: &Process) -> Result<(), Violation> {
        let lease = self.claimed(RELEASED, a, "x").await?;
        self.released(RELEASED, &*lease, true).await?;
        self.renewed(RELEASED, &*lease, Err(LeaseLost)).await?;
        self.released(RELEASED, &*lease, false).await?;
        let other = self.claimed(RELEASED, b, "x").await?;
        self.released(SUCCESSOR, &*lease, false).await?;
        same(SUCCESSOR, &self.holder("x").await?, &Some(b.clone()))?;
        self.released(RELEASED, &*other, true).await?;
        same(RELEASED, &self.holder("x").await?, &None)?;
        let [came, went] = ["registered", "unregistered"];
        let changes = [(came, a), (went, a), (came, b), (went, b)];
        let changes = changes.map(|(what, who)| seen(what, "x", who));
        self.told(changes.to_vec()).await
    }

    async fn an_end_frees(&mut self, a: &Process, b: &Process) -> Result<(), Violation> {
        let one = self.claimed(FREE, a, "x").await?;
        let two = self.claimed(FREE, a, "y").await?;
        let others = self.claimed(FREE, b, "z").await?;
        let claims = [("x", a), ("y", a), ("z", b)];
        self.told(
            claims
                .map(|(key, who)| seen("registered", key, who))
                .to_vec(),
        )
        .await?;
        a.kill();
        a.ended().await;
        // In no order.
        let mut gone = [self.next().await?, self.next().await?];
        gone.sort();
        same(ENDED, &gone, &["x", "y"].map(|key| seen("expired", key, a)))?;
        for (key, lease) in [("x", &one), ("y", &two)] {
            same(ENDED, &self.holder(key).await?, &None)?;
            self.renewed(ENDED, &**lease, Err(LeaseLost)).await?;
        }
        self.renewed(ENDED, &*others, Ok(())).await?;
        self.released(ENDED, &*others, true).await?;
        self.told(vec![seen("unregistered", "z", b)]).await
    }

    async fn a_successor_is_safe(&mut self, b: &Process, c: &Process) -> Result<(), Violation> {
        let lost = self.claimed(FREE, b, "x").await?;
        b.kill();
        b.ended().await;
        self.comes_free(ENDED, "x").await?;
        let held = self.claimed(ENDED, c, "x").await?;
        self.released(SUCCESSOR, &*lost, false).await?;
        self.renewed(SUCCESSOR, &*lost, Err(LeaseLost)).await?;
        self.renewed(SUCCESSOR, &*held, Ok(())).await?;
        same(SUCCESSOR, &self.holder("x").await?, &Some(c.clone()))?;
        self.released(SUCCESSOR, &*held, true).await?;
        let changes = [
            ("registered", b),
            ("expired", b),
            ("registered", c),
            ("unregistered", c),
        ];
        let changes = changes.map(|(what, who)| seen(what, "x", who));
        self.told(changes.to_vec()).await
    }

    async fn the_dead_claim_nothing(&mut self, dead: &Process) -> Result<(), Violation> {
        let refused = self.claim(dead, "x").await?.map(drop);
        same(DEAD, &refused, &Err(RegisterError::Dead))?;
        same(DEAD, &self.holder("x").await?, &None)?;
        let untold = self
            .events
            .try_recv()
            .map(|event| format!("{event:?}"))
            .ok();
        same(WATCHED, &untold, &None)
    }

    async fn one_wins(&mut self, c: &Process, d: &Process) -> Result<(), Violation> {
        let (one, two, three, four) = tokio::join!(
            self.claim(c, "x"),
            self.claim(d, "x"),
            self.claim(c, "x"),
            self.claim(d, "x"),
        );
        let claims = [one?, two?, three?, four?];
        let won = claims.iter().filter(|claim| claim.is_ok()).count();
        same(ONE_WINS, &won, &1)?;
        for process in [c, d] {
            process.kill();
            process.ended().await;
        }
        self.comes_free(ENDED, "x").await
    }
}
