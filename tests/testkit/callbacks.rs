//! What is done in the end: the order, and that it is done whatever happened.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mainstay::testkit::{TestContext, TestFailure, TestOptions, try_run};

use crate::support::{outcome, text_of};

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<&'static str>>>);

impl Notes {
    fn add(&self, note: &'static str) {
        self.0.lock().expect("no panic").push(note);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }

    /// Has a note made in the end.
    fn on_exit(&self, cx: &TestContext, note: &'static str) {
        let notes = self.clone();
        cx.on_exit(move || async move { notes.add(note) });
    }
}

#[test]
fn the_last_added_is_done_first() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let ended = outcome(|cx| async move {
        for note in ["one", "two", "three"] {
            theirs.on_exit(&cx, note);
        }
    });
    ended.expect("it passes");
    assert_eq!(notes.take(), ["three", "two", "one"]);
}

#[test]
fn a_callback_with_the_same_key_takes_the_place_of_the_one_before() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let ended = outcome(|cx| async move {
        for note in ["first", "second"] {
            let notes = theirs.clone();
            cx.on_exit_as("file", move || async move { notes.add(note) });
            theirs.on_exit(&cx, "between");
        }
    });
    ended.expect("it passes");
    assert_eq!(notes.take(), ["between", "between", "second"]);
}

#[test]
fn one_that_is_added_by_another_is_done_as_well() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let ended = outcome(|cx| async move {
        theirs.on_exit(&cx, "outer first");
        let late = cx.clone();
        cx.on_exit(move || async move { theirs.on_exit(&late, "inner") });
    });
    ended.expect("it passes");
    assert_eq!(notes.take(), ["inner", "outer first"]);
}

#[test]
fn the_namespace_is_there_while_they_run_and_gone_after() {
    let namespace = Arc::new(Mutex::new(None));
    let note = Arc::clone(&namespace);
    let ended = outcome(|cx| async move {
        *note.lock().expect("no panic") = Some(cx.namespace().root().expect("it runs"));
        let late = cx.clone();
        cx.on_exit(move || async move {
            late.config()
                .update("seen", true)
                .await
                .expect("it is there");
        });
    });
    ended.expect("it passes");
    let root = namespace.lock().expect("no panic").take().expect("it ran");
    assert!(!root.process().is_alive());
}

async fn panicking() {
    panic!("in the end");
}

#[test]
fn all_are_done_though_some_fail_and_each_failure_is_told_with_its_place() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let before = line!();
    let failed = outcome(|cx| async move {
        theirs.on_exit(&cx, "last");
        cx.on_exit(|| async { Err::<(), _>("no such file") });
        theirs.on_exit(&cx, "middle");
        cx.on_exit(panicking);
    });
    assert_eq!(notes.take(), ["middle", "last"]);
    let failures = failed.expect_err("it fails").failures;
    let told = failures.iter().map(|failure| match failure {
        TestFailure::OnExit { made_at, text, .. } => {
            (made_at.file(), made_at.line() - before, text.as_str())
        }
        other => panic!("{other}"),
    });
    let expected = [
        (file!(), 5, "panicked: in the end"),
        (file!(), 3, "returned an error: \"no such file\""),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn one_that_does_not_come_to_an_end_is_given_up() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let options = TestOptions::new("inner")
        .start_paused(true)
        .timeout(Duration::from_secs(5));
    let ended = try_run(options, |cx| async move {
        theirs.on_exit(&cx, "first");
        cx.on_exit(pending::<()>);
    });
    let text = text_of(ended);
    assert!(
        text.lines()
            .next()
            .is_some_and(|line| line.ends_with(" took longer than 5s")),
        "{text}"
    );
    assert_eq!(notes.take(), ["first"]);
}

#[test]
fn they_run_after_a_panic() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let failed = outcome(|cx| async move {
        theirs.on_exit(&cx, "done");
        if cx.namespace().is_running() {
            panic!("in the middle");
        }
    });
    let failures = failed.expect_err("it fails").failures;
    let [TestFailure::Panicked(text)] = &failures[..] else {
        panic!("{failures:?}")
    };
    assert_eq!(text, "in the middle");
    assert_eq!(notes.take(), ["done"]);
}

#[test]
fn they_run_after_an_error() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let failed = outcome(|cx| async move {
        theirs.on_exit(&cx, "done");
        cx.config().update("a..b", 1).await?;
        theirs.add("not reached");
        Ok::<_, mainstay::actors::config::ConfigError>(())
    });
    let failures = failed.expect_err("it fails").failures;
    assert!(
        matches!(&failures[..], [TestFailure::Returned(_)]),
        "{failures:?}"
    );
    assert_eq!(notes.take(), ["done"]);
}

#[test]
fn they_run_after_a_time_out() {
    let notes = Notes::default();
    let theirs = notes.clone();
    let failed = outcome(|cx| async move {
        theirs.on_exit(&cx, "done");
        pending::<()>().await;
    });
    let failures = failed.expect_err("it fails").failures;
    assert!(
        matches!(&failures[..], [TestFailure::TimedOut(_)]),
        "{failures:?}"
    );
    assert_eq!(notes.take(), ["done"]);
}

#[test]
fn a_panic_in_the_body_before_it_awaits_is_one_as_well() {
    let failed = try_run(TestOptions::new("inner"), |_| -> std::future::Ready<()> {
        panic!("at once")
    });
    let failures = failed.expect_err("it fails").failures;
    assert!(matches!(&failures[..], [TestFailure::Panicked(text)] if text == "at once"));
}

#[test]
fn one_that_comes_too_late_is_refused() {
    let (tell, told) = std::sync::mpsc::channel();
    let ended = outcome(|cx| async move {
        tell.send(cx).expect("it is there");
    });
    ended.expect("it passes");
    let cx = told.recv().expect("it was sent");
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cx.on_exit(|| async {});
    }));
    let payload = refused.expect_err("it is refused");
    let text = payload.downcast_ref::<&str>().copied();
    assert_eq!(text, Some("on_exit was called after all callbacks had run"));
}
