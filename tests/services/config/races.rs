//! Many at once, on several threads.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mainstay_actors::config::{ConfigError, ConfigServer, ConfigValue};
use tokio::task::JoinHandle;

use super::support::{Bed, poll_once, value};

/// Kills the actor again and again, each time after it has made a few changes; without them it would never get to any.
struct Killer {
    kills: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Killer {
    fn new(bed: &Bed) -> Self {
        let kills = Arc::new(AtomicU64::new(0));
        let mut events = bed.config().subscribe().expect("a stream");
        let (namespace, count) = (bed.namespace.clone(), Arc::clone(&kills));
        let task = tokio::spawn(async move {
            loop {
                for _ in 0..=count.load(Ordering::Relaxed) % 4 {
                    events.next().await.expect("the namespace runs").ok();
                }
                if let Some(keeper) = namespace.whereis("config_server") {
                    keeper.kill();
                    keeper.ended().await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { kills, task }
    }

    /// Kills no more; tells how often it has.
    async fn stop(self) -> u64 {
        self.task.abort();
        self.task.await.expect_err("it was aborted");
        self.kills.load(Ordering::Relaxed)
    }
}

async fn all<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_update_is_made_once_however_often_the_actor_is_killed() {
    const WRITERS: u64 = 4;
    const UPDATES: u64 = 250;
    let bed = Bed::with("{}").await;
    let killer = Killer::new(&bed);
    let write = |writer: u64, config: ConfigServer| async move {
        let mut versions = Vec::new();
        for n in 0..UPDATES {
            let change = config
                .update([format!("w{writer}"), n.to_string()], n)
                .await;
            versions.push(change.expect("an update").version);
        }
        versions
    };
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(writer, bed.config())));
    let versions: Vec<u64> = all(writers.collect()).await.concat();
    assert!(killer.stop().await > 0);

    let status = bed.config().status();
    assert_eq!(status.version, WRITERS * UPDATES);
    assert_eq!(status.updates_count, WRITERS * UPDATES);
    let distinct: BTreeSet<u64> = versions.into_iter().collect();
    assert_eq!(distinct, (1..=WRITERS * UPDATES).collect());
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn versions_are_the_updates_that_can_be_seen_when_askers_leave_and_the_actor_is_killed() {
    const WRITERS: u64 = 4;
    const UPDATES: u64 = 250;
    let bed = Bed::with("{}").await;
    let killer = Killer::new(&bed);
    let write = |writer: u64, config: ConfigServer| async move {
        let mut acknowledged = Vec::new();
        for n in 0..UPDATES {
            let key = format!("w{writer}-{n}");
            let mut update = pin!(config.update([key.clone()], n));
            let leaves = n % 3 == 0;
            if leaves {
                // Long enough for the actor to come to it at times, and at times not.
                for _ in 0..n % 7 {
                    if poll_once(update.as_mut()).is_some_and(|outcome| outcome.is_ok()) {
                        acknowledged.push(key);
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            } else {
                update.await.expect("an update");
                acknowledged.push(key);
            }
        }
        acknowledged
    };
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(writer, bed.config())));
    let acknowledged = all(writers.collect()).await.concat();
    assert!(killer.stop().await > 0);
    // Whatever is still on its way is before this one.
    bed.config().update("last", true).await.expect("an update");

    let snapshot = bed.config().snapshot();
    let visible = snapshot.document().root().as_map().expect("a map");
    assert_eq!(snapshot.version(), visible.len() as u64);
    for key in acknowledged {
        assert!(visible.contains_key(&*key), "{key}");
    }
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn compare_and_set_loses_no_increment() {
    const WRITERS: u64 = 4;
    const INCREMENTS: u64 = 100;
    let bed = Bed::with("(n: 0)").await;
    let killer = Killer::new(&bed);
    let increment = |config: ConfigServer| async move {
        let mut done = 0;
        while done < INCREMENTS {
            let now = config.snapshot();
            let n: u64 = now.get_as("n").expect("a number");
            match config.update_if(now.version(), "n", n + 1).await {
                Ok(_) => done += 1,
                Err(ConfigError::VersionMismatch { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    };
    let writers = (0..WRITERS).map(|_| tokio::spawn(increment(bed.config())));
    all(writers.collect()).await;
    assert!(killer.stop().await > 0);
    assert_eq!(bed.config().get_as("n"), Ok(WRITERS * INCREMENTS));
    assert_eq!(bed.config().status().version, WRITERS * INCREMENTS);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_readers_see_only_whole_versions_and_never_an_older_one() {
    const READERS: usize = 10_000;
    let bed = Bed::with("(x: 0, y: [0, 0], deep: (z: 0))").await;
    let config = bed.config();
    let stop = Arc::new(AtomicBool::new(false));
    let reads = Arc::new(AtomicU64::new(0));
    let writer = tokio::spawn({
        let (config, stop) = (config.clone(), Arc::clone(&stop));
        async move {
            let mut n: u64 = 0;
            while !stop.load(Ordering::SeqCst) {
                n += 1;
                let whole = value(&format!("(x: {n}, y: [{n}, {n}], deep: (z: {n}))"));
                assert_eq!(config.update("", whole).await.map(|it| it.version), Ok(n));
            }
            n
        }
    });
    let read = |config: ConfigServer, reads: Arc<AtomicU64>| async move {
        let mut last = 0;
        for _ in 0..10 {
            let now = config.snapshot();
            let expected = ConfigValue::from(now.version());
            for path in ["x", "y.0", "y.1", "deep.z"] {
                assert_eq!(now.get(path), Ok(expected.clone()));
            }
            assert!(now.version() >= last);
            last = now.version();
            reads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    };
    let readers = (0..READERS).map(|_| tokio::spawn(read(config.clone(), Arc::clone(&reads))));
    all(readers.collect()).await;
    stop.store(true, Ordering::SeqCst);
    let written = writer.await.expect("no panic");
    assert_eq!(reads.load(Ordering::Relaxed), 10 * READERS as u64);
    assert_eq!(config.status().version, written);
    bed.end().await;
}
