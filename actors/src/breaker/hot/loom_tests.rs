//! All interleavings of callers with one who holds the machine's lock.

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

/// A success on a place of its own: the threads of a model are one thread of the system's.
fn success(hot: &Hot, admitted: Word, part: Option<u64>, place: usize) -> u64 {
    loop {
        match hot
            .tally
            .success_at(place, &|| hot.may_count(admitted, part))
        {
            Some(Counted::Yes) => return 1,
            Some(Counted::No) => return 0,
            None => thread::yield_now(),
        }
    }
}

fn callers(hot: &Arc<Hot>, part: Option<u64>) -> Vec<thread::JoinHandle<u64>> {
    let admitted = hot.word();
    let spawn = |place| {
        let hot = Arc::clone(hot);
        thread::spawn(move || success(&hot, admitted, part, place))
    };
    vec![spawn(0), spawn(1)]
}

fn sum(callers: Vec<thread::JoinHandle<u64>>) -> u64 {
    callers
        .into_iter()
        .map(|caller| caller.join().unwrap())
        .sum()
}

#[test]
fn no_success_is_lost_and_none_is_counted_in_a_generation_it_is_not_of() {
    model(|| {
        let hot = Arc::new(Hot::new(&face(CircuitState::Closed, 0), 2));
        let callers = callers(&hot, None);
        let before = hot.gather(0);
        let Published::Generation(late) = hot.publish(&face(CircuitState::Open, 1), false) else {
            panic!("it is another generation")
        };
        assert_eq!(sum(callers), before + late);
        assert_eq!(hot.gather(0), 0);
    });
}

#[test]
fn once_each_success_matters_none_is_counted_by_itself() {
    model(|| {
        let hot = Arc::new(Hot::new(&face(CircuitState::Closed, 0), 2));
        let callers = callers(&hot, None);
        let mut attentive = face(CircuitState::Closed, 0);
        attentive.attentive = true;
        let before = hot.gather(0);
        let Published::Round(seen) = hot.publish(&attentive, false) else {
            panic!("it is another round")
        };
        assert_eq!(sum(callers), before + seen);
        assert_eq!(hot.gather(0), 0);
    });
}

#[test]
fn no_success_is_counted_in_a_later_part_of_the_time_than_its_own() {
    model(|| {
        let mut timed = face(CircuitState::Closed, 0);
        timed.part = Some(Part {
            length: 10,
            number: 0,
        });
        let hot = Arc::new(Hot::new(&timed, 2));
        let callers = callers(&hot, Some(0));
        let of_the_first_part = hot.gather(10);
        assert_eq!(sum(callers), of_the_first_part);
        assert_eq!(hot.gather(10), 0);
    });
}

#[test]
fn a_refusal_and_its_time_are_of_the_same_generation() {
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
            thread::spawn(move || hot.refusal(hot.word()))
        };
        for generation in 3..=5 {
            hot.publish(&refusing(generation), true);
        }
        let (word, until) = caller.join().unwrap().unwrap();
        assert_eq!(until, word.generation() * 10);
    });
}

#[test]
fn two_on_one_place_with_one_who_gathers_lose_nothing() {
    model(|| {
        let hot = Arc::new(Hot::new(&face(CircuitState::Closed, 0), 1));
        let admitted = hot.word();
        let caller = {
            let hot = Arc::clone(&hot);
            thread::spawn(move || success(&hot, admitted, None, 0))
        };
        let mine = success(&hot, admitted, None, 0);
        let gathered = hot.gather(0);
        assert_eq!(caller.join().unwrap() + mine, gathered + hot.gather(0));
    });
}
