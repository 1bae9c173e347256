//! What one round does.

use mainstay_specs::CleanupClass::{Cache, Destructive, Rebuildable, Trim};
use mainstay_specs::{CleanupClass, PressureLevel};

use super::super::super::event::{CleanupResult, RoundOutcome};
use super::super::super::request::{CleanupPriority, CleanupRequest, Requested};
use super::super::{Key, Rules, RunEnd, Step};
use super::world::{Doing, MIB, World, rules, secs, service};

/// With one strategy of each class, named for it, of which each frees so many MiB.
fn world(class_max: CleanupClass, frees: [u64; 4]) -> World {
    let mut world = World::new(Rules {
        class_max,
        ..rules()
    });
    // Not in order of their classes.
    for nth in [3, 1, 0, 2] {
        let class = CleanupClass::ALL[nth];
        let doing = Doing::frees(frees[nth] * MIB);
        world.strategy(class.as_str(), class, doing);
    }
    world
}

#[test]
fn nothing_is_cleaned_below_high() {
    let mut world = world(Destructive, [10; 4]);
    world.use_bytes(790 * MIB);
    world.pass(secs(1000));
    assert_eq!(world.cleaned(), Vec::<&str>::new());
}

#[test]
fn a_class_is_come_to_only_if_those_below_have_not_freed_enough() {
    for (frees, cleaned) in [
        ([0, 100, 0, 0], vec!["cache"]),
        ([0, 40, 40, 0], vec!["cache", "rebuildable"]),
        ([0, 10, 10, 50], vec!["cache", "rebuildable", "destructive"]),
    ] {
        let mut world = world(Destructive, frees);
        // 70 MiB over the goal.
        world.use_bytes(820 * MIB);
        world.pass(secs(1));
        assert_eq!(world.cleaned()[..cleaned.len()], cleaned);
        assert_eq!(world.outcomes(), [RoundOutcome::TargetMet]);
    }
}

#[test]
fn all_of_a_class_is_done_before_the_next_is_come_to() {
    let mut world = World::new(rules());
    world.strategy("index", Rebuildable, Doing::frees(0));
    world.strategy("a", Cache, Doing::frees(10 * MIB));
    world.strategy("b", Cache, Doing::frees(10 * MIB));
    world.strategy("c", Cache, Doing::frees(60 * MIB));
    world.use_bytes(820 * MIB);
    world.pass(secs(1));
    assert_eq!(world.cleaned(), ["a", "b", "c"]);
}

#[test]
fn each_run_is_told_what_is_still_to_be_freed() {
    let mut world = world(Destructive, [0, 30, 30, 30]);
    world.use_bytes(820 * MIB);
    world.pass(secs(1));
    let targets: Vec<_> = world
        .did
        .iter()
        .filter_map(|did| did.order.target)
        .collect();
    // That which gives back what was freed, at the end, has no target.
    assert_eq!(targets, [70, 40, 10].map(|mib| mib * MIB));
    assert_eq!(world.cleaned().len(), 4);
}

#[test]
fn what_deletes_data_is_not_done_unless_it_is_allowed() {
    let mut world = world(Rebuildable, [0; 4]);
    world.use_bytes(990 * MIB);
    world.pass(secs(3600));
    assert!(!world.cleaned().contains(&"destructive"));
    assert_eq!(
        world.request("destructive", CleanupPriority::Emergency),
        Requested::NotAllowed {
            class: Destructive,
            class_max: Rebuildable
        }
    );
}

#[test]
fn giving_memory_back_comes_first_where_it_may_be_enough_and_may_be_all_that_is_needed() {
    let mut world = world(Destructive, [0, 100, 100, 100]);
    world.use_bytes(900 * MIB);
    world.live = 500 * MIB;
    world.pass(secs(1));
    assert_eq!(world.cleaned(), ["trim"]);
    assert_eq!(world.outcomes(), [RoundOutcome::Relieved]);
}

#[test]
fn where_bytes_in_use_are_not_measured_giving_memory_back_comes_first_and_pressure_decides() {
    let mut world = world(Destructive, [0, 10, 80, 100]);
    world.is_measured = false;
    world.use_bytes(820 * MIB);
    world.pass(secs(1));
    assert_eq!(world.cleaned()[..3], ["trim", "cache", "rebuildable"]);
    assert_eq!(world.outcomes(), [RoundOutcome::Relieved]);
    assert_eq!(world.ended[0].1.freed, None);
}

