//! Redis.

use std::time::Duration;

use mainstay_actors::pool::managers::redis::redis::{RedisResult, cmd, pipe};
use mainstay_actors::pool::managers::redis::{
    Redis, RedisConnection, RedisOptions, RedisPoolError, RedisReset,
};
use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

use super::{chain, soon};
use crate::servers;

fn options(url: &str) -> RedisOptions {
    let options = RedisOptions::new(url).expect("an address");
    // The machine has other things to do.
    options.response_timeout(Duration::from_secs(30))
}

async fn open(options: &RedisOptions) -> RedisConnection {
    soon(Redis.create_connection(options))
        .await
        .expect("it is there")
}

async fn ask(connection: &mut RedisConnection, words: &[&str]) -> RedisResult<String> {
    let mut command = cmd(words[0]);
    for word in &words[1..] {
        command.arg(word);
    }
    soon(command.query_async(connection)).await
}

fn condition(connection: &mut RedisConnection) -> Condition {
    Redis.condition(connection, LeaseEnd::Dropped)
}

async fn reset(connection: &mut RedisConnection) -> Result<(), RedisPoolError> {
    soon(Redis.reset_connection(connection)).await
}

#[tokio::test]
async fn commands_on_data_leave_a_connection_clean_and_those_on_the_connection_do_not() {
    let Some(server) = servers::Redis::start() else {
        return;
    };
    for url in [server.url(), server.socket()] {
        let mut connection = open(&options(&url)).await;
        ask(&mut connection, &["SET", "a", "1"])
            .await
            .expect("it is set");
        let told = ask(&mut connection, &["LPUSH", "a", "1"])
            .await
            .expect_err("another type");
        assert!(told.to_string().contains("WRONGTYPE"), "{told}");
        let several: Vec<String> = soon(
            pipe()
                .atomic()
                .get("a")
                .get("a")
                .query_async(&mut connection),
        )
        .await
        .expect("two");
        assert_eq!(several, ["1", "1"]);
        assert_eq!(condition(&mut connection), Condition::Clean);
        for words in [
            &["MULTI"][..],
            &["WATCH", "a"],
            &["SELECT", "3"],
            &["CLIENT", "SETNAME", "x"],
        ] {
            assert_eq!(condition(&mut connection), Condition::Clean, "{words:?}");
            ask(&mut connection, words).await.expect("it is done");
            assert_eq!(condition(&mut connection), Condition::Dirty, "{words:?}");
            reset(&mut connection).await.expect("it works");
        }
        assert_eq!(
            ask(&mut connection, &["GET", "a"])
                .await
                .expect("its database"),
            "1"
        );
    }
}

