//! From how each fares to how the whole does: decisions only.

use mainstay_specs::{CheckKind, HealthThresholds, Importance};

use super::status::HealthStatus;

/// What there is to know of one service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) status: HealthStatus,
    pub(crate) importance: Importance,
    pub(crate) kind: CheckKind,
    pub(crate) weight: f64,
    /// It was registered so short a time ago that it may be unknown.
    pub(crate) in_grace: bool,
}

/// How the whole fares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Whole {
    pub(crate) status: HealthStatus,
    pub(crate) score: f64,
    pub(crate) ready: bool,
    pub(crate) healthy: usize,
    pub(crate) total: usize,
}

/// The most that a score can be if something that is required is down: less than half.
const SCORE_MAX_DOWN: f64 = 0.49;

/// What all come to together.
///
/// * One that is required and down: down. One that is required and degraded, or unknown after its grace, or important and down: degraded.
/// * Of what is required or important, one is unknown and may be: unknown. As is the whole if nothing at all is known of any.
/// * Otherwise healthy. What is optional changes the score only, and what is diagnostic not even that.
///
/// The score is the mean by weight. Nothing to count: unknown, with a score of 1, and not ready.
pub(crate) fn rollup(all: impl Iterator<Item = Counted>, thresholds: HealthThresholds) -> Whole {
    let mut sum = Sum::default();
    all.for_each(|one| sum.add(&one));
    let (status, score) = sum.result(thresholds);
    Whole {
        status,
        score,
        ready: status <= HealthStatus::Degraded && !sum.starting,
        healthy: sum.healthy,
        total: sum.total,
    }
}

#[derive(Debug, Default)]
struct Sum {
    healthy: usize,
    total: usize,
    counted: usize,
    known: usize,
    score: f64,
    weight: f64,
    down: bool,
    degraded: bool,
    unknown: bool,
    /// Something has to come up that has not.
    starting: bool,
}

impl Sum {
    fn add(&mut self, one: &Counted) {
        self.total += 1;
        self.healthy += usize::from(one.status == HealthStatus::Healthy);
        if one.kind == CheckKind::Diagnostic {
            return;
        }
        self.counted += 1;
        self.known += usize::from(one.status != HealthStatus::Unknown);
        self.score += one.weight * one.status.score();
        self.weight += one.weight;
        self.starting |= one.kind == CheckKind::Startup && one.status != HealthStatus::Healthy;
        match (one.importance, one.status) {
            (Importance::Required, HealthStatus::Unhealthy) => self.down = true,
            (Importance::Required, HealthStatus::Degraded)
            | (Importance::Important, HealthStatus::Unhealthy) => self.degraded = true,
            (Importance::Required, HealthStatus::Unknown) if !one.in_grace => self.degraded = true,
            (Importance::Required | Importance::Important, HealthStatus::Unknown)
                if one.in_grace =>
            {
                self.unknown = true;
            }
            _ => {}
        }
    }

    fn result(&self, thresholds: HealthThresholds) -> (HealthStatus, f64) {
        if self.counted == 0 {
            return (HealthStatus::Unknown, 1.0);
        }
        let mut score = (self.score / self.weight).clamp(0.0, 1.0);
        if self.down {
            score = score.min(SCORE_MAX_DOWN);
        }
        let by_importance = if self.down {
            HealthStatus::Unhealthy
        } else if self.degraded {
            HealthStatus::Degraded
        } else if self.unknown || self.known == 0 {
            HealthStatus::Unknown
        } else {
            HealthStatus::Healthy
        };
        (by_importance.max(by_score(score, thresholds)), score)
    }
}

