//! With `#[protected]` and `#[instrumented]`, in any order.

use mainstay::{instrumented, protected, rate_limited};
use mainstay_actors::MetricsStore;
use mainstay_actors::breaker::{CircuitBreaker, CircuitState, Unanswered};
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError, RateLimitedError};
use mainstay_actors::metrics::{Tags, TimeWindow};
use mainstay_supervisors::specs::{CircuitConfig, MetricsSpec, NamespaceName};
use mainstay_supervisors::{NamespacePlan, Runtime};

use super::{left, minutely};
use crate::limiter::support::{name, seconds};

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum Wrong {
    #[error("it failed")]
    Failed,
    #[error(transparent)]
    Limited(#[from] RateLimitError),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

type Answer = Result<u8, Wrong>;

struct Shop {
    breaker: CircuitBreaker,
    limiter: Limiter,
}

impl Shop {
    #[protected(breaker = self.breaker)]
    #[rate_limited(limiter = self.limiter, key = Global)]
    async fn first_protected(&self, answer: Answer) -> Answer {
        answer
    }

    #[rate_limited(limiter = self.limiter, key = Global)]
    #[protected(breaker = self.breaker)]
    async fn first_limited(&self, answer: Answer) -> Answer {
        answer
    }

    #[rate_limited(limiter = self.limiter, key = Global)]
    #[protected(breaker = self.breaker)]
    fn now(&self, answer: Answer) -> Answer {
        answer
    }

    /// Waits before it asks the breaker.
    #[rate_limited(limiter = self.limiter, key = Global, on_limited = wait)]
    #[protected(breaker = self.breaker)]
    fn later(&self, answer: Answer) -> impl Future<Output = Answer> + Send + '_ {
        async { answer }
    }
}

struct Both(Shop);

#[rate_limited(limiter = self.0.limiter, key = Global)]
#[protected(breaker = self.0.breaker)]
impl Both {
    pub(crate) async fn a(&self, answer: Answer) -> Answer {
        answer
    }

    #[unlimited]
    pub(crate) fn b(&self, answer: Answer) -> Answer {
        answer
    }

    #[unprotected]
    pub(crate) fn c(&self, answer: Answer) -> Answer {
        answer
    }
}

struct Turned(Shop);

#[protected(breaker = self.0.breaker)]
#[rate_limited(limiter = self.0.limiter, key = Global)]
impl Turned {
    pub(crate) async fn a(&self, answer: Answer) -> Answer {
        answer
    }

    #[unlimited]
    pub(crate) fn b(&self, answer: Answer) -> Answer {
        answer
    }

    #[unprotected]
    pub(crate) fn c(&self, answer: Answer) -> Answer {
        answer
    }
}

struct Methods(Shop);

#[rate_limited(limiter = self.0.limiter, key = Global)]
impl Methods {
    #[protected(breaker = self.0.breaker)]
    pub(crate) async fn a(&self, answer: Answer) -> Answer {
        answer
    }
}

struct Breakers(Shop);

#[protected(breaker = self.0.breaker)]
impl Breakers {
    #[rate_limited(limiter = self.0.limiter, key = Global)]
    pub(crate) async fn a(&self, answer: Answer) -> Answer {
        answer
    }
}

/// Calls what is limited within, and would not be told apart from what fails.
#[protected(breaker = breaker, error = |_| RateLimitedError::UnknownFunction(String::new()))]
fn outer(
    breaker: &CircuitBreaker,
    answer: Result<u8, RateLimitedError<&'static str>>,
) -> Result<u8, RateLimitedError<&'static str>> {
    answer
}

/// Opens on the first failure; lets so many calls through.
fn shop(limit: u32) -> Shop {
    let config = CircuitConfig::default().failure_threshold(1);
    Shop {
        breaker: CircuitBreaker::new(name("db"), config).expect("it is valid"),
        limiter: minutely(limit),
    }
}

fn is_limited(answer: &Answer) -> bool {
    matches!(answer, Err(Wrong::Limited(RateLimitError::Exceeded(_))))
}

fn is_open(answer: &Answer) -> bool {
    matches!(answer, Err(Wrong::Unanswered(Unanswered::Open(_))))
}

