//! Managers of connections, each against what it connects to: SQLite, which is part of the program, and real servers. Those that talk
//! to a server run in real time, as sockets do: no test hangs on how long anything takes, but for bounds that only what hangs would
//! reach.
//!
//! | file | holds |
//! |---|---|
//! | `conformance.rs` | all of them, and ones that do something wrong, against the conformance suite |
//! | `load/` | pools under load, while their servers are restarted, paused and killed |
//! | `mock.rs` | connections to nothing, of the test kit |
//! | `sqlite.rs` | SQLite: calls that are dropped, transactions, settings |
//! | `postgres.rs` | PostgreSQL: what a reset undoes, queries that nobody waits for, addresses |
//! | `redis.rs` | Redis: which commands leave something, what a reset undoes |
//! | `bb8.rs` | managers that were written for `bb8` |

mod bb8;
mod conformance;
mod load;
mod mock;
mod postgres;
mod redis;
mod sqlite;

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Only what hangs takes so long.
const FOR_EVER: Duration = Duration::from_secs(60);

/// What a future comes to, which must not hang.
async fn soon<F: Future>(future: F) -> F::Output {
    let done = tokio::time::timeout(FOR_EVER, future).await;
    done.expect("it does not hang")
}

/// Waits until something is so, which it will be unless something hangs.
async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let tries = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(FOR_EVER, tries).await;
    assert!(found.is_ok(), "it never came that {what}");
}

/// An error, with all that it rests on.
fn chain(error: &dyn Error) -> String {
    let below = error.source().map(|error| format!(": {}", chain(error)));
    format!("{error}{}", below.unwrap_or_default())
}

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = format!("pool-managers-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
