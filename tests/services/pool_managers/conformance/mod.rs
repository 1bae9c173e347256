//! All managers against the conformance suite.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | ours, and one that was written for `bb8` |
//! | `mutant.rs` | ones that do something wrong |

mod mutant;

use std::sync::Arc;
use std::time::Duration;

use mainstay::testkit::conformance::{self, Connections};
use mainstay_actors::pool::ConnectionPool;
use mainstay_actors::pool::managers::bb8::{Bb8, Bb8Connection};
use mainstay_actors::pool::managers::postgres::{
    Postgres, PostgresConnection, PostgresOptions, PostgresReset,
};
use mainstay_actors::pool::managers::redis::redis::cmd;
use mainstay_actors::pool::managers::redis::{Redis, RedisConnection, RedisOptions, RedisReset};
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteConnection, SqliteOptions};

use super::Folder;
use super::bb8::{Foreign, foreign};
use crate::servers;

struct OnSqlite(SqliteOptions);

/// Takes a while.
const COUNT: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO t SELECT max(i) FROM n";

impl Connections for OnSqlite {
    type Manager = Sqlite;

    fn manager(&self) -> Sqlite {
        Sqlite::new()
    }

    fn options(&self) -> SqliteOptions {
        self.0.clone()
    }

    async fn soil(&self, connection: &mut SqliteConnection) -> bool {
        let begin = connection.call(|c| c.execute_batch("BEGIN"));
        begin.await.expect("none is open");
        true
    }

    async fn is_soiled(&self, connection: &mut SqliteConnection) -> bool {
        let is_open = connection.call(|c| Ok(!c.is_autocommit()));
        is_open.await.expect("it is there")
    }

    async fn operate(&self, connection: &mut SqliteConnection) {
        let steps = [
            "BEGIN",
            "CREATE TEMP TABLE IF NOT EXISTS t (n)",
            COUNT,
            "COMMIT",
        ];
        for sql in steps {
            let done = connection.call(move |c| c.execute_batch(sql)).await;
            done.expect("it is done");
        }
    }

    async fn sever(&self, _connection: &mut SqliteConnection) -> bool {
        false
    }
}

#[tokio::test]
async fn sqlite_in_memory_conforms() {
    let held = conformance::connection_pool(&OnSqlite(SqliteOptions::memory())).await;
    assert_eq!(held, Ok(()));
}

#[tokio::test]
async fn sqlite_in_a_file_conforms() {
    let folder = Folder::new();
    for wal in [true, false] {
        let options = SqliteOptions::file(folder.file("a.db")).wal(wal);
        assert_eq!(
            conformance::connection_pool(&OnSqlite(options)).await,
            Ok(()),
            "{wal}"
        );
    }
}

struct OnPostgres(PostgresOptions);

impl OnPostgres {
    async fn observer(&self) -> PostgresConnection {
        Postgres
            .create_connection(&self.0)
            .await
            .expect("it is there")
    }
}

impl Connections for OnPostgres {
    type Manager = Postgres;

    fn manager(&self) -> Postgres {
        Postgres
    }

    fn options(&self) -> PostgresOptions {
        self.0.clone()
    }

    async fn soil(&self, connection: &mut PostgresConnection) -> bool {
        if self.0.reset == PostgresReset::Nothing {
            return false;
        }
        let begin = "BEGIN; SELECT pg_current_xact_id()";
        connection.batch_execute(begin).await.expect("none is open");
        true
    }

    async fn is_soiled(&self, connection: &mut PostgresConnection) -> bool {
        let transaction = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL";
        let row = connection.query_one(transaction, &[]).await.expect("a row");
        // The suite looks at the condition after it has looked at this.
        connection.mark_clean();
        row.get(0)
    }

    async fn operate(&self, connection: &mut PostgresConnection) {
        if self.0.reset == PostgresReset::Nothing {
            return;
        }
        for sql in [
            "BEGIN; SELECT pg_current_xact_id()",
            "SELECT pg_sleep(0.01)",
            "COMMIT",
        ] {
            connection.batch_execute(sql).await.expect("it is done");
        }
    }

