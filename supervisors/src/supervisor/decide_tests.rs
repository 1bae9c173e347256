//! The decisions against tables and against plain restatements of the rules.

use std::time::Duration;

use mainstay_specs::{AutoShutdown, ChildId, ChildSpec, Restart, Strategy, SupervisorFlags};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use tokio::time::Instant;

use super::decide::{Decision, Key, Keys, Sibling, Siblings, affected, on_exit, on_retry};
use super::history::History;
use crate::exit::ExitReason;

#[derive(Clone, Debug)]
struct Child {
    spec: ChildSpec,
    present: bool,
}

impl Sibling for Child {
    fn spec(&self) -> &ChildSpec {
        &self.spec
    }

    fn is_present(&self) -> bool {
        self.present
    }
}

#[derive(Clone, Debug)]
struct Family(Vec<Child>);

impl Family {
    fn spec(&self, key: Key) -> &ChildSpec {
        &self.0[place(key)].spec
    }

    fn keys(&self) -> Vec<Key> {
        self.in_order().map(|(key, _)| key).collect()
    }
}

/// Keys are neither dense nor from zero.
fn key(place: usize) -> Key {
    Key::try_from(place * 3 + 7).unwrap()
}

fn place(key: Key) -> usize {
    usize::try_from((key - 7) / 3).unwrap()
}

impl Siblings for Family {
    type Child = Child;

    fn in_order(&self) -> impl Iterator<Item = (Key, &Child)> {
        self.0
            .iter()
            .enumerate()
            .map(|(at, child)| (key(at), child))
    }

    fn has_dependents(&self) -> bool {
        self.0.iter().any(|child| !child.spec.depends_on.is_empty())
    }
}

fn id(place: usize) -> ChildId {
    ChildId::new(place.to_string()).unwrap()
}

fn reasons() -> [ExitReason; 6] {
    [
        ExitReason::Normal,
        ExitReason::Shutdown,
        ExitReason::shutdown_with("x"),
        ExitReason::Killed,
        ExitReason::failed("x"),
        ExitReason::Panicked(crate::exit::Panic::new("x".to_owned(), None)),
    ]
}

fn any_restart() -> impl Generator<Value = Restart> {
    prop_oneof![
        Just(Restart::Permanent),
        Just(Restart::Transient),
        Just(Restart::Temporary)
    ]
}

fn any_strategy() -> impl Generator<Value = Strategy> {
    prop_oneof![
        Just(Strategy::OneForOne),
        Just(Strategy::OneForAll),
        Just(Strategy::RestForOne)
    ]
}

fn any_auto_shutdown() -> impl Generator<Value = AutoShutdown> {
    prop_oneof![
        Just(AutoShutdown::Never),
        Just(AutoShutdown::AnySignificant),
        Just(AutoShutdown::AllSignificant)
    ]
}

/// Up to eight children, each of which may depend on any before it.
fn family() -> impl Generator<Value = Family> {
    let child = (any_restart(), any::<bool>(), any::<bool>(), any::<u8>());
    vec(child, 1..8).prop_map(|children| {
        let child = |(at, (restart, significant, present, needs)): (usize, _)| {
            let needs: u8 = needs;
            let mut spec = ChildSpec::new(id(at));
            spec.restart = restart;
            spec.significant = significant && restart != Restart::Permanent;
            spec.depends_on = (0..at)
                .filter(|other| needs >> other & 1 == 1)
                .map(id)
                .collect();
            Child { spec, present }
        };
        Family(children.into_iter().enumerate().map(child).collect())
    })
}

/// What depends on `failed`, by asking again and again until nothing is added.
fn closure(family: &Family, failed: Key) -> Vec<Key> {
    let mut found = vec![failed];
    loop {
        let more: Vec<Key> = family
            .keys()
            .into_iter()
            .filter(|key| !found.contains(key))
            .filter(|key| {
                let needs = &family.spec(*key).depends_on;
                found
                    .iter()
                    .any(|other| needs.contains(&family.spec(*other).id))
            })
            .collect();
        if more.is_empty() {
            found.sort_unstable();
            return found;
        }
        found.extend(more);
    }
}

fn flags(strategy: Strategy, auto_shutdown: AutoShutdown) -> SupervisorFlags {
    SupervisorFlags::new(strategy)
        .intensity(u32::MAX, Duration::from_secs(5))
        .auto_shutdown(auto_shutdown)
}

/// What is decided about a lone child with this spec.
fn decision(spec: &ChildSpec, auto_shutdown: AutoShutdown, reason: &ExitReason) -> Decision {
    let family = Family(vec![Child {
        spec: spec.clone(),
        present: true,
    }]);
    on_exit(
        &flags(Strategy::OneForOne, auto_shutdown),
        &mut History::default(),
        (key(0), spec),
        reason,
        &family,
        Instant::now(),
    )
}

