//! What stands in for calls that are refused.

use std::time::Duration;

use mainstay::protected;
use mainstay_actors::breaker::{CircuitBreaker, Refusal, Unanswered};
use tokio::time::sleep;

use super::Wrong;
use crate::breaker::support::{alone, touchy};

struct Shop {
    breaker: CircuitBreaker,
    cached: u8,
}

fn nothing(_: Refusal) -> Result<Vec<String>, Wrong> {
    Ok(Vec::new())
}

#[protected(breaker = self.breaker)]
impl Shop {
    #[protected(fallback = |_| Ok(self.cached))]
    pub(crate) async fn price(&self) -> Result<u8, Wrong> {
        Err(Wrong::Failed)
    }

    #[protected(fallback = nothing)]
    pub(crate) fn items(&self) -> Result<Vec<String>, Wrong> {
        Ok(vec!["cup".to_owned()])
    }

    #[protected(fallback = async Self::later)]
    pub(crate) async fn stock(&self) -> Result<Duration, Wrong> {
        Ok(Duration::ZERO)
    }

    #[protected(fallback = async |refusal| Self::later(refusal).await)]
    pub(crate) fn stock_later(
        &self,
    ) -> impl Future<Output = Result<Duration, Wrong>> + Send + use<'_> {
        async { Ok(Duration::ZERO) }
    }

    /// Arguments that the body gives away are there for the fallback, as the body was not run.
    #[protected(fallback = |_| Ok(greeting + "?"))]
    pub(crate) async fn greet(&mut self, greeting: String) -> Result<String, Wrong> {
        self.cached += 1;
        Ok(greeting + "!")
    }

    #[protected(fallback = |refusal| Err(Unanswered::Open(refusal).into()))]
    pub(crate) async fn slow(&self) -> Result<(), Wrong> {
        sleep(Duration::from_secs(60)).await;
        Ok(())
    }

    async fn later(refusal: Refusal) -> Result<Duration, Wrong> {
        sleep(Duration::from_secs(1)).await;
        refusal.retry_after().ok_or(Wrong::Failed)
    }
}

fn shop() -> Shop {
    Shop {
        breaker: alone(touchy()),
        cached: 7,
    }
}

#[tokio::test(start_paused = true)]
async fn a_fallback_stands_in_for_refused_calls_and_for_no_others() {
    let mut shop = shop();
    assert_eq!(shop.items(), Ok(vec!["cup".to_owned()]));
    assert_eq!(
        shop.greet("hello".to_owned()).await,
        Ok("hello!".to_owned())
    );
    assert_eq!(shop.price().await, Err(Wrong::Failed));
    assert_eq!(shop.price().await, Ok(8));
    assert_eq!(shop.items(), Ok(Vec::new()));
    assert_eq!(
        shop.greet("hello".to_owned()).await,
        Ok("hello?".to_owned())
    );
    assert_eq!(shop.cached, 8, "the body was not run again");
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_says_so_is_awaited() {
    let shop = shop();
    assert_eq!(shop.stock().await, Ok(Duration::ZERO));
    assert_eq!(shop.price().await, Err(Wrong::Failed));
    assert_eq!(shop.stock().await, Ok(Duration::from_secs(29)));
    assert_eq!(shop.stock_later().await, Ok(Duration::from_secs(28)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_made_and_took_too_long_is_an_error_all_the_same() {
    let shop = shop();
    let limit = Duration::from_secs(5);
    let late = Err(Wrong::Unanswered(Unanswered::Timeout(limit)));
    assert_eq!(shop.slow().await, late);
    assert!(shop.slow().await.expect_err("it is open").is_refusal());
}