/// The limiter is asked first, of a shop that lets two calls through: what it refuses, the breaker does not hear of; what the
/// breaker refuses was taken.
async fn asks_the_limiter_first<F: Future<Output = Answer>>(
    shop: &Shop,
    call: impl Fn(Answer) -> F,
) {
    assert_eq!(call(Ok(7)).await, Ok(7));
    assert_eq!(left(&shop.limiter, RateKey::global()), 1);
    assert_eq!(call(Err(Wrong::Failed)).await, Err(Wrong::Failed));
    assert_eq!(shop.breaker.state(), CircuitState::Open);
    for _ in 0..3 {
        assert!(is_limited(&call(Ok(7)).await));
    }
    assert_eq!(shop.breaker.stats().rejected, 0);
    shop.limiter.reset(RateKey::global()).expect("a key");
    for _ in 0..2 {
        assert!(is_open(&call(Ok(7)).await));
    }
    assert!(is_limited(&call(Ok(7)).await));
    shop.breaker.reset();
    shop.limiter.reset(RateKey::global()).expect("a key");
    for _ in 0..2 {
        assert_eq!(call(Ok(7)).await, Ok(7));
    }
    // A refusal is no failure of what is protected.
    assert!(is_limited(&call(Ok(7)).await));
    assert_eq!(shop.breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_limiter_is_asked_before_a_breaker_in_whatever_order_they_are_written() {
    let one = shop(2);
    asks_the_limiter_first(&one, |answer| one.first_protected(answer)).await;
    let one = shop(2);
    asks_the_limiter_first(&one, |answer| one.first_limited(answer)).await;
    let one = shop(2);
    asks_the_limiter_first(&one, async |answer| one.now(answer)).await;
    let one = Both(shop(2));
    asks_the_limiter_first(&one.0, |answer| one.a(answer)).await;
    let one = Turned(shop(2));
    asks_the_limiter_first(&one.0, |answer| one.a(answer)).await;
    let one = Methods(shop(2));
    asks_the_limiter_first(&one.0, |answer| one.a(answer)).await;
    let one = Breakers(shop(2));
    asks_the_limiter_first(&one.0, |answer| one.a(answer)).await;
}

#[tokio::test(start_paused = true)]
async fn a_method_can_be_left_out_by_either() {
    let (one, other) = (Both(shop(1)), Turned(shop(1)));
    let (b, c) = (|answer| one.b(answer), |answer| one.c(answer));
    left_out(&one.0, b, c);
    let (b, c) = (|answer| other.b(answer), |answer| other.c(answer));
    left_out(&other.0, b, c);
}

fn left_out(
    shop: &Shop,
    unlimited: impl Fn(Answer) -> Answer,
    unprotected: impl Fn(Answer) -> Answer,
) {
    assert_eq!(unprotected(Err(Wrong::Failed)), Err(Wrong::Failed));
    assert_eq!(shop.breaker.state(), CircuitState::Closed);
    assert!(is_limited(&unprotected(Ok(7))));
    for _ in 0..5 {
        assert_eq!(unlimited(Ok(7)), Ok(7));
    }
    assert_eq!(unlimited(Err(Wrong::Failed)), Err(Wrong::Failed));
    assert!(is_open(&unlimited(Ok(7))));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_before_it_asks_the_breaker() {
    let one = shop(1);
    assert_eq!(one.later(Ok(7)).await, Ok(7));
    let waits = tokio::join!(one.later(Ok(8)), async {
        tokio::task::yield_now().await;
        one.breaker.force_open();
    });
    assert!(is_open(&waits.0));
    assert_eq!(one.breaker.stats().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn what_an_inner_limiter_refuses_is_no_failure_for_an_outer_breaker() {
    let one = shop(1);
    let refused = RateLimitError::Missing(name("api"));
    let refused = Err(RateLimitedError::Limited(refused));
    assert_eq!(outer(&one.breaker, refused.clone()), refused);
    assert_eq!(one.breaker.state(), CircuitState::Closed);
    assert_eq!(one.breaker.stats().totals.ignored, 1);
    let failed = Err(RateLimitedError::Failed("no"));
    assert_eq!(outer(&one.breaker, failed.clone()), failed);
    assert_eq!(one.breaker.state(), CircuitState::Open);
}

#[rate_limited(limiter = limiter, key = Global)]
#[instrumented(name = "lib.shop.all", store = store)]
async fn all(limiter: &Limiter, store: &MetricsStore) -> Answer {
    Ok(7)
}

#[instrumented(name = "lib.shop.admitted", store = store)]
#[rate_limited(limiter = limiter, key = Global)]
async fn admitted(limiter: &Limiter, store: &MetricsStore) -> Answer {
    Ok(7)
}

#[instrumented(name = "lib.shop.three", store = store)]
#[rate_limited(limiter = limiter, key = Global)]
#[protected(breaker = breaker)]
fn three(limiter: &Limiter, breaker: &CircuitBreaker, store: &MetricsStore) -> Answer {
    Ok(7)
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_depends_on_which_is_written_first() {
    let runtime = Runtime::new();
    let plan = NamespacePlan::new().service(MetricsStore::child(MetricsSpec::default()));
    let app = NamespaceName::new("app").expect("a name");
    let app = runtime.start_namespace(app, plan).await.expect("it starts");
    let store = MetricsStore::in_namespace(&app).expect("it was started");
    let breaker = shop(1).breaker;
    for limiter in [minutely(2), minutely(2), minutely(2)].iter().enumerate() {
        for call in 0..5 {
            let answer = match limiter {
                (0, limiter) => all(limiter, &store).await,
                (1, limiter) => admitted(limiter, &store).await,
                (_, limiter) => three(limiter, &breaker, &store),
            };
            assert_eq!(answer.is_ok(), call < 2);
        }
    }
    let count = |name: &str, status| {
        let tags = Tags::from([("status", status)]);
        let view = store.view(name, tags, TimeWindow::Minute);
        view.map_or(0, |view| view.count())
    };
    let counts = |name| (count(name, "success"), count(name, "error"));
    assert_eq!(counts("lib.shop.all"), (2, 3));
    assert_eq!(counts("lib.shop.admitted"), (2, 0));
    assert_eq!(counts("lib.shop.three"), (2, 0));
    assert_eq!(breaker.stats().totals.successes, 2);
    drop(app);
    runtime.stop(seconds(60)).await;
}
