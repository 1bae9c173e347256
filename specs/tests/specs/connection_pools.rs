//! Connection pools in node files and from code.

use std::time::Duration;

use mainstay_specs::{
    AnyKind, Args, ConnectionPoolsSpec, KindTable, NamedPool, NamespaceName, NamespaceSpec,
    NodeSpec, PoolSource, PostgresReset, RedisReset, ServiceName, ServicesSpec, SqliteSync,
};

use crate::support::{Ticker, faults};

/// The faults of pools with these sources, each on a line of its own from 2 on.
fn source_faults(sources: &[&str]) -> String {
    let pools = sources.iter().enumerate();
    let pools: Vec<_> = pools
        .map(|(nth, source)| format!("(name: \"{nth}\", source: {source})"))
        .collect();
    let pools = pools.join(",\n");
    let text = format!(
        "(namespaces: [(name: \"n\", services: (connection_pools: (pools: [\n{pools}\n])))])"
    );
    faults(&text).replace("namespaces[0].services.connection_pools.pools", "")
}

#[test]
fn pools_are_read_with_all_that_can_be_said() {
    let text = r#"(namespaces: [(name: "n", services: (
        circuit_breakers: (breakers: [(name: "db")]),
        connection_pools: (pools_max: 8, report_every: "10s", pools: [
            (name: "db", source: sqlite(path: "app.db", read_only: true, busy_timeout: "1s"),
                config: (min_size: 1, max_size: 4, breaker: "db")),
            (name: "pg", source: postgres(url: "postgres://ada:secret@db.local:5432/app?sslmode=disable",
                reset: discard_all, cancel_after: "1s", setup: "SET statement_timeout = 1")),
            (name: "cache", source: redis(url: "unix:///run/redis.sock", response_timeout: "1m", reset: close)),
            (name: "more", source: sqlite(path: "b.db", synchronous: normal, foreign_keys: false, setup: "PRAGMA x", reset: settings)),
            (name: "socket", source: postgres(url: "postgres:///app?host=/run/postgresql")),
            (name: "ldap", source: other(kind: "ldap", args: (host: "ldap.local"))),
        ]),
    ))])"#;
    let node = NodeSpec::from_ron(text, &AnyKind).expect("a node");
    let spec = node.namespaces[0].services.connection_pools.as_ref();
    let spec = spec.expect("it is given");
    assert_eq!(
        (spec.pools_max, spec.report_every),
        (8, Duration::from_secs(10))
    );
    let kinds: Vec<_> = spec.pools.iter().map(|pool| pool.source.kind()).collect();
    assert_eq!(
        kinds,
        ["sqlite", "postgres", "redis", "sqlite", "postgres", "ldap"]
    );
    settings_are_read(spec);
    let PoolSource::Sqlite {
        path,
        read_only,
        busy_timeout,
        ..
    } = &spec.pools[0].source
    else {
        panic!("it is SQLite");
    };
    assert_eq!((path.as_str(), *read_only), ("app.db", true));
    assert_eq!(*busy_timeout, Duration::from_secs(1));
    let db = ServiceName::new("db").expect("a name");
    assert_eq!(spec.pools[0].config.breaker, Some(db));
    assert_eq!(spec.pools[0].config.max_size, 4);
}

fn settings_are_read(spec: &ConnectionPoolsSpec) {
    let sources = [1, 2, 3].map(|nth: usize| &spec.pools[nth].source);
    let [
        PoolSource::Postgres {
            reset: undone,
            cancel_after,
            setup,
            ..
        },
        PoolSource::Redis {
            response_timeout,
            reset,
            ..
        },
        PoolSource::Sqlite {
            synchronous,
            foreign_keys,
            setup: pragma,
            ..
        },
    ] = sources
    else {
        panic!("they are of three kinds");
    };
    assert_eq!(
        (*undone, *cancel_after, setup.as_str()),
        (
            PostgresReset::DiscardAll,
            Duration::from_secs(1),
            "SET statement_timeout = 1"
        )
    );
    assert_eq!(
        (*response_timeout, *reset),
        (Duration::from_secs(60), RedisReset::Close)
    );
    assert_eq!(
        (*synchronous, *foreign_keys, pragma.as_str()),
        (SqliteSync::Normal, false, "PRAGMA x")
    );
}

