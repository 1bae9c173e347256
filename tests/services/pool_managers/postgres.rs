//! PostgreSQL.

use std::time::Duration;

use mainstay_actors::pool::managers::postgres::{
    Postgres, PostgresConnection, PostgresError, PostgresOptions, PostgresReset,
};
use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

use super::{chain, soon, until};
use crate::servers;

fn options(server: &servers::Postgres) -> PostgresOptions {
    let options = PostgresOptions::new(&server.url()).expect("an address");
    // The machine has other things to do.
    options.cancel_after(Duration::from_secs(20))
}

async fn open(options: &PostgresOptions) -> PostgresConnection {
    soon(Postgres.create_connection(options))
        .await
        .expect("it is there")
}

async fn text(connection: &PostgresConnection, sql: &str) -> String {
    let row = soon(connection.query_one(sql, &[])).await.expect("a row");
    row.get(0)
}

async fn reset(connection: &mut PostgresConnection) -> Result<(), PostgresError> {
    soon(Postgres.reset_connection(connection)).await
}

fn condition(connection: &mut PostgresConnection) -> Condition {
    Postgres.condition(connection, LeaseEnd::Dropped)
}

#[tokio::test]
async fn a_connection_that_was_used_is_dirty_until_it_is_reset_or_marked_clean() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let mut connection = open(&options(&server)).await;
    assert_eq!(condition(&mut connection), Condition::Clean);
    assert_eq!(text(&connection, "SELECT 'used'").await, "used");
    assert_eq!(condition(&mut connection), Condition::Dirty);
    reset(&mut connection).await.expect("it works");
    assert_eq!(condition(&mut connection), Condition::Clean);
    assert_eq!(text(&connection, "SELECT 'used'").await, "used");
    connection.mark_clean();
    assert_eq!(condition(&mut connection), Condition::Clean);
    for end in [LeaseEnd::Panicked, LeaseEnd::OwnerDied] {
        assert_eq!(Postgres.condition(&mut connection, end), Condition::Broken);
    }
    // By its socket too.
    let socket = PostgresOptions::new(&server.socket()).expect("an address");
    let mut connection = open(&socket).await;
    soon(Postgres.ping_connection(&mut connection))
        .await
        .expect("it answers");
    soon(Postgres.close_connection(connection)).await;
}

/// Leaves all that can be left in a session, within a transaction or not.
async fn leave_everything(connection: &PostgresConnection, transaction: &str) {
    let everything = "SET statement_timeout = '77s'; CREATE TEMP TABLE left_behind (x int);
        LISTEN somebody; SELECT pg_advisory_lock(4711); SET ROLE pg_monitor";
    for sql in [transaction, everything] {
        soon(connection.batch_execute(sql))
            .await
            .expect("it is done");
    }
}

const LEFT: &str = "SELECT concat_ws(' ', current_setting('statement_timeout'), current_user,
    to_regclass('pg_temp.left_behind'), (SELECT count(*) FROM pg_listening_channels()),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'))";

#[tokio::test]
async fn a_reset_undoes_all_that_was_left_without_a_word_in_the_log() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let setup = "SET search_path = pg_catalog";
    for kind in [PostgresReset::Session, PostgresReset::DiscardAll] {
        let mut connection = open(&options(&server).reset(kind).setup(setup)).await;
        let clean = text(&connection, LEFT).await;
        assert_eq!(clean, "0 postgres 0 0");
        let log = server.log();
        leave_everything(&connection, "").await;
        assert_eq!(
            text(&connection, LEFT).await,
            "77s pg_monitor left_behind 1 1"
        );
        reset(&mut connection).await.expect("it works");
        assert_eq!(text(&connection, LEFT).await, clean, "{kind:?}");
        assert_eq!(server.log(), log, "{kind:?}");
        assert_eq!(text(&connection, "SHOW search_path").await, "pg_catalog");

        // Also when a transaction is open, or has failed.
        for transaction in [
            "BEGIN",
            "BEGIN; SAVEPOINT a; CREATE TABLE public.kept (x int)",
        ] {
            leave_everything(&connection, transaction).await;
            reset(&mut connection).await.expect("it works");
            assert_eq!(
                text(&connection, LEFT).await,
                clean,
                "{kind:?}, {transaction}"
            );
        }
        leave_everything(&connection, "BEGIN").await;
        soon(connection.batch_execute("SELECT 1/0"))
            .await
            .expect_err("it fails");
        reset(&mut connection).await.expect("it works");
        assert_eq!(text(&connection, LEFT).await, clean, "{kind:?}");
        let kept = "SELECT concat(to_regclass('public.kept'))";
        assert_eq!(text(&connection, kept).await, "");
        soon(Postgres.close_connection(connection)).await;
    }
}

