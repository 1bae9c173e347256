//! Threads that come and go.

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

use mainstay_supervisors::HeapUse;
use mainstay_tests::probe::Bed;

use crate::{alone, as_process, held, tasks};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_ten_thousand_threads_have_freed_what_a_process_has_allocated_its_balance_is_exact() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let work = async {
        let before = held();
        for _ in 0..500 {
            let threads: Vec<_> = (0..20)
                .map(|nth| {
                    let block = black_box(vec![1_u8; 1000 + nth]);
                    thread::spawn(move || drop(block))
                })
                .collect();
            for thread in threads {
                thread.join().expect("it does not panic");
            }
        }
        // What std keeps of a thread is freed with its handle, on either side.
        assert_eq!(held(), before);
    };
    as_process(&tasks, work).await;
    bed.end().await;
}

thread_local! {
    static LAST: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Allocates and frees when the thread is about to be gone.
struct AtEnd(Vec<u8>, mpsc::Sender<Vec<u8>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0 = black_box(vec![2; 3_000_000]);
        self.1.send(vec![3; 1_000_000]).expect("somebody waits");
    }
}

#[test]
fn what_the_destructors_of_a_thread_allocate_and_free_is_counted() {
    let _alone = alone();
    let (give, take) = mpsc::channel();
    let before = live();
    for _ in 0..50 {
        let give = give.clone();
        let thread = thread::spawn(move || {
            // Before the first look at the destructor of the allocator's own, and after.
            LAST.with_borrow_mut(|last| *last = Some(AtEnd(vec![1; 2_000_000], give)));
        });
        thread.join().expect("it does not panic");
    }
    let blocks: Vec<Vec<u8>> = take.try_iter().collect();
    assert_eq!(blocks.len(), 50);
    assert!(live() - before > 49_000_000);
    drop(blocks);
    // Far less than one of the blocks.
    assert!(live().abs_diff(before) < 500_000);
}

fn live() -> u64 {
    HeapUse::live_now().expect("it is measured")
}
