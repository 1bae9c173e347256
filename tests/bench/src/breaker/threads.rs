//! Calls on one thread and on two at the same time.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::Outcome;

/// How many calls each thread makes in a round.
const CALLS: u32 = 20_000;

/// Makes calls on each thread, of which all have to come to `expected`; nanoseconds a call, as a thread sees it. `caller` is
/// asked on each thread for what makes one call.
pub(super) fn on_threads<C: FnMut() -> bool>(
    threads: usize,
    expected: bool,
    caller: impl Fn() -> C + Sync,
) -> Outcome<[f64; 1]> {
    if threads == 1 {
        return Ok([calls(expected, caller())?]);
    }
    let together = Barrier::new(threads);
    let times: Vec<Outcome<f64>> = thread::scope(|scope| {
        let (together, caller) = (&together, &caller);
        let spawn = |_| {
            scope.spawn(move || {
                let call = caller();
                together.wait();
                calls(expected, call)
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        let ended = running.into_iter().map(|thread| thread.join());
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

fn calls(expected: bool, mut call: impl FnMut() -> bool) -> Outcome<f64> {
    let began = Instant::now();
    let mut as_expected = 0;
    for _ in 0..CALLS {
        as_expected += u32::from(black_box(call()) == expected);
    }
    let time = began.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS);
    if as_expected == CALLS {
        Ok(time)
    } else {
        Err(format!("{} calls came to something else", CALLS - as_expected).into())
    }
}
