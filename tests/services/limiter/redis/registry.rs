//! Limits of a namespace, from a file.

use mainstay_actors::limiter::{
    Limiter, RateKey, RateLimitError, RateLimiterRegistry, RedisAsk, RegisterLimiterError,
    check_all_redis,
};
use mainstay_supervisors::specs::{
    Algorithm, AnyKind, Backend, NodeSpec, RateLimitersSpec, RedisBackend,
};
use mainstay_supervisors::{NamespacePlan, Runtime};

use super::super::support::{Bed, name, seconds};
use super::server::Server;
use super::{SECRET, admitted, backend, config, until};

fn spec(server: &Server) -> RateLimitersSpec {
    let text = format!(
        r#"(namespaces: [(name: "app", services: (rate_limiters: (limiters: [
            (name: "api", config: (limit: 5, window: "100days",
                backend: (redis: (url: "{}", secret: "{SECRET}", time_limit: "10s", on_unavailable: closed)))),
            (name: "all", config: (algorithm: fixed_window, window_start: first_use, limit: 7, window: "100days", key: global,
                backend: (redis: (url: "{}", secret: "{SECRET}", time_limit: "10s", on_unavailable: local(one_of: 2))))),
            (name: "here", config: (limit: 5)),
        ])))])"#,
        server.url(),
        server.url()
    );
    let node = NodeSpec::from_ron(&text, &AnyKind).expect("a node");
    let limiters = node.namespaces[0].services.rate_limiters.clone();
    limiters.expect("it is given")
}

#[tokio::test]
async fn limits_of_a_file_are_there_from_the_start_and_survive_the_keeper() {
    let Some(server) = Server::start() else {
        return;
    };
    let bed = Bed::with(spec(&server)).await;
    let all = bed.limiters.limiters();
    let named = all
        .iter()
        .map(|one| (one.name().as_str(), one.redis().is_some()));
    let named: Vec<_> = named.collect();
    assert_eq!(named, [("all", true), ("api", true), ("here", false)]);
    drop(all);
    let find = |called: &str| {
        let found = bed.limiters.limiter(called).expect("it is there");
        found.redis().expect("it counts there").clone()
    };
    let (api, all) = (find("api"), find("all"));
    assert_eq!(admitted(&api, "ada", 3).await, 3);
    bed.crash().await;
    assert_eq!(admitted(&find("api"), "ada", 9).await, 2);
    assert_eq!(api.stats().admitted, 5);
    // They share a connection, and so can decide as one.
    let asks = [
        RedisAsk::new(&api, RateKey::user("grace")),
        RedisAsk::new(&all, RateKey::global()),
    ];
    assert!(check_all_redis(&asks).await.is_ok());
    let keys = server.ask(&["KEYS", "{mainstay/bed}/*"]);
    assert!(keys.starts_with("*3\r\n"), "{keys}");
    // A name is one limiter's, wherever it counts.
    let again = config(Algorithm::TokenBucket, 1).backend(Backend::redis(backend(&server)));
    for called in ["api", "here"] {
        let told = bed.limiters.register(name(called), again.clone());
        let taken = RegisterLimiterError::AlreadyRegistered(name(called));
        assert_eq!(told.map(drop), Err(taken));
    }
    let told = bed
        .limiters
        .register(name("api"), config(Algorithm::TokenBucket, 1));
    let taken = RegisterLimiterError::AlreadyRegistered(name("api"));
    assert_eq!(told.map(drop), Err(taken));
    let told = bed.limiters.check(&name("api"), RateKey::user("ada")).await;
    assert!(matches!(told, Err(RateLimitError::Exceeded(_))), "{told:?}");
    let gone = bed.limiters.unregister("api").expect("it is there");
    assert!(bed.limiters.limiter("api").is_none());
    assert!(gone.check(RateKey::user("ada")).await.is_err());
    let told = gone.check_now(RateKey::user("ada"), 1);
    assert_eq!(told.map(drop), Err(RateLimitError::Elsewhere(name("api"))));
    drop((api, all, gone));
    bed.end().await;
    until("the connection has ended", || async {
        server
            .ask(&["INFO", "clients"])
            .contains("connected_clients:1\r\n")
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_no_start_and_names_the_place() {
    let runtime = Runtime::new();
    for (url, told) in [
        (
            "10.0.0.5",
            "limiters[0].config.backend.redis.url: expected redis://host",
        ),
        // What only the client finds.
        (
            "redis://h?protocol=resp9",
            "limiters[0].config.backend.redis.url: expected the address of a Redis",
        ),
    ] {
        let wrong = config(Algorithm::TokenBucket, 5);
        let wrong = wrong.backend(Backend::redis(RedisBackend::new(url, SECRET)));
        let spec = RateLimitersSpec::default().limiter(name("api"), wrong);
        let plan = NamespacePlan::new().service(RateLimiterRegistry::child(spec));
        let refused = runtime
            .start_namespace("bed".parse().expect("a name"), plan)
            .await;
        let found = refused.expect_err("it cannot be").to_string();
        assert!(found.contains(told), "{found}");
    }
    runtime.stop(seconds(5)).await;
}

#[tokio::test]
async fn a_limiter_of_this_process_keeps_its_counts_here() {
    let redis = RedisBackend::new("redis://h", SECRET);
    let shared = config(Algorithm::TokenBucket, 5).backend(Backend::redis(redis));
    let expected = "the configuration of the rate limiter is wrong: backend.redis: expected none: a limiter whose counts are in a \
                    Redis is a RedisLimiter";
    let told = Limiter::new(name("api"), shared.clone()).expect_err("elsewhere");
    assert_eq!(told.to_string(), expected);
    let limiter = super::super::support::alone(config(Algorithm::TokenBucket, 5));
    let told = limiter.reconfigure(shared).expect_err("elsewhere");
    assert_eq!(told.to_string(), expected);
    let none =
        mainstay_actors::limiter::RedisLimiter::new(name("api"), config(Algorithm::TokenBucket, 5));
    let told = none.expect_err("no Redis").to_string();
    assert!(
        told.ends_with("backend.redis: expected where the Redis is, found none"),
        "{told}"
    );
}
