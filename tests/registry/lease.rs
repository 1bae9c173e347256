//! The local registry as a backend of leases, and backends that break the rules.

use mainstay::testkit::{TestContext, conformance};
use mainstay_supervisors::registry::{Lease, LeaseBackend, LeaseLost, Listener};
use mainstay_supervisors::{Keys, Process, RegisterError, Registration, Registry};

type Local = Registry<String, u32>;

#[mainstay::test(start_paused = true)]
async fn the_local_registry_conforms(cx: TestContext) {
    let registry = Local::new(Keys::Unique);
    let conforms = conformance::lease_backend(&cx, &registry).await;
    assert_eq!(conforms, Ok(()));
    assert_eq!(registry.count(), 0);
}

#[mainstay::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_local_registry_conforms_with_threads_as_well(cx: TestContext) {
    let registry = Local::new(Keys::Unique);
    assert_eq!(conformance::lease_backend(&cx, &registry).await, Ok(()));
}

#[mainstay::test(start_paused = true)]
async fn a_backend_that_lets_several_in_breaks_a_rule(cx: TestContext) {
    let registry = Local::new(Keys::Duplicate);
    let broken = conformance::lease_backend(&cx, &registry)
        .await
        .unwrap_err();
    assert_eq!(
        broken.rule,
        "a key that is held is refused, with its holder"
    );
    assert!(
        broken.expected.starts_with("Err(AlreadyRegistered("),
        "{broken}"
    );
    assert_eq!(broken.found, "Ok(())");
}

type Answer<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A backend whose leases can be given up again and again, or that never answers.
struct Odd {
    registry: Local,
    answers: bool,
}

#[derive(Debug)]
struct OddLease(Registration<String, u32>);

impl Lease for OddLease {
    fn renew(&self) -> Answer<'_, Result<(), LeaseLost>> {
        Box::pin(async { Ok(()) })
    }

    fn release(&self) -> Answer<'_, bool> {
        self.0.release();
        Box::pin(async { true })
    }
}

impl LeaseBackend<String, u32> for Odd {
    fn claim<'a>(
        &'a self,
        process: &'a Process,
        key: String,
        value: u32,
    ) -> Answer<'a, Result<Box<dyn Lease>, RegisterError>> {
        let claimed = self.registry.register(process, key, value);
        Box::pin(
            async move { claimed.map(|claimed| Box::new(OddLease(claimed)) as Box<dyn Lease>) },
        )
    }

    fn find<'a>(&'a self, key: &'a String) -> Answer<'a, Option<Process>> {
        if !self.answers {
            return Box::pin(std::future::pending());
        }
        self.registry.find(key)
    }

    fn watch(&self) -> Listener<String, u32> {
        self.registry.listen()
    }
}

#[mainstay::test(start_paused = true)]
async fn a_backend_that_renews_what_was_released_breaks_a_rule(cx: TestContext) {
    let odd = Odd {
        registry: Local::new(Keys::Unique),
        answers: true,
    };
    let broken = conformance::lease_backend(&cx, &odd).await.unwrap_err();
    assert_eq!(
        broken.to_string(),
        "broken: a lease that was released is lost, and its key is free; expected Err(LeaseLost), found Ok(())"
    );
}

#[mainstay::test(start_paused = true)]
async fn a_backend_that_does_not_answer_breaks_a_rule(cx: TestContext) {
    let odd = Odd {
        registry: Local::new(Keys::Unique),
        answers: false,
    };
    let broken = conformance::lease_backend(&cx, &odd).await.unwrap_err();
    assert_eq!(
        broken.to_string(),
        "broken: an answer, or an event, comes within 10 seconds; expected the answer to a search, found nothing"
    );
}

/// What a backend does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// Nobody is found.
    Finds,
    /// The dead are found.
    KeepsTheDead,
    /// Releasing a lost lease takes the key away from its next holder.
    HarmsSuccessors,
    /// The dead may claim.
    ServesTheDead,
    /// It looks, and takes later.
    LooksBeforeItTakes,
    /// A claim is told twice.
    TellsTwice,
}

