//! Rate limiters in node files and from code.

use std::time::Duration;

use mainstay_specs::{
    Algorithm, AnyKind, KeyStrategy, NodeSpec, OnFull, OnMissingKey, OnUnavailable,
    RateLimitConfig, RedisBackend, ServiceName,
};

use crate::support::faults;

/// The faults of a limiter with this configuration, which begins at 2:1.
fn limiter_faults(config: &str) -> String {
    let text = format!(
        "(namespaces: [(name: \"n\", services: (rate_limiters: (limiters: [(name: \"api\", config: (\n{config}))])))])"
    );
    let at = "namespaces[0].services.rate_limiters.limiters[0].config.";
    faults(&text).replace(at, "")
}

#[test]
fn a_policy_is_read_with_all_that_can_be_said() {
    let text = r#"(namespaces: [(name: "n", services: (rate_limiters: (sweep_every: "1s", limiters: [
        (name: "api", config: (algorithm: token_bucket, limit: 5, window: "1s", burst_limit: 10, cost_max: 3, key: custom("tenant"),
            on_missing_key: share, keys_max: 1000, bytes_max: 65536, on_full: refuse, on_change: proportional, waiters_max: 0, shadow: true)),
        (name: "login", config: (algorithm: sliding_window, limit: 3, window: "15m", key: ip)),
        (name: "feed", config: (algorithm: fixed_window, window_start: aligned)),
    ])))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.rate_limiters.as_ref();
    let limiters = &spec.expect("it is given").limiters;
    let api = &limiters[0].config;
    assert_eq!((api.limit, api.capacity(), api.dearest()), (5, 10, 3));
    let tenant = ServiceName::new("tenant").expect("a name");
    assert_eq!(api.key, KeyStrategy::Custom(tenant));
    assert_eq!(api.on_missing_key, OnMissingKey::Share);
    assert_eq!(api.on_full, OnFull::Refuse);
    let login = RateLimitConfig::sliding_window(3, Duration::from_secs(900));
    assert_eq!(limiters[1].config, login);
    let feed = &limiters[2].config;
    assert_eq!(feed.algorithm, Algorithm::FixedWindow);
    assert_eq!((feed.limit, feed.window), (100, Duration::from_secs(60)));
}

#[test]
fn numbers_that_make_no_sense_are_all_told() {
    assert_eq!(
        limiter_faults(
            "limit: 0,\nwindow: \"0s\",\nburst_limit: 0,\ncost_max: 0,\nkeys_max: 0,\nbytes_max: 511"
        ),
        "2:8: limit: expected at least 1, found 0\n\
         3:9: window: expected a time longer than zero\n\
         4:14: burst_limit: expected at least 1, found 0\n\
         5:11: cost_max: expected at least 1, found 0\n\
         6:11: keys_max: expected at least 1, found 0\n\
         7:12: bytes_max: expected at least 512, which is room for 8 keys, found 511"
    );
    assert_eq!(
        limiter_faults("limit: -1,\nwindow: \"367days\",\nalgorithm: leaky_bucket"),
        "2:8: limit: the number -1 is out of range\n\
         3:9: window: expected at most 366 days, found 1year 1day 18h\n\
         4:12: algorithm: unknown value `leaky_bucket`, expected one of `token_bucket`, `sliding_window`, \
         `sliding_window_approximate`, `fixed_window`"
    );
}

#[test]
fn the_parts_of_a_policy_have_to_fit_each_other() {
    assert_eq!(
        limiter_faults("algorithm: sliding_window,\nlimit: 4097,\nburst_limit: 5,\ncost_max: 4098"),
        "3:8: limit: expected at most 4096 for sliding_window, which keeps an instant for each, found 4097: \
         sliding_window_approximate takes any\n\
         4:14: burst_limit: expected none beside an algorithm other than token_bucket\n\
         5:11: cost_max: expected at most the 4097 that can be had at once, found 4098: it would be refused for ever"
    );
    assert_eq!(
        limiter_faults("limit: 1,\nwindow: \"366days\",\nburst_limit: 101"),
        "4:14: burst_limit: expected a bucket that fills within 100 years, found 101"
    );
    assert_eq!(
        limiter_faults("algorithm: sliding_window,\nlimit: 100,\nbytes_max: 7423"),
        "4:12: bytes_max: expected at least 7424, which is room for 8 keys, found 7423"
    );
    assert_eq!(limiter_faults("limit: 100,\nburst_limit: 10"), "");
}

#[test]
fn limiters_with_one_name_and_more_than_may_be_are_told() {
    let text = "(namespaces: [(name: \"n\", services: (rate_limiters: (\n\
                limiters: [(name: \"a\", config: ()), (name: \"a\", config: ())],\nlimiters_max: 1,\n\
                sweep_every: \"99ms\",\nreport_every: \"61m\")))])";
    let at = "namespaces[0].services.rate_limiters";
    assert_eq!(
        faults(text),
        format!(
            "2:11: {at}.limiters: expected at most limiters_max, which is 1, found 2\n\
             2:44: {at}.limiters[1].name: duplicate limiter name \"a\", first given at line 2\n\
             4:14: {at}.sweep_every: expected 100ms to 1h, found 99ms\n\
             5:15: {at}.report_every: expected 100ms to 1h, found 1h 1m"
        ),
    );
}

#[test]
fn a_policy_built_in_code_is_checked_by_the_same_rules() {
    let config = RateLimitConfig::token_bucket(0, Duration::ZERO);
    let faults = config.validate().expect_err("it cannot be").to_string();
    assert_eq!(
        faults,
        "limit: expected at least 1, found 0\nwindow: expected a time longer than zero"
    );
}

