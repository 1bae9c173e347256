//! Updates and resets.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use mainstay_actors::config::{Change, ConfigError, ConfigRules, ConfigServer, ConfigValue, NAME};
use mainstay_supervisors::specs::ChildId;
use tokio::time::Instant;

use super::support::{Bed, at_once, json, poll_once, settle, spec, value};

#[tokio::test(start_paused = true)]
async fn an_update_tells_both_values_and_the_version_and_can_be_read_at_once() {
    let bed = Bed::with("(a: (b: 1), l: [1])").await;
    let config = bed.config();
    let change = config.update("a.b", 2).await.expect("an update");
    assert_eq!(
        json(&change),
        r#"{"path":"a.b","previous":1,"value":2,"version":1}"#
    );
    assert_eq!(config.get("a.b"), Ok(2.into()));
    let change = config.update("l.1", 7).await.expect("an update");
    assert_eq!((change.previous, change.version), (None, 2));
    let change = config.update("", value("(a: (b: 3))")).await;
    let change = change.expect("an update");
    assert_eq!(change.previous, Some(value("(a: (b: 2), l: [1, 7])")));
    assert_eq!(config.get(""), Ok(value("(a: (b: 3))")));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_update_changes_nothing_and_makes_no_version() {
    let rules = ConfigRules::new()
        .updatable(["a".parse().expect("a path")])
        .validator(|document| match document.root().step("a") {
            Some(ConfigValue::Integer(13)) => Err(Vec::new()),
            _ => Ok(()),
        });
    let bed = Bed::with_child(ConfigServer::child_with(spec("(a: 1, b: 1)"), rules)).await;
    let config = bed.config();
    let mut events = config.subscribe().expect("a stream");
    let told = [
        config.update("a", "x").await,
        config.update("b", 2).await,
        config.update("a", f64::NAN).await,
        config.update("a.b", 1).await,
        config.update("a..b", 1).await,
        config.update("a", 13).await,
        config.update_if(1, "a", 2).await,
        config.force_update("", 1).await,
    ];
    let told = told.map(|outcome| outcome.expect_err("a refusal").to_string());
    let expected = [
        "expected an integer at `a`, as there is now, found a string",
        "`b` is not among the paths that may be updated",
        "a: expected a finite number, found NaN",
        "there is no place for a value at `a.b`: `a` is an integer",
        "segment 2 of the path is empty",
        "refused by a validator that gave no reason",
        "expected version 1 of the configuration, found version 0",
        "the root is not among the paths that may be updated",
    ];
    assert_eq!(told, expected);
    assert_eq!(config.get(""), Ok(value("(a: 1, b: 1)")));
    assert_eq!(config.status().version, 0);
    assert!(events.try_next().is_none());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panicking_validator_refuses_and_does_not_end_the_actor() {
    let rules = ConfigRules::new().validator(|document| match document.root().step("a") {
        Some(ConfigValue::Integer(13)) => panic!("thirteen"),
        _ => Ok(()),
    });
    let bed = Bed::with_child(ConfigServer::child_with(spec("(a: 1)"), rules)).await;
    let keeper = bed.keeper();
    assert_eq!(
        bed.config().update("a", 13).await,
        Err(ConfigError::ValidatorPanicked("thirteen".to_owned()))
    );
    assert_eq!(bed.keeper(), keeper);
    assert!(bed.config().update("a", 14).await.is_ok());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn compare_and_set_succeeds_for_the_present_version_only() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    let seen = config.snapshot().version();
    assert!(config.update("a", 2).await.is_ok());
    assert_eq!(
        config.update_if(seen, "a", 3).await,
        Err(ConfigError::VersionMismatch {
            expected: 0,
            found: 1
        })
    );
    let change = config.update_if(1, "a", 3).await.expect("an update");
    assert_eq!(change.version, 2);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_forced_update_may_change_the_kind() {
    let bed = Bed::with("(a: 1)").await;
    let change = bed
        .config()
        .force_update("a", "x")
        .await
        .expect("an update");
    assert_eq!(change.value, "x".into());
    assert_eq!(bed.config().get("a"), Ok("x".into()));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_goes_back_to_the_start_and_reports_what_changed() {
    let bed = Bed::with("(a: 1, b: (c: true))").await;
    let config = bed.config();
    config.update("a", 2).await.expect("an update");
    config.update("b.d", "new").await.expect("an update");
    let reset = config.reset().await.expect("a reset");
    assert_eq!(
        json(&reset),
        r#"{"changes":[{"path":"a","previous":2,"value":1},{"path":"b.d","previous":"new","value":null}],"version":3}"#
    );
    assert_eq!(config.get(""), Ok(value("(a: 1, b: (c: true))")));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_without_an_actor_waits_for_one_and_no_longer_than_its_limit() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    let children = bed.namespace.children().expect("the children");
    let id = ChildId::new(NAME).expect("a name");
    children.terminate_child(&id).await.expect("it ran");
    let began = Instant::now();
    let limit = Duration::from_secs(5);
    assert_eq!(
        config.update("a", 2).await,
        Err(ConfigError::Unavailable(limit))
    );
    assert_eq!(began.elapsed(), limit);
    let limit = Duration::from_millis(20);
    let impatient = config.clone().with_limit(limit);
    assert_eq!(
        impatient.reset().await,
        Err(ConfigError::Unavailable(limit))
    );

    let waiting = tokio::spawn(async move { config.update("a", 2).await });
    settle().await;
    children.restart_child(&id).await.expect("it starts");
    let change = waiting.await.expect("no panic").expect("an update");
    assert_eq!(change.version, 1, "what timed out was not carried out");
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_after_the_end_of_the_namespace_is_refused_at_once() {
    let bed = Bed::with("(a: 1)").await;
    let config = bed.config();
    let keeper = bed.keeper();
    let waiting = tokio::spawn({
        let config = config.clone();
        async move {
            keeper.ended().await;
            config.update("a", 2).await
        }
    });
    bed.end().await;
    assert_eq!(waiting.await.expect("no panic"), Err(ConfigError::Stopped));
    assert_eq!(at_once(config.update("a", 2)), Err(ConfigError::Stopped));
    assert_eq!(at_once(config.reset()), Err(ConfigError::Stopped));
    assert!(matches!(config.subscribe(), Err(ConfigError::Stopped)));
    assert!(!config.status().available);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_dropped_is_carried_out_whole_or_not_at_all() {
    let bed = Bed::with("(a: 0)").await;
    let config = bed.config();
    {
        let never_polled = config.update("a", 1);
        drop(never_polled);
        settle().await;
        assert_eq!(config.status().version, 0);
    }
    {
        let mut sent = Box::pin(config.update("a", 2));
        assert_eq!(poll_once(sent.as_mut()), None);
        drop(sent);
        settle().await;
        assert_eq!(config.status().version, 0, "the actor had not come to it");
    }
    {
        let mut carried_out = Box::pin(config.update("a", 3));
        assert_eq!(poll_once(carried_out.as_mut()), None);
        settle().await;
        drop(carried_out);
        assert_eq!(config.status().version, 1);
        assert_eq!(config.get("a"), Ok(3.into()));
    }
    assert_eq!(
        config.update("a", 4).await.map(|change| change.version),
        Ok(2)
    );
    bed.end().await;
}

/// A config server whose validator stops at the value 13 of `a` until it is let go on.
struct Gate {
    bed: Bed,
    entered: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Gate {
    async fn new(mailbox: usize) -> Self {
        let (enter, entered) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let may_go_on = Mutex::new(may_go_on);
        let rules = ConfigRules::new().validator(move |document| {
            if document.root().step("a") == Some(&13.into()) {
                enter.send(()).expect("the test waits");
                may_go_on
                    .lock()
                    .expect("no panic")
                    .recv()
                    .expect("the test lets go");
            }
            Ok(())
        });
        let child = ConfigServer::child_with(spec("(a: 1)"), rules);
        let child = child.mailbox_limit(NonZeroUsize::new(mailbox).expect("not 0"));
        Self {
            bed: Bed::with_child(child).await,
            entered,
            go_on,
        }
    }

    /// Begins an update, and returns when the actor is in the middle of it.
    async fn occupy(&self) -> tokio::task::JoinHandle<Result<Change, ConfigError>> {
        let config = self.bed.config();
        let update = tokio::spawn(async move { config.update("a", 13).await });
        loop {
            // The other worker runs the update; this one must not be blocked, it may be needed.
            match self.entered.try_recv() {
                Ok(()) => return update,
                Err(mpsc::TryRecvError::Empty) => tokio::task::yield_now().await,
                Err(mpsc::TryRecvError::Disconnected) => panic!("the validator is gone"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_many_changes_wait_as_may_wait_and_the_next_one_is_refused() {
    let gate = Gate::new(1).await;
    let config = gate.bed.config();
    let first = gate.occupy().await;
    let mut second = pin!(config.update("a", 2));
    assert_eq!(poll_once(second.as_mut()), None);
    assert_eq!(
        config.update("a", 3).await,
        Err(ConfigError::Overloaded { waiting: 1 })
    );
    gate.go_on.send(()).expect("the validator waits");
    assert_eq!(first.await.expect("no panic").map(|it| it.version), Ok(1));
    assert_eq!(second.await.map(|it| it.version), Ok(2));
    gate.bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_that_timed_out_in_the_queue_is_not_carried_out() {
    let gate = Gate::new(10).await;
    let config = gate.bed.config();
    let first = gate.occupy().await;
    let limit = Duration::from_millis(20);
    let impatient = config.clone().with_limit(limit);
    assert_eq!(
        impatient.update("a", 2).await,
        Err(ConfigError::Timeout(limit))
    );
    let mut dropped = Box::pin(config.update("a", 3));
    assert_eq!(poll_once(dropped.as_mut()), None);
    drop(dropped);
    gate.go_on.send(()).expect("the validator waits");
    assert_eq!(first.await.expect("no panic").map(|it| it.version), Ok(1));
    let last = config.update("a", 4).await.expect("an update");
    assert_eq!((last.previous, last.version), (Some(13.into()), 2));
    gate.bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_does_not_wait_for_a_change_that_is_being_made() {
    let gate = Gate::new(10).await;
    let config = gate.bed.config();
    let first = gate.occupy().await;
    assert_eq!(config.get("a"), Ok(1.into()));
    let mut events = config.subscribe().expect("a stream");
    assert_eq!(config.status().version, 0);
    gate.go_on.send(()).expect("the validator waits");
    let change = first.await.expect("no panic").expect("an update");
    let event = events.next().await.expect("an event").expect("no lag");
    assert_eq!(event.version(), change.version);
    gate.bed.end().await;
}