#[tokio::test]
async fn a_reset_may_undo_transactions_only_or_nothing() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let mut connection = open(&options(&server).reset(PostgresReset::Rollback)).await;
    leave_everything(&connection, "").await;
    soon(connection.batch_execute("BEGIN; SELECT pg_current_xact_id()"))
        .await
        .expect("it is done");
    assert_eq!(condition(&mut connection), Condition::Dirty);
    reset(&mut connection).await.expect("it works");
    let state =
        "SELECT concat(pg_current_xact_id_if_assigned(), current_setting('statement_timeout'))";
    assert_eq!(text(&connection, state).await, "77s");
    soon(connection.batch_execute("BEGIN"))
        .await
        .expect("none is open");
    reset(&mut connection).await.expect("it works");

    let mut connection = open(&options(&server).reset(PostgresReset::Nothing)).await;
    assert_eq!(text(&connection, "SELECT 'used'").await, "used");
    assert_eq!(condition(&mut connection), Condition::Clean);
    let cancelled = Postgres.condition(&mut connection, LeaseEnd::Cancelled);
    assert_eq!(cancelled, Condition::Broken);
}

/// The client looks up such types by statements that it prepares once, which `DISCARD ALL` would take from it.
#[tokio::test]
async fn types_of_ones_own_are_still_known_after_a_reset() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let mut connection = open(&options(&server)).await;
    let types = "CREATE TYPE size AS ENUM ('s', 'm'); CREATE TYPE colour AS ENUM ('red', 'blue')";
    soon(connection.batch_execute(types))
        .await
        .expect("they are made");
    let row = soon(connection.query_one("SELECT 's'::size", &[]))
        .await
        .expect("a row");
    assert_eq!(row.columns()[0].type_().name(), "size");
    reset(&mut connection).await.expect("it works");
    let row = soon(connection.query_one("SELECT 'red'::colour", &[]))
        .await
        .expect("a row");
    assert_eq!(row.columns()[0].type_().name(), "colour");
}

/// How many queries that sleep are under way in the server.
async fn sleepers(connection: &PostgresConnection) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity
        WHERE state = 'active' AND query = 'SELECT pg_sleep(3600)'";
    soon(connection.query_one(count, &[]))
        .await
        .expect("a row")
        .get(0)
}

/// Has a query under way that nobody waits for.
async fn leave_a_query(observer: &PostgresConnection, connection: &PostgresConnection) {
    {
        let mut query = std::pin::pin!(connection.batch_execute("SELECT pg_sleep(3600)"));
        tokio::select! {
            biased;
            _ = query.as_mut() => panic!("it takes an hour"),
            () = until("it is under way", || async { sleepers(observer).await == 1 }) => {}
        }
    }
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_is_cancelled_and_its_connection_not_lent_again() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let observer = open(&options(&server)).await;
    let impatient = options(&server).cancel_after(Duration::from_millis(50));
    let mut connection = open(&impatient).await;
    leave_a_query(&observer, &connection).await;
    assert_eq!(condition(&mut connection), Condition::Dirty);
    let told = reset(&mut connection)
        .await
        .expect_err("a query still runs");
    assert_eq!(
        told.to_string(),
        "a query was still running 50ms after the connection was given back, and was cancelled"
    );
    until("it is cancelled", || async {
        sleepers(&observer).await == 0
    })
    .await;
    soon(Postgres.close_connection(connection)).await;

    // A reset that finds nothing under way does not cancel anything.
    let mut connection = open(&options(&server)).await;
    assert_eq!(text(&connection, "SELECT 'used'").await, "used");
    reset(&mut connection).await.expect("it works");
}

