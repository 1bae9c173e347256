use loom::model;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::thread;

use super::*;

fn with_room_for_one() -> Arc<Mailbox> {
    Arc::new(Mailbox::new(NonZeroUsize::new(1), None, false).unwrap())
}

#[test]
fn no_more_are_admitted_at_a_time_than_the_limit_says() {
    model(|| {
        let mailbox = with_room_for_one();
        let waiting = Arc::new(AtomicUsize::new(0));
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let (mailbox, waiting) = (Arc::clone(&mailbox), Arc::clone(&waiting));
                thread::spawn(move || {
                    let is_admitted = mailbox.admit().is_ok();
                    if is_admitted {
                        // The message itself: what came before it is seen by whoever takes it out.
                        assert_eq!(waiting.fetch_add(1, Ordering::Release), 0);
                    }
                    is_admitted
                })
            })
            .collect();
        // The actor.
        let handled = waiting.load(Ordering::Acquire) == 1;
        if handled {
            waiting.fetch_sub(1, Ordering::Relaxed);
            mailbox.take();
        }
        let sent = senders.into_iter().map(|sender| sender.join().unwrap());
        let sent = sent.filter(|sent| *sent).count();
        assert!(sent == 1 || handled);
        assert_eq!(mailbox.waiting(), sent - usize::from(handled));
    });
}

#[test]
fn messages_that_nobody_counted_make_no_more_room_than_there_is() {
    model(|| {
        let mailbox = with_room_for_one();
        let actor = Arc::clone(&mailbox);
        let uncounted = thread::spawn(move || actor.take());
        assert_eq!(mailbox.admit(), Ok(()));
        uncounted.join().unwrap();
        mailbox.take();
        assert_eq!(mailbox.admit(), Ok(()));
        assert_eq!(mailbox.admit(), Err(CallError::Refused(1)));
    });
}

#[test]
fn a_message_that_is_withdrawn_while_another_is_taken_for_it_leaves_none_that_waits() {
    model(|| {
        let mailbox = with_room_for_one();
        let actor = Arc::clone(&mailbox);
        let uncounted = thread::spawn(move || actor.take());
        assert_eq!(mailbox.admit(), Ok(()));
        mailbox.withdraw();
        uncounted.join().unwrap();
        assert_eq!(mailbox.waiting(), 0);
    });
}
