//! Futures whose end is told.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::support::{Bed, Heard};

async fn bed() -> (Bed, Heard) {
    let bed = Bed::new().await;
    let heard = Heard::default();
    bed.telemetry()
        .attach("all", "**", heard.listener())
        .expect("it is attached")
        .keep();
    (bed, heard)
}

#[tokio::test(start_paused = true)]
async fn each_way_to_end_is_told_with_its_duration() {
    let (bed, heard) = bed().await;
    let read = bed.telemetry().span("app.read").expect("a path");
    let second = || sleep(Duration::from_secs(1));

    let fine = read.measure([("id", 1_u64)], async {
        second().await;
        Ok::<_, Infallible>(7)
    });
    assert_eq!(fine.await, Ok(7));
    assert_eq!(heard.take(), ["app.read.stop duration=1s id=1 outcome=ok"]);

    let failing = read.measure((), async {
        second().await;
        Err::<(), _>("no disk")
    });
    assert_eq!(failing.await, Err("no disk"));
    assert_eq!(
        heard.take(),
        ["app.read.exception duration=1s outcome=error error=no disk"]
    );

    let panicking = read.measure((), async {
        second().await;
        panic!("as planned");
        #[allow(unreachable_code)]
        Ok::<(), Infallible>(())
    });
    let payload = AssertUnwindSafe(panicking)
        .catch_unwind()
        .await
        .expect_err("a panic");
    assert_eq!(payload.downcast_ref(), Some(&"as planned"));
    assert_eq!(
        heard.take(),
        ["app.read.exception duration=1s outcome=panic error=as planned"]
    );

    let cancelled = read.measure((), pending::<Result<(), Infallible>>());
    assert!(
        tokio::time::timeout(Duration::from_secs(2), cancelled)
            .await
            .is_err()
    );
    assert_eq!(
        heard.take(),
        ["app.read.exception duration=2s outcome=cancelled"]
    );

    assert_eq!(read.measure_value((), async { 5 }).await, 5);
    assert_eq!(heard.take(), ["app.read.stop duration=0ns outcome=ok"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_never_begun_tells_nothing_and_what_ended_tells_once() {
    let (bed, heard) = bed().await;
    let read = bed.telemetry().span("app.read").expect("a path");
    drop(read.measure_value((), async {}));
    assert_eq!(heard.take(), [""; 0]);
    {
        let mut done = pin!(read.measure_value((), async {}));
        done.as_mut().await;
        assert_eq!(heard.take().len(), 1);
    }
    assert_eq!(heard.take(), [""; 0]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_came_meanwhile_is_told_the_whole_duration() {
    let bed = Bed::new().await;
    let telemetry = bed.telemetry();
    let done = telemetry.measure("app.read", (), async {
        sleep(Duration::from_secs(3)).await;
        Ok::<(), Infallible>(())
    });
    let mut done = pin!(done.expect("a path"));
    assert!(done.as_mut().now_or_never().is_none());
    let heard = Heard::default();
    telemetry
        .attach("all", "**", heard.listener())
        .expect("it is attached")
        .keep();
    done.await.expect("it is fine");
    assert_eq!(heard.take(), ["app.read.stop duration=3s outcome=ok"]);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_by_a_panic_elsewhere_was_cancelled_even_if_a_handler_panics_over_it()
 {
    let (bed, heard) = bed().await;
    bed.telemetry()
        .attach("broken", "**", |_| panic!("on top"))
        .expect("it is attached")
        .keep();
    let read = bed.telemetry().span("app.read").expect("a path");
    let mut outer = Box::pin(async {
        let mut inner = pin!(read.measure_value((), pending::<()>()));
        assert!(inner.as_mut().now_or_never().is_none());
        panic!("elsewhere")
    });
    let payload = AssertUnwindSafe(outer.as_mut()).catch_unwind().await;
    let payload: Box<dyn std::any::Any + Send> =
        payload.map(|never: ()| never).expect_err("a panic");
    assert_eq!(payload.downcast_ref(), Some(&"elsewhere"));
    assert_eq!(
        heard.take(),
        ["app.read.exception duration=0ns outcome=cancelled"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_that_cannot_be_shown_does_no_harm() {
    #[derive(Debug)]
    struct Trap;
    impl std::fmt::Display for Trap {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("as planned")
        }
    }
    let (bed, heard) = bed().await;
    let done = bed
        .telemetry()
        .measure("a", (), async { Err::<(), _>(Trap) });
    assert!(matches!(done.expect("a path").await, Err(Trap)));
    assert_eq!(
        heard.take(),
        [
            "a.exception duration=0ns outcome=error error=a text that could not be made without a panic"
        ]
    );
    bed.end().await;
}