#[tokio::test]
async fn closing_cancels_a_query_under_way_and_so_does_dropping_in_the_end() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let observer = open(&options(&server)).await;
    let impatient = options(&server).cancel_after(Duration::from_millis(50));
    let connection = open(&impatient).await;
    leave_a_query(&observer, &connection).await;
    soon(Postgres.close_connection(connection)).await;
    until("it is cancelled", || async {
        sleepers(&observer).await == 0
    })
    .await;

    let others = "SELECT count(*)::text FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let connection = open(&options(&server)).await;
    assert_eq!(text(&observer, others).await, "1");
    drop(connection);
    until("it is gone", || async {
        text(&observer, others).await == "0"
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_broken() {
    let Some(mut server) = servers::Postgres::start() else {
        return;
    };
    let mut connection = open(&options(&server)).await;
    server.kill();
    let told = soon(Postgres.ping_connection(&mut connection)).await;
    told.expect_err("it is gone");
    assert_eq!(condition(&mut connection), Condition::Broken);
    reset(&mut connection).await.expect_err("it is gone");
    soon(Postgres.close_connection(connection)).await;

    let told = soon(Postgres.create_connection(&options(&server))).await;
    let told = chain(&told.expect_err("it is gone"));
    assert!(
        told.starts_with("cannot connect: error connecting to server: "),
        "{told}"
    );
    server.restart();
    let mut connection = open(&options(&server)).await;
    soon(Postgres.ping_connection(&mut connection))
        .await
        .expect("it is back");
}

#[tokio::test]
async fn no_operation_outlives_its_time_while_the_server_is_paused() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let impatient = options(&server).cancel_after(Duration::from_millis(50));
    let mut connection = open(&impatient).await;
    assert_eq!(text(&connection, "SELECT 'used'").await, "used");
    server.pause();
    let limit = Duration::from_millis(200);
    let ping = Postgres.ping_connection(&mut connection);
    tokio::time::timeout(limit, ping)
        .await
        .expect_err("nobody answers");
    let told = reset(&mut connection).await.expect_err("nobody answers");
    assert!(matches!(told, PostgresError::StillRunning { .. }), "{told}");
    let create = Postgres.create_connection(&impatient);
    tokio::time::timeout(limit, create)
        .await
        .expect_err("nobody answers");
    let close = Postgres.close_connection(connection);
    tokio::time::timeout(limit, close)
        .await
        .expect_err("nobody answers");
    server.resume();
    let mut connection = open(&options(&server)).await;
    soon(Postgres.ping_connection(&mut connection))
        .await
        .expect("it is back");
}

#[tokio::test]
async fn setup_runs_in_each_connection_and_is_told_of_if_it_fails() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    let set_up = options(&server).setup("SET application_name = 'shop'");
    let mut connection = open(&set_up).await;
    assert_eq!(text(&connection, "SHOW application_name").await, "shop");
    soon(connection.batch_execute("SET application_name = 'other'"))
        .await
        .expect("it is set");
    reset(&mut connection).await.expect("it works");
    assert_eq!(text(&connection, "SHOW application_name").await, "shop");
    let told = soon(Postgres.create_connection(&options(&server).setup("SAT x = 1"))).await;
    let told = chain(&told.expect_err("it is misspelt"));
    assert_eq!(
        told,
        "the setup of the connection failed: db error: ERROR: syntax error at or near \"SAT\""
    );
}

#[tokio::test]
async fn addresses_that_cannot_be_meant_are_told_of_without_their_password() {
    let told = |url: &str| chain(&PostgresOptions::new(url).expect_err("it cannot be meant"));
    assert_eq!(
        told("postgres://shop:sesame@10.0.0.5/shop?sslmode=require"),
        "the address asks for TLS by `sslmode=require`, and connections are made without: expected `sslmode=prefer` or \
         `sslmode=disable`, and a network that is trusted"
    );
    let binding = told("postgres://shop:sesame@10.0.0.5/shop?channel_binding=require");
    assert!(
        binding.starts_with("the address asks for TLS by `channel_binding=require`"),
        "{binding}"
    );
    assert_eq!(
        told("user=shop password=sesame"),
        "the address names no server: expected a host, an IP address or the folder of a socket"
    );
    let expected = "expected an address such as `postgres://user:password@host:5432/database`: ";
    for url in [
        "postgres://shop:sesame@10.0.0.5:port/",
        "sesame",
        "host=a sesame=b",
    ] {
        let told = told(url);
        assert!(told.starts_with(expected), "{told}");
        assert!(!told.contains(":sesame"), "{told}");
    }
    let url = "postgres://shop:sesame@10.0.0.5/shop";
    let options = PostgresOptions::new(url).expect("an address");
    let shown = format!("{:?}", options.clone().setup("SET x.secret = 'sesame'"));
    assert!(
        shown.contains("10.0.0.5") && !shown.contains("sesame"),
        "{shown}"
    );
    let told = options
        .cancel_after(Duration::ZERO)
        .check()
        .expect_err("it is too short");
    assert_eq!(
        told.to_string(),
        "cancel_after: expected 1 ms to 10 minutes, found 0ns"
    );
}
