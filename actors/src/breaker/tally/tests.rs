//! Threads of the system's.

use std::sync::Barrier;
use std::thread;

use super::*;

fn success(tally: &Tally, generation: u64) {
    while tally.success(Thread::current(), generation) == Counted::No {
        // The place in common is yet to be given to the generation.
        thread::yield_now();
    }
}

#[test]
fn refusals_of_many_threads_are_counted_exactly() {
    let tally = Tally::new(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    if !tally.refuse(Thread::current()) {
                        tally.refuse_by_the_clock(Thread::current(), 0);
                    }
                }
            });
        }
    });
    assert_eq!(tally.refusals(), 40_000);
}

#[test]
fn refusals_look_at_the_clock_at_once_and_then_more_and_more_rarely() {
    for me in [Thread::current(), Thread::NOBODY] {
        let tally = Tally::new(1);
        let looks = |first: u64, refusals: u64, now: u64| {
            let looks = |_: &u64| {
                let looks = !tally.refuse(me);
                if looks {
                    tally.refuse_by_the_clock(me, now);
                }
                looks
            };
            (first..first + refusals).filter(looks).collect::<Vec<_>>()
        };
        assert_eq!(
            looks(1, 1000, 10_000_000),
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768]
        );
        // Then 4 ms pass until the next look, and none.
        assert_eq!(looks(1001, 40, 14_000_000), [1024, 1025, 1027, 1031, 1039]);
        tally.look_soon();
        assert_eq!(looks(1041, 9, 14_000_000), [1041, 1042, 1044, 1048]);
        assert_eq!(tally.refusals(), 1049);
    }
}

#[test]
fn each_of_few_refusals_looks_at_the_clock() {
    let tally = Tally::new(1);
    for nth in 0..100 {
        assert!(!tally.refuse(Thread::current()));
        tally.refuse_by_the_clock(Thread::current(), nth * 4_000_000);
    }
}

#[test]
fn successes_of_more_threads_than_places_are_counted_exactly_while_generations_go_by() {
    let tally = Tally::new(2);
    let gathered = thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| (0..10_000).for_each(|nth| success(&tally, nth / 5_000)));
        }
        let mut gathered = Gathered::default();
        while gathered.successes + gathered.late < 50_000 {
            for generation in [0, 1] {
                gathered = gathered.and(tally.gather(generation));
                thread::yield_now();
            }
        }
        gathered
    });
    assert_eq!(gathered.successes + gathered.late, 50_000);
    assert_eq!(tally.gather(1), Gathered::default());
}

#[test]
fn as_many_threads_as_most_machines_run_and_some_more_are_counted_exactly() {
    let tally = Tally::new(MANY);
    let together = Barrier::new(MANY + 4);
    let count = || {
        success(&tally, 0);
        // By now all have come by, and none has gone.
        together.wait();
        for _ in 0..1000 {
            success(&tally, 0);
            if !tally.refuse(Thread::current()) {
                tally.refuse_by_the_clock(Thread::current(), 0);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..MANY + 4 {
            scope.spawn(count);
        }
    });
    let free = |owner: &&AtomicU64| owner.load(Ordering::Relaxed) == FREE;
    assert_eq!(tally.owners.iter().filter(free).count(), 0);
    let threads = MANY as u64 + 4;
    assert_eq!(tally.gather(0).successes, threads * 1001);
    assert_eq!(tally.refusals(), threads * 1000);
}

#[test]
fn a_place_is_found_by_going_round() {
    for number in [1, 2, 8, MANY, 2 * MANY] {
        let places = Places::new(number);
        for nth in 0..3 * number {
            let found = places.at(nth).expect("there are some");
            assert!(std::ptr::eq(found, &places.all()[nth % number]));
        }
    }
}

#[test]
fn threads_that_come_and_go_leave_their_counts() {
    let tally = Tally::new(2);
    for _ in 0..50 {
        thread::scope(|scope| {
            scope.spawn(|| success(&tally, 0));
            scope.spawn(|| success(&tally, 0));
        });
    }
    assert_eq!(tally.gather(0).successes, 100);
}

#[test]
fn a_thread_counts_while_its_thread_locals_are_taken_down() {
    struct AtTheEnd<'a>(std::cell::RefCell<Option<&'a Tally>>);
    impl Drop for AtTheEnd<'_> {
        fn drop(&mut self) {
            if let Some(tally) = self.0.get_mut() {
                success(tally, 0);
                tally.refuse_by_the_clock(Thread::current(), 0);
            }
        }
    }
    thread_local! {
        static END: AtTheEnd<'static> = const { AtTheEnd(std::cell::RefCell::new(None)) };
    }
    let tally: &'static Tally = Box::leak(Box::new(Tally::new(1)));
    thread::spawn(|| END.with(|end| *end.0.borrow_mut() = Some(tally)))
        .join()
        .expect("it does not panic");
    assert_eq!(tally.gather(0).successes, 1);
    assert_eq!(tally.refusals(), 1);
}

#[test]
fn a_number_goes_round_without_a_loss_and_says_in_time_that_it_is_to_be_gathered() {
    let tally = Tally::new(1);
    let me = Thread::current();
    assert_eq!(tally.success(me, 7), Counted::Yes);
    tally.skip((1 << 31) - 2);
    assert_eq!(tally.success(me, 7), Counted::Due);
    assert_eq!(tally.gather(7).successes, 1 << 31);
    tally.skip((1 << 31) - 1);
    assert_eq!(tally.success(me, 7), Counted::Due);
    assert_eq!(tally.success(me, 7), Counted::Yes);
    assert_eq!(tally.gather(7).successes, (1 << 31) + 1);
    assert_eq!(tally.success(me, 8), Counted::Yes);
    let gathered = tally.gather(8);
    assert_eq!((gathered.successes, gathered.late), (1, 0));
}

#[test]
fn a_place_in_common_that_is_full_takes_no_more() {
    let tally = Tally::new(1);
    let nobody = Thread::NOBODY;
    assert_eq!(tally.success(nobody, 0), Counted::Yes);
    tally.places.all()[0].skip_in_common(u64::from(u32::MAX) - 1);
    assert_eq!(tally.success(nobody, 0), Counted::No);
    assert_eq!(tally.gather(0).successes, u64::from(u32::MAX));
    assert_eq!(tally.success(nobody, 0), Counted::Yes);
}