struct Mutant {
    /// With several holders of a key, so that only its own looks keep others out.
    registry: Local,
    wrong: Wrong,
    dead: std::sync::Mutex<Option<Process>>,
}

#[derive(Debug)]
struct MutantLease {
    registry: Local,
    registration: Option<Registration<String, u32>>,
    key: String,
    harms: bool,
}

impl Lease for MutantLease {
    fn renew(&self) -> Answer<'_, Result<(), LeaseLost>> {
        match &self.registration {
            Some(registration) => registration.renew(),
            None => Box::pin(async { Err(LeaseLost) }),
        }
    }

    fn release(&self) -> Answer<'_, bool> {
        Box::pin(async {
            let Some(registration) = &self.registration else {
                return false;
            };
            let released = Lease::release(registration).await;
            if self.harms && !released {
                for (process, _) in self.registry.lookup(&self.key) {
                    self.registry.unregister(&process, &self.key);
                }
            }
            released
        })
    }
}

impl Mutant {
    async fn take(
        &self,
        process: &Process,
        key: String,
        value: u32,
    ) -> Result<Box<dyn Lease>, RegisterError> {
        let holder = self.registry.lookup(&key).pop();
        if let Some((holder, _)) = holder {
            return Err(RegisterError::AlreadyRegistered(holder));
        }
        if self.wrong == Wrong::LooksBeforeItTakes {
            tokio::task::yield_now().await;
        }
        if self.wrong == Wrong::TellsTwice {
            self.registry.register(process, key.clone(), value)?;
            self.registry.unregister(process, &key);
        }
        let registration = match self.registry.register(process, key.clone(), value) {
            Err(RegisterError::Dead) if self.wrong == Wrong::ServesTheDead => None,
            registered => Some(registered?),
        };
        *self.dead.lock().expect("no panic") = Some(process.clone());
        Ok(Box::new(MutantLease {
            registry: self.registry.clone(),
            registration,
            key,
            harms: self.wrong == Wrong::HarmsSuccessors,
        }))
    }
}

impl LeaseBackend<String, u32> for Mutant {
    fn claim<'a>(
        &'a self,
        process: &'a Process,
        key: String,
        value: u32,
    ) -> Answer<'a, Result<Box<dyn Lease>, RegisterError>> {
        Box::pin(self.take(process, key, value))
    }

    fn find<'a>(&'a self, key: &'a String) -> Answer<'a, Option<Process>> {
        let found = self.registry.lookup(key).pop().map(|(holder, _)| holder);
        let last = self.dead.lock().expect("no panic").clone();
        let dead = last.filter(|last| self.wrong == Wrong::KeepsTheDead && !last.is_alive());
        let found = found.filter(|_| self.wrong != Wrong::Finds).or(dead);
        Box::pin(async move { found })
    }

    fn watch(&self) -> Listener<String, u32> {
        self.registry.listen()
    }
}

#[mainstay::test(start_paused = true)]
async fn each_rule_is_broken_by_a_backend_that_does_that_wrong(cx: TestContext) {
    let rules = [
        (
            Wrong::Finds,
            "a key that nobody holds can be claimed, and is found then",
        ),
        (
            Wrong::KeepsTheDead,
            "the end of a process ends its leases, and those of nobody else",
        ),
        (
            Wrong::HarmsSuccessors,
            "a lease that was lost cannot harm the one after it",
        ),
        (
            Wrong::ServesTheDead,
            "a process that has ended can claim nothing",
        ),
        (
            Wrong::LooksBeforeItTakes,
            "of claims that come at once, one wins",
        ),
        (
            Wrong::TellsTwice,
            "whoever watches is told of every change, in order",
        ),
    ];
    for (wrong, rule) in rules {
        let cx = TestContext::builder().beside(&cx).start().await.unwrap();
        let mutant = Mutant {
            registry: Local::new(Keys::Duplicate),
            wrong,
            dead: std::sync::Mutex::default(),
        };
        let broken = conformance::lease_backend(&cx, &mutant).await.unwrap_err();
        assert_eq!(broken.rule, rule, "{broken}");
        cx.finish().await.unwrap();
    }
}
