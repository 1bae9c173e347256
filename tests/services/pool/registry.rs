//! Pools by name.

use std::future::Future;

use mainstay_actors::pool::{
    ConnectionPool, ConnectionPoolRegistry, ConnectionPoolSupervisor, ConnectionSpec, PoolError,
    PoolManager, RegisterPoolError,
};
use mainstay_supervisors::specs::{ConnectionPoolsSpec, NamespaceName, PoolConfig};
use mainstay_supervisors::{Child, NamespacePlan, Runtime, StopToken};

use super::support::{
    Bed, Conn, Driver, No, Server, advance, counts, name, plain, seconds, settle, tree,
};

/// Another manager.
#[derive(Debug)]
struct Other(Driver);

impl ConnectionPool for Other {
    type Conn = Conn;
    type Options = &'static str;
    type Error = No;

    async fn create_connection(&self, options: &&'static str) -> Result<Conn, No> {
        self.0.create_connection(options).await
    }

    async fn close_connection(&self, conn: Conn) {
        self.0.close_connection(conn).await;
    }

    async fn ping_connection(&self, conn: &mut Conn) -> Result<(), No> {
        self.0.ping_connection(conn).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_is_found_by_its_name_and_the_kind_of_its_connections() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(2)).await;
    let found = bed.pools.pool::<Driver>(&name("db")).expect("it is there");
    let lease = found.checkout().await.expect("there is room");
    assert_eq!(pool.stats().leased, 1);
    pool.checkin(lease).expect("it is the same pool");
    let lease = bed.pools.get_connection::<Driver>(&name("db")).await;
    let lease = lease.expect("it is there");
    let taken_at = pool.stats().leases[0].taken_at;
    assert!(taken_at.file().ends_with("registry.rs"), "{taken_at}");
    drop(lease);
    let error = bed
        .pools
        .get_connection::<Driver>(&name("cache"))
        .await
        .unwrap_err();
    assert!(matches!(&error, PoolError::NotFound(found) if *found == name("cache")));
    assert_eq!(error.to_string(), "there is no connection pool cache");
    let error = bed.pools.pool::<Other>(&name("db")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("expected the connection pool db to be of "),
        "{text}"
    );
    assert!(text.contains("registry::Other, found one of "), "{text}");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn names_are_unique_and_no_more_pools_are_made_than_there_may_be() {
    let bed = Bed::with(ConnectionPoolsSpec::default().pools_max(2)).await;
    bed.pool(plain(1)).await;
    let spec = || ConnectionSpec::new(Driver(bed.server.clone()), "first");
    let again = bed.pools.register_pool(name("db"), plain(1), spec()).await;
    let again = again.unwrap_err();
    assert!(
        matches!(again, RegisterPoolError::AlreadyRegistered(_)),
        "{again}"
    );
    bed.pool_of("cache", plain(1), &bed.server).await;
    let third = bed
        .pools
        .register_pool(name("third"), plain(1), spec())
        .await;
    let third = third.unwrap_err();
    assert!(
        matches!(third, RegisterPoolError::TooMany { max: 2 }),
        "{third}"
    );
    let wrong = bed
        .pools
        .register_pool(name("fourth"), PoolConfig::new(0), spec())
        .await;
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "the configuration of the connection pool is wrong: max_size: expected at least 1, found 0"
    );
    assert_eq!(bed.pools.names(), [name("cache"), name("db")]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_namespaces_never_see_each_others_pools() {
    let first = Bed::new().await;
    let second = Bed::new().await;
    let pool = first.pool(plain(1)).await;
    assert!(second.pools.pool::<Driver>(&name("db")).is_err());
    let other = second.pool(plain(1)).await;
    let lease = pool.checkout().await.expect("there is room");
    assert_eq!(other.stats().leased, 0);
    let error = other.checkin(lease).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a lease of the pool bed/db was expected, found one of bed/db"
    );
    assert_eq!(
        counts(&pool),
        [1, 0, 0, 0, 0, 0],
        "it went back where it is from"
    );
    first.end().await;
    second.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_service_no_pool_is_made_but_one_that_is_a_child_of_ones_own() {
    let runtime = Runtime::new();
    let server = Server::default();
    let plan = NamespacePlan::new();
    let started = runtime
        .start_namespace(NamespaceName::new("bare").expect("a name"), plan)
        .await;
    let namespace = started.expect("it starts");
    let spec = || ConnectionSpec::new(Driver(server.clone()), "first");
    let refused = PoolManager::start(&namespace, name("db"), plain(1), spec()).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the service `connection_pools` does not run in the namespace"
    );
    let child = PoolManager::child(name("db"), plain(1).min_size(1), spec());
    let process = namespace
        .start_child(child.clone())
        .await
        .expect("it starts");
    settle().await;
    let pools = ConnectionPoolRegistry::of(&namespace);
    let pool = pools.pool::<Driver>(&name("db")).expect("it is there");
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    // Its successor is of the same pool.
    let lease = pool.checkout().await.expect("there is one");
    process.process().expect("it runs").kill();
    settle().await;
    assert!(!lease.is_revoked());
    advance(seconds(1)).await;
    drop(lease);
    assert_eq!(counts(&pool), [1, 0, 0, 0, 0, 0]);
    assert_eq!(
        tree(&namespace),
        "bare  rest_for_one\n\
         └─ children  one_for_one\n\
         \u{20}  └─ db  rest_for_one  restarts 1\n\
         \u{20}     ├─ connectors  dynamic\n\
         \u{20}     ├─ keeper\n\
         \u{20}     └─ health_monitor"
    );
    // In another namespace it is none.
    let other = NamespaceName::new("other").expect("a name");
    let other = runtime.start_namespace(other, NamespacePlan::new()).await;
    let refused = other
        .expect("it starts")
        .start_child(child)
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the child did not start: the connection pool db was made before, in another namespace"
    );
    runtime.stop(seconds(60)).await;
    drop((namespace, pools));
    assert_eq!(server.open(), Vec::<u64>::new());
}