    async fn sever(&self, connection: &mut PostgresConnection) -> bool {
        let number = connection.query_one("SELECT pg_backend_pid()", &[]).await;
        let number: i32 = number.expect("a row").get(0);
        let end = "SELECT pg_terminate_backend($1, 10000)";
        self.observer()
            .await
            .query_one(end, &[&number])
            .await
            .expect("it is ended");
        true
    }
}

#[tokio::test]
async fn postgres_conforms_whatever_a_reset_undoes() {
    let Some(server) = servers::Postgres::start() else {
        return;
    };
    for url in [server.url(), server.socket()] {
        for reset in [
            PostgresReset::Session,
            PostgresReset::DiscardAll,
            PostgresReset::Rollback,
            PostgresReset::Nothing,
        ] {
            let options = PostgresOptions::new(&url).expect("an address").reset(reset);
            let face = OnPostgres(options.cancel_after(Duration::from_secs(8)));
            let held = conformance::connection_pool(&face).await;
            assert_eq!(held, Ok(()), "{reset:?}");
        }
    }
}

struct OnRedis(RedisOptions);

impl Connections for OnRedis {
    type Manager = Redis;

    fn manager(&self) -> Redis {
        Redis
    }

    fn options(&self) -> RedisOptions {
        self.0.clone()
    }

    async fn soil(&self, connection: &mut RedisConnection) -> bool {
        cmd("SELECT")
            .arg(7)
            .exec_async(connection)
            .await
            .expect("there is one");
        true
    }

    async fn is_soiled(&self, connection: &mut RedisConnection) -> bool {
        let count: i64 = cmd("DBSIZE")
            .query_async(connection)
            .await
            .expect("a number");
        count == 1
    }

    async fn operate(&self, connection: &mut RedisConnection) {
        for database in [7, 0] {
            let select = cmd("SELECT").arg(database).clone();
            select.exec_async(connection).await.expect("there is one");
        }
    }

    async fn sever(&self, connection: &mut RedisConnection) -> bool {
        let number: i64 = cmd("CLIENT")
            .arg("ID")
            .query_async(connection)
            .await
            .expect("a number");
        let mut observer = Redis.create_connection(&self.0).await.expect("it is there");
        let kill = cmd("CLIENT").arg("KILL").arg("ID").arg(number).clone();
        kill.exec_async(&mut observer).await.expect("it is ended");
        true
    }
}

#[tokio::test]
async fn redis_conforms_whatever_becomes_of_what_is_left() {
    let Some(server) = servers::Redis::start() else {
        return;
    };
    let mut seventh = Redis
        .create_connection(&RedisOptions::new(&format!("{}7", server.url())).expect("an address"))
        .await
        .expect("it is there");
    cmd("SET")
        .arg("a")
        .arg(1)
        .exec_async(&mut seventh)
        .await
        .expect("it is set");
    for url in [
        server.url(),
        server.socket(),
        format!("{}?protocol=resp3", server.url()),
    ] {
        for reset in [RedisReset::Session, RedisReset::Close] {
            let options = RedisOptions::new(&url).expect("an address").reset(reset);
            let held = conformance::connection_pool(&OnRedis(options)).await;
            assert_eq!(held, Ok(()), "{url}, {reset:?}");
        }
    }
}

struct OnBb8(Arc<Foreign>);

impl Connections for OnBb8 {
    type Manager = Bb8<Foreign>;

    fn manager(&self) -> Bb8<Foreign> {
        Bb8::new()
    }

    fn options(&self) -> Arc<Foreign> {
        Arc::clone(&self.0)
    }

    async fn soil(&self, _connection: &mut Bb8Connection<Foreign>) -> bool {
        false
    }

    async fn is_soiled(&self, connection: &mut Bb8Connection<Foreign>) -> bool {
        connection.is_soiled()
    }

    async fn sever(&self, connection: &mut Bb8Connection<Foreign>) -> bool {
        connection.sever();
        true
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_for_bb8_conforms() {
    let face = OnBb8(foreign("it"));
    assert_eq!(conformance::connection_pool(&face).await, Ok(()));
    assert_eq!(face.0.mock.counts().open, 0);
}
