//! Two processes.

use std::process::{Command, Stdio};

use mainstay_supervisors::specs::{Algorithm, RedisBackend};

use super::super::support::ALGORITHMS;
use super::{SECRET, admitted, config, limiter, with};
use crate::servers::Redis as Server;

/// Where the server of the first process is, for the second.
const URL: &str = "MAINSTAY_TEST_REDIS_URL";
const ALGORITHM: &str = "MAINSTAY_TEST_REDIS_ALGORITHM";
const TOLD: &str = "admitted by the second process: ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_share_a_redis_admit_no_more_together() {
    let Some(server) = Server::start() else {
        return;
    };
    for (nth, algorithm) in ALGORITHMS.into_iter().enumerate() {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        let command = command
            .args(["--exact", "limiter::redis::processes::the_second_process"])
            .arg("--nocapture")
            .env(URL, server.url())
            .env(ALGORITHM, nth.to_string())
            .stdout(Stdio::piped());
        let second = command.spawn().expect("it starts");
        let first = admitted(&limiter(&server, algorithm, 100), "ada", 100).await;
        let output = tokio::task::spawn_blocking(|| second.wait_with_output());
        let output = output.await.expect("it ends").expect("it ends");
        let text = String::from_utf8(output.stdout).expect("text");
        let told = text.split_once(TOLD).expect(&text).1;
        let told = told.split_whitespace().next().expect("a number");
        let second: u32 = told.parse().expect("a number");
        assert_eq!(first + second, 100, "{algorithm:?}: {first} and {second}");
        server.ask(&["FLUSHALL"]);
    }
}

/// Does nothing unless the test above starts it as a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_process() {
    let (Ok(url), Ok(nth)) = (std::env::var(URL), std::env::var(ALGORITHM)) else {
        return;
    };
    let algorithm: Algorithm = ALGORITHMS[nth.parse::<usize>().expect("a number")];
    let backend = RedisBackend::new(url, SECRET).time_limit(std::time::Duration::from_secs(10));
    let limiter = with(config(algorithm, 100), backend);
    println!("{TOLD}{}", admitted(&limiter, "ada", 100).await);
}
