//! All managers, and ones that do something wrong, against the conformance suite.

use std::sync::Arc;
use std::time::Duration;

use mainstay::testkit::conformance::{self, Connections, Violation};
use mainstay::testkit::{MockConnection, MockConnections, MockError, MockOptions};
use mainstay_actors::pool::managers::bb8::{Bb8, Bb8Connection};
use mainstay_actors::pool::managers::postgres::{
    Postgres, PostgresConnection, PostgresOptions, PostgresReset,
};
use mainstay_actors::pool::managers::redis::redis::cmd;
use mainstay_actors::pool::managers::redis::{Redis, RedisConnection, RedisOptions, RedisReset};
use mainstay_actors::pool::managers::sqlite::{Sqlite, SqliteConnection, SqliteOptions};
use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

use super::bb8::{Foreign, foreign};
use super::{Folder, soon};
use crate::servers;

struct OnSqlite(SqliteOptions);

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

/// What a manager does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Nothing,
    SaysClean,
    ForgetsToReset,
    TrustsTheDead,
    AnswersForTheDead,
    HangsOnClosing,
    SharesOne,
    SoilsByPing,
    CleansTooEarly,
}

/// A manager of mocks that does something wrong.
struct Mutant {
    wrong: Wrong,
    mock: MockConnections,
}

impl ConnectionPool for Mutant {
    type Conn = MockConnection;
    type Options = MockOptions;
    type Error = MockError;

    async fn create_connection(&self, options: &MockOptions) -> Result<MockConnection, MockError> {
        self.mock.create_connection(options).await
    }

    async fn close_connection(&self, connection: MockConnection) {
        if self.wrong == Wrong::HangsOnClosing && connection.is_severed() {
            std::future::pending::<()>().await;
        }
        self.mock.close_connection(connection).await;
    }

    async fn ping_connection(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        if self.wrong == Wrong::SoilsByPing {
            connection.soil();
        }
        let answer = self.mock.ping_connection(connection).await;
        if self.wrong == Wrong::AnswersForTheDead {
            return Ok(());
        }
        answer
    }

    async fn reset_connection(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        if self.wrong == Wrong::ForgetsToReset {
            return Ok(());
        }
        self.mock.reset_connection(connection).await
    }

    fn condition(&self, connection: &mut MockConnection, end: LeaseEnd) -> Condition {
        match (self.wrong, end) {
            (Wrong::SaysClean, LeaseEnd::CheckedIn | LeaseEnd::Dropped)
                if !connection.is_severed() =>
            {
                Condition::Clean
            }
            (Wrong::TrustsTheDead, LeaseEnd::OwnerDied) if !connection.is_severed() => {
                Condition::Clean
            }
            (Wrong::CleansTooEarly, LeaseEnd::Cancelled) => Condition::Clean,
            _ => self.mock.condition(connection, end),
        }
    }
}

struct OnMutant(Wrong);

impl Connections for OnMutant {
    type Manager = Mutant;

    fn manager(&self) -> Mutant {
        let mock = MockConnections::new();
        let wrong = self.0;
        Mutant { wrong, mock }
    }

    fn options(&self) -> MockOptions {
        MockOptions::default()
    }

    async fn soil(&self, connection: &mut MockConnection) -> bool {
        connection.soil();
        true
    }

    async fn is_soiled(&self, connection: &mut MockConnection) -> bool {
        connection.is_soiled() || (self.0 == Wrong::SharesOne && connection.id() > 1)
    }

    async fn sever(&self, connection: &mut MockConnection) -> bool {
        connection.sever();
        true
    }
}

async fn held_against_the_suite(wrong: Wrong) -> Result<(), Violation> {
    soon(conformance::connection_pool(&OnMutant(wrong))).await
}

#[tokio::test(start_paused = true)]
async fn each_rule_is_broken_by_a_manager_that_does_that_wrong() {
    assert_eq!(held_against_the_suite(Wrong::Nothing).await, Ok(()));
    let rules = [
        (
            Wrong::SaysClean,
            "a connection in which something was left is not clean",
        ),
        (
            Wrong::ForgetsToReset,
            "a connection that was brought back is clean, answers, and shows nothing of what was left in it",
        ),
        (
            Wrong::TrustsTheDead,
            "the connection of a borrower that panicked or died is not clean",
        ),
        (
            Wrong::AnswersForTheDead,
            "a connection that was ended from the other side does not answer, and is broken",
        ),
        (
            Wrong::HangsOnClosing,
            "whatever is done with a connection comes to an end within 10 seconds",
        ),
        (
            Wrong::SharesOne,
            "what is done in one connection is not seen in another",
        ),
        (
            Wrong::SoilsByPing,
            "a new connection is clean, and answers a ping",
        ),
        (
            Wrong::CleansTooEarly,
            "a connection in which something was left is not clean",
        ),
    ];
    for (wrong, rule) in rules {
        let broken = held_against_the_suite(wrong)
            .await
            .expect_err("it is wrong");
        assert_eq!(broken.rule, rule, "{wrong:?}: {broken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_violation_says_what_should_have_come_and_what_came() {
    let broken = held_against_the_suite(Wrong::SaysClean).await;
    assert_eq!(
        broken.expect_err("it is wrong").to_string(),
        "broken: a connection in which something was left is not clean; expected it not to be clean after CheckedIn, \
         found that it is"
    );
}
