//! Event stores in node files.

use std::time::Duration;

use mainstay_specs::{AnyKind, EventBackendSpec, EventStoreSpec, NodeSpec, ServiceName};

use super::support::faults;

/// The faults of an event store of this content, which begins at 2:1.
fn store_faults(content: &str) -> String {
    let text = format!("(namespaces: [(name: \"n\", services: (event_store: (\n{content})))])");
    faults(&text).replace("namespaces[0].services.event_store.", "")
}

fn store(content: &str) -> EventStoreSpec {
    let pools = r#"connection_pools: (pools: [
        (name: "main", source: sqlite(path: "app.db")),
        (name: "pg", source: postgres(url: "postgres://ada@db/app")),
    ])"#;
    let services = format!("{pools}, event_store: ({content})");
    let text = format!("(namespaces: [(name: \"n\", services: ({services}))])");
    let node = NodeSpec::from_ron(&text, &AnyKind).expect("a node");
    let store = node.namespaces[0].services.event_store.clone();
    store.expect("it is given")
}

#[test]
fn an_event_store_is_read_with_all_that_can_be_said() {
    let spec = store(
        r#"backend: sqlite(path: "events.db"), node: "north", max_events: 10, max_age: "1day", bytes_max: 100000, prune_interval: "1s",
        data_max: 1000, batch_max: 5, group_max: 6, queue_max: 7, queue_bytes_max: 100001, query_limit: 8, query_limit_max: 9,
        query_bytes_max: 100002, queries_max: 11, queries_waiting_max: 15, subscribers_max: 12, backlog_max: 13, backlog_bytes_max: 100003, time_limit: "14ms""#,
    );
    let expected = EventStoreSpec::default()
        .backend(EventBackendSpec::sqlite("events.db"))
        .node(ServiceName::new("north").expect("a name"))
        .max_events(10)
        .max_age(Duration::from_secs(24 * 3600))
        .bytes_max(100_000)
        .prune_interval(Duration::from_secs(1))
        .data_max(1000)
        .batch_max(5)
        .group_max(6)
        .queue_max(7)
        .queue_bytes_max(100_001)
        .query_limit(8)
        .query_limit_max(9)
        .query_bytes_max(100_002)
        .queries_max(11)
        .queries_waiting_max(15)
        .subscribers_max(12)
        .backlog_max(13)
        .backlog_bytes_max(100_003)
        .time_limit(Duration::from_millis(14));
    assert_eq!(spec, expected);
}

#[test]
fn an_event_store_that_says_nothing_keeps_100_000_events_for_an_hour_in_a_file() {
    let spec = store("");
    assert_eq!(spec, EventStoreSpec::default());
    assert_eq!(spec.backend, EventBackendSpec::sqlite("mainstay-events.db"));
    let in_memory = EventStoreSpec::memory();
    assert_eq!(in_memory.backend, EventBackendSpec::Memory);
    assert_eq!(in_memory.backend(spec.backend.clone()), spec);
    assert_eq!(spec.max_events, 100_000);
    assert_eq!(spec.max_age, Duration::from_secs(3600));
    assert_eq!(spec.prune_interval, Duration::from_secs(60));
    assert_eq!(spec.data_max, 1 << 20);
}

#[test]
fn each_backend_is_read() {
    let main = || ServiceName::new("main").expect("a name");
    let pg = || ServiceName::new("pg").expect("a name");
    for (text, expected) in [
        ("memory", EventBackendSpec::Memory),
        (
            "sqlite(in_memory: true)",
            EventBackendSpec::sqlite_in_memory(),
        ),
        (
            "sqlite(pool: \"main\")",
            EventBackendSpec::sqlite_pool(main()),
        ),
        (
            "postgres(url: \"postgres://ada:secret@db:5433/events\")",
            EventBackendSpec::postgres("postgres://ada:secret@db:5433/events"),
        ),
        (
            "postgres(pool: \"pg\")",
            EventBackendSpec::postgres_pool(pg()),
        ),
    ] {
        assert_eq!(
            store(&format!("backend: {text}")).backend,
            expected,
            "{text}"
        );
    }
}

#[test]
fn numbers_and_times_that_make_no_sense_are_all_told() {
    assert_eq!(
        store_faults(
            "max_events: 0,\nmax_age: \"0s\",\nprune_interval: \"2h\",\ndata_max: 1,\nbatch_max: 0,\ngroup_max: 0,\nquery_limit: 0,\n\
             query_limit_max: 1000001,\nqueries_max: 0,\nsubscribers_max: 0,\nbacklog_max: 65537,\ntime_limit: \"0s\""
        ),
        "2:13: max_events: expected 1 to 1000000000, found 0\n\
         3:10: max_age: expected 1s to 100 years, found 0s\n\
         4:17: prune_interval: expected 100ms to 1h, found 2h\n\
         5:11: data_max: expected 2 to 67108864, found 1\n\
         6:12: batch_max: expected at least 1, found 0\n\
         7:12: group_max: expected at least 1, found 0\n\
         8:14: query_limit: expected at least 1, found 0\n\
         9:18: query_limit_max: expected 1 to 1000000, found 1000001\n\
         10:14: queries_max: expected at least 1, found 0\n\
         11:18: subscribers_max: expected at least 1, found 0\n\
         12:14: backlog_max: expected 1 to 65536, found 65537\n\
         13:13: time_limit: expected 1ms to 10m, found 0s"
    );
}

