//! Connection pools in a node file.

use std::convert::Infallible;
use std::time::Duration;

use mainstay::NodeBuilder;
use mainstay::actors::ConnectionPoolRegistry;
use mainstay::actors::pool::managers::sqlite::Sqlite;
use mainstay::actors::pool::{ConnectionPool, ConnectionSpec};
use mainstay::prelude::*;
use serde::Deserialize;

struct Numbers;

impl ConnectionPool for Numbers {
    type Conn = u64;
    type Options = u64;
    type Error = Infallible;

    async fn create_connection(&self, number: &u64) -> Result<u64, Infallible> {
        Ok(*number)
    }

    async fn close_connection(&self, _connection: u64) {}

    async fn ping_connection(&self, _connection: &mut u64) -> Result<(), Infallible> {
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    number: u64,
}

fn builder() -> NodeBuilder {
    Node::builder().pool_kind("numbers", |args: Number| {
        if args.number == 0 {
            return Err("expected a number of at least 1, found 0");
        }
        Ok(ConnectionSpec::new(Numbers, args.number))
    })
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

#[tokio::test]
async fn pools_of_a_file_run_with_the_kinds_that_are_built_in_and_those_of_the_application() {
    let text = r#"(http: (enabled: false), namespaces: [(name: "app", services: (
        circuit_breakers: (breakers: [(name: "db")]),
        connection_pools: (pools: [
            (name: "db", source: sqlite(path: ":memory:"), config: (min_size: 1, max_size: 2, breaker: "db")),
            (name: "numbers", source: other(kind: "numbers", args: (number: 7))),
        ]),
    ))])"#;
    let spec = NodeSpec::from_ron(text, &builder()).unwrap();
    let node = builder().boot(&spec).await.unwrap();
    let app = node.namespace("app").unwrap();
    let pools = ConnectionPoolRegistry::of(&app);
    let seven = pools
        .get_connection::<Numbers>(&name("numbers"))
        .await
        .unwrap();
    assert_eq!(*seven, 7);
    let mut db = pools.get_connection::<Sqlite>(&name("db")).await.unwrap();
    let sum = db.call(|c| c.query_row("SELECT 40 + 2", [], |row| row.get::<_, i64>(0)));
    assert_eq!(sum.await.unwrap(), 42);
    drop((seven, db));
    let report = node.stop(Duration::from_secs(30)).await;
    assert_eq!(report, StopReport::default());
}

#[test]
fn kinds_of_connections_and_their_arguments_are_checked_where_they_stand() {
    let text = r#"(namespaces: [(name: "app", services: (connection_pools: (pools: [
    (name: "a", source: other(kind: "numbers", args: (number: 0))),
    (name: "b", source: other(kind: "numbers", args: (numbr: 1))),
    (name: "c", source: other(kind: "number")),
])))])"#;
    let faults = NodeSpec::from_ron(text, &builder()).unwrap_err();
    let at = "namespaces[0].services.connection_pools.pools";
    assert_eq!(
        faults.in_file("node.ron").to_string(),
        format!(
            "node.ron:2:54: {at}[0].source.args: expected a number of at least 1, found 0\n\
             node.ron:3:55: {at}[1].source.args.numbr: unknown field `numbr`, did you mean `number`?\n\
             node.ron:4:37: {at}[2].source.kind: unknown kind of connection `number`, did you mean `numbers`?"
        )
    );
}

#[tokio::test]
async fn what_a_driver_says_against_its_address_is_told_before_anything_is_started() {
    let text = r#"(http: (enabled: false), namespaces: [(name: "app", services: (connection_pools: (pools: [
        (name: "pg", source: postgres(url: "postgres://ada:secret@db?sslmode=require")),
    ])))])"#;
    let spec = NodeSpec::from_ron(text, &builder()).unwrap();
    let error = builder().boot(&spec).await.unwrap_err().to_string();
    let place = "namespaces[0].services.connection_pools.pools[0].source.url: ";
    assert!(error.starts_with(place), "{error}");
    assert!(!error.contains("secret"), "{error}");
}
