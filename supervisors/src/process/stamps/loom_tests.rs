use loom::model;
use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::atomic::AtomicU64 as Counter;

/// As many as make a slot be written twice.
const LAP: u64 = SLOTS as u64;

#[test]
fn who_takes_a_message_out_finds_its_stamp_or_none_but_never_that_of_another() {
    model(|| {
        let stamps = Arc::new(Stamps::new());
        let sent = Arc::new(Counter::new(0));
        let sender = {
            let (stamps, sent) = (Arc::clone(&stamps), Arc::clone(&sent));
            thread::spawn(move || {
                stamps.put(1, Tick(11));
                // The message itself.
                sent.store(1, Ordering::Release);
                // One that takes the same slot.
                stamps.put(1 + LAP, Tick(99));
            })
        };
        let arrived = sent.load(Ordering::Acquire) == 1;
        let own = stamps.own(1, Tick(20));
        assert!(own.is_none() || own == Some(Tick(11)));
        let overwritten = stamps.own(1 + LAP, Tick(100)).is_some();
        assert!(!arrived || own.is_some() || overwritten);
        sender.join().unwrap();
        assert_eq!(stamps.own(1, Tick(20)), None);
        assert_eq!(stamps.own(1 + LAP, Tick(100)), Some(Tick(99)));
    });
}
