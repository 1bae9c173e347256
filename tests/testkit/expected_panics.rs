//! Tests that are to panic.

use std::future::pending;
use std::panic::catch_unwind;

use mainstay::testkit::{TestContext, TestOptions, run};

/// Whether the harness would see a panic.
fn panics<F>(body: fn(TestContext) -> F) -> bool
where
    F: Future<Output = ()> + 'static,
{
    let options = TestOptions::new("inner")
        .start_paused(true)
        .should_panic(true);
    catch_unwind(|| run(options, body)).is_err()
}

async fn mine() {
    panic!("mine");
}

#[test]
fn a_panic_alone_is_as_expected() {
    assert!(panics(|_| mine()));
}

#[test]
fn a_test_that_does_not_panic_does_not_pass_because_it_leaves_something() {
    assert!(!panics(|cx| async move {
        cx.spawn("forgotten", pending::<()>());
    }));
}

#[test]
fn a_test_that_panics_does_not_pass_when_it_leaves_something() {
    assert!(!panics(|cx| async move {
        cx.spawn("forgotten", pending::<()>());
        mine().await;
    }));
}

#[test]
fn a_test_that_does_not_panic_does_not_pass_because_its_time_is_up() {
    assert!(!panics(|_| pending()));
}

#[test]
fn a_test_that_panics_does_not_pass_when_a_callback_fails() {
    assert!(!panics(|cx| async move {
        cx.on_exit(mine);
        mine().await;
    }));
}

#[mainstay::test(start_paused = true)]
#[should_panic(expected = "mine")]
async fn the_macro_sees_what_is_expected(_cx: TestContext) {
    mine().await;
}
