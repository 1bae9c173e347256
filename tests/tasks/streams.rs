//! Many tasks over a stream of inputs.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mainstay_supervisors::{
    ExitReason, StreamOptions, TaskError, TaskStream, TaskSupervisor, TaskSupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, OnDrop, within};
use tokio::time::{Instant, sleep};

use crate::{secs, tasks};

fn at_once(max: usize) -> StreamOptions {
    StreamOptions::default().max_concurrency(NonZeroUsize::new(max).expect("not zero"))
}

async fn all<T>(mut stream: TaskStream<T>) -> Vec<Result<T, TaskError>> {
    let mut results = Vec::new();
    while let Some(result) = within(stream.next()).await {
        results.push(result);
    }
    results
}

async fn unlimited(bed: &Bed) -> TaskSupervisorRef {
    tasks(bed, TaskSupervisor::new()).await.1
}

async fn idle(tasks: &TaskSupervisorRef) -> bool {
    within(tasks.children()).await.expect("it runs").is_empty()
}

#[tokio::test(start_paused = true)]
async fn results_come_in_the_order_of_the_inputs() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let begun = Instant::now();
    let stream = tasks.async_stream([3, 1, 2], at_once(3), |seconds| async move {
        sleep(secs(seconds)).await;
        seconds
    });
    assert_eq!(all(stream).await, [Ok(3), Ok(1), Ok(2)]);
    assert_eq!(begun.elapsed(), secs(3));
    assert!(idle(&tasks).await);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn results_come_as_they_are_there_if_wanted() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let options = at_once(3).ordered(false);
    let stream = tasks.async_stream([3, 1, 2], options, |seconds| async move {
        sleep(secs(seconds)).await;
        seconds
    });
    assert_eq!(all(stream).await, [Ok(1), Ok(2), Ok(3)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_of_nothing() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let stream = tasks.async_stream(Vec::<u8>::new(), at_once(3), |input| async move { input });
    assert_eq!(all(stream).await, []);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn exactly_as_many_run_at_once_as_allowed() {
    for (max, ordered) in [(1, true), (3, true), (7, false), (100, false)] {
        let bed = Bed::new();
        let tasks = unlimited(&bed).await;
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (running, peak) = (Arc::clone(&now), Arc::clone(&most));
        let stream = tasks.async_stream(0..20_u64, at_once(max).ordered(ordered), move |input| {
            let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
            async move {
                let count = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(count, Ordering::SeqCst);
                sleep(secs(1 + input % 3)).await;
                running.fetch_sub(1, Ordering::SeqCst);
            }
        });
        assert_eq!(all(stream).await.len(), 20);
        assert_eq!(most.load(Ordering::SeqCst), max.min(20), "{max}");
        assert_eq!(now.load(Ordering::SeqCst), 0);
        bed.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn inputs_are_taken_no_faster_than_tasks_are_started() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let notes = Notes::new();
    let seen = notes.clone();
    let inputs = (0..).inspect(move |input| seen.add(input.to_string()));
    let mut stream = tasks.async_stream(inputs, at_once(2), |input| async move { input });
    assert!(notes.all().is_empty());
    assert_eq!(within(stream.next()).await, Some(Ok(0)));
    assert!(notes.all().len() <= 3, "{:?}", notes.all());
    drop(stream);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_leaves_an_error_in_its_place() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let stream = tasks.async_stream([1, 2, 3], at_once(2), |input| async move {
        assert!(input != 2, "{ON_PURPOSE}");
        input
    });
    let results = all(stream).await;
    let Err(TaskError::Exited(ExitReason::Panicked(panic))) = &results[1] else {
        panic!("{results:?}")
    };
    assert_eq!(panic.message(), ON_PURPOSE);
    assert_eq!((&results[0], &results[2]), (&Ok(1), &Ok(3)));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_too_long_is_dropped() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tasks = unlimited(&bed).await;
    let seen = notes.clone();
    let options = at_once(3).timeout(secs(2));
    let stream = tasks.async_stream([1, 9, 1], options, move |seconds| {
        let dropped = OnDrop::note(&seen, format!("dropped {seconds}"));
        async move {
            let _dropped = dropped;
            sleep(secs(seconds)).await;
            seconds
        }
    });
    let begun = Instant::now();
    assert_eq!(
        all(stream).await,
        [Ok(1), Err(TaskError::Timeout(secs(2))), Ok(1)]
    );
    assert_eq!(begun.elapsed(), secs(2));
    notes.until("dropped 9").await;
    assert!(idle(&tasks).await);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_task_has_its_own_time() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    let options = at_once(1).timeout(secs(2));
    let stream = tasks.async_stream(0..5, options, |input| async move {
        sleep(secs(1)).await;
        input
    });
    assert_eq!(all(stream).await, [Ok(0), Ok(1), Ok(2), Ok(3), Ok(4)]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_leaves_no_task() {
    let bed = Bed::new();
    let notes = Notes::new();
    let tasks = unlimited(&bed).await;
    let seen = notes.clone();
    let mut stream = tasks.async_stream(0..9, at_once(4).timeout(secs(3600)), move |input| {
        let dropped = OnDrop::note(&seen, "dropped");
        async move {
            let _dropped = dropped;
            if input > 0 {
                pending::<()>().await;
            }
        }
    });
    assert_eq!(within(stream.next()).await, Some(Ok(())));
    let running = within(tasks.children()).await.expect("it runs");
    assert!(running.len() >= 3, "{running:?}");
    drop(stream);
    for task in running {
        within(task.ended()).await;
    }
    assert!(idle(&tasks).await);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_that_is_dropped_at_any_moment_leaves_no_task() {
    let bed = Bed::new();
    let tasks = unlimited(&bed).await;
    for polls in 0..200_u32 {
        let mut stream = tasks.async_stream(0..50_u32, at_once(8), |input| async move {
            if input % 2 == 0 {
                pending::<()>().await;
            }
        });
        for _ in 0..polls % 7 {
            tokio::select! {
                biased;
                _ = stream.next() => {}
                () = tokio::task::yield_now() => {}
            }
        }
        drop(stream);
    }
    within(async {
        while !idle(&tasks).await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_cannot_be_started_says_so_in_its_place() {
    let bed = Bed::new();
    let (root, tasks) = tasks(&bed, TaskSupervisor::new().max_children(1)).await;
    let stream = tasks.async_stream([1, 2], at_once(2), |input| async move {
        sleep(secs(1)).await;
        input
    });
    let results = all(stream).await;
    assert_eq!(results[0], Ok(1));
    let full = "the supervisor has as many children as it may have".to_owned();
    assert_eq!(results[1], Err(TaskError::NotStarted(full)));
    within(root.stop(ExitReason::Shutdown))
        .await
        .expect("it stops");
    let stream = tasks.async_stream([1], at_once(1), |input| async move { input });
    let gone = "no process is there to be called".to_owned();
    assert_eq!(all(stream).await, [Err(TaskError::NotStarted(gone))]);
    bed.end().await;
}
