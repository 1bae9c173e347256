//! Calls on one thread and on two at the same time.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::Outcome;

/// How many calls each thread makes in a round.
const CALLS: u32 = 50_000;

/// Makes calls on each thread, of which all have to come to yes; nanoseconds a call, as a thread sees it.
pub(super) fn on_threads(
    threads: usize,
    keys: u64,
    call: impl Fn(u64) -> bool + Sync,
) -> Outcome<[f64; 1]> {
    if threads == 1 {
        return Ok([calls(1, keys, &call)?]);
    }
    let together = Barrier::new(threads);
    let times: Vec<Outcome<f64>> = thread::scope(|scope| {
        let (together, call) = (&together, &call);
        let spawn = |nth| {
            scope.spawn(move || {
                together.wait();
                calls(nth as u64, keys, call)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|time| time.unwrap_or_else(|_| Err("a thread panicked".into())))
            .collect()
    });
    let mut sum = 0.0;
    for time in times {
        sum += time?;
    }
    Ok([sum / threads as f64])
}

fn calls(seed: u64, keys: u64, call: &impl Fn(u64) -> bool) -> Outcome<f64> {
    let mut dice = fastrand::Rng::with_seed(seed);
    let began = Instant::now();
    let mut done = 0;
    for _ in 0..CALLS {
        done += u32::from(black_box(call(dice.u64(0..keys))));
    }
    let time = began.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS);
    if done == CALLS {
        Ok(time)
    } else {
        Err(format!("{} calls came to something else", CALLS - done).into())
    }
}