#[test]
fn after_much_was_freed_memory_is_given_back_once_whatever_resident_memory_says() {
    let mut world = world(Destructive, [0, 170, 0, 0]);
    world.use_bytes(850 * MIB);
    // The allocator keeps all pages: resident memory does not fall, and trimming gives back next to nothing.
    world.pinned = 850 * MIB;
    world.pass(secs(200));
    assert_eq!(world.cleaned(), ["cache", "trim"]);
    assert_eq!(world.outcomes(), [RoundOutcome::TargetMet]);
}

#[test]
fn a_strategy_that_lies_is_not_believed() {
    let mut world = world(Destructive, [0, 0, 100, 0]);
    let cache = world.did.len() as u64 + 1;
    world.set_doing(cache, Doing::frees(0).tells(1 << 40));
    world.use_bytes(820 * MIB);
    world.pass(secs(1));
    assert_eq!(world.cleaned()[..2], ["cache", "rebuildable"]);
}

#[test]
fn one_that_fails_does_not_keep_others_from_their_turn() {
    for result in [
        CleanupResult::Failed,
        CleanupResult::Panicked,
        CleanupResult::TimedOut,
    ] {
        let mut world = World::new(rules());
        world.strategy("bad", Cache, Doing::frees(0).ends(result));
        world.strategy("good", Cache, Doing::frees(100 * MIB));
        world.use_bytes(820 * MIB);
        world.pass(secs(1));
        assert_eq!(world.cleaned(), ["bad", "good"]);
    }
}

#[test]
fn without_a_target_a_request_runs_the_mildest_class_that_the_service_has() {
    let mut world = World::new(rules());
    world.strategy("db", Rebuildable, Doing::frees(MIB / 2));
    world.strategy("db", Cache, Doing::frees(0));
    world.strategy("db", Cache, Doing::frees(0));
    world.strategy("other", Cache, Doing::frees(0));
    assert_eq!(
        world.request("db", CleanupPriority::Background),
        Requested::Queued
    );
    world.pass(secs(1));
    let did: Vec<_> = world
        .did
        .iter()
        .map(|did| (did.order.key, did.order.class))
        .collect();
    assert_eq!(did, [(1, Cache), (2, Cache)]);
    assert_eq!(world.outcomes(), [RoundOutcome::Done]);
}

#[test]
fn with_a_target_a_request_goes_on_until_it_is_met() {
    let mut world = World::new(rules());
    world.strategy("db", Rebuildable, Doing::frees(MIB / 2));
    world.strategy("db", Cache, Doing::frees(0));
    let request = CleanupRequest::of(service("db")).target(MIB / 2);
    assert_eq!(world.planner.request(request, world.now), Requested::Queued);
    world.pass(secs(1));
    assert_eq!(world.cleaned(), ["db", "db"]);
    assert_eq!(world.outcomes(), [RoundOutcome::TargetMet]);
}

#[test]
fn a_request_of_all_cleans_all() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(0));
    world.strategy("b", Cache, Doing::frees(0));
    let all = CleanupRequest::of_all();
    assert_eq!(world.planner.request(all, world.now), Requested::Queued);
    world.pass(secs(1));
    assert_eq!(world.cleaned(), ["a", "b"]);
}

/// With a round of all services that has begun, and has ordered `a`.
fn at_a() -> (World, Key) {
    let mut world = World::new(rules());
    let a = world.strategy("a", Cache, Doing::frees(0));
    world.strategy("b", Cache, Doing::frees(0));
    world.simulated = Some((PressureLevel::High, 0.85));
    let look = world.look();
    assert!(matches!(world.planner.step(secs(0), &look), Step::Begin(_)));
    assert!(matches!(world.planner.step(secs(0), &look), Step::Run(order) if order.key == a));
    (world, a)
}

fn ends(world: &mut World, key: Key) {
    world.planner.gone(key);
    let end = RunEnd {
        result: CleanupResult::Done,
        ..RunEnd::lost()
    };
    world.planner.finished(key, world.now, &end);
}

