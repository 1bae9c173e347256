//! What holds whatever happens.

use std::collections::BTreeMap;
use std::time::Duration;

use mainstay_specs::{CleanupClass, PressureLevel};
use proptest::option;
use proptest::prelude::*;

use super::super::super::event::CleanupResult;
use super::super::super::request::CleanupPriority;
use super::super::{Key, Rules};
use super::world::{Did, Doing, MIB, World, rules};

#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Use(u64),
    Simulate(Option<(PressureLevel, f64)>),
    Request(usize, CleanupPriority),
    Remove(usize),
    ClassMax(CleanupClass),
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn doing() -> impl Strategy<Value = Doing> {
    use CleanupResult::{Done, Failed, Panicked, TimedOut};
    let result = prop::sample::select(vec![Done, Done, Done, Failed, Panicked, TimedOut]);
    let frees = prop::sample::select(vec![0, 0, MIB / 2, 5 * MIB, 50 * MIB, 500 * MIB]);
    let takes = prop::sample::select(vec![0, 1, 10, 500, 5000]);
    (frees, option::of(0..1_u64 << 40), takes, result).prop_map(|(frees, tells, takes, result)| {
        Doing {
            frees,
            tells,
            takes: Duration::from_millis(takes),
            result,
        }
    })
}

fn class() -> impl Strategy<Value = CleanupClass> {
    prop::sample::select(CleanupClass::ALL.to_vec())
}

fn event() -> impl Strategy<Value = Event> {
    use CleanupPriority::{Background, Emergency, Proactive};
    let level = prop::sample::select(PressureLevel::ALL.to_vec());
    let priority = prop::sample::select(vec![Background, Proactive, Emergency]);
    prop_oneof![
        4 => prop::sample::select(vec![1, 50, 1000, 11_000, 400_000]).prop_map(Event::Pass),
        3 => (0..1000_u64).prop_map(|mib| Event::Use(mib * MIB)),
        1 => option::of((level, 0.0..1.05)).prop_map(Event::Simulate),
        4 => (0..NAMES.len(), priority).prop_map(|(nth, priority)| Event::Request(nth, priority)),
        1 => (0..8_usize).prop_map(Event::Remove),
        1 => class().prop_map(Event::ClassMax),
    ]
}

/// Classes rise, but for strategies that have rested when a higher class had its turn, and are ready by now: what they give up is missed
/// less. Memory may be given back in between, as soon as that can do.
fn is_in_order(round: &[&Did], runs: &BTreeMap<Key, Vec<&Did>>, rules: &Rules) -> bool {
    let round: Vec<&&Did> = round
        .iter()
        .filter(|did| did.order.class > CleanupClass::Trim)
        .collect();
    round.iter().enumerate().all(|(nth, later)| {
        let is_higher = |did: &&&&Did| did.order.class > later.order.class;
        let mut higher = round[..nth].iter().filter(is_higher);
        higher.all(|higher| {
            let mut before = runs[&later.order.key].iter();
            before.any(|run| {
                let longest = rules.pause_max.max((run.until - run.at) * 20);
                run.until <= higher.at && higher.at < run.until + longest
            })
        })
    })
}

fn check_round(
    round: &[&Did],
    runs: &BTreeMap<Key, Vec<&Did>>,
    rules: &Rules,
) -> Result<(), TestCaseError> {
    prop_assert!(is_in_order(round, runs, rules), "{round:?}");
    let mut times: BTreeMap<Key, u32> = BTreeMap::new();
    for did in round {
        *times.entry(did.order.key).or_default() += 1;
    }
    for did in round {
        let most = if did.order.class == CleanupClass::Trim {
            2
        } else {
            1
        };
        prop_assert!(
            times[&did.order.key] <= most,
            "{did:?} was run too often in a round"
        );
    }
    // What has a target is not gone on with once that is met, but to give back what was freed.
    for did in round {
        prop_assert!(did.order.target != Some(0), "{did:?} had nothing to free");
    }
    Ok(())
}