#[test]
fn sources_that_lead_nowhere_are_all_told_and_passwords_are_not() {
    assert_eq!(
        source_faults(&[
            "sqlite(path: \"\")",
            "sqlite(path: \"file:a?b=c\", busy_timeout: \"11m\")",
            "postgres(url: \"mysql://ada:secret@db\")",
            "postgres(url: \"secret\")",
            "postgres(url: \"postgres://ada:secret@\")",
            "redis(url: \"redis://:secret@cache:0\")",
            "redis(url: \"unix://secret\")",
            "other(kind: \"\")",
            "mysql(url: \"x\")",
            "sqlite(file: \"x\")",
            "sqlite(path: \":memory:\", read_only: true)",
            "postgres(url: \"postgres://db\", cancel_after: \"0s\")",
            "redis(url: \"redis://db\", response_timeout: \"2days\")",
            "postgres(url: \"postgres:///shop?user=ada\")",
        ]),
        "2:34: [0].source.path: expected the path of a file, found an empty text\n\
         3:34: [1].source.path: expected the path of a file, or `:memory:`, found \"file:a?b=c\"\n\
         3:62: [1].source.busy_timeout: expected at most 10m, found 11m\n\
         4:35: [2].source.url: expected postgres://host[:port][/database], found \"mysql\"\n\
         5:35: [3].source.url: expected postgres://host[:port][/database]\n\
         6:35: [4].source.url: expected a host after postgres://\n\
         7:32: [5].source.url: expected a port from 1 to 65535 after the host; in a password `/` is written %2F, `?` %3F, `#` %23 and `@` %40\n\
         8:32: [6].source.url: expected the path of a socket that begins with /\n\
         9:33: [7].source.kind: expected the name of a kind of connection, found an empty text\n\
         10:21: [8].source: unknown value `mysql`, expected one of `sqlite`, `postgres`, `redis`, `other`\n\
         11:21: [9].source: missing field `path`\n\
         11:28: [9].source.file: unknown field `file`, expected one of `path`, `read_only`, `busy_timeout`, `synchronous`, `foreign_keys`, `setup`, `reset`\n\
         12:58: [10].source.read_only: expected no `read_only` with `:memory:`, in which nobody else writes anything\n\
         13:67: [11].source.cancel_after: expected 1ms to 10m, found 0s\n\
         14:65: [12].source.response_timeout: expected 1ms to 1day, found 2days\n\
         15:36: [13].source.url: expected a host after postgres://"
    );
    for source in ["postgres://ada:secret@db", "redis://:secret@db"] {
        for source in [PoolSource::postgres(source), PoolSource::redis(source)] {
            assert!(!format!("{source:?}").contains("secret"), "{source:?}");
        }
    }
    let args = Args::from_ron("(password: \"secret\")").expect("RON");
    let other = format!("{:?}", PoolSource::other("ldap", args));
    assert_eq!(other, "Other { kind: \"ldap\", args: … }");
}

#[test]
fn kinds_that_the_application_brings_are_checked_with_their_arguments_where_they_stand() {
    let kinds = KindTable::new().pool_kind::<Ticker>("ldap");
    let text = "(namespaces: [(name: \"n\", services: (connection_pools: (pools: [\n\
                (name: \"a\", source: other(kind: \"ldpa\")),\n\
                (name: \"b\", source: other(kind: \"ldap\", args: (every: 1))),\n\
                (name: \"c\", source: other(kind: \"ldap\")),\n\
                (name: \"d\", source: other(kind: \"ldap\", args: (every: \"1s\"))),\n])))])";
    let at = "namespaces[0].services.connection_pools.pools";
    let faults = NodeSpec::from_ron(text, &kinds).expect_err("it is wrong");
    assert_eq!(
        faults.to_string(),
        format!(
            "2:33: {at}[0].source.kind: unknown kind of connection `ldpa`, did you mean `ldap`?\n\
             3:55: {at}[1].source.args.every: expected a text in quotes, found 1\n\
             4:21: {at}[2].source.args: missing field `every`"
        )
    );
    let none = faults_of_none();
    assert_eq!(
        none,
        "1:97: unknown kind of connection `ldap`, there are none"
    );
}

fn faults_of_none() -> String {
    let text = "(namespaces: [(name: \"n\", services: (connection_pools: (pools: [(name: \"a\", source: other(kind: \"ldap\"))])))])";
    faults(text).replace(
        "namespaces[0].services.connection_pools.pools[0].source.kind: ",
        "",
    )
}

