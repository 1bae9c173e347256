//! Exact counts.

use mainstay_actors::limiter::RateKey;

use super::super::support::ALGORITHMS;
use super::server::Server;
use super::{admitted, limiter, redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_calls_at_once_on_a_limit_of_100_exactly_100_are_admitted() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let limiter = limiter(&server, algorithm, 100);
        assert_eq!(admitted(&limiter, "ada", 200).await, 100, "{algorithm:?}");
        assert_eq!(admitted(&limiter, "grace", 50).await, 50, "{algorithm:?}");
        let stats = limiter.stats();
        assert_eq!((stats.admitted, stats.refused), (150, 100));
        let link = redis(&limiter);
        assert_eq!((stats.undecided, link.answered), (0, 250));
        assert_eq!((link.failed, link.in_flight), (0, 0));
        limiter
            .reset(RateKey::user("ada"))
            .await
            .expect("it answers");
        assert_eq!(admitted(&limiter, "ada", 1).await, 1, "{algorithm:?}");
        server.ask(&["FLUSHALL"]);
    }
}

#[test]
fn two_runtimes_with_connections_of_their_own_admit_no_more_together() {
    let Some(server) = Server::start() else {
        return;
    };
    for algorithm in ALGORITHMS {
        let one = |_| {
            let limiter = limiter(&server, algorithm, 100);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().expect("a runtime");
                runtime.block_on(admitted(&limiter, "ada", 100))
            })
        };
        let both: Vec<_> = (0..2).map(one).collect();
        let counts = both.into_iter().map(|one| one.join().expect("it ends"));
        assert_eq!(counts.sum::<u32>(), 100, "{algorithm:?}");
        server.ask(&["FLUSHALL"]);
    }
}

#[tokio::test]
async fn a_limiter_outlives_the_runtime_it_was_first_used_in() {
    let Some(server) = Server::start() else {
        return;
    };
    let limiter = limiter(&server, ALGORITHMS[0], 5);
    let first = limiter.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().expect("a runtime");
        runtime.block_on(admitted(&first, "ada", 3))
    });
    let count = tokio::task::spawn_blocking(|| thread.join().expect("it ends")).await;
    assert_eq!(count.expect("it ends"), 3);
    assert_eq!(admitted(&limiter, "ada", 9).await, 2);
}
