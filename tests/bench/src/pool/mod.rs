//! The group `pool`: what it costs to borrow a connection and to give it back, alone and among tasks that wait for each other,
//! compared with deadpool and bb8.
//!
//! The connections are numbers that cost nothing to make and to try, so that it is the pools that are measured: deadpool without
//! timeouts, which it would need timers for, and bb8 without its test at each checkout. Ours has all that its defaults have: a time
//! limit for each checkout, and a keeper.
//!
//! In `16on4` and `64on8`, so many tasks share so many connections: each borrows one, lets others run once, and gives it back. There
//! are more of them than connections all the while. The waits are measured in rounds of their own, as two more looks at the clock
//! would be a part of the time of a turn. What bb8 makes tasks wait is not compared: it lets those who run overtake those who wait.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the comparisons |
//! | `sides.rs` | the pools |
//! | `turns.rs` | borrowing and giving back, alone and in turn |

mod sides;
mod turns;

use std::process::ExitCode;

use crate::flavour::Stage;
use crate::{Comparison, Contest, Flavour, Options, Outcome};
use sides::{Bb8, Deadpool, Ours};

/// How much of the time of the faster peer it may take: alone, and among others.
const ALONE: f64 = 0.5;
const SHARED: f64 = 0.8;
/// And of the waits of deadpool, 99 of 100 and the longest one.
const WAIT: f64 = 1.0;

const GROUP: &[Comparison] = &[
    (&["alone"], |options| alone("alone", options)),
    (&["16on4.ct"], |options| {
        shared("16on4.ct", Flavour::CurrentThread, 16, 4, options)
    }),
    (&["64on8.ct"], |options| {
        shared("64on8.ct", Flavour::CurrentThread, 64, 8, options)
    }),
    (&["16on4.mt"], |options| {
        shared("16on4.mt", Flavour::TwoWorkers, 16, 4, options)
    }),
    (&["64on8.mt"], |options| {
        shared("64on8.mt", Flavour::TwoWorkers, 64, 8, options)
    }),
    (&["16on4-p99.ct", "16on4-longest.ct"], |options| {
        let names = ["16on4-p99.ct", "16on4-longest.ct"];
        waits(names, Flavour::CurrentThread, 16, 4, options)
    }),
    (&["64on8-p99.ct", "64on8-longest.ct"], |options| {
        let names = ["64on8-p99.ct", "64on8-longest.ct"];
        waits(names, Flavour::CurrentThread, 64, 8, options)
    }),
    (&["16on4-p99.mt", "16on4-longest.mt"], |options| {
        let names = ["16on4-p99.mt", "16on4-longest.mt"];
        waits(names, Flavour::TwoWorkers, 16, 4, options)
    }),
    (&["64on8-p99.mt", "64on8-longest.mt"], |options| {
        let names = ["64on8-p99.mt", "64on8-longest.mt"];
        waits(names, Flavour::TwoWorkers, 64, 8, options)
    }),
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

/// All sides on a runtime, each with as many connections as it may have.
fn sides(stage: &Stage, size: u32) -> Outcome<(Ours, Deadpool, Bb8)> {
    stage.run(async move {
        let (ours, deadpool, bb8) = (
            Ours::new(size).await?,
            Deadpool::new(size)?,
            Bb8::new(size).await?,
        );
        turns::fill(&ours, size).await?;
        turns::fill(&deadpool, size).await?;
        turns::fill(&bb8, size).await?;
        Ok((ours, deadpool, bb8))
    })
}

fn alone(name: &'static str, options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    let (ours, deadpool, bb8) = sides(&stage, 4)?;
    Contest::new([name], "ns", || turns::alone(&stage, &ours))
        .peer("deadpool", [ALONE], || turns::alone(&stage, &deadpool))
        .peer("bb8", [ALONE], || turns::alone(&stage, &bb8))
        .run(options)
}

fn shared(
    name: &'static str,
    flavour: Flavour,
    tasks: u32,
    size: u32,
    options: &Options,
) -> Outcome<()> {
    let stage = flavour.build()?;
    let (ours, deadpool, bb8) = sides(&stage, size)?;
    Contest::new([name], "ns", || turns::in_turn(&stage, &ours, tasks))
        .peer("deadpool", [SHARED], || {
            turns::in_turn(&stage, &deadpool, tasks)
        })
        .peer("bb8", [SHARED], || turns::in_turn(&stage, &bb8, tasks))
        .run(options)
}

fn waits(
    names: [&'static str; 2],
    flavour: Flavour,
    tasks: u32,
    size: u32,
    options: &Options,
) -> Outcome<()> {
    let stage = flavour.build()?;
    let (ours, deadpool, _) = sides(&stage, size)?;
    Contest::new(names, "ns", || turns::waits(&stage, &ours, tasks))
        .peer("deadpool", [WAIT; 2], || {
            turns::waits(&stage, &deadpool, tasks)
        })
        .run(options)
}
