//! What the config server records of its use.

use std::time::Duration;

use mainstay_actors::metrics::{MetricsStore, Outcome, TimeWindow};
use mainstay_actors::{ConfigServer, config};
use mainstay_supervisors::specs::{Args, ConfigServerSpec, MetricsSpec, NamespaceName};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};
use tokio::time::sleep;

const SERVICE: &str = "foundation.config_server";

struct Bed {
    runtime: Runtime,
    namespace: Namespace,
    config: ConfigServer,
    store: MetricsStore,
}

impl Bed {
    async fn new() -> Self {
        let runtime = Runtime::new();
        let content = Args::from_ron("(size: 10)").expect("RON");
        let spec = ConfigServerSpec::default().initial(content);
        let plan = NamespacePlan::new()
            .service(MetricsStore::child(MetricsSpec::default()))
            .service(ConfigServer::child(spec));
        let name = NamespaceName::new("app").expect("a name");
        let namespace = runtime
            .start_namespace(name, plan)
            .await
            .expect("it starts");
        Self {
            config: ConfigServer::in_namespace(&namespace).expect("it was started"),
            store: MetricsStore::in_namespace(&namespace).expect("it was started"),
            runtime,
            namespace,
        }
    }

    fn count(&self, name: &str) -> u64 {
        let name = format!("{SERVICE}.{name}");
        let view = self.store.view(name, [("", ""); 0], TimeWindow::Minute);
        view.expect("the series is there").count()
    }

    fn outcomes(&self, name: &str, outcome: Outcome) -> u64 {
        let tags = [("status", outcome.as_str())];
        let name = format!("{SERVICE}.{name}");
        let view = self.store.view(name, tags, TimeWindow::Minute);
        view.expect("the series is there").count()
    }

    fn hit_rate(&self) -> Option<f64> {
        let name = format!("{SERVICE}.cache_hit_rate");
        self.store.family(name, TimeWindow::Minute)?.last()
    }

    async fn end(self) {
        drop(self.namespace);
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn lookups_are_timed_and_counted_as_hits_and_misses() {
    let bed = Bed::new().await;
    for _ in 0..3 {
        bed.config.get("size").expect("it is there");
    }
    bed.config.get("nowhere").expect_err("it is not there");
    bed.config
        .get_as::<bool>("size")
        .expect_err("it is a number");
    assert_eq!(bed.config.get_with_default("nowhere", 7), Ok(7));
    assert_eq!(bed.outcomes("get", Outcome::Success), 3);
    assert_eq!(bed.outcomes("get", Outcome::Error), 3);
    assert_eq!(bed.count("cache_hits"), 4);
    assert_eq!(bed.count("cache_misses"), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_hit_rate_has_no_value_before_the_first_lookup_and_is_right_a_second_after_the_last() {
    let bed = Bed::new().await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(bed.hit_rate(), None);
    for path in ["size", "size", "size", "nowhere"] {
        bed.config.get(path).ok();
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(bed.hit_rate(), Some(0.75));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn updates_are_timed_by_what_they_come_to_and_those_that_were_made_are_counted() {
    let bed = Bed::new().await;
    bed.config.update("size", 11).await.expect("it is a number");
    bed.config
        .force_update("size", 12)
        .await
        .expect("it is a number");
    bed.config
        .update("size", "many")
        .await
        .expect_err("it is a text");
    assert_eq!(bed.outcomes("update", Outcome::Success), 2);
    assert_eq!(bed.outcomes("update", Outcome::Error), 1);
    assert_eq!(bed.count("updates"), 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_given_up_was_cancelled() {
    let bed = Bed::new().await;
    let update = bed.config.update("size", 11);
    assert!(tokio::time::timeout(Duration::ZERO, update).await.is_err());
    assert_eq!(bed.outcomes("update", Outcome::Cancelled), 1);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_survives_a_crash_of_the_config_server() {
    let bed = Bed::new().await;
    bed.config.get("size").expect("it is there");
    let keeper = bed.namespace.whereis(config::NAME).expect("it runs");
    keeper.kill();
    keeper.ended().await;
    bed.config.get("size").expect("it is there");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(bed.count("cache_hits"), 2);
    assert_eq!(bed.hit_rate(), Some(1.0));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_metrics_store_nothing_is_recorded_and_all_works() {
    let runtime = Runtime::new();
    let plan = NamespacePlan::new().service(ConfigServer::child(ConfigServerSpec::default()));
    let name = NamespaceName::new("app").expect("a name");
    let namespace = runtime
        .start_namespace(name, plan)
        .await
        .expect("it starts");
    let config = ConfigServer::in_namespace(&namespace).expect("it was started");
    config.update("size", 1).await.expect("nothing is there");
    assert_eq!(config.get_as("size"), Ok(1));
    assert!(MetricsStore::in_namespace(&namespace).is_none());
}
