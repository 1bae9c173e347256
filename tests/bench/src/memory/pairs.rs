//! Pairs of allocation and free, with the allocator of this program.

use std::hint::black_box;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use mainstay_supervisors::HeapUse;

use crate::Outcome;

/// What an allocator may be.
pub(super) const KINDS: [&str; 3] = ["plain", "counted", "attributed"];

/// 64 bytes; 1,000 bytes; 64 blocks of several sizes at a time; 64 bytes on two threads at a time.
pub(super) const MEASURES: usize = 4;

const PAIRS: usize = 200_000;
const AT_A_TIME: usize = 64;
const SIZES: [usize; 16] = [
    16, 24, 40, 64, 100, 200, 32, 48, 333, 1000, 72, 20, 128, 56, 80, 600,
];

/// Says what this program's allocator is, then answers each line with nanoseconds a pair.
#[must_use]
pub fn serve() -> ExitCode {
    println!("{}", kind());
    match rounds() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn rounds() -> Outcome<()> {
    for line in io::stdin().lock().lines() {
        line?;
        let [small, large, mixed, two] = [single(64), single(1000), mixed(), on_two_threads()];
        println!("{small} {large} {mixed} {two}");
    }
    Ok(())
}

fn kind() -> &'static str {
    match HeapUse::now() {
        None => KINDS[0],
        Some(used) if used.outside.is_none() => KINDS[1],
        Some(_) => KINDS[2],
    }
}

fn per_pair(began: Instant, pairs: usize) -> f64 {
    began.elapsed().as_secs_f64() * 1e9 / pairs as f64
}

#[inline(never)]
fn single(size: usize) -> f64 {
    let began = Instant::now();
    for _ in 0..PAIRS {
        drop(black_box(Vec::<u8>::with_capacity(black_box(size))));
    }
    per_pair(began, PAIRS)
}

#[inline(never)]
fn mixed() -> f64 {
    let mut kept: Vec<Vec<u8>> = Vec::with_capacity(AT_A_TIME);
    let turns = PAIRS / AT_A_TIME;
    let began = Instant::now();
    for _ in 0..turns {
        for nth in 0..AT_A_TIME {
            kept.push(black_box(Vec::with_capacity(SIZES[nth % SIZES.len()])));
        }
        kept.clear();
    }
    per_pair(began, turns * AT_A_TIME)
}

/// As each of the two sees it.
fn on_two_threads() -> f64 {
    let together = Barrier::new(2);
    let timed = || {
        together.wait();
        single(64)
    };
    thread::scope(|scope| {
        let other = scope.spawn(timed);
        let own = timed();
        other
            .join()
            .map_or(f64::NAN, |other| f64::midpoint(own, other))
    })
}
