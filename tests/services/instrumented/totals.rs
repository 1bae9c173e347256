//! What a service's totals count.

use mainstay::instrumented;
use mainstay_actors::MetricsStore;
use mainstay_actors::metrics::Outcome;
use tokio::task::yield_now;

use super::Bed;

struct Shop(MetricsStore);

#[instrumented(name = "b.shop", store = self.0)]
impl Shop {
    async fn order(&self) -> Result<u8, String> {
        yield_now().await;
        let price = self.price().await;
        other(&self.0);
        Ok(price + self.tax()?)
    }

    async fn price(&self) -> u8 {
        yield_now().await;
        4
    }

    fn tax(&self) -> Result<u8, String> {
        Err("no tax is known".to_owned())
    }

    #[instrumented(metrics(errors))]
    fn errors_only(&self) -> Result<(), ()> {
        Err(())
    }

    #[instrumented(name = "b.shop.renamed", metrics(latency))]
    fn latency_only(&self) {}
}

#[instrumented(name = "b.bank.other", store = store)]
fn other(store: &MetricsStore) {}

#[tokio::test(start_paused = true)]
async fn a_call_within_another_of_its_service_is_not_counted_for_the_service_once_more() {
    let bed = Bed::new().await;
    let shop = Shop(bed.store.clone());
    shop.order().await.expect_err("no tax");
    for (function, outcome) in [
        ("order", Outcome::Error),
        ("price", Outcome::Success),
        ("tax", Outcome::Error),
    ] {
        let name = format!("b.shop.{function}");
        assert_eq!(bed.latencies(&name, outcome), 1, "{function}");
    }
    assert_eq!(bed.count("b.shop.calls", ("status", "error")), 1);
    assert_eq!(bed.count("b.shop.calls", ("status", "success")), 0);
    assert_eq!(bed.count("b.shop.errors", ("kind", "error")), 1);
    // Another service is another matter.
    assert_eq!(bed.count("b.bank.calls", ("status", "success")), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_calls_that_go_on_by_turns_in_one_thread_are_not_within_each_other() {
    let bed = Bed::new().await;
    let shop = Shop(bed.store.clone());
    let prices = tokio::join!(shop.price(), shop.price());
    assert_eq!(prices, (4, 4));
    assert_eq!(bed.count("b.shop.calls", ("status", "success")), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_recorded() {
    let bed = Bed::new().await;
    let shop = Shop(bed.store.clone());
    shop.errors_only().expect_err("always");
    shop.latency_only();
    assert_eq!(bed.count("b.shop.errors", ("kind", "error")), 1);
    assert_eq!(bed.latencies("b.shop.errors_only", Outcome::Error), 0);
    assert_eq!(bed.latencies("b.shop.renamed", Outcome::Success), 1);
    assert_eq!(bed.count("b.shop.calls", ("status", "success")), 0);
    assert_eq!(bed.count("b.shop.calls", ("status", "error")), 0);
    bed.end().await;
}
