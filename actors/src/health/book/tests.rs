use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::SystemTime;

use proptest::prelude::*;

use super::super::checkable::Checked;
use super::super::result::{CheckResult, HealthResult};
use super::*;

/// A check that is never run: what is found is told by hand.
struct ByHand;

impl Checked for ByHand {
    fn run(self: Arc<Self>) -> Pin<Box<dyn Future<Output = HealthResult> + Send>> {
        Box::pin(std::future::pending())
    }
}

fn name(nth: usize) -> ServiceName {
    ServiceName::new(format!("n{nth}")).expect("a name")
}

fn at(ms: u64) -> Moment {
    let at = Duration::from_millis(ms);
    Moment {
        at,
        wall: SystemTime::UNIX_EPOCH + at,
    }
}

fn found(status: HealthStatus) -> Outcome {
    Outcome::Answered(HealthResult::single(CheckResult::new("x", status, "found")))
}

fn book() -> Book {
    Book::new(Arc::new(HealthAggregatorSpec::default()))
}

fn config() -> HealthCheckConfig {
    HealthCheckConfig::default()
        .jitter(0.0)
        .hold(Duration::ZERO)
        .interval(Duration::from_millis(100))
        .time_limit(Duration::from_millis(250))
}

#[test]
fn one_that_is_begun_late_does_not_make_all_that_follow_late() {
    let mut book = book();
    book.register(name(0), Arc::new(ByHand), Some(config()), at(0))
        .expect("it may");
    for (now, due) in [(0, 100), (107, 200), (200, 300), (450, 550)] {
        let work = book.begin_due(at(now), || 0.0);
        assert_eq!(work.len(), 1);
        let ended = book.finish(
            &name(0),
            work[0].number,
            found(HealthStatus::Healthy),
            at(now),
        );
        assert!(ended.is_ours && !ended.is_late);
        assert_eq!(book.entries[&name(0)].due, Duration::from_millis(due));
    }
}

#[test]
fn a_run_that_was_too_long_before_anybody_has_noted_counts_as_too_long() {
    let mut book = book();
    book.register(name(0), Arc::new(ByHand), Some(config()), at(0))
        .expect("it may");
    let work = book.begin_due(at(0), || 0.0);
    let ended = book.finish(
        &name(0),
        work[0].number,
        found(HealthStatus::Healthy),
        at(250),
    );
    assert!(ended.is_late && ended.is_unnoticed);
    assert_eq!(book.count(HealthStatus::Unhealthy), 1);
    let work = book.begin_due(at(250), || 0.0);
    let ended = book.finish(
        &name(0),
        work[0].number,
        found(HealthStatus::Healthy),
        at(499),
    );
    assert!(!ended.is_late);
    assert_eq!(book.count(HealthStatus::Healthy), 1);
}

#[test]
fn a_sweep_does_not_wait_for_a_run_whose_time_is_up() {
    let mut book = book();
    book.register(name(0), Arc::new(ByHand), Some(config()), at(0))
        .expect("it may");
    book.begin_all(at(0), || 0.0);
    assert_eq!(book.awaited(), 1);
    assert_eq!(book.tend(at(249)), 0);
    assert_eq!(book.tend(at(250)), 1);
    assert_eq!(book.awaited(), 0);
}

#[test]
fn those_that_were_found_come_and_go_and_leave_alone_what_the_program_has_registered() {
    let mut book = book();
    let found = |names: &[usize]| {
        let found = names.iter().map(|nth| Found {
            name: name(*nth),
            check: Arc::new(ByHand) as AnyCheck,
            config: config(),
        });
        found.collect::<Vec<_>>()
    };
    book.discover(found(&[0, 1]), at(0));
    book.register(name(0), Arc::new(ByHand), None, at(1))
        .expect("it may");
    book.discover(found(&[0, 2]), at(2));
    let origins: Vec<_> = book
        .entries()
        .map(|entry| (entry.name.clone(), entry.origin))
        .collect();
    assert_eq!(
        origins,
        [(name(0), Origin::Program), (name(2), Origin::Found)]
    );
    book.discover(Vec::new(), at(3));
    assert_eq!(book.len(), 1);
}

