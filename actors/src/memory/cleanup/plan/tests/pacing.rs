//! When rounds begin.

use std::time::Duration;

use mainstay_specs::CleanupClass::{Cache, Rebuildable};
use mainstay_specs::PressureLevel;

use super::super::super::event::{CleanupResult, RoundOutcome};
use super::super::super::request::{CleanupPriority, Requested};
use super::world::{Doing, MIB, World, rules, secs};

/// When the runs of a service began, in seconds.
fn begun(world: &World, service: &str) -> Vec<u64> {
    let did = world.did.iter();
    let of = did.filter(|did| did.order.service.as_str() == service);
    of.map(|did| did.at.as_secs()).collect()
}

#[test]
fn ten_thousand_requests_a_second_lead_to_one_run_and_one_more_when_it_has_rested() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(0));
    world.use_bytes(750 * MIB);
    let mut queued = 0;
    for _ in 0..10_000 {
        let requested = world.request("a", CleanupPriority::Emergency);
        queued += u32::from(requested == Requested::Queued);
        world.pass(Duration::from_micros(100));
    }
    assert_eq!(begun(&world, "a"), [0]);
    assert_eq!(queued, 2);
    world.pass(secs(60));
    assert_eq!(begun(&world, "a"), [0, 10]);
}

#[test]
fn a_request_that_had_to_wait_as_it_was_just_cleaned_is_dropped_if_pressure_is_low_by_then() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(0));
    world.request("a", CleanupPriority::Background);
    world.pass(secs(1));
    assert_eq!(
        world.request("a", CleanupPriority::Background),
        Requested::Queued
    );
    world.pass(secs(60));
    assert_eq!(begun(&world, "a"), [0]);
    assert_eq!(world.planner.waiting(), 0);
    // One that finds it rested is met, however low pressure is.
    world.request("a", CleanupPriority::Background);
    world.pass(secs(1));
    assert_eq!(begun(&world, "a"), [0, 61]);
}

#[test]
fn the_most_urgent_request_is_met_first_and_of_these_the_one_that_came_first() {
    let mut world = World::new(rules());
    for name in ["a", "b", "c", "d"] {
        world.strategy(name, Cache, Doing::frees(0));
    }
    world.request("c", CleanupPriority::Background);
    world.request("b", CleanupPriority::Proactive);
    world.request("a", CleanupPriority::Proactive);
    world.request("d", CleanupPriority::Background);
    // It stands for the more urgent one from now on.
    assert_eq!(
        world.request("d", CleanupPriority::Emergency),
        Requested::Coalesced
    );
    world.pass(secs(2));
    assert_eq!(world.cleaned(), ["d", "b", "a", "c"]);
}

#[test]
fn the_wait_for_the_next_round_doubles_while_pressure_stays() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(0));
    world.simulated = Some((PressureLevel::High, 0.85));
    world.pass(secs(1000));
    assert_eq!(begun(&world, "a"), [0, 20, 60, 140, 300, 600, 900]);
    assert!(
        world
            .outcomes()
            .iter()
            .all(|outcome| *outcome == RoundOutcome::Missed)
    );
    // Ever more is given up.
    let urge: Vec<f64> = world
        .did
        .iter()
        .map(|did| did.order.aggressiveness)
        .collect();
    assert!(urge.is_sorted() && urge[6] == 1.0, "{urge:?}");
}

#[test]
fn a_rise_of_the_level_begins_a_round_at_once_and_so_does_a_new_scarcity() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(0));
    world.strategy("b", Rebuildable, Doing::frees(0));
    world.simulated = Some((PressureLevel::High, 0.85));
    world.pass(secs(15));
    world.simulated = Some((PressureLevel::Critical, 0.95));
    world.pass(secs(15));
    assert_eq!(begun(&world, "b"), [0, 15]);
    world.simulated = None;
    world.pass(secs(5));
    world.simulated = Some((PressureLevel::High, 0.85));
    world.pass(secs(5));
    assert_eq!(begun(&world, "b"), [0, 15, 35]);
}

