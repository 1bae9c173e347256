//! Functions of any signature, which go on being what they were.

use std::borrow::Cow;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

use mainstay::instrumented;
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::Outcome;

use super::Bed;

struct Cart<T, const N: usize> {
    items: [T; N],
    metrics: Option<MetricsStore>,
    name: String,
}

#[instrumented(name = "shop.cart", store = self.metrics)]
impl<T: Display + Send + Sync, const N: usize> Cart<T, N>
where
    T: Clone,
{
    fn first(&self) -> Option<&T> {
        self.items.first()
    }

    fn first_mut(&mut self) -> Option<&mut T> {
        let first = self.items.first_mut()?;
        Some(first)
    }

    /// Gives away what it borrows for as long as it borrows it.
    fn name_mut<'a>(&'a mut self, suffix: &str) -> &'a mut String {
        self.name.push_str(suffix);
        &mut self.name
    }

    fn into_items(self) -> [T; N] {
        self.items
    }

    async fn longer<'a>(&'a self, text: &'a str, (more, less): (usize, usize)) -> Cow<'a, str> {
        tokio::task::yield_now().await;
        if text.len() + less > more {
            return Cow::Borrowed(text);
        }
        Cow::Owned(format!("{text}{}", self.name))
    }

    fn shown(&self) -> impl Iterator<Item = String> + '_ {
        self.items.iter().map(ToString::to_string)
    }

    fn later(&self, by: usize) -> impl Future<Output = usize> + Send + '_ {
        let count = self.items.len();
        async move {
            tokio::task::yield_now().await;
            count + by
        }
    }

    fn boxed<'a>(&'a self, by: &'a usize) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
        Box::pin(async move { self.items.len() + by })
    }

    async fn unsized_error(&self) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
        let number: u8 = "300".parse()?;
        Ok(number)
    }

    #[instrumented(skip)]
    const fn len(&self) -> usize {
        N
    }

    const fn is_empty(&self) -> bool {
        N == 0
    }
}

trait Looking {
    fn look(&self) -> impl Future<Output = bool> + Send;
}

#[instrumented(name = "shop.cart", store = self.metrics)]
impl Looking for Cart<u8, 3> {
    async fn look(&self) -> bool {
        true
    }
}

fn cart(bed: &Bed) -> Cart<u8, 3> {
    Cart {
        items: [1, 2, 3],
        metrics: Some(bed.store.clone()),
        name: "cart".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn methods_of_every_kind_do_what_they_did_and_are_recorded() {
    let bed = Bed::new().await;
    let mut cart = cart(&bed);
    assert_eq!(cart.first(), Some(&1));
    *cart.first_mut().expect("it has one") = 7;
    cart.name_mut("-").push('1');
    assert_eq!(cart.name, "cart-1");
    assert_eq!(cart.longer("x", (5, 1)).await, "xcart-1");
    assert_eq!(cart.longer("x", (1, 1)).await, "x");
    assert_eq!(cart.shown().collect::<Vec<_>>(), ["7", "2", "3"]);
    assert_eq!(cart.later(4).await, 7);
    assert_eq!(cart.boxed(&5).await, 8);
    assert!(cart.look().await);
    let error = cart.unsized_error().await.expect_err("too large");
    assert!(error.is::<std::num::ParseIntError>());
    assert_eq!((cart.len(), cart.is_empty()), (3, false));
    assert_eq!(cart.into_items(), [7, 2, 3]);

    let recorded =
        |function: &str, outcome| bed.latencies(&format!("shop.cart.{function}"), outcome);
    for function in [
        "first",
        "first_mut",
        "name_mut",
        "into_items",
        "shown",
        "later",
        "boxed",
        "look",
    ] {
        assert_eq!(recorded(function, Outcome::Success), 1, "{function}");
    }
    assert_eq!(recorded("longer", Outcome::Success), 2);
    assert_eq!(recorded("unsized_error", Outcome::Error), 1);
    for function in ["len", "is_empty"] {
        assert_eq!(recorded(function, Outcome::Success), 0, "{function}");
    }
    bed.end().await;
}

#[instrumented]
async fn by_reference<T>(values: &mut Vec<T>, value: T) -> usize {
    values.push(value);
    values.len()
}

#[instrumented(name = "shop.tax")]
fn tax(mut cents: u64, #[allow(unused)] country: &str) -> Result<u64, String> {
    if cents == 0 {
        return Err("nothing to tax".to_owned());
    }
    cents += 1;
    Ok(cents / 5)
}

#[tokio::test(start_paused = true)]
async fn functions_record_where_the_process_is_that_calls_them() {
    let bed = Bed::new().await;
    let mut values = vec![1];
    // Outside of every process there is nothing to record to.
    assert_eq!(by_reference(&mut values, 2).await, 2);
    assert_eq!(tax(9, "se"), Ok(2));
    let calls = async {
        assert_eq!(by_reference(&mut values, 3).await, 3);
        assert_eq!(tax(9, "se"), Ok(2));
        assert_eq!(tax(0, "se"), Err("nothing to tax".to_owned()));
    };
    bed.process.scope(calls).await;
    assert_eq!(
        bed.latencies("foundation.signatures.by_reference", Outcome::Success),
        1
    );
    assert_eq!(bed.latencies("shop.tax", Outcome::Success), 1);
    assert_eq!(bed.latencies("shop.tax", Outcome::Error), 1);
    bed.end().await;
}