#[test]
fn pools_with_one_name_more_than_may_be_and_breakers_that_are_not_there_are_told() {
    let text = "(namespaces: [(name: \"n\", services: (\n\
                circuit_breakers: (breakers: [(name: \"db\")]),\n\
                connection_pools: (pools: [\n\
                (name: \"a\", source: sqlite(path: \"a\"), config: (breaker: \"bd\")),\n\
                (name: \"a\", source: sqlite(path: \"b\"), config: (breaker: \"db\"))],\n\
                pools_max: 1,\nreport_every: \"61m\")))])";
    let at = "namespaces[0].services.connection_pools";
    assert_eq!(
        faults(text),
        format!(
            "3:27: {at}.pools: expected at most pools_max, which is 1, found 2\n\
             4:58: {at}.pools[0].config.breaker: unknown circuit breaker \"bd\", did you mean `db`?\n\
             5:8: {at}.pools[1].name: duplicate pool name \"a\", first given at line 4\n\
             7:15: {at}.report_every: expected 100ms to 1h, found 1h 1m"
        ),
    );
}

#[test]
fn a_breaker_whose_name_cannot_be_read_may_be_the_one_that_is_meant() {
    let text = "(namespaces: [(name: \"n\", services: (circuit_breakers: (breakers: [\n(follows: \"db\")]),\n\
                connection_pools: (pools: [(name: \"a\", source: sqlite(path: \"a\"), config: (breaker: \"db\"))])))])";
    assert_eq!(
        faults(text).replace("namespaces[0].services.", ""),
        "2:1: circuit_breakers.breakers[0]: missing field `name`"
    );
}

#[test]
fn pools_built_in_code_are_checked_by_the_same_rules_and_written_as_they_are_read() {
    let name = |text| ServiceName::new(text).expect("a name");
    let many = ConnectionPoolsSpec::default().pools_max(70_000);
    assert_eq!(
        many.validate().expect_err("it cannot be").to_string(),
        "pools_max: expected at most 65536, found 70000"
    );
    let spec = ConnectionPoolsSpec::default().pools_max(0);
    let spec = spec.report_every(Duration::ZERO);
    let spec = spec.pool(NamedPool::new(name("db"), PoolSource::sqlite("")));
    let faults = spec.validate().expect_err("it cannot be").to_string();
    assert_eq!(
        faults,
        "pools_max: expected at least 1, found 0\nreport_every: expected 100ms to 1h, found 0s\n\
         pools: expected at most pools_max, which is 0, found 1\n\
         pools[0].source.path: expected the path of a file, found an empty text"
    );
    let args = Args::from_ron("(host: \"ldap.local\")").expect("RON");
    let spec = ConnectionPoolsSpec::default()
        .report_every(Duration::from_secs(5))
        .pool(NamedPool::new(name("db"), PoolSource::sqlite("app.db")))
        .pool(NamedPool::new(
            name("pg"),
            PoolSource::postgres("postgres://db"),
        ))
        .pool(NamedPool::new(
            name("cache"),
            PoolSource::redis("redis://cache"),
        ))
        .pool(NamedPool::new(
            name("ldap"),
            PoolSource::other("ldap", args),
        ))
        .pool(NamedPool::new(
            name("plain"),
            PoolSource::other("plain", Args::NONE),
        ));
    let services = ServicesSpec::default().connection_pools(spec);
    let namespace = NamespaceSpec::new(NamespaceName::new("n").expect("a name")).services(services);
    let node = NodeSpec::new().namespace(namespace);
    let text = node.to_ron();
    assert_eq!(
        NodeSpec::from_ron(&text, &AnyKind).expect("it is read"),
        node
    );
}

#[test]
fn an_address_that_is_wrong_is_told_without_any_part_of_its_password() {
    for (url, secret) in [
        ("postgres://shop:pa/ss@db/shop", "pa"),
        ("postgres://shop:123456/7@db/shop", "123456"),
        ("postgres://shop:hush?er@db/shop", "hush"),
    ] {
        let pool = NamedPool::new("db".parse().expect("a name"), PoolSource::postgres(url));
        let faults = ConnectionPoolsSpec::default().pool(pool).validate();
        let told = faults.expect_err(url).to_string();
        assert!(told.contains("expected a port from 1 to 65535"), "{told}");
        let found = told.contains(&format!("\"{secret}")) || told.contains("found");
        assert!(!found, "{told}");
    }
}
