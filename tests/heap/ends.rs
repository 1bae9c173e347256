//! What is sent elsewhere, and what outlives its process.

use std::time::Duration;

use mainstay_supervisors::specs::Restart;
use mainstay_supervisors::{DynamicSupervisor, ExitReason, HeapUse, Supervisor, SupervisorRef};
use mainstay_tests::probe::{Bed, Order, Probe, order, running, within};
use tokio::sync::{mpsc, oneshot};

use crate::{alone, as_process, change, held, tasks};

const MIB: usize = 1 << 20;

/// In so many accounts of ended actors at most lies what all share.
const SHARED: usize = 32;

fn heap_use() -> HeapUse {
    HeapUse::now().expect("it is measured")
}

/// What ended processes have left.
fn ended() -> u64 {
    heap_use().ended.expect("it is attributed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_sent_to_another_process_counts_for_the_sender_until_the_other_frees_it() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let (give, mut take) = mpsc::channel::<Vec<u8>>(1);
    let (freed, is_freed) = oneshot::channel::<()>();
    let receiver = tasks.async_nolink(async move {
        let block = take.recv().await.expect("it is sent");
        assert_eq!(block.len(), MIB);
        let change = change(|| drop(block));
        freed.send(()).expect("the sender waits");
        // It was never charged with it.
        assert_eq!(change, 0);
    });
    let receiver = within(receiver).await.expect("it starts");
    let sender = async move {
        let before = held();
        give.send(vec![1; MIB]).await.expect("somebody takes it");
        is_freed.await.expect("it is freed");
        assert!(held().abs_diff(before) < 10_000);
    };
    as_process(&tasks, sender).await;
    within(receiver).await.expect("it ends well");
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn memory_that_outlives_its_process_is_that_of_ended_ones_until_it_is_freed() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let before = ended();
    let (process, block) = as_process(&tasks, async { vec![1_u8; MIB] }).await;
    within(process.ended()).await;
    assert_eq!(process.heap_bytes(), None);
    assert!(ended() >= before + MIB as u64);
    assert!(heap_use().left_behind > 0);
    drop(block);
    assert!(ended() < before + 100_000);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_block_belongs_to_who_grew_it_last() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let (_, block) = as_process(&tasks, async { vec![1_u8; MIB] }).await;
    let grow = async move {
        let mut block = block;
        let change = change(|| block.reserve_exact(2 * MIB));
        assert_eq!(change, 3 * MIB as i64);
        assert_eq!(crate::change(|| drop(block)), -3 * MIB as i64);
    };
    as_process(&tasks, grow).await;
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_scoped_to_a_process_counts_for_it_and_after_its_end_for_none() {
    let _alone = alone();
    let bed = Bed::new();
    let tasks = tasks(&bed).await;
    let (done, is_done) = oneshot::channel::<()>();
    let task = tasks.async_nolink(async move { is_done.await.is_ok() });
    let task = within(task).await.expect("it starts");
    let process = task.process().clone();
    let before = process.heap_bytes().expect("it is measured");
    let block = process.scope(async { vec![1_u8; MIB] }).await;
    let with = process.heap_bytes().expect("it is measured");
    assert!(with >= before + MIB as u64);
    drop(block);
    let (go, goes) = oneshot::channel::<()>();
    let late = tokio::spawn({
        let process = process.clone();
        async move {
            let scoped = process.scope(async {
                goes.await.expect("it is told to go");
                vec![2_u8; MIB]
            });
            scoped.await
        }
    });
    done.send(()).expect("it waits");
    assert_eq!(within(task).await, Ok(true));
    within(process.ended()).await;
    let left = ended();
    go.send(()).expect("it waits");
    let second = late.await.expect("it does not panic");
    // Neither for the process, nor for one that has its account now.
    assert!(ended() < left + 100_000);
    drop(second);
    bed.end().await;
}

/// So many actors at a time that have come and gone.
async fn come_and_go(root: &SupervisorRef, count: usize) {
    let before = heap_use().processes;
    let mut actors = Vec::new();
    for _ in 0..count {
        let actor = Probe::new().child("actor").restart(Restart::Temporary);
        let started = root.start_child(actor).await;
        let started = started.expect("it starts");
        actors.push(started.process().expect("it runs").clone());
    }
    assert!(heap_use().processes >= before + count);
    for actor in &actors {
        actor.stop(ExitReason::Shutdown);
    }
    for actor in &actors {
        within(actor.ended()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn accounts_of_ten_thousand_actors_that_have_come_and_gone_can_all_be_used_again() {
    let _alone = alone();
    let bed = Bed::new();
    let root = bed.start(DynamicSupervisor::new()).await;
    let before = heap_use();
    for _ in 0..100 {
        come_and_go(&root, 100).await;
    }
    // What belongs to tokio's task of an actor goes with it, shortly after its end can be seen. What all share and one of them has made
    // larger stays: maps of ractor's, queues of tokio's. That is a few in ten thousand.
    let all_gone = async {
        while heap_use().left_behind > before.left_behind + SHARED {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    within(all_gone).await;
    assert_eq!(heap_use().processes, before.processes);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_actor_allocates_in_its_start_and_its_callbacks_is_charged_to_it() {
    let _alone = alone();
    let bed = Bed::new();
    let probe = Probe::new().holding(|| vec![1_u8; MIB]);
    let child = probe.child("actor");
    let root = bed.start(Supervisor::one_for_one().child(child)).await;
    let actor = running(&root, "actor").await;
    let bytes = || actor.heap_bytes().expect("it is measured");
    assert!((MIB as u64..MIB as u64 + 50_000).contains(&bytes()));
    let (give, take) = oneshot::channel();
    let run = Order::run(|_| async {
        give.send(vec![2_u8; MIB]).expect("the test waits");
        Ok(())
    });
    order(&actor, run);
    let block = take.await.expect("it is sent");
    assert!(bytes() >= 2 * MIB as u64);
    drop(block);
    assert!(bytes() < MIB as u64 + 50_000);
    bed.end().await;
}
