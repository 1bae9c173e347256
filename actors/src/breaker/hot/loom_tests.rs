//! All interleavings of callers with one who holds the machine's lock.
//!
//! The threads of a model are one thread of the system's: each is told who it is.

use loom::model;
use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::breaker::event::CircuitState;

fn face(state: CircuitState, generation: u64) -> Face {
    Face {
        state,
        generation,
        until: None,
        stamped: false,
        tracked: false,
        part: None,
        attentive: false,
        refuses: false,
    }
}

fn closed(places: usize) -> Arc<Hot> {
    Arc::new(Hot::new(&face(CircuitState::Closed, 0), places))
}

/// So many calls one after the other, the first admitted before anything else happens; how many were counted, of the generations 0
/// and 1. What else came up is for the machine.
fn calls(hot: &Arc<Hot>, me: Thread, calls: usize) -> thread::JoinHandle<[u64; 2]> {
    let mut admitted = hot.word();
    let hot = Arc::clone(hot);
    thread::spawn(move || {
        let mut counted = [0, 0];
        for _ in 0..calls {
            if hot.plain_success(me, admitted) == Counted::Yes {
                counted[admitted.generation() as usize] += 1;
            }
            admitted = hot.word();
        }
        counted
    })
}

/// Begins the generation 1 meanwhile; what was found of which.
fn begin_another(hot: &Hot) -> [u64; 2] {
    let before = hot.gather(0);
    assert_eq!(before.late, 0);
    hot.publish(&face(CircuitState::Closed, 1), false);
    let after = hot.gather(0);
    [before.successes + after.late, after.successes]
}

/// Ends the callers, looks once more, and compares what was found with what was counted.
fn agree(hot: &Hot, callers: Vec<thread::JoinHandle<[u64; 2]>>, found: [u64; 2]) {
    let mut counted = [0, 0];
    for caller in callers {
        let caller = caller.join().unwrap();
        counted = [counted[0] + caller[0], counted[1] + caller[1]];
    }
    let rest = hot.gather(0);
    assert_eq!([found[0] + rest.late, found[1] + rest.successes], counted);
    assert_eq!(hot.gather(0), Gathered::default());
}

#[test]
fn a_success_is_counted_once_in_its_own_generation() {
    model(|| {
        let hot = closed(1);
        let caller = calls(&hot, Thread::numbered(0), 3);
        let found = begin_another(&hot);
        agree(&hot, vec![caller], found);
    });
}