#[test]
fn those_that_were_found_and_have_no_room_are_counted() {
    let mut book = Book::new(Arc::new(HealthAggregatorSpec::default().checks_max(1)));
    let found = |nth| Found {
        name: name(nth),
        check: Arc::new(ByHand) as AnyCheck,
        config: config(),
    };
    book.discover(vec![found(0), found(1), found(2)], at(0));
    assert_eq!((book.len(), book.left_out()), (1, 2));
    book.discover(vec![found(1)], at(1));
    assert_eq!((book.len(), book.left_out()), (1, 0));
}

#[test]
fn one_that_is_always_too_slow_is_begun_again_at_once_but_not_each_time() {
    let mut book = book();
    let slow = config().interval(Duration::from_secs(1));
    book.register(name(0), Arc::new(ByHand), Some(slow), at(0))
        .expect("it may");
    let mut begun = Vec::new();
    for now in (0..5_000).step_by(10) {
        book.tend(at(now));
        for work in book.begin_due(at(now), || 0.0) {
            begun.push((now, work.number));
        }
        // Each takes 300 ms, and may take 250; it is looked every 10 ms.
        if let Some((since, number)) = begun.last()
            && now == since + 300
        {
            book.finish(&name(0), *number, found(HealthStatus::Healthy), at(now));
        }
    }
    let begun: Vec<u64> = begun.into_iter().map(|(now, _)| now).collect();
    assert_eq!(begun, [0, 310, 1300, 2300, 3300, 4300]);
}

#[test]
fn a_late_run_that_has_ended_is_not_shown_as_under_way() {
    let mut book = book();
    book.register(name(0), Arc::new(ByHand), Some(config()), at(0))
        .expect("it may");
    let work = book.begin_due(at(0), || 0.0);
    book.tend(at(250));
    let since = |book: &mut Book, now| book.services(at(now).at)[0].running_since;
    assert_eq!(since(&mut book, 250), Some(at(0).wall));
    book.finish(
        &name(0),
        work[0].number,
        found(HealthStatus::Healthy),
        at(300),
    );
    assert_eq!(since(&mut book, 300), None);
}

#[test]
fn with_another_spec_those_go_that_only_the_former_named_and_what_was_found_is_found_anew() {
    let spec = HealthAggregatorSpec::default()
        .check(name(0), config())
        .check(name(1), config());
    let mut book = book();
    book.adopt(Arc::new(spec.clone()), at(0)).expect("it fits");
    book.register(name(1), Arc::new(ByHand), None, at(0))
        .expect("it may");
    let found = |nth| Found {
        name: name(nth),
        check: Arc::new(ByHand) as AnyCheck,
        config: config(),
    };
    book.discover(vec![found(2)], at(0));
    let names = |book: &Book| {
        book.entries()
            .map(|entry| entry.name.clone())
            .collect::<Vec<_>>()
    };
    // The same again, as after a crash: nothing changes.
    book.adopt(Arc::new(spec), at(1)).expect("it fits");
    assert_eq!(names(&book), [name(0), name(1), name(2)]);
    let next = HealthAggregatorSpec::default().check(name(3), config());
    book.adopt(Arc::new(next), at(2)).expect("it fits");
    assert_eq!(names(&book), [name(1), name(3)]);
    book.discover(vec![found(2)], at(2));
    assert_eq!(names(&book), [name(1), name(2), name(3)]);
}

#[derive(Clone, Debug)]
enum Step {
    Register(usize),
    Replace(usize),
    Unregister(usize),
    Wait(u64),
    BeginDue,
    Sweep,
    EndSweep,
    Finish(prop::sample::Index, HealthStatus),
    Tend,
}

fn steps() -> impl Strategy<Value = Step> {
    use HealthStatus::{Degraded, Healthy, Unhealthy, Unknown};
    let status = prop::sample::select(vec![Healthy, Degraded, Unknown, Unhealthy]);
    prop_oneof![
        2 => (0_usize..4).prop_map(Step::Register),
        1 => (0_usize..4).prop_map(Step::Replace),
        1 => (0_usize..4).prop_map(Step::Unregister),
        4 => (0_u64..200).prop_map(Step::Wait),
        4 => Just(Step::BeginDue),
        2 => Just(Step::Sweep),
        1 => Just(Step::EndSweep),
        6 => (any::<prop::sample::Index>(), status).prop_map(|(nth, status)| Step::Finish(nth, status)),
        3 => Just(Step::Tend),
    ]
}