#[test]
fn a_request_of_a_service_that_a_round_of_all_is_at_is_one_with_it() {
    let (mut world, a) = at_a();
    let ask = |world: &mut World, name| world.request(name, CleanupPriority::Proactive);
    assert_eq!(ask(&mut world, "a"), Requested::Coalesced);
    // It may end before it comes to the other one.
    assert_eq!(ask(&mut world, "b"), Requested::Queued);
    ends(&mut world, a);
    assert_eq!(ask(&mut world, "a"), Requested::Queued);
    let look = world.look();
    let next = world.planner.step(secs(0), &look);
    let Step::Run(next) = next else {
        panic!("a run")
    };
    assert_eq!(next.service.as_str(), "b");
    // That of `b` is met by this, and that of `a` is not.
    assert_eq!(world.planner.waiting(), 1);
    assert_eq!(ask(&mut world, "b"), Requested::Coalesced);
    ends(&mut world, next.key);
    world.pass(secs(12));
    assert_eq!((world.cleaned(), world.planner.waiting()), (vec!["a"], 0));
}

#[test]
fn a_request_that_asks_for_more_than_a_round_of_all_does_is_one_of_its_own() {
    let (mut world, a) = at_a();
    let asked = world.request("a", CleanupPriority::Emergency);
    assert_eq!(asked, Requested::Queued);
    ends(&mut world, a);
    assert_eq!(world.planner.waiting(), 1);
    for request in [
        CleanupRequest::of(service("a")).target(1),
        CleanupRequest::of(service("a")).retention(secs(1)),
    ] {
        let (mut world, _) = at_a();
        let asked = world.planner.request(request, world.now);
        assert_eq!(asked, Requested::Queued);
    }
}

#[test]
fn a_request_of_a_service_with_several_strategies_is_met_when_all_of_the_mildest_are_under_way() {
    let mut world = World::new(rules());
    let first = world.strategy("a", Cache, Doing::frees(0));
    let second = world.strategy("a", Cache, Doing::frees(0));
    world.strategy("a", Rebuildable, Doing::frees(0));
    world.simulated = Some((PressureLevel::High, 0.85));
    let look = world.look();
    assert!(matches!(world.planner.step(secs(0), &look), Step::Begin(_)));
    assert!(matches!(world.planner.step(secs(0), &look), Step::Run(order) if order.key == first));
    let asked = world.request("a", CleanupPriority::Background);
    assert_eq!((asked, world.planner.waiting()), (Requested::Queued, 1));
    ends(&mut world, first);
    assert!(matches!(world.planner.step(secs(0), &look), Step::Run(order) if order.key == second));
    assert_eq!(world.planner.waiting(), 0);
}

#[test]
fn a_request_for_more_bytes_than_a_round_has_left_to_free_is_not_lost_in_it() {
    let ask = |world: &mut World, target: Option<u64>| {
        let request = CleanupRequest {
            target,
            ..CleanupRequest::of(service("db"))
        };
        world.planner.request(request, world.now)
    };
    for (of_round, asked, expected) in [
        (None, Some(1), Requested::Queued),
        (Some(10), Some(11), Requested::Queued),
        (Some(10), Some(10), Requested::Coalesced),
        (Some(10), None, Requested::Coalesced),
    ] {
        let mut world = World::new(rules());
        world.strategy("db", Cache, Doing::frees(0));
        assert_eq!(ask(&mut world, of_round), Requested::Queued);
        let look = world.look();
        assert!(matches!(world.planner.step(secs(0), &look), Step::Begin(_)));
        assert!(matches!(world.planner.step(secs(0), &look), Step::Run(_)));
        assert_eq!(ask(&mut world, asked), expected, "{of_round:?} {asked:?}");
    }
}

#[test]
fn how_much_is_given_up_follows_pressure_and_the_urgency() {
    let mut world = World::new(rules());
    world.strategy("a", Cache, Doing::frees(0));
    world.simulated = Some((PressureLevel::Medium, 0.76));
    world.request("a", CleanupPriority::Background);
    world.pass(secs(15));
    // A fifth of the way from 0.7 to 1.
    assert!((world.did[0].order.aggressiveness - 0.2).abs() < 1e-9);
    world.request("a", CleanupPriority::Proactive);
    world.pass(secs(15));
    assert_eq!(world.did[1].order.aggressiveness, 0.5);
    world.simulated = Some((PressureLevel::Critical, 0.91));
    world.pass(secs(5));
    assert_eq!(world.did[2].order.aggressiveness, 1.0);
}