/// Each caller switched to at most so often: all interleavings of three threads would take hours.
fn bounded(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn successes_of_two_threads_are_counted_once_in_their_own_generation() {
    bounded(|| {
        let hot = closed(2);
        let callers = [0, 1].map(|nth| calls(&hot, Thread::numbered(nth), 2));
        let found = begin_another(&hot);
        agree(&hot, callers.into(), found);
    });
}

#[test]
fn so_are_those_of_threads_that_own_no_place() {
    bounded(|| {
        let hot = closed(1);
        let callers = [2, 1].map(|times| calls(&hot, Thread::nobody(), times));
        let found = begin_another(&hot);
        agree(&hot, callers.into(), found);
    });
}

#[test]
fn of_two_threads_that_want_one_place_one_has_it_and_both_count() {
    bounded(|| {
        let hot = closed(1);
        let callers = [0, 1].map(|nth| calls(&hot, Thread::numbered(nth), 1));
        let found = hot.gather(0).successes;
        let [first, second] = callers.map(|caller| caller.join().unwrap());
        assert_eq!(
            found + hot.gather(0).successes,
            first[0] + second[0],
            "of one generation"
        );
    });
}

#[test]
fn what_happens_after_a_success_sees_it() {
    for me in [Thread::numbered(0), Thread::nobody()] {
        model(move || {
            let hot = closed(1);
            // The places of common successes are of the generation from here on.
            hot.gather(0);
            let told = Arc::new(AtomicU64::new(0));
            let caller = {
                let (hot, told) = (Arc::clone(&hot), Arc::clone(&told));
                thread::spawn(move || {
                    assert_eq!(hot.plain_success(me, hot.word()), Counted::Yes);
                    told.store(1, Ordering::Release);
                })
            };
            let told = told.load(Ordering::Acquire);
            let found = hot.gather(0).successes;
            assert!(found >= told, "it was told of {told}, and found {found}");
            caller.join().unwrap();
            assert_eq!(found + hot.gather(0).successes, 1);
        });
    }
}

#[test]
fn once_it_is_known_that_each_success_matters_none_is_counted_by_itself() {
    model(|| {
        let hot = closed(1);
        let known = Arc::new(AtomicU64::new(0));
        let admitted = hot.word();
        let caller = {
            let (hot, known) = (Arc::clone(&hot), Arc::clone(&known));
            thread::spawn(move || {
                let known = known.load(Ordering::Acquire);
                let counted = hot.success(Thread::numbered(0), admitted, || 0);
                assert!(known == 0 || counted == Counted::No);
                u64::from(counted == Counted::Yes)
            })
        };
        let mut attentive = face(CircuitState::Closed, 0);
        attentive.attentive = true;
        assert!(hot.publish(&attentive, false));
        known.store(1, Ordering::Release);
        let found = hot.gather(0).successes;
        assert_eq!(caller.join().unwrap(), found + hot.gather(0).successes);
    });
}

#[test]
fn no_success_is_counted_in_an_earlier_part_of_the_time_than_its_own() {
    model(|| {
        let mut timed = face(CircuitState::Closed, 0);
        timed.part = Some(Part {
            length: 10,
            number: 0,
        });
        let hot = Arc::new(Hot::new(&timed, 2));
        let admitted = hot.word();
        let callers = [0, 1].map(|part| {
            let hot = Arc::clone(&hot);
            thread::spawn(move || {
                let counted = hot.success(Thread::numbered(part), admitted, || part * 10);
                u64::from(counted == Counted::Yes)
            })
        });
        let of_the_first_part = hot.gather(10).successes;
        let [first, second] = callers.map(|caller| caller.join().unwrap());
        assert!(of_the_first_part <= first);
        assert_eq!(first + second, of_the_first_part + hot.gather(10).successes);
    });
}

#[test]
fn what_a_refusal_says_is_as_new_as_the_word_it_goes_by() {
    model(|| {
        let refusing = |generation| {
            let mut face = face(CircuitState::Open, generation);
            face.refuses = true;
            face.until = Some(generation * 10);
            face
        };
        let hot = Arc::new(Hot::new(&refusing(2), 1));
        hot.publish(&refusing(2), true);
        let caller = {
            let hot = Arc::clone(&hot);
            thread::spawn(move || {
                let word = hot.word();
                (word.generation(), hot.refusal(word))
            })
        };
        for generation in 3..=5 {
            hot.publish(&refusing(generation), true);
        }
        let (generation, notice) = caller.join().unwrap();
        let until = notice.and_then(Notice::until).unwrap();
        assert!(until >= generation * 10);
    });
}

#[test]
fn whoever_is_late_to_see_that_it_has_closed_is_refused_as_it_was_before() {
    model(|| {
        let mut open = face(CircuitState::Open, 2);
        open.refuses = true;
        open.until = Some(20);
        let hot = Arc::new(Hot::new(&open, 1));
        hot.publish(&open, true);
        let caller = {
            let hot = Arc::clone(&hot);
            thread::spawn(move || {
                let word = hot.word();
                (hot.refusal(word), hot.refusal_at(word, 10))
            })
        };
        hot.publish(&face(CircuitState::Closed, 3), false);
        let (at_a_glance, by_the_clock) = caller.join().unwrap();
        for notice in [at_a_glance, by_the_clock].into_iter().flatten() {
            assert_eq!(notice.state(), CircuitState::Open);
        }
        assert_eq!(hot.refusal_at(hot.word(), 10), None);
    });
}
