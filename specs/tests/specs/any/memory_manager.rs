//! Memory managers.

use std::time::Duration;

use mainstay_specs::{MemoryManagerSpec, Sustained};
use proptest::option;
use proptest::prelude::*;

use super::memory_relief::{admission, cleanup};

pub(super) fn memory_manager() -> impl Strategy<Value = MemoryManagerSpec> {
    let thresholds = (0.2..0.5_f64, option::of(0.5..0.7_f64), 0.7..1.0_f64);
    let numbers = (1..=1000_u32, 2..=1000_u32, 0..=256_u32, 1..=65_536_u32);
    let times = (10..60_000_u64, 0..3_600_000_u64);
    let shares = (0.0..0.2_f64, 0.0..0.9_f64);
    let budgets = option::of(1_u64 << 20..1 << 50);
    let sustained = option::of((0..600_000_u64, 0.0..1.0_f64));
    let switches = any::<[bool; 4]>();
    let relief = (cleanup(), admission());
    (
        thresholds, numbers, times, shares, budgets, sustained, switches, relief,
    )
        .prop_map(
            |(thresholds, numbers, times, shares, budget, sustained, switches, relief)| {
                let ms = Duration::from_millis;
                let mut spec = MemoryManagerSpec::default()
                    .warning_threshold(thresholds.0)
                    .critical_threshold(thresholds.2)
                    .samples(numbers.0)
                    .stale_after(numbers.1)
                    .sources_max(numbers.2)
                    .events_backlog(numbers.3)
                    .subscribers_max(numbers.3)
                    .check_interval(ms(times.0))
                    .dwell(ms(times.1))
                    .hysteresis(shares.0)
                    .headroom(shares.1)
                    .adaptive(switches[0])
                    .psi(switches[1])
                    .pressure_relief_enabled(switches[2])
                    .simulation(switches[3])
                    .cleanup(relief.0)
                    .admission(relief.1);
                spec.high_threshold = thresholds.1;
                spec.budget = budget;
                spec.heap_budget = budget;
                spec.sustained = sustained.map(|(time, falling)| {
                    Sustained::default().above_for(ms(time)).falling(falling)
                });
                spec
            },
        )
}
