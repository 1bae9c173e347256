//! The core against a plain model of it, which knows every connection by name and looks through all of them each time.
//!
//! A schedule is a list of numbers, each of which is an operation on whatever there is by then. After every step: the answers are
//! those of the model, every connection is in exactly one place, live = idle + leased + connecting + mending + closing ≤ max, or
//! what there was when max was lowered, and wherever a keeper has something to do it is called for it, or will look in time.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the model, and the schedules |
//! | `borrow.rs` | borrowing, waiting and giving back |
//! | `work.rs` | what a keeper does, and time |
//! | `change.rs` | another size, eviction, suspension, revocation, the end |
//! | `check.rs` | what holds after every step |

mod borrow;
mod change;
mod check;
mod work;

use std::collections::HashMap;
use std::panic::Location;
use std::task::Waker;
use std::time::Duration;

use mainstay_specs::{LeaseMax, PoolConfig};
use proptest::prelude::*;

use super::slot::Kind;
use super::tests::{MS, config, name};
use super::*;
use crate::pool::error::ConnectError;

/// How many schedules with how many steps are tried beside those of proptest.
const SCHEDULES: u64 = 100_000;
const STEPS: usize = 40;

type Conn = u32;

/// An idle connection of the model.
#[derive(Clone, Copy, Debug)]
struct Idle {
    conn: Conn,
    since: u64,
}

/// One who waits in the model.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    key: Key,
    entered: u64,
    deadline: u64,
    fate: Option<Result<Conn, &'static str>>,
}

#[derive(Clone, Copy, Debug)]
struct Leased {
    conn: Conn,
    seat: Seat,
    borrower: Option<u8>,
    revoked: bool,
}

/// What is known from outside, and what is to be expected.
struct World {
    core: Core<Conn, u8>,
    config: PoolConfig,
    now: u64,
    next: Conn,
    /// Sorted by how long they have been.
    idle: Vec<Idle>,
    line: Vec<Waiter>,
    leases: Vec<Leased>,
    attempts: Vec<Attempt>,
    closing: Vec<Close<Conn>>,
    mending: Vec<Mend<Conn>>,
    /// When each connection dies.
    dies: HashMap<Conn, u64>,
    suspended: bool,
    closed: bool,
    /// The keeper was called since it was last there.
    called: bool,
    /// What live may be.
    bound: u32,
}

impl World {
    fn new(seed: u32) -> Self {
        let config = config(1 + seed % 4)
            .min_size(seed / 4 % 2)
            .waiters_max(6)
            .idle_timeout(seed.is_multiple_of(3).then_some(Duration::from_millis(40)))
            .keepalive(seed.is_multiple_of(5).then_some(Duration::from_millis(25)));
        let config = match seed % 7 {
            0 => config.lease_max(LeaseMax::default().revoke(Duration::from_millis(60))),
            _ => config,
        };
        Self {
            core: Core::new(Terms::of(&config)),
            bound: config.max_size,
            config,
            now: 1,
            next: 0,
            idle: Vec::new(),
            line: Vec::new(),
            leases: Vec::new(),
            attempts: Vec::new(),
            closing: Vec::new(),
            mending: Vec::new(),
            dies: HashMap::new(),
            suspended: false,
            closed: false,
            called: false,
        }
    }

    fn step(&mut self, number: u32) {
        let (what, pick) = (number % 32, (number / 32) as usize);
        match what {
            0..=8 => self.checkout(pick),
            9..=14 => self.put(pick),
            15 | 16 => self.poll(pick),
            17 => self.leave(pick),
            18..=20 => self.start_connects(),
            21 | 22 => self.end_connect(pick),
            23 => self.end_closing(pick),
            24 => self.end_mending(pick),
            25 | 26 => self.pass_time(pick),
            27 => self.resize(pick),
            28 => self.evict(pick),
            29 => self.suspend_or_resume(),
            30 => self.revoke(pick),
            _ => self.rarely(pick),
        }
        self.check_call();
        self.collect();
        self.check();
    }
}

fn run(seed: u32, schedule: impl IntoIterator<Item = u32>) {
    let mut world = World::new(seed);
    for number in schedule {
        world.step(number);
    }
    // Not each time, as it takes longer than the rest.
    if seed.is_multiple_of(4) {
        world.come_to_rest();
    }
}

#[test]
fn in_a_hundred_thousand_schedules_the_core_does_what_the_model_does() {
    let mut chance = fastrand::Rng::with_seed(7);
    for _ in 0..SCHEDULES {
        let seed = chance.u32(..);
        let state = chance.get_seed();
        let schedule = std::iter::repeat_with(|| chance.u32(..)).take(STEPS);
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(seed, schedule)));
        if let Err(panic) = run {
            eprintln!("seed {seed}, chance {state}");
            std::panic::resume_unwind(panic);
        }
    }
}

proptest! {
    #[test]
    fn in_any_schedule_the_core_does_what_the_model_does(
        seed in any::<u32>(),
        schedule in proptest::collection::vec(any::<u32>(), 0..200),
    ) {
        run(seed, schedule);
    }
}
