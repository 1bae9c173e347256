//! The group `memory`: what a look at the pressure costs over a loop without one, and what a pair of allocation and free costs with an
//! allocator that counts (`counted`), and with one that charges processes (`attributed`), compared with the system's allocator by itself.
//!
//! A program has one allocator, so each is measured in a process of its own. They are asked for rounds in turn, and say first what
//! they are: a bench has been known to link another allocator than it thought.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the comparisons |
//! | `pairs.rs` | pairs of allocation and free, as a process makes them when it is asked |
//! | `heap.rs` | the processes that are asked |

mod heap;
mod pairs;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use mainstay_actors::memory::MemoryManager;
use mainstay_specs::{MemoryManagerSpec, PressureLevel};
use mainstay_supervisors::{NamespacePlan, Runtime};

use crate::flavour::Stage;
use crate::{Comparison, Contest, Flavour, Options, Outcome};
use heap::Heap;
pub use pairs::serve;
use pairs::{KINDS, MEASURES};

/// Of the time of a pair without it.
const COUNTED: f64 = 1.1;
const ATTRIBUTED: f64 = 1.25;
/// Nanoseconds that a look at the pressure may add to a loop.
const CHECK: f64 = 2.0;
const CHECKS: u32 = 1_000_000;

const GROUP: &[Comparison] = &[
    (&["pressure-check"], pressure_check),
    (&COUNTED_NAMES, |options| {
        pairs("counted", COUNTED_NAMES, COUNTED, options)
    }),
    (&ATTRIBUTED_NAMES, |options| {
        pairs("attributed", ATTRIBUTED_NAMES, ATTRIBUTED, options)
    }),
];

const COUNTED_NAMES: [&str; MEASURES] = [
    "counted.small",
    "counted.large",
    "counted.mixed",
    "counted.2t",
];
const ATTRIBUTED_NAMES: [&str; MEASURES] = [
    "attributed.small",
    "attributed.large",
    "attributed.mixed",
    "attributed.2t",
];

/// Runs the group.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    crate::run(options, GROUP)
}

fn pairs(
    kind: &str,
    names: [&'static str; MEASURES],
    target: f64,
    options: &Options,
) -> Outcome<()> {
    let (mut ours, mut system) = (Heap::start(kind)?, Heap::start(KINDS[0])?);
    Contest::new(names, "ns", || ours.round())
        .peer("system", [target; MEASURES], || system.round())
        .run(options)
}

/// What a look adds to a loop, against what it may.
fn pressure_check(options: &Options) -> Outcome<()> {
    let stage = Flavour::CurrentThread.build()?;
    let (_runtime, memory) = manager(&stage)?;
    Contest::new(["pressure-check"], "ns", || {
        let memory = black_box(&memory);
        let with = time(|| memory.check_pressure());
        let without = time(|| PressureLevel::Low);
        Ok([(with - without).max(0.0)])
    })
    .peer("2ns", [1.0], || Ok([CHECK]))
    .run(options)
}

/// Nanoseconds a turn of a loop that looks like this at the pressure.
#[inline(never)]
fn time(look: impl Fn() -> PressureLevel) -> f64 {
    let began = Instant::now();
    for _ in 0..CHECKS {
        black_box(look());
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(CHECKS)
}

fn manager(stage: &Stage) -> Outcome<(Runtime, MemoryManager)> {
    stage.run(async {
        let runtime = Runtime::new();
        let spec = MemoryManagerSpec::default();
        let plan = NamespacePlan::new().service(MemoryManager::child(spec));
        let namespace = runtime.start_namespace("bench".parse()?, plan).await?;
        Ok((runtime, MemoryManager::of(&namespace)))
    })
}