fn check_rest(runs: &[&Did], rules: &Rules) -> Result<(), TestCaseError> {
    for pair in runs.windows(2) {
        let rest = pair[1].at - pair[0].until;
        let took = pair[0].until - pair[0].at;
        prop_assert!(rest >= rules.min_interval && rest >= took * 20, "{pair:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_happens(
        strategies in prop::collection::vec((0..NAMES.len(), class(), doing()), 0..8),
        events in prop::collection::vec(event(), 0..40),
        is_measured in any::<bool>(), pinned in prop::sample::select(vec![0, 100 * MIB, 1000 * MIB]),
    ) {
        let mut rules = rules();
        let mut world = World::new(rules.clone());
        (world.is_measured, world.pinned) = (is_measured, pinned);
        let keys: Vec<Key> = strategies
            .iter()
            .map(|(name, class, doing)| world.strategy(NAMES[*name], *class, *doing))
            .collect();
        let mut allowed = vec![(Duration::ZERO, rules.class_max)];
        for event in events {
            match event {
                Event::Pass(ms) => world.pass(Duration::from_millis(ms)),
                Event::Use(bytes) => world.use_bytes(bytes),
                Event::Simulate(simulated) => world.simulated = simulated,
                Event::Request(nth, priority) => drop(world.request(NAMES[nth], priority)),
                Event::Remove(nth) => {
                    if let Some(key) = keys.get(nth) {
                        world.planner.remove(*key);
                    }
                }
                Event::ClassMax(class) => {
                    rules.class_max = class;
                    world.planner.set_rules(rules.clone());
                    allowed.push((world.now, class));
                }
            }
        }
        // When there is no pressure any more, and all has rested, nothing waits.
        world.simulated = None;
        (world.live, world.used) = (0, 0);
        world.pass(Duration::from_secs(100_000));
        prop_assert_eq!(world.planner.waiting(), 0);
        prop_assert!(!world.planner.is_in_round());

        let mut rounds: BTreeMap<u64, Vec<&Did>> = BTreeMap::new();
        let mut runs: BTreeMap<Key, Vec<&Did>> = BTreeMap::new();
        for did in &world.did {
            rounds.entry(did.order.round).or_default().push(did);
            runs.entry(did.order.key).or_default().push(did);
            // What was allowed last, when it began.
            let most = allowed.iter().rev().find(|(at, _)| *at <= did.at);
            let is_trim = did.order.class == CleanupClass::Trim;
            prop_assert!(is_trim || most.is_some_and(|(_, most)| did.order.class <= *most), "{did:?}");
            prop_assert!((0.0..=1.0).contains(&did.order.aggressiveness));
        }
        for pair in world.did.windows(2) {
            prop_assert!(pair[1].at >= pair[0].until && pair[1].order.round >= pair[0].order.round);
        }
        for round in rounds.values() {
            check_round(round, &runs, &rules)?;
        }
        for runs in runs.values().filter(|runs| runs[0].order.class != CleanupClass::Trim) {
            check_rest(runs, &rules)?;
        }
        let all = world.ended.iter().map(|(_, ended)| u64::from(ended.runs)).sum::<u64>();
        prop_assert_eq!(all, world.did.len() as u64);
    }

    #[test]
    fn cleaning_takes_a_twentieth_of_the_time_at_most_but_for_what_is_under_way(
        strategies in prop::collection::vec((0..NAMES.len(), class(), doing()), 1..8),
        ratios in prop::collection::vec((0.0..1.05_f64, 1..100_000_u64), 1..40),
    ) {
        let mut world = World::new(Rules { class_max: CleanupClass::Destructive, ..rules() });
        for (name, class, doing) in strategies {
            world.strategy(NAMES[name], class, doing);
        }
        let mut longest = Duration::ZERO;
        for (ratio, ms) in ratios {
            world.simulated = Some((super::world::level(ratio), ratio));
            for name in NAMES {
                world.request(name, CleanupPriority::Emergency);
            }
            world.pass(Duration::from_millis(ms));
        }
        let mut busy = Duration::ZERO;
        for (at, ended) in &world.ended {
            longest = longest.max(ended.took);
            busy += ended.took;
            // At the end of each round: the round itself, and one before it that an emergency has not waited for.
            prop_assert!(busy.saturating_sub(2 * longest) * 20 <= *at, "{busy:?} of {at:?}");
        }
    }
}
