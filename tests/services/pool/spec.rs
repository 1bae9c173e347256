//! Pools that a spec names.

use mainstay_actors::pool::managers::sqlite::Sqlite;
use mainstay_actors::pool::{
    ConnectionPoolRegistry, ConnectionPoolSupervisor, ConnectionSpec, PoolKinds, RegisterPoolError,
};
use mainstay_supervisors::specs::{
    Args, ConnectionPoolsSpec, NamedPool, NamespaceName, PoolSource,
};
use mainstay_supervisors::{Namespace, NamespacePlan, Runtime};

use super::support::{Driver, Server, counts, name, plain, seconds, settle};

/// Connections to this server are a kind called `server`, whose argument is the password.
fn kinds(server: &Server) -> PoolKinds {
    let server = server.clone();
    PoolKinds::new().kind("server", move |password: String| {
        if password != "first" {
            return Err("expected the password `first`");
        }
        Ok(ConnectionSpec::new(Driver(server.clone()), "first"))
    })
}

fn source(args: &str) -> PoolSource {
    PoolSource::other("server", Args::from_ron(args).expect("RON"))
}

async fn start(
    spec: ConnectionPoolsSpec,
    kinds: PoolKinds,
) -> Result<(Runtime, Namespace), String> {
    let child = ConnectionPoolRegistry::child_with(spec, kinds);
    let runtime = Runtime::new();
    let bed = NamespaceName::new("bed").expect("a name");
    let plan = NamespacePlan::new().service(child);
    let started = runtime.start_namespace(bed, plan).await;
    let namespace = started.map_err(|error| error.to_string())?;
    settle().await;
    Ok((runtime, namespace))
}

#[tokio::test(start_paused = true)]
async fn the_pools_of_a_spec_are_there_from_the_start_and_after_each_restart() {
    let server = Server::default();
    let spec = ConnectionPoolsSpec::default()
        .pool(NamedPool::new(name("db"), source("\"first\"")).config(plain(3).min_size(2)))
        .pool(NamedPool::new(name("cache"), source("\"first\"")).config(plain(1)));
    let (runtime, namespace) = start(spec, kinds(&server)).await.expect("it starts");
    let pools = ConnectionPoolRegistry::of(&namespace);
    assert_eq!(pools.names(), [name("cache"), name("db")]);
    let db = pools.pool::<Driver>(&name("db")).expect("it is there");
    assert_eq!(counts(&db), [2, 0, 0, 0, 0, 0]);
    pools.close_pool(&name("cache")).await.expect("it is there");
    let service = ConnectionPoolSupervisor::of(&namespace).expect("it runs");
    service.process().kill();
    service.process().ended().await;
    settle().await;
    assert_eq!(pools.names(), [name("db")], "what was closed stays away");
    assert_eq!(counts(&db), [2, 0, 0, 0, 0, 0]);
    assert_eq!(server.attempts(), 2, "what was there stays");
    runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn sources_that_cannot_be_opened_fail_the_start_with_their_place() {
    let server = Server::default();
    let with = |source| {
        let good = NamedPool::new(name("good"), PoolSource::sqlite(":memory:"));
        let pool = NamedPool::new(name("db"), source);
        ConnectionPoolsSpec::default().pool(good).pool(pool)
    };
    let told = async |source| {
        let failed = start(with(source), kinds(&server)).await.unwrap_err();
        failed.replacen("namespace \"bed\": child connection_pools: ", "", 1)
    };
    let wrong = "the configuration of the connection pool is wrong: pools[1].source";
    let unknown = PoolSource::other("nothing", Args::NONE);
    for (source, expected) in [
        (
            source("\"second\""),
            "expected the password `first`".to_owned(),
        ),
        (
            source("12345"),
            format!("{wrong}: expected a text in quotes, found a number"),
        ),
        (
            unknown,
            "the connection pool db is of the kind `nothing`, which is not registered".to_owned(),
        ),
        (
            PoolSource::postgres("postgres://db?sslmode=perhaps"),
            format!("{wrong}.url"),
        ),
    ] {
        let found = told(source).await;
        assert!(
            found.contains(&expected),
            "expected {expected}, found {found}"
        );
        assert!(!found.contains("12345"), "it may be a password: {found}");
    }
    let faults = ConnectionPoolsSpec::default().pools_max(0);
    let failed = start(faults, kinds(&server)).await.unwrap_err();
    assert!(
        failed.contains("pools_max: expected at least 1, found 0"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_pool_to_sqlite_in_memory_keeps_what_is_in_it() {
    let source = PoolSource::sqlite(":memory:");
    let pool = NamedPool::new(name("db"), source).config(plain(4));
    let spec = ConnectionPoolsSpec::default().pool(pool);
    let (runtime, namespace) = start(spec, PoolKinds::new()).await.expect("it starts");
    let pools = ConnectionPoolRegistry::of(&namespace);
    let db = pools.pool::<Sqlite>(&name("db")).expect("it is there");
    let (mut first, mut second) = (
        db.checkout().await.expect("there is room"),
        db.checkout().await.expect("there is room"),
    );
    let made = first.call(|c| c.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (42)"));
    made.await.expect("it is made");
    let found = second.call(|c| c.query_row("SELECT n FROM t", [], |row| row.get::<_, i64>(0)));
    assert_eq!(found.await.expect("it is there"), 42);
    drop((first, second));
    runtime.stop(seconds(60)).await;
}

#[tokio::test(start_paused = true)]
async fn outside_of_any_namespace_there_are_no_pools() {
    let runtime = Runtime::new();
    let child = ConnectionPoolRegistry::child(ConnectionPoolsSpec::default());
    let tree = mainstay_supervisors::Supervisor::one_for_one().child(child);
    let failed = runtime.start("alone", tree).await.unwrap_err().to_string();
    let expected = RegisterPoolError::NotInNamespace.to_string();
    assert!(failed.contains(&expected), "{failed}");
}
