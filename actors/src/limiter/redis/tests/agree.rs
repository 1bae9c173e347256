//! Random calls of every method, beside the local one.

use std::time::Duration;

use mainstay_specs::{Algorithm, RateLimitConfig, WindowStart};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::{Builder, Runtime};

use super::super::super::method::{At, Method};
use super::super::server::Server;
use super::{Asked, DIGEST, limiter};

/// What is done, after so many microseconds.
#[derive(Clone, Debug)]
enum Deed {
    Take(u32),
    Look,
    /// Gives so much back of the nth of what was taken.
    Give(usize, u32),
}

/// In microseconds since 1970: some day, far enough from keys that the server lets vanish by its own clock.
const START: u64 = 1_700_000_000_000_000;

fn config() -> impl Strategy<Value = RateLimitConfig> {
    let algorithm = prop::sample::select(vec![
        Algorithm::TokenBucket,
        Algorithm::SlidingWindow,
        Algorithm::SlidingWindowApproximate,
        Algorithm::FixedWindow,
    ]);
    let start = prop::sample::select(vec![
        WindowStart::PerKey,
        WindowStart::Aligned,
        WindowStart::FirstUse,
    ]);
    // Days, so that the server, whose own clock says when a key vanishes, keeps it while the test runs.
    let window = prop_oneof![
        86_400_000_000_u64..90_000_000_000,
        Just(86_400_000_000),
        Just(31_622_400_000_000),
    ];
    let limit = prop_oneof![4 => 1_u32..20, 1 => 1_000_u32..=4096];
    (algorithm, limit, window, start, 1_u32..40).prop_map(
        |(algorithm, limit, window, start, burst)| {
            let mut config = RateLimitConfig::new(algorithm, limit, Duration::from_micros(window));
            if algorithm == Algorithm::TokenBucket {
                config = config.burst_limit(burst);
            }
            config.window_start(start)
        },
    )
}

fn deeds() -> impl Strategy<Value = Vec<(f64, Deed)>> {
    let deed = prop_oneof![
        6 => (1_u32..8).prop_map(Deed::Take),
        2 => Just(Deed::Look),
        2 => (0_usize..40, 1_u32..8).prop_map(|(nth, cost)| Deed::Give(nth, cost)),
    ];
    // In windows.
    let time = prop_oneof![4 => Just(0.0), 6 => 0.0..0.3_f64, 1 => 0.3..2.5_f64, 1 => Just(1.0)];
    proptest::collection::vec((time, deed), 1..40)
}

/// The same limit, here, with microseconds in place of nanoseconds.
fn local(config: &RateLimitConfig) -> Method {
    let mut scaled = config.clone();
    scaled.window = Duration::from_nanos(config.window.as_micros() as u64);
    Method::of(&scaled)
}

async fn agree(server: &Asked, config: &RateLimitConfig, deeds: Vec<(f64, Deed)>) {
    let method = local(config);
    let window = config.window.as_micros() as f64;
    // A bucket in one word ends after 18 years, which are counted from when a limiter is made. Windows begin at the same moments for
    // both, as what is left out is a whole number of them.
    let zero = START - START % (config.window.as_micros() as u64);
    let mut now = START;
    let at = |now: u64| At {
        now: now - zero,
        phase: DIGEST.tag,
    };
    let new = |now: u64| {
        let mut state = vec![0; method.words()];
        method.begin(&mut state, at(now));
        state
    };
    // A key is there from the first try to take of it.
    let mut state = None;
    let mut taken = Vec::new();
    for (time, deed) in deeds {
        now += (time * window) as u64;
        match deed {
            Deed::Take(cost) => {
                let cost = cost.min(config.capacity());
                let state = state.get_or_insert_with(|| new(now));
                let expected = method.take(state, at(now), cost);
                match (server.take(now, cost).await, expected) {
                    (Ok((left, grant)), Ok(look)) => {
                        assert_eq!(u64::from(left.left), look.left.floor());
                        assert_eq!(left.full_in, look.full_in.ceil());
                        taken.push((cost, look.mark, left.mark));
                        grant.give_back(0);
                    }
                    (Err(wait), Err(expected)) => assert_eq!(wait, expected),
                    (found, expected) => panic!("{found:?} for {expected:?}"),
                }
            }
            Deed::Look => {
                let seen = state.clone().unwrap_or_else(|| new(now));
                let (left, look) = (server.look(now).await, method.look(&seen, at(now)));
                assert_eq!(u64::from(left.left), look.left.floor());
                assert_eq!(left.full_in, look.full_in.ceil());
            }
            Deed::Give(nth, cost) if nth < taken.len() => {
                let (took, mark, theirs) = taken.swap_remove(nth);
                let cost = cost.min(took);
                let state = state.get_or_insert_with(|| new(now));
                method.refund(state, at(now), mark, cost);
                server.give(now, cost, theirs).await;
            }
            Deed::Give(..) => {}
        }
    }
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

#[test]
fn every_method_decides_on_the_server_as_it_does_here() {
    let Some(server) = Server::start() else {
        return;
    };
    let runtime = runtime();
    let place = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (config(), deeds());
    let checked = runner.run(&cases, |(config, deeds)| {
        place.set(place.get() + 1);
        let asked = Asked::new(limiter(&server, config.clone()), place.get());
        runtime.block_on(agree(&asked, &config, deeds));
        Ok(())
    });
    checked.expect("they agree");
}