fn by_score(score: f64, thresholds: HealthThresholds) -> HealthStatus {
    if score < thresholds.degraded {
        HealthStatus::Unhealthy
    } else if score < thresholds.healthy {
        HealthStatus::Degraded
    } else {
        HealthStatus::Healthy
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};
    use super::Importance::{Important, Optional, Required};
    use super::*;

    const fn one(status: HealthStatus, importance: Importance) -> Counted {
        Counted {
            status,
            importance,
            kind: CheckKind::Readiness,
            weight: 1.0,
            in_grace: false,
        }
    }

    fn whole(all: &[Counted]) -> Whole {
        rollup(all.iter().copied(), HealthThresholds::default())
    }

    #[test]
    fn nothing_is_unknown_and_not_ready_with_a_score_of_1() {
        let empty = whole(&[]);
        assert_eq!(
            (empty.status, empty.score, empty.ready, empty.total),
            (Unknown, 1.0, false, 0)
        );
    }

    #[test]
    fn the_status_of_one_depends_on_its_importance() {
        let cases = [
            (Required, [Healthy, Degraded, Degraded, Unhealthy]),
            (Important, [Healthy, Healthy, Healthy, Degraded]),
            (Optional, [Healthy, Healthy, Healthy, Healthy]),
        ];
        for (importance, expected) in cases {
            let found = [Healthy, Degraded, Unknown, Unhealthy].map(|status| {
                // Beside one of which something is known.
                whole(&[one(Healthy, Required), one(status, importance)]).status
            });
            assert_eq!(found, expected, "{importance:?}");
        }
    }

    #[test]
    fn what_may_be_unknown_makes_the_whole_unknown_until_its_grace_is_over() {
        let graced = |importance, in_grace| Counted {
            in_grace,
            ..one(Unknown, importance)
        };
        let fine = one(Healthy, Required);
        assert_eq!(whole(&[fine, graced(Required, true)]).status, Unknown);
        assert_eq!(whole(&[fine, graced(Important, true)]).status, Unknown);
        assert_eq!(whole(&[fine, graced(Optional, true)]).status, Healthy);
        assert_eq!(whole(&[fine, graced(Required, false)]).status, Degraded);
        assert_eq!(whole(&[graced(Optional, false)]).status, Unknown);
        let all: Vec<_> = (0..5).map(|_| graced(Required, true)).collect();
        assert_eq!((whole(&all).status, whole(&all).ready), (Unknown, false));
    }

    #[test]
    fn one_of_a_hundred_that_is_required_and_down_is_not_0_99() {
        let mut all = vec![one(Healthy, Required); 99];
        all.push(one(Unhealthy, Required));
        let found = whole(&all);
        assert_eq!(
            (found.status, found.score, found.ready),
            (Unhealthy, 0.49, false)
        );
        all[99].importance = Optional;
        let found = whole(&all);
        assert_eq!(
            (found.status, found.score, found.ready),
            (Healthy, 0.99, true)
        );
        assert_eq!((found.healthy, found.total), (99, 100));
    }

    #[test]
    fn weights_make_the_mean() {
        let heavy = Counted {
            weight: 3.0,
            ..one(Degraded, Optional)
        };
        assert_eq!(whole(&[heavy, one(Healthy, Optional)]).score, 0.625);
    }

    #[test]
    fn what_is_diagnostic_counts_for_nothing() {
        let ill = Counted {
            kind: CheckKind::Diagnostic,
            ..one(Unhealthy, Required)
        };
        let found = whole(&[ill, one(Healthy, Required)]);
        assert_eq!((found.status, found.score), (Healthy, 1.0));
        assert_eq!((found.healthy, found.total), (1, 2));
        assert_eq!((whole(&[ill]).status, whole(&[ill]).score), (Unknown, 1.0));
    }

    #[test]
    fn it_is_not_ready_before_all_that_has_to_come_up_has() {
        let starting = |status| Counted {
            kind: CheckKind::Startup,
            ..one(status, Optional)
        };
        let with = |status| whole(&[one(Healthy, Required), starting(status)]);
        assert_eq!(
            [Healthy, Degraded, Unknown, Unhealthy].map(|status| with(status).ready),
            [true, false, false, false]
        );
    }

    #[test]
    fn thresholds_bound_the_status() {
        let seed = HealthThresholds::new(1.0, 0.5);
        let with = |down: usize| {
            let mut all = vec![one(Healthy, Optional); 4];
            all.iter_mut()
                .take(down)
                .for_each(|one| one.status = Unhealthy);
            rollup(all.into_iter(), seed).status
        };
        assert_eq!(
            [0, 1, 2, 3, 4].map(with),
            [Healthy, Degraded, Degraded, Unhealthy, Unhealthy]
        );
    }

    fn counted() -> impl Strategy<Value = Counted> {
        (
            prop::sample::select(vec![Healthy, Degraded, Unknown, Unhealthy]),
            prop::sample::select(vec![Required, Important, Optional]),
            prop::sample::select(vec![
                CheckKind::Readiness,
                CheckKind::Liveness,
                CheckKind::Startup,
                CheckKind::Diagnostic,
            ]),
            1_u32..1000,
            any::<bool>(),
        )
            .prop_map(|(status, importance, kind, weight, in_grace)| Counted {
                status,
                importance,
                kind,
                weight: f64::from(weight),
                in_grace,
            })
    }

    /// The table of `rollup`, told by questions about all.
    fn model(all: &[Counted]) -> HealthStatus {
        let all: Vec<_> = all
            .iter()
            .filter(|one| one.kind != CheckKind::Diagnostic)
            .collect();
        let any = |is: &dyn Fn(&Counted) -> bool| all.iter().any(|one| is(one));
        let required = |one: &Counted| one.importance == Required;
        let important = |one: &Counted| one.importance == Important;
        if any(&|one| required(one) && one.status == Unhealthy) {
            return Unhealthy;
        }
        if any(&|one| required(one) && one.status == Degraded)
            || any(&|one| required(one) && one.status == Unknown && !one.in_grace)
            || any(&|one| important(one) && one.status == Unhealthy)
        {
            return Degraded;
        }
        let may_be = |one: &Counted| one.status == Unknown && one.in_grace;
        if any(&|one| may_be(one) && (required(one) || important(one)))
            || all.iter().all(|one| one.status == Unknown)
        {
            return Unknown;
        }
        Healthy
    }

    proptest! {
        #[test]
        fn it_is_as_the_model_says_and_does_not_depend_on_the_order(
            all in prop::collection::vec(counted(), 0..12),
        ) {
            let found = whole(&all);
            prop_assert_eq!(found.status, model(&all));
            prop_assert!((0.0..=1.0).contains(&found.score));
            let turned = rollup(all.iter().rev().copied(), HealthThresholds::default());
            prop_assert_eq!(turned.status, found.status);
            prop_assert!((turned.score - found.score).abs() < 1e-9);
        }

        #[test]
        fn one_that_fares_worse_never_makes_the_score_better(
            all in prop::collection::vec(counted(), 1..12),
            nth in any::<prop::sample::Index>(),
        ) {
            let mut worse = all.clone();
            worse[nth.index(all.len())].status = Unhealthy;
            prop_assert!(whole(&worse).score <= whole(&all).score + 1e-12);
        }
    }
}