/// What is known from outside.
#[derive(Default)]
struct Outside {
    now: u64,
    /// The runs that were begun and have not ended, by number: whose, since when, and whether a sweep waits.
    runs: BTreeMap<u64, (ServiceName, u64, bool)>,
    status: BTreeMap<ServiceName, HealthStatus>,
}

impl Outside {
    fn began(&mut self, work: &[Work]) {
        for work in work {
            let twice = self.runs.values().any(|(whose, ..)| *whose == work.name);
            assert!(!twice, "two runs of {} at a time", work.name);
            self.runs
                .insert(work.number, (work.name.clone(), self.now, false));
        }
    }

    fn cut_off(&mut self, name: &ServiceName) {
        self.runs.retain(|_, (whose, ..)| whose != name);
    }

    fn is_up(&self, since: u64) -> bool {
        self.now >= since + 250
    }

    fn awaited(&self) -> usize {
        self.runs.values().filter(|(.., awaited)| *awaited).count()
    }

    fn told(&mut self, steps: Vec<Stepped>) {
        for stepped in steps {
            let known = self.status.insert(stepped.service, stepped.step.to);
            assert_eq!(
                known.unwrap_or_default(),
                stepped.step.from,
                "a step is missing"
            );
        }
    }
}

fn step(book: &mut Book, outside: &mut Outside, step: &Step) {
    let now = at(outside.now);
    match step {
        Step::Register(nth) => {
            let there = outside.status.contains_key(&name(*nth));
            let new = book.register(name(*nth), Arc::new(ByHand), Some(config()), now);
            assert_eq!(new.is_err(), there);
            outside.status.entry(name(*nth)).or_default();
        }
        Step::Replace(nth) => {
            book.replace(name(*nth), Arc::new(ByHand), Some(config()), now)
                .expect("it may");
            outside.cut_off(&name(*nth));
            outside.status.entry(name(*nth)).or_default();
        }
        Step::Unregister(nth) => {
            let was_there = book.unregister(name(*nth).as_str(), now);
            outside.cut_off(&name(*nth));
            assert_eq!(was_there, outside.status.remove(&name(*nth)).is_some());
        }
        Step::Wait(time) => outside.now += time,
        Step::BeginDue => outside.began(&book.begin_due(now, || 0.5)),
        Step::Sweep => {
            outside.began(&book.begin_all(now, || 0.5));
            let at = outside.now;
            for (_, since, awaited) in outside.runs.values_mut() {
                // Not noted yet that its time is up: it is waited for until that is.
                *awaited = at < *since + 250;
            }
        }
        Step::EndSweep => {
            book.end_sweep();
            outside.runs.values_mut().for_each(|run| run.2 = false);
        }
        Step::Finish(nth, status) => {
            let numbers: Vec<u64> = outside.runs.keys().copied().collect();
            if numbers.is_empty() {
                return;
            }
            let number = numbers[nth.index(numbers.len())];
            let (whose, since, _) = outside.runs.remove(&number).expect("one of them");
            let ended = book.finish(&whose, number, found(*status), now);
            assert!(ended.is_ours);
            assert_eq!(ended.is_late, outside.is_up(since));
            assert!(!book.finish(&whose, number, found(*status), now).is_ours);
        }
        Step::Tend => {
            book.tend(now);
            let now = outside.now;
            outside
                .runs
                .values_mut()
                .for_each(|run| run.2 &= now < run.1 + 250);
        }
    }
    outside.told(book.take_steps());
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_run_of_each_and_no_step_is_missed(
        all in prop::collection::vec(steps(), 0..120),
    ) {
        let (mut book, mut outside) = (book(), Outside::default());
        for one in &all {
            // What is up is noted first, as whoever does anything does.
            step(&mut book, &mut outside, &Step::Tend);
            step(&mut book, &mut outside, one);
            prop_assert_eq!(book.awaited(), outside.awaited());
            for (name, status) in &outside.status {
                prop_assert_eq!(book.entries[name].machine.status(), *status);
            }
            prop_assert_eq!(book.len(), outside.status.len());
            book.take_waste();
        }
    }
}