#[test]
fn pressure_that_cleaning_cannot_relieve_takes_less_than_a_twentieth_of_the_time() {
    for level in [PressureLevel::High, PressureLevel::Critical] {
        let mut world = World::new(rules());
        for name in ["a", "b", "c"] {
            world.strategy(name, Cache, Doing::frees(0).takes(secs(3)));
        }
        world.simulated = Some((level, 0.95));
        world.pass(secs(3600));
        for name in ["a", "b", "c"] {
            world.request(name, CleanupPriority::Emergency);
        }
        world.pass(secs(3600));
        let busy: Duration = world.did.iter().map(|did| did.until - did.at).sum();
        assert!(busy.as_secs() * 20 < 7200, "{busy:?}");
        assert!(world.did.len() >= 9);
    }
}

#[test]
fn an_emergency_is_not_held_up_by_a_long_round_before_but_by_one_that_was_an_emergency() {
    let mut world = World::new(rules());
    world.strategy("slow", Cache, Doing::frees(0).takes(secs(4)));
    world.request("slow", CleanupPriority::Background);
    world.pass(secs(5));
    world.strategy("b", Cache, Doing::frees(0).takes(secs(2)));
    world.simulated = Some((PressureLevel::High, 0.85));
    world.pass(secs(5));
    assert_eq!(begun(&world, "b"), [0_u64; 0]);
    world.simulated = Some((PressureLevel::Critical, 0.95));
    world.pass(secs(1));
    assert_eq!(begun(&world, "b"), [10]);
    // From here on it has to be quiet for 20 times as long as both have taken.
    world.pass(secs(3600));
    assert!(begun(&world, "b")[1] >= 4 + 20 * (4 + 2));
}

#[test]
fn where_enough_was_freed_and_pressure_stays_nothing_is_done_until_memory_in_use_has_grown() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(100 * MIB));
    world.use_bytes(850 * MIB);
    world.pinned = 850 * MIB;
    world.pass(secs(60));
    assert_eq!((begun(&world, "a"), world.live), (vec![0], 750 * MIB));
    world.live = 790 * MIB;
    world.pass(secs(60));
    assert_eq!(begun(&world, "a"), [0]);
    world.live = 801 * MIB;
    world.pass(secs(30));
    assert_eq!(begun(&world, "a").len(), 2);
}

#[test]
fn and_after_a_while_it_is_tried_again_all_the_same() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(100 * MIB));
    world.use_bytes(850 * MIB);
    world.pinned = 850 * MIB;
    world.pass(secs(310));
    assert_eq!(begun(&world, "a"), [0, 300]);
}

#[test]
fn one_that_fails_rests_twice_as_long_each_time_and_as_usual_once_it_works() {
    let mut world = World::new(rules());
    let bad = Doing::frees(0).ends(CleanupResult::Panicked);
    let a = world.strategy("a", Cache, bad);
    let ask = |world: &mut World, seconds: u64| {
        for _ in 0..seconds {
            world.request("a", CleanupPriority::Emergency);
            world.pass(secs(1));
        }
    };
    world.use_bytes(750 * MIB);
    ask(&mut world, 150);
    assert_eq!(begun(&world, "a"), [0, 20, 60, 140]);
    world.set_doing(a, Doing::frees(0));
    ask(&mut world, 190);
    assert_eq!(begun(&world, "a")[4..], [300, 310, 320, 330]);
}

#[test]
fn one_that_rests_for_longer_by_its_own_account_does() {
    let mut world = World::new(rules());
    let known = super::super::Known::new(super::world::service("a"), Cache, secs(400), None);
    let key = world.planner.add(known);
    world.set_doing(key, Doing::frees(0));
    world.simulated = Some((PressureLevel::High, 0.85));
    world.pass(secs(1000));
    assert_eq!(begun(&world, "a"), [0, 400, 800]);
}