#[tokio::test(start_paused = true)]
async fn stats_tell_everything_and_no_secret() {
    let bed = Bed::new().await;
    let pool = bed.pool(plain(3).min_size(2)).await;
    let lease = pool.checkout().await.expect("there are two");
    tokio::time::advance(seconds(7)).await;
    let stats = bed.pools.stats();
    let stats = &stats[0];
    assert_eq!(
        (stats.min, stats.max, stats.idle, stats.leased),
        (2, 3, 1, 1)
    );
    assert_eq!(stats.leases[0].held_for, seconds(7));
    assert_eq!(
        stats.namespace.as_ref().map(|one| one.as_str()),
        Some("bed")
    );
    let shown = format!("{:?} {pool:?} {:?}", bed.pools, stats);
    assert!(!shown.contains("first"), "{shown}");
    drop(lease);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_dropped_halfway_leaves_either_a_whole_pool_or_none() {
    for polls in 0..6 {
        let bed = Bed::new().await;
        let spec = ConnectionSpec::new(Driver(bed.server.clone()), "first");
        let pools = bed.pools.clone();
        let mut registering = Box::pin(pools.register_pool(name("db"), plain(1), spec));
        for _ in 0..polls {
            let once = std::future::poll_fn(|cx| {
                std::task::Poll::Ready(registering.as_mut().poll(cx).is_ready())
            });
            if once.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(registering);
        settle().await;
        match bed.pools.pool::<Driver>(&name("db")) {
            Ok(pool) => drop(pool.checkout().await.expect("it runs")),
            Err(_) => assert_eq!(polls, 0, "nothing was begun"),
        }
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn pools_that_are_closed_twice_at_once_leave_a_new_one_of_the_same_name_alone() {
    for yields in 0..30 {
        let bed = Bed::new().await;
        let old = bed.pool(plain(1)).await;
        let lease = old.checkout().await.expect("there is room");
        let close = || {
            let pools = bed.pools.clone();
            tokio::spawn(async move { pools.close_pool(&name("db")).await })
        };
        let closing = [close(), close(), close()];
        settle().await;
        drop(lease);
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        let new = loop {
            let spec = ConnectionSpec::new(Driver(bed.server.clone()), "first");
            match bed.pools.register_pool(name("db"), plain(1), spec).await {
                Ok(pool) => break pool,
                Err(RegisterPoolError::AlreadyRegistered(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("after {yields}: {error}"),
            }
        };
        for closed in closing {
            assert!(closed.await.expect("no panic").is_ok(), "after {yields}");
        }
        settle().await;
        assert!(new.checkout().await.is_ok(), "after {yields}");
        assert!(!new.is_closed() && old.is_closed(), "after {yields}");
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_the_place_of_the_processes_of_a_new_pool_is_not_taken_for_them() {
    let bed = Bed::new().await;
    let pools = ConnectionPoolSupervisor::of(&bed.namespace).expect("it runs");
    let other = Child::task("db", async |stop: StopToken| stop.stopped().await);
    pools.start_child(other).await.expect("the place is free");
    let pool = bed.pool(plain(1)).await;
    drop(pool.checkout().await.expect("it has a keeper"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_is_dropped_while_the_supervisor_is_started_anew_goes_on() {
    let bed = Bed::new().await;
    let pools = ConnectionPoolSupervisor::of(&bed.namespace).expect("it runs");
    pools.process().kill();
    let spec = ConnectionSpec::new(Driver(bed.server.clone()), "first");
    let mut registering = Box::pin(bed.pools.register_pool(name("db"), plain(1), spec));
    let once =
        std::future::poll_fn(|cx| std::task::Poll::Ready(registering.as_mut().poll(cx).is_ready()));
    assert!(!once.await, "it is being started");
    drop(registering);
    settle().await;
    advance(seconds(2)).await;
    let pool = bed.pools.pool::<Driver>(&name("db")).expect("it is there");
    drop(pool.checkout().await.expect("it has a keeper"));
    bed.end().await;
}
