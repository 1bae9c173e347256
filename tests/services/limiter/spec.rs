//! Limiters from a file.

use mainstay_actors::limiter::{NAME, RateKey};
use mainstay_supervisors::specs::{AnyKind, NodeSpec, RateLimitConfig, RateLimitersSpec};

use super::support::{Bed, admitted, local, name, seconds};

#[tokio::test(start_paused = true)]
async fn the_limiters_of_a_file_are_there_from_the_start() {
    let text = r#"(namespaces: [(name: "app", services: (rate_limiters: (limiters: [
        (name: "api", config: (algorithm: token_bucket, limit: 5, window: "1s", burst_limit: 10)),
        (name: "login", config: (algorithm: sliding_window, limit: 3, window: "15m")),
    ])))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.rate_limiters.clone();
    let bed = Bed::with(spec.expect("it is given")).await;
    let names: Vec<_> = bed
        .limiters
        .limiters()
        .iter()
        .map(|one| one.name().to_string())
        .collect();
    assert_eq!(names, ["api", "login"]);
    let login = bed.limiters.limiter("login").expect("it is there");
    assert_eq!(admitted(&local(&login), "a", 9), 3);
    assert_eq!(bed.limiters.stats()[1].refused, 6);
    assert!(
        bed.limiters
            .check(&name("api"), RateKey::from("a"))
            .await
            .is_ok()
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_cannot_be_is_no_start() {
    let runtime = mainstay_supervisors::Runtime::new();
    let wrong = RateLimitConfig::token_bucket(0, seconds(1));
    let spec = RateLimitersSpec::default().limiter(name("api"), wrong);
    let child = mainstay_actors::limiter::RateLimiterRegistry::child(spec);
    let plan = mainstay_supervisors::NamespacePlan::new().service(child);
    let refused = runtime
        .start_namespace("bed".parse().expect("a name"), plan)
        .await;
    let told = refused.expect_err("it cannot be").to_string();
    assert!(told.contains(NAME), "{told}");
    runtime.stop(seconds(5)).await;
}