#[test]
fn a_round_becomes_urgent_when_pressure_does_while_it_goes_on() {
    let mut world = world(Destructive, [0; 4]);
    world.use_bytes(820 * MIB);
    let look = world.look();
    assert!(matches!(
        world.planner.step(world.now, &look),
        Step::Begin(_)
    ));
    let Step::Run(first) = world.planner.step(world.now, &look) else {
        panic!("a run")
    };
    assert_eq!(first.priority, CleanupPriority::Proactive);
    world.use_bytes(950 * MIB);
    world.planner.gone(first.key);
    world
        .planner
        .finished(first.key, world.now, &RunEnd::lost());
    let Step::Run(second) = world.planner.step(world.now, &world.look()) else {
        panic!("a run")
    };
    assert_eq!(second.priority, CleanupPriority::Emergency);
    assert_eq!(
        (first.target, second.target),
        (Some(70 * MIB), Some(200 * MIB))
    );
}

#[test]
fn a_strategy_that_is_removed_while_it_runs_counts_no_more() {
    let mut world = World::new(rules());
    let a = world.strategy("a", Cache, Doing::frees(0));
    world.strategy("b", Cache, Doing::frees(0));
    world.use_bytes(820 * MIB);
    let look = world.look();
    assert!(matches!(
        world.planner.step(world.now, &look),
        Step::Begin(_)
    ));
    assert!(matches!(world.planner.step(world.now, &look), Step::Run(order) if order.key == a));
    assert!(
        world
            .planner
            .remove(a)
            .is_some_and(|known| known.is_running())
    );
    world.planner.gone(a);
    world.planner.finished(a, world.now, &RunEnd::lost());
    let next = world.planner.step(world.now, &look);
    assert!(matches!(next, Step::Run(order) if order.service.as_str() == "b"));
    assert_eq!(world.planner.strategies().count(), 1);
}

#[test]
fn when_the_executor_has_gone_the_round_waits_for_its_run_and_goes_on() {
    let mut world = World::new(rules());
    let a = world.strategy("a", Cache, Doing::frees(0));
    world.strategy("b", Cache, Doing::frees(0));
    world.use_bytes(820 * MIB);
    let look = world.look();
    assert!(matches!(world.planner.step(secs(0), &look), Step::Begin(_)));
    assert!(matches!(world.planner.step(secs(0), &look), Step::Run(order) if order.key == a));
    // Asked by the next executor: the run goes on, and has 5 seconds.
    assert_eq!(
        world.planner.step(secs(1), &look),
        Step::Wait(Some(secs(5)))
    );
    world.planner.gone(a);
    let next = world.planner.step(secs(2), &look);
    assert!(matches!(next, Step::Run(order) if order.service.as_str() == "b"));
    let (_, known) = world.planner.strategies().next().expect("one");
    assert_eq!((known.tally.runs, known.tally.lost), (1, 1));
}

#[test]
fn one_that_blocks_is_given_up_and_not_run_again_before_it_has_ended() {
    let mut world = World::new(rules());
    let a = world.strategy("a", Cache, Doing::frees(0));
    world.use_bytes(820 * MIB);
    let look = world.look();
    assert!(matches!(world.planner.step(secs(0), &look), Step::Begin(_)));
    assert!(matches!(world.planner.step(secs(0), &look), Step::Run(_)));
    let late = RunEnd {
        result: CleanupResult::TimedOut,
        took: secs(5),
        ..RunEnd::lost()
    };
    world.planner.finished(a, secs(5), &late);
    assert!(matches!(world.planner.step(secs(5), &look), Step::End(_)));
    for at in [6, 600, 6000] {
        assert_eq!(world.planner.step(secs(at), &look), Step::Wait(None));
    }
    world.planner.gone(a);
    assert!(matches!(
        world.planner.step(secs(6000), &look),
        Step::Begin(_)
    ));
}

#[test]
fn when_relief_is_off_nothing_is_cleaned_and_requests_are_told_so() {
    let mut world = World::new(Rules {
        is_enabled: false,
        ..rules()
    });
    world.strategy("a", Trim, Doing::frees(0));
    assert_eq!(
        world.request("a", CleanupPriority::Emergency),
        Requested::Off
    );
    world.use_bytes(990 * MIB);
    world.pass(secs(1000));
    assert_eq!(world.cleaned(), Vec::<&str>::new());
}

#[test]
fn a_service_without_strategies_is_told_so() {
    let mut world = World::new(rules());
    assert_eq!(
        world.request("a", CleanupPriority::Emergency),
        Requested::NoStrategy
    );
}
