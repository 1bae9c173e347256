//! What blocks of all kinds count for, by the bytes that were asked for.

use std::hint::black_box;
use std::panic::catch_unwind;

use mainstay_supervisors::HeapUse;
use mainstay_tests::probe::{Bed, ON_PURPOSE};

use crate::{alone, as_process, change, held, tasks};

#[repr(align(512))]
struct Aligned([u8; 1024]);

#[tokio::test]
async fn a_block_counts_from_when_it_is_allocated_until_it_is_freed() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let work = async {
        for size in [
            1, 3, 4, 5, 24, 64, 1023, 1024, 1025, 4096, 100_000, 5_000_000,
        ] {
            let mut block = Vec::<u8>::new();
            assert_eq!(change(|| block.reserve_exact(size)), size as i64, "{size}");
            assert_eq!(change(|| drop(black_box(block))), -(size as i64), "{size}");
        }
    };
    as_process(&tasks, work).await;
    bed.end().await;
}

#[tokio::test]
async fn a_block_that_grows_or_shrinks_counts_for_its_new_size() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let work = async {
        let mut block = vec![1_u8; 100];
        let sizes = [
            900, 1020, 1023, 1024, 1028, 3000, 1027, 1021, 40, 2_000_000, 10,
        ];
        let mut before = 100;
        for size in sizes {
            let grown = change(|| {
                if size > block.len() {
                    block.reserve_exact(size - block.len());
                    block.resize(size, 1);
                } else {
                    block.truncate(size);
                    block.shrink_to_fit();
                }
            });
            assert_eq!(grown, size as i64 - before, "{before} to {size}");
            assert!(block.iter().all(|byte| *byte == 1));
            before = size as i64;
        }
        assert_eq!(change(|| drop(black_box(block))), -10);
    };
    as_process(&tasks, work).await;
    bed.end().await;
}

#[tokio::test]
async fn zeroed_and_over_aligned_blocks_count_as_others_do() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let work = async {
        let mut zeros = Vec::new();
        assert_eq!(change(|| zeros = vec![0_u8; 1001]), 1001);
        assert!(zeros.iter().all(|byte| *byte == 0));
        assert_eq!(change(|| drop(black_box(zeros))), -1001);
        let mut aligned = None;
        let grown = change(|| aligned = Some(black_box(Box::new(Aligned([7; 1024])))));
        assert_eq!(grown, 1024);
        let block = aligned.take().expect("it is there");
        assert_eq!(std::ptr::from_ref(&*block).addr() % 512, 0);
        assert!(block.0.iter().all(|byte| *byte == 7));
        assert_eq!(change(|| drop(block)), -1024);
    };
    as_process(&tasks, work).await;
    bed.end().await;
}

#[tokio::test]
async fn a_panic_leaves_nothing_behind() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let work = async {
        let unwind = || {
            drop(catch_unwind(|| {
                let block = black_box(vec![0_u8; 70_000]);
                assert!(block.is_empty(), "{ON_PURPOSE}");
            }));
        };
        // The first one has what is made only once.
        unwind();
        assert_eq!(change(unwind), 0);
    };
    as_process(&tasks, work).await;
    bed.end().await;
}

#[tokio::test]
async fn what_is_allocated_outside_of_processes_counts_for_none() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let work = async {
        let before = held();
        let elsewhere = std::thread::spawn(|| vec![1_u8; 300_000]);
        let block = elsewhere.join().expect("it does not panic");
        assert!(held() - before < 10_000);
        let used = HeapUse::now().expect("it is measured");
        assert!(used.outside.expect("it is attributed") >= 300_000);
        assert!(used.live >= 300_000 + held());
        drop(block);
    };
    as_process(&tasks, work).await;
    bed.end().await;
}
