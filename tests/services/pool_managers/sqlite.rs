//! SQLite.

use std::sync::mpsc;
use std::time::Duration;

use mainstay_actors::pool::managers::sqlite::rusqlite::Connection;
use mainstay_actors::pool::managers::sqlite::{
    Sqlite, SqliteAccess, SqliteConnection, SqliteError, SqliteOptions, SqliteReset, SqliteSync,
};
use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

use super::{Folder, chain, soon};

async fn open(sqlite: &Sqlite, options: &SqliteOptions) -> SqliteConnection {
    sqlite.create_connection(options).await.expect("it opens")
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
    let number = connection.call(move |c| c.query_row(sql, [], |row| row.get(0)));
    number.await.expect("a number")
}

async fn text(connection: &mut SqliteConnection, sql: &'static str) -> String {
    let text = connection.call(move |c| c.query_row(sql, [], |row| row.get(0)));
    text.await.expect("a text")
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    let done = connection.call(move |c| c.execute_batch(sql)).await;
    done.expect("it is done");
}

/// Begins a call, which is dropped when its work is under way. The work goes on until it is told to end.
async fn drop_a_call_under_way(
    connection: &mut SqliteConnection,
    work: impl FnOnce(&mut Connection) + Send + 'static,
) -> mpsc::Sender<()> {
    let (end, told) = mpsc::channel();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let call = connection.call(move |c| {
        begun.send(()).ok();
        told.recv().ok();
        work(c);
        Ok(())
    });
    tokio::select! {
        biased;
        _ = call => panic!("it ends when it is told to"),
        _ = begins => {}
    }
    end
}

fn condition(sqlite: &Sqlite, connection: &mut SqliteConnection) -> Condition {
    sqlite.condition(connection, LeaseEnd::Dropped)
}

/// Takes for ever, unless it is interrupted.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

