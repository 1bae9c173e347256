//! Against a mailbox that knows what is in it.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const LIMIT: NonZeroUsize = NonZeroUsize::new(3).expect("not zero");

fn measured() -> Mailbox {
    Mailbox::new(None, Some(Clock::new()), false).expect("it is needed")
}

/// Sends a message through the name at this time, as [`Mailbox::admit`] does.
fn send(mailbox: &Mailbox, at: u64) {
    let number = mailbox.sent.fetch_add(1, Ordering::Relaxed);
    mailbox.stamps().put(number, Tick(at));
}

fn take(mailbox: &Mailbox, now: u64) -> (Option<u64>, bool) {
    let taken = mailbox.take_stamped(Tick(now));
    (taken.sent.map(|sent| sent.0), taken.has_next)
}

#[test]
fn there_is_none_where_nothing_is_to_be_counted() {
    assert!(Mailbox::new(None, None, false).is_none());
}

#[test]
fn each_message_has_the_time_it_was_sent_at() {
    let mailbox = measured();
    [10, 20, 30].into_iter().for_each(|at| send(&mailbox, at));
    assert_eq!(mailbox.waiting(), 3);
    assert_eq!(take(&mailbox, 40), (Some(10), true));
    assert_eq!(take(&mailbox, 41), (Some(20), true));
    assert_eq!(take(&mailbox, 42), (Some(30), false));
    assert_eq!(mailbox.waiting(), 0);
}

#[test]
fn plain_messages_alone_are_not_known_of() {
    let mailbox = measured();
    for now in 0..100 {
        assert_eq!(take(&mailbox, now), (None, false));
        assert_eq!(mailbox.waiting(), 0);
    }
}

#[test]
fn after_plain_messages_all_is_right_again_when_the_mailbox_has_run_empty() {
    let mailbox = measured();
    // One through the name at 1, then two plain ones.
    send(&mailbox, 1);
    assert_eq!(take(&mailbox, 5), (Some(1), false));
    assert_eq!(take(&mailbox, 6), (None, false));
    // A plain one, one through the name at 7, another at 8.
    send(&mailbox, 7);
    send(&mailbox, 8);
    assert_eq!(take(&mailbox, 9), (Some(7), true));
    assert_eq!(take(&mailbox, 9), (Some(8), false));
    assert_eq!(take(&mailbox, 9), (None, false));
    assert_eq!(take(&mailbox, 9), (None, false));
    send(&mailbox, 20);
    assert_eq!(mailbox.waiting(), 1);
    assert_eq!(take(&mailbox, 23), (Some(20), false));
}

#[test]
fn a_message_that_could_not_be_sent_does_not_wait() {
    let mailbox = Mailbox::new(Some(LIMIT), None, false).expect("it is needed");
    mailbox.admit().expect("there is room");
    mailbox.withdraw();
    assert_eq!(mailbox.waiting(), 0);
    // It was taken for one that is handled.
    mailbox.admit().expect("there is room");
    mailbox.take();
    mailbox.withdraw();
    assert_eq!(mailbox.waiting(), 0);
}

#[test]
fn of_a_thousand_that_wait_each_is_taken_out_with_a_time() {
    let mailbox = measured();
    (0..1_000).for_each(|at| send(&mailbox, at));
    for at in 0..1_000 {
        assert_eq!(take(&mailbox, 1_000), (Some(at), at < 999));
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Named,
    Plain,
    Take,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![Just(Step::Named), Just(Step::Plain), Just(Step::Take)];
    prop::collection::vec(step, 0..300)
}

proptest! {
    #[test]
    fn whatever_comes_no_wait_is_too_long_and_an_empty_mailbox_is_known_to_be(steps in steps()) {
        let (mailbox, mut queue) = (measured(), VecDeque::new());
        for (now, step) in (1..).zip(steps) {
            match step {
                Step::Named => {
                    send(&mailbox, now);
                    queue.push_back((now, true));
                }
                Step::Plain => queue.push_back((now, false)),
                Step::Take => {
                    let Some((at, _)) = queue.pop_front() else { continue };
                    let (sent, _) = take(&mailbox, now);
                    // Of a long queue a time may be too early, by no more than a quarter of the queue.
                    let is_long = mailbox.waiting() >= 31;
                    prop_assert!(sent.is_none_or(|sent| (at <= sent || is_long) && sent <= now));
                }
            }
            let named = queue.iter().filter(|(_, named)| *named).count();
            prop_assert!(mailbox.waiting() <= named);
            if queue.is_empty() {
                prop_assert_eq!(mailbox.waiting(), 0);
            }
        }
    }

    #[test]
    fn without_plain_messages_every_time_and_every_count_is_exact(steps in steps()) {
        let (mailbox, mut queue) = (measured(), VecDeque::new());
        for (now, step) in (1..).zip(steps) {
            match step {
                Step::Named | Step::Plain => {
                    send(&mailbox, now);
                    queue.push_back(now);
                }
                Step::Take => {
                    let Some(at) = queue.pop_front() else { continue };
                    let (sent, has_next) = take(&mailbox, now);
                    prop_assert_eq!(has_next, !queue.is_empty());
                    if queue.len() < 32 {
                        prop_assert_eq!(sent, Some(at));
                    }
                    prop_assert!(sent.is_some());
                }
            }
            prop_assert_eq!(mailbox.waiting(), queue.len());
        }
    }

    #[test]
    fn a_limit_is_kept_and_full_only_when_so_many_wait(steps in steps()) {
        let mailbox = Mailbox::new(Some(LIMIT), None, false).expect("it is needed");
        let mut waiting: usize = 0;
        for step in steps {
            match step {
                Step::Named | Step::Plain => {
                    let admitted = mailbox.admit().is_ok();
                    prop_assert_eq!(admitted, waiting < LIMIT.get());
                    waiting += usize::from(admitted);
                }
                Step::Take => {
                    mailbox.take();
                    waiting = waiting.saturating_sub(1);
                }
            }
            prop_assert_eq!(mailbox.waiting(), waiting);
        }
    }
}
