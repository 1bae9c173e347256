//! Start functions that go wrong: the start has failed, and nothing is left of it.

use std::sync::{Arc, Mutex};

use mainstay_supervisors::specs::ChildSpec;
use mainstay_supervisors::{
    Child, DynamicSupervisor, PartitionSupervisor, Process, StartContext, StartError, Started,
    Supervisor, SupervisorError, SupervisorRef,
};
use mainstay_tests::probe::{Bed, Notes, ON_PURPOSE, Probe, id, within};

use crate::{counts, secs};

fn child<F, S>(start: S) -> Child
where
    S: Fn(StartContext) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Started, StartError>> + Send + 'static,
{
    Child::from_start(ChildSpec::new(id("a")), start)
}

/// The error text of a start under a supervisor that runs; it goes on after it.
async fn refused(supervisor: &SupervisorRef, child: Child) -> String {
    let error = match within(supervisor.start_child(child)).await {
        Err(SupervisorError::StartFailed(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(counts(supervisor).await, [0; 4]);
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn an_error_or_a_panic_of_a_start_function_is_a_failed_start() {
    for dynamic in [false, true] {
        let bed = Bed::new();
        let supervisor = if dynamic {
            bed.start(DynamicSupervisor::new()).await
        } else {
            bed.start(Supervisor::one_for_one()).await
        };
        let error = child(|_| async { Err(StartError::failed("no disk")) });
        assert_eq!(refused(&supervisor, error).await, "no disk");
        let panic = child(|_| async { panic!("{ON_PURPOSE}") });
        let text = refused(&supervisor, panic).await;
        assert!(text.starts_with("panicked: on purpose at "), "{text}");
        let sudden = child(|_| {
            assert!(ON_PURPOSE.is_empty(), "{ON_PURPOSE}");
            async { Ok(Started::Ignore) }
        });
        let text = refused(&supervisor, sudden).await;
        assert!(text.starts_with("panicked: on purpose at "), "{text}");
        bed.end().await;
    }
}

/// Where a start function leaves the process it has made.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Option<Process>>>);

impl Made {
    fn put(&self, process: Process) {
        *self.0.lock().expect("no panic") = Some(process);
    }

    fn take(&self) -> Process {
        self.0
            .lock()
            .expect("no panic")
            .take()
            .expect("it was made")
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_start_has_made_is_killed_and_waited_for() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let notes = Notes::new();
    let made = Made::default();
    let (kept, seen) = (made.clone(), notes.clone());
    let actor = child(move |cx| {
        let (kept, seen) = (kept.clone(), seen.clone());
        async move {
            let held = Probe::noting(&seen, "actor");
            kept.put(cx.spawn_actor(held.actor(), ()).await?);
            Err(StartError::failed("changed my mind"))
        }
    });
    assert_eq!(refused(&supervisor, actor).await, "changed my mind");
    assert!(!made.take().is_alive());
    assert_eq!(notes.take(), ["start actor"]);

    let (kept, seen) = (made.clone(), notes.clone());
    let task = child(move |cx| {
        let (kept, seen) = (kept.clone(), seen.clone());
        async move {
            let dropped = mainstay_tests::probe::OnDrop::note(&seen, "dropped");
            kept.put(cx.spawn_task(|_| async move {
                let _dropped = dropped;
                std::future::pending::<()>().await;
            }));
            panic!("{ON_PURPOSE}")
        }
    });
    refused(&supervisor, task).await;
    assert!(!made.take().is_alive());
    assert_eq!(notes.take(), ["dropped"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn of_a_supervisor_that_a_failed_start_has_made_nothing_is_left() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let made = Made::default();
    let kept = made.clone();
    let below = child(move |cx| {
        let kept = kept.clone();
        async move {
            let slow = Probe::new().post_stop(|_| async {
                tokio::time::sleep(secs(1)).await;
                Ok(())
            });
            let tree = Supervisor::one_for_one().child(slow.child("below"));
            let started = cx.start_supervisor(tree).await?;
            kept.put(started.process().expect("it runs").clone());
            Err(StartError::failed("changed my mind"))
        }
    });
    assert_eq!(refused(&supervisor, below).await, "changed my mind");
    assert!(!made.take().is_alive());
    assert!(!bed.started("root/a/below").is_alive(), "its child is left");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_function_that_gives_up_waiting_leaves_nothing_behind() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let notes = Notes::new();
    let seen = notes.clone();
    let impatient = child(move |cx| {
        let dropped = seen.clone();
        async move {
            let hanging = Probe::new()
                .keeping(move || mainstay_tests::probe::OnDrop::note(&dropped, "dropped"))
                .pre_start(|_| std::future::pending());
            let start = cx.spawn_actor(hanging.actor(), ());
            match tokio::time::timeout(secs(1), start).await {
                Ok(started) => started.map(Started::from),
                Err(_) => Err(StartError::failed("too slow")),
            }
        }
    });
    assert_eq!(refused(&supervisor, impatient).await, "too slow");
    assert_eq!(notes.all(), ["dropped"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_the_start_function_has_not_made_is_refused() {
    let bed = Bed::new();
    let other = bed
        .start(Supervisor::one_for_one().child(Probe::new().child("other")))
        .await;
    let stranger = bed.started("root/other");
    let kept = stranger.clone();
    let borrowed = child(move |_| {
        let stranger = kept.clone();
        async move { Ok(stranger.into()) }
    });
    let error = within(other.start_child(borrowed))
        .await
        .expect_err("it is not its own");
    let text =
        "the child did not start: the start function returned a process that it has not made";
    assert_eq!(error.to_string(), text);
    assert!(stranger.is_alive());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_of_a_start_that_says_ignore_is_killed() {
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let made = Made::default();
    let kept = made.clone();
    let ignore = child(move |cx| {
        let kept = kept.clone();
        async move {
            kept.put(cx.spawn_task(|_| std::future::pending::<()>()));
            Ok(Started::Ignore)
        }
    });
    let started = within(supervisor.start_child(ignore)).await;
    assert!(matches!(started, Ok(Started::Ignore)), "{started:?}");
    assert!(!made.take().is_alive());
    assert_eq!(counts(&supervisor).await, [1, 0, 0, 1]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_cannot_be_fails_its_start_at_every_level() {
    let bed = Bed::new();
    let none = || PartitionSupervisor::new(Probe::new().child("a")).partitions(0);
    let text = "expected at least one partition, found none";
    let error = bed.try_start(none()).await.expect_err("it cannot start");
    assert_eq!(error.to_string(), text);
    let below = Supervisor::one_for_one().child(Child::supervisor("below", none()));
    let error = bed.try_start(below).await.expect_err("it cannot start");
    assert_eq!(error.to_string(), format!("child below: {text}"));
    let no_period = || DynamicSupervisor::new().intensity(1, secs(0));
    let below = Supervisor::one_for_one().child(Child::supervisor("below", no_period()));
    let error = bed.try_start(below).await.expect_err("it cannot start");
    assert!(matches!(error, StartError::Child { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("child below: the period is zero"),
        "{error}"
    );
    bed.end().await;
}
