//! A server that forgets.

use mainstay_actors::limiter::DecidedBy;
use mainstay_actors::limiter::RateKey;

use super::super::support::ALGORITHMS;
use super::server::Server;
use super::{admitted, backend, config, limiter, redis, with};

#[tokio::test]
async fn scripts_that_were_forgotten_are_sent_again_and_counts_go_on() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = limiter(&server, algorithm, 10);
        assert_eq!(admitted(&limiter, "ada", 3).await, 3);
        assert!(redis(&limiter).reloaded >= 1);
        let before = redis(&limiter).reloaded;
        for _ in 0..2 {
            server.ask(&["SCRIPT", "FLUSH"]);
            let one = limiter.check(RateKey::user("ada"), 1).await;
            one.expect("there are ten");
        }
        let stats = redis(&limiter);
        assert_eq!((stats.reloaded, stats.failed), (before + 2, 0));
        assert_eq!(admitted(&limiter, "ada", 9).await, 5, "{algorithm:?}");
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn a_server_that_was_started_again_is_asked_as_if_nothing_had_been() {
    let Some(mut server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = limiter(&server, algorithm, 5);
        assert_eq!(admitted(&limiter, "ada", 9).await, 5);
        server.restart();
        // Its connection ended without anybody looking; all that was counted is lost with the server.
        assert_eq!(admitted(&limiter, "ada", 9).await, 5, "{algorithm:?}");
        assert_eq!(limiter.stats().undecided, 0);
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn a_server_can_be_behind_a_socket_and_speak_the_newer_protocol() {
    let Some(server) = Server::start() else {
        return;
    };
    let newer = format!("{}?protocol=resp3", server.url());
    for url in [server.socket(), newer] {
        let mut backend = backend(&server);
        backend.url = url;
        let limiter = with(config(ALGORITHMS[0], 2), backend);
        let decision = limiter.decide(RateKey::user("ada"), 1).await;
        assert_eq!(decision.by, DecidedBy::Server, "{:?}", decision.why);
    }
}