#[tokio::test(start_paused = true)]
async fn a_connection_with_an_open_transaction_is_dirty_until_it_is_reset() {
    let sqlite = Sqlite::new();
    let options = SqliteOptions::memory().setup("CREATE TABLE IF NOT EXISTS t (x)");
    let mut connection = open(&sqlite, &options).await;
    run(&mut connection, "INSERT INTO t VALUES (1)").await;
    assert_eq!(condition(&sqlite, &mut connection), Condition::Clean);
    run(&mut connection, "BEGIN; INSERT INTO t VALUES (2)").await;
    assert_eq!(condition(&sqlite, &mut connection), Condition::Dirty);
    sqlite
        .reset_connection(&mut connection)
        .await
        .expect("it is rolled back");
    assert_eq!(condition(&sqlite, &mut connection), Condition::Clean);
    assert_eq!(number(&mut connection, "SELECT sum(x) FROM t").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_call_was_dropped_is_dirty_until_its_work_has_ended() {
    let sqlite = Sqlite::new();
    let mut connection = open(&sqlite, &SqliteOptions::memory()).await;
    let end = drop_a_call_under_way(&mut connection, |c| {
        c.execute_batch("CREATE TABLE t (x); BEGIN; INSERT INTO t VALUES (1)")
            .expect("it is done");
    })
    .await;
    assert_eq!(condition(&sqlite, &mut connection), Condition::Dirty);
    {
        let mut reset = std::pin::pin!(sqlite.reset_connection(&mut connection));
        let early = tokio::time::timeout(Duration::ZERO, reset.as_mut()).await;
        assert!(early.is_err(), "the work still runs");
        end.send(()).expect("it waits for this");
        reset.await.expect("the work has ended");
    }
    assert_eq!(condition(&sqlite, &mut connection), Condition::Clean);
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test(start_paused = true)]
async fn the_next_call_waits_for_the_end_of_one_that_was_dropped() {
    let sqlite = Sqlite::new();
    let mut connection = open(&sqlite, &SqliteOptions::memory()).await;
    let end = drop_a_call_under_way(&mut connection, |c| {
        c.execute_batch("CREATE TABLE t (x)").expect("it is done");
    })
    .await;
    end.send(()).expect("it waits for this");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_statement_whose_call_is_dropped_is_interrupted() {
    let sqlite = Sqlite::new();
    let mut connection = open(&sqlite, &SqliteOptions::memory()).await;
    let (sender, told) = tokio::sync::oneshot::channel();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let call = connection.call(move |c| {
        begun.send(()).ok();
        let result = c.query_row(ENDLESS, [], |row| row.get::<_, i64>(0));
        sender.send(result).ok();
        Ok(())
    });
    tokio::select! {
        biased;
        _ = call => panic!("it takes for ever"),
        _ = begins => {}
    }
    // It has begun, and may not have come to its statement: that one is interrupted then.
    soon(sqlite.reset_connection(&mut connection))
        .await
        .expect("it was interrupted");
    let result = told.await.expect("it has ended").expect_err("an interrupt");
    assert!(SqliteError::from(result).is_interrupted());
    assert_eq!(number(&mut connection, "SELECT 42").await, 42);
}

#[tokio::test]
async fn closing_interrupts_what_runs() {
    let sqlite = Sqlite::new();
    let mut connection = open(&sqlite, &SqliteOptions::memory()).await;
    let end = drop_a_call_under_way(&mut connection, |_| {}).await;
    drop(end);
    soon(sqlite.close_connection(connection)).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_panics_where_it_is_awaited_and_breaks_the_connection() {
    let sqlite = Sqlite::new();
    let mut connection = open(&sqlite, &SqliteOptions::memory()).await;
    let (connection, panicked) = tokio::spawn(async move {
        let call = connection.call(|_| -> Result<(), _> { std::panic::panic_any("out of luck") });
        let caught =
            futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(call)).await;
        (connection, caught.map(drop).expect_err("it panics"))
    })
    .await
    .expect("it was caught");
    let mut connection = connection;
    assert_eq!(panicked.downcast_ref(), Some(&"out of luck"));
    assert_eq!(condition(&sqlite, &mut connection), Condition::Broken);
    let told = connection.call(|_| Ok(())).await.expect_err("it is gone");
    assert_eq!(told.to_string(), "the connection is closed");
}

#[tokio::test(start_paused = true)]
async fn a_database_in_memory_is_shared_and_lives_as_long_as_its_manager() {
    let (sqlite, options) = (Sqlite::new(), SqliteOptions::memory());
    let mut first = open(&sqlite, &options).await;
    run(&mut first, "CREATE TABLE t (x); INSERT INTO t VALUES (7)").await;
    let mut second = open(&sqlite, &options).await;
    assert_eq!(number(&mut second, "SELECT x FROM t").await, 7);
    sqlite.close_connection(first).await;
    sqlite.close_connection(second).await;
    let mut third = open(&sqlite, &options).await;
    assert_eq!(number(&mut third, "SELECT x FROM t").await, 7);
    sqlite.close_connection(third).await;
    drop(sqlite);
    let sqlite = Sqlite::new();
    let mut fourth = open(&sqlite, &options).await;
    assert_eq!(
        number(&mut fourth, "SELECT count(*) FROM sqlite_schema").await,
        0
    );
    let mut other = open(&sqlite, &SqliteOptions::memory()).await;
    assert_eq!(
        number(&mut other, "SELECT count(*) FROM sqlite_schema").await,
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_has_a_write_ahead_log_full_commits_and_checked_foreign_keys() {
    let folder = Folder::new();
    let sqlite = Sqlite::new();
    let options =
        SqliteOptions::file(folder.file("a.db")).busy_timeout(Duration::from_millis(1234));
    let mut connection = open(&sqlite, &options).await;
    assert_eq!(text(&mut connection, "PRAGMA journal_mode").await, "wal");
    assert_eq!(number(&mut connection, "PRAGMA synchronous").await, 2);
    assert_eq!(number(&mut connection, "PRAGMA foreign_keys").await, 1);
    assert_eq!(number(&mut connection, "PRAGMA busy_timeout").await, 1234);
    sqlite.close_connection(connection).await;

    let options = SqliteOptions::file(folder.file("b.db"))
        .wal(false)
        .synchronous(SqliteSync::Normal)
        .foreign_keys(false)
        .setup("PRAGMA cache_size = 321");
    let mut connection = open(&sqlite, &options).await;
    assert_eq!(text(&mut connection, "PRAGMA journal_mode").await, "delete");
    assert_eq!(number(&mut connection, "PRAGMA synchronous").await, 1);
    assert_eq!(number(&mut connection, "PRAGMA foreign_keys").await, 0);
    assert_eq!(number(&mut connection, "PRAGMA cache_size").await, 321);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_opened_at_once_all_find_the_write_ahead_log() {
    let folder = Folder::new();
    for round in 0..10 {
        let options = SqliteOptions::file(folder.file(&format!("{round}.db")));
        let opened = (0..8).map(|_| {
            let options = options.clone();
            tokio::spawn(async move {
                let mut connection = open(&Sqlite::new(), &options).await;
                text(&mut connection, "PRAGMA journal_mode").await
            })
        });
        for opened in opened.collect::<Vec<_>>() {
            assert_eq!(soon(opened).await.expect("it ends"), "wal");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_only_read_or_has_to_be_there_is_not_made() {
    let folder = Folder::new();
    let (sqlite, file) = (Sqlite::new(), folder.file("a.db"));
    for access in [SqliteAccess::ReadOnly, SqliteAccess::Existing] {
        let options = SqliteOptions::file(&file).access(access);
        let told = sqlite
            .create_connection(&options)
            .await
            .expect_err("it is not there");
        let expected = format!(
            "the database {} cannot be opened: unable to open database file",
            file.display()
        );
        assert!(chain(&told).starts_with(&expected), "{}", chain(&told));
    }
    let mut writer = open(&sqlite, &SqliteOptions::file(&file)).await;
    run(&mut writer, "CREATE TABLE t (x)").await;
    let mut reader = open(
        &sqlite,
        &SqliteOptions::file(&file).access(SqliteAccess::ReadOnly),
    )
    .await;
    let told = reader
        .call(|c| c.execute_batch("INSERT INTO t VALUES (1)"))
        .await;
    let told = told.expect_err("it is only read").to_string();
    assert!(told.contains("readonly"), "{told}");
    assert_eq!(number(&mut reader, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test]
async fn whoever_waits_for_a_lock_too_long_is_told_so() {
    let folder = Folder::new();
    let sqlite = Sqlite::new();
    let options = SqliteOptions::file(folder.file("a.db")).busy_timeout(Duration::from_millis(1));
    let (mut one, mut other) = (open(&sqlite, &options).await, open(&sqlite, &options).await);
    run(&mut one, "CREATE TABLE t (x); BEGIN IMMEDIATE").await;
    let told = other
        .call(|c| c.execute_batch("INSERT INTO t VALUES (1)"))
        .await;
    assert!(told.expect_err("it is locked").is_busy());
    sqlite
        .reset_connection(&mut one)
        .await
        .expect("it is rolled back");
    run(&mut other, "INSERT INTO t VALUES (1)").await;
}

#[tokio::test(start_paused = true)]
async fn setup_that_fails_and_files_that_are_no_database_are_told_of() {
    let folder = Folder::new();
    let (sqlite, file) = (Sqlite::new(), folder.file("a.db"));
    let options = SqliteOptions::file(&file).setup("CREATE TABEL t (x)");
    let told = sqlite
        .create_connection(&options)
        .await
        .expect_err("it is misspelt");
    let expected = format!(
        "the database {} does not take `CREATE TABEL t (x)`: near \"TABEL\": syntax error",
        file.display()
    );
    assert!(chain(&told).starts_with(&expected), "{}", chain(&told));

    let other = folder.file("b.db");
    std::fs::write(
        &other,
        "no database, but long enough to be looked at ".repeat(100),
    )
    .expect("a file");
    let told = sqlite.create_connection(&SqliteOptions::file(&other)).await;
    let told = chain(&told.expect_err("it is none"));
    let expected = format!(
        "the database {} cannot be opened: file is not a database",
        other.display()
    );
    assert!(told.starts_with(&expected), "{told}");
}

#[tokio::test(start_paused = true)]
async fn options_that_cannot_be_meant_are_told_of() {
    let told = |options: Result<SqliteOptions, SqliteError>| {
        let checked = options.and_then(|options| options.check());
        checked.expect_err("it cannot be meant").to_string()
    };
    assert_eq!(
        told(SqliteOptions::from_url("postgres://x/")),
        "url: expected `sqlite:path` or `sqlite::memory:`, found `postgres://x/`"
    );
    assert_eq!(
        told(SqliteOptions::from_url("sqlite:a.db?mode=ro")),
        "url: expected `sqlite:path` without options after a `?`, found `sqlite:a.db?mode=ro`"
    );
    assert_eq!(
        told(SqliteOptions::from_url("sqlite:")),
        "location: expected a path, found `an empty one`"
    );
    assert_eq!(
        told(Ok(SqliteOptions::memory_named("a?b"))),
        "location: expected a name of 1 to 64 of `A-Z a-z 0-9 . _ -`, found `a?b`"
    );
    let long = SqliteOptions::memory().busy_timeout(Duration::from_secs(601));
    assert_eq!(
        told(Ok(long)),
        "busy_timeout: expected at most 10 minutes, found `601s`"
    );
    let path = SqliteOptions::from_url("sqlite:///var/a.db").expect("an address");
    assert_eq!(path, SqliteOptions::file("/var/a.db"));
    assert_eq!(
        SqliteOptions::from_url("sqlite:a.db").expect("an address"),
        SqliteOptions::file("a.db")
    );
}

#[tokio::test]
async fn a_connection_is_as_it_was_after_each_use_if_that_is_asked_for() {
    let sqlite = Sqlite::new();
    let options = SqliteOptions::memory()
        .busy_timeout(Duration::from_millis(70))
        .setup("ATTACH ':memory:' AS ours; CREATE TABLE ours.kept (a); PRAGMA cache_size = 77")
        .reset(SqliteReset::Settings);
    let mut connection = open(&sqlite, &options).await;
    assert_eq!(condition(&sqlite, &mut connection), Condition::Clean);
    sqlite
        .ping_connection(&mut connection)
        .await
        .expect("it is there");
    assert_eq!(
        condition(&sqlite, &mut connection),
        Condition::Clean,
        "a ping is no use"
    );

    let mess = "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 1; PRAGMA cache_size = 5; \
        ATTACH ':memory:' AS \"a \"\"b\"; CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY); \
        CREATE TEMP TABLE \"child \"\"\" (id REFERENCES parent); INSERT INTO \"child \"\"\" VALUES (7); \
        CREATE TEMP VIEW seen AS SELECT * FROM parent; \
        CREATE TEMP TRIGGER t AFTER INSERT ON parent BEGIN DELETE FROM parent; END; \
        PRAGMA query_only = ON; BEGIN";
    run(&mut connection, mess).await;
    assert_eq!(condition(&sqlite, &mut connection), Condition::Dirty);
    sqlite
        .reset_connection(&mut connection)
        .await
        .expect("it can be");
    assert_eq!(condition(&sqlite, &mut connection), Condition::Clean);

    for (what, expected) in [
        ("SELECT count(*) FROM temp.sqlite_schema", 0),
        (
            "SELECT count(*) FROM pragma_database_list WHERE name NOT IN ('main', 'temp', 'ours')",
            0,
        ),
        ("SELECT count(*) FROM ours.kept", 0),
        ("SELECT foreign_keys FROM pragma_foreign_keys", 1),
        ("SELECT synchronous FROM pragma_synchronous", 2),
        ("SELECT timeout FROM pragma_busy_timeout", 70),
        ("SELECT cache_size FROM pragma_cache_size", 77),
        ("SELECT query_only FROM pragma_query_only", 0),
    ] {
        assert_eq!(number(&mut connection, what).await, expected, "{what}");
    }
    assert_eq!(
        condition(&sqlite, &mut connection),
        Condition::Dirty,
        "it was used"
    );
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_as_it_was_says_what_is_in_the_way() {
    let folder = Folder::new();
    let sqlite = Sqlite::new();
    let options = SqliteOptions::file(folder.file("a.db"))
        .setup("CREATE TABLE once (a)")
        .reset(SqliteReset::Settings);
    let mut connection = open(&sqlite, &options).await;
    run(&mut connection, "SELECT 1").await;
    let error = sqlite.reset_connection(&mut connection).await;
    let told = chain(&error.expect_err("the table is there"));
    assert!(told.contains("`CREATE TABLE once (a)`"), "{told}");
    assert!(told.contains("table once already exists"), "{told}");
}
