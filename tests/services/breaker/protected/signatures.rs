//! Functions of any signature, which go on being what they were.

use std::borrow::Cow;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use mainstay::{instrumented, protected};
use mainstay_actors::breaker::CircuitBreaker;

use super::Wrong;
use crate::breaker::support::{alone, touchy};

type Answer<T> = Result<T, Wrong>;

struct Cart<T, const N: usize> {
    items: [T; N],
    breaker: CircuitBreaker,
    name: String,
}

#[protected(breaker = self.breaker)]
impl<T: Display + Send + Sync, const N: usize> Cart<T, N>
where
    T: Clone,
{
    #[unprotected]
    pub(crate) const fn new(items: [T; N], breaker: CircuitBreaker, name: String) -> Self {
        Self {
            items,
            breaker,
            name,
        }
    }

    pub(crate) fn first(&self) -> Answer<&T> {
        self.items.first().ok_or(Wrong::Failed)
    }

    pub(crate) fn first_mut(&mut self) -> Answer<&mut T> {
        let first = self.items.first_mut().ok_or(Wrong::Failed)?;
        Ok(first)
    }

    /// Gives away what it borrows for as long as it borrows it.
    pub(crate) fn name_mut<'a>(&'a mut self, suffix: &str) -> Result<&'a mut String, Wrong> {
        self.name.push_str(suffix);
        Ok(&mut self.name)
    }

    pub(crate) fn into_items(self) -> Answer<[T; N]> {
        Ok(self.items)
    }

    pub(crate) async fn longer<'a>(
        &'a self,
        text: &'a str,
        (more, less): (usize, usize),
    ) -> Answer<Cow<'a, str>> {
        tokio::task::yield_now().await;
        if text.len() + less > more {
            return Ok(Cow::Borrowed(text));
        }
        Ok(Cow::Owned(format!("{text}{}", self.name)))
    }

    pub(crate) fn shown(&self) -> Result<impl Iterator<Item = String> + '_, Wrong> {
        Ok(self.items.iter().map(ToString::to_string))
    }

    pub(crate) fn later(&self, by: usize) -> impl Future<Output = Answer<usize>> + Send + '_ {
        let count = self.items.len();
        async move {
            tokio::task::yield_now().await;
            Ok(count + by)
        }
    }

    pub(crate) fn boxed<'a>(
        &'a self,
        by: &'a usize,
    ) -> Pin<Box<dyn Future<Output = Answer<usize>> + Send + 'a>> {
        Box::pin(async move { Ok(self.items.len() + by) })
    }

    #[instrumented(name = "shop.cart.both")]
    pub(crate) async fn both<U: Into<u8>>(&self, number: U) -> Answer<u8> {
        Ok(number.into())
    }

    fn private(&self) -> usize {
        N
    }
}

trait Looking {
    fn look(&self) -> impl Future<Output = Answer<bool>> + Send;

    fn breaker(&self) -> &CircuitBreaker;

    #[protected(breaker = self.breaker())]
    fn provided(&self) -> Answer<&'static str> {
        Ok("provided")
    }
}

#[protected(breaker = &self.breaker)]
impl Looking for Cart<u8, 3> {
    async fn look(&self) -> Answer<bool> {
        Ok(true)
    }

    #[unprotected]
    fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }
}

fn cart() -> Cart<u8, 3> {
    Cart::new([1, 2, 3], alone(touchy()), "cart".to_owned())
}

/// A future that may be sent to another thread.
fn sent<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test(start_paused = true)]
async fn methods_of_every_kind_do_what_they_did() {
    let mut cart = cart();
    assert_eq!(cart.first(), Ok(&1));
    *cart.first_mut().expect("it has one") = 7;
    cart.name_mut("-").expect("it is closed").push('1');
    assert_eq!(cart.name, "cart-1");
    assert_eq!(sent(cart.longer("x", (5, 1))).await, Ok("xcart-1".into()));
    assert_eq!(cart.longer("x", (1, 1)).await, Ok("x".into()));
    let shown = cart.shown().expect("it is closed");
    assert_eq!(shown.collect::<Vec<_>>(), ["7", "2", "3"]);
    assert_eq!(cart.later(4).await, Ok(7));
    assert_eq!(cart.boxed(&5).await, Ok(8));
    assert_eq!(sent(cart.look()).await, Ok(true));
    assert_eq!(cart.provided(), Ok("provided"));
    assert_eq!(cart.both(7).await, Ok(7));
    assert_eq!(cart.private(), 3);
    assert_eq!(cart.breaker.stats().totals.successes, 11);
    assert_eq!(cart.into_items(), Ok([7, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn methods_of_every_kind_are_refused_while_the_breaker_is_open() {
    let mut cart = cart();
    cart.breaker.force_open();
    let mut refusals = vec![
        cart.first().map(drop),
        cart.longer("x", (5, 1)).await.map(drop),
        cart.shown().map(drop),
        cart.later(4).await.map(drop),
        cart.boxed(&5).await.map(drop),
        cart.look().await.map(drop),
        cart.provided().map(drop),
        cart.both(7).await.map(drop),
    ];
    refusals.push(cart.first_mut().map(drop));
    refusals.push(cart.name_mut("-").map(drop));
    assert_eq!(cart.name, "cart");
    assert_eq!(cart.breaker.stats().rejected, 10);
    refusals.push(cart.into_items().map(drop));
    for refused in refusals {
        assert!(refused.expect_err("it is open").is_refusal());
    }
}
