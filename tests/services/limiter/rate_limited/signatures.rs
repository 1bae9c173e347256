//! Functions of any signature, which go on being what they were.

use std::borrow::Cow;
use std::fmt::Display;
use std::pin::Pin;

use mainstay::rate_limited;
use mainstay_actors::limiter::{Limiter, RateKey, RateLimitError};

use super::{Wrong, left, minutely};

type Answer<T> = Result<T, Wrong>;

struct Cart<T, const N: usize> {
    items: [T; N],
    limiter: Limiter,
    name: String,
}

#[rate_limited(limiter = self.limiter, key = User(&self.name))]
impl<T: Display + Send + Sync, const N: usize> Cart<T, N>
where
    T: Clone,
{
    #[unlimited]
    pub(crate) const fn new(items: [T; N], limiter: Limiter, name: String) -> Self {
        Self {
            items,
            limiter,
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

    #[rate_limited(key = Global, cost = 3)]
    pub(crate) async fn converted<U: Into<u8>>(&self, number: U) -> Answer<u8> {
        Ok(number.into())
    }

    fn private(&self) -> usize {
        N
    }
}

trait Looking {
    fn look(&self) -> impl Future<Output = Answer<bool>> + Send;

    fn limiter(&self) -> &Limiter;

    #[rate_limited(limiter = self.limiter(), key = Global)]
    fn provided(&self) -> Answer<&'static str> {
        Ok("provided")
    }
}

#[rate_limited(limiter = &self.limiter, key = Global)]
impl Looking for Cart<u8, 3> {
    async fn look(&self) -> Answer<bool> {
        Ok(true)
    }

    #[unlimited]
    fn limiter(&self) -> &Limiter {
        &self.limiter
    }
}

fn cart(limit: u32) -> Cart<u8, 3> {
    Cart::new([1, 2, 3], minutely(limit), "cart".to_owned())
}

/// A future that may be sent to another thread.
fn sent<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test(start_paused = true)]
async fn methods_of_every_kind_do_what_they_did() {
    let mut cart = cart(100);
    assert_eq!(cart.first(), Ok(&1));
    *cart.first_mut().expect("it may") = 7;
    assert_eq!(sent(cart.longer("x", (5, 1))).await, Ok("xcart".into()));
    assert_eq!(cart.longer("x", (1, 1)).await, Ok("x".into()));
    let shown = cart.shown().expect("it may");
    assert_eq!(shown.collect::<Vec<_>>(), ["7", "2", "3"]);
    assert_eq!(sent(cart.later(4)).await, Ok(7));
    assert_eq!(cart.boxed(&5).await, Ok(8));
    assert_eq!(sent(cart.look()).await, Ok(true));
    assert_eq!(cart.provided(), Ok("provided"));
    assert_eq!(cart.converted(7).await, Ok(7));
    assert_eq!(cart.private(), 3);
    assert_eq!(left(&cart.limiter, RateKey::user("cart")), 93);
    assert_eq!(left(&cart.limiter, RateKey::global()), 95);
    cart.name_mut("-").expect("it may").push('1');
    assert_eq!(cart.name, "cart-1");
    assert_eq!(left(&cart.limiter, RateKey::user("cart")), 92);
    let limiter = cart.limiter.clone();
    assert_eq!(cart.into_items(), Ok([7, 2, 3]));
    assert_eq!(left(&limiter, RateKey::user("cart-1")), 99);
}

#[tokio::test(start_paused = true)]
async fn methods_of_every_kind_are_refused_when_it_is_too_much() {
    let mut cart = cart(1);
    assert!(cart.first().is_ok());
    assert!(cart.provided().is_ok());
    let mut refusals = vec![
        cart.first().map(drop),
        cart.longer("x", (5, 1)).await.map(drop),
        cart.shown().map(drop),
        cart.later(4).await.map(drop),
        cart.boxed(&5).await.map(drop),
        cart.look().await.map(drop),
        cart.provided().map(drop),
    ];
    refusals.push(cart.first_mut().map(drop));
    refusals.push(cart.name_mut("-").map(drop));
    assert_eq!(cart.name, "cart");
    let dear = cart.converted(7).await;
    assert!(matches!(
        dear,
        Err(Wrong::Limited(RateLimitError::TooCostly { .. }))
    ));
    assert_eq!(cart.limiter.stats().admitted, 2);
    refusals.push(cart.into_items().map(drop));
    for refused in refusals {
        let refused = refused.expect_err("it is too much");
        assert!(matches!(
            refused,
            Wrong::Limited(RateLimitError::Exceeded(_))
        ));
    }
}