#[tokio::test]
async fn a_reset_goes_back_to_the_database_and_the_user_of_the_address() {
    let Some(server) = servers::Redis::start() else {
        return;
    };
    server.ask(&["CONFIG", "SET", "requirepass", "sesame"]);
    for protocol in ["", "?protocol=resp3"] {
        let url = server.url().replace("redis://", "redis://:sesame@");
        let mut connection = open(&options(&format!("{url}5{protocol}"))).await;
        ask(&mut connection, &["SET", "in", "five"])
            .await
            .expect("it is set");
        ask(&mut connection, &["SELECT", "3"])
            .await
            .expect("it is done");
        ask(&mut connection, &["MULTI"]).await.expect("it is done");
        reset(&mut connection).await.expect("it works");
        assert_eq!(
            ask(&mut connection, &["GET", "in"])
                .await
                .expect("its database"),
            "five"
        );
        assert_eq!(condition(&mut connection), Condition::Clean);
    }
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_leaves_a_connection_dirty() {
    let Some(server) = servers::Redis::start() else {
        return;
    };
    let mut connection = open(&options(&server.url())).await;
    {
        let command = cmd("BLPOP").arg("nothing").arg(3600).clone();
        let blocks = command.exec_async(&mut connection);
        tokio::time::timeout(Duration::from_millis(20), blocks)
            .await
            .expect_err("it blocks");
    }
    assert_eq!(condition(&mut connection), Condition::Dirty);
    assert_eq!(
        Redis.condition(&mut connection, LeaseEnd::Cancelled),
        Condition::Dirty
    );
    let early = Redis.reset_connection(&mut connection);
    tokio::time::timeout(Duration::from_millis(20), early)
        .await
        .expect_err("it blocks");
    assert_eq!(condition(&mut connection), Condition::Dirty);
    // When what it waits for comes, it can be brought back.
    server.ask(&["LPUSH", "nothing", "something"]);
    reset(&mut connection).await.expect("it works");
    assert_eq!(condition(&mut connection), Condition::Clean);
    ask(&mut connection, &["SET", "a", "1"])
        .await
        .expect("answers are not mixed up");
    assert_eq!(
        ask(&mut connection, &["GET", "a"]).await.expect("the same"),
        "1"
    );
}

#[tokio::test]
async fn connections_of_servers_without_reset_are_closed_instead() {
    let Some(server) = servers::Redis::start() else {
        return;
    };
    let mut connection = open(&options(&server.url()).reset(RedisReset::Close)).await;
    ask(&mut connection, &["SET", "a", "1"])
        .await
        .expect("it is set");
    assert_eq!(condition(&mut connection), Condition::Clean);
    ask(&mut connection, &["MULTI"]).await.expect("it is done");
    assert_eq!(condition(&mut connection), Condition::Broken);
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_broken() {
    let Some(mut server) = servers::Redis::start() else {
        return;
    };
    let mut connection = open(&options(&server.url())).await;
    server.kill();
    let told = soon(Redis.ping_connection(&mut connection)).await;
    told.expect_err("it is gone");
    assert_eq!(condition(&mut connection), Condition::Broken);
    let told = soon(Redis.create_connection(&options(&server.url()))).await;
    let told = chain(&told.expect_err("it is gone"));
    assert!(told.starts_with("cannot connect: "), "{told}");
    server.restart();
    let mut connection = open(&options(&server.url())).await;
    soon(Redis.ping_connection(&mut connection))
        .await
        .expect("it is back");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_leaves_a_connection_dirty() {
    let Some(server) = servers::Redis::start() else {
        return;
    };
    let impatient = options(&server.url()).response_timeout(Duration::from_millis(50));
    let mut connection = open(&options(&server.url())).await;
    ask(&mut connection, &["SET", "a", "1"])
        .await
        .expect("it is set");
    let mut connection = open(&impatient).await;
    server.pause();
    let told = ask(&mut connection, &["GET", "a"])
        .await
        .expect_err("nobody answers");
    assert!(told.is_timeout(), "{told}");
    assert_eq!(condition(&mut connection), Condition::Dirty);
    reset(&mut connection).await.expect_err("nobody answers");
    assert_ne!(condition(&mut connection), Condition::Clean);
    server.resume();
}

#[tokio::test]
async fn addresses_that_cannot_be_meant_are_told_of_without_their_password() {
    for url in [
        "sesame",
        "rediss://:sesame@10.0.0.5/",
        "http://:sesame@10.0.0.5/",
    ] {
        let told = chain(&RedisOptions::new(url).expect_err("it cannot be meant"));
        let expected =
            "expected an address such as `redis://user:password@host:6379/0` or `unix:///path`: ";
        assert!(told.starts_with(expected), "{told}");
        assert!(!told.contains("sesame"), "{told}");
    }
    let options = RedisOptions::new("redis://:sesame@10.0.0.5/3").expect("an address");
    let shown = format!("{options:?}");
    assert!(
        shown.contains("10.0.0.5") && !shown.contains("sesame"),
        "{shown}"
    );
    let told = options
        .response_timeout(Duration::ZERO)
        .check()
        .expect_err("it is too short");
    assert_eq!(
        told.to_string(),
        "response_timeout: expected 1 ms to a day, found 0ns"
    );
}