#[test]
fn the_parts_of_an_event_store_have_to_fit_each_other() {
    assert_eq!(
        store_faults(
            "data_max: 1000,\nbytes_max: 5095,\nqueue_bytes_max: 5095,\nquery_bytes_max: 5095,\nbatch_max: 10,\nqueue_max: 9,\n\
             query_limit: 11,\nquery_limit_max: 10"
        ),
        "3:12: bytes_max: expected at least data_max plus 4096, which is 5096, found 5095\n\
         4:18: queue_bytes_max: expected at least data_max plus 4096, which is 5096, found 5095\n\
         5:18: query_bytes_max: expected at least data_max plus 4096, which is 5096, found 5095\n\
         7:12: queue_max: expected at least batch_max, which is 10, found 9\n\
         8:14: query_limit: expected at most query_limit_max, which is 10, found 11"
    );
}

/// What was found may be a part of a password.
const PORT: &str = "2:10: backend: expected a port from 1 to 65535 after the host; in a password `/` is written %2F, `?` %3F, `#` %23 and `@` %40";

#[test]
fn a_backend_has_to_be_in_exactly_one_place() {
    for (text, fault) in [
        (
            "sqlite()",
            "2:10: backend: expected exactly one of path, in_memory: true and pool, found 0",
        ),
        (
            "sqlite(path: \"a\", in_memory: true, pool: \"b\")",
            "2:10: backend: expected exactly one of path, in_memory: true and pool, found 3",
        ),
        (
            "sqlite(path: \"\")",
            "2:10: backend: expected a path in UTF-8 that is not empty",
        ),
        (
            "postgres()",
            "2:10: backend: expected exactly one of url and pool, found 0",
        ),
        (
            "postgres(url: \"mysql://:hidden@db\")",
            "2:10: backend: expected postgres://host[:port][/database], found \"mysql\"",
        ),
        ("postgres(url: \"postgres://ada:hidden@db:0/x\")", PORT),
        ("postgres(url: \"postgres://ada:pa/ss@db/x\")", PORT),
        ("postgres(url: \"postgres://ada:123456/7@db/x\")", PORT),
        (
            "postgres(url: \"hidden\")",
            "2:10: backend: expected postgres://host[:port][/database]",
        ),
    ] {
        assert_eq!(store_faults(&format!("backend: {text}")), fault, "{text}");
    }
}

#[test]
fn a_password_is_not_shown() {
    let spec = store("backend: postgres(url: \"postgres://ada:hidden@db/x\")");
    let shown = format!("{spec:?}");
    assert!(!shown.contains("hidden"), "{shown}");
}

#[test]
fn an_event_store_built_in_code_is_checked_by_the_same_rules() {
    let spec = EventStoreSpec::default().max_events(0).batch_max(9000);
    let faults = spec.validate().expect_err("it cannot be").to_string();
    assert_eq!(
        faults,
        "max_events: expected 1 to 1000000000, found 0\n\
         backlog_max: expected at least batch_max, which is 9000, found 4096\n\
         queue_max: expected at least batch_max, which is 9000, found 8192"
    );
}

#[test]
fn no_pool_may_be_called_as_the_stores_own() {
    let text = "(namespaces: [(name: \"n\", services: (connection_pools: (pools: [\n(name: \"event_store_pool\", source: sqlite(path: \"a\"))])))])";
    assert_eq!(
        faults(text).replace("namespaces[0].services.connection_pools.", ""),
        "2:8: pools[0].name: expected another name than \"event_store_pool\", which is that of the event store's own"
    );
}

#[test]
fn a_pool_whose_name_or_source_cannot_be_read_may_be_the_one_that_is_meant() {
    for (pool, told) in [
        (
            "source: sqlite(path: \"a\")",
            "2:1: connection_pools.pools[0]: missing field `name`",
        ),
        (
            "name: 7, source: sqlite(path: \"a\")",
            "2:8: connection_pools.pools[0].name: expected a text in quotes, found 7",
        ),
        (
            "name: \"pg\", source: sqlit(path: \"a\")",
            "2:22: connection_pools.pools[0].source: unknown value `sqlit`, did you mean `sqlite`?",
        ),
    ] {
        let text = format!(
            "(namespaces: [(name: \"n\", services: (connection_pools: (pools: [\n({pool})]),\nevent_store: (backend: sqlite(pool: \"pg\"))))])"
        );
        let found = faults(&text).replace("namespaces[0].services.", "");
        assert_eq!(found, told, "{pool}");
    }
}

#[test]
fn a_pool_that_is_not_there_or_of_another_kind_is_told() {
    let text = |backend: &str| {
        format!(
            "(namespaces: [(name: \"n\", services: (\nevent_store: (backend: {backend}),\nconnection_pools: (pools: [\
             (name: \"main\", source: sqlite(path: \"app.db\")), (name: \"look\", source: sqlite(path: \"app.db\", read_only: true))])))])"
        )
    };
    let told = |backend: &str| faults(&text(backend)).replace("namespaces[0].services.", "");
    for (backend, expected) in [
        (
            "sqlite(pool: \"mian\")",
            "2:24: event_store.backend: unknown connection pool \"mian\", did you mean `main`?",
        ),
        (
            "postgres(pool: \"main\")",
            "2:24: event_store.backend: expected a pool of the same kind that may be written to, and \"main\" is another",
        ),
        (
            "sqlite(pool: \"look\")",
            "2:24: event_store.backend: expected a pool of the same kind that may be written to, and \"look\" is another",
        ),
        ("sqlite(pool: \"main\")", ""),
    ] {
        assert_eq!(told(backend), expected, "{backend}");
    }
}