#[test]
fn a_redis_that_machines_share_is_read_with_all_that_can_be_said() {
    let text = r#"(namespaces: [(name: "n", services: (rate_limiters: (limiters: [
        (name: "api", config: (limit: 5, backend: (redis: (url: "redis://:pass@10.0.0.5:6380/2", secret: "0123456789abcdef",
            prefix: "shop", time_limit: "20ms", on_unavailable: local(one_of: 4), failures_max: 2, pause: "50ms", pause_max: "1s",
            in_flight_max: 64)))),
        (name: "login", config: (backend: (redis: (url: "unix:///run/redis.sock", secret: "0123456789abcdef",
            on_unavailable: closed)))),
    ])))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.rate_limiters.as_ref();
    let limiters = &spec.expect("it is given").limiters;
    let ms = Duration::from_millis;
    let secret = "0123456789abcdef";
    let api = RedisBackend::new("redis://:pass@10.0.0.5:6380/2", secret)
        .prefix("shop")
        .time_limit(ms(20))
        .on_unavailable(OnUnavailable::Local { one_of: 4 })
        .failures_max(2)
        .pauses(ms(50), ms(1000))
        .in_flight_max(64);
    assert_eq!(limiters[0].config.backend.redis.as_ref(), Some(&api));
    let login = RedisBackend::new("unix:///run/redis.sock", secret);
    let login = login.on_unavailable(OnUnavailable::Closed);
    assert_eq!(limiters[1].config.backend.redis.as_ref(), Some(&login));
    let shown = format!("{:?}", limiters[0].config);
    assert!(!shown.contains("pass"), "{shown}");
    assert!(!shown.contains(secret), "{shown}");
}

#[test]
fn no_secret_is_shown_where_something_else_in_its_line_is_wrong() {
    let text = "(namespaces: [(name: \"app\", services: (rate_limiters: (limiters: [(name: \"api\", config: (
        limit: 0, backend: (redis: (url: \"redis://ada:hunter2@h\", secret: \"0123456789abcdef\")))),
        ])))])";
    let faults = NodeSpec::from_ron(text, &AnyKind).expect_err("it is no limit");
    let shown = faults.render("node.ron", text);
    assert!(shown.contains("limit: 0, backend"), "{shown}");
    for secret in ["ada", "hunter2", "0123"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_is_wrong_with_a_redis_is_told_at_its_place() {
    let redis = |url: &str| {
        limiter_faults(&format!(
            "backend: (redis: (\nurl: {url:?}, secret: \"0123456789abcdef\"))"
        ))
    };
    let at = "3:6: backend.redis.url: expected";
    // What was found may be a password, where something was forgotten.
    let port = " a port from 1 to 65535 after the host, found something else: a host has to come after user and password";
    let database = " the number of a database after the address, found something else: a `/` in a password is written `%2F`";
    for (url, told) in [
        (
            "10.0.0.5",
            " redis://host[:port][/database] or unix:///path",
        ),
        ("redis://", " a host after redis://"),
        ("redis://:pass@/", " a host after redis://"),
        ("redis://h:70000", port),
        ("redis://[::1]:0", port),
        ("redis://h/x", database),
        ("unix://run", " the path of a socket that begins with /"),
        (
            "rediss://h",
            " redis:// or unix://, found rediss://: encrypted connections are not supported",
        ),
        ("http://h", " redis:// or unix://, found \"http\""),
        ("redis://default:hunter2", port),
        ("redis://ada/hunter2@h", database),
        (
            "default:hunter2://h",
            " redis:// or unix://, found something else before ://",
        ),
    ] {
        assert_eq!(redis(url), format!("{at}{told}"), "{url}");
    }
    for url in [
        "redis://h",
        "redis://u:p@[::1]:6379/3",
        "valkey://h/",
        "redis://[::1]",
        "unix:///x",
        "redis://h/?protocol=resp3",
    ] {
        assert_eq!(redis(url), "", "{url}");
    }
    assert_eq!(
        limiter_faults(
            "limit: 3,\nwindow: \"1s 1ns\",\nbackend: (redis: (url: \"redis://h\",\nsecret: \"short\",\nprefix: \"a/b\",\n\
             time_limit: \"0s\",\non_unavailable: local(one_of: 4),\nfailures_max: 0,\nin_flight_max: 0,\npause: \"11s\"))"
        ),
        "3:9: window: expected a whole number of microseconds, as the clock of a Redis counts those, found 1s 1ns\n\
         5:9: backend.redis.secret: expected at least 16 bytes, found 5\n\
         6:9: backend.redis.prefix: expected 1 to 64 of A-Z a-z 0-9 . _ - :, found \"a/b\"\n\
         7:13: backend.redis.time_limit: expected 1ms to 10s, found 0s\n\
         8:17: backend.redis.on_unavailable: expected one_of from 1 to 3, so that a part of the limit is at least 1, found 4\n\
         9:15: backend.redis.failures_max: expected at least 1, found 0\n\
         10:16: backend.redis.in_flight_max: expected at least 1, found 0\n\
         11:8: backend.redis.pause: expected 1ms to 10s, found 11s"
    );
}

#[test]
fn an_unknown_field_of_a_local_share_is_told() {
    assert_eq!(
        limiter_faults(
            "backend: (redis: (url: \"redis://h\", secret: \"0123456789abcdef\", on_unavailable: local(one_of: 1,\nzz: [1])))"
        ),
        "3:1: backend.redis.on_unavailable.zz: unknown field `zz`, expected `one_of`"
    );
}