#[test]
fn every_reason_and_restart_type_has_its_decision() {
    use Restart::{Permanent, Temporary, Transient};
    let again = || Decision::Restart(Keys::from_slice(&[key(0)]));
    // normal, shutdown, shutdown with, killed, failed, panicked
    let table: [(Restart, [Decision; 6]); 3] = [
        (
            Permanent,
            [again(), again(), again(), again(), again(), again()],
        ),
        (
            Transient,
            [
                Decision::Keep,
                Decision::Keep,
                Decision::Keep,
                again(),
                again(),
                again(),
            ],
        ),
        (
            Temporary,
            [
                Decision::Forget,
                Decision::Forget,
                Decision::Forget,
                Decision::Forget,
                Decision::Forget,
                Decision::Forget,
            ],
        ),
    ];
    for (restart, row) in table {
        let spec = ChildSpec::new(id(0)).restart(restart);
        for (reason, expected) in reasons().iter().zip(row) {
            for auto_shutdown in [AutoShutdown::Never, AutoShutdown::AnySignificant] {
                let decided = decision(&spec, auto_shutdown, reason);
                assert_eq!(decided, expected, "{restart:?} {reason}");
            }
        }
    }
}

#[test]
fn a_lone_significant_child_that_stays_down_ends_its_supervisor() {
    for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        for restart in [Restart::Transient, Restart::Temporary] {
            let spec = ChildSpec::new(id(0)).restart(restart).significant();
            for reason in reasons() {
                let plain = decision(
                    &ChildSpec::new(id(0)).restart(restart),
                    auto_shutdown,
                    &reason,
                );
                let expected = match plain {
                    Decision::Keep | Decision::Forget => Decision::ShutDown,
                    other => other,
                };
                assert_eq!(
                    decision(&spec, auto_shutdown, &reason),
                    expected,
                    "{restart:?} {reason}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn a_restart_concerns_whom_the_strategy_says_in_start_order(
        family in family(),
        strategy in any_strategy(),
        failed in any::<proptest::sample::Index>(),
    ) {
        let keys = family.keys();
        let failed = keys[failed.index(keys.len())];
        let expected = match strategy {
            Strategy::OneForOne => closure(&family, failed),
            Strategy::OneForAll => keys,
            Strategy::RestForOne => keys.into_iter().filter(|key| *key >= failed).collect(),
        };
        let found = affected(strategy, (failed, &family.spec(failed).id), &family);
        prop_assert_eq!(found.to_vec(), expected);
    }

    #[test]
    fn a_decision_follows_the_rules(
        family in family(),
        strategy in any_strategy(),
        auto_shutdown in any_auto_shutdown(),
        failed in any::<proptest::sample::Index>(),
        reason in proptest::sample::select(reasons().to_vec()),
    ) {
        let failed = failed.index(family.0.len());
        let spec = &family.0[failed].spec;
        let flags = flags(strategy, auto_shutdown);
        let found = on_exit(&flags, &mut History::default(), (key(failed), spec), &reason, &family, Instant::now());

        let restarts = match spec.restart {
            Restart::Permanent => true,
            Restart::Transient => reason.is_abnormal(),
            Restart::Temporary => false,
        };
        let mut others = family.0.iter().enumerate().filter(|(at, _)| *at != failed);
        let last = !others.any(|(_, child)| child.spec.significant && child.present);
        let ends = spec.significant && match auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => last,
        };
        let expected = match (restarts, ends, spec.restart) {
            (true, ..) => Decision::Restart(affected(strategy, (key(failed), &spec.id), &family)),
            (false, true, _) => Decision::ShutDown,
            (false, false, Restart::Temporary) => Decision::Forget,
            (false, false, _) => Decision::Keep,
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn as_many_restarts_as_allowed_within_any_period_and_no_more(
        intensity in 0_u32..6,
        period in 1_u64..6,
        waits in vec(0_u64..4, 1..60),
    ) {
        let period = Duration::from_secs(period);
        let flags = SupervisorFlags::default().intensity(intensity, period);
        let mut history = History::default();
        let (mut now, mut counted) = (Instant::now(), Vec::new());
        for wait in waits {
            now += Duration::from_secs(wait);
            let recent = counted.iter().filter(|then| now.duration_since(**then) <= period).count();
            let allowed = recent < usize::try_from(intensity).unwrap();
            prop_assert_eq!(history.allows_another(&flags, now), allowed);
            if !allowed {
                break; // The supervisor ends.
            }
            counted.push(now);
        }
    }

    #[test]
    fn a_restart_too_many_is_given_up_whoever_it_concerns(
        family in family(),
        strategy in any_strategy(),
        failed in any::<proptest::sample::Index>(),
        intensity in 0_u32..4,
    ) {
        let failed = failed.index(family.0.len());
        let flags = flags(strategy, AutoShutdown::Never).intensity(intensity, Duration::from_secs(1));
        let (mut history, now) = (History::default(), Instant::now());
        let about = (key(failed), &family.0[failed].spec);
        for _ in 0..intensity {
            let decision = on_retry(&flags, &mut history, about, &family, now);
            prop_assert!(matches!(decision, Decision::Restart(_)), "{decision:?}");
        }
        prop_assert_eq!(on_retry(&flags, &mut history, about, &family, now), Decision::GiveUp);
    }
}
